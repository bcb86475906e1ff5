#!/usr/bin/env bash
# dns.sh up|down|env: dnsmasq on loopback with what a site tells Kerberos by DNS: SRV records of MIT's realms, when they are
# up, TXT records of realms, an alias, and an address with another name. It forwards nothing.
LAB_PEER=dns
. "$(dirname -- "${BASH_SOURCE[0]}")/common.sh"
D=$LAB_DIR/$LAB_PEER
ADDRESS=127.0.0.1

env_lines() {
  local DNS
  lab_ports
  lab_export LAB_DNS "$ADDRESS:$DNS"
}

up() {
  lab_need dnsmasq-base
  lab_alive dnsmasq && return 0
  write_configuration
  lab_start dnsmasq dnsmasq --keep-in-foreground "--conf-file=$D/dnsmasq.conf"
  lab_wait 30 is_listening || lab_die "no answer: $(lab_words dnsmasq)"
}

write_configuration() {
  local DNS
  lab_free_ports "$ADDRESS" DNS >"$D/ports"
  . "$D/ports"
  cat >"$D/dnsmasq.conf" <<X
port=$DNS
listen-address=$ADDRESS
bind-interfaces
no-resolv
no-hosts
user=$(id -un)
pid-file=
local=/test/
host-record=localhost,127.0.0.1
host-record=kdc.mit.test,127.0.0.1
txt-record=_kerberos.localhost2,${MIT2_REALM:-MIT2.TEST}
txt-record=_kerberos.sub.mit.test,SUB.TEST
cname=www.mit.test,web.mit.test
cname=web.mit.test,localhost
address=/other.mit.test/127.0.0.31
ptr-record=31.0.0.127.in-addr.arpa,localhost
X
  # TXT records may be of several parts
  echo 'txt-record=_kerberos.long.mit.test,LONG,.TEST' >>"$D/dnsmasq.conf"
  [ -z "${MIT_KDC:-}" ] || srv_of "$MIT_REALM" "$MIT_KDC" "$MIT_KPASSWD" >>"$D/dnsmasq.conf"
  [ -z "${MIT2_KDC:-}" ] || srv_of "$MIT2_REALM" "$MIT2_KDC" >>"$D/dnsmasq.conf"
}
srv_of() {
  local realm=$1 transport
  for transport in udp tcp; do
    echo "srv-host=_kerberos._$transport.$realm,kdc.mit.test,${2##*:}"
    [ -z "${3:-}" ] || echo "srv-host=_kpasswd._$transport.$realm,kdc.mit.test,${3##*:}"
  done
}

is_listening() {
  local DNS
  . "$D/ports"
  lab_alive dnsmasq && lab_tcp "$ADDRESS" "$DNS"
}

down() { lab_stop dnsmasq; }

lab_main "$@"
