# shellcheck shell=bash
# Helpers that every peer script sources; not run by itself.
# A peer script prints nothing but `export NAME='value'` lines on stdout; words for people go to stderr.
# The last words of a script that fails are `[peer] ERROR: reason`, which lab/run shows as the reason of the skip.
set -euo pipefail
umask 022

PEERS_HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
LAB_DIR=${LAB_DIR:-${TMPDIR:-/tmp}/sspi-lab-$(id -u)} # all state of all peers
LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/sspi-lab} # what the next run need not make again
LAB_PORT_BASE=${LAB_PORT_BASE:-18000}                 # peers that need a fixed port use base + their own offset
LAB_PASSWORD=${LAB_PASSWORD:-Passw0rd-1}              # of alice and bob, everywhere
LAB_UTF8_PASSWORD='Pässwörd-€1'                       # of utf8user, everywhere
LAB_STARTED_MS=$(date +%s%3N)
LAB_INSTALLED=()                                      # what lab_need has just installed
export LAB_DIR LAB_PORT_BASE

lab_log() { printf '[%s] %s\n' "${LAB_PEER:-lab}" "$*" >&2; }
lab_die() { lab_log "ERROR: $*"; exit 1; }
lab_took() { lab_log "$1 in $(($(date +%s%3N) - LAB_STARTED_MS)) ms"; }
lab_export() { printf "export %s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }
lab_port() { echo $((LAB_PORT_BASE + $1)); }

# lab_home: makes the peer's own folder $LAB_DIR/$LAB_PEER. The parent must be ours: /tmp is everybody's.
lab_home() {
  # the longest Unix socket path below is about 45 characters more, and 107 is the limit
  [ ${#LAB_DIR} -le 60 ] || lab_die "LAB_DIR is too long for Unix sockets: $LAB_DIR"
  mkdir -p "$LAB_DIR"
  [ -O "$LAB_DIR" ] && [ ! -L "$LAB_DIR" ] || lab_die "$LAB_DIR belongs to somebody else"
  chmod 755 "$LAB_DIR"
  mkdir -p "$LAB_DIR/$LAB_PEER"
}

lab_has() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }

# lab_need package...: installs the Debian packages that are missing, without starting their services.
lab_need() {
  local package missing=()
  command -v dpkg-query >/dev/null || lab_die "needs Debian or Ubuntu (packages: $*)"
  for package in "$@"; do lab_has "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || lab_die "packages missing: apt-get install --no-install-recommends ${missing[*]}"
  lab_log "installing ${missing[*]}"
  lab_install "${missing[@]}" || lab_die "apt-get could not install ${missing[*]}"
  LAB_INSTALLED+=("${missing[@]}")
}

# In a subshell, so that its trap and its lock end with it. Two scripts that install at once take turns: the second
# would find the first one's policy-rc.d, and lose it half-way.
lab_install() (
  exec 9>/run/lock/sspi-lab-install
  flock 9
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  lab_apt install "$@" || { lab_apt_update && lab_apt install "$@"; }
)
lab_apt() {
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qy -o DPkg::Lock::Timeout=600 --no-install-recommends "$@" \
    >&2 </dev/null 9>&-
}
# `apt-get update` does not wait for another one's lock
lab_apt_update() {
  local tries
  for tries in 1 2 3 4 5; do apt-get -q update >&2 </dev/null 9>&- && return 0; sleep "$tries"; done
  return 1
}
# lab_not_at_boot package unit: a service that came with a package that we have just installed stays off.
lab_not_at_boot() {
  case " ${LAB_INSTALLED[*]} " in *" $1 "*) systemctl disable "$2" >/dev/null 2>&1 || true ;; esac
}

# A process is known by its pid and its start time: a number that was given away again is not ours to kill.
lab_start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
lab_is_zombie() { grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }

# lab_start name command...: runs a daemon in the foreground mode of its own, in a session of its own.
lab_start() {
  local name=$1 home=$LAB_DIR/$LAB_PEER
  shift
  setsid "$@" >"$home/$name.log" 2>&1 </dev/null &
  echo "$! $(lab_start_time $!)" >"$home/$name.pid"
  disown
}
# lab_alive name
lab_alive() {
  local pid since
  read -r pid since 2>/dev/null <"$LAB_DIR/$LAB_PEER/$1.pid" || return 1
  [ -n "$since" ] && [ "$(lab_start_time "$pid")" = "$since" ] && ! lab_is_zombie "$pid"
}
# lab_tree pid: the process and its descendants, each with its start time as in a .pid file
lab_tree() {
  local child
  echo "$1 $(lab_start_time "$1")"
  for child in $(cat "/proc/$1/task"/*/children 2>/dev/null || true); do lab_tree "$child"; done
}
# lab_living: of the processes on stdin, those that are still there
lab_living() {
  local pid since
  while read -r pid since; do
    [ -z "$since" ] || [ "$(lab_start_time "$pid")" != "$since" ] || lab_is_zombie "$pid" || echo "$pid $since"
  done
}
# lab_stop name: TERM, and KILL after 5 s for what is left of the process and its descendants.
lab_stop() {
  local pid since file=$LAB_DIR/$LAB_PEER/$1.pid tenths left
  if lab_alive "$1"; then
    read -r pid since <"$file"
    left=$(lab_tree "$pid")
    kill -TERM "$pid" 2>/dev/null || true
    for ((tenths = 0; tenths < 50; tenths++)); do
      left=$(lab_living <<<"$left")
      [ -n "$left" ] || break
      sleep 0.1
    done
    [ -z "$left" ] || cut -d' ' -f1 <<<"$left" | xargs kill -KILL 2>/dev/null || true
  fi
  rm -f "$file"
}
# lab_words name: the last lines of a daemon's log, on one line, for an error
lab_words() { tail -n 5 "$LAB_DIR/$LAB_PEER/$1.log" 2>/dev/null | tr '\n' ' '; }

# lab_wait seconds command...: until the command succeeds
lab_wait() {
  local twentieths=$(($1 * 20)) i
  shift
  for ((i = 0; i < twentieths; i++)); do
    "$@" && return 0
    sleep 0.05
  done
  return 1
}
lab_tcp() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# lab_display: an X server of the peer's own. It picks a free number, and is ready when that is in the peer's file `display`.
lab_display() {
  local file=$LAB_DIR/$LAB_PEER/display
  lab_alive xvfb && return 0
  rm -f "$file"
  lab_start xvfb sh -c 'exec Xvfb -displayfd 6 -screen 0 800x600x24 -noreset -nolisten tcp 6>"$1"' sh "$file"
  lab_wait 30 test -s "$file" || lab_die "Xvfb: $(lab_words xvfb)"
}

# lab_free_ports address name...: a port for each name that is free for TCP and UDP, as shell assignments.
lab_free_ports() {
  node -e "
    const { createServer } = require('net'), { createSocket } = require('dgram')
    const [address, ...names] = process.argv.slice(1), held = []
    const take = () => {
      if (names.length === 0) return held.forEach((socket) => socket.close())
      const tcp = createServer().listen(0, address, () => {
        const { port } = tcp.address(), udp = createSocket('udp4')
        held.push(tcp, udp)
        udp.on('error', () => { held.pop(); take() })
        udp.bind(port, address, () => { console.log(names.shift() + '=' + port); take() })
      })
    }
    take()" "$@"
}

# lab_ports: the ports that the peer keeps in its file `ports`, into variables of the caller
lab_ports() {
  local file=$LAB_DIR/$LAB_PEER/ports
  [ -s "$file" ] || lab_die 'not up'
  . "$file"
}

# lab_digest_users realm: user:realm:H(A1) of each user, as htdigest writes them.
lab_digest_users() {
  local user
  for user in alice bob; do lab_digest_user "$1" "$user" "$LAB_PASSWORD"; done
  lab_digest_user "$1" utf8user "$LAB_UTF8_PASSWORD"
}
lab_digest_user() { echo "$2:$1:$(printf '%s' "$2:$1:$3" | md5sum | cut -d' ' -f1)"; }

# lab_cached name command...: the folder of that name in the cache, as $LAB_CACHED; the command makes it, once for all
# runs, when it is not there, and is given the path of an empty folder to fill.
lab_cached() {
  local name=$1 new
  shift
  LAB_CACHED=$LAB_CACHE/$name
  mkdir -p "$LAB_CACHE"
  [ -O "$LAB_CACHE" ] || lab_die "$LAB_CACHE belongs to somebody else"
  [ ! -d "$LAB_CACHED" ] || return 0
  exec 8>"$LAB_CACHE/lock"
  flock 8
  if [ ! -d "$LAB_CACHED" ]; then
    new=$LAB_CACHE/new
    rm -rf "$new"
    mkdir "$new"
    "$@" "$new" 8>&-
    mv "$new" "$LAB_CACHED"
  fi
  exec 8>&-
}

# lab_unpack package... folder: unpacks Debian packages into a folder, without installing them; for lab_cached.
lab_unpack() {
  local deb folder=${*: -1} packages=("${@:1:$#-1}")
  lab_log "downloading ${#packages[@]} packages"
  mkdir "$folder/debs"
  lab_download "$folder/debs" "${packages[@]}" || { lab_apt_update && lab_download "$folder/debs" "${packages[@]}"; } ||
    lab_die "apt-get could not download ${packages[*]}"
  for deb in "$folder"/debs/*.deb; do dpkg -x "$deb" "$folder"; done
  rm -r "$folder/debs"
}
lab_download() (cd "$1" && apt-get -q download "${@:2}" >&2 </dev/null)

# lab_main "$@": what every peer script ends with. The script defines up, down and env_lines.
lab_main() {
  case ${1:-} in
    up) # not chained with &&, which would switch `set -e` off inside
      lab_home
      up
      env_lines
      lab_took up
      ;;
    down)
      down
      rm -rf "${LAB_DIR:?}/${LAB_PEER:?}"
      rmdir "$LAB_DIR" 2>/dev/null || true
      lab_took down
      ;;
    env) env_lines ;;
    *)
      echo "usage: $0 up|down|env" >&2
      exit 2
      ;;
  esac
}
