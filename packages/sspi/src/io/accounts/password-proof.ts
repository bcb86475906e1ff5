import { encodeUtf8 } from '../../bytes/index.js'
import { constantTimeEqual, fipsEnabled, randomBytes, sha256, wipe } from '../../crypto/index.js'
import type { Account } from '../../sspi/index.js'
import { ntHashOf } from './account-entry.js'
import { digestHashesOf } from './digest-hashes.js'

/**
 * Whether a password is an account's own, whichever form of it the account has. The same work is done for every form, and for nobody.
 *
 * @param account - As a database has found it; `undefined` for nobody. Whether it is enabled is the caller's to ask.
 */
export function isPasswordOf(account: Account | undefined, password: string): boolean {
  const secret = account?.secret
  const decoy = randomBytes(32)
  const asPassword = secret?.kind === 'password' ? sha256(encodeUtf8(secret.password)) : sha256(decoy)
  const samePassword = equalAndWiped(sha256(encodeUtf8(password)), asPassword)
  const sameNtHash = equalAndWiped(
    ntHashOf(password),
    secret?.kind === 'nt-hash' ? secret.ntHash.slice() : decoy.slice(16),
  )
  const sameDigest = isDigestOf(account, password)
  switch (secret?.kind) {
    case 'password':
      return samePassword
    case 'nt-hash':
      return sameNtHash
    case 'digest':
      return sameDigest
    case undefined:
      return false
  }
}

/** Each hash that is kept must be right: whoever found a collision of MD5 has not the others. */
function isDigestOf(account: Account | undefined, password: string): boolean {
  // Where MD5 is not to be had there are no such accounts.
  if (fipsEnabled()) return false
  const secret = account?.secret.kind === 'digest' ? account.secret : { realm: '', hashes: {} }
  const { hashes } = digestHashesOf(account?.identity.name ?? '', secret.realm, password)
  const kept = Object.entries(secret.hashes) as [keyof typeof hashes, Uint8Array][]
  const right = kept.map(([name, hash]) => equalAndWiped(hashes[name], hash.slice()))
  for (const hash of Object.values(hashes)) wipe(hash)
  return right.length > 0 && right.every(Boolean)
}

function equalAndWiped(a: Uint8Array | undefined, b: Uint8Array): boolean {
  const equal = a !== undefined && constantTimeEqual(a, b)
  wipe(a)
  wipe(b)
  return equal
}
