import { contextTag, DerReader, Tag, type Tlv } from '../bytes/index.js'
import { CredType, errorCodeText } from '../credssp/index.js'
import { SspiError } from '../sspi/index.js'
import { field, inDer, integer, octets, sequence, sequenceOf, type Inside } from './asn1-shapes.js'
import type { TokenDecoder } from './node.js'

/** Only how much there is: it is encrypted, or a secret. */
const encrypted: Inside = (label, bytes, scope) =>
  scope.node(label, bytes, { meaning: `${bytes.length} bytes, encrypted` })

const NEGO_DATA = sequence([
  field(
    0,
    'negoToken',
    octets((label, bytes, scope) => scope.nested(label, bytes)),
  ),
])

/** TSRequest, MS-CSSP 2.2.1. */
const TS_REQUEST = sequence([
  field(0, 'version', integer()),
  field(1, 'negoTokens?', sequenceOf('NegoData', NEGO_DATA)),
  field(2, 'authInfo?', octets(encrypted)),
  field(3, 'pubKeyAuth?', octets(encrypted)),
  field(
    4,
    'errorCode?',
    integer((value) => errorCodeText(value >>> 0)),
  ),
  field(5, 'clientNonce?', octets()),
])

/** CredSSP's one message, as it stands within TLS: the tokens in it decoded, what is encrypted by its length. */
export const tsRequest: TokenDecoder = {
  name: 'CredSSP TSRequest',
  recognises: (bytes) => {
    const fields = firstFields(bytes)
    if (fields === undefined || fields.version < 2) return false
    const { tag, content } = fields.next
    return tag === contextTag(1) ? content[0] === Tag.SEQUENCE : tag >= contextTag(2) && tag <= contextTag(5)
  },
  decode: (bytes, scope) => inDer(TS_REQUEST)('CredSSP TSRequest', bytes, scope),
}

/** Its plaintext of `authInfo`, MS-CSSP 2.2.1.2: a password or a PIN, of which nothing is shown. */
export const tsCredentials: TokenDecoder = {
  name: 'CredSSP TSCredentials',
  recognises: (bytes) => {
    const fields = firstFields(bytes)
    if (fields === undefined || !CRED_TYPES.includes(fields.version)) return false
    return fields.next.tag === contextTag(1) && fields.next.content[0] === Tag.OCTET_STRING
  },
  decode: (bytes, scope) =>
    scope.node('CredSSP TSCredentials', bytes, { meaning: 'credentials in clear, which are not shown' }),
}

const CRED_TYPES: readonly number[] = Object.values(CredType)

/** The number under `[0]` and the field behind it, which tell CredSSP's two structures from each other and from others. */
function firstFields(bytes: Uint8Array): { readonly version: number; readonly next: Tlv } | undefined {
  if (bytes[0] !== Tag.SEQUENCE) return undefined
  try {
    // Not DER either, where rdesktop wrote it: its credentials are not to be shown the less.
    const fields = DerReader.ofAnyLengths(bytes).enter(Tag.SEQUENCE, 'fields')
    const version = fields.within(contextTag(0), 'version', (inner) => inner.integer('version'))
    return fields.hasMore ? { version, next: fields.readTlv('field') } : undefined
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
