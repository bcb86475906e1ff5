import { decodeUtf8, encodeUtf8 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { NameType } from '../constants.js'
import type { AuthorizationDataElement, EncryptionKey, HostAddress, PrincipalName } from '../messages/index.js'
import { OrderedReader, OrderedWriter, orderOfSmallNumber, type ByteOrder } from './byte-order.js'

/** A credential cache file: the tickets of a user. As MIT's `ccache_file_format` describes it. */
export interface Ccache {
  /** 4 is what everybody writes; from 3 on numbers have the most significant byte first. */
  readonly version: 1 | 2 | 3 | 4
  /** The order of the numbers in versions 1 and 2; `big` in the later ones. */
  readonly byteOrder: ByteOrder
  /** In version 4 only. */
  readonly header: readonly CcacheHeaderField[]
  /** Whose cache it is. */
  readonly defaultPrincipal: CcachePrincipal
  readonly credentials: readonly CcacheCredential[]
}

/** A field of the header of version 4. */
export interface CcacheHeaderField {
  /** 1 for the time offset of the KDC, see `ccacheTimeOffset`. */
  readonly tag: number
  readonly value: Uint8Array
}

/** A principal in a credential cache. */
export interface CcachePrincipal {
  readonly realm: string
  /** Version 1 has no name types: `NT_UNKNOWN` is taken. */
  readonly name: PrincipalName
}

/** A ticket and what belongs to it; or a removed one, or configuration: see `isRemovedCredential`, `readCcacheConfig`. */
export interface CcacheCredential {
  readonly client: CcachePrincipal
  readonly server: CcachePrincipal
  /** The session key. Secret. */
  readonly key: EncryptionKey
  /** In seconds since 1970, as are the next three; 0 where there is no such time. */
  readonly authTime: number
  readonly startTime: number
  readonly endTime: number
  readonly renewTill: number
  /** Whether the ticket is under the session key of `secondTicket` (user-to-user): not zero for yes, MIT writes 8. */
  readonly isSkey: number
  /** See `TicketFlag`. */
  readonly ticketFlags: number
  readonly addresses: readonly HostAddress[]
  readonly authorizationData: readonly AuthorizationDataElement[]
  /** A Ticket as DER, or a configuration value. */
  readonly ticket: Uint8Array
  /** A Ticket as DER; empty if there is none. */
  readonly secondTicket: Uint8Array
}

/** The first byte of every credential cache file. */
const MAGIC = 5

/**
 * Reads a credential cache of version 1 to 4.
 *
 * The order of versions 1 and 2, which is that of the machine that wrote them, is seen from the default principal.
 * Removed credentials and configuration are among the credentials. Keys and tickets are views of `bytes`.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the bytes are no credential cache.
 */
export function readCcache(bytes: Uint8Array): Ccache {
  const version = readVersion(bytes)
  const byteOrder = orderOf(bytes, version)
  const file = new OrderedReader(bytes.subarray(2), byteOrder)
  const header = version === 4 ? readHeader(file) : []
  const defaultPrincipal = readPrincipal(file, version)
  const credentials: CcacheCredential[] = []
  while (file.remaining > 0) credentials.push(readCredential(file, version))
  return { version, byteOrder, header, defaultPrincipal, credentials }
}

/**
 * Writes a credential cache of version 3 or 4.
 *
 * @throws `TypeError` for other versions, a header in version 3, and values that the format has no room for.
 */
export function writeCcache(ccache: Ccache): Uint8Array {
  const { version } = ccache
  if (version !== 3 && version !== 4) throw new TypeError(`ccache: version ${version} is not written`)
  if (version === 3 && ccache.header.length > 0) throw new TypeError('ccache: version 3 has no header')
  const file = new OrderedWriter('big')
  file.u8(MAGIC)
  file.u8(version)
  if (version === 4) writeHeader(file, ccache.header)
  writePrincipal(file, ccache.defaultPrincipal)
  for (const credential of ccache.credentials) writeCredential(file, credential, version)
  return file.finish()
}

/** Reads a principal as version 4 has it, alone. @throws {@link SspiError} `SEC_E_INVALID_TOKEN`. */
export function readCcachePrincipal(bytes: Uint8Array): CcachePrincipal {
  return alone(bytes, (file) => readPrincipal(file, 4), 'ccache: principal')
}

/** Writes a principal as version 4 has it, alone. */
export function writeCcachePrincipal(principal: CcachePrincipal): Uint8Array {
  const file = new OrderedWriter('big')
  writePrincipal(file, principal)
  return file.finish()
}

/** Reads a credential as version 4 has it, alone. Key and ticket are views. @throws {@link SspiError} `SEC_E_INVALID_TOKEN`. */
export function readCcacheCredential(bytes: Uint8Array): CcacheCredential {
  return alone(bytes, (file) => readCredential(file, 4), 'ccache: credential')
}

/** Writes a credential as version 4 has it, alone. Secret: the caller wipes it. */
export function writeCcacheCredential(credential: CcacheCredential): Uint8Array {
  const file = new OrderedWriter('big')
  writeCredential(file, credential, 4)
  return file.finish()
}

function alone<T>(bytes: Uint8Array, read: (file: OrderedReader) => T, what: string): T {
  const file = new OrderedReader(bytes, 'big')
  const value = read(file)
  if (file.remaining > 0) throw new SspiError('SEC_E_INVALID_TOKEN', `${what}: ${file.remaining} bytes behind it`)
  return value
}

function readVersion(bytes: Uint8Array): Ccache['version'] {
  const version = bytes[1]
  if (bytes[0] === MAGIC && (version === 1 || version === 2 || version === 3 || version === 4)) return version
  throw new SspiError('SEC_E_INVALID_TOKEN', 'ccache: it begins with none of 05 01 to 05 04')
}

function orderOf(bytes: Uint8Array, version: Ccache['version']): ByteOrder {
  if (version >= 3) return 'big'
  // The number of components: in version 1 it comes first, in version 2 behind the name type.
  return orderOfSmallNumber(bytes.subarray(version === 1 ? 2 : 6))
}

function readHeader(file: OrderedReader): readonly CcacheHeaderField[] {
  const header = new OrderedReader(file.data16('ccache: header'), 'big')
  const fields: CcacheHeaderField[] = []
  while (header.remaining > 0) {
    fields.push({ tag: header.u16('ccache: header tag'), value: header.data16('ccache: header field') })
  }
  return fields
}

function writeHeader(file: OrderedWriter, fields: readonly CcacheHeaderField[]): void {
  const header = new OrderedWriter('big')
  for (const { tag, value } of fields) {
    header.u16(tag)
    header.data16(value)
  }
  file.data16(header.finish())
}

function readPrincipal(file: OrderedReader, version: Ccache['version']): CcachePrincipal {
  const nameType = version === 1 ? NameType.NT_UNKNOWN : file.i32('ccache: name type')
  // Version 1 counts the realm as a component.
  const count = file.u32('ccache: number of components') - (version === 1 ? 1 : 0)
  if (count < 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'ccache: a principal without realm')
  const realm = decodeUtf8(file.data32('ccache: realm'), 'ccache: realm')
  const nameString: string[] = []
  // However large the number is: each component takes four bytes at least, and the file runs out.
  for (let i = 0; i < count; i++) nameString.push(decodeUtf8(file.data32('ccache: component'), 'ccache: component'))
  return { realm, name: { nameType, nameString } }
}

function writePrincipal(file: OrderedWriter, { realm, name }: CcachePrincipal): void {
  file.i32(name.nameType)
  file.u32(name.nameString.length)
  file.data32(encodeUtf8(realm))
  for (const component of name.nameString) file.data32(encodeUtf8(component))
}

function readCredential(file: OrderedReader, version: Ccache['version']): CcacheCredential {
  return {
    client: readPrincipal(file, version),
    server: readPrincipal(file, version),
    key: readKey(file, version),
    authTime: file.u32('ccache: authtime'),
    startTime: file.u32('ccache: starttime'),
    endTime: file.u32('ccache: endtime'),
    renewTill: file.u32('ccache: renew-till'),
    isSkey: file.u8('ccache: is_skey'),
    ticketFlags: file.u32('ccache: ticket flags'),
    addresses: readPairs(file, 'ccache: addresses').map(({ type, data }) => ({ addrType: type, address: data })),
    authorizationData: readPairs(file, 'ccache: authdata').map(({ type, data }) => ({ adType: type, adData: data })),
    ticket: file.data32('ccache: ticket'),
    secondTicket: file.data32('ccache: second ticket'),
  }
}

function writeCredential(file: OrderedWriter, credential: CcacheCredential, version: 3 | 4): void {
  writePrincipal(file, credential.client)
  writePrincipal(file, credential.server)
  writeKey(file, credential.key, version)
  file.u32(credential.authTime)
  file.u32(credential.startTime)
  file.u32(credential.endTime)
  file.u32(credential.renewTill)
  file.u8(credential.isSkey)
  file.u32(credential.ticketFlags)
  writePairs(
    file,
    credential.addresses.map(({ addrType, address }) => ({ type: addrType, data: address })),
  )
  writePairs(
    file,
    credential.authorizationData.map(({ adType, adData }) => ({ type: adType, data: adData })),
  )
  file.data32(credential.ticket)
  file.data32(credential.secondTicket)
}

function readKey(file: OrderedReader, version: Ccache['version']): EncryptionKey {
  const keytype = file.i16('ccache: key type')
  // Version 3 has it twice.
  if (version === 3) file.u16('ccache: encryption type')
  return { keytype, keyvalue: file.data32('ccache: key') }
}

function writeKey(file: OrderedWriter, { keytype, keyvalue }: EncryptionKey, version: 3 | 4): void {
  file.i16(keytype)
  if (version === 3) file.i16(keytype)
  file.data32(keyvalue)
}

/** An address or an element of authorization data. */
interface Pair {
  readonly type: number
  readonly data: Uint8Array
}

function readPairs(file: OrderedReader, what: string): readonly Pair[] {
  const count = file.u32(what)
  const pairs: Pair[] = []
  for (let i = 0; i < count; i++) pairs.push({ type: file.u16(what), data: file.data32(what) })
  return pairs
}

function writePairs(file: OrderedWriter, pairs: readonly Pair[]): void {
  file.u32(pairs.length)
  for (const { type, data } of pairs) {
    file.i16(type)
    file.data32(data)
  }
}
