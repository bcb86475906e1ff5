#!/bin/bash
# Builds gssbench (GSS-API in C, with gss-ntlmssp for NTLM), kdcbench (which asks KDCs) and httpbench (which asks web servers)
# into the folder given, and writes an NTLM user file there.
# usage: gssbench.sh FOLDER        Installs missing Debian packages when run as root.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
# shellcheck source=../../lab/peers/common.sh
. "$here/../../lab/peers/common.sh"
out=$1
mkdir -p "$out"
lab_need gcc libc6-dev libkrb5-dev gss-ntlmssp >&2
[ "$out/gssbench" -nt "$here/gssbench.c" ] ||
  gcc -O2 -Wall -o "$out/gssbench" "$here/gssbench.c" -lgssapi_krb5 -lkrb5 >&2
[ "$out/kdcbench" -nt "$here/kdcbench.c" ] ||
  gcc -O2 -Wall -o "$out/kdcbench" "$here/kdcbench.c" -lkrb5 >&2
[ "$out/httpbench" -nt "$here/httpbench.c" ] ||
  gcc -O2 -Wall -o "$out/httpbench" "$here/httpbench.c" >&2
printf 'BENCH:alice:alice-password\n' >"$out/ntlm.users"
chmod 600 "$out/ntlm.users"
