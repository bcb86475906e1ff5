import { lookup, Resolver } from 'node:dns/promises'

/** One SRV record, RFC 2782. */
export interface SrvRecord {
  readonly name: string
  readonly port: number
  readonly priority: number
  readonly weight: number
}

/** An address of a host. */
export interface HostAddress {
  readonly address: string
  readonly family: 4 | 6
}

/** Who answers questions about names. */
export interface KdcResolver {
  /** The SRV records of a name; none when there is no such name. Rejects when it cannot be known. */
  resolveSrv(name: string): Promise<readonly SrvRecord[]>
  /** The addresses of a host, the best one first. Rejects when there are none. */
  lookup(host: string): Promise<readonly HostAddress[]>
}

/** Who answers further questions about hosts. */
export interface HostResolver extends Pick<KdcResolver, 'lookup'> {
  /** The texts of a name's TXT records, each put together; none when there is no such name. Rejects when it cannot be known. */
  resolveTxt(name: string): Promise<readonly string[]>
  /** What a name is an alias of; none for names that are none. Rejects as `resolveTxt`. */
  resolveCname(name: string): Promise<readonly string[]>
  /** The names of an address. Rejects when it has none. */
  reverse(address: string): Promise<readonly string[]>
}

/** The operating system's resolver for hosts, and its DNS servers for everything else. */
export const systemResolver: KdcResolver & HostResolver = {
  ...recordsFrom(new Resolver()),
  async lookup(host) {
    const found = await lookup(host, { all: true, verbatim: true })
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
  },
}

/**
 * Other DNS servers than the system's, for every question.
 *
 * @param servers - `address` or `address:port`, as `dns.setServers` of Node.js has them.
 */
export function dnsResolver(servers: readonly string[]): KdcResolver & HostResolver {
  const resolver = new Resolver()
  resolver.setServers(servers)
  return {
    ...recordsFrom(resolver),
    async lookup(host) {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
      if (v4.status === 'rejected' && v6.status === 'rejected') throw v4.reason
      const addresses = (found: typeof v4, family: 4 | 6): HostAddress[] =>
        found.status === 'rejected' ? [] : found.value.map((address) => ({ address, family }))
      return [...addresses(v4, 4), ...addresses(v6, 6)]
    },
  }
}

function recordsFrom(
  resolver: Resolver,
): Pick<KdcResolver & HostResolver, 'resolveSrv' | 'resolveTxt' | 'resolveCname' | 'reverse'> {
  return {
    resolveSrv: (name) => noneIfMissing(resolver.resolveSrv(name)),
    resolveTxt: async (name) => (await noneIfMissing(resolver.resolveTxt(name))).map((parts) => parts.join('')),
    resolveCname: (name) => noneIfMissing(resolver.resolveCname(name)),
    reverse: (address) => resolver.reverse(address),
  }
}

async function noneIfMissing<T>(records: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await records
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOTFOUND' || code === 'ENODATA') return []
    throw error
  }
}

/**
 * Records in the order of RFC 2782: by priority, and within one priority drawn by weight.
 *
 * @param random - A number from 0 up to, but not, 1.
 */
export function orderSrv(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const ordered: SrvRecord[] = []
  for (const priority of [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b)) {
    // Those of weight 0 go first, so that they have a small chance where others have weights.
    const left = records.filter((record) => record.priority === priority).sort((a, b) => a.weight - b.weight)
    while (left.length > 0) {
      const total = left.reduce((sum, { weight }) => sum + weight, 0)
      let drawn = Math.floor(random() * (total + 1))
      const at = left.findIndex(({ weight }) => (drawn -= weight) <= 0)
      ordered.push(...left.splice(Math.max(at, 0), 1))
    }
  }
  return ordered
}
