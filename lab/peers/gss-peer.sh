#!/usr/bin/env bash
# gss-peer.sh up|down|env: compiles gss-peer.c against MIT krb5 and gss-ntlmssp. Starts nothing; tests spawn $GSS_PEER.
LAB_PEER=gss-peer
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() {
  lab_export GSS_PEER "$D/gss-peer"
  lab_export NTLM_USER_FILE "$D/ntlm-users"
}

up() {
  lab_need gcc libc6-dev libkrb5-dev gss-ntlmssp
  if [ ! "$D/gss-peer.bin" -nt "$PEERS_HERE/gss-peer.c" ]; then
    gcc -O1 -g -Wall -o "$D/gss-peer.bin" "$PEERS_HERE/gss-peer.c" -lgssapi_krb5 >&2 || lab_die 'gss-peer.c: gcc failed'
  fi
  {
    echo "LAB:alice:$LAB_PASSWORD"
    echo "LAB:bob:$LAB_PASSWORD"
    echo "LAB:utf8user:$LAB_UTF8_PASSWORD"
    echo 'OTHER:alice:Other-Pass'
  } >"$D/ntlm-users"
  chmod 600 "$D/ntlm-users"
  # No realm: nothing here may look for a KDC in the DNS, nor find the developer's own tickets.
  cat >"$D/krb5.conf" <<X
[libdefaults]
 default_realm = LAB.TEST
 dns_lookup_kdc = false
 dns_lookup_realm = false
X
  cat >"$D/gss-peer" <<X
#!/bin/sh
export KRB5_CONFIG="\${KRB5_CONFIG:-$D/krb5.conf}" KRB5CCNAME="\${KRB5CCNAME:-FILE:$D/no-ccache}"
export KRB5_KTNAME="\${KRB5_KTNAME:-FILE:$D/no-keytab}"
export NETBIOS_COMPUTER_NAME="\${NETBIOS_COMPUTER_NAME:-LABGSS}" NETBIOS_DOMAIN_NAME="\${NETBIOS_DOMAIN_NAME:-LAB}"
exec "$D/gss-peer.bin" "\$@"
X
  chmod 755 "$D/gss-peer"
}

down() { :; }

lab_main "$@"
