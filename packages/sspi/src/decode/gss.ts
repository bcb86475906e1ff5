import { applicationTag, decodeOid, DerReader, Reader, Tag, toHex } from '../bytes/index.js'
import { decodeDer, isDer, oidAbout } from './der.js'
import { hexNumber } from './names.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'

const SPNEGO_OID = '1.3.6.1.5.5.2'

/** What follows the mechanism's identifier, by mechanism; others are shown as whatever they look like. */
const INNER: ReadonlyMap<string, (bytes: Uint8Array, scope: Scope) => DecodedNode> = new Map([
  [SPNEGO_OID, (bytes: Uint8Array, scope: Scope) => scope.nested('innerToken', bytes)],
  ['1.2.840.113554.1.2.2', kerberosInner],
  ['1.2.840.48018.1.2.2', kerberosInner],
  ['1.2.840.113554.1.2.2.3', kerberosInner],
])

/** The framing of initial tokens, RFC 2743 section 3.1: whose token it is, then the token. */
export const gssToken: TokenDecoder = {
  name: 'GSS-API token',
  recognises: (bytes) => bytes[0] === applicationTag(0) && bytes.length > 2,
  decode: (bytes, scope) =>
    scope.collect('GSS-API InitialContextToken', bytes, (children) => {
      const frame = new DerReader(bytes)
      const { content } = frame.readTlv('InitialContextToken')
      const reader = new DerReader(content)
      const thisMech = reader.readTlv('thisMech')
      const oid = thisMech.tag === Tag.OBJECT_IDENTIFIER ? decodeOid(thisMech.content, 'thisMech') : ''
      if (oid === '') {
        children.push(
          scope.node('thisMech', thisMech.whole, { value: toHex(thisMech.whole), error: 'no OBJECT IDENTIFIER' }),
        )
      } else {
        children.push(scope.node('thisMech', thisMech.whole, oidAbout(oid)))
      }
      const inner = reader.rest()
      children.push((INNER.get(oid) ?? ((rest) => scope.nested('innerToken', rest)))(inner, scope))
      frame.end('InitialContextToken')
      return undefined
    }),
}

/** TOK_ID, RFC 4121 section 4.1 and RFC 4757. */
const KERBEROS_TOKENS: ReadonlyMap<number, string> = new Map([
  [0x0100, 'AP-REQ'],
  [0x0200, 'AP-REP'],
  [0x0300, 'KRB-ERROR'],
  [0x0400, 'TGT-REQ'],
  [0x0401, 'TGT-REP'],
  [0x0101, 'MIC of RFC 1964'],
  [0x0201, 'Wrap of RFC 1964'],
])

/** What Kerberos puts behind its identifier: two bytes of TOK_ID, then a message in DER. */
function kerberosInner(bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect('innerToken: Kerberos', bytes, (children) => {
    const reader = new Reader(bytes)
    const id = reader.u16be('TOK_ID')
    const name = KERBEROS_TOKENS.get(id)
    children.push(scope.node('TOK_ID', bytes.subarray(0, 2), { value: hexNumber(id, 4), meaning: name }))
    const message = bytes.subarray(2)
    children.push(isDer(message) ? decodeDer(name ?? 'message', message, scope) : scope.hex('message', message))
    return undefined
  })
}
