import { findAlgorithm, MD5, type DigestAlgorithm } from '../algorithms.js'
import { CIPHERS, findCipher, type CipherFacts } from '../ciphers.js'
import type { Qop } from '../computations.js'
import { DEFAULT_SASL_BUFFER } from '../constants.js'
import {
  byName,
  malformed,
  readDirectives,
  readSchemes,
  writeDirectives,
  type Directive,
  type WrittenDirective,
} from '../directives.js'
import { bytesOf, octetsOf } from '../octets.js'
import { oneOrNone, readBoolean, readList, readUnsigned } from './fields.js'

/** A server's challenge for HTTP, RFC 7616 §3.3. Strings are octets: they are given back and hashed as they came. */
export interface HttpChallenge {
  /** Which accounts the server means: goes into each hash, and is shown to people. */
  readonly realm: string
  /** What the response must be made for: the server alone knows what is in it. */
  readonly nonce: string
  /** Given back by the client as it is; `undefined` for none. */
  readonly opaque: string | undefined
  /** The request before was refused for its nonce alone. */
  readonly stale: boolean
  /** The algorithm of the hashes; MD5 where none was named. */
  readonly algorithm: DigestAlgorithm
  /** Empty for the form of RFC 2069. */
  readonly qop: readonly Qop[]
  /** Whether the server takes names in UTF-8. */
  readonly utf8: boolean
  /** Whether the server takes hashes of names. */
  readonly userhash: boolean
}

/** A server's challenge for SASL, RFC 2831 §2.1.1. Strings are octets. */
export interface SaslChallenge {
  /** May be empty: the client says which then. */
  readonly realms: readonly string[]
  /** What the response must be made for. */
  readonly nonce: string
  /** The nonce of a subsequent authentication was refused, and nothing else. */
  readonly stale: boolean
  /** Which protections the server offers; `auth` where it named none. */
  readonly qop: readonly Qop[]
  /** Whether the server takes names and passwords in UTF-8; else in ISO 8859-1. */
  readonly utf8: boolean
  /** The longest packet that the server reads, in bytes. */
  readonly maxbuf: number
  /** Those that are known here, best first. */
  readonly ciphers: readonly CipherFacts[]
}

const CHALLENGE = 'Digest challenge'
const QOPS: readonly Qop[] = ['auth', 'auth-int', 'auth-conf']

/**
 * Reads the challenges of a server: the values of its WWW-Authenticate fields, with commas between them, or what stands behind
 * the word Digest in one of them. Other schemes, and algorithms that are not known here, are passed over.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when they do not parse, or there is none.
 */
export function readHttpChallenges(token: Uint8Array): readonly HttpChallenge[] {
  const found = readSchemes(token, CHALLENGE).filter(({ scheme }) => scheme === undefined || scheme === 'digest')
  const challenges = found.flatMap(({ directives }) => readHttpChallenge(directives))
  if (challenges.length === 0) throw malformed(CHALLENGE, 'none, or none with an algorithm that is known here')
  return challenges
}

function readHttpChallenge(directives: readonly Directive[]): readonly HttpChallenge[] {
  const fields = byName(
    directives,
    {
      realm: 'once',
      nonce: 'once',
      opaque: 'once',
      stale: 'once',
      algorithm: 'once',
      qop: 'once',
      charset: 'once',
      userhash: 'once',
    },
    CHALLENGE,
  )
  const named = oneOrNone(fields, 'algorithm')
  const algorithm = named === undefined ? MD5 : findAlgorithm(named)
  if (algorithm === undefined) return []
  const realm = oneOrNone(fields, 'realm')
  const nonce = oneOrNone(fields, 'nonce')
  if (realm === undefined) throw malformed(CHALLENGE, 'realm: missing')
  if (nonce === undefined) throw malformed(CHALLENGE, 'nonce: missing')
  const qop = oneOrNone(fields, 'qop')
  const known = qop === undefined ? [] : readQop(qop)
  // RFC 7616 §3.3: unknown ones are passed over. With nothing else, the server wants what nobody here can do.
  if (qop !== undefined && known.length === 0) return []
  return [
    {
      realm,
      nonce,
      opaque: oneOrNone(fields, 'opaque'),
      stale: readBoolean(fields, 'stale'),
      algorithm,
      qop: known.filter((each) => each !== 'auth-conf'),
      utf8: oneOrNone(fields, 'charset')?.toLowerCase() === 'utf-8',
      userhash: readBoolean(fields, 'userhash'),
    },
  ]
}

function readQop(value: string): readonly Qop[] {
  const names = readList(value)
  return QOPS.filter((qop) => names.includes(qop))
}

/**
 * Reads the challenge of a SASL server.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse, or is for another algorithm than `md5-sess`.
 */
export function readSaslChallenge(token: Uint8Array): SaslChallenge {
  const fields = byName(
    readDirectives(token, CHALLENGE),
    {
      realm: 'many',
      nonce: 'once',
      qop: 'once',
      stale: 'once',
      maxbuf: 'once',
      charset: 'once',
      algorithm: 'once',
      cipher: 'once',
    },
    CHALLENGE,
  )
  const nonce = oneOrNone(fields, 'nonce')
  if (nonce === undefined) throw malformed(CHALLENGE, 'nonce: missing')
  if (oneOrNone(fields, 'algorithm')?.toLowerCase() !== 'md5-sess') {
    throw malformed(CHALLENGE, 'algorithm: not md5-sess')
  }
  const qop = readQop(oneOrNone(fields, 'qop') ?? 'auth')
  if (qop.length === 0) throw malformed(CHALLENGE, 'qop: none that is known here')
  const names = readList(oneOrNone(fields, 'cipher') ?? '')
  return {
    realms: (fields.get('realm') ?? []).map(({ value }) => value),
    nonce,
    stale: readBoolean(fields, 'stale'),
    qop,
    utf8: oneOrNone(fields, 'charset')?.toLowerCase() === 'utf-8',
    maxbuf: readUnsigned(fields, 'maxbuf', CHALLENGE) ?? DEFAULT_SASL_BUFFER,
    ciphers: CIPHERS.filter((cipher) => names.some((name) => findCipher(name) === cipher)),
  }
}

/**
 * Writes challenges as the value of one WWW-Authenticate field, without the word Digest in front of the first: what Windows'
 * tokens are too. {@link splitChallenges} takes them apart for fields of their own.
 */
export function writeHttpChallenges(challenges: readonly HttpChallenge[]): Uint8Array {
  return bytesOf(challenges.map((challenge) => octetsOf(writeHttpChallenge(challenge))).join(', Digest '))
}

function writeHttpChallenge(challenge: HttpChallenge): Uint8Array {
  const { realm, nonce, opaque, stale, algorithm, qop, utf8, userhash } = challenge
  return writeDirectives(
    [
      quoted('realm', realm),
      bare('algorithm', algorithm.name),
      quoted('qop', qop.join(',')),
      quoted('nonce', nonce),
      quoted('opaque', opaque),
      bare('stale', stale ? 'true' : undefined),
      bare('charset', utf8 ? 'UTF-8' : undefined),
      // Said either way: from `false` clients know that RFC 7616 is spoken here, and so that they may send username* (neon).
      bare('userhash', String(userhash)),
    ],
    ', ',
  )
}

/** Writes the challenge of a SASL server. */
export function writeSaslChallenge(challenge: SaslChallenge): Uint8Array {
  const { realms, nonce, stale, qop, utf8, maxbuf, ciphers } = challenge
  return writeDirectives(
    [
      ...realms.map((realm) => quoted('realm', realm)),
      quoted('nonce', nonce),
      quoted('qop', qop.join(',')),
      bare('stale', stale ? 'true' : undefined),
      bare('maxbuf', maxbuf === DEFAULT_SASL_BUFFER ? undefined : String(maxbuf)),
      bare('charset', utf8 ? 'utf-8' : undefined),
      bare('algorithm', 'md5-sess'),
      quoted('cipher', ciphers.length === 0 ? undefined : ciphers.map(({ name }) => name).join(',')),
    ],
    ',',
  )
}

/**
 * The challenges of an HTTP token, each as the value of a WWW-Authenticate field of its own, with the word Digest. Some clients
 * read only one challenge in a field, and take the first field that they understand.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when the token is not one.
 */
export function splitChallenges(token: Uint8Array): readonly string[] {
  return readHttpChallenges(token).map((challenge) => `Digest ${octetsOf(writeHttpChallenge(challenge))}`)
}

/** A directive with a quoted value. */
export function quoted(name: string, value: string | undefined): WrittenDirective {
  return { name, value, quoted: true }
}

/** A directive without quotes. */
export function bare(name: string, value: string | undefined): WrittenDirective {
  return { name, value, quoted: false }
}
