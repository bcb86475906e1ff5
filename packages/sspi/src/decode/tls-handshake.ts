import { Reader } from '../bytes/index.js'
import { readCertificate } from '../crypto/index.js'
import { HandshakeType, isRetryRandom } from '../schannel/index.js'
import { SspiError } from '../sspi/index.js'
import { Fields } from './fields.js'
import type { About, DecodedNode, Scope } from './node.js'
import { printable } from './printable.js'
import { authorities, decodeExtensions, type Bearer } from './tls-extensions.js'
import {
  certificateTypes,
  groupName,
  handshakeName,
  nameOf,
  namesOf,
  schemeName,
  suiteName,
  versionName,
} from './tls-names.js'

/** Type and length of a message, RFC 8446 §4. */
const HEADER_BYTES = 4
const NAMED_CURVE = 3

/** Where a handshake message stands in a run of them. */
export interface MessagePlace {
  readonly type: number
  /** From its header to its end, which may lie behind the bytes that there are. */
  readonly start: number
  readonly end: number
}

/** Where the messages begin that some bytes hold, as far as their headers go. */
export function messagePlaces(bytes: Uint8Array): readonly MessagePlace[] {
  const places: MessagePlace[] = []
  for (let start = 0; start + HEADER_BYTES <= bytes.length;) {
    const header = new Reader(bytes.subarray(start, start + HEADER_BYTES)).u32be('header')
    const end = start + HEADER_BYTES + (header & 0xff_ffff)
    places.push({ type: header >>> 24, start, end })
    start = end
  }
  return places
}

/** Whether some bytes are handshake messages to their end: none is cut off, and each is of a known type. */
export function areMessages(bytes: Uint8Array): boolean {
  const places = messagePlaces(bytes)
  return places.at(-1)?.end === bytes.length && places.every(({ type }) => handshakeName(type) !== undefined)
}

/** The names of the messages that begin in some bytes. */
export function messageNames(bytes: Uint8Array): readonly string[] {
  return messagePlaces(bytes).map((place) => messageName(place, bytes))
}

/** One node for each handshake message, RFC 8446 §4 and RFC 5246 §7.4. */
export function decodeMessages(bytes: Uint8Array, scope: Scope): readonly DecodedNode[] {
  const places = messagePlaces(bytes)
  const nodes = places.map((place) => {
    const message = bytes.subarray(place.start, Math.min(place.end, bytes.length))
    return decodeMessage(messageName(place, bytes), place, message, scope)
  })
  const end = places.at(-1)?.end ?? 0
  if (end >= bytes.length) return nodes
  return [...nodes, scope.node('malformed', bytes.subarray(end), { error: 'no header of a handshake message' })]
}

function messageName({ type, start }: MessagePlace, bytes: Uint8Array): string {
  if (type === HandshakeType.SERVER_HELLO && isRetryRandom(bytes.subarray(start + 6, start + 38))) {
    return 'HelloRetryRequest'
  }
  return handshakeName(type) ?? `handshake message ${type}`
}

function decodeMessage(name: string, { type, start, end }: MessagePlace, message: Uint8Array, scope: Scope) {
  return scope.collect(name, message, (children) => {
    const length = end - start - HEADER_BYTES
    const body = message.subarray(HEADER_BYTES)
    const fields = new Fields(body, scope, children)
    BODIES.get(type)?.(fields, { scope, name, body })
    if (body.length < length) throw new SspiError('SEC_E_INVALID_TOKEN', `${body.length} of ${length} bytes are there`)
    if (fields.remaining > 0) fields.bytes('left over', fields.remaining, () => ({ error: 'bytes too many' }))
    return { meaning: `${length} bytes` }
  })
}

interface Context {
  readonly scope: Scope
  readonly name: string
  readonly body: Uint8Array
}

type Body = (fields: Fields, context: Context) => void

/** What messages consist of, by their type. */
const BODIES: ReadonlyMap<number, Body> = new Map<number, Body>([
  [HandshakeType.CLIENT_HELLO, clientHello],
  [HandshakeType.SERVER_HELLO, serverHello],
  [HandshakeType.NEW_SESSION_TICKET, newSessionTicket],
  [HandshakeType.ENCRYPTED_EXTENSIONS, (fields, context) => extensions(fields, 'other', context)],
  [HandshakeType.CERTIFICATE, certificates],
  [HandshakeType.SERVER_KEY_EXCHANGE, serverKeyExchange],
  [HandshakeType.CERTIFICATE_REQUEST, certificateRequest],
  [HandshakeType.CERTIFICATE_VERIFY, signature],
  [HandshakeType.CLIENT_KEY_EXCHANGE, clientKeyExchange],
  [HandshakeType.FINISHED, (fields) => void fields.bytes('verify_data', fields.remaining)],
  [HandshakeType.CERTIFICATE_STATUS, certificateStatus],
  [HandshakeType.KEY_UPDATE, (fields) => void fields.u8('request_update', updateMeaning)],
])

/** RFC 8446 §4.1.2. */
function clientHello(fields: Fields, context: Context): void {
  fields.bytes('legacy_version', 2, nameOf(versionName))
  fields.bytes('random', 32)
  fields.vector('legacy_session_id', 1)
  fields.vector('cipher_suites', 2, namesOf(suiteName))
  fields.vector('legacy_compression_methods', 1, compression)
  extensions(fields, 'ClientHello', context)
}

/** RFC 8446 §4.1.3; §4.1.4 for a HelloRetryRequest, which is one in disguise. */
function serverHello(fields: Fields, context: Context): void {
  const bearer = context.name === 'HelloRetryRequest' ? context.name : 'ServerHello'
  fields.bytes('legacy_version', 2, nameOf(versionName))
  fields.bytes('random', 32, randomMeaning)
  fields.vector('legacy_session_id_echo', 1)
  fields.bytes('cipher_suite', 2, nameOf(suiteName))
  fields.bytes('legacy_compression_method', 1, compression)
  extensions(fields, bearer, context)
}

/** RFC 8446 §4.1.3: the last eight bytes say that the server could have done better, for whoever meddled with the offer. */
const DOWNGRADE = 'DOWNGRD'
function randomMeaning(random: Uint8Array): About {
  if (isRetryRandom(random)) return { meaning: 'asks for another ClientHello' }
  const end = String.fromCharCode(...random.subarray(24))
  if (end === `${DOWNGRADE}\u0001`) return { meaning: 'of a server that speaks TLS 1.3, and settled for 1.2' }
  return end === `${DOWNGRADE}\u0000` ? { meaning: 'of a server that settled for TLS 1.1 or older' } : {}
}

function compression(methods: Uint8Array): About {
  return { meaning: Array.from(methods, (method) => (method === 0 ? 'none' : `method ${method}`)).join(', ') }
}

/** TLS 1.2 may leave them out, length and all. */
function extensions(fields: Fields, bearer: Bearer, { scope }: Context): void {
  if (fields.remaining === 0) return
  fields.structure(fields.remaining, 'extensions', (bytes) => decodeExtensions(bytes, bearer, scope))
}

/** RFC 8446 §4.6.1, or RFC 5077 §3.3: in TLS 1.2 the ticket behind its lifetime is all there is. */
function newSessionTicket(fields: Fields, context: Context): void {
  const { body } = context
  const old = body.length >= 6 && new Reader(body.subarray(4)).u16be('ticket: length') === body.length - 6
  fields.bytes('ticket_lifetime', 4, (bytes) => ({ value: String(new Reader(bytes).u32be('')), meaning: 'seconds' }))
  if (!old) {
    fields.bytes('ticket_age_add', 4)
    fields.vector('ticket_nonce', 1)
  }
  fields.vector('ticket', 2, (ticket) => ({ value: undefined, meaning: `${ticket.length} bytes` }))
  if (!old) extensions(fields, 'other', context)
}

/** RFC 8446 §4.4.2: a context, then certificates each with its extensions; RFC 5246 §7.4.2: certificates alone. */
function certificates(fields: Fields, { scope, body }: Context): void {
  const old =
    body.length >= 3 &&
    (new Reader(body).u8('length') << 16) + new Reader(body.subarray(1)).u16be('length') === body.length - 3
  if (!old) fields.vector('certificate_request_context', 1)
  fields.vector('certificate_list', 3, (list) => {
    const children: DecodedNode[] = []
    const entries = new Fields(list, scope, children)
    while (entries.remaining > 0) {
      entries.vector('certificate', 3, aboutCertificate)
      if (!old) entries.vector('extensions', 2)
    }
    return { value: undefined, children }
  })
}

/** Whose it is and who says so, as far as OpenSSL can read it. */
function aboutCertificate(der: Uint8Array): About {
  try {
    const { subjectName, issuerName, validFrom, validTo } = readCertificate(der)
    const until = `${dayOf(validFrom)} to ${dayOf(validTo)}`
    return { value: printable(subjectName), meaning: `issued by ${printable(issuerName)}, good from ${until}` }
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    return { error: error.message }
  }
}

/** A time that OpenSSL could write and JavaScript cannot read is left out. */
function dayOf(time: Date): string {
  return Number.isNaN(time.getTime()) ? '?' : time.toISOString().slice(0, 10)
}

/** RFC 8422 §5.4: the server's point and its signature. Other key exchanges (finite fields) are shown in hexadecimal. */
function serverKeyExchange(fields: Fields, { body }: Context): void {
  if (body[0] !== NAMED_CURVE) {
    fields.bytes('params', fields.remaining)
    return
  }
  fields.u8('curve_type', () => 'named_curve')
  fields.bytes('namedcurve', 2, nameOf(groupName))
  fields.vector('public', 1, byLength)
  signature(fields)
}

/** RFC 8446 §4.4.3, RFC 5246 §4.7. */
function signature(fields: Fields): void {
  fields.bytes('algorithm', 2, nameOf(schemeName))
  fields.vector('signature', 2, byLength)
}

/** RFC 8422 §5.7: the client's point. With RSA it is a secret that is encrypted, behind two bytes of length. */
function clientKeyExchange(fields: Fields, { body }: Context): void {
  if (body[0] === body.length - 1) fields.vector('ecdh_Yc', 1, byLength)
  else fields.bytes('exchange_keys', fields.remaining, byLength)
}

/** RFC 8446 §4.3.2, or RFC 5246 §7.4.4. */
function certificateRequest(fields: Fields, context: Context): void {
  const { scope, body } = context
  const contextLength = body[0] ?? 0
  const rest = body.subarray(1 + contextLength)
  const recent = rest.length >= 2 && new Reader(rest).u16be('extensions: length') === rest.length - 2
  if (recent) {
    fields.vector('certificate_request_context', 1)
    extensions(fields, 'other', context)
    return
  }
  fields.vector('certificate_types', 1, certificateTypes)
  fields.vector('supported_signature_algorithms', 2, namesOf(schemeName))
  fields.vector('certificate_authorities', 2, (list) => authorities(list, scope))
}

/** RFC 6066 §8: an answer of the authority's, asked for beforehand. */
function certificateStatus(fields: Fields): void {
  fields.u8('status_type', (type) => (type === 1 ? 'ocsp' : undefined))
  fields.vector('response', 3, byLength)
}

function updateMeaning(value: number): string | undefined {
  return ['update_not_requested', 'update_requested'][value]
}

function byLength(bytes: Uint8Array): About {
  return { value: undefined, meaning: `${bytes.length} bytes` }
}
