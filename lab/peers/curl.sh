#!/usr/bin/env bash
# curl.sh up|down|env: curl as a client of HTTP Digest (and whatever else it speaks). No daemon.
LAB_PEER=curl
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

env_lines() { lab_export LAB_CURL "$(command -v curl)"; }

up() {
  lab_need curl
  curl --version | grep -q '^Features:' || lab_die 'curl says nothing of itself'
}

down() { :; }

lab_main "$@"
