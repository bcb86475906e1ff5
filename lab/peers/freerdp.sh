#!/usr/bin/env bash
# freerdp.sh up|down|env: FreeRDP, its client xfreerdp and its shadow server with Network Level Authentication: CredSSP with NTLM.
LAB_PEER=freerdp
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1

env_lines() {
  local RDP
  lab_ports
  lab_export FREERDP "$D/xfreerdp"
  lab_export FREERDP_SERVER "$ADDRESS:$RDP"
  lab_export FREERDP_CERTIFICATES "$D/certificates"
}

up() {
  lab_need freerdp2-shadow-x11 freerdp2-x11 xvfb openssl
  mkdir -p "$D/home"
  chmod 700 "$D/home"
  [ -e "$D/certificates/ca.crl" ] || bash "$PEERS_HERE/certificates.sh" "$D/certificates" || lab_die 'openssl could not make the certificates'
  lab_display # both programs want an X server
  write_client
  start_server
}

# With a home of its own, where it would remember certificates and servers. FreeRDP lets a test ask for much of its log.
write_client() {
  cat >"$D/xfreerdp" <<SH
#!/bin/sh
HOME='$D/home' XDG_CONFIG_HOME='$D/home/config' DISPLAY=':$(cat "$D/display")' exec xfreerdp "\$@"
SH
  chmod 755 "$D/xfreerdp"
}

# Now and then an X server refuses its first client: then once more, on another port.
start_server() {
  local tries
  lab_alive shadow && return 0
  write_accounts >"$D/sam"
  for tries in 1 2 3 4 5; do
    lab_free_ports "$ADDRESS" RDP >"$D/ports"
    . "$D/ports"
    HOME=$D/home XDG_CONFIG_HOME=$D/home/config DISPLAY=:$(cat "$D/display") lab_start shadow freerdp-shadow-cli \
      "/port:$RDP" "/bind-address:$ADDRESS" /sec:nla +auth "/sam-file:$D/sam"
    lab_wait 15 is_listening && return 0
    lab_stop shadow
  done
  lab_die "the shadow server does not listen: $(lab_words shadow)"
}
is_listening() { . "$D/ports"; lab_alive shadow && lab_tcp "$ADDRESS" "$RDP"; }

# user:domain:LM hash:NT hash, without an LM hash
write_accounts() {
  local user
  for user in alice bob; do echo "$user:::$(nt_hash "$LAB_PASSWORD"):::"; done
  echo "utf8user:::$(nt_hash "$LAB_UTF8_PASSWORD"):::"
}
nt_hash() {
  printf %s "$1" | iconv -f UTF-8 -t UTF-16LE | openssl dgst -md4 -provider legacy -provider default -r | cut -d' ' -f1
}

down() {
  lab_stop shadow
  lab_stop xvfb
}

lab_main "$@"
