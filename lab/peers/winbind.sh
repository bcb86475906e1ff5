#!/usr/bin/env bash
# winbind.sh up|down|env: a stand-alone winbindd with a local account database, so that Samba's ntlm_auth can accept.
# No smbd, no domain, no port; the accounts must exist as Unix users, which nss_wrapper pretends.
LAB_PEER=winbind
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
USERS=(alice bob utf8user)

env_lines() {
  lab_export NTLM_AUTH "$D/ntlm_auth"
  lab_export NTLM_AUTH_DOMAIN LABWB
}

up() {
  [ "$(id -u)" = 0 ] || lab_die 'winbindd needs root'
  lab_need winbind samba-common-bin libnss-wrapper
  lab_not_at_boot winbind winbind.service
  lab_alive winbindd && return 0
  # What an earlier winbindd left is not taken over; the restarted one insists on the mode of its privileged pipe.
  rm -rf "$D"
  mkdir -p "$D"/{run,private,state,cache,lock,pipe,ncalrpc}
  write_configuration
  write_accounts
  lab_start winbindd env "${WRAPPED[@]}" winbindd -F --no-process-group -s "$D/smb.conf" --debug-stdout
  lab_wait 30 test -S "$D/pipe/pipe" || lab_die "winbindd: $(lab_words winbindd)"
  lab_wait 30 test -S "$D/state/winbindd_privileged/pipe" || lab_die "winbindd: no privileged pipe"
  # NTLM helpers use the privileged pipe, and servers run them as users of their own.
  chmod 755 "$D/lock" "$D/state" "$D/state/winbindd_privileged"
  write_ntlm_auth
  lab_wait 30 answers || lab_die "ntlm_auth: no answer from winbindd: $(lab_words winbindd)"
}

write_configuration() {
  # - rpc start on demand helpers: winbindd would start samba-dcerpcd and leave it behind; NTLM needs none of it
  # - ntlm auth: LAB_NTLM_AUTH=ntlmv1-permitted also lets NTLMv1 in
  cat >"$D/smb.conf" <<X
[global]
 workgroup = LABGROUP
 netbios name = LABWB
 server role = standalone server
 security = user
 passdb backend = tdbsam:$D/private/passdb.tdb
 private dir = $D/private
 state directory = $D/state
 cache directory = $D/cache
 lock directory = $D/lock
 pid directory = $D/run
 ncalrpc dir = $D/ncalrpc
 winbindd socket directory = $D/pipe
 rpc start on demand helpers = no
 ntlm auth = ${LAB_NTLM_AUTH:-ntlmv2-only}
 bind interfaces only = yes
 interfaces = lo
 disable netbios = yes
 log level = 1
 log file = $D/samba.%m.log
 idmap config * : backend = tdb
 idmap config * : range = 100000-199999
 winbind use default domain = no
X
}

write_accounts() {
  local library user id=60000 password
  library=$(find /usr/lib -name libnss_wrapper.so -print -quit)
  [ -n "$library" ] || lab_die 'libnss_wrapper.so not found'
  WRAPPED=("LD_PRELOAD=$library" "NSS_WRAPPER_PASSWD=$D/passwd" "NSS_WRAPPER_GROUP=$D/group")
  cp /etc/passwd "$D/passwd"
  cp /etc/group "$D/group"
  for user in "${USERS[@]}"; do
    id=$((id + 1))
    echo "$user:x:$id:$id::/nonexistent:/bin/false" >>"$D/passwd"
    echo "$user:x:$id:" >>"$D/group"
  done
  for user in "${USERS[@]}"; do
    password=$LAB_PASSWORD
    [ "$user" != utf8user ] || password=$LAB_UTF8_PASSWORD
    printf '%s\n%s\n' "$password" "$password" |
      env "${WRAPPED[@]}" smbpasswd -c "$D/smb.conf" -L -a -s "$user" >>"$D/accounts.log" 2>&1 ||
      lab_die "smbpasswd: $(lab_words accounts)"
  done
}

# libwbclient has its socket path compiled in, /run/samba/winbindd; under nss_wrapper alone it can be moved.
write_ntlm_auth() {
  {
    echo '#!/bin/sh'
    printf 'export'
    printf " '%s'" "${WRAPPED[@]}" "SELFTEST_WINBINDD_SOCKET_DIR=$D/pipe"
    printf "\nexec ntlm_auth '--configfile=%s' \"\$@\"\n" "$D/smb.conf"
  } >"$D/ntlm_auth"
  chmod 755 "$D/ntlm_auth"
}

answers() {
  "$D/ntlm_auth" --username=alice --domain=LABWB --password="$LAB_PASSWORD" >"$D/answer.log" 2>&1
}

down() { lab_stop winbindd; }

lab_main "$@"
