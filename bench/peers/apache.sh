#!/bin/bash
# Apache with mod_auth_gssapi for the HTTP figures: that of the lab, in the folder of the realm, which must be up.
# usage: apache.sh up|down FOLDER        `up` writes FOLDER/apache.port
# In its best form: without a replay cache, and without the NTLM plug-in of GSS-API.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
action=$1
folder=$2
export LAB_DIR=$folder/lab KRB5RCACHENAME=none: GSS_MECH_CONFIG=/dev/null
if [ "$action" = down ]; then
  exec bash "$here/../../lab/peers/apache-gssapi.sh" down >&2
fi
chmod 711 "$folder" # Apache's own user goes through it
eval "$(bash "$here/../../lab/peers/mit-kdc.sh" env)"
eval "$(bash "$here/../../lab/peers/apache-gssapi.sh" up)"
echo "${LAB_APACHE_GSSAPI##*:}" >"$folder/apache.port"
