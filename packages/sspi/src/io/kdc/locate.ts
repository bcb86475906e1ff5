import type { KdcProxy } from '../../sspi/index.js'
import type { KerberosConfig } from '../krb5-conf/index.js'
import { parseKdcServer, type KdcServer } from './kdc-server.js'
import type { KdcService } from './reply.js'
import { orderSrv, type KdcResolver } from './resolver.js'

/** Where to look for servers. */
export interface LocateOptions {
  /** Where `[realms]` and `dns_lookup_kdc` are looked up. */
  readonly config: KerberosConfig
  /** Servers that go before those of the configuration, in its notation; `undefined` for realms without. */
  readonly servers?: ((realm: string, service: KdcService) => readonly string[] | undefined) | undefined
  /** A proxy that goes in place of all others, or after them. Default: none. */
  readonly proxy?: KdcProxy | undefined
  /** Who is asked for SRV records, where DNS may be asked. */
  readonly resolver: KdcResolver
  /** Draws among SRV records of one priority. */
  readonly random: () => number
}

/** What was found, in the order in which to try it. */
export interface Located {
  readonly servers: readonly KdcServer[]
  /** What went wrong or was left out on the way, for the error when no server answers. */
  readonly notes: readonly string[]
}

/** More SRV records than this nobody tries. */
const MOST_SERVERS = 32

const SERVICES = {
  kdc: { port: 88, srv: '_kerberos' },
  kpasswd: { port: 464, srv: '_kpasswd' },
} as const

/**
 * Finds the servers of a realm: those given, else those of the configuration, else, where `dns_lookup_kdc` allows, those of
 * the SRV records (RFC 4120 §7.2.3.2). For changes of passwords the hosts of `admin_server` are asked after those of
 * `kpasswd_server`. A proxy of the credential goes after them, or in place of them. It does not throw: what failed is in the notes.
 */
export async function locateKdcs(realm: string, service: KdcService, options: LocateOptions): Promise<Located> {
  const { proxy } = options
  if (proxy === undefined) return locateDirectly(realm, service, options)
  const last: KdcServer = { transport: 'https', url: proxy.url }
  if (proxy.only) return { servers: [last], notes: [] }
  const { servers, notes } = await locateDirectly(realm, service, options)
  return { servers: [...servers, last], notes }
}

async function locateDirectly(realm: string, service: KdcService, options: LocateOptions): Promise<Located> {
  const given = options.servers?.(realm, service)
  if (given !== undefined && given.length > 0) return read(given, service)
  const written = configured(realm, service, options.config)
  if (written.length > 0) return read(written, service)
  const notes = [`${realm}: no ${service} in the configuration`]
  if (!options.config.dnsLookupKdc) return { servers: [], notes: [...notes, 'DNS is not asked (dns_lookup_kdc)'] }
  // A realm may hold anything; in a question to DNS only what is in host names has a place.
  if (!/^[\w-]+(\.[\w-]+)*\.?$/.test(realm) || realm.length > 240) {
    return { servers: [], notes: [...notes, 'DNS is not asked for a realm that is no domain'] }
  }
  return fromDns(realm, service, options, notes)
}

function configured(realm: string, service: KdcService, config: KerberosConfig): readonly string[] {
  const section = config.realms.get(realm)
  if (section === undefined) return []
  if (service === 'kdc') return section.kdcs.length > 0 ? section.kdcs : section.primaryKdcs
  if (section.kpasswdServers.length > 0) return section.kpasswdServers
  // The port of admin_server is kadmin's own.
  return section.adminServers.map((server) => server.replace(/:\d+$/, (port) => (isAddress(server) ? port : '')))
}

/** Whether a server is an IPv6 address without brackets, whose last group looks like a port. */
function isAddress(server: string): boolean {
  return !server.includes('[') && server.split(':').length > 2
}

function read(texts: readonly string[], service: KdcService): Located {
  const servers: KdcServer[] = []
  const notes: string[] = []
  for (const text of texts) {
    const server = parseKdcServer(text, SERVICES[service].port)
    if (server === undefined) notes.push(`${text}: not a server`)
    else servers.push(server)
  }
  return { servers, notes }
}

async function fromDns(
  realm: string,
  service: KdcService,
  { resolver, random }: LocateOptions,
  before: readonly string[],
): Promise<Located> {
  const notes = [...before]
  const ask = async (transport: 'udp' | 'tcp'): Promise<KdcServer[]> => {
    const name = `${SERVICES[service].srv}._${transport}.${realm}`
    try {
      const records = await resolver.resolveSrv(name)
      // RFC 2782: a target of `.` says that the service is decidedly not there.
      const usable = records.filter((record) => record.name !== '' && record.name !== '.' && record.port > 0)
      if (usable.length === 0) notes.push(`DNS: no SRV records at ${name}`)
      return orderSrv(usable, random).map(({ name: host, port }) => ({ transport, host, port }))
    } catch (error) {
      notes.push(`DNS: ${name}: ${error instanceof Error ? error.message : 'failed'}`)
      return []
    }
  }
  const [udp, tcp] = await Promise.all([ask('udp'), ask('tcp')])
  const isOf = (list: readonly KdcServer[], server: KdcServer): boolean =>
    list.some((other) => place(other) === place(server))
  const both = udp.map((server) => (isOf(tcp, server) ? ({ ...server, transport: 'any' } as KdcServer) : server))
  const servers = [...both, ...tcp.filter((server) => !isOf(udp, server))]
  return { servers: servers.slice(0, MOST_SERVERS), notes }
}

function place(server: KdcServer): string {
  return server.transport === 'https' ? server.url : `${server.host.toLowerCase().replace(/\.$/, '')} ${server.port}`
}
