import { bytesEqual } from '../bytes/index.js'
import { decodeDer, readTicket } from './messages/index.js'
import { encryptionProfiles, KerberosKey } from './enctypes/index.js'
import {
  ccacheTimeOffset,
  isRemovedCredential,
  makeTimeOffset,
  readCcache,
  readCcacheConfig,
  writeCcache,
  type CcacheCredential,
} from './files/index.js'
import { realmOfKrbtgt, sameName, samePrincipal, type Principal, type Target } from './principals.js'
import type { ServiceTicket } from './service-ticket.js'
import { SspiError } from '../status/index.js'
import { TicketFlag } from './constants.js'

/** How many tickets are kept, and how many refusals. */
const MOST_TICKETS = 1000
const MOST_REFUSALS = 1000
/** A ticket that ends sooner is not worth presenting: it would be refused under way. */
const LAST_SECONDS = 30

interface StoredTicket {
  readonly ticket: ServiceTicket
  /** What was asked for, when the KDC calls it otherwise. */
  readonly askedFor: Target | undefined
}

/**
 * The tickets of one client: a credential cache in memory. It keeps the session keys, and disposes of them with itself; what
 * it hands out ends then.
 */
export class TicketStore {
  /** As the KDC calls it, once there is a ticket. */
  client: Principal
  /** How far the KDC's clock was ahead of ours, in milliseconds. */
  timeOffsetMs = 0
  #tickets: StoredTicket[] = []
  readonly #refusals = new Map<string, { readonly error: SspiError; readonly until: number }>()
  /** What else was in the cache: configuration, tickets of encryption types that are not known here. */
  #others: readonly CcacheCredential[] = []

  constructor(client: Principal) {
    this.client = client
  }

  /**
   * Reads a credential cache file.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is none.
   */
  static fromCcache(bytes: Uint8Array): TicketStore {
    const ccache = readCcache(bytes)
    const store = new TicketStore(ccache.defaultPrincipal)
    const offset = ccacheTimeOffset(ccache)
    if (offset !== undefined) store.timeOffsetMs = offset.seconds * 1000 + Math.trunc(offset.microseconds / 1000)
    const others: CcacheCredential[] = []
    store.#others = others
    try {
      for (const credential of ccache.credentials) {
        if (isRemovedCredential(credential)) continue
        const ticket = readEntry(credential, store.timeOffsetMs)
        if (ticket === undefined) others.push(copyEntry(credential))
        else store.add(ticket, askedForIn(credential))
      }
    } catch (error) {
      store.dispose()
      throw error
    }
    return store
  }

  /** The whole store as a credential cache file of version 4. Secret: the caller wipes it. */
  toCcache(): Uint8Array {
    const entries = this.#tickets.flatMap(entriesOf)
    try {
      return writeCcache({
        version: 4,
        byteOrder: 'big',
        header: [makeTimeOffset({ seconds: Math.trunc(this.timeOffsetMs / 1000), microseconds: 0 })],
        defaultPrincipal: this.client,
        credentials: [...this.#others, ...entries],
      })
    } finally {
      for (const entry of entries) entry.key.keyvalue.fill(0)
    }
  }

  /** Every ticket. Not the caller's. */
  get tickets(): readonly ServiceTicket[] {
    return this.#tickets.map(({ ticket }) => ticket)
  }

  /**
   * Keeps a ticket, in the place of an older one for the same; the store takes its key over.
   *
   * @param asked - What was asked for, which may not be what the ticket says.
   */
  add(ticket: ServiceTicket, asked?: Target): void {
    let askedFor = asked !== undefined && isFor(asked, ticket.server, this.client.realm) ? undefined : asked
    const kept: StoredTicket[] = []
    for (const stored of this.#tickets) {
      const same =
        samePrincipal(stored.ticket.server, ticket.server) && samePrincipal(stored.ticket.client, ticket.client)
      if (!same) {
        kept.push(stored)
        continue
      }
      // What it was asked for by stays known when it is renewed, or asked for by its own name.
      askedFor ??= stored.askedFor
      stored.ticket.sessionKey.dispose()
    }
    while (kept.length >= MOST_TICKETS) {
      // The oldest service ticket goes; ticket-granting tickets are what the others come from.
      const index = kept.findIndex((stored) => realmOfKrbtgt(stored.ticket.server.name) === undefined)
      for (const { ticket: gone } of kept.splice(Math.max(index, 0), 1)) gone.sessionKey.dispose()
    }
    kept.push({ ticket, askedFor })
    this.#tickets = kept
  }

  /** Forgets a ticket that has become useless, and disposes of its key. */
  remove({ ticket: { raw } }: ServiceTicket): void {
    const index = this.#tickets.findIndex(({ ticket }) => bytesEqual(ticket.ticket.raw, raw))
    if (index < 0) return
    for (const { ticket } of this.#tickets.splice(index, 1)) ticket.sessionKey.dispose()
  }

  /**
   * A ticket for a service that can be used now. Not the caller's: see `copyTicket`.
   *
   * A service without a realm is one of the client's own realm, or what the KDCs found when it was asked for like that: never
   * one of a realm that somebody named.
   */
  find(target: Target, now: Date, enctypes: readonly number[]): ServiceTicket | undefined {
    return this.#tickets.findLast(
      ({ ticket, askedFor }) =>
        (isFor(target, ticket.server, this.client.realm) ||
          (askedFor !== undefined && sameName(target.name, askedFor.name) && target.realm === askedFor.realm)) &&
        isUsable(ticket, now, enctypes) &&
        // Forwarded tickets are for others.
        samePrincipal(ticket.client, this.client),
    )?.ticket
  }

  /** Remembers for a while that a service is not known. */
  refuse(target: Target, error: SspiError, until: Date): void {
    if (this.#refusals.size >= MOST_REFUSALS) this.#refusals.clear()
    this.#refusals.set(keyOf(target), { error, until: until.getTime() })
  }

  /** What was remembered of a service that is not known. */
  refusal(target: Target, now: Date): SspiError | undefined {
    const refusal = this.#refusals.get(keyOf(target))
    return refusal !== undefined && now.getTime() < refusal.until ? refusal.error : undefined
  }

  /** Overwrites the session keys. */
  dispose(): void {
    for (const { ticket } of this.#tickets) ticket.sessionKey.dispose()
    for (const { key } of this.#others) key.keyvalue.fill(0)
    this.#tickets = []
    this.#others = []
  }
}

/** Whether a ticket is valid, has time left by the KDC's clock, and has a session key that may be used. */
export function isUsable(ticket: ServiceTicket, now: Date, enctypes: readonly number[]): boolean {
  const kdcNow = now.getTime() + ticket.kdcTimeOffsetMs
  return (
    (ticket.flags & TicketFlag.INVALID) === 0 &&
    ticket.endTime.getTime() > kdcNow + LAST_SECONDS * 1000 &&
    enctypes.includes(ticket.sessionKey.enctype)
  )
}

function isFor(target: Target, server: Principal, clientRealm: string): boolean {
  return sameName(target.name, server.name) && server.realm === (target.realm ?? clientRealm)
}

function keyOf({ name, realm }: Target): string {
  return JSON.stringify([realm ?? '', ...name.nameString])
}

/** The empty realm is how MIT writes a name whose realm the KDCs found. */
function askedForIn({ server }: CcacheCredential): Target | undefined {
  return server.realm === '' ? { name: server.name, realm: undefined } : undefined
}

/** The entry of a ticket, and another one with the empty realm when it was asked for without. */
function entriesOf({ ticket, askedFor }: StoredTicket): readonly CcacheCredential[] {
  if (askedFor === undefined || askedFor.realm !== undefined) return [entryOf(ticket)]
  return [entryOf(ticket), { ...entryOf(ticket), server: { realm: '', name: askedFor.name } }]
}

/** The ticket of an entry; `undefined` for configuration, user-to-user tickets, and keys of types that are not known. */
function readEntry(credential: CcacheCredential, kdcTimeOffsetMs: number): ServiceTicket | undefined {
  const { key, client, server, authTime, startTime, endTime, renewTill } = credential
  if (readCcacheConfig(credential) !== undefined || credential.isSkey !== 0) return undefined
  if (!encryptionProfiles.has(key.keytype)) return undefined
  const ticket = decodeDer(new Uint8Array(credential.ticket), readTicket)
  return {
    ticket,
    client,
    server: server.realm === '' ? { realm: ticket.realm, name: ticket.sname } : server,
    sessionKey: new KerberosKey(key.keytype, key.keyvalue),
    flags: credential.ticketFlags,
    authTime: new Date(authTime * 1000),
    startTime: new Date((startTime === 0 ? authTime : startTime) * 1000),
    endTime: new Date(endTime * 1000),
    renewTill: renewTill === 0 ? undefined : new Date(renewTill * 1000),
    kdcTimeOffsetMs,
  }
}

function copyEntry(entry: CcacheCredential): CcacheCredential {
  const { key, ticket, secondTicket } = entry
  return {
    ...entry,
    key: { keytype: key.keytype, keyvalue: new Uint8Array(key.keyvalue) },
    ticket: new Uint8Array(ticket),
    secondTicket: new Uint8Array(secondTicket),
  }
}

function entryOf(ticket: ServiceTicket): CcacheCredential {
  return {
    client: ticket.client,
    server: ticket.server,
    key: { keytype: ticket.sessionKey.enctype, keyvalue: ticket.sessionKey.reveal() },
    authTime: secondsOf(ticket.authTime),
    startTime: secondsOf(ticket.startTime),
    endTime: secondsOf(ticket.endTime),
    renewTill: ticket.renewTill === undefined ? 0 : secondsOf(ticket.renewTill),
    isSkey: 0,
    ticketFlags: ticket.flags,
    addresses: [],
    authorizationData: [],
    ticket: ticket.ticket.raw,
    secondTicket: NOTHING,
  }
}

/** As far as the format has room for it, in 32 bits: whoever made the ticket chose its times. */
function secondsOf(date: Date): number {
  return Math.min(Math.max(Math.floor(date.getTime() / 1000), 0), 0xffff_ffff)
}

const NOTHING = new Uint8Array(0)
