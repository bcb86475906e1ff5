#!/usr/bin/env bash
# cyrus-sasl.sh up|down|env: Cyrus SASL's sample client and server, a client of it that takes up nonces (sasl-client.c), and an
# OpenLDAP server that uses it, with accounts in a sasldb: DIGEST-MD5 with all of its layers, token by token and under a real protocol;
# GSSAPI and GSS-SPNEGO of MIT Kerberos, whose tickets and keys a test brings along.
LAB_PEER=cyrus-sasl
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM=localhost

env_lines() {
  local LDAP
  lab_ports
  lab_export CYRUS_SASL "$D/sample"
  lab_export CYRUS_SASL_REALM "$REALM"
  lab_export CYRUS_SASL_CLIENT "$D/sasl-client"
  lab_export LAB_SLAPD "$ADDRESS:$LDAP"
}

up() {
  [ "$(id -u)" = 0 ] || lab_die 'a mount namespace needs root'
  lab_need sasl2-bin libsasl2-modules libsasl2-modules-db libsasl2-modules-gssapi-mit slapd ldap-utils gcc libc6-dev libsasl2-dev
  lab_not_at_boot slapd slapd.service
  lab_not_at_boot sasl2-bin saslauthd.service
  lab_alive slapd && return 0
  rm -rf "$D"
  mkdir -p "$D/sasl" "$D/db" "$D/etc/sasl2"
  lab_free_ports "$ADDRESS" LDAP >"$D/ports"
  write_accounts
  write_sample
  gcc -O1 -g -Wall -Wextra -Wno-cast-function-type -o "$D/sasl-client" "$PEERS_HERE/sasl-client.c" -lsasl2 >&2 ||
    lab_die 'sasl-client.c: gcc failed'
  write_slapd
  # Debian's slapd looks for its SASL configuration in /etc/ldap/sasl2 and nowhere else: it gets an /etc/ldap of its own
  lab_start slapd unshare --mount sh -c 'mount --bind "$1" /etc/ldap && shift && exec slapd -d 0 "$@"' slapd \
    "$D/etc" -f "$D/slapd.conf" -h "ldap://$(address)/"
  lab_wait 30 is_listening || lab_die "slapd: no answer: $(lab_words slapd)"
}

write_accounts() {
  local user
  cat >"$D/sasl/sample.conf" <<X
mech_list: DIGEST-MD5 GSSAPI GSS-SPNEGO EXTERNAL
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: $D/sasldb2
X
  for user in alice bob; do add_account "$user" "$LAB_PASSWORD"; done
  add_account utf8user "$LAB_UTF8_PASSWORD"
}
add_account() {
  printf %s "$2" | saslpasswd2 -p -c -f "$D/sasldb2" -u "$REALM" "$1" 2>>"$D/accounts.log" ||
    lab_die "saslpasswd2: $(lab_words accounts)"
}

# $CYRUS_SASL server|client arguments: a sample program that finds the accounts, and speaks line by line
write_sample() {
  cat >"$D/sample" <<X
#!/bin/sh
role=\$1
shift
export SASL_CONF_PATH='$D/sasl'
case \$role in
  server) exec stdbuf -o0 /usr/sbin/sasl-sample-server "\$@" ;;
  client) exec stdbuf -o0 sasl-sample-client "\$@" ;;
esac
X
  chmod 755 "$D/sample"
}

# reauth_timeout: minutes for which a nonce may be taken up again, RFC 2831 2.2
write_slapd() {
  cp -r /etc/ldap/schema "$D/etc/"
  printf 'mech_list: DIGEST-MD5\nreauth_timeout: 60\n' >"$D/etc/sasl2/slapd.conf"
  cat >"$D/slapd.conf" <<X
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile $D/slapd.pid.own
sasl-host $REALM
sasl-realm $REALM
sasl-secprops noanonymous,minssf=0
authz-regexp uid=([^,/]+),cn=[^,]+,cn=[^,]+,cn=auth uid=\$1,dc=lab,dc=test
authz-regexp uid=([^,/]+),cn=[^,]+,cn=auth uid=\$1,dc=lab,dc=test
database mdb
suffix "dc=lab,dc=test"
directory $D/db
access to attrs=userPassword by anonymous auth
access to * by users read by anonymous auth
X
  slapadd -f "$D/slapd.conf" >"$D/slapadd.log" 2>&1 <<X || lab_die "slapadd: $(lab_words slapadd)"
dn: dc=lab,dc=test
objectClass: dcObject
objectClass: organization
o: lab
dc: lab

$(person alice "$LAB_PASSWORD")

$(person bob "$LAB_PASSWORD")

$(person utf8user "$LAB_UTF8_PASSWORD")
X
}
# slapd looks passwords up in its own directory
person() {
  printf 'dn: uid=%s,dc=lab,dc=test\nobjectClass: account\nobjectClass: simpleSecurityObject\nuid: %s\nuserPassword:: %s\n' \
    "$1" "$1" "$(printf %s "$2" | base64)"
}

address() (. "$D/ports" && echo "$ADDRESS:$LDAP")
is_listening() {
  local LDAP
  . "$D/ports"
  lab_tcp "$ADDRESS" "$LDAP"
}

down() { lab_stop slapd; }

lab_main "$@"
