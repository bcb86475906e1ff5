import { SspiError } from 'sspi'
import {
  encryptionProfiles,
  formatPrincipal,
  KerberosCredential,
  readKerberosOptions,
  TicketStore,
  writeCcache,
  type ClientKeySource,
  type KdcClient,
} from 'sspi/kerberos'
import type { KerberosConfig } from 'sspi/krb5'
import { keyTableOf } from '../../kerberos/keytabs.js'
import { Machine } from '../../kerberos/machine.js'
import { hasUsableTicket } from '../../kerberos/usable-tickets.js'
import { wipeCache, wipeKeytab } from '../../kerberos/wipe-files.js'
import { findingsOf, type Findings } from '../finding.js'
import type { Chart, LogonChoice } from '../surroundings.js'

const { ok, failed, skipped } = findingsOf('credentials')

/** What there is to log on with. */
export async function* checkCredentials(chart: Chart): Findings {
  const { config } = chart
  if (config === undefined) return yield skipped('without a configuration nobody knows where they are')
  const { logon } = chart.complaint
  switch (logon.kind) {
    case 'cache':
      return yield* fromCache(chart, config)
    case 'password':
      return yield* fromPassword(chart, config, logon)
    case 'keytab':
      return yield* fromKeytab(chart, config, logon)
  }
}

async function* fromCache(chart: Chart, config: KerberosConfig): Findings {
  const { surroundings } = chart
  const found = await readOr('cache-unreadable', () => surroundings.loadCache(config))
  if ('id' in found) {
    return yield failed(found.id, found.what, 'KRB5CCNAME names another cache; `sspi kinit` makes a new one')
  }
  const { name, cache } = found
  if (cache === undefined) {
    return yield failed(
      'no-cache',
      `there is no ticket cache ${name}`,
      'log on first: `sspi kinit`, or name another with -c',
    )
  }
  try {
    const owner = formatPrincipal(cache.defaultPrincipal)
    const bytes = writeCcache({ ...cache, version: cache.version < 3 ? 4 : cache.version })
    chart.client = clientOf(chart, config, TicketStore.fromCcache(bytes), { kind: 'none' })
    bytes.fill(0)
    if (hasUsableTicket(cache, surroundings.now())) yield ok('cache', `${name} has tickets of ${owner}`)
    else {
      const none = cache.credentials.length === 0
      yield failed(
        none ? 'cache-empty' : 'cache-expired',
        none ? `${name} of ${owner} has no ticket` : `the tickets of ${owner} in ${name} have ended`,
        'log on again: `sspi kinit`',
      )
    }
  } finally {
    wipeCache(cache)
  }
}

async function* fromPassword(
  chart: Chart,
  config: KerberosConfig,
  { user, password }: Extract<LogonChoice, { kind: 'password' }>,
): Findings {
  const machine = new Machine(config)
  const principal = await readOr('user-without-realm', async () => machine.principal(user))
  if ('id' in principal) {
    return yield failed(principal.id, principal.what, 'write user@REALM, or set default_realm in krb5.conf')
  }
  chart.client = clientOf(chart, config, new TicketStore(principal), { kind: 'password', password })
  yield ok('password', `a password for ${formatPrincipal(principal)}`)
}

async function* fromKeytab(
  chart: Chart,
  config: KerberosConfig,
  logon: Extract<LogonChoice, { kind: 'keytab' }>,
): Findings {
  const keytab = await readOr('client-keytab-unreadable', () => chart.surroundings.loadKeytab(logon.name))
  if ('id' in keytab) return yield failed(keytab.id, keytab.what, 'check the path (-t), and who may read the file')
  const keys = keyTableOf(keytab.entries)
  wipeKeytab(keytab)
  const principal =
    logon.principal === undefined ? keys.keys[0]?.principal : new Machine(config).principal(logon.principal)
  const own = principal === undefined ? [] : keys.find({ principal })
  if (principal === undefined || own.length === 0) {
    const there = new Set(keys.keys.map((key) => formatPrincipal(key.principal)))
    keys.dispose()
    return yield failed(
      'client-keytab-without-principal',
      `${logon.name} has no key of ${principal === undefined ? 'anybody' : formatPrincipal(principal)}`,
      there.size === 0 ? 'export the keys again' : `it has those of ${[...there].join(', ')}: name one of them`,
    )
  }
  const names = own.map(({ key }) => encryptionProfiles.get(key.enctype)?.names[0])
  chart.client = clientOf(chart, config, new TicketStore(principal), { kind: 'keys', keys })
  yield ok('client-keytab', `${logon.name} has keys of ${formatPrincipal(principal)}: ${names.join(', ')}`)
}

function clientOf(chart: Chart, config: KerberosConfig, store: TicketStore, keys: ClientKeySource): KdcClient {
  const { surroundings } = chart
  const credential = new KerberosCredential({ principal: store.client, keys, store, save: undefined }, undefined)
  return { credential, settings: readKerberosOptions(config), world: surroundings }
}

interface Unreadable {
  readonly id: string
  readonly what: string
}

/** What is read, or why it cannot be: failures of ours and of the operating system alike. */
async function readOr<T extends object>(id: string, read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof SspiError || (error instanceof Error && 'code' in error) || isCommandError(error)) {
      return { id, what: error.message }
    }
    throw error
  }
}

function isCommandError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'CommandError'
}
