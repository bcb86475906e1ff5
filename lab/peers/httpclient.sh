#!/usr/bin/env bash
# httpclient.sh up|down|env: Apache HttpClient, a client of HTTP Digest that protects bodies (qop auth-int). No daemon.
LAB_PEER=httpclient
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
CLASSES=/usr/share/java/httpclient5.jar:/usr/share/java/httpcore5.jar:/usr/share/java/httpcore5-h2.jar:/usr/share/java/slf4j-api.jar:/usr/share/java/slf4j-nop.jar

env_lines() {
  [ -s "$D/HttpClientPeer.class" ] || lab_die 'not up'
  lab_export LAB_HTTPCLIENT "$D/httpclient-peer"
}

up() {
  lab_need openjdk-17-jdk-headless libhttpclient5-java
  [ "$D/HttpClientPeer.class" -nt "$PEERS_HERE/HttpClientPeer.java" ] ||
    javac -d "$D" -cp "$CLASSES" "$PEERS_HERE/HttpClientPeer.java" >&2 || lab_die 'HttpClientPeer.java does not compile'
  cat >"$D/httpclient-peer" <<X
#!/bin/sh
exec java -cp '$D:$CLASSES' -Xshare:auto -XX:TieredStopAtLevel=1 HttpClientPeer
X
  chmod 755 "$D/httpclient-peer"
}

down() { :; }

lab_main "$@"
