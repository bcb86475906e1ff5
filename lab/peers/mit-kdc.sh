#!/usr/bin/env bash
# mit-kdc.sh up|down|env: MIT's KDC with two realms that trust each other, and its kadmind for kpasswd. PKINIT, SPAKE and
# FAST are on. Every port is a free one of this run; nothing but loopback is listened on.
LAB_PEER=mit-kdc
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
export PATH=$PATH:/usr/sbin:/sbin
export KRB5_CONFIG=$D/krb5.conf KRB5_KDC_PROFILE=$D/kdc.conf KRB5RCACHEDIR=$D
AES1='aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal'
AES2='aes256-cts-hmac-sha384-192:normal aes128-cts-hmac-sha256-128:normal'
OTHERS='arcfour-hmac des3-cbc-sha1 camellia256-cts-cmac camellia128-cts-cmac'

# MIT_KRB5_CONFIG is not called KRB5_CONFIG: the other peers of the run have no realm.
env_lines() {
  local KDC KDC2 KPASSWD KADMIND
  lab_ports
  lab_export MIT_KDC "$ADDRESS:$KDC"
  lab_export MIT_KPASSWD "$ADDRESS:$KPASSWD"
  lab_export MIT_REALM MIT.TEST
  lab_export MIT2_KDC "$ADDRESS:$KDC2"
  lab_export MIT2_REALM MIT2.TEST
  lab_export MIT_KRB5_CONFIG "$D/krb5.conf"
  lab_export MIT_KEYTABS "$D/keytabs"
  lab_export MIT_KEYTAB "$D/keytabs/all.keytab"
  lab_export MIT_PKINIT_CA "$D/pki/ca.pem"
  lab_export MIT_PKINIT_CERT "$D/pki/alice.pem"
  lab_export MIT_PKINIT_KEY "$D/pki/alice.key"
}

up() {
  local tries
  lab_need krb5-kdc krb5-admin-server krb5-pkinit krb5-k5tls krb5-user openssl
  lab_not_at_boot krb5-kdc krb5-kdc.service
  lab_not_at_boot krb5-admin-server krb5-admin-server.service
  lab_alive krb5kdc && lab_alive kadmind && return 0
  for tries in 1 2 3; do
    # A port that was free may have been taken meanwhile: then with others, once more.
    stop
    rm -rf "$D"
    mkdir -p "$D"/{keytabs,pki}
    write_configuration
    write_certificates
    write_database
    lab_start krb5kdc krb5kdc -n -r MIT.TEST -r MIT2.TEST
    lab_start kadmind kadmind -nofork -r MIT.TEST
    if lab_wait 30 is_listening; then
      lab_wait 30 answers || lab_die "kinit: $(lab_words kinit)"
      return 0
    fi
  done
  lab_die "no answer: $(lab_words krb5kdc) $(lab_words kadmind)"
}

write_configuration() {
  local KDC KDC2 KPASSWD KADMIND
  lab_free_ports "$ADDRESS" KDC KDC2 KPASSWD KADMIND >"$D/ports"
  . "$D/ports"
  cat >"$D/krb5.conf" <<X
[libdefaults]
 default_realm = MIT.TEST
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 forwardable = true
 allow_weak_crypto = true
 spake_preauth_groups = edwards25519 P-256 P-384 P-521
 permitted_enctypes = aes256-sha1 aes128-sha1 aes256-sha2 aes128-sha2 arcfour-hmac des3-cbc-sha1 camellia
[realms]
 MIT.TEST = {
  kdc = $ADDRESS:$KDC
  admin_server = $ADDRESS:$KADMIND
  kpasswd_server = $ADDRESS:$KPASSWD
  pkinit_anchors = FILE:$D/pki/ca.pem
 }
 MIT2.TEST = {
  kdc = $ADDRESS:$KDC2
 }
[domain_realm]
 localhost = MIT.TEST
 localhost2 = MIT2.TEST
 .mit.test = MIT.TEST
 .mit2.test = MIT2.TEST
[capaths]
 MIT.TEST = {
  MIT2.TEST = .
 }
 MIT2.TEST = {
  MIT.TEST = .
 }
X
  cat >"$D/kdc.conf" <<X
[kdcdefaults]
 kdc_listen = $ADDRESS:$KDC
 kdc_tcp_listen = $ADDRESS:$KDC
 kdc_max_dgram_reply_size = 4096
 spake_preauth_kdc_challenge = edwards25519
[realms]
 MIT.TEST = {
  database_name = $D/mit.db
  key_stash_file = $D/mit.stash
  acl_file = $D/kadm5.acl
  kdc_listen = $ADDRESS:$KDC
  kdc_tcp_listen = $ADDRESS:$KDC
  kadmind_listen = $ADDRESS:$KADMIND
  kpasswd_listen = $ADDRESS:$KPASSWD
  max_life = 10h
  max_renewable_life = 7d
  default_principal_flags = +forwardable,+renewable,+proxiable
  master_key_type = aes256-cts-hmac-sha1-96
  supported_enctypes = $AES1 $AES2 arcfour-hmac:normal
  pkinit_identity = FILE:$D/pki/kdc.pem,$D/pki/kdc.key
  pkinit_anchors = FILE:$D/pki/ca.pem
 }
 MIT2.TEST = {
  database_name = $D/mit2.db
  key_stash_file = $D/mit2.stash
  kdc_listen = $ADDRESS:$KDC2
  kdc_tcp_listen = $ADDRESS:$KDC2
  master_key_type = aes256-cts-hmac-sha1-96
  supported_enctypes = $AES1 arcfour-hmac:normal
  default_principal_flags = +forwardable,+renewable,+proxiable
 }
[logging]
 kdc = FILE:$D/kdc.log
 admin_server = FILE:$D/admin.log
 default = FILE:$D/krb5.log
X
  echo '*/admin@MIT.TEST *' >"$D/kadm5.acl"
}

# PKINIT: the KDC is known by id-pkinit-san of its krbtgt, the client by that of its own name (RFC 4556 §3.2.2 and §3.2.4).
write_certificates() {
  local pki=$D/pki name
  cat >"$pki/openssl.cnf" <<'X'
[req]
distinguished_name = dn
prompt = no
[dn]
CN = lab
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[kdc]
basicConstraints = CA:FALSE
keyUsage = nonRepudiation,digitalSignature,keyEncipherment,keyAgreement
extendedKeyUsage = 1.3.6.1.5.2.3.5
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:kdc_name
[kdc_name]
realm = EXP:0,GeneralString:MIT.TEST
name = EXP:1,SEQUENCE:kdc_principal
[kdc_principal]
type = EXP:0,INTEGER:2
parts = EXP:1,SEQUENCE:kdc_parts
[kdc_parts]
one = GeneralString:krbtgt
two = GeneralString:MIT.TEST
[alice]
basicConstraints = CA:FALSE
keyUsage = digitalSignature,keyEncipherment,keyAgreement
extendedKeyUsage = 1.3.6.1.5.2.3.4
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:alice_name
[alice_name]
realm = EXP:0,GeneralString:MIT.TEST
name = EXP:1,SEQUENCE:alice_principal
[alice_principal]
type = EXP:0,INTEGER:1
parts = EXP:1,SEQUENCE:alice_parts
[alice_parts]
one = GeneralString:alice
X
  {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$pki/ca.key" -out "$pki/ca.pem" -days 3650 \
      -subj '/CN=Lab PKINIT CA' -config "$pki/openssl.cnf" -extensions ca
    for name in kdc alice; do
      openssl req -new -newkey rsa:2048 -nodes -keyout "$pki/$name.key" -out "$pki/$name.csr" -subj "/CN=$name" \
        -config "$pki/openssl.cnf"
      openssl x509 -req -in "$pki/$name.csr" -CA "$pki/ca.pem" -CAkey "$pki/ca.key" -CAcreateserial \
        -out "$pki/$name.pem" -days 3650 -extfile "$pki/openssl.cnf" -extensions "$name"
    done
  } >"$D/openssl.log" 2>&1 || lab_die "openssl: $(lab_words openssl)"
}

write_database() {
  {
    kdb5_util -r MIT.TEST create -s -P master-pw
    kdb5_util -r MIT2.TEST create -s -P master-pw2
  } >"$D/kdb5_util.log" 2>&1 || lab_die "kdb5_util: $(lab_words kdb5_util)"
  principals >"$D/principals"
  principals2 >"$D/principals2"
  # kadmin.local does not fail when one of its commands does
  kadmin.local -r MIT.TEST <"$D/principals" >"$D/kadmin.log" 2>&1
  kadmin.local -r MIT2.TEST <"$D/principals2" >>"$D/kadmin.log" 2>&1
  ! grep -v WARNING "$D/kadmin.log" | grep -iE 'error|fail|unknown|while|usage' >&2 || lab_die 'kadmin.local failed'
}

principals() {
  local keytabs=$D/keytabs password=$LAB_PASSWORD enctype service
  echo "addprinc -pw $password +requires_preauth alice"
  echo "addprinc -pw $password -requires_preauth bob"
  echo "addprinc -pw $LAB_UTF8_PASSWORD +requires_preauth utf8user"
  echo "addprinc -pw $password +requires_preauth -allow_tix disabled"
  echo "addprinc -pw $password +requires_preauth -pwexpire 2001-01-01 pwexpired"
  echo "addprinc -pw $password +requires_preauth -expire 2001-01-01 expired"
  echo "addprinc -pw $password +requires_preauth +needchange mustchange"
  echo "addprinc -pw $password +requires_preauth changer"
  # whose passwords the tests of the command change for good
  echo "addprinc -pw $password +requires_preauth -pwexpire 2001-01-01 cli-pwexpired"
  echo "addprinc -pw $password +requires_preauth +needchange cli-mustchange"
  echo "addprinc -pw $password +requires_preauth cli-changer"
  echo "addprinc -pw $password +requires_preauth -e aes256-cts-hmac-sha1-96:special saltuser"
  echo "addprinc -pw $password +requires_preauth root/admin"
  echo 'addprinc -randkey WELLKNOWN/ANONYMOUS'
  for enctype in ${AES1//:normal/} ${AES2//:normal/} $OTHERS; do
    echo "addprinc -pw $password +requires_preauth -e $enctype:normal user-$enctype"
    echo "addprinc -pw $password -e $enctype:normal svc-$enctype/localhost"
    echo "ktadd -norandkey -k $keytabs/svc-$enctype.keytab svc-$enctype/localhost"
    echo "ktadd -norandkey -k $keytabs/all.keytab svc-$enctype/localhost"
  done
  for service in HTTP host ldap postgres cifs TERMSRV imap; do
    echo "addprinc -randkey +ok_as_delegate $service/localhost"
    echo "ktadd -norandkey -k $keytabs/$service.keytab $service/localhost"
    echo "ktadd -norandkey -k $keytabs/all.keytab $service/localhost"
  done
  echo "addprinc -pw $password +ok_to_auth_as_delegate s4u/localhost"
  echo "ktadd -norandkey -k $keytabs/s4u.keytab s4u/localhost"
  echo 'addprinc -pw cross-pw -e aes256-cts-hmac-sha1-96:normal krbtgt/MIT2.TEST'
  echo 'addprinc -pw cross-pw2 -e aes256-cts-hmac-sha1-96:normal krbtgt/MIT.TEST@MIT2.TEST'
  echo "ktadd -norandkey -k $keytabs/alice.keytab alice"
}

principals2() {
  echo 'addprinc -pw cross-pw -e aes256-cts-hmac-sha1-96:normal krbtgt/MIT2.TEST@MIT.TEST'
  echo 'addprinc -pw cross-pw2 -e aes256-cts-hmac-sha1-96:normal krbtgt/MIT.TEST'
  echo "addprinc -pw $LAB_PASSWORD +requires_preauth zoe"
  echo 'addprinc -randkey HTTP/localhost2'
  echo "ktadd -norandkey -k $D/keytabs/realm2-HTTP.keytab HTTP/localhost2"
}

is_listening() {
  local KDC KDC2 KPASSWD KADMIND
  . "$D/ports"
  lab_alive krb5kdc && lab_alive kadmind &&
    lab_tcp $ADDRESS "$KDC" && lab_tcp $ADDRESS "$KDC2" && lab_tcp $ADDRESS "$KPASSWD"
}

answers() { KRB5CCNAME=MEMORY: kinit bob <<<"$LAB_PASSWORD" >"$D/kinit.log" 2>&1; }

stop() {
  lab_stop kadmind
  lab_stop krb5kdc
}

down() { stop; }

lab_main "$@"
