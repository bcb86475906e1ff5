#!/usr/bin/env bash
# neon.sh up|down|env: compiles neon-peer.c against neon, a client of HTTP Digest that verifies what servers prove. No daemon.
LAB_PEER=neon
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() {
  [ -x "$D/neon-peer" ] || lab_die 'not up'
  lab_export LAB_NEON "$D/neon-peer"
}

up() {
  lab_need gcc libc6-dev libneon27-dev
  [ "$D/neon-peer" -nt "$PEERS_HERE/neon-peer.c" ] ||
    gcc -O1 -g -Wall -Wextra -o "$D/neon-peer" "$PEERS_HERE/neon-peer.c" -I/usr/include/neon -lneon >&2 ||
    lab_die 'neon-peer.c: gcc failed'
}

down() { :; }

lab_main "$@"
