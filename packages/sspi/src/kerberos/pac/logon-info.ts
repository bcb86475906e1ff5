import { NdrReader } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** A group by its number in a domain: GROUP_MEMBERSHIP, MS-PAC 2.2.2. */
export interface GroupMembership {
  readonly relativeId: number
  /** See {@link GroupAttribute}. */
  readonly attributes: number
}

/** A group by its whole identifier: KERB_SID_AND_ATTRIBUTES, MS-PAC 2.2.1. */
export interface SidAndAttributes {
  readonly sid: string
  /** See {@link GroupAttribute}. */
  readonly attributes: number
}

/** SE_GROUP_… attributes, MS-PAC 2.2.1. */
export const GroupAttribute = {
  MANDATORY: 0x1,
  ENABLED_BY_DEFAULT: 0x2,
  ENABLED: 0x4,
  RESOURCE: 0x2000_0000,
} as const

/** Of `userFlags`, MS-PAC 2.5: which of the lists count. */
export const LogonUserFlag = { GUEST: 0x1, EXTRA_SIDS: 0x20, RESOURCE_GROUPS: 0x200 } as const

/** KERB_VALIDATION_INFO, MS-PAC 2.5: who the user is, and in which groups. Times are FILETIMEs; names that are not there are empty. */
export interface LogonInfo {
  readonly logonTime: bigint
  readonly logoffTime: bigint
  readonly kickOffTime: bigint
  readonly passwordLastSet: bigint
  readonly passwordCanChange: bigint
  readonly passwordMustChange: bigint
  /** The account's name: `alice`. */
  readonly effectiveName: string
  readonly fullName: string
  readonly logonScript: string
  readonly profilePath: string
  readonly homeDirectory: string
  readonly homeDirectoryDrive: string
  readonly logonCount: number
  readonly badPasswordCount: number
  /** In the domain; 0 where the user's identifier is the first of `extraSids`. */
  readonly userId: number
  readonly primaryGroupId: number
  /** Groups of the domain. */
  readonly groupIds: readonly GroupMembership[]
  /** See {@link LogonUserFlag}. */
  readonly userFlags: number
  /** Zero as a rule. A copy. */
  readonly userSessionKey: Uint8Array
  readonly logonServer: string
  /** The NetBIOS name of the domain. */
  readonly logonDomainName: string
  readonly logonDomainId: string | undefined
  readonly userAccountControl: number
  readonly subAuthStatus: number
  readonly lastSuccessfulILogon: bigint
  readonly lastFailedILogon: bigint
  readonly failedILogonCount: number
  /** Groups of other domains, and well-known ones. */
  readonly extraSids: readonly SidAndAttributes[]
  readonly resourceGroupDomainSid: string | undefined
  /** Groups of that domain. */
  readonly resourceGroupIds: readonly GroupMembership[]
}

/** A field as it was read, for those who show it: see {@link readLogonInfo}. */
export interface LogonInfoField {
  /** As MS-PAC spells it. */
  readonly name: string
  /** Where it stood: a view. */
  readonly bytes: Uint8Array
  readonly content:
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'time'; readonly value: bigint }
    | { readonly kind: 'text'; readonly value: string }
    | { readonly kind: 'key'; readonly value: Uint8Array }
    | { readonly kind: 'sid'; readonly value: string }
    | { readonly kind: 'groups'; readonly value: readonly (GroupMembership & { readonly bytes: Uint8Array })[] }
    | { readonly kind: 'sids'; readonly value: readonly (SidAndAttributes & { readonly bytes: Uint8Array })[] }
}

/**
 * Reads KERB_VALIDATION_INFO, MS-PAC 2.5, in the order of its fields; then what they point at.
 *
 * @param visit - Told of each field as soon as it is read, those before a failure included.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readLogonInfo(bytes: Uint8Array, visit: (field: LogonInfoField) => void = () => undefined): LogonInfo {
  const ndr = new NdrReader(bytes)
  const fields = new LogonInfoReader(ndr, visit)
  const [logonTime, logoffTime, kickOffTime] = fields.times('LogonTime', 'LogoffTime', 'KickOffTime')
  const [passwordLastSet, passwordCanChange, passwordMustChange] = fields.times(
    'PasswordLastSet',
    'PasswordCanChange',
    'PasswordMustChange',
  )
  const names = NAMES.map((name) => ({ name, ...ndr.stringHeader(name) }))
  const logonCount = fields.u16('LogonCount')
  const badPasswordCount = fields.u16('BadPasswordCount')
  const userId = fields.u32('UserId')
  const primaryGroupId = fields.u32('PrimaryGroupId')
  const groupCount = fields.u32('GroupCount')
  const hasGroups = ndr.pointer('GroupIds')
  const userFlags = fields.u32('UserFlags')
  const userSessionKey = fields.key('UserSessionKey')
  const logonNames = LOGON_NAMES.map((name) => ({ name, ...ndr.stringHeader(name) }))
  const hasDomainId = ndr.pointer('LogonDomainId')
  ndr.take(8, 'Reserved1')
  const userAccountControl = fields.u32('UserAccountControl')
  const subAuthStatus = fields.u32('SubAuthStatus')
  const [lastSuccessfulILogon, lastFailedILogon] = fields.times('LastSuccessfulILogon', 'LastFailedILogon')
  const failedILogonCount = fields.u32('FailedILogonCount')
  ndr.take(4, 'Reserved3')
  const sidCount = fields.u32('SidCount')
  const hasSids = ndr.pointer('ExtraSids')
  const hasResourceDomain = ndr.pointer('ResourceGroupDomainSid')
  const resourceGroupCount = fields.u32('ResourceGroupCount')
  const hasResourceGroups = ndr.pointer('ResourceGroupIds')

  const [effectiveName, fullName, logonScript, profilePath, homeDirectory, homeDirectoryDrive] = names.map((header) =>
    header.present ? fields.text(header) : '',
  ) as [string, string, string, string, string, string] // as many as NAMES
  const groupIds = fields.groups('GroupIds', hasGroups, groupCount)
  const [logonServer, logonDomainName] = logonNames.map((header) => (header.present ? fields.text(header) : '')) as [
    string,
    string,
  ] // as many as LOGON_NAMES
  const logonDomainId = hasDomainId ? fields.sid('LogonDomainId') : undefined
  const extraSids = fields.sids('ExtraSids', hasSids, sidCount)
  const resourceGroupDomainSid = hasResourceDomain ? fields.sid('ResourceGroupDomainSid') : undefined
  const resourceGroupIds = fields.groups('ResourceGroupIds', hasResourceGroups, resourceGroupCount)
  return {
    logonTime,
    logoffTime,
    kickOffTime,
    passwordLastSet,
    passwordCanChange,
    passwordMustChange,
    effectiveName,
    fullName,
    logonScript,
    profilePath,
    homeDirectory,
    homeDirectoryDrive,
    logonCount,
    badPasswordCount,
    userId,
    primaryGroupId,
    groupIds,
    userFlags,
    userSessionKey,
    logonServer,
    logonDomainName,
    logonDomainId,
    userAccountControl,
    subAuthStatus,
    lastSuccessfulILogon,
    lastFailedILogon,
    failedILogonCount,
    extraSids,
    resourceGroupDomainSid,
    resourceGroupIds,
  }
}

const NAMES = [
  'EffectiveName',
  'FullName',
  'LogonScript',
  'ProfilePath',
  'HomeDirectory',
  'HomeDirectoryDrive',
] as const
const LOGON_NAMES = ['LogonServer', 'LogonDomainName'] as const

/** What a group takes at the least, in bytes: a number and its attributes; a pointer and its attributes. */
const ENTRY_BYTES = 8

/** Reads fields, and tells of each. */
class LogonInfoReader {
  readonly #ndr: NdrReader
  readonly #visit: (field: LogonInfoField) => void

  constructor(ndr: NdrReader, visit: (field: LogonInfoField) => void) {
    this.#ndr = ndr
    this.#visit = visit
  }

  u16(name: string): number {
    this.#ndr.align(2)
    return this.#read(name, 'number', () => this.#ndr.u16(name))
  }

  u32(name: string): number {
    this.#ndr.align(4)
    return this.#read(name, 'number', () => this.#ndr.u32(name))
  }

  times<const N extends readonly string[]>(...names: N): { readonly [I in keyof N]: bigint } {
    this.#ndr.align(4)
    const times = names.map((name) => this.#read(name, 'time', () => this.#ndr.fileTime(name)))
    return times as { readonly [I in keyof N]: bigint } // one for each name
  }

  key(name: string): Uint8Array {
    return this.#read(name, 'key', () => this.#ndr.take(16, name)).slice()
  }

  text(header: { readonly name: string; readonly length: number; readonly present: boolean }): string {
    this.#ndr.align(4)
    return this.#read(header.name, 'text', () => this.#ndr.string(header, header.name))
  }

  sid(name: string): string {
    return this.#read(name, 'sid', () => this.#ndr.sid(name))
  }

  groups(name: string, present: boolean, expected: number): readonly GroupMembership[] {
    if (!present) return this.#none(name, expected)
    this.#ndr.align(4)
    return this.#read(name, 'groups', () => {
      const count = this.#ndr.count(expected, ENTRY_BYTES, name)
      return Array.from({ length: count }, () => {
        const start = this.#ndr.offset
        const [relativeId, attributes] = [this.#ndr.u32(name), this.#ndr.u32(name)]
        return { relativeId, attributes, bytes: this.#ndr.since(start) }
      })
    }).map(({ relativeId, attributes }) => ({ relativeId, attributes }))
  }

  /** The attributes come first, then the identifiers that they point at. */
  sids(name: string, present: boolean, expected: number): readonly SidAndAttributes[] {
    if (!present) return this.#none(name, expected)
    this.#ndr.align(4)
    return this.#read(name, 'sids', () => {
      const count = this.#ndr.count(expected, ENTRY_BYTES, name)
      const entries = Array.from({ length: count }, () => {
        if (!this.#ndr.pointer(name)) throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: a SID is missing`)
        return this.#ndr.u32(name)
      })
      return entries.map((attributes) => {
        const start = this.#ndr.offset
        const sid = this.#ndr.sid(name)
        return { sid, attributes, bytes: this.#ndr.since(start) }
      })
    }).map(({ sid, attributes }) => ({ sid, attributes }))
  }

  #none(name: string, expected: number): readonly [] {
    if (expected === 0) return []
    throw new SspiError('SEC_E_INVALID_TOKEN', `${name}: ${expected} were announced, and none are there`)
  }

  #read<K extends LogonInfoField['content']['kind'], V extends ValueOf<K>>(name: string, kind: K, read: () => V): V {
    const start = this.#ndr.offset
    const value = read()
    const content = { kind, value } as unknown as LogonInfoField['content'] // kind and value are of one K
    this.#visit({ name, bytes: this.#ndr.since(start), content })
    return value
  }
}

type ValueOf<K> = Extract<LogonInfoField['content'], { readonly kind: K }>['value']
