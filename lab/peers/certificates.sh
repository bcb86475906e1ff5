#!/usr/bin/env bash
# certificates.sh FOLDER: makes the certificates of the tests with openssl: good ones, and one bad in each way.
#
# Those of the unit tests were made by it once, and lie in vectors/tls/certificates.json; the lab makes its own each time.
set -euo pipefail
DIR=${1:?a folder}
mkdir -p "$DIR" && cd "$DIR"
FROM=20200101000000Z
UNTIL=21260101000000Z

key() { # name rsa|ec
  case $2 in
    rsa) openssl genrsa -out "$1.key" 2048 ;;
    *) openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key" ;;
  esac
}

: >index.txt
echo 1000 >serial
echo 01 >crlnumber
cat >ca.cnf <<CNF
oid_section = oids
[oids]
[ca]
default_ca = lab
[lab]
database = index.txt
serial = serial
crlnumber = crlnumber
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
default_crl_days = 36500
[any]
commonName = supplied
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[alone]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:server.example.com
CNF

# sign NAME ISSUER SUBJECT EXTENSIONS [FROM UNTIL]: a certificate for NAME.key
sign() {
  openssl req -new -config ca.cnf -key "$1.key" -subj "/CN=$3" -out "$1.csr"
  printf '%s\n' "$4" >"$1.ext"
  openssl ca -batch -notext -config ca.cnf -cert "$2.crt" -keyfile "$2.key" -in "$1.csr" -out "$1.crt" -extfile "$1.ext" \
    -startdate "${5:-$FROM}" -enddate "${6:-$UNTIL}"
  rm -f "$1.csr" "$1.ext"
}

# alone NAME SUBJECT SECTION: a certificate that signed itself
alone() {
  key "$1" ec
  openssl req -new -config ca.cnf -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  openssl ca -batch -notext -config ca.cnf -selfsign -keyfile "$1.key" -in "$1.csr" -out "$1.crt" -extensions "$3" \
    -startdate "$FROM" -enddate "$UNTIL"
  rm -f "$1.csr"
}

LEAF=$'basicConstraints = CA:FALSE\nkeyUsage = critical, digitalSignature'
SERVER="$LEAF"$'\nextendedKeyUsage = serverAuth'
CLIENT="$LEAF"$'\nextendedKeyUsage = clientAuth'
HOST='subjectAltName = DNS:server.example.com, DNS:*.wild.example.com, IP:127.0.0.1, IP:::1'

{
  alone ca 'Lab Root' root
  alone other-ca 'Another Root' root
  alone self-signed server.example.com alone
  key intermediate ec
  sign intermediate ca 'Lab Intermediate' $'basicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign'
  for name in server unlisted by-leaf expired early wrong-usage no-signature revoked stranger chained client client-upn client-revoked localhost; do key "$name" ec; done
  key server-rsa rsa
  sign server ca server.example.com "$SERVER"$'\n'"$HOST"
  sign localhost ca localhost "$SERVER"$'\nsubjectAltName = DNS:localhost, IP:127.0.0.1'
  sign server-rsa ca server.example.com "$SERVER"$'\n'"$HOST"
  sign chained intermediate server.example.com "$SERVER"$'\n'"$HOST"
  sign unlisted ca server.example.com "$SERVER"$'\n'"$HOST"
  sign by-leaf server below.example.com "$SERVER"$'\n'"$HOST"
  sign expired ca server.example.com "$SERVER"$'\n'"$HOST" 20200101000000Z 20210101000000Z
  sign early ca server.example.com "$SERVER"$'\n'"$HOST" 21250101000000Z 21260101000000Z
  sign wrong-usage ca server.example.com "$LEAF"$'\nextendedKeyUsage = emailProtection\n'"$HOST"
  sign no-signature ca server.example.com $'basicConstraints = CA:FALSE\nkeyUsage = critical, keyAgreement\n'"$HOST"
  sign revoked ca server.example.com "$SERVER"$'\n'"$HOST"
  sign stranger other-ca server.example.com "$SERVER"$'\n'"$HOST"
  sign client ca alice "$CLIENT"
  sign client-upn ca 'Alice Adams' "$CLIENT"$'\nsubjectAltName = otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@contoso.com, email:alice@example.com'
  sign client-revoked ca mallory "$CLIENT"
  for name in revoked client-revoked; do openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke "$name.crt"; done
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -out ca.crl
  openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -gencrl -crl_lastupdate "$FROM" -crl_nextupdate 20210101000000Z -out ca-stale.crl
  cat chained.crt intermediate.crt >chained-full.crt
  openssl pkcs12 -export -inkey server.key -in server.crt -passout pass:secret -out server.p12
  openssl pkcs12 -export -inkey server.key -in server.crt -certfile ca.crt -passout pass:secret -out server-chain.p12
  openssl pkcs8 -topk8 -in server.key -passout pass:secret -v2 aes-256-cbc -out server-encrypted.key
  rm -f index.txt* serial* crlnumber* ca.cnf ./1*.pem
} >openssl.log 2>&1 || { cat openssl.log >&2; exit 1; }
