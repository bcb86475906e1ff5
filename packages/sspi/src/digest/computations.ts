import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import type { DigestAlgorithm } from './algorithms.js'
import { bytesOf, hexBytes } from './octets.js'

/** The qualities of protection: RFC 7616 §3.3 and RFC 2831 §2.1.1. */
export type Qop = 'auth' | 'auth-int' | 'auth-conf'

/** H(user ":" realm ":" password), each in the form in which it is hashed: what A1 comes from, RFC 7616 §3.4.2. */
export function hashA1(
  algorithm: DigestAlgorithm,
  user: Uint8Array,
  realm: Uint8Array,
  password: Uint8Array,
): SecretBytes {
  return secret(algorithm.hash(user, COLON, realm, COLON, password))
}

/** The two protocols that Digest is. */
export type DigestForm = 'http' | 'sasl'

/** The nonces that the key of a session is bound to. */
export interface SessionNonces {
  /** Octets. */
  readonly nonce: string
  /** Octets; empty where there is none. */
  readonly cnonce: string
  /** RFC 2831 §2.1.2.1: whom the client wants to act as. Default: it does not say. */
  readonly authzid?: string | undefined
}

/**
 * H(A1): for algorithms with a session, the hash of {@link hashA1} and the nonces; else a copy of it.
 *
 * @param form - Into A1 goes the hash itself with SASL (RFC 2831 §2.1.2.1), its hexadecimal digits with HTTP (RFC 7616 §3.4.2,
 *   where H gives digits).
 */
export function sessionA1(
  algorithm: DigestAlgorithm,
  base: Uint8Array,
  nonces: SessionNonces,
  form: DigestForm,
): SecretBytes {
  if (!algorithm.session) return secretFrom(base)
  const { nonce, cnonce, authzid } = nonces
  const tail = authzid === undefined ? `:${nonce}:${cnonce}` : `:${nonce}:${cnonce}:${authzid}`
  const head = form === 'sasl' ? secretFrom(base) : hexBytes(base)
  try {
    return secret(algorithm.hash(head, bytesOf(tail)))
  } finally {
    wipe(head)
  }
}

/** The nonces of a client's response, as the key of its session takes them. */
export function noncesOf({ nonce, use }: Pick<ResponseParts, 'nonce' | 'use'>): SessionNonces {
  return { nonce, cnonce: use?.cnonce ?? '' }
}

/** What a response is made over, beside H(A1). All are octets. */
export interface ResponseParts {
  readonly nonce: string
  /** `undefined` for the form of RFC 2069, which protects less. */
  readonly use: { readonly qop: Qop; readonly cnonce: string; readonly count: number } | undefined
  /** `GET`, `AUTHENTICATE`; empty for the server's own proof. */
  readonly method: string
  readonly uri: string
  /** H(entity-body) in hexadecimal digits, with `auth-int` and `auth-conf`. */
  readonly entityHash?: string | undefined
}

/** The value of `response`, or of `rspauth` when the method is empty: RFC 7616 §3.4.1, as hexadecimal digits. */
export function responseDigits(algorithm: DigestAlgorithm, ha1: Uint8Array, parts: ResponseParts): Uint8Array {
  const { nonce, use, method, uri, entityHash } = parts
  const a2 = use === undefined || use.qop === 'auth' ? `${method}:${uri}` : `${method}:${uri}:${entityHash ?? ''}`
  const ha2 = hexBytes(algorithm.hash(bytesOf(a2)))
  const middle = use === undefined ? `:${nonce}:` : `:${nonce}:${countDigits(use.count)}:${use.cnonce}:${use.qop}:`
  const key = hexBytes(ha1)
  const response = hexBytes(algorithm.hash(key, bytesOf(middle), ha2))
  wipe(key)
  const digits = new Uint8Array(response)
  wipe(response)
  wipe(ha2)
  return digits
}

/** A nonce count as it is written and hashed: eight digits. */
export function countDigits(count: number): string {
  return count.toString(16).padStart(8, '0')
}

/** What takes the place of H(entity-body) in SASL: RFC 2831 §2.1.2.1. */
export const NO_ENTITY_HASH = '0'.repeat(32)

const COLON = Uint8Array.of(0x3a)

function secret(bytes: Uint8Array): SecretBytes {
  const copy = secretFrom(bytes)
  wipe(bytes)
  return copy
}
