import {
  AddressType,
  AuthorizationDataType,
  formatPrincipal,
  isRemovedCredential,
  readCcacheConfig,
  type CcacheCredential,
  type Principal,
} from 'sspi/kerberos'
import type { OpenCache } from './caches.js'
import { enctypeName, flagLetters, flagNames, ticketOf } from './ticket-facts.js'
import { fromSeconds, timeText } from './times.js'

/** What is shown of a cache beside the tickets' times and names. */
export interface CacheListingOptions {
  readonly flags?: boolean | undefined
  readonly enctypes?: boolean | undefined
  readonly addresses?: boolean | undefined
  readonly authorizationData?: boolean | undefined
  readonly configuration?: boolean | undefined
}

/** A cache as MIT's klist lists it. */
export function cacheListing({ store, ccache }: OpenCache, options: CacheListingOptions): string {
  const owner = ccache.defaultPrincipal
  const entries = shownEntries(ccache.credentials, options)
  const lines = entries.flatMap((entry) => entryLines(entry, owner, options))
  const head = `Ticket cache: ${store.name}\nDefault principal: ${formatPrincipal(owner)}\n`
  const columns = ['Valid starting'.padEnd(TIME_WIDTH), 'Expires'.padEnd(TIME_WIDTH), 'Service principal'].join('  ')
  return `${head}\n${columns}\n${lines.map((line) => `${line}\n`).join('')}`
}

const TIME_WIDTH = 19

/** What `--json` says of a cache. */
export function cacheJson({ store, ccache }: OpenCache, options: CacheListingOptions): object {
  return {
    cache: store.name,
    principal: formatPrincipal(ccache.defaultPrincipal),
    tickets: shownEntries(ccache.credentials, options).map(entryJson),
  }
}

function shownEntries(
  credentials: readonly CcacheCredential[],
  { configuration = false }: CacheListingOptions,
): readonly CcacheCredential[] {
  return credentials.filter(
    (entry) => !isRemovedCredential(entry) && (configuration || readCcacheConfig(entry) === undefined),
  )
}

function entryLines(entry: CcacheCredential, owner: Principal, options: CacheListingOptions): readonly string[] {
  const config = readCcacheConfig(entry)
  if (config !== undefined) {
    const about = config.principal === undefined ? '' : `(${config.principal})`
    return [`config: ${config.key}${about} = ${printable(config.value)}`]
  }
  const lines = [`${timeText(startOf(entry))}  ${timeText(fromSeconds(entry.endTime))}  ${serverOf(entry)}`]
  const details: string[] = []
  const client = formatPrincipal(entry.client)
  if (client !== formatPrincipal(owner)) details.push(`for client ${client}`)
  if (entry.renewTill !== 0) details.push(`renew until ${timeText(fromSeconds(entry.renewTill))}`)
  if (options.flags === true) details.push(`Flags: ${flagLetters(entry.ticketFlags)}`)
  if (details.length > 0) lines.push(`\t${details.join(', ')}`)
  if (options.enctypes === true) {
    const types = [entry.key.keytype, ticketOf(entry)?.encPart.etype].map((each) =>
      each === undefined ? 'unknown' : enctypeName(each),
    )
    lines.push(`\tEtype (skey, tkt): ${types.join(', ')}`)
  }
  if (options.addresses === true) lines.push(`\tAddresses: ${addressesOf(entry).join(', ') || '(none)'}`)
  if (options.authorizationData === true && entry.authorizationData.length > 0) {
    lines.push(`\tAuthorization data: ${authorizationDataOf(entry).join(', ')}`)
  }
  return lines
}

function entryJson(entry: CcacheCredential): object {
  const config = readCcacheConfig(entry)
  if (config !== undefined) return { config: config.key, about: config.principal, value: printable(config.value) }
  const ticket = ticketOf(entry)
  return {
    client: formatPrincipal(entry.client),
    server: formatPrincipal(entry.server),
    ticketServer: ticket === undefined ? undefined : formatPrincipal({ realm: ticket.realm, name: ticket.sname }),
    authTime: fromSeconds(entry.authTime).toISOString(),
    startTime: startOf(entry).toISOString(),
    endTime: fromSeconds(entry.endTime).toISOString(),
    renewTill: entry.renewTill === 0 ? undefined : fromSeconds(entry.renewTill).toISOString(),
    flags: flagNames(entry.ticketFlags),
    sessionEnctype: enctypeName(entry.key.keytype),
    ticketEnctype: ticket === undefined ? undefined : enctypeName(ticket.encPart.etype),
    kvno: ticket?.encPart.kvno,
    addresses: addressesOf(entry),
    authorizationData: authorizationDataOf(entry),
  }
}

/** The name that was asked for; with the realm that the KDCs found, as MIT shows it on a line of its own. */
function serverOf(entry: CcacheCredential): string {
  const asked = formatPrincipal(entry.server)
  const ticket = ticketOf(entry)
  const real = ticket === undefined ? asked : formatPrincipal({ realm: ticket.realm, name: ticket.sname })
  return real === asked ? asked : `${asked} (ticket server: ${real})`
}

function startOf({ startTime, authTime }: CcacheCredential): Date {
  return fromSeconds(startTime === 0 ? authTime : startTime)
}

function addressesOf({ addresses }: CcacheCredential): readonly string[] {
  return addresses.map(({ addrType, address }) => {
    if (addrType === AddressType.IPV4 && address.length === 4) return [...address].join('.')
    return `${nameOf(AddressType, addrType)}:${Buffer.from(address).toString('hex')}`
  })
}

function authorizationDataOf({ authorizationData }: CcacheCredential): readonly string[] {
  return authorizationData.map(({ adType }) => nameOf(AuthorizationDataType, adType))
}

function nameOf(table: Readonly<Record<string, number>>, number: number): string {
  return Object.entries(table).find(([, each]) => each === number)?.[0] ?? String(number)
}

/** The value of a configuration entry as MIT prints it: what is not printable as octal escapes. */
function printable(value: Uint8Array): string {
  return [...value]
    .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`))
    .join('')
}
