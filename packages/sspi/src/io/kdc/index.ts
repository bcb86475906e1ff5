export { dnsHosts, type DnsHostsOptions } from './dns-hosts.js'
export { kdcSender } from './kdc-sender.js'
export { parseKdcServer, type KdcServer } from './kdc-server.js'
export { locateKdcs, type Located, type LocateOptions } from './locate.js'
export type { KdcService } from './reply.js'
export {
  dnsResolver,
  orderSrv,
  systemResolver,
  type HostAddress,
  type HostResolver,
  type KdcResolver,
  type SrvRecord,
} from './resolver.js'
export { sendToKdc, type KdcQuery, type KdcTransportOptions } from './send-to-kdc.js'
