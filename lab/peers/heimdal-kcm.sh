#!/usr/bin/env bash
# heimdal-kcm.sh up|down|env: Heimdal's KCM daemon. Its socket has one place, /run, so it has a /run of its own.
LAB_PEER=heimdal-kcm
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
. "$PEERS_HERE/heimdal.sh"
D=$LAB_DIR/$LAB_PEER
SOCKET=$D/run/.heim_org.h5l.kcm-socket

env_lines() {
  lab_export HEIMDAL_KCM "$SOCKET"
}

up() {
  [ "$(id -u)" = 0 ] || lab_die 'needs root, for a /run of its own'
  lab_alive kcm && return 0
  heimdal_unpacked
  mkdir -p "$D/run"
  # a configuration without realms: it is not to renew anything
  echo '[libdefaults]' >"$D/krb5.conf"
  lab_start kcm env "LD_LIBRARY_PATH=$HEIMDAL_LIBRARIES" "KRB5_CONFIG=$D/krb5.conf" \
    unshare --mount bash -c 'mount --bind "$1" /run && exec "${@:2}"' bash "$D/run" "$HEIMDAL_ROOT/usr/sbin/kcm"
  lab_wait 30 test -S "$SOCKET" || lab_die "no socket: $(lab_words kcm)"
}

down() { lab_stop kcm; }

lab_main "$@"
