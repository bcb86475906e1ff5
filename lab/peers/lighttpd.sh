#!/usr/bin/env bash
# lighttpd.sh up|down|env: lighttpd with mod_auth, for Digest clients: SHA-256 before MD5, their sessions, userhash, names in UTF-8,
# stale nonces, and a next nonce where one is near its end.
LAB_PEER=lighttpd
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1
REALM='lab realm'

env_lines() {
  local HTTP
  lab_ports
  lab_export LAB_LIGHTTPD "$ADDRESS:$HTTP"
}

up() {
  local HTTP page
  lab_need lighttpd
  lab_not_at_boot lighttpd lighttpd
  lab_alive lighttpd && return 0
  for page in digest hashed md5; do
    mkdir -p "$D/htdocs/$page"
    echo '<!--#echo var="REMOTE_USER" -->' >"$D/htdocs/$page/index.shtml"
  done
  lab_free_ports "$ADDRESS" HTTP >"$D/ports"
  { users "$LAB_PASSWORD" alice bob && users "$LAB_UTF8_PASSWORD" utf8user jürgen; } >"$D/htdigest"
  write_configuration >"$D/lighttpd.conf"
  . "$D/ports"
  lab_start lighttpd lighttpd -D -f "$D/lighttpd.conf"
  lab_wait 30 lab_tcp "$ADDRESS" "$HTTP" || lab_die "no answer: $(lab_words lighttpd)"
}

# users password user...: `user:realm:H(A1):H(user:realm)`, by each algorithm
users() {
  node -e "
    const { createHash } = require('crypto'), [realm, password, ...users] = process.argv.slice(1)
    for (const user of users) for (const name of ['md5', 'sha256', 'sha512-256']) {
      const hash = (text) => createHash(name).update(text).digest('hex')
      console.log([user, realm, hash(user + ':' + realm + ':' + password), hash(user + ':' + realm)].join(':'))
    }" "$REALM" "$@"
}

write_configuration() {
  local HTTP
  . "$D/ports"
  cat <<X
server.modules = ("mod_auth", "mod_authn_file", "mod_ssi")
server.document-root = "$D/htdocs"
server.bind = "$ADDRESS"
server.port = $HTTP
index-file.names = ("index.shtml")
ssi.extension = (".shtml")
mimetype.assign = (".shtml" => "text/plain")
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "$D/htdigest"
auth.require = (
  "/digest/" => ("method" => "digest", "realm" => "$REALM", "require" => "valid-user",
    "algorithm" => "SHA-256|MD5"),
  "/hashed/" => ("method" => "digest", "realm" => "$REALM", "require" => "valid-user",
    "algorithm" => "SHA-256", "userhash" => "enable"),
  "/md5/" => ("method" => "digest", "realm" => "$REALM", "require" => "valid-user")
)
X
  [ "$(id -u)" != 0 ] || printf 'server.username = "www-data"\nserver.groupname = "www-data"\n'
}

down() { lab_stop lighttpd; }

lab_main "$@"
