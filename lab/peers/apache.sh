#!/usr/bin/env bash
# apache.sh up|down|env: Apache httpd with mod_auth_digest (MD5, qop auth), for Digest clients.
LAB_PEER=apache
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM='lab realm'

env_lines() {
  local HTTP
  lab_ports
  lab_export LAB_APACHE "$ADDRESS:$HTTP"
  lab_export LAB_APACHE_REALM "$REALM"
}

up() {
  lab_need apache2-bin
  lab_alive httpd && return 0
  mkdir -p "$D/htdocs/digest" "$D/htdocs/strict"
  echo protected >"$D/htdocs/digest/index.html"
  echo protected >"$D/htdocs/strict/index.html"
  lab_free_ports "$ADDRESS" HTTP >"$D/ports"
  lab_digest_users "$REALM" >"$D/htdigest"
  write_configuration >"$D/httpd.conf"
  lab_start httpd apache2 -f "$D/httpd.conf" -D FOREGROUND
  lab_wait 30 is_listening || lab_die "no answer: $(lab_words httpd)"
}

write_configuration() {
  local HTTP module
  . "$D/ports"
  for module in mpm_event authn_core authn_file authz_core authz_user auth_digest headers dir; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<X
ServerRoot "$D"
ServerName localhost
PidFile "$D/own.pid"
DefaultRuntimeDir "$D"
Mutex "file:$D" default
ErrorLog "$D/error.log"
LogLevel warn
Listen $ADDRESS:$HTTP
StartServers 1
DocumentRoot "$D/htdocs"
DirectoryIndex index.html
<Directory "$D/htdocs">
 Require all granted
</Directory>
Header always set X-User "expr=%{REMOTE_USER}"
<Location "/digest">
 AuthType Digest
 AuthName "$REALM"
 AuthDigestProvider file
 AuthUserFile "$D/htdigest"
 AuthDigestDomain /digest
 Require valid-user
</Location>
# every nonce is too old after a second
<Location "/strict">
 AuthType Digest
 AuthName "$REALM"
 AuthDigestProvider file
 AuthUserFile "$D/htdigest"
 AuthDigestNonceLifetime 3
 Require valid-user
</Location>
X
  [ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data\n'
}

is_listening() {
  local HTTP
  . "$D/ports"
  lab_tcp "$ADDRESS" "$HTTP"
}

down() { lab_stop httpd; }

lab_main "$@"
