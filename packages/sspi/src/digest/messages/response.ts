import { findAlgorithm, MD5, MD5_SESS, type DigestAlgorithm } from '../algorithms.js'
import { findCipher, type CipherFacts } from '../ciphers.js'
import { countDigits, type DigestForm, type Qop } from '../computations.js'
import { DEFAULT_SASL_BUFFER } from '../constants.js'
import { byName, malformed, readDirectives, readSchemes, writeDirectives } from '../directives.js'
import { bare, quoted } from './challenge.js'
import { oneOrNone, readBoolean, readCount, readUnsigned, type Fields } from './fields.js'

/** Whom a client says it is. */
export type ClaimedUser =
  | {
      readonly kind: 'name'
      /** Octets, as they are quoted or percent-encoded. */
      readonly octets: string
      /** Octets as they stood between the quotes: other than `octets` where there is a backslash. */
      readonly raw: string
      /** Written as `username*`, in UTF-8: RFC 7616 §3.4. */
      readonly extended: boolean
    }
  /** The hash of a name in hexadecimal digits, RFC 7616 §3.4.4. */
  | { readonly kind: 'hash'; readonly digits: string }

/** Channel binding and service as MS-DPSP and draft-santesson-digestbind have them: octets. */
export interface BoundDirectives {
  /** Which directives the hash in `cnonce` covers: `service-name,channel-binding`. */
  readonly hashedDirs: string
  /** The service principal name that the client means, `http/www.example.com`; empty for none. */
  readonly serviceName: string
  /** 32 hexadecimal digits; all zero for none. */
  readonly channelBinding: string
}

/** A client's response: RFC 7616 §3.4, RFC 2831 §2.1.2. Strings are octets unless it says otherwise. */
export interface DigestResponse {
  /** HTTP or SASL: what is hashed differs. */
  readonly form: DigestForm
  /** Whom the client claims to be. */
  readonly user: ClaimedUser
  /** The realm, as it was chosen from the challenge; `undefined` where it was left out, which only SASL allows. */
  readonly realm: string | undefined
  /** The challenge's nonce, given back. */
  readonly nonce: string
  /** `undefined` for the form of RFC 2069. */
  readonly use: { readonly qop: Qop; readonly cnonce: string; readonly count: number } | undefined
  /** `uri`, or `digest-uri` in SASL. */
  readonly uri: string
  /** Hexadecimal digits. */
  readonly response: string
  /** The algorithm of its hashes; MD5 where none was named. */
  readonly algorithm: DigestAlgorithm
  /** The challenge's `opaque`, given back; `undefined` where it was left out. */
  readonly opaque: string | undefined
  /** Whether the client says `charset=utf-8`: what it hashed was in UTF-8. */
  readonly utf8: boolean
  /** Channel binding and service; `undefined` where the client binds to nothing. */
  readonly bound: BoundDirectives | undefined
  /** SASL: the longest packet that the client reads. */
  readonly maxbuf: number
  /** SASL: what messages are to be encrypted with; `undefined` where none was named. */
  readonly cipher: CipherFacts | undefined
  /** SASL: whom the client wants to act as. */
  readonly authzid: string | undefined
}

const RESPONSE = 'Digest response'

const COMMON = {
  username: 'once',
  realm: 'once',
  nonce: 'once',
  cnonce: 'once',
  nc: 'once',
  qop: 'once',
  response: 'once',
  algorithm: 'once',
  opaque: 'once',
  charset: 'once',
  'hashed-dirs': 'once',
  'service-name': 'once',
  'channel-binding': 'once',
} as const
const HTTP = { ...COMMON, uri: 'once', userhash: 'once', 'username*': 'once' } as const
const SASL = { ...COMMON, 'digest-uri': 'once', maxbuf: 'once', cipher: 'once', authzid: 'once' } as const

type Name = keyof typeof HTTP | keyof typeof SASL

/**
 * Reads the value of an Authorization field, with the word Digest in front of it or without.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse; `SEC_E_ALGORITHM_MISMATCH` for an unknown algorithm.
 */
export function readHttpResponse(token: Uint8Array): DigestResponse {
  const [only, ...others] = readSchemes(token, RESPONSE)
  if (only === undefined || others.length > 0) throw malformed(RESPONSE, 'not the directives of one scheme')
  if (only.scheme !== undefined && only.scheme !== 'digest') throw malformed(RESPONSE, 'of another scheme than Digest')
  return readResponse('http', byName<Name>(only.directives, HTTP as never, RESPONSE))
}

/** Reads the response of a SASL client. Errors as for {@link readHttpResponse}. */
export function readSaslResponse(token: Uint8Array): DigestResponse {
  return readResponse('sasl', byName<Name>(readDirectives(token, RESPONSE), SASL as never, RESPONSE))
}

function readResponse(form: DigestForm, fields: Fields<Name>): DigestResponse {
  const realm = oneOrNone(fields, 'realm')
  if (realm === undefined && form === 'http') throw malformed(RESPONSE, 'realm: missing')
  const charset = oneOrNone(fields, 'charset')?.toLowerCase()
  if (charset !== undefined && charset !== 'utf-8') throw malformed(RESPONSE, 'charset: not utf-8')
  const algorithm = readAlgorithm(form, fields)
  const response = oneOrNone(fields, 'response') ?? ''
  if (response.length !== 2 * algorithm.hashBytes || !/^[0-9a-f]*$/.test(response)) {
    throw malformed(RESPONSE, `response: not ${2 * algorithm.hashBytes} lower-case hexadecimal digits`)
  }
  return {
    form,
    user: readUser(fields),
    realm,
    nonce: required(fields, 'nonce'),
    use: readUse(form, fields),
    uri: required(fields, form === 'http' ? 'uri' : 'digest-uri'),
    response,
    algorithm,
    opaque: oneOrNone(fields, 'opaque'),
    utf8: charset !== undefined,
    bound: readBound(fields),
    maxbuf: readUnsigned(fields, 'maxbuf', RESPONSE) ?? DEFAULT_SASL_BUFFER,
    cipher: readCipher(fields),
    authzid: oneOrNone(fields, 'authzid'),
  }
}

function readAlgorithm(form: DigestForm, fields: Fields<Name>): DigestAlgorithm {
  const named = oneOrNone(fields, 'algorithm')
  if (form === 'sasl') {
    if (named !== undefined && named.toLowerCase() !== 'md5-sess') throw malformed(RESPONSE, 'algorithm: not md5-sess')
    return MD5_SESS
  }
  const algorithm = named === undefined ? MD5 : findAlgorithm(named)
  if (algorithm === undefined) throw malformed(RESPONSE, 'algorithm: unknown')
  return algorithm
}

function readUser(fields: Fields<Name>): ClaimedUser {
  const plain = fields.get('username')?.[0]
  const extended = oneOrNone(fields, 'username*')
  if ((plain === undefined) === (extended === undefined)) {
    throw malformed(RESPONSE, 'username: missing, or there in both of its forms')
  }
  const hashed = readBoolean(fields, 'userhash')
  if (extended !== undefined) {
    if (hashed) throw malformed(RESPONSE, 'username*: with userhash')
    const octets = readExtended(extended)
    return { kind: 'name', octets, raw: octets, extended: true }
  }
  const { value, raw } = plain! // one of the two is there
  if (hashed) return { kind: 'hash', digits: value.toLowerCase() }
  return { kind: 'name', octets: value, raw, extended: false }
}

/** RFC 8187 §3.2.1: `UTF-8'language'percent-encoded`. */
function readExtended(value: string): string {
  const encoded = /^utf-8'[^']*'((?:[!#$&+\-.^_`|~0-9A-Za-z]|%[0-9A-Fa-f]{2})*)$/i.exec(value)?.[1]
  if (encoded === undefined) throw malformed(RESPONSE, "username*: not of the form UTF-8''name")
  return encoded.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

function readUse(form: DigestForm, fields: Fields<Name>): DigestResponse['use'] {
  const qop = oneOrNone(fields, 'qop')?.toLowerCase() ?? (form === 'sasl' ? 'auth' : undefined)
  const cnonce = oneOrNone(fields, 'cnonce')
  const count = readCount(fields, 'nc', RESPONSE)
  if (qop === undefined) {
    if (count !== undefined) throw malformed(RESPONSE, 'nc: without qop')
    return undefined
  }
  if (qop !== 'auth' && qop !== 'auth-int' && qop !== 'auth-conf') throw malformed(RESPONSE, 'qop: unknown')
  if (cnonce === undefined || count === undefined) throw malformed(RESPONSE, 'cnonce or nc: missing')
  return { qop, cnonce, count }
}

function readBound(fields: Fields<Name>): BoundDirectives | undefined {
  const hashedDirs = oneOrNone(fields, 'hashed-dirs')
  if (hashedDirs === undefined) return undefined
  return {
    hashedDirs,
    serviceName: oneOrNone(fields, 'service-name') ?? '',
    channelBinding: oneOrNone(fields, 'channel-binding') ?? '',
  }
}

function readCipher(fields: Fields<Name>): CipherFacts | undefined {
  const named = oneOrNone(fields, 'cipher')
  if (named === undefined) return undefined
  const cipher = findCipher(named)
  if (cipher === undefined) throw malformed(RESPONSE, 'cipher: unknown')
  return cipher
}

function required(fields: Fields<Name>, name: Name): string {
  const value = oneOrNone(fields, name)
  if (value === undefined) throw malformed(RESPONSE, `${name}: missing`)
  return value
}

/** Writes a response. @throws `SspiError` `SEC_E_CANNOT_PACK` when a value holds what no header may. */
export function writeResponse(response: DigestResponse): Uint8Array {
  return response.form === 'http' ? writeHttp(response) : writeSasl(response)
}

function writeHttp(response: DigestResponse): Uint8Array {
  const { user, use, algorithm, bound } = response
  return writeDirectives(
    [
      bare('charset', response.utf8 ? 'utf-8' : undefined),
      ...(user.kind === 'hash'
        ? [quoted('username', user.digits), bare('userhash', 'true')]
        : [user.extended ? bare('username*', writeExtended(user.octets)) : quoted('username', user.octets)]),
      quoted('realm', response.realm),
      quoted('nonce', response.nonce),
      quoted('uri', response.uri),
      // RFC 7616 §3.4: qop, nc and algorithm without quotes, where a challenge has qop with.
      bare('algorithm', algorithm === MD5 && use === undefined ? undefined : algorithm.name),
      quoted('cnonce', use?.cnonce),
      bare('nc', use && countDigits(use.count)),
      bare('qop', use?.qop),
      quoted('response', response.response),
      quoted('opaque', response.opaque),
      ...writeBound(bound),
    ],
    ', ',
  )
}

/** In the order of RFC 2831's own examples. */
function writeSasl(response: DigestResponse): Uint8Array {
  const { user, use, cipher } = response
  return writeDirectives(
    [
      bare('charset', response.utf8 ? 'utf-8' : undefined),
      quoted('username', user.kind === 'name' ? user.octets : user.digits),
      quoted('realm', response.realm),
      quoted('nonce', response.nonce),
      bare('nc', use && countDigits(use.count)),
      quoted('cnonce', use?.cnonce),
      quoted('digest-uri', response.uri),
      bare('maxbuf', String(response.maxbuf)),
      bare('response', response.response),
      bare('qop', use?.qop),
      quoted('cipher', cipher?.name),
      quoted('authzid', response.authzid),
      ...writeBound(response.bound),
    ],
    ',',
  )
}

function writeBound(bound: BoundDirectives | undefined): readonly ReturnType<typeof quoted>[] {
  if (bound === undefined) return []
  return [
    quoted('hashed-dirs', bound.hashedDirs),
    quoted('service-name', bound.serviceName),
    quoted('channel-binding', bound.channelBinding),
  ]
}

/** RFC 8187 §3.2.1. */
function writeExtended(octets: string): string {
  const encoded = octets.replace(
    /[^!#$&+\-.^_`|~0-9A-Za-z]/g,
    (octet) => `%${octet.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
  return `UTF-8''${encoded}`
}
