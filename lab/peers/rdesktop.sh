#!/usr/bin/env bash
# rdesktop.sh up|down|env: rdesktop as a client of CredSSP with Kerberos, with tickets of MIT's KDC, which must be up before it.
# Nothing runs but an X server: the tests start the program, with tickets and a home of their own each time.
LAB_PEER=rdesktop
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() {
  [ -x "$D/rdesktop" ] || lab_die 'not up'
  lab_export RDESKTOP "$D/rdesktop"
  lab_export RDESKTOP_CERTIFICATES "$D/certificates"
}

up() {
  local name
  [ -n "${MIT_KRB5_CONFIG:-}" ] || lab_die 'needs mit-kdc up before it'
  lab_need rdesktop krb5-user xvfb openssl
  mkdir -p "$D/certificates"
  for name in server middle; do write_certificate "$name"; done
  lab_display
  write_client
  lab_wait 10 opens_display || lab_die "no display: $(lab_words first)"
}

# Now and then an X server refuses its first client. This one finds a display, and nobody at port 1: that is 76.
opens_display() {
  local status=0
  HOME=$D "$D/rdesktop" 127.0.0.1:1 >"$D/first.log" 2>&1 </dev/null || status=$?
  [ "$status" = 76 ]
}

# rdesktop binds to RSA keys alone.
write_certificate() {
  local name=$D/certificates/$1
  [ -s "$name.crt" ] || openssl req -x509 -newkey rsa:2048 -nodes -keyout "$name.key" -out "$name.crt" -days 36500 -subj /CN=localhost \
    -addext 'subjectAltName = DNS:localhost' >"$D/openssl.log" 2>&1 || lab_die "openssl: $(lab_words openssl)"
}

write_client() {
  cat >"$D/rdesktop" <<SH
#!/bin/sh
DISPLAY=':$(cat "$D/display")' LC_ALL=C.UTF-8 exec rdesktop "\$@"
SH
  chmod 755 "$D/rdesktop"
}

down() { lab_stop xvfb; }

lab_main "$@"
