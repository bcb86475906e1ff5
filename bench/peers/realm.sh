#!/bin/bash
# A realm for the Kerberos figures: MIT's KDC of the lab, in a folder of its own. usage: realm.sh up|down FOLDER
# `up` writes FOLDER/alice.cc (a ticket-granting ticket), FOLDER/service.keytab and one krb5.conf for each encryption type
# that is measured, so that both sides use the same.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
action=$1
folder=$2
export LAB_DIR=$folder/lab
if [ "$action" = down ]; then
  exec bash "$here/../../lab/peers/mit-kdc.sh" down >&2
fi
mkdir -p "$folder"
eval "$(bash "$here/../../lab/peers/mit-kdc.sh" up)"
cp "$MIT_KEYTAB" "$folder/service.keytab"
for enctype in aes256-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192; do
  sed "s/^ permitted_enctypes = .*/ permitted_enctypes = $enctype/" "$MIT_KRB5_CONFIG" >"$folder/$enctype.conf"
  echo "${LAB_PASSWORD:-Passw0rd-1}" |
    KRB5_CONFIG=$folder/$enctype.conf kinit -c "FILE:$folder/$enctype.cc" alice >&2
done
