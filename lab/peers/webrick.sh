#!/usr/bin/env bash
# webrick.sh up|down|env: Ruby's WEBrick, for Digest clients: qop auth and auth-int, MD5 and MD5-sess, and with each response a
# proof and the next nonce.
LAB_PEER=webrick
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM='lab realm'

env_lines() {
  local HTTP
  lab_ports
  lab_export LAB_WEBRICK "$ADDRESS:$HTTP"
}

up() {
  local HTTP
  lab_need ruby3.1 ruby-webrick
  lab_alive webrick && return 0
  lab_free_ports "$ADDRESS" HTTP >"$D/ports"
  {
    lab_digest_users "$REALM"
    lab_digest_user "$REALM" 'quo"ted\user' "$LAB_PASSWORD"
  } >"$D/htdigest"
  . "$D/ports"
  lab_start webrick ruby3.1 -E BINARY "$PEERS_HERE/webrick.rb" "$ADDRESS" "$HTTP" "$REALM" "$D/htdigest"
  lab_wait 30 lab_tcp "$ADDRESS" "$HTTP" || lab_die "no answer: $(lab_words webrick)"
}

down() { lab_stop webrick; }

lab_main "$@"
