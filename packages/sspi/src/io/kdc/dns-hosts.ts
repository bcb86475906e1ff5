import { isIP } from 'node:net'
import type { HostDirectory } from '../../sspi/index.js'
import { systemResolver, type HostResolver } from './resolver.js'

/** Options of {@link dnsHosts}. */
export interface DnsHostsOptions {
  /** Default: the system's. */
  readonly resolver?: HostResolver | undefined
  /** For how long all that is asked for one host may take, in milliseconds. Default 10,000. */
  readonly timeoutMilliseconds?: number | undefined
}

/** A chain of aliases that is longer has no end. */
const MOST_ALIASES = 8
/** A host with more labels is asked for by the lowest ones. */
const MOST_DOMAINS = 16

/**
 * What DNS says of hosts, as far as Kerberos may want to know it. What does not come in time, or makes no sense, is as if it
 * were not there.
 *
 * - A realm is what the TXT record `_kerberos.<host>` says, else that of the nearest domain above the host that has one, as
 *   MIT's library looks it up. Top-level domains are not asked: nobody there has a say in it.
 * - The canonical name is the end of the chain of CNAME records; with `reverse`, the name of the host's first address, if it has
 *   one. The file of hosts has a part in addresses only.
 */
export function dnsHosts({
  resolver = systemResolver,
  timeoutMilliseconds = 10_000,
}: DnsHostsOptions = {}): HostDirectory {
  const inTime = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<T>((resolve) => {
      timer = setTimeout(() => resolve(otherwise), timeoutMilliseconds)
    })
    try {
      return await Promise.race([work, late])
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    canonicalName: ({ host, reverse }) => inTime(canonicalName(host, reverse, resolver), host),
    realmOf: (host) => inTime(realmOf(host, resolver), undefined),
  }
}

async function realmOf(host: string, resolver: HostResolver): Promise<string | undefined> {
  for (const domain of domainsOf(host)) {
    const texts = await resolver.resolveTxt(`_kerberos.${domain}`).catch(() => [])
    const [realm] = texts.map((text) => text.replace(/\.$/, '')).filter(isRealm)
    if (realm !== undefined) return realm
  }
  return undefined
}

/** The host, and the domains above it but the topmost. */
function domainsOf(host: string): readonly string[] {
  if (!isHostName(host)) return []
  const labels = host.replace(/\.$/, '').split('.')
  return labels
    .slice(0, Math.max(labels.length - 1, 1))
    .map((_, at) => labels.slice(at).join('.'))
    .slice(0, MOST_DOMAINS)
}

async function canonicalName(host: string, reverse: boolean, resolver: HostResolver): Promise<string> {
  let name = host
  if (isIP(host) === 0) {
    if (!isHostName(host)) return host
    for (let left = MOST_ALIASES; left > 0; left--) {
      const [alias] = await resolver.resolveCname(name).catch(() => [])
      if (alias === undefined || !isHostName(alias)) break
      name = alias
    }
  }
  if (reverse) {
    const [first] = await resolver.lookup(name).catch(() => [])
    const names = first === undefined ? [] : await resolver.reverse(first.address).catch(() => [])
    name = names.find(isHostName) ?? name
  }
  return name.toLowerCase().replace(/\.$/, '')
}

/** What may stand in a question to DNS, and in the name of a service. */
function isHostName(text: string): boolean {
  return text.length <= 253 && /^[\w-]+(\.[\w-]+)*\.?$/.test(text)
}

/** Printable, and no name of anything in it. */
function isRealm(text: string): boolean {
  return /^[\x21-\x2e\x30-\x3f\x41-\x7e]{1,255}$/.test(text)
}
