import { KerberosErrorCode } from '../kerberos/index.js'
import type { KdcPolicy } from './policy.js'
import type { KdcPrincipal } from './principal-entry.js'
import { Refusal } from './refusal.js'
import { later, type Turn } from './turn.js'

/** Refuses a client that may not log on now: RFC 4120 section 3.1.3. */
export function checkClient(turn: Turn, client: KdcPrincipal): void {
  const { disabled, validFrom, expires } = client.attributes
  if (disabled === true) throw new Refusal(KerberosErrorCode.KDC_ERR_CLIENT_REVOKED, 'the client is disabled')
  if (isLocked(turn, client)) throw new Refusal(KerberosErrorCode.KDC_ERR_CLIENT_REVOKED, 'the client is locked')
  if (isBefore(turn, validFrom)) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_CLIENT_NOTYET, 'the client is not valid yet')
  }
  if (isOver(turn, expires)) throw new Refusal(KerberosErrorCode.KDC_ERR_NAME_EXP, 'the client has expired')
}

/** Refuses a client whose password must be changed first, but for the service that changes it. */
export function checkPassword(turn: Turn, client: KdcPrincipal, service: KdcPrincipal): void {
  if (service.attributes.changesPasswords === true) return
  if (client.attributes.mustChangePassword === true || isOver(turn, passwordExpiry(turn.policy, client))) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_KEY_EXPIRED, 'the password has expired')
  }
}

/** Refuses a service that gets no tickets now: RFC 4120 sections 3.1.3 and 3.3.3. */
export function checkService(turn: Turn, service: KdcPrincipal, userToUser: boolean): void {
  const { disabled, validFrom, expires } = service.attributes
  if (disabled === true) throw new Refusal(KerberosErrorCode.KDC_ERR_SERVICE_REVOKED, 'the service is disabled')
  if (isBefore(turn, validFrom)) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_SERVICE_NOTYET, 'the service is not valid yet')
  }
  if (isOver(turn, expires)) throw new Refusal(KerberosErrorCode.KDC_ERR_SERVICE_EXP, 'the service has expired')
  if (service.attributes.service === false && !userToUser) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_MUST_USE_USER2USER, 'the service takes user-to-user tickets only')
  }
}

/** Whether too many log-ons have failed. */
export function isLocked({ policy, now }: Turn, { failures }: KdcPrincipal): boolean {
  const { lockout } = policy
  if (lockout.failures === 0 || failures === undefined || failures.count < lockout.failures) return false
  return now.getTime() < failures.last.getTime() + lockout.lockSeconds * 1000
}

/** When the password expires: as the entry says, else as long after its change as the policy says. */
export function passwordExpiry(
  { passwords }: KdcPolicy,
  { attributes, passwordChanged }: KdcPrincipal,
): Date | undefined {
  if (attributes.passwordExpires !== undefined) return attributes.passwordExpires
  if (passwords.maximumAgeSeconds === 0 || passwordChanged === undefined) return undefined
  return later(passwordChanged, passwords.maximumAgeSeconds)
}

function isBefore({ now }: Turn, time: Date | undefined): boolean {
  return time !== undefined && now.getTime() < time.getTime()
}

function isOver({ now }: Turn, time: Date | undefined): boolean {
  return time !== undefined && now.getTime() >= time.getTime()
}
