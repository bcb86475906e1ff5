import { isIP } from 'node:net'
import { NameType, readKerberosOptions } from 'sspi/kerberos'
import { locateKdcs, type KdcServer, type KerberosConfig } from 'sspi/krb5'
import { findingsOf, type Finding, type Findings } from '../finding.js'
import { probeRequest, timeOf } from '../probe.js'
import type { Chart } from '../surroundings.js'

const { ok, warning, failed, skipped } = findingsOf('KDCs')

/** So many servers of a realm are tried: the rest would not be reached in a log-on either. */
const MOST_SERVERS = 8

/** The KDCs of the client's realm, and of the service's where that is another: where they are, and whether they answer. */
export async function* checkKdcs(chart: Chart): Findings {
  const { config, client, service } = chart
  if (config === undefined) return yield skipped('without a configuration nobody knows where they are')
  const home = client?.credential.outbound.principal.realm ?? service?.realm ?? config.defaultRealm
  if (home === undefined) return yield skipped('no realm is known')
  yield* checkRealm(chart, config, home)
  if (service?.realm !== undefined && service.realm !== home) yield* checkRealm(chart, config, service.realm)
}

async function* checkRealm(chart: Chart, config: KerberosConfig, realm: string): Findings {
  const { resolver } = chart.surroundings
  const { servers, notes } = await locateKdcs(realm, 'kdc', { config, resolver, random: () => 0 })
  if (servers.length === 0) return yield notFound(config, realm, notes)
  const written = (config.realms.get(realm)?.kdcs.length ?? 0) > 0
  yield ok('kdcs-found', `${realm}: ${servers.map(labelOf).join(', ')} (${written ? 'krb5.conf' : 'DNS'})`)
  for (const server of servers.slice(0, MOST_SERVERS)) yield* checkServer(chart, config, realm, server)
  if (chart.reached.has(realm)) return
  yield failed(
    'kdc-unreachable',
    `no KDC of ${realm} answers`,
    'is the machine in the right network, does a firewall drop port 88? A KDC proxy (kdc = https://…) gets through where that is so',
  )
}

function notFound(config: KerberosConfig, realm: string, notes: readonly string[]): Finding {
  const what = `no KDC of ${realm} is known: ${notes.join('; ')}`
  const upper = realm.toUpperCase()
  if (realm !== upper && (config.realms.has(upper) || config.defaultRealm === upper)) {
    return failed('realm-in-lower-case', what, `realms are compared with regard to case: write ${upper}`)
  }
  if (!config.dnsLookupKdc) {
    return failed(
      'kdc-unknown',
      what,
      `name it in [realms] of krb5.conf (${realm} = { kdc = … }), or set dns_lookup_kdc`,
    )
  }
  return failed(
    'kdc-unknown',
    what,
    `name it in [realms] of krb5.conf (${realm} = { kdc = … }), or let DNS have _kerberos._udp.${realm}; is the realm spelt right?`,
  )
}

/** One server, by each of its transports. */
async function* checkServer(chart: Chart, config: KerberosConfig, realm: string, server: KdcServer): Findings {
  const { surroundings } = chart
  if (server.transport !== 'https' && isIP(server.host) === 0) {
    try {
      await surroundings.resolver.lookup(server.host)
    } catch {
      return yield warning(
        'kdc-does-not-resolve',
        `${server.host}: no host has this name`,
        'mend the name in krb5.conf or in the SRV record, or the DNS server in resolv.conf',
      )
    }
  }
  const cname = chart.client?.credential.outbound.principal.name ?? {
    nameType: NameType.NT_PRINCIPAL,
    nameString: ['host'],
  }
  const answered: string[] = []
  const silent: string[] = []
  for (const label of transportsOf(server)) {
    try {
      const request = probeRequest(realm, cname, readKerberosOptions(config), surroundings)
      const answer = await surroundings.ask(config, realm, label, request)
      answered.push(label)
      chart.reached.add(realm)
      const time = timeOf(answer)
      if (time !== undefined) chart.kdcAheadMs ??= time.getTime() - surroundings.now().getTime()
    } catch (error) {
      silent.push(`${label}: ${error instanceof Error ? error.message : 'no answer'}`)
    }
  }
  if (silent.length === 0) return yield ok('kdc-answers', `${answered.join(' and ')} answer`)
  if (answered.length === 0) {
    return yield warning(
      'kdc-silent',
      silent.join('; '),
      'the next one is asked after a second: take it out if it is gone',
    )
  }
  const [dropped = ''] = silent
  if (dropped.startsWith('udp/')) {
    return yield warning(
      'kdc-no-udp',
      dropped,
      'it answers over TCP alone, after a delay: set udp_preference_limit = 1 in [libdefaults]',
    )
  }
  yield warning(
    'kdc-no-tcp',
    dropped,
    'it answers over UDP alone, which is too small for tickets with many groups: open TCP port 88 as well',
  )
}

function transportsOf(server: KdcServer): readonly string[] {
  if (server.transport === 'https') return [server.url]
  const place = placeOf(server)
  return server.transport === 'any' ? [`udp/${place}`, `tcp/${place}`] : [`${server.transport}/${place}`]
}

function labelOf(server: KdcServer): string {
  return server.transport === 'https' ? server.url : placeOf(server)
}

function placeOf({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
