import { Writer } from '../bytes/index.js'
import { defaultSalt, encryptionProfile, stringToKey, type Principal } from '../kerberos/index.js'
import { ask, type KdcEffectful } from './effects.js'
import type { PrincipalKey } from './principal-entry.js'

/** What keys to make of a password. */
export interface PasswordKeysOptions {
  /** Whose. The default salt is made of it (RFC 4120 section 4). */
  readonly principal: Principal
  /** In the order of preference. */
  readonly enctypes: readonly number[]
  /** Of PBKDF2, at least 4096. Default: each encryption type's own. */
  readonly iterations?: number | undefined
}

/** Makes the keys of a password, one for each encryption type. They are the caller's. */
export function* passwordKeys(
  password: string,
  { principal, enctypes, iterations }: PasswordKeysOptions,
): KdcEffectful<readonly Omit<PrincipalKey, 'kvno'>[]> {
  const made: Omit<PrincipalKey, 'kvno'>[] = []
  let done = false
  try {
    for (const enctype of enctypes) {
      const stretches = encryptionProfile(enctype).defaultIterations !== undefined
      const s2kparams = stretches && iterations !== undefined ? new Writer(4).u32be(iterations).finish() : undefined
      const salt = defaultSalt(principal)
      const derivation = stringToKey(enctype, password, salt, s2kparams)
      const key =
        derivation.kind === 'key' ? derivation.key : derivation.finish(yield* ask('stretch', derivation.query))
      made.push({ key, salt, s2kparams })
    }
    done = true
    return made
  } finally {
    if (!done) for (const { key } of made) key.dispose()
  }
}
