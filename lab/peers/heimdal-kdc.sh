#!/usr/bin/env bash
# heimdal-kdc.sh up|down|env: Heimdal's KDC and kpasswdd, a second KDC beside MIT's. Every port is a free one of this run;
# nothing but loopback is listened on.
LAB_PEER=heimdal-kdc
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
. "$PEERS_HERE/heimdal.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM=HEIMDAL.TEST
ENCTYPES='aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128
 arcfour-hmac-md5'
env_lines() {
  local KDC KPASSWD
  lab_ports
  lab_export HEIMDAL_KDC "$ADDRESS:$KDC"
  lab_export HEIMDAL_KPASSWD "$ADDRESS:$KPASSWD"
  lab_export HEIMDAL_REALM "$REALM"
  lab_export HEIMDAL_KRB5_CONFIG "$D/krb5.conf"
  lab_export HEIMDAL_KEYTABS "$D/realm/keytabs"
  lab_export HEIMDAL_KEYTAB "$D/realm/keytabs/all.keytab"
  lab_export HEIMDAL_PKINIT_CA "$D/pki/ca.pem"
  lab_export HEIMDAL_PKINIT_CERT "$D/pki/alice.pem"
  lab_export HEIMDAL_PKINIT_KEY "$D/pki/alice.key"
  lab_export HEIMDAL "$D/heimdal"
}

up() {
  local tries
  lab_need openssl
  lab_alive kdc && lab_alive kpasswdd && return 0
  heimdal_unpacked
  for tries in 1 2 3; do
    # A port that was free may have been taken meanwhile: then with others, once more.
    stop
    rm -rf "$D"
    mkdir -p "$D/pki"
    write_configuration
    write_heimdal
    write_certificates
    write_database
    start
    if lab_wait 30 is_listening; then
      lab_wait 30 answers || lab_die "kinit: $(lab_words kinit)"
      return 0
    fi
  done
  lab_die "no answer: $(lab_words kdc) $(lab_words kpasswdd)"
}

write_configuration() {
  local KDC KPASSWD
  lab_free_ports "$ADDRESS" KDC KPASSWD >"$D/ports"
  . "$D/ports"
  # what clients read, Heimdal's and MIT's
  cat >"$D/krb5.conf" <<X
[libdefaults]
 default_realm = $REALM
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 allow_weak_crypto = true
[realms]
 $REALM = {
  kdc = $ADDRESS:$KDC
  kpasswd_server = $ADDRESS:$KPASSWD
  pkinit_anchors = FILE:$D/pki/ca.pem
 }
[domain_realm]
 localhost = $REALM
[appdefaults]
 pkinit_anchors = FILE:$D/pki/ca.pem
X
  server_configuration "$D/realm" >"$D/kdc.conf"
}

# What the KDC, kpasswdd and kadmin read on top, for a database in a folder.
server_configuration() {
  # *-use-strongest-session-key: else the session key is of the first type that the client lists
  cat <<X
[kdc]
 database = {
  dbname = $1/heimdal
  realm = $REALM
  mkey_file = $1/m-key
  acl_file = $1/kadmind.acl
  log_file = $1/kdb.log
 }
 enable-pkinit = yes
 pkinit_identity = FILE:$D/pki/kdc.pem,$D/pki/kdc.key
 pkinit_anchors = FILE:$D/pki/ca.pem
 pkinit_principal_in_certificate = yes
 tgt-use-strongest-session-key = true
 svc-use-strongest-session-key = true
 preauth-use-strongest-session-key = true
[kadmin]
 default_keys =$(printf ' %s:pw-salt' $ENCTYPES)
[logging]
 kdc = 0-/FILE:$D/requests.log
 kpasswdd = 0-/FILE:$D/changes.log
X
}

# A program of Heimdal's with its libraries and, unless KRB5_CONFIG says otherwise, our realm: `heimdal kinit.heimdal alice`.
write_heimdal() {
  cat >"$D/heimdal" <<X
#!/bin/sh
export LD_LIBRARY_PATH='$HEIMDAL_LIBRARIES' KRB5_CONFIG="\${KRB5_CONFIG:-$D/krb5.conf}"
export PATH="$HEIMDAL_ROOT/usr/bin:$HEIMDAL_ROOT/usr/sbin:$HEIMDAL_ROOT/usr/lib/heimdal-servers:\$PATH"
exec "\$@"
X
  chmod 755 "$D/heimdal"
}

write_certificates() {
  local pki=$D/pki name
  {
    issue ca --self-signed --issue-ca
    issue kdc "--ca-certificate=FILE:$pki/ca-both.pem" --type=pkinit-kdc "--pk-init-principal=krbtgt/$REALM@$REALM"
    issue alice "--ca-certificate=FILE:$pki/ca-both.pem" --type=pkinit-client "--pk-init-principal=alice@$REALM"
    for name in ca kdc alice; do
      openssl x509 -in "$pki/$name-both.pem" -out "$pki/$name.pem"
      openssl pkey -in "$pki/$name-both.pem" -out "$pki/$name.key"
    done
  } >"$D/hxtool.log" 2>&1 || lab_die "hxtool: $(lab_words hxtool)"
}
issue() {
  local name=$1
  shift
  "$D/heimdal" hxtool issue-certificate --generate-key=rsa --key-bits=2048 --lifetime=10years "--subject=CN=$name" \
    "--certificate=FILE:$D/pki/$name-both.pem" "$@"
}

# Deriving some hundred keys takes Heimdal 6 s, so the database of the first run serves all the others.
write_database() {
  local inputs
  inputs=$(principals keytabs | sha256sum)
  lab_cached "heimdal-realm-${inputs:0:16}" make_database
  cp -a "$LAB_CACHED" "$D/realm"
}
make_database() {
  mkdir "$1/keytabs"
  touch "$1/kadmind.acl"
  server_configuration "$1" >"$1/kdc.conf"
  kadmin "$1" stash "--key-file=$1/m-key" --random-password >"$D/stash.log" 2>&1 ||
    lab_die "kadmin stash: $(lab_words stash)"
  # it does not fail when one of its commands does
  principals "$1/keytabs" | kadmin "$1" >"$D/kadmin.log" 2>&1
  # what it reads from a pipe it takes for ASCII
  kadmin "$1" cpw "--password=$LAB_UTF8_PASSWORD" utf8user >>"$D/kadmin.log" 2>&1
  [ ! -s "$D/kadmin.log" ] || lab_die "kadmin: $(lab_words kadmin)"
}
kadmin() {
  local folder=$1
  shift
  "$D/heimdal" kadmin.heimdal -l "--config-file=$folder/kdc.conf" "$@"
}

principals() {
  local keytabs=$1 service enctype
  echo "init --realm-max-ticket-life=1day --realm-max-renewable-life=7days $REALM"
  user alice utf8user changer disabled pwexpired expired
  echo "add --use-defaults --password=$LAB_PASSWORD bob"
  echo 'modify --attributes=-requires-pre-auth bob'
  echo 'modify --attributes=+disallow-all-tix disabled'
  echo 'modify --pw-expiration-time=2001-01-01 pwexpired'
  echo 'modify --expiration-time=2001-01-01 expired'
  echo 'modify --pkinit-acl=CN=alice alice'
  for service in HTTP host ldap postgres cifs; do
    echo "add --use-defaults --random-key $service/localhost"
    echo "ext_keytab --keytab=$keytabs/$service.keytab $service/localhost"
    echo "ext_keytab --keytab=$keytabs/all.keytab $service/localhost"
  done
  for enctype in $ENCTYPES; do
    user "user-$enctype"
    echo "add --use-defaults --password=$LAB_PASSWORD svc-$enctype/localhost"
    printf "del_enctype user-$enctype %s\n" ${ENCTYPES/$enctype/}
    printf "del_enctype svc-$enctype/localhost %s\n" ${ENCTYPES/$enctype/}
    echo "ext_keytab --keytab=$keytabs/svc-$enctype.keytab svc-$enctype/localhost"
    echo "ext_keytab --keytab=$keytabs/all.keytab svc-$enctype/localhost"
  done
  # may act for anybody towards HTTP/localhost
  echo "add --use-defaults --password=$LAB_PASSWORD s4u/localhost"
  echo 'modify --attributes=+trusted-for-delegation s4u/localhost'
  echo "modify --constrained-delegation=HTTP/localhost@$REALM s4u/localhost"
  echo "ext_keytab --keytab=$keytabs/s4u.keytab s4u/localhost"
  echo "ext_keytab --keytab=$keytabs/all.keytab s4u/localhost"
}
user() {
  local name
  for name in "$@"; do
    echo "add --use-defaults --password=$LAB_PASSWORD $name"
    echo "modify --attributes=+requires-pre-auth $name"
  done
}

start() {
  local KDC KPASSWD
  . "$D/ports"
  lab_start kdc "$D/heimdal" kdc "--config-file=$D/kdc.conf" "--ports=$KDC" "--addresses=$ADDRESS"
  lab_start kpasswdd "$D/heimdal" kpasswdd "--config-file=$D/kdc.conf" "--port=$KPASSWD" "--addresses=$ADDRESS"
}

# kpasswdd has no TCP to try
is_listening() {
  local KDC KPASSWD
  . "$D/ports"
  lab_alive kdc && lab_alive kpasswdd && lab_tcp "$ADDRESS" "$KDC"
}

answers() {
  KRB5CCNAME=MEMORY: "$D/heimdal" kinit.heimdal --password-file=STDIN "bob@$REALM" <<<"$LAB_PASSWORD" >"$D/kinit.log" 2>&1
}

stop() {
  lab_stop kpasswdd
  lab_stop kdc
}

down() { stop; }

lab_main "$@"
