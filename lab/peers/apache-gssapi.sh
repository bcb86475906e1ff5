#!/usr/bin/env bash
# apache-gssapi.sh up|down|env: Apache httpd with mod_auth_gssapi, over http and https: Kerberos against MIT's KDC, which must be
# up before it, and NTLM by gss-ntlmssp. Every protected place runs one program, which tells who came and how.
LAB_PEER=apache-gssapi
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1

env_lines() {
  local HTTP HTTPS
  lab_ports
  lab_export LAB_APACHE_GSSAPI "http://localhost:$HTTP"
  lab_export LAB_APACHE_GSSAPI_TLS "https://localhost:$HTTPS"
  lab_export LAB_APACHE_GSSAPI_CA "$D/certificates/ca.crt"
  lab_export LAB_APACHE_GSSAPI_LOG "$D/error.log"
}

up() {
  [ -n "${MIT_KRB5_CONFIG:-}" ] || lab_die 'needs mit-kdc up before it'
  lab_need apache2-bin libapache2-mod-auth-gssapi gss-ntlmssp krb5-user openssl
  lab_alive httpd && return 0
  mkdir -p "$D"/{htdocs/file,cgi,delegated,replay}
  [ -e "$D/certificates/ca.crl" ] || bash "$PEERS_HERE/certificates.sh" "$D/certificates" || lab_die 'openssl could not make the certificates'
  install -m 644 "$MIT_KEYTABS/HTTP.keytab" "$D/http.keytab"
  [ "$(id -u)" != 0 ] || chown www-data "$D/delegated" "$D/replay"
  printf "LAB:%s:%s\n" alice "$LAB_PASSWORD" bob "$LAB_PASSWORD" utf8user "$LAB_UTF8_PASSWORD" >"$D/ntlm.users"
  echo public >"$D/htdocs/index.html"
  echo ok >"$D/htdocs/file/index.html"
  write_program
  lab_free_ports "$ADDRESS" HTTP HTTPS >"$D/ports"
  write_configuration >"$D/httpd.conf"
  # The keytab by KRB5_KTNAME: with GssapiCredStore gss-ntlmssp refuses the credential. A replay cache of the run's own.
  lab_start httpd env KRB5_CONFIG="$MIT_KRB5_CONFIG" KRB5_KTNAME="FILE:$D/http.keytab" KRB5RCACHEDIR="$D/replay" \
    NTLM_USER_FILE="$D/ntlm.users" NETBIOS_COMPUTER_NAME=LABWEB NETBIOS_DOMAIN_NAME=LAB \
    apache2 -f "$D/httpd.conf" -D FOREGROUND
  lab_wait 30 is_listening || lab_die "no answer: $(lab_words httpd) $(lab_words error)"
}

# name=value lines: who, by what, which tickets came along, and what the body was
write_program() {
  cat >"$D/cgi/whoami" <<'X'
#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
printf 'user=%s\n' "$REMOTE_USER"
echo "type=$AUTH_TYPE"
echo "mech=$GSS_MECH"
echo "https=$HTTPS"
echo "method=$REQUEST_METHOD"
if [ -n "$KRB5CCNAME" ]; then
  klist -c "$KRB5CCNAME" 2>/dev/null | sed -n 's/^Default principal: /delegated=/p'
else
  echo delegated=
fi
echo "length=${CONTENT_LENGTH:-}"
echo "sha256=$(sha256sum | cut -d' ' -f1)"
X
  chmod 755 "$D/cgi/whoami"
}

write_configuration() {
  local HTTP HTTPS module
  . "$D/ports"
  for module in mpm_event authn_core authz_core authz_user auth_gssapi alias cgid env headers ssl socache_shmcb session session_cookie dir; do
    echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
  done
  cat <<X
ServerRoot "$D"
ServerName localhost
PidFile "$D/own.pid"
DefaultRuntimeDir "$D"
ScriptSock "$D/cgid.sock"
Mutex "file:$D" default
ErrorLog "$D/error.log"
LogLevel warn auth_gssapi:info
Listen $ADDRESS:$HTTP
Listen $ADDRESS:$HTTPS
StartServers 1
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
DocumentRoot "$D/htdocs"
DirectoryIndex index.html
ScriptAliasMatch "^/(kerberos|bound|negotiate|ntlm|basic|delegated|session|tls-only)(/|\$)" "$D/cgi/whoami"
RedirectMatch 302 "^/moved/(.*)" "/\$1"
<Directory "$D">
 Require all granted
</Directory>
Header always set X-User "expr=%{REMOTE_USER}"
<VirtualHost $ADDRESS:$HTTPS>
 SSLEngine on
 SSLCertificateFile "$D/certificates/localhost.crt"
 SSLCertificateKeyFile "$D/certificates/localhost.key"
</VirtualHost>
X
  # each request by a token of its own; the first only; both mechanisms; NTLM alone; Basic that the KDC checks; and so on
  place kerberos 'GssapiAllowedMech krb5'
  place file 'GssapiAllowedMech krb5' # without the program, for benchmarks
  place bound 'GssapiAllowedMech krb5' 'GssapiConnectionBound On' 'GssapiSignalPersistentAuth On'
  place negotiate 'GssapiAllowedMech krb5' 'GssapiAllowedMech ntlmssp' 'GssapiConnectionBound On'
  place ntlm 'GssapiAllowedMech ntlmssp' 'GssapiConnectionBound On' 'GssapiSignalPersistentAuth On'
  place basic 'GssapiAllowedMech krb5' 'GssapiBasicAuth On'
  place delegated 'GssapiAllowedMech krb5' "GssapiDelegCcacheDir $D/delegated"
  place session 'GssapiAllowedMech krb5' 'GssapiUseSessions On' 'Session On' 'SessionCookieName sspi_lab path=/session;httponly'
  place tls-only 'GssapiAllowedMech krb5' 'GssapiSSLonly On'
  [ "$(id -u)" != 0 ] || printf 'User www-data\nGroup www-data\n'
}
place() {
  printf '<Location "/%s">\n AuthType GSSAPI\n AuthName "lab"\n GssapiPublishMech On\n Require valid-user\n' "$1"
  printf ' %s\n' "${@:2}"
  echo '</Location>'
}

is_listening() {
  local HTTP HTTPS
  . "$D/ports"
  lab_alive httpd && lab_tcp "$ADDRESS" "$HTTP" && lab_tcp "$ADDRESS" "$HTTPS"
}

down() { lab_stop httpd; }

lab_main "$@"
