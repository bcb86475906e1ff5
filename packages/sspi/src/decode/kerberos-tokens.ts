import { contextTag, DerReader, Reader, Tag } from '../bytes/index.js'
import { KeyUsage } from '../kerberos/index.js'
import { SspiError } from '../sspi/index.js'
import { isDer } from './der.js'
import { field, inDer, integer, octets, sequence, text } from './asn1-shapes.js'
import { Fields } from './fields.js'
import { passwordResult } from './kerberos-data.js'
import { decodeKerberosMessage, kerberosMessage } from './kerberos-messages.js'
import { withSecret } from './keyring.js'
import { bitNames, hexNumber, type BitNames } from './names.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'

/** TOK_ID, RFC 4121 section 4.1, RFC 1964 section 1.2; user-to-user and IAKERB by their drafts. */
const TOKEN_IDS: ReadonlyMap<number, string> = new Map([
  [0x0100, 'AP-REQ'],
  [0x0200, 'AP-REP'],
  [0x0300, 'KRB-ERROR'],
  [0x0400, 'TGT-REQ'],
  [0x0401, 'TGT-REP'],
  [0x0501, 'IAKERB'],
])

/** Tokens of RFC 1964 and RFC 4757: a header, a sequence number that is encrypted, a checksum, and for Wrap the data. */
const OLD_TOKENS: ReadonlyMap<number, string> = new Map([
  [0x0101, 'MIC of RFC 1964'],
  [0x0102, 'end of the context, RFC 1964'],
  [0x0201, 'Wrap of RFC 1964'],
])

/** What Kerberos puts behind its identifier: two bytes of TOK_ID, then a message in DER, or a token of RFC 1964. */
export function kerberosInner(bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect('innerToken: Kerberos', bytes, (children) => {
    const id = new Reader(bytes).u16be('TOK_ID')
    const name = TOKEN_IDS.get(id) ?? OLD_TOKENS.get(id)
    children.push(scope.node('TOK_ID', bytes.subarray(0, 2), { value: hexNumber(id, 4), meaning: name }))
    const rest = bytes.subarray(2)
    if (OLD_TOKENS.has(id)) children.push(...oldToken(id, rest, scope))
    else if (id === 0x0501) children.push(...iakerb(rest, scope))
    else children.push(decodeKerberosMessage(name ?? 'message', rest, scope))
    return undefined
  })
}

/** IAKERB-HEADER in DER, then the message that is carried on. */
function iakerb(bytes: Uint8Array, scope: Scope): readonly DecodedNode[] {
  const reader = new DerReader(bytes)
  const { whole } = reader.readTlv('IAKERB-HEADER')
  const header = sequence([field(1, 'target-realm', text), field(2, 'cookie?', octets())])
  const rest = reader.rest()
  return [
    inDer(header)('IAKERB-HEADER', whole, scope),
    ...(rest.length === 0 ? [] : [decodeKerberosMessage('message', rest, scope)]),
  ]
}

/** SGN_ALG, RFC 1964 section 1.2.1.1, RFC 4757 section 7.2. */
const SIGN_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [0x0000, 'DES MAC MD5'],
  [0x0100, 'MD2.5'],
  [0x0200, 'DES MAC'],
  [0x0400, 'HMAC SHA1 DES3 KD'],
  [0x1100, 'HMAC MD5 (RC4)'],
])
/** SEAL_ALG, RFC 1964 section 1.2.2.1. */
const SEAL_ALGORITHMS: ReadonlyMap<number, string> = new Map([
  [0x0000, 'DES'],
  [0x0200, 'DES3 KD'],
  [0x1000, 'RC4'],
  [0xffff, 'none: not encrypted'],
])

function oldToken(id: number, bytes: Uint8Array, scope: Scope): readonly DecodedNode[] {
  const whole = scope.collect('token', bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    const algorithm =
      (names: ReadonlyMap<number, string>) =>
      (raw: Uint8Array): About => {
        const number = new Reader(raw).u16be('algorithm')
        return { value: hexNumber(number, 4), meaning: names.get(number) }
      }
    const sign = fields.bytes('SGN_ALG', 2, algorithm(SIGN_ALGORITHMS))
    if (id === 0x0201) {
      fields.bytes('SEAL_ALG', 2, algorithm(SEAL_ALGORITHMS))
      fields.bytes('Filler', 2)
    } else fields.bytes('Filler', 4)
    fields.bytes('SND_SEQ', 8, () => ({ meaning: 'encrypted' }))
    const long = new Reader(sign).u16be('SGN_ALG') === 0x0400
    fields.bytes('SGN_CKSUM', Math.min(long ? 20 : 8, fields.remaining))
    if (id === 0x0201 && fields.remaining > 0) {
      const confounder = fields.bytes('Confounder', Math.min(8, fields.remaining))
      if (confounder.length === 8 && fields.remaining > 0) fields.bytes('data', fields.remaining)
    } else if (fields.remaining > 0) fields.bytes('rest', fields.remaining)
    return undefined
  })
  return whole.children
}

const MIC_ID = 0x0404
const WRAP_ID = 0x0504
const HEADER_BYTES = 16
/** RFC 4121 section 4.2.2. */
const CFX_FLAGS: BitNames = [
  [1, 'SentByAcceptor'],
  [2, 'Sealed'],
  [4, 'AcceptorSubkey'],
]
const SEALED = 2

/** Wrap and MIC tokens of RFC 4121 section 4.2.6, which have no frame. */
export const cfxToken: TokenDecoder = {
  name: 'token of RFC 4121',
  recognises: (bytes) => {
    if (bytes.length < HEADER_BYTES) return false
    const id = new Reader(bytes).u16be('TOK_ID')
    // 05 04 is a credential cache as well, whose header is not as long as a filler of ff would say.
    return (id === MIC_ID || id === WRAP_ID) && bytes[2]! <= 7 && bytes[3] === 0xff // there are sixteen
  },
  decode: (bytes, scope) => {
    const wrap = new Reader(bytes).u16be('TOK_ID') === WRAP_ID
    return scope.collect(wrap ? 'Kerberos Wrap token' : 'Kerberos MIC token', bytes, (children) => {
      const fields = new Fields(bytes, scope, children)
      const flagsIn = (raw: Uint8Array): About => ({ meaning: bitNames(raw[0] ?? 0, CFX_FLAGS) })
      fields.bytes('TOK_ID', 2, () => ({ meaning: wrap ? 'Wrap' : 'MIC' }))
      const [flags = 0] = fields.bytes('Flags', 1, flagsIn)
      fields.bytes('Filler', wrap ? 1 : 5)
      const ec = wrap ? numberOf(fields.bytes('EC', 2, asNumber)) : 0
      const rrc = wrap ? numberOf(fields.bytes('RRC', 2, asNumber)) : 0
      fields.bytes('SND_SEQ', 8, asNumber)
      const body = fields.bytes(
        wrap ? ((flags & SEALED) !== 0 ? 'encrypted' : 'data and checksum') : 'SGN_CKSUM',
        fields.remaining,
      )
      if ((flags & SEALED) === 0) return undefined
      const opened = unseal(body, { ec, rrc, flags }, scope)
      if (opened !== undefined) children.push(opened)
      return { meaning: opened === undefined && !scope.keyring.isEmpty ? 'no key that is known opens it' : undefined }
    })
  },
}

/** RFC 4121 sections 4.2.4 and 4.2.5: rotated back, it is data, filler and the header, encrypted. */
function unseal(
  body: Uint8Array,
  { ec, rrc, flags }: { readonly ec: number; readonly rrc: number; readonly flags: number },
  scope: Scope,
): DecodedNode | undefined {
  const usage = (flags & 1) === 0 ? KeyUsage.GSS_INITIATOR_SEAL : KeyUsage.GSS_ACCEPTOR_SEAL
  // Windows counts neither the filler in DCE style nor what it put behind it.
  for (const count of [rrc, rrc + ec]) {
    const turn = body.length === 0 ? 0 : count % body.length
    const straight = new Uint8Array(body.length)
    straight.set(body.subarray(turn))
    straight.set(body.subarray(0, turn), body.length - turn)
    const opened = scope.keyring.openAny([usage], straight)
    if (opened === undefined) continue
    return withSecret(opened.plaintext, (plaintext) =>
      scope.apart(`decrypted by ${opened.origin}`, plaintext, (label, bytes, inner) => {
        const data = bytes.subarray(0, Math.max(bytes.length - ec - HEADER_BYTES, 0))
        return inner.node(label, bytes, { children: [inner.hex('data', data)] })
      }),
    )
  }
  return undefined
}

function numberOf(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0)
}

function asNumber(bytes: Uint8Array): About {
  return { value: numberOf(bytes).toString() }
}

/** Versions of RFC 3244 section 2: of a change, of a reply, of setting another's. */
const PASSWORD_VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0001, 'change of the own password, or a reply'],
  [0xff80, 'set password (RFC 3244)'],
])

/** Messages of kpasswd, RFC 3244 section 2: lengths, then an AP-REQ or AP-REP, then a KRB-PRIV or KRB-ERROR. */
export const passwordMessage: TokenDecoder = {
  name: 'kpasswd message',
  recognises: (bytes) => {
    if (bytes.length < 6) return false
    const reader = new Reader(bytes)
    const [length, version, apLength] = [reader.u16be('length'), reader.u16be('version'), reader.u16be('AP length')]
    return length === bytes.length && PASSWORD_VERSIONS.has(version) && apLength + 6 <= length
  },
  decode: (bytes, scope) =>
    scope.collect('kpasswd message', bytes, (children) => {
      const fields = new Fields(bytes, scope, children)
      fields.bytes('message length', 2, asNumber)
      fields.bytes('protocol version', 2, (raw) => ({
        ...asNumber(raw),
        meaning: PASSWORD_VERSIONS.get(numberOf(raw)),
      }))
      const apLength = numberOf(fields.bytes('AP length', 2, asNumber))
      if (apLength > 0) fields.structure(apLength, 'AP', (raw) => scope.nested('AP message', raw))
      fields.structure(fields.remaining, 'message', (raw) =>
        kerberosMessage.recognises(raw) ? scope.nested('message', raw) : passwordResult('result', raw, scope),
      )
      return undefined
    }),
}

/** A message behind its length in four bytes, as over TCP: RFC 4120 section 7.2.2. */
export const framedMessage: TokenDecoder = {
  name: 'KDC message over TCP',
  recognises: (bytes) =>
    bytes.length > 6 &&
    new Reader(bytes).u32be('length') === bytes.length - 4 &&
    kerberosMessage.recognises(bytes.subarray(4)),
  decode: (bytes, scope) =>
    scope.collect('KDC message over TCP', bytes, (children) => {
      const fields = new Fields(bytes, scope, children)
      fields.bytes('length', 4, asNumber)
      fields.structure(fields.remaining, 'message', (raw) => scope.nested('message', raw))
      return undefined
    }),
}

const KDC_PROXY = sequence([
  field(
    0,
    'kerb-message',
    octets((label, bytes, scope) => scope.nested(label, bytes)),
  ),
  field(1, 'target-domain?', text),
  field(2, 'dclocator-hint?', integer()),
])

/** KDC-PROXY-MESSAGE, MS-KKDCP 2.2.2. */
export const kdcProxyMessage: TokenDecoder = {
  name: 'KDC-PROXY-MESSAGE',
  recognises: (bytes) => {
    if (bytes[0] !== Tag.SEQUENCE || !isDer(bytes)) return false
    try {
      const message = new DerReader(bytes).enter(Tag.SEQUENCE, 'message').enter(contextTag(0), 'kerb-message')
      return framedMessage.recognises(message.content(Tag.OCTET_STRING, 'kerb-message'))
    } catch (error) {
      if (error instanceof SspiError) return false
      throw error
    }
  },
  decode: (bytes, scope) => inDer(KDC_PROXY)('KDC-PROXY-MESSAGE', bytes, scope),
}
