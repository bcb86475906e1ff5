import {
  KdcOption,
  KerberosErrorCode,
  krbtgt,
  realmOfHost,
  realmOfKrbtgt,
  type Principal,
  type PrincipalName,
} from '../kerberos/index.js'
import { ask, type KdcEffectful } from './effects.js'
import type { KdcPrincipal } from './principal-entry.js'
import { nextRealms } from './realm-paths.js'
import { Refusal } from './refusal.js'
import type { Turn } from './turn.js'

/** Whom a ticket will be for. */
export interface FoundService {
  readonly entry: KdcPrincipal
  /** As the ticket names it. */
  readonly principal: Principal
}

/**
 * Finds the service of a TGS-REQ. Where it is in another realm, that is the ticket-granting service of that realm, or of one closer
 * to it: RFC 4120 section 3.3.1 for those that are asked for by name, RFC 6806 section 8 for referrals.
 *
 * @throws `SspiError` `KDC_ERR_S_PRINCIPAL_UNKNOWN`.
 */
export function* findService(turn: Turn, sname: PrincipalName, kdcOptions: number): KdcEffectful<FoundService> {
  const principal: Principal = { realm: turn.realm, name: sname }
  const entry = yield* ask('principal', { principal, as: 'service' })
  if (entry !== undefined) return { entry, principal }
  const realm = realmOfKrbtgt(sname) ?? referralRealm(turn, sname, kdcOptions)
  if (realm !== undefined && realm !== turn.realm) {
    for (const next of nextRealms(turn.policy, turn.realm, realm)) {
      const granting = yield* ask('principal', { principal: krbtgt(next, turn.realm), as: 'service' })
      if (granting !== undefined) return { entry: granting, principal: krbtgt(next, turn.realm) }
    }
  }
  throw new Refusal(KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN, 'there is no such service')
}

/** Where the client lets the KDC say so: the realm of the host in the service's name. */
function referralRealm({ policy }: Turn, { nameString }: PrincipalName, kdcOptions: number): string | undefined {
  const [, host] = nameString
  if ((kdcOptions & KdcOption.CANONICALIZE) === 0 || host === undefined) return undefined
  return realmOfHost(host, policy)
}
