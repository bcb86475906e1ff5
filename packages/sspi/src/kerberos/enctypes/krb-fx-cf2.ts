import { wipe } from '../../crypto/index.js'
import { KerberosKey } from './kerberos-key.js'

/**
 * KRB-FX-CF2 of RFC 6113 section 5.1: makes one key of two, so that who has only one of them does not have it.
 *
 * @param pepper1 - Goes with the first key; `pepper2` with the second. ASCII names in the RFC.
 * @returns A new key of the first one's encryption type, which the caller disposes of.
 */
export function krbFxCf2(key1: KerberosKey, key2: KerberosKey, pepper1: Uint8Array, pepper2: Uint8Array): KerberosKey {
  const { seedBytes } = key1.profile
  const seed = key1.prfPlus(pepper1, seedBytes)
  const other = key2.prfPlus(pepper2, seedBytes)
  for (let i = 0; i < seedBytes; i++) seed[i]! ^= other[i]!
  const key = KerberosKey.fromSeed(key1.enctype, seed)
  wipe(seed)
  wipe(other)
  return key
}
