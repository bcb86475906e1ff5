#!/usr/bin/env bash
# samba-ad.sh up|down|env: a Samba AD DC of the domain AD.TEST on a loopback address of its own, with the standard ports of
# AD, since LDAP's and SMB's cannot be moved. The address is 127.0.0.10, or the next one that no other run has.
LAB_PEER=samba-ad
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
# Another Python than Debian's has no Samba modules.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
unset PYTHONPATH PYTHONHOME PYENV_VERSION KRB5_CONFIG KRB5CCNAME KRB5_KTNAME

env_lines() {
  local address
  [ -s "$D/address" ] || lab_die 'not up'
  address=$(<"$D/address")
  lab_export AD_ADDRESS "$address"
  lab_export AD_DC dc1.ad.test
  lab_export AD_DOMAIN AD
  lab_export AD_REALM AD.TEST
  lab_export AD_KDC "$address:88"
  lab_export AD_KPASSWD "$address:464"
  lab_export AD_KRB5_CONFIG "$D/krb5.conf"
  lab_export AD_KEYTAB "$D/keytabs/all.keytab"
  lab_export AD_SPN_KEYTAB "$D/keytabs/spn.keytab"
  lab_export AD_TLS_CA "$D/private/tls/ca.pem"
  lab_export AD_CLIENT "$D/client"
}

up() {
  [ "$(id -u)" = 0 ] || lab_die 'the ports of AD need root'
  lab_need samba-ad-dc samba samba-ad-provision samba-dsdb-modules samba-vfs-modules samba-common-bin winbind \
    python3-samba libnss-wrapper krb5-user openssl
  lab_not_at_boot samba-ad-dc samba-ad-dc.service
  lab_not_at_boot samba smbd.service
  lab_not_at_boot samba nmbd.service
  lab_not_at_boot winbind winbind.service
  lab_alive samba && return 0
  stop
  rm -rf "$D"
  mkdir -p "$D"
  # the lock is the daemon's from here on, for as long as it lives
  take_address
  lab_cached "samba-ad-$(inputs | sha256sum | cut -c1-16)" provision
  cp -a "$LAB_CACHED/." "$D"
  mkdir -p "$D"/{run,log,cache,share,ncalrpc,winbindd}
  mkdir -m 750 "$D/ntpsignd"
  chmod 1777 "$D/share"
  echo 'hello from samba' >"$D/share/hello.txt"
  write_configuration
  write_client
  lab_start samba env "${WRAPPED[@]}" samba --foreground --no-process-group "--configfile=$D/smb.conf" --debug-stdout
  lab_wait 60 is_listening || lab_die "samba: $(lab_words samba)"
  lab_wait 60 answers || lab_die "kinit: $(lab_words kinit)"
}

# The first address of 127.0.0.10 to 127.0.0.29 on which no DC listens. The lock keeps two runs from the same one.
take_address() {
  local last
  for last in {10..29}; do
    exec 7>"/run/lock/sspi-lab-samba-ad-$last"
    if flock -n 7 && ! lab_tcp "127.0.0.$last" 389 && ! lab_tcp "127.0.0.$last" 88; then
      echo "127.0.0.$last" >"$D/address"
      return 0
    fi
    exec 7>&-
  done
  lab_die 'no address is left in 127.0.0.10 to 127.0.0.29'
}

# What the provisioned domain depends on.
inputs() {
  dpkg-query -W samba-ad-provision
  cat "$D/address" "$PEERS_HERE/samba-ad-provision.py"
  echo "$LAB_PASSWORD"
  declare -f provision configuration write_tls
}

# The domain with its accounts, in a folder: 10 s, and the same for every run.
provision() {
  local folder=$1
  mkdir -p "$folder"/{cache,keytabs,private,run,state}
  configuration "$folder" >"$folder/smb.conf"
  python3 "$PEERS_HERE/samba-ad-provision.py" "$folder/smb.conf" "$(<"$D/address")" "$LAB_PASSWORD" "$folder/keytabs" \
    >"$D/provision.log" 2>&1 || lab_die "provision: $(lab_words provision)"
  write_tls "$folder/private/tls"
}

# Else Samba makes its own at the first start, with RSA keys of 4096 bits.
write_tls() {
  local tls=$1
  mkdir -p "$tls"
  {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tls/ca.key" -out "$tls/ca.pem" -days 3650 -subj '/CN=Lab AD CA'
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tls/key.pem" -out "$tls/cert.pem" -days 3650 \
      -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -subj '/CN=dc1.ad.test' \
      -addext 'basicConstraints = critical,CA:FALSE' -addext 'extendedKeyUsage = serverAuth' \
      -addext "subjectAltName = DNS:dc1.ad.test,DNS:ad.test,IP:$(<"$D/address")"
  } >"$D/openssl.log" 2>&1 || lab_die "openssl: $(lab_words openssl)"
  chmod 600 "$tls/key.pem"
}

# smb.conf of the DC, for a domain in a folder. Of the `vfs objects` of a DC, acl_xattr is left out: it keeps the ACLs of Windows
# in attributes that the file systems of containers refuse.
configuration() {
  local address
  address=$(<"$D/address")
  cat <<X
[global]
 netbios name = DC1
 realm = AD.TEST
 workgroup = AD
 server role = active directory domain controller
 server services = s3fs, rpc, ldap, cldap, kdc, winbindd, dns
 interfaces = $address/8
 bind interfaces only = yes
 dns forwarder = none
 dns update command = /bin/true
 allow dns updates = disabled
 private dir = $1/private
 state directory = $1/state
 cache directory = $1/cache
 lock directory = $1/state
 pid directory = $1/run
 ncalrpc dir = $1/ncalrpc
 winbindd socket directory = $1/winbindd
 ntp signd socket directory = $1/ntpsignd
 log file = $1/log/log.%m
 max log size = 0
 log level = ${LAB_AD_LOG_LEVEL:-1}
 load printers = no
 disable spoolss = yes
 ntlm auth = ${LAB_NTLM_AUTH:-ntlmv2-only}
 ldap server require strong auth = ${LAB_AD_LDAP_STRONG_AUTH:-allow_sasl_over_tls}
 prefork children = 1
 winbind enum users = no
 template shell = /bin/false
 vfs objects = dfs_samba4
[sysvol]
 path = $1/state/sysvol
 read only = no
[netlogon]
 path = $1/state/sysvol/ad.test/scripts
 read only = no
[share]
 path = $1/share
 read only = no
[encrypted]
 path = $1/share
 read only = no
 smb encrypt = required
X
}

write_configuration() {
  local address library
  address=$(<"$D/address")
  configuration "$D" >"$D/smb.conf"
  cat >"$D/krb5.conf" <<X
[libdefaults]
 default_realm = AD.TEST
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 allow_weak_crypto = true
[realms]
 AD.TEST = {
  kdc = $address:88
  kpasswd_server = $address:464
 }
[domain_realm]
 .ad.test = AD.TEST
 ad.test = AD.TEST
 localhost = AD.TEST
X
  echo "$address dc1.ad.test dc1 web.ad.test srv1.ad.test ad.test" >"$D/hosts"
  # Winbind's socket is /run/samba/winbindd for smbd and every client; under nss_wrapper alone it can be moved. There
  # another winbindd may listen, and gss-ntlmssp would ask this one.
  library=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  [ -n "$library" ] || lab_die 'libnss_wrapper.so not found'
  WRAPPED=("LD_PRELOAD=$library" NSS_WRAPPER_PASSWD=/etc/passwd NSS_WRAPPER_GROUP=/etc/group "NSS_WRAPPER_HOSTS=$D/hosts"
    "SELFTEST_WINBINDD_SOCKET_DIR=$D/winbindd" "KRB5_CONFIG=$D/krb5.conf")
}

# A client of the domain, such as kinit or smbclient, for which the names of AD resolve: `client smbclient //dc1.ad.test/share`.
write_client() {
  mkdir -p "$D/files"
  cat >"$D/client.conf" <<X
[global]
 workgroup = AD
 realm = AD.TEST
 netbios name = CLIENT1
 private dir = $D/files
 state directory = $D/files
 cache directory = $D/files
 lock directory = $D/files
 pid directory = $D/files
 client min protocol = SMB2
 name resolve order = host
X
  {
    echo '#!/bin/sh'
    printf 'export'
    printf " '%s'" "${WRAPPED[@]}" "SMB_CONF_PATH=$D/client.conf"
    printf '\nexec "$@"\n'
  } >"$D/client"
  chmod 755 "$D/client"
}

is_listening() {
  local address port
  address=$(<"$D/address")
  lab_alive samba || lab_die "samba: $(lab_words samba)"
  for port in 88 135 389 445 464 636; do lab_tcp "$address" "$port" || return 1; done
}

answers() { KRB5CCNAME=MEMORY: "$D/client" kinit alice <<<"$LAB_PASSWORD" >"$D/kinit.log" 2>&1; }

stop() { lab_stop samba; }

down() { stop; }

lab_main "$@"
