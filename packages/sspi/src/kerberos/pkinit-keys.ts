import { Writer } from '../bytes/index.js'
import { secretBytes, sha1, sha256, sha384, sha512, wipe } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { encryptionProfile, KerberosKey } from './enctypes/index.js'
import { encodeDer, writeKrb5PrincipalName, writePkinitOtherInfo, writePkinitSuppPubInfo } from './messages/index.js'
import type { Principal } from './principals.js'

/** Key derivation functions of PKINIT by their object identifiers, RFC 8636 section 6: the hash under each. */
export const PKINIT_KDFS: ReadonlyMap<string, (...parts: readonly Uint8Array[]) => Uint8Array> = new Map([
  ['1.3.6.1.5.2.3.6.1', sha1],
  ['1.3.6.1.5.2.3.6.2', sha256],
  ['1.3.6.1.5.2.3.6.3', sha512],
  ['1.3.6.1.5.2.3.6.4', sha384],
])

/** What the reply key of PKINIT is derived from, RFC 8636 section 4. */
export interface PkinitKdfInput {
  /** The object identifier of the function that both know. */
  readonly kdf: string
  /** The encryption type of the key wanted. */
  readonly enctype: number
  /** The Diffie-Hellman shared secret, as long as the modulus. Left as it is. */
  readonly sharedSecret: Uint8Array
  readonly client: Principal
  /** The ticket-granting service. */
  readonly server: Principal
  /** The AS-REQ as it was sent. */
  readonly asReq: Uint8Array
  /** The PA-PK-AS-REP as it came. */
  readonly pkAsRep: Uint8Array
}

/**
 * The reply key by the algorithm-agile derivation, RFC 8636 section 4: a hash of a counter, the secret, and what the exchange
 * was about.
 *
 * @returns A new key, which the caller disposes of.
 * @throws {@link SspiError} `SEC_E_UNSUPPORTED_FUNCTION` for a function that is not known; `SEC_E_KDC_UNKNOWN_ETYPE` likewise.
 */
export function pkinitKdfKey(input: PkinitKdfInput): KerberosKey {
  const hash = PKINIT_KDFS.get(input.kdf)
  if (hash === undefined) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `PKINIT: key derivation function ${input.kdf} is not known`)
  }
  const otherInfo = pkinitOtherInfo(input)
  return keyOfBlocks(input.enctype, (counter) =>
    // Its counter has 32 bits and begins with 1.
    hash(new Writer().u32be(counter + 1).finish(), input.sharedSecret, otherInfo),
  )
}

/** The OtherInfo of {@link pkinitKdfKey}, RFC 8636 section 4. */
export function pkinitOtherInfo({ kdf, enctype, client, server, asReq, pkAsRep }: PkinitKdfInput): Uint8Array {
  return encodeDer(
    {
      algorithmId: { algorithm: kdf },
      partyUInfo: encodeDer({ realm: client.realm, principalName: client.name }, writeKrb5PrincipalName),
      partyVInfo: encodeDer({ realm: server.realm, principalName: server.name }, writeKrb5PrincipalName),
      suppPubInfo: encodeDer({ enctype, asReq, pkAsRep }, writePkinitSuppPubInfo),
    },
    writePkinitOtherInfo,
  )
}

/**
 * The reply key by octetstring2key, RFC 4556 section 3.2.3.1: SHA-1 of a counter and the octets, over and over.
 *
 * @param octets - The shared secret, as long as the modulus, with the nonces of client and KDC behind it where both have sent
 *   one. Left as they are.
 * @returns A new key, which the caller disposes of.
 * @throws {@link SspiError} `SEC_E_KDC_UNKNOWN_ETYPE` for an encryption type that is not known.
 */
export function octetString2Key(enctype: number, ...octets: readonly Uint8Array[]): KerberosKey {
  return keyOfBlocks(enctype, (counter) => sha1(Uint8Array.of(counter), ...octets))
}

/** A key of as many blocks as its seed takes. */
function keyOfBlocks(enctype: number, block: (counter: number) => Uint8Array): KerberosKey {
  const seed = secretBytes(encryptionProfile(enctype).seedBytes)
  for (let at = 0, counter = 0; at < seed.length; counter++) {
    const bytes = block(counter)
    seed.set(bytes.subarray(0, seed.length - at), at)
    at += bytes.length
    wipe(bytes)
  }
  const key = KerberosKey.fromSeed(enctype, seed)
  wipe(seed)
  return key
}
