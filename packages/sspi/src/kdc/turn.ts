import { encryptionProfiles, KerberosErrorCode, LAST_TIME_MS, type KerberosKey } from '../kerberos/index.js'
import type { KdcEvent } from './events.js'
import type { KdcPeer } from './peer.js'
import type { KdcPolicy } from './policy.js'
import { currentKeys, type KdcPrincipal, type PrincipalKey } from './principal-entry.js'
import { Refusal } from './refusal.js'

/** One request, and what the KDC knows when it answers: the clock is read once. */
export interface Turn {
  /** The KDC's realm. */
  readonly realm: string
  /** What it allows. */
  readonly policy: KdcPolicy
  /** The time. */
  readonly now: Date
  /** Whom the request came from. */
  readonly from: KdcPeer
  /** Unpredictable bytes, the caller's own. */
  random(length: number): Uint8Array
  /** Tells what happened. */
  emit(event: KdcEvent): void
}

/** Encrypts under a key with a confounder of the world's. */
export function encrypt(turn: Turn, key: KerberosKey, usage: number, plaintext: Uint8Array): Uint8Array {
  return key.encrypt(usage, plaintext, turn.random(key.profile.confounderBytes))
}

/** Now, in whole seconds as messages have it. */
export function wholeSeconds(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000)
}

/** A time so many seconds later; the last that messages have room for, instead of one that is later still. */
export function later(time: Date, seconds: number): Date {
  return new Date(Math.min(time.getTime() + seconds * 1000, LAST_TIME_MS))
}

/** The client's keys that the request and the policy allow, in the order of the request: RFC 4120 section 3.1.3. */
export function negotiableKeys(turn: Turn, etypes: readonly number[], client: KdcPrincipal): readonly PrincipalKey[] {
  const keys = currentKeys(client)
  return [...new Set(etypes)].flatMap((etype) => {
    const found = turn.policy.enctypes.includes(etype) ? keys.find(({ key }) => key.enctype === etype) : undefined
    return found === undefined ? [] : [found]
  })
}

/** The key that a service's tickets are encrypted in: whatever the client likes, as it is the service that reads them. */
export function ticketKey(turn: Turn, service: KdcPrincipal): PrincipalKey {
  const keys = currentKeys(service)
  const found = keys.find(({ key }) => turn.policy.enctypes.includes(key.enctype))
  if (found !== undefined) return found
  throw new Refusal(
    keys.length === 0 ? KerberosErrorCode.KDC_ERR_NULL_KEY : KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    'the service has no key of an encryption type that is permitted',
  )
}

/** The encryption type of the session key: the first of the request that KDC and service know. */
export function sessionEnctype(turn: Turn, etypes: readonly number[], service: KdcPrincipal): number {
  const known = service.attributes.sessionEnctypes ?? currentKeys(service).map(({ key }) => key.enctype)
  const found = etypes.find((etype) => turn.policy.enctypes.includes(etype) && known.includes(etype))
  if (found !== undefined && encryptionProfiles.has(found)) return found
  throw new Refusal(
    KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    'no encryption type of the request is one of the service and permitted',
  )
}
