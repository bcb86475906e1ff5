#!/usr/bin/env bash
# tls.sh up|down|env: openssl, GnuTLS's tools and curl, with certificates good and bad. Nothing runs: the tests start what they need.
LAB_PEER=tls
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() { lab_export LAB_TLS "$D"; }

up() {
  lab_need openssl gnutls-bin curl ca-certificates
  lab_home
  [ -e "$D/ca.crl" ] || bash "$PEERS_HERE/certificates.sh" "$D" || lab_die 'openssl could not make the certificates'
}

down() { rm -rf "$D"; }

lab_main "$@"
