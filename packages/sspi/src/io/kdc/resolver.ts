import { lookup, resolveSrv } from 'node:dns/promises'

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

/** The operating system's resolver for hosts, and its DNS servers for SRV records. */
export const systemResolver: KdcResolver = {
  async resolveSrv(name) {
    try {
      return await resolveSrv(name)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'ENOTFOUND' || code === 'ENODATA') return []
      throw error
    }
  },
  async lookup(host) {
    const found = await lookup(host, { all: true, verbatim: true })
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
  },
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
