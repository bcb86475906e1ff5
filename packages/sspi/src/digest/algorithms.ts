import { md5, sha256, sha512Of256Bits } from '../crypto/index.js'
import type { DigestHashName } from '../sspi/index.js'

/** The algorithms of RFC 7616 §3.3, and of RFC 2617 before it. */
export type DigestAlgorithmName = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess' | 'SHA-512-256' | 'SHA-512-256-sess'

/** What an algorithm does. */
export interface DigestAlgorithm {
  /** As it is written. */
  readonly name: DigestAlgorithmName
  /** The hash under it: what an account may hold is named by it. */
  readonly hashName: DigestHashName
  /** The hash of parts, one after the other. */
  readonly hash: (...parts: readonly Uint8Array[]) => Uint8Array
  /** Bytes of the hash. */
  readonly hashBytes: number
  /** Whether the nonces of both sides go into H(A1): the key of a session. */
  readonly session: boolean
  /** The higher, the better: a client that is offered several takes the highest. */
  readonly strength: number
}

const HASHES = [
  { hashName: 'MD5', hash: md5, hashBytes: 16, strength: 1 },
  { hashName: 'SHA-256', hash: sha256, hashBytes: 32, strength: 2 },
  { hashName: 'SHA-512-256', hash: sha512Of256Bits, hashBytes: 32, strength: 3 },
] as const

const ALGORITHMS: ReadonlyMap<string, DigestAlgorithm> = new Map(
  HASHES.flatMap((facts): DigestAlgorithm[] => [
    { ...facts, name: facts.hashName, session: false },
    { ...facts, name: `${facts.hashName}-sess`, session: true },
  ]).map((algorithm) => [algorithm.name.toLowerCase(), algorithm]),
)

/** The algorithm of a name, whatever its case; `undefined` for one that is not known here. */
export function findAlgorithm(name: string): DigestAlgorithm | undefined {
  return ALGORITHMS.get(name.toLowerCase())
}

/** The algorithm of a name that is one of ours. */
export function algorithmOf(name: DigestAlgorithmName): DigestAlgorithm {
  return ALGORITHMS.get(name.toLowerCase())! // every name of the type is in the table
}

/** What SASL always uses (RFC 2831 §2.1.1), and what a challenge of HTTP means that names none. */
export const MD5_SESS = algorithmOf('MD5-sess')
/** What HTTP means where no algorithm is named, RFC 7616 §3.3. */
export const MD5 = algorithmOf('MD5')
