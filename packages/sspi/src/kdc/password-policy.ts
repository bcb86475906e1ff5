import type { KerberosKey } from '../kerberos/index.js'
import type { KdcPolicy } from './policy.js'
import type { KdcPrincipal, PrincipalKey } from './principal-entry.js'

/** Bytes of a password at most: it is stretched, and goes into a message. */
const LONGEST_PASSWORD = 1_024

const CLASSES: readonly RegExp[] = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[!-/:-@[-`{-~]/, /[^\p{Ll}\p{Lu}\p{Nd}!-~]/u]

/** Why a new password is refused, for its user; `undefined` where nothing is against it. Its keys are looked at later. */
export function objectionToPassword(
  { passwords }: KdcPolicy,
  password: string,
  { principal }: KdcPrincipal,
): string | undefined {
  const { minimumLength, minimumClasses } = passwords
  const { length } = Array.from(password)
  if (length < minimumLength || length === 0) return `The password must have ${minimumLength} characters at least.`
  if (password.length > LONGEST_PASSWORD) return `The password must have ${LONGEST_PASSWORD} characters at most.`
  const classes = CLASSES.filter((pattern) => pattern.test(password)).length
  if (classes < minimumClasses) {
    return `The password must have characters of ${minimumClasses} kinds at least: small and capital letters, digits, punctuation, others.`
  }
  const isName = principal.name.nameString.some((part) => part.toLowerCase() === password.toLowerCase())
  return isName ? 'The password must not be the name.' : undefined
}

/** Why the password may not be changed yet. */
export function objectionToAge(
  { passwords }: KdcPolicy,
  { passwordChanged, attributes }: KdcPrincipal,
  now: Date,
): string | undefined {
  if (passwordChanged === undefined || attributes.mustChangePassword === true) return undefined
  const from = passwordChanged.getTime() + passwords.minimumAgeSeconds * 1000
  return now.getTime() < from ? 'The password was changed too short a time ago.' : undefined
}

/** Whether the keys of a new password are those of one of the last: those of other salts cannot be told. */
export function isOfHistory(
  { passwords }: KdcPolicy,
  { keys }: KdcPrincipal,
  fresh: readonly Omit<PrincipalKey, 'kvno'>[],
): boolean {
  const newest = keys.reduce((highest, { kvno }) => Math.max(highest, kvno), 0)
  const remembered = keys.filter(({ kvno }) => kvno > newest - passwords.history)
  return remembered.some(({ key }) => fresh.some((other) => isSame(key, other.key)))
}

function isSame(a: KerberosKey, b: KerberosKey): boolean {
  return a.enctype === b.enctype && a.equals(b)
}
