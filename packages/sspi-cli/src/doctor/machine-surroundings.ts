import { randomBytes } from 'node:crypto'
import { kdcSender, loadDefaultKrb5Conf, loadKeytabFile, sendToKdc, systemResolver } from 'sspi/krb5'
import { Caches } from '../kerberos/caches.js'
import type { Surroundings } from './surroundings.js'

/** A server that has not answered after so long does not: the next log-on would not wait longer either. */
const PROBE_MILLISECONDS = 3_000

/**
 * This machine: its configuration, its clock, its names, its files.
 *
 * @param cache - The ticket cache. Default: the one that the environment and the configuration say.
 */
export function machineSurroundings(cache: string | undefined): Surroundings {
  return {
    loadConfig: () => loadDefaultKrb5Conf(),
    now: () => new Date(),
    random: (length) => new Uint8Array(randomBytes(length)),
    resolver: systemResolver,
    sender: (config) => kdcSender({ config }),
    ask: (config, realm, server, request) =>
      sendToKdc(
        { realm, service: 'kdc', request },
        { config, servers: () => [server], timeoutMilliseconds: PROBE_MILLISECONDS },
      ),
    loadCache: async (config) => {
      const store = await new Caches(config).open(cache)
      return { name: store.name, cache: await store.load() }
    },
    loadKeytab: (name) => loadKeytabFile(name),
  }
}
