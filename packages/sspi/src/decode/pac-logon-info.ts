import { Reader, utf16leDecode } from '../bytes/index.js'
import { SspiError } from '../sspi/index.js'
import type { Inside } from './asn1-shapes.js'
import { bitNames, fileTimeText, hexNumber, type BitNames } from './names.js'
import type { About, DecodedNode, Scope } from './node.js'
import { readSid } from './sids.js'
import { printable } from './text-fields.js'

/** Groups and SIDs beyond this number are not shown: real tickets have up to a thousand or so. */
const MOST_ENTRIES = 4096

/**
 * KERB_VALIDATION_INFO, MS-PAC 2.5: who the user is and which groups it is in, in NDR (MS-RPCE 2.2.6) behind a header of 16
 * bytes. What a structure points at comes behind it, in the order of the pointers.
 */
export const decodeLogonInfo: Inside = (label, bytes, scope) =>
  scope.collect(label, bytes, (children) => {
    const ndr = new NdrFields(bytes, scope, children)
    ndr.header()
    for (const name of TIMES) ndr.time(name)
    const names = NAMES.map((name) => ndr.stringHeader(name))
    ndr.u16('LogonCount')
    ndr.u16('BadPasswordCount')
    ndr.u32('UserId')
    ndr.u32('PrimaryGroupId')
    ndr.u32('GroupCount')
    const groups = ndr.pointer('GroupIds')
    ndr.u32('UserFlags', (value) => bitNames(value, USER_FLAGS))
    ndr.sessionKey('UserSessionKey')
    const logonNames = LOGON_NAMES.map((name) => ndr.stringHeader(name))
    const domainId = ndr.pointer('LogonDomainId')
    ndr.skip(8)
    ndr.u32('UserAccountControl', (value) => hexNumber(value, 8))
    ndr.u32('SubAuthStatus')
    for (const name of ['LastSuccessfulILogon', 'LastFailedILogon']) ndr.time(name)
    ndr.u32('FailedILogonCount')
    ndr.skip(4)
    ndr.u32('SidCount')
    const extraSids = ndr.pointer('ExtraSids')
    const resourceDomain = ndr.pointer('ResourceGroupDomainSid')
    ndr.u32('ResourceGroupCount')
    const resourceGroups = ndr.pointer('ResourceGroupIds')

    for (const header of names) ndr.string(header)
    if (groups) ndr.groups('GroupIds')
    for (const header of logonNames) ndr.string(header)
    if (domainId) ndr.sid('LogonDomainId')
    if (extraSids) ndr.sids('ExtraSids')
    if (resourceDomain) ndr.sid('ResourceGroupDomainSid')
    if (resourceGroups) ndr.groups('ResourceGroupIds')
    return undefined
  })

const TIMES = [
  'LogonTime',
  'LogoffTime',
  'KickOffTime',
  'PasswordLastSet',
  'PasswordCanChange',
  'PasswordMustChange',
] as const
const NAMES = [
  'EffectiveName',
  'FullName',
  'LogonScript',
  'ProfilePath',
  'HomeDirectory',
  'HomeDirectoryDrive',
] as const
const LOGON_NAMES = ['LogonServer', 'LogonDomainName'] as const

/** MS-PAC 2.5. */
const USER_FLAGS: BitNames = [
  [0x1, 'GUEST'],
  [0x20, 'EXTRA_SIDS'],
  [0x200, 'RESOURCE_GROUPS'],
]

/** SE_GROUP_… attributes, MS-PAC 2.2.1. */
const GROUP_ATTRIBUTES: BitNames = [
  [0x1, 'mandatory'],
  [0x2, 'enabled by default'],
  [0x4, 'enabled'],
  [0x2000_0000, 'resource'],
]

interface StringHeader {
  readonly name: string
  /** Whether there is a string behind the structure. */
  readonly there: boolean
}

/** Reads NDR field by field, least significant byte first and aligned, and writes a node for each. */
class NdrFields {
  readonly #bytes: Uint8Array
  readonly #reader: Reader
  readonly #scope: Scope
  readonly #nodes: DecodedNode[]

  constructor(bytes: Uint8Array, scope: Scope, nodes: DecodedNode[]) {
    this.#bytes = bytes
    this.#reader = new Reader(bytes)
    this.#scope = scope
    this.#nodes = nodes
  }

  /** The common and the private header, MS-RPCE 2.2.6.1 and 2.2.6.2, and the pointer to the structure. */
  header(): void {
    const version = this.#reader.u8('Version')
    const order = this.#reader.u8('Endianness')
    if (version !== 1 || order !== 0x10) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `NDR: version ${version}, byte order ${order} are not known`)
    }
    this.#reader.take(14, 'header')
    this.#reader.u32le('pointer')
  }

  u16(name: string): void {
    this.#node(name, 2, (reader) => ({ value: String(reader.u16le(name)) }))
  }

  u32(name: string, meaning?: (value: number) => string): void {
    this.#align()
    this.#node(name, 4, (reader) => {
      const value = reader.u32le(name)
      return { value: String(value), meaning: meaning?.(value) }
    })
  }

  time(name: string): void {
    this.#align()
    this.#node(name, 8, (reader) => {
      const ticks = reader.u64le(name)
      return { value: ticks.toString(), meaning: fileTimeText(ticks) }
    })
  }

  /** RPC_UNICODE_STRING: two lengths and a pointer. */
  stringHeader(name: string): StringHeader {
    this.#align()
    this.#reader.take(4, name)
    return { name, there: this.pointer(name) }
  }

  /** Whether a pointer points at something. */
  pointer(name: string): boolean {
    this.#align()
    return this.#reader.u32le(name) !== 0
  }

  /** Zero as a rule; where it is not, it opens what NTLM protects. */
  sessionKey(name: string): void {
    const bytes = this.#reader.take(16, name)
    const zero = bytes.every((byte) => byte === 0)
    this.#nodes.push(this.#scope.node(name, bytes, zero ? { meaning: 'none' } : this.#scope.keyring.about(bytes)))
  }

  skip(length: number): void {
    this.#reader.take(length, 'reserved')
  }

  /** A conformant and varying array of UTF-16: room, offset, length, characters. */
  string({ name, there }: StringHeader): void {
    if (!there) return
    this.#align()
    this.#reader.take(8, name)
    const length = this.#reader.u32le(name) * 2
    this.#node(name, length, (reader) => ({ value: printable(utf16leDecode(reader.take(length, name), name)) }))
  }

  groups(name: string): void {
    this.#list(name, (children) => {
      const entry = this.#reader.take(8, name)
      const reader = new Reader(entry)
      const [rid, attributes] = [reader.u32le('RelativeId'), reader.u32le('Attributes')]
      children.push(
        this.#scope.node('RelativeId', entry, { value: String(rid), meaning: bitNames(attributes, GROUP_ATTRIBUTES) }),
      )
    })
  }

  sid(name: string): void {
    this.#nodes.push(this.#sid(name, undefined))
  }

  sids(name: string): void {
    const attributes: number[] = []
    this.#list(name, () => {
      this.#reader.u32le(name)
      attributes.push(this.#reader.u32le(name))
    })
    const list = this.#nodes.pop()
    const children = attributes.map((bits) => this.#sid('Sid', bitNames(bits, GROUP_ATTRIBUTES)))
    if (list !== undefined) this.#nodes.push({ ...list, children })
  }

  #sid(name: string, meaning: string | undefined): DecodedNode {
    this.#align()
    this.#reader.u32le(name)
    const start = this.#reader.offset
    const value = readSid(this.#reader)
    return this.#scope.node(name, this.#bytes.subarray(start, this.#reader.offset), { value, meaning })
  }

  /** A conformant array: how many, then each. */
  #list(name: string, readOne: (children: DecodedNode[]) => void): void {
    this.#align()
    const start = this.#reader.offset
    const count = this.#reader.u32le(name)
    if (count > MOST_ENTRIES) throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: ${count} entries`)
    const children: DecodedNode[] = []
    for (let index = 0; index < count; index++) readOne(children)
    const bytes = this.#bytes.subarray(start, this.#reader.offset)
    this.#nodes.push(this.#scope.node(name, bytes, { meaning: `${count} entries`, children }))
  }

  #node(name: string, length: number, about: (reader: Reader) => About): void {
    const bytes = this.#reader.take(length, name)
    this.#nodes.push(this.#scope.node(name, bytes, about(new Reader(bytes))))
  }

  /** To a multiple of four, from the start of the structure: the headers have sixteen bytes. */
  #align(): void {
    const over = this.#reader.offset % 4
    if (over !== 0) this.#reader.take(4 - over, 'padding')
  }
}
