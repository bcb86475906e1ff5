#!/usr/bin/env bash
# java.sh up|down|env: OpenJDK, whose Kerberos (Krb5LoginModule) and GSS-API (JGSS) are implementations of their own.
LAB_PEER=java
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER

env_lines() {
  [ -s "$D/JgssPeer.class" ] || lab_die 'not up'
  lab_export JGSS_PEER "$D/jgss-peer"
}

up() {
  lab_need openjdk-17-jdk-headless
  javac -d "$D" "$PEERS_HERE/JgssPeer.java" >&2 || lab_die 'JgssPeer.java does not compile'
  cat >"$D/jgss-peer" <<X
#!/bin/sh
exec java -cp '$D' -Djava.security.krb5.conf="\$KRB5_CONFIG" -Xshare:auto -XX:TieredStopAtLevel=1 JgssPeer "\$@"
X
  chmod 755 "$D/jgss-peer"
}

down() { :; }

lab_main "$@"
