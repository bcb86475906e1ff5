import { applicationTag, decodeOid, DerReader, Tag, toHex } from '../bytes/index.js'
import { oidAbout } from './der.js'
import { kerberosInner } from './kerberos-tokens.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'

const SPNEGO_OID = '1.3.6.1.5.5.2'

/** What follows the mechanism's identifier, by mechanism; others are shown as whatever they look like. */
const INNER: ReadonlyMap<string, (bytes: Uint8Array, scope: Scope) => DecodedNode> = new Map([
  [SPNEGO_OID, (bytes: Uint8Array, scope: Scope) => scope.nested('innerToken', bytes)],
  ['1.2.840.113554.1.2.2', kerberosInner],
  ['1.2.840.48018.1.2.2', kerberosInner],
  ['1.2.840.113554.1.2.2.3', kerberosInner],
  ['1.3.6.1.5.2.5', kerberosInner],
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
