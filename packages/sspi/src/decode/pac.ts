import { Reader, toHex, utf16leDecode } from '../bytes/index.js'
import { MAX_PAC_BUFFERS, PacBufferType, readWholeSid } from '../kerberos/index.js'
import type { Inside } from './asn1-shapes.js'
import { Fields } from './fields.js'
import { checksumName } from './kerberos-names.js'
import { bitNames, fileTimeText, hexNumber, type BitNames } from './names.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'
import { decodeLogonInfo } from './pac-logon-info.js'
import { printable } from './printable.js'

const HEADER_BYTES = 8
const BUFFER_BYTES = 16

interface BufferKind {
  readonly name: string
  readonly decode: Inside
}

const hex: Inside = (label, bytes, scope) => scope.hex(label, bytes)

/** The buffers of a PAC by their ulType, MS-PAC 2.4. */
const BUFFER_KINDS: ReadonlyMap<number, BufferKind> = new Map<number, BufferKind>([
  [PacBufferType.LOGON_INFO, { name: 'KERB_VALIDATION_INFO', decode: decodeLogonInfo }],
  [PacBufferType.CREDENTIAL_INFO, { name: 'PAC_CREDENTIAL_INFO', decode: hex }],
  [PacBufferType.SERVER_SIGNATURE, { name: 'server signature', decode: signature }],
  [PacBufferType.KDC_SIGNATURE, { name: 'KDC signature', decode: signature }],
  [PacBufferType.CLIENT_INFO, { name: 'PAC_CLIENT_INFO', decode: clientInfo }],
  [PacBufferType.DELEGATION_INFO, { name: 'S4U_DELEGATION_INFO', decode: hex }],
  [PacBufferType.UPN_DNS_INFO, { name: 'UPN_DNS_INFO', decode: upnDnsInfo }],
  [PacBufferType.CLIENT_CLAIMS, { name: 'client claims', decode: hex }],
  [PacBufferType.DEVICE_INFO, { name: 'PAC_DEVICE_INFO', decode: hex }],
  [PacBufferType.DEVICE_CLAIMS, { name: 'device claims', decode: hex }],
  [PacBufferType.TICKET_SIGNATURE, { name: 'ticket signature', decode: signature }],
  [PacBufferType.ATTRIBUTES_INFO, { name: 'PAC_ATTRIBUTES_INFO', decode: attributes }],
  [PacBufferType.REQUESTOR, { name: 'PAC_REQUESTOR', decode: requestor }],
  [PacBufferType.EXTENDED_KDC_SIGNATURE, { name: 'extended KDC signature', decode: signature }],
])

/** A PAC by itself. It has no magic number, so that it is known by how its first buffer follows its header. */
export const pacToken: TokenDecoder = {
  name: 'PAC',
  recognises: (bytes) => {
    if (bytes.length < HEADER_BYTES + BUFFER_BYTES) return false
    const reader = new Reader(bytes)
    const [count, version] = [reader.u32le('cBuffers'), reader.u32le('Version')]
    if (count === 0 || count > MAX_PAC_BUFFERS || version !== 0) return false
    const [type, , low, high] = [0, 1, 2, 3].map(() => reader.u32le('buffer')) as [number, number, number, number]
    return BUFFER_KINDS.has(type) && high === 0 && low === HEADER_BYTES + count * BUFFER_BYTES
  },
  decode: (bytes, scope) => decodePac('PAC', bytes, scope),
}

/** A privilege attribute certificate, MS-PAC 2.3. Nothing is verified. */
export function decodePac(label: string, bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes.subarray(0, HEADER_BYTES), scope, children)
    const count = fields.u32le('cBuffers', String)
    fields.u32le('Version')
    const reader = new Reader(bytes)
    reader.take(HEADER_BYTES, 'PACTYPE')
    for (let index = 0; index < Math.min(count, MAX_PAC_BUFFERS); index++) {
      const entry = new Reader(reader.take(BUFFER_BYTES, 'PAC_INFO_BUFFER'))
      const [type, size, offset] = [entry.u32le('ulType'), entry.u32le('cbBufferSize'), entry.u64le('Offset')]
      children.push(buffer(type, size, offset, bytes, scope))
    }
    return { meaning: `${count} buffers; no signature is checked` }
  })
}

function buffer(type: number, size: number, offset: bigint, bytes: Uint8Array, scope: Scope): DecodedNode {
  const { name, decode } = BUFFER_KINDS.get(type) ?? { name: `buffer of type ${type}`, decode: hex }
  if (offset + BigInt(size) > BigInt(bytes.length)) {
    return scope.node(name, bytes.subarray(0, 0), { error: `it reaches behind the end: ${size} bytes at ${offset}` })
  }
  const content = bytes.subarray(Number(offset), Number(offset) + size)
  return scope.collect(name, content, (children) => {
    const { value, meaning, error, children: parts } = decode(name, content, scope)
    children.push(...parts)
    return { value, meaning, error }
  })
}

/** PAC_SIGNATURE_DATA, MS-PAC 2.8; a read-only domain controller puts its number behind it. */
function signature(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    const type = fields.bytes('SignatureType', 4, (raw) => {
      const number = new Reader(raw).u32le('SignatureType') | 0
      return { value: String(number), meaning: checksumName(number) }
    })
    const length = (new Reader(type).u32le('SignatureType') | 0) === RC4_CHECKSUM ? 16 : 12
    fields.bytes('Signature', Math.min(length, fields.remaining))
    if (fields.remaining === 2) fields.u16le('RODCIdentifier')
    else if (fields.remaining > 0) fields.bytes('rest', fields.remaining)
    return undefined
  })
}

/** KERB_CHECKSUM_HMAC_MD5. */
const RC4_CHECKSUM = -138

/** PAC_CLIENT_INFO, MS-PAC 2.7. */
function clientInfo(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    fields.u64le('ClientId', fileTimeText)
    const length = fields.u16le('NameLength')
    fields.bytes('Name', length, (raw) => ({ value: printable(utf16leDecode(raw, 'Name')) }))
    return undefined
  })
}

/** UPN_DNS_INFO, MS-PAC 2.10: lengths and offsets, then what they point at. */
function upnDnsInfo(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    const upn = [fields.u16le('UpnLength'), fields.u16le('UpnOffset')] as const
    const dns = [fields.u16le('DnsDomainNameLength'), fields.u16le('DnsDomainNameOffset')] as const
    const bits = fields.u32le('Flags', (value) => bitNames(value, UPN_FLAGS))
    const at = (
      name: string,
      [length, offset]: readonly [number, number],
      decode: (raw: Uint8Array) => string,
    ): void => {
      const raw = new Reader(bytes.subarray(offset)).take(length, name)
      children.push(scope.node(name, raw, { value: decode(raw) }))
    }
    const words = (raw: Uint8Array): string => printable(utf16leDecode(raw, 'name'))
    if ((bits & 2) !== 0) {
      const sam = [fields.u16le('SamNameLength'), fields.u16le('SamNameOffset')] as const
      const sid = [fields.u16le('SidLength'), fields.u16le('SidOffset')] as const
      at('SamName', sam, words)
      at('Sid', sid, readWholeSid)
    }
    at('Upn', upn, words)
    at('DnsDomainName', dns, words)
    return undefined
  })
}

const UPN_FLAGS: BitNames = [
  [1, 'no UPN attribute'],
  [2, 'extended'],
]

/** PAC_ATTRIBUTES_INFO, MS-PAC 2.14. */
function attributes(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    fields.u32le('FlagsLength', (bits) => `${bits} bits`)
    fields.u32le('Flags', (value) => bitNames(value, ATTRIBUTE_FLAGS))
    return undefined
  })
}

const ATTRIBUTE_FLAGS: BitNames = [
  [1, 'PAC_WAS_REQUESTED'],
  [2, 'PAC_WAS_GIVEN_IMPLICITLY'],
]

/** PAC_REQUESTOR, MS-PAC 2.15. */
function requestor(...[label, bytes, scope]: Parameters<Inside>): DecodedNode {
  const sid = readWholeSid(bytes)
  return scope.node(
    label,
    bytes,
    sid === '' ? { value: toHex(bytes), error: hexNumber(bytes.length, 2) } : { value: sid },
  )
}
