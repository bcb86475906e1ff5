#!/usr/bin/env bash
# squid.sh up|down|env: Squid, a forward proxy that wants Negotiate, NTLM or Digest, for plain requests and for CONNECT. Kerberos
# against MIT's KDC and NTLM by winbind, which must both be up before it.
LAB_PEER=squid
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM='lab proxy'
HELPERS=/usr/lib/squid

env_lines() {
  local PROXY
  lab_ports
  lab_export LAB_SQUID "http://localhost:$PROXY"
  lab_export LAB_SQUID_REALM "$REALM"
  lab_export LAB_SQUID_LOG "$D/access.log"
}

up() {
  [ "$(id -u)" = 0 ] || lab_die 'squid gives up root, and so needs it'
  [ -n "${MIT_KRB5_CONFIG:-}" ] || lab_die 'needs mit-kdc up before it'
  [ -n "${NTLM_AUTH:-}" ] || lab_die 'needs winbind up before it'
  lab_need squid
  lab_not_at_boot squid squid.service
  lab_alive squid && return 0
  mkdir -p "$D/replay"
  install -m 644 "$MIT_KEYTABS/HTTP.keytab" "$D/http.keytab"
  lab_digest_users "$REALM" >"$D/digest"
  chown -R proxy "$D"
  lab_free_ports "$ADDRESS" PROXY >"$D/ports"
  write_configuration >"$D/squid.conf"
  # -N: one process, in the foreground. Its shared memory is named after -n.
  lab_start squid env KRB5_CONFIG="$MIT_KRB5_CONFIG" KRB5RCACHEDIR="$D/replay" \
    squid -N -n "lab$(. "$D/ports" && echo "$PROXY")" -f "$D/squid.conf"
  lab_wait 60 is_listening || lab_die "no answer: $(lab_words squid) $(lab_words cache)"
}

write_configuration() {
  local PROXY
  . "$D/ports"
  cat <<X
auth_param negotiate program $HELPERS/negotiate_wrapper_auth --kerberos $HELPERS/negotiate_kerberos_auth -k $D/http.keytab -s GSS_C_NO_NAME --ntlm $NTLM_AUTH --helper-protocol=gss-spnego
auth_param negotiate children 4 startup=1 idle=1
auth_param negotiate keep_alive on
auth_param ntlm program $NTLM_AUTH --helper-protocol=squid-2.5-ntlmssp
auth_param ntlm children 4 startup=1 idle=1
auth_param ntlm keep_alive on
auth_param digest program $HELPERS/digest_file_auth -c $D/digest
auth_param digest realm $REALM
auth_param digest children 2 startup=1 idle=1
http_port $ADDRESS:$PROXY
acl authenticated proxy_auth REQUIRED
http_access allow authenticated
http_access deny all
cache deny all
cache_mem 8 MB
pid_filename none
coredump_dir $D
access_log stdio:$D/access.log
cache_log $D/cache.log
cache_store_log none
netdb_filename none
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname localhost
cache_effective_user proxy
logfile_rotate 0
X
}

is_listening() {
  local PROXY
  . "$D/ports"
  lab_alive squid && lab_tcp "$ADDRESS" "$PROXY"
}

down() { lab_stop squid; }

lab_main "$@"
