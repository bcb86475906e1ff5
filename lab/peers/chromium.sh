#!/usr/bin/env bash
# chromium.sh up|down|env: Chromium as a client of Negotiate, NTLM and Digest. Nothing runs: the tests start it, with a profile of
# its own each time.
LAB_PEER=chromium
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"

env_lines() { lab_export LAB_CHROMIUM "$(command -v chromium)"; }

up() {
  lab_need chromium
  chromium --version >"$LAB_DIR/$LAB_PEER/version.log" 2>&1 || lab_die "it does not start: $(lab_words version)"
}

down() { :; }

lab_main "$@"
