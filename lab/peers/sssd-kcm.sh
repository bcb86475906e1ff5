#!/usr/bin/env bash
# sssd-kcm.sh up|down|env: SSSD's KCM daemon, alone, without the rest of SSSD. Its files have places of their own, so it has
# a /run, /var/lib and /var/log of its own; its packages are unpacked, not installed.
LAB_PEER=sssd-kcm
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
SOCKET=$D/run/.heim_org.h5l.kcm-socket
PACKAGES=(sssd-kcm sssd-common libdhash1 libini-config5 libcollection4 libref-array1 libpath-utils1 libbasicobjects0
  libpopt0 libtevent0 libtalloc2 libtdb1 libldb2 libunistring2 libsss-idmap0)

env_lines() {
  lab_export SSSD_KCM "$SOCKET"
}

up() {
  local folder libraries
  [ "$(id -u)" = 0 ] || lab_die 'needs root, for a /run of its own'
  lab_alive kcm && return 0
  lab_cached "sssd-kcm-$(. /etc/os-release && echo "$ID-$VERSION_ID")-$(dpkg --print-architecture)" \
    lab_unpack "${PACKAGES[@]}"
  libraries=$(dirname "$(find "$LAB_CACHED/usr/lib" -name 'libdhash.so.1' -print -quit)")
  mkdir -p "$D/run" "$D/log/sssd" "$D/lib/sss/db" "$D/lib/sss/secrets"
  lab_start kcm env "LD_LIBRARY_PATH=$libraries:$libraries/sssd" "LDB_MODULES_PATH=$libraries/ldb/modules/ldb" \
    unshare --mount bash -c '
      mount --bind "$1/log" /var/log && mount --bind "$1/lib" /var/lib && mount --bind "$1/run" /run || exit
      "${@:2}" # no exec: it ends with whoever has started it, and that must be somebody who stays
      exit
    ' bash "$D" "$LAB_CACHED/usr/libexec/sssd/sssd_kcm" --logger=stderr --uid 0 --gid 0
  lab_wait 30 test -S "$SOCKET" || lab_die "no socket: $(lab_words kcm)"
}

down() { lab_stop kcm; }

lab_main "$@"
