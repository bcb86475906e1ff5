import { contextTag, decodeUtf8, DerReader, Reader, Tag, toHex, utf16leDecode } from '../bytes/index.js'
import {
  AuthorizationDataType,
  FastOption,
  KerbErrorDataType,
  KeyUsage,
  PacOption,
  PaDataType,
  PasswordResultCode,
  S4uOption,
  TypedDataType,
} from '../kerberos/index.js'
import {
  anything,
  boolean,
  derOrHex,
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
import { checksum, enctype, encrypted, encryptionKey, principalName } from './kerberos-fields.js'
import { bitsOf, nameIn } from './kerberos-names.js'
import { bitNames, hexNumber } from './names.js'
import { decodePac } from './pac.js'
import { printable } from './printable.js'

// A list of typed data has elements of a number and of octets, and the number says what is in the octets. The elements can
// hold lists in turn, so that the tables below name one another; hence the functions around the names.

/** The elements of such a list: `PA-DATA`, `AuthorizationData`, `TYPED-DATA`. */
function typedElement(parts: {
  readonly type: readonly [number: number, label: string]
  readonly data: readonly [number: number, label: string]
  readonly names: (type: number) => string | undefined
  readonly insides: () => ReadonlyMap<number, Inside>
}): Shape {
  const { type, data, names, insides } = parts
  return (label, element, scope) => {
    const number = integerUnder(type[0], element.content)
    const inside = number === undefined ? undefined : insides().get(number)
    const shape = sequence([
      field(type[0], type[1], integer(names)),
      field(data[0], data[1], octets(inside ?? derOrHex)),
    ])
    const node = shape(label, element, scope)
    return { ...node, meaning: number === undefined ? undefined : names(number) }
  }
}

/** AuthorizationData, RFC 4120 section 5.2.6. */
export const authorizationData: Shape = sequenceOf(
  'AuthorizationData element',
  typedElement({
    type: [0, 'ad-type'],
    data: [1, 'ad-data'],
    names: nameIn(AuthorizationDataType),
    insides: () => AUTHORIZATION_DATA,
  }),
)

/** METHOD-DATA and other lists of PA-DATA, RFC 4120 section 5.2.7. */
export const paDataList: Shape = sequenceOf(
  'PA-DATA',
  typedElement({
    type: [1, 'padata-type'],
    data: [2, 'padata-value'],
    names: nameIn(PaDataType),
    insides: () => PA_DATA,
  }),
)

const typedDataList: Shape = sequenceOf(
  'TYPED-DATA element',
  typedElement({
    type: [0, 'data-type'],
    data: [1, 'data-value'],
    names: nameIn(TypedDataType),
    insides: () => new Map(),
  }),
)

const moreAuthorizationData = inDer(authorizationData)

const AUTHORIZATION_DATA: ReadonlyMap<number, Inside> = new Map<number, Inside>([
  [AuthorizationDataType.AD_IF_RELEVANT, moreAuthorizationData],
  [AuthorizationDataType.AD_MANDATORY_FOR_KDC, moreAuthorizationData],
  [
    AuthorizationDataType.AD_KDC_ISSUED,
    inDer(
      sequence([
        field(0, 'ad-checksum', checksum),
        field(1, 'i-realm?', text),
        field(2, 'i-sname?', principalName),
        field(3, 'elements', authorizationData),
      ]),
    ),
  ],
  [
    AuthorizationDataType.AD_AND_OR,
    inDer(sequence([field(0, 'condition-count', integer()), field(1, 'elements', authorizationData)])),
  ],
  [AuthorizationDataType.AD_WIN2K_PAC, decodePac],
  [AuthorizationDataType.AD_ETYPE_NEGOTIATION, inDer(sequenceOf('etype', enctype))],
  [
    AuthorizationDataType.AD_AUTH_DATA_AP_OPTIONS,
    numberIn((value) => bitNames(value, [[0x4000, 'KERB_AP_OPTIONS_CBT']])),
  ],
  [
    AuthorizationDataType.KERB_AUTH_DATA_CLIENT_TARGET,
    (label, bytes, scope) => scope.node(label, bytes, { value: printable(utf16leDecode(bytes, label)) }),
  ],
])

const salt: Inside = (label, bytes, scope) => {
  const words = textOf(bytes)
  return scope.node(label, bytes, { value: words ?? toHex(bytes) })
}

const PA_DATA: ReadonlyMap<number, Inside> = new Map<number, Inside>([
  [PaDataType.PA_TGS_REQ, (label, bytes, scope) => scope.nested(label, bytes)],
  [
    PaDataType.PA_ENC_TIMESTAMP,
    inDer(encrypted([KeyUsage.AS_REQ_PA_ENC_TIMESTAMP], inDer(encTimestamp('patimestamp', 'pausec?')))),
  ],
  [
    PaDataType.PA_ENCRYPTED_CHALLENGE,
    inDer(
      encrypted(
        [KeyUsage.ENC_CHALLENGE_CLIENT, KeyUsage.ENC_CHALLENGE_KDC],
        inDer(encTimestamp('patimestamp', 'pausec?')),
      ),
    ),
  ],
  [PaDataType.PA_PW_SALT, salt],
  [
    PaDataType.PA_ETYPE_INFO,
    inDer(sequenceOf('ETYPE-INFO-ENTRY', sequence([field(0, 'etype', enctype), field(1, 'salt?', octets(salt))]))),
  ],
  [
    PaDataType.PA_ETYPE_INFO2,
    inDer(
      sequenceOf(
        'ETYPE-INFO2-ENTRY',
        sequence([field(0, 'etype', enctype), field(1, 'salt?', text), field(2, 's2kparams?', octets(iterations))]),
      ),
    ),
  ],
  [PaDataType.PA_PAC_REQUEST, inDer(sequence([field(0, 'include-pac', boolean)]))],
  [
    PaDataType.PA_FOR_USER,
    inDer(
      sequence([
        field(0, 'userName', principalName),
        field(1, 'userRealm', text),
        field(2, 'cksum', checksum),
        field(3, 'auth-package', text),
      ]),
    ),
  ],
  [PaDataType.PA_FOR_X509_USER, inDer(s4uUser())],
  [PaDataType.PA_FX_FAST, inDer(fast())],
  [
    PaDataType.PA_REQ_ENC_PA_REP,
    (label, bytes, scope) => (bytes.length === 0 ? scope.node(label, bytes) : inDer(checksum)(label, bytes, scope)),
  ],
  [PaDataType.PA_SUPPORTED_ETYPES, numberIn((value) => bitNames(value, SUPPORTED_ENCTYPES))],
  [PaDataType.PA_PAC_OPTIONS, inDer(sequence([field(0, 'flags', flags(bitsOf(PacOption)))]))],
  [PaDataType.PA_KEY_LIST_REQ, inDer(sequenceOf('etype', enctype))],
  [PaDataType.PA_KEY_LIST_REP, inDer(sequenceOf('EncryptionKey', encryptionKey('a key of the key list')))],
])

/** MS-KILE 2.2.7. */
const SUPPORTED_ENCTYPES = [
  [0x1, 'des-cbc-crc'],
  [0x2, 'des-cbc-md5'],
  [0x4, 'rc4-hmac'],
  [0x8, 'aes128-cts-hmac-sha1-96'],
  [0x10, 'aes256-cts-hmac-sha1-96'],
  [0x20, 'aes256-cts-hmac-sha1-96-sk'],
  [0x1_0000, 'FAST'],
  [0x2_0000, 'compound identity'],
  [0x4_0000, 'claims'],
  [0x8_0000, 'resource SID compression disabled'],
] as const

/** PA-ENC-TS-ENC, RFC 4120 section 5.2.7.2. */
function encTimestamp(seconds: string, microseconds: string): Shape {
  return sequence([field(0, seconds, time), field(1, microseconds, integer())])
}

/** PA-S4U-X509-USER, MS-SFU 2.2.2. */
function s4uUser(): Shape {
  const userId = sequence([
    field(0, 'nonce', integer()),
    field(1, 'cname?', principalName),
    field(2, 'crealm', text),
    field(3, 'subject-certificate?', octets()),
    field(4, 'options?', flags(bitsOf(S4uOption))),
  ])
  return sequence([field(0, 'user-id', userId), field(1, 'checksum', checksum)])
}

/** PA-FX-FAST-REQUEST and PA-FX-FAST-REPLY, RFC 6113 section 5.4: both a choice with one alternative, `[0]`. */
function fast(): Shape {
  const armor = sequence([
    field(
      0,
      'armor-type',
      integer((type) => (type === 1 ? 'FX_FAST_ARMOR_AP_REQUEST' : undefined)),
    ),
    field(
      1,
      'armor-value',
      octets((label, bytes, scope) => scope.nested(label, bytes)),
    ),
  ])
  const request = sequence([
    field(0, 'armor?', armor),
    field(1, 'req-checksum', checksum),
    field(2, 'enc-fast-req', encrypted([KeyUsage.FAST_ENC], inDer(fastRequest()))),
  ])
  const reply = sequence([field(0, 'enc-fast-rep', encrypted([KeyUsage.FAST_REP], inDer(fastResponse())))])
  const either: Shape = (label, element, scope) => (isReply(element.content) ? reply : request)(label, element, scope)
  return oneOf(new Map([[contextTag(0), tagged(contextTag(0), either)]]))
}

/** KrbFastReq, RFC 6113 section 5.4.2. */
function fastRequest(): Shape {
  return sequence([
    field(0, 'fast-options', flags(bitsOf(FastOption))),
    field(1, 'padata', paDataList),
    field(2, 'req-body', anything),
  ])
}

/** KrbFastResponse, RFC 6113 section 5.4.3. */
function fastResponse(): Shape {
  return sequence([
    field(0, 'padata', paDataList),
    field(1, 'strengthen-key?', encryptionKey('the strengthen-key of the FAST response')),
    field(2, 'finished?', anything),
    field(3, 'nonce', integer()),
  ])
}

/** A reply has one field alone, which is EncryptedData; a request has two or three. */
function isReply(sequenceContent: Uint8Array): boolean {
  const reader = new DerReader(sequenceContent)
  if (!reader.hasMore) return false
  const { tag } = reader.readTlv('field')
  return tag === contextTag(0) && !reader.hasMore
}

/**
 * The e-data of a KRB-ERROR, which has no type: METHOD-DATA or TYPED-DATA (RFC 4120 section 5.9.1), KERB-ERROR-DATA
 * (MS-KILE 2.2.2), or a result of kpasswd (RFC 3244 section 2).
 */
export const errorData: Inside = (label, bytes, scope) => {
  if (bytes[0] !== Tag.SEQUENCE) return passwordResult(label, bytes, scope)
  const reader = new DerReader(bytes).enter(Tag.SEQUENCE, label)
  if (reader.peekTag() === contextTag(1)) return inDer(KERB_ERROR_DATA)(label, bytes, scope)
  if (reader.peekTag() !== Tag.SEQUENCE) return derOrHex(label, bytes, scope)
  const first = reader.enter(Tag.SEQUENCE, label).peekTag()
  return inDer(first === contextTag(0) ? typedDataList : paDataList)(label, bytes, scope)
}

const KERB_ERROR_DATA = sequence([
  field(1, 'data-type', integer(nameIn(KerbErrorDataType))),
  field(2, 'data-value?', octets(extError)),
])

/** KERB-EXT-ERROR, MS-KILE 2.2.1. */
function extError(...[label, bytes, scope]: Parameters<Inside>): ReturnType<Inside> {
  if (bytes.length !== 12) return derOrHex(label, bytes, scope)
  const reader = new Reader(bytes)
  const [status, reserved, flagBits] = [reader.u32le('status'), reader.u32le('reserved'), reader.u32le('flags')]
  return scope.node(label, bytes, {
    value: hexNumber(status, 8),
    meaning: `an NTSTATUS; reserved ${reserved}, flags ${flagBits}`,
  })
}

/** What kpasswd answers: a number, and words. */
export const passwordResult: Inside = (label, bytes, scope) => {
  if (bytes.length < 2) return scope.hex(label, bytes)
  const code = new Reader(bytes).u16be('result code')
  const words = bytes.subarray(2)
  const children = [
    scope.node('resultCode', bytes.subarray(0, 2), { value: String(code), meaning: nameIn(PasswordResultCode)(code) }),
    scope.node('resultString', words, { value: textOf(words) ?? toHex(words) }),
  ]
  return scope.node(label, bytes, { meaning: nameIn(PasswordResultCode)(code), children })
}

/** A number of four bytes, least significant first. */
function numberIn(meaning: (value: number) => string): Inside {
  return (label, bytes, scope) => {
    if (bytes.length !== 4) return scope.hex(label, bytes)
    const value = new Reader(bytes).u32le(label)
    return scope.node(label, bytes, { value: hexNumber(value, 8), meaning: meaning(value) })
  }
}

function iterations(...[label, bytes, scope]: Parameters<Inside>): ReturnType<Inside> {
  const count = bytes.length === 4 ? new Reader(bytes).u32be(label) : undefined
  return scope.node(label, bytes, {
    value: toHex(bytes),
    meaning: count === undefined ? undefined : `${count} iterations`,
  })
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return printable(decodeUtf8(bytes, 'text'))
  } catch {
    return undefined
  }
}
