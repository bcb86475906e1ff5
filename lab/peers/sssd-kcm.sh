#!/usr/bin/env bash
# sssd-kcm.sh up|down|env: SSSD's KCM daemon, alone, without the rest of SSSD. Its files have places of their own, so it has
# a /run, /var/lib and /var/log of its own; its packages are unpacked, not installed.
LAB_PEER=sssd-kcm
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
SOCKET=$D/run/.heim_org.h5l.kcm-socket
PACKAGES=(sssd-kcm sssd-common libdhash1 libini-config5 libcollection4 libref-array1 libpath-utils1 libbasicobjects0
  libpopt0 libtevent0 libtalloc2 libtdb1 libldb2 libunistring2 libsss-idmap0 libnl-3-200 libnl-route-3-200)

env_lines() {
  lab_export SSSD_KCM "$SOCKET"
}

up() {
  local folder libraries
  [ "$(id -u)" = 0 ] || lab_die 'needs root, for a /run of its own'
  lab_alive kcm && return 0
  lab_cached "sssd-kcm-2-$(. /etc/os-release && echo "$ID-$VERSION_ID")-$(dpkg --print-architecture)" \
    lab_unpack "${PACKAGES[@]}"
  libraries=$(dirname "$(find "$LAB_CACHED/usr/lib" -name 'libdhash.so.1' -print -quit)")
  libraries+=:$libraries/sssd:$(dirname "$(find "$LAB_CACHED" -name 'libnl-3.so.200' -print -quit)")
  mkdir -p "$D/run" "$D/log/sssd" "$D/lib/sss/db" "$D/lib/sss/secrets"
  # Otherwise it ends when nobody has asked it for five minutes, and its tests may be later than that.
  printf '[sssd]\n\n[kcm]\nresponder_idle_timeout = 0\n' >"$D/sssd.conf"
  chmod 600 "$D/sssd.conf"
  lab_start kcm env "LD_LIBRARY_PATH=$libraries" "LDB_MODULES_PATH=${libraries%%:*}/ldb/modules/ldb" \
    unshare --mount bash -c '
      mount --bind "$1/log" /var/log && mount --bind "$1/lib" /var/lib && mount --bind "$1/run" /run &&
        "$2/usr/sbin/sssd" -c "$1/sssd.conf" --genconf-section=kcm || exit
      "$2/usr/libexec/sssd/sssd_kcm" "${@:3}" # no exec: it ends with who started it, and that must be somebody who stays
      exit
    ' bash "$D" "$LAB_CACHED" --logger=stderr --uid 0 --gid 0
  lab_wait 30 test -S "$SOCKET" || lab_die "no socket: $(lab_words kcm)"
}

down() { lab_stop kcm; }

lab_main "$@"
