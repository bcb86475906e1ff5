import { applicationTag, DerReader, Reader, Tag } from '../bytes/index.js'
import {
  ApOption,
  GssFlag,
  KdcOption,
  KeyUsage,
  LastReqType,
  MessageType,
  TicketFlag,
  TransitedType,
} from '../kerberos/index.js'
import { isDer } from './der.js'
import {
  field,
  flags,
  inDer,
  integer,
  integerUnder,
  octets,
  oneOf,
  sequence,
  sequenceOf,
  tagged,
  text,
  time,
  type Inside,
  type Shape,
} from './asn1-shapes.js'
import { authorizationData, errorData, paDataList } from './kerberos-data.js'
import {
  checksum,
  enctype,
  encrypted,
  encryptionKey,
  hostAddress,
  hostAddresses,
  principalName,
} from './kerberos-fields.js'
import { bitsOf, checksumName, errorName, nameIn } from './kerberos-names.js'
import { bitNames } from './names.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'
import { isText } from './unknown.js'

const messageType = integer(nameIn(MessageType))
const ticketFlags = flags(bitsOf(TicketFlag))
const version = integer()

/** EncTicketPart, RFC 4120 section 5.3. */
const encTicketPart = application(3, [
  field(0, 'flags', ticketFlags),
  field(1, 'key', encryptionKey('the session key of the ticket')),
  field(2, 'crealm', text),
  field(3, 'cname', principalName),
  field(
    4,
    'transited',
    sequence([field(0, 'tr-type', integer(nameIn(TransitedType))), field(1, 'contents', octets(asText))]),
  ),
  field(5, 'authtime', time),
  field(6, 'starttime?', time),
  field(7, 'endtime', time),
  field(8, 'renew-till?', time),
  field(9, 'caddr?', hostAddresses),
  field(10, 'authorization-data?', authorizationData),
])

/** Ticket, RFC 4120 section 5.3. */
const ticket = application(1, [
  field(0, 'tkt-vno', version),
  field(1, 'realm', text),
  field(2, 'sname', principalName),
  field(3, 'enc-part', encrypted([KeyUsage.KDC_REP_TICKET], inDer(encTicketPart))),
])

/** Authenticator, RFC 4120 section 5.5.1. */
const authenticator = application(2, [
  field(0, 'authenticator-vno', version),
  field(1, 'crealm', text),
  field(2, 'cname', principalName),
  field(3, 'cksum?', authenticatorChecksum),
  field(4, 'cusec', integer()),
  field(5, 'ctime', time),
  field(6, 'subkey?', encryptionKey("the client's subkey")),
  field(7, 'seq-number?', integer()),
  field(8, 'authorization-data?', authorizationData),
])

const apReq = application(14, [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(2, 'ap-options', flags(bitsOf(ApOption))),
  field(3, 'ticket', ticket),
  field(
    4,
    'authenticator',
    encrypted([KeyUsage.AP_REQ_AUTHENTICATOR, KeyUsage.TGS_REQ_AUTHENTICATOR], inDer(authenticator)),
  ),
])

/** EncAPRepPart, RFC 4120 section 5.5.2. */
const encApRepPart = application(27, [
  field(0, 'ctime', time),
  field(1, 'cusec', integer()),
  field(2, 'subkey?', encryptionKey("the server's subkey")),
  field(3, 'seq-number?', integer()),
])

const apRep = application(15, [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(2, 'enc-part', encrypted([KeyUsage.AP_REP_ENCPART], inDer(encApRepPart))),
])

/** KDC-REQ-BODY, RFC 4120 section 5.4.1. */
const kdcReqBody = sequence([
  field(0, 'kdc-options', flags(bitsOf(KdcOption))),
  field(1, 'cname?', principalName),
  field(2, 'realm', text),
  field(3, 'sname?', principalName),
  field(4, 'from?', time),
  field(5, 'till', time),
  field(6, 'rtime?', time),
  field(7, 'nonce', integer()),
  field(8, 'etype', sequenceOf('etype', enctype)),
  field(9, 'addresses?', hostAddresses),
  field(
    10,
    'enc-authorization-data?',
    encrypted([KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY, KeyUsage.TGS_REQ_AUTHDATA_SUBKEY], inDer(authorizationData)),
  ),
  field(11, 'additional-tickets?', sequenceOf('Ticket', ticket)),
])

const KDC_REQ = [
  field(1, 'pvno', version),
  field(2, 'msg-type', messageType),
  field(3, 'padata?', paDataList),
  field(4, 'req-body', kdcReqBody),
]

/** EncKDCRepPart, RFC 4120 section 5.4.2. */
const ENC_KDC_REP_PART = [
  field(0, 'key', encryptionKey('the session key of the ticket')),
  field(
    1,
    'last-req',
    sequenceOf(
      'LastReq entry',
      sequence([
        field(
          0,
          'lr-type',
          integer((type) => nameIn(LastReqType)(Math.abs(type))),
        ),
        field(1, 'lr-value', time),
      ]),
    ),
  ),
  field(2, 'nonce', integer()),
  field(3, 'key-expiration?', time),
  field(4, 'flags', ticketFlags),
  field(5, 'authtime', time),
  field(6, 'starttime?', time),
  field(7, 'endtime', time),
  field(8, 'renew-till?', time),
  field(9, 'srealm', text),
  field(10, 'sname', principalName),
  field(11, 'caddr?', hostAddresses),
  field(12, 'encrypted-pa-data?', paDataList),
]

const encAsRepPart = application(25, ENC_KDC_REP_PART)
const encTgsRepPart = application(26, ENC_KDC_REP_PART)

/** Some KDCs put the other one's tag, RFC 4120 section 5.4.2. */
const encKdcRepPart = oneOf(
  new Map([
    [applicationTag(25), encAsRepPart],
    [applicationTag(26), encTgsRepPart],
  ]),
)

function kdcRep(number: number, usages: readonly number[]): Shape {
  return application(number, [
    field(0, 'pvno', version),
    field(1, 'msg-type', messageType),
    field(2, 'padata?', paDataList),
    field(3, 'crealm', text),
    field(4, 'cname', principalName),
    field(5, 'ticket', ticket),
    field(6, 'enc-part', encrypted(usages, inDer(encKdcRepPart))),
  ])
}

const KRB_ERROR = [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(2, 'ctime?', time),
  field(3, 'cusec?', integer()),
  field(4, 'stime', time),
  field(5, 'susec', integer()),
  field(6, 'error-code', integer(errorName)),
  field(7, 'crealm?', text),
  field(8, 'cname?', principalName),
  field(9, 'realm', text),
  field(10, 'sname', principalName),
  field(11, 'e-text?', text),
  field(12, 'e-data?', octets(errorData)),
]

/** What KRB-SAFE and KRB-PRIV carry, RFC 4120 sections 5.6.1 and 5.7.1. */
const SECURED_DATA = [
  field(0, 'user-data', octets()),
  field(1, 'timestamp?', time),
  field(2, 'usec?', integer()),
  field(3, 'seq-number?', integer()),
  field(4, 's-address', hostAddress),
  field(5, 'r-address?', hostAddress),
]

const krbSafe = application(20, [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(2, 'safe-body', sequence(SECURED_DATA)),
  field(3, 'cksum', checksum),
])

const encKrbPrivPart = application(28, SECURED_DATA)

const krbPriv = application(21, [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(3, 'enc-part', encrypted([KeyUsage.KRB_PRIV_ENCPART], inDer(encKrbPrivPart))),
])

/** KrbCredInfo, RFC 4120 section 5.8.1. */
const krbCredInfo = sequence([
  field(0, 'key', encryptionKey('the session key of the forwarded ticket')),
  field(1, 'prealm?', text),
  field(2, 'pname?', principalName),
  field(3, 'flags?', ticketFlags),
  field(4, 'authtime?', time),
  field(5, 'starttime?', time),
  field(6, 'endtime?', time),
  field(7, 'renew-till?', time),
  field(8, 'srealm?', text),
  field(9, 'sname?', principalName),
  field(10, 'caddr?', hostAddresses),
])

const encKrbCredPart = application(29, [
  field(0, 'ticket-info', sequenceOf('KrbCredInfo', krbCredInfo)),
  field(1, 'nonce?', integer()),
  field(2, 'timestamp?', time),
  field(3, 'usec?', integer()),
  field(4, 's-address?', hostAddress),
  field(5, 'r-address?', hostAddress),
])

const krbCred = application(22, [
  field(0, 'pvno', version),
  field(1, 'msg-type', messageType),
  field(2, 'tickets', sequenceOf('Ticket', ticket)),
  field(3, 'enc-part', encrypted([KeyUsage.KRB_CRED_ENCPART], inDer(encKrbCredPart))),
])

/** The messages by their tag, RFC 4120 section 5.10; those that come encrypted only are last. */
const MESSAGES: ReadonlyMap<number, readonly [name: string, shape: Shape]> = new Map<number, readonly [string, Shape]>([
  [applicationTag(1), ['Ticket', ticket]],
  [applicationTag(10), ['AS-REQ', application(10, KDC_REQ)]],
  [applicationTag(11), ['AS-REP', kdcRep(11, [KeyUsage.AS_REP_ENCPART])]],
  [applicationTag(12), ['TGS-REQ', application(12, KDC_REQ)]],
  [
    applicationTag(13),
    ['TGS-REP', kdcRep(13, [KeyUsage.TGS_REP_ENCPART_SUBKEY, KeyUsage.TGS_REP_ENCPART_SESSION_KEY])],
  ],
  [applicationTag(14), ['AP-REQ', apReq]],
  [applicationTag(15), ['AP-REP', apRep]],
  [applicationTag(20), ['KRB-SAFE', krbSafe]],
  [applicationTag(21), ['KRB-PRIV', krbPriv]],
  [applicationTag(22), ['KRB-CRED', krbCred]],
  [applicationTag(30), ['KRB-ERROR', application(30, KRB_ERROR)]],
  [applicationTag(2), ['Authenticator', authenticator]],
  [applicationTag(3), ['EncTicketPart', encTicketPart]],
  [applicationTag(25), ['EncASRepPart', encAsRepPart]],
  [applicationTag(26), ['EncTGSRepPart', encTgsRepPart]],
  [applicationTag(27), ['EncAPRepPart', encApRepPart]],
  [applicationTag(28), ['EncKrbPrivPart', encKrbPrivPart]],
  [applicationTag(29), ['EncKrbCredPart', encKrbCredPart]],
])

/** TGT-REQ and TGT-REP of user-to-user, draft-swift-win2k-krb-user2user-03: plain SEQUENCEs, told apart by `msg-type`. */
const TGT_MESSAGES: ReadonlyMap<number, readonly [name: string, shape: Shape]> = new Map<
  number,
  readonly [string, Shape]
>([
  [
    16,
    [
      'TGT-REQ',
      sequence([
        field(0, 'pvno', version),
        field(1, 'msg-type', messageType),
        field(2, 'server-name?', principalName),
        field(3, 'realm?', text),
      ]),
    ],
  ],
  [
    17,
    ['TGT-REP', sequence([field(0, 'pvno', version), field(1, 'msg-type', messageType), field(2, 'ticket', ticket)])],
  ],
])

/** A message of Kerberos, in DER. */
export const kerberosMessage: TokenDecoder = {
  name: 'Kerberos message',
  recognises: (bytes) => looksLikeMessage(bytes) && (isDer(bytes) || !isText(bytes)),
  decode: (bytes, scope) => {
    const [name, shape] = MESSAGES.get(bytes[0]!)! // as it was recognised by
    return inDer(shape)(name, bytes, scope)
  },
}

/** An application tag, a length, and a SEQUENCE: a few letters may look like that, too. */
function looksLikeMessage(bytes: Uint8Array): boolean {
  const [tag = 0, length = 0] = bytes
  return MESSAGES.has(tag) && bytes[length < 0x80 ? 2 : 2 + (length & 0x7f)] === Tag.SEQUENCE
}

/** The message behind a TOK_ID; DER that is no message as what it is. */
export function decodeKerberosMessage(label: string, bytes: Uint8Array, scope: Scope): DecodedNode {
  if (kerberosMessage.recognises(bytes)) return kerberosMessage.decode(bytes, scope)
  const found = bytes[0] === Tag.SEQUENCE && isDer(bytes) ? TGT_MESSAGES.get(tgtMessageType(bytes) ?? 0) : undefined
  return found === undefined ? scope.hex(label, bytes) : inDer(found[1])(found[0], bytes, scope)
}

function tgtMessageType(bytes: Uint8Array): number | undefined {
  return integerUnder(1, new DerReader(bytes).readTlv('message').content)
}

function application(number: number, fields: Parameters<typeof sequence>[0]): Shape {
  return tagged(applicationTag(number), sequence(fields))
}

/** The checksum of GSS-API is none: it is the flags, the channel bindings and the delegation, RFC 4121 section 4.1.1. */
function authenticatorChecksum(...[label, element, scope]: Parameters<Shape>): DecodedNode {
  if (integerUnder(0, element.content) !== GSS_CHECKSUM) return checksum(label, element, scope)
  const gss = sequence([field(0, 'cksumtype', integer(checksumName)), field(1, 'checksum', octets(gssChecksum))])
  return gss(label, element, scope)
}

const GSS_CHECKSUM = 0x8003

const gssChecksum: Inside = (label, bytes, scope) =>
  scope.collect(label, bytes, (children) => {
    const reader = new Reader(bytes)
    const take = (length: number, name: string): Uint8Array => reader.take(length, name)
    const length = take(4, 'Lgth')
    children.push(scope.node('Lgth', length, { value: String(new Reader(length).u32le('Lgth')) }))
    const bindings = take(16, 'Bnd')
    const none = bindings.every((byte) => byte === 0)
    children.push(scope.hex('Bnd', bindings, none ? 'no channel bindings' : 'MD5 of the channel bindings'))
    const flagBytes = take(4, 'Flags')
    const value = new Reader(flagBytes).u32le('Flags')
    children.push(scope.node('Flags', flagBytes, { meaning: bitNames(value, bitsOf(GssFlag)) }))
    if ((value & GssFlag.DELEGATE) !== 0) {
      children.push(scope.hex('DlgOpt', take(2, 'DlgOpt')))
      const sizeBytes = take(2, 'Dlgth')
      const size = new Reader(sizeBytes).u16le('Dlgth')
      children.push(scope.node('Dlgth', sizeBytes, { value: String(size) }))
      children.push(scope.nested('Deleg', take(size, 'Deleg')))
    }
    const rest = take(reader.remaining, 'Exts')
    if (rest.length > 0) children.push(scope.hex('Exts', rest))
    return undefined
  })

function asText(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  return scope.node(label, bytes, { value: String.fromCharCode(...bytes.subarray(0, 1024)).replace(/[^ -~]/g, '.') })
}
