import { encodeUtf8 } from '../../bytes/index.js'
import { md5, sha256, sha512Of256Bits } from '../../crypto/index.js'
import type { DigestHashName } from '../../sspi/index.js'

/** What a server needs to know of a password to accept it by Digest in one realm. */
export interface DigestHashes {
  /** The realm that the server names in its challenges, spelt alike. */
  readonly realm: string
  /** H(A1) by algorithm: at least one. A client that answers by another one is refused. */
  readonly hashes: Readonly<Partial<Record<DigestHashName, Uint8Array>>>
}

/** How long each hash is, in bytes. */
export const DIGEST_HASH_LENGTHS: Readonly<Record<DigestHashName, number>> = {
  MD5: 16,
  'SHA-256': 32,
  'SHA-512-256': 32,
}

const DIGESTS: Readonly<Record<DigestHashName, (bytes: Uint8Array) => Uint8Array>> = {
  MD5: md5,
  'SHA-256': sha256,
  'SHA-512-256': sha512Of256Bits,
}

/** H(name ":" realm), by which a client hides its name (RFC 7616 §3.4.4). */
export function nameHash(algorithm: DigestHashName, name: string, realm: string): Uint8Array {
  return DIGESTS[algorithm](encodeUtf8(`${name.normalize('NFC')}:${realm}`))
}

/**
 * The hashes of a password for Digest: each over `user:realm:password` in UTF-8, name and password in normal form C (RFC
 * 7616 §3.4.2, §4).
 *
 * @param user - As clients will write it, letter by letter; without the domain when it is to be put into an account.
 * @returns One hash for each algorithm, the caller's. Each is as good as the password in that realm.
 */
export function digestHashesOf(user: string, realm: string, password: string): DigestHashes {
  const text = encodeUtf8(`${user.normalize('NFC')}:${realm}:${password.normalize('NFC')}`)
  const hashes = { MD5: md5(text), 'SHA-256': sha256(text), 'SHA-512-256': sha512Of256Bits(text) }
  text.fill(0)
  return { realm, hashes }
}

/** A copy whose bytes are its own. */
export function copyDigestHashes({ realm, hashes }: DigestHashes): DigestHashes {
  const copies = Object.entries(hashes).map(([name, hash]) => [name, new Uint8Array(hash)] as const)
  return { realm, hashes: Object.fromEntries(copies) }
}
