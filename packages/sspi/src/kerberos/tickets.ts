import { MICROSOFT_KERBEROS_NAME } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { KdcOption, KerberosErrorCode, TicketFlag } from './constants.js'
import { acquireKerberosCredential } from './credential.js'
import { perform, type Effectful } from './effect-run.js'
import type { ArmorSource } from './kdc-exchange/as-armor.js'
import { obtainInitialTicket } from './kdc-exchange/as-exchange.js'
import { isKdcError } from './kdc-exchange/kdc-errors.js'
import { RealmPath } from './kdc-exchange/realm-path.js'
import { askTgs } from './kdc-exchange/tgs-exchange.js'
import { askByHostNames } from './host-names.js'
import type { KdcClient, TicketRequest } from './kdc-client.js'
import { formatPrincipal, hostService, krbtgt, realmOfKrbtgt, targetPrincipal, type Target } from './principals.js'
import { copyTicket, type ServiceTicket } from './service-ticket.js'

export type { KdcClient, TicketRequest } from './kdc-client.js'
export type { ServiceTicket } from './service-ticket.js'

/**
 * Obtains a ticket for a service: from the credential's store, else from the KDCs, over as many realms as it takes, with a
 * ticket-granting ticket from the store or for the credential's key. What comes anew goes to the store.
 *
 * @returns The ticket, whose session key is the caller's to dispose of.
 * @throws `SspiError` `SEC_E_TARGET_UNKNOWN` when the name is none, or no KDC knows the service (remembered for
 *   `negativeCacheSeconds`); `SEC_E_KDC_UNABLE_TO_REFER` and `SEC_E_MAX_REFERRALS_EXCEEDED` when the way through the realms is not
 *   allowed, or has no end; otherwise as {@link obtainTgt} and the table of KRB-ERRORs.
 */
export function* obtainServiceTicket(request: TicketRequest): Effectful<ServiceTicket> {
  const { targetName, settings } = request
  const service = hostService(targetName, settings)
  if (service === undefined) return yield* obtainTicketFor(request, targetPrincipal(targetName, settings))
  return yield* askByHostNames(service, settings, (target) => obtainTicketFor(request, target))
}

/** {@link obtainServiceTicket} for a principal. */
export function* obtainTicketFor(client: KdcClient, target: Target): Effectful<ServiceTicket> {
  const { settings, world } = client
  const { store } = client.credential.outbound
  const stored = store.find(target, world.now(), settings.tgsEnctypes)
  if (stored !== undefined) return copyTicket(stored)
  const refusal = store.refusal(target, world.now())
  if (refusal !== undefined) {
    throw new SspiError(refusal.code, `${refusal.message} (remembered)`, { cause: refusal.cause })
  }
  try {
    const ticket = yield* withTgt(client, (tgt) => followTo(client, tgt, target))
    yield* keep(client, ticket, target)
    return ticket
  } catch (error) {
    if (isKdcError(error, KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN) && error instanceof SspiError) {
      store.refuse(target, error, new Date(world.now().getTime() + settings.negativeCacheSeconds * 1000))
    }
    throw error
  }
}

/**
 * Obtains the ticket-granting ticket of the client's realm: from the credential's store, else for its key.
 *
 * @returns The ticket, whose session key is the caller's to dispose of.
 * @throws `SspiError` as {@link obtainInitialTicket}; `SEC_E_NO_CREDENTIALS` when there are tickets only, and none of use.
 */
export function* obtainTgt(client: KdcClient): Effectful<ServiceTicket> {
  const { credential, settings, world } = client
  const { store, keys } = credential.outbound
  // What is asked for by it may be of other types than its own session key.
  const stored = store.find(krbtgt(store.client.realm), world.now(), settings.permittedEnctypes)
  if (stored !== undefined) return copyTicket(stored)
  if (keys.kind === 'none') throw noTgt(client)
  const { ticket } = yield* obtainInitialTicket({ ...client, armor: armorSource(client) })
  store.client = ticket.client
  store.timeOffsetMs = ticket.kdcTimeOffsetMs
  yield* keep(client, ticket)
  return ticket
}

/** Where {@link obtainInitialTicket} gets armour from: the settings' `armor`; `undefined` without one. */
export function armorSource(client: KdcClient): ArmorSource | undefined {
  return client.settings.armor === undefined ? undefined : (realm) => obtainArmorTicket(client, realm)
}

/**
 * Obtains the ticket-granting ticket that armours log-ons at a realm, of the credential in the settings' `armor`. It is opened when
 * it is wanted first, and kept by the client's credential; a ticket cache is looked into again when its tickets have ended.
 *
 * @returns The ticket, whose session key is the caller's to dispose of; `undefined` where the settings have no `armor`.
 * @throws `SspiError` as {@link obtainTgt}, and as the source of the credential's secret.
 */
export function* obtainArmorTicket(client: KdcClient, realm: string): Effectful<ServiceTicket | undefined> {
  const { credential, settings, world } = client
  if (settings.armor === undefined) return undefined
  const target = krbtgt(realm)
  const stored = credential.armor?.outbound.store.find(target, world.now(), settings.tgsEnctypes)
  if (stored !== undefined) return copyTicket(stored)
  if (credential.armor === undefined || credential.armor.outbound.keys.kind === 'none') {
    const value = yield* perform('reveal', {
      value: settings.armor,
      package: MICROSOFT_KERBEROS_NAME,
      use: 'outbound',
      principal: undefined,
      targetName: undefined,
    })
    credential.armor = acquireKerberosCredential({ use: 'outbound', principal: undefined, value }, settings)
  }
  // What armours is not armoured itself: a host's key cannot be guessed.
  const unarmored = { ...settings, armor: undefined, fast: 'available' } as const
  const holder = { credential: credential.armor, settings: unarmored, world }
  if (holder.credential.outbound.store.client.realm === realm) return yield* obtainTgt(holder)
  return yield* obtainTicketFor(holder, target)
}

/**
 * Obtains a forwarded ticket-granting ticket, to be delegated to a server: RFC 4120 section 5.4.1, `FORWARDED`.
 *
 * @returns The ticket, whose session key is the caller's to dispose of.
 * @throws `SspiError` `SEC_E_DELEGATION_REQUIRED` when the client's own is not forwardable; otherwise as {@link obtainTgt} and the
 *   table of KRB-ERRORs.
 */
export function* obtainForwardedTgt(client: KdcClient): Effectful<ServiceTicket> {
  const kdcOptions = KdcOption.FORWARDED | KdcOption.FORWARDABLE
  return yield* withTgt(client, (tgt) => {
    if ((tgt.flags & TicketFlag.FORWARDABLE) !== 0) {
      return askTgs(client, tgt, { server: krbtgt(tgt.server.realm).name, kdcOptions })
    }
    const who = formatPrincipal(tgt.client)
    throw new SspiError(
      'SEC_E_DELEGATION_REQUIRED',
      `Kerberos: the ticket of ${who} is not forwardable; set \`forwardable\``,
    )
  })
}

/**
 * Renews the ticket-granting ticket while it lasts: RFC 4120 section 3.3.1, `RENEW`. The new one takes its place.
 *
 * @returns The ticket, whose session key is the caller's to dispose of.
 * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when it is not renewable, or there is none.
 */
export function* renewTgt(client: KdcClient): Effectful<ServiceTicket> {
  const tgt = yield* obtainTgt(client)
  try {
    const { renewTill } = tgt
    if ((tgt.flags & TicketFlag.RENEWABLE) !== 0 && renewTill !== undefined) {
      return yield* replaceTgt(client, tgt, KdcOption.RENEW | KdcOption.RENEWABLE, renewTill)
    }
    const who = formatPrincipal(tgt.client)
    throw new SspiError('SEC_E_NO_CREDENTIALS', `Kerberos: the ticket of ${who} is not renewable`)
  } finally {
    tgt.sessionKey.dispose()
  }
}

/**
 * Validates a postdated ticket whose time has come: RFC 4120 section 3.3.1, `VALIDATE`. The new one takes its place.
 *
 * @param tgt - With its `INVALID` flag set. Stays the caller's.
 * @returns The ticket, whose session key is the caller's to dispose of.
 */
export function* validateTgt(client: KdcClient, tgt: ServiceTicket): Effectful<ServiceTicket> {
  return yield* replaceTgt(client, tgt, KdcOption.VALIDATE, tgt.endTime)
}

function* replaceTgt(client: KdcClient, tgt: ServiceTicket, kdcOptions: number, till: Date): Effectful<ServiceTicket> {
  const ticket = yield* askTgs(client, tgt, { server: tgt.server.name, kdcOptions, till, rtime: tgt.renewTill })
  yield* keep(client, ticket)
  return ticket
}

/** What says that a ticket-granting ticket has become useless: the KDC's keys have changed, or its clock says so. */
const STALE: readonly number[] = [
  KerberosErrorCode.KRB_AP_ERR_TKT_EXPIRED,
  KerberosErrorCode.KRB_AP_ERR_BADKEYVER,
  KerberosErrorCode.KRB_AP_ERR_NOKEY,
  KerberosErrorCode.KRB_AP_ERR_MODIFIED,
  KerberosErrorCode.KDC_ERR_TGT_REVOKED,
]

/** Does something with the ticket-granting ticket; with a new one, once, when the old one has become useless. */
function* withTgt<T>(client: KdcClient, use: (tgt: ServiceTicket) => Effectful<T>): Effectful<T> {
  const { store, keys } = client.credential.outbound
  for (let attempt = 0; ; attempt++) {
    const tgt = yield* obtainTgt(client)
    try {
      return yield* use(tgt)
    } catch (error) {
      const useless = STALE.some((code) => isKdcError(error, code))
      if (!useless || keys.kind === 'none' || attempt > 0) throw error
      store.remove(tgt)
    } finally {
      tgt.sessionKey.dispose()
    }
  }
}

function* followTo(client: KdcClient, tgt: ServiceTicket, target: Target): Effectful<ServiceTicket> {
  const path = new RealmPath(client, tgt)
  try {
    if (target.realm !== undefined) yield* path.goTo(target.realm)
    return yield* path.ask(target)
  } finally {
    path.dispose()
  }
}

/** Puts a copy of a ticket into the store, and hands the store to whoever keeps it. */
function* keep({ credential }: KdcClient, ticket: ServiceTicket, askedFor?: Target): Effectful<void> {
  const { store, save } = credential.outbound
  store.add(copyTicket(ticket), askedFor)
  if (save === undefined) return
  let saved = false
  const cache = store.toCcache()
  try {
    yield* perform('keepTickets', { cache, save })
    saved = true
  } finally {
    cache.fill(0)
    // Whoever cannot be given the ticket has no use for it: the exchange is over.
    if (!saved) ticket.sessionKey.dispose()
  }
}

function noTgt({ credential, world }: KdcClient): SspiError {
  const { store } = credential.outbound
  const who = formatPrincipal(store.client)
  const old = store.tickets.findLast(({ server }) => realmOfKrbtgt(server.name) === store.client.realm)
  const why =
    old === undefined
      ? 'has no ticket-granting ticket'
      : old.endTime <= world.now()
        ? `has a ticket-granting ticket that ended at ${old.endTime.toISOString()}`
        : 'has a ticket-granting ticket that cannot be used (about to end, not valid yet, or of an encryption type not allowed)'
  return new SspiError(
    'SEC_E_NO_CREDENTIALS',
    `Kerberos: ${who} ${why}, and no key to get another; log on again (kinit)`,
  )
}
