# shellcheck shell=bash
# What the peers of Heimdal share; sourced after common.sh. Heimdal's packages conflict with MIT's and Samba's, so they are
# unpacked into the cache instead of installed.
HEIMDAL_PACKAGES=(heimdal-kdc heimdal-kcm heimdal-clients heimdal-multidev libasn1-8-heimdal libgssapi3-heimdal
  libhcrypto5-heimdal libhdb9-heimdal libheimbase1-heimdal libheimntlm0-heimdal libhx509-5-heimdal libkadm5clnt7-heimdal
  libkadm5srv8-heimdal libkafs0-heimdal libkdc2-heimdal libkrb5-26-heimdal libotp0-heimdal libroken19-heimdal
  libsl0-heimdal libwind0-heimdal)

# heimdal_unpacked: the folder with all of it, as $HEIMDAL_ROOT, and the one of its libraries, as $HEIMDAL_LIBRARIES.
heimdal_unpacked() {
  local system library
  system=$(. /etc/os-release && echo "$ID-$VERSION_ID")-$(dpkg --print-architecture)
  lab_need libedit2 libsqlite3-0 libcap-ng0 libdb5.3 libcom-err2 libldap-2.5-0
  lab_cached "heimdal-$system-$(printf '%s\n' "${HEIMDAL_PACKAGES[@]}" | sha256sum | cut -c1-8)" \
    lab_unpack "${HEIMDAL_PACKAGES[@]}"
  HEIMDAL_ROOT=$LAB_CACHED
  library=$(find "$HEIMDAL_ROOT/usr/lib" -name 'libkrb5.so.26' -print -quit)
  [ -n "$library" ] || lab_die "no libkrb5.so.26 in $HEIMDAL_ROOT"
  HEIMDAL_LIBRARIES=${library%/*}
}
