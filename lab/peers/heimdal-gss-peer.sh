#!/usr/bin/env bash
# heimdal-gss-peer.sh up|down|env: compiles gss-peer.c against Heimdal's GSS-API. Starts nothing; tests spawn
# $HEIMDAL_GSS_PEER.
LAB_PEER=heimdal-gss-peer
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
. "$PEERS_HERE/heimdal.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() {
  lab_export HEIMDAL_GSS_PEER "$D/gss-peer"
}

up() {
  lab_need gcc libc6-dev
  heimdal_unpacked
  if [ ! "$D/gss-peer.bin" -nt "$PEERS_HERE/gss-peer.c" ]; then
    # by the libraries' own names: the links without a version are in the packages for developers
    gcc -O1 -g -Wall -DHEIMDAL -I"$HEIMDAL_ROOT/usr/include/heimdal" -o "$D/gss-peer.bin" "$PEERS_HERE/gss-peer.c" \
      "$HEIMDAL_LIBRARIES/libgssapi.so.3" "$HEIMDAL_LIBRARIES/libkrb5.so.26" \
      "-Wl,-rpath-link,$HEIMDAL_LIBRARIES" >&2 || lab_die 'gss-peer.c: gcc failed'
  fi
  # No realm: nothing here may look for a KDC in the DNS, nor find the developer's own tickets.
  cat >"$D/krb5.conf" <<X
[libdefaults]
 default_realm = LAB.TEST
 dns_lookup_kdc = false
 dns_lookup_realm = false
X
  cat >"$D/gss-peer" <<X
#!/bin/sh
export LD_LIBRARY_PATH='$HEIMDAL_LIBRARIES'
export KRB5_CONFIG="\${KRB5_CONFIG:-$D/krb5.conf}" KRB5CCNAME="\${KRB5CCNAME:-FILE:$D/no-ccache}"
export KRB5_KTNAME="\${KRB5_KTNAME:-FILE:$D/no-keytab}"
exec "$D/gss-peer.bin" "\$@"
X
  chmod 755 "$D/gss-peer"
}

down() { :; }

lab_main "$@"
