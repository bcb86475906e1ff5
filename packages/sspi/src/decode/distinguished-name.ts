import { decodeOid, decodeUtf8, DerReader, Tag, toHex } from '../bytes/index.js'

/** Attribute types with a short name, RFC 4514 §3 and PKCS#9. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'emailAddress'],
])
const SET = 0x31
const BMP_STRING = 0x1e

/**
 * A distinguished name as text, in the order in which it is written: `C=DE, O=Example, CN=Root`.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function distinguishedName(der: Uint8Array): string {
  const names = new DerReader(der).enter(Tag.SEQUENCE, 'Name')
  const parts: string[] = []
  while (names.hasMore) {
    const set = names.enter(SET, 'RelativeDistinguishedName')
    const pairs: string[] = []
    while (set.hasMore) {
      const pair = set.enter(Tag.SEQUENCE, 'AttributeTypeAndValue')
      const type = decodeOid(pair.content(Tag.OBJECT_IDENTIFIER, 'type'), 'type')
      const { tag, content } = pair.readTlv('value')
      const value = tag === BMP_STRING ? `#${toHex(content)}` : decodeUtf8(content, 'value')
      pairs.push(`${TYPES.get(type) ?? type}=${value}`)
    }
    parts.push(pairs.join(' + '))
  }
  return parts.join(', ')
}
