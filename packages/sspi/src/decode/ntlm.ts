import { bytesEqual, Reader, toHex } from '../bytes/index.js'
import { decodeAvPairs, findAvPair } from './av-pairs.js'
import { Fields } from './fields.js'
import { bitNames, fileTimeText } from './names.js'
import type { About, DecodedNode, Scope, TokenDecoder } from './node.js'
import { EXTENDED_SESSION_SECURITY, NEGOTIATE_FLAGS, UNICODE, VERSION, windowsName } from './ntlm-names.js'
import { textOf } from './text-fields.js'

const SIGNATURE = Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0x00)
const HEADER_LENGTH = 12
const VERSION_LENGTH = 8
const MIC_LENGTH = 16
const AV_FLAGS_ID = 6
const AV_FLAG_MIC = 0x2

type DecodeMessage = (children: DecodedNode[], bytes: Uint8Array, scope: Scope) => About | undefined

/** The three messages by their number, MS-NLMP 2.2.1. */
const MESSAGES: ReadonlyMap<number, { readonly name: string; readonly decode: DecodeMessage }> = new Map([
  [1, { name: 'NTLM NEGOTIATE', decode: decodeNegotiate }],
  [2, { name: 'NTLM CHALLENGE', decode: decodeChallenge }],
  [3, { name: 'NTLM AUTHENTICATE', decode: decodeAuthenticate }],
])

/** The messages of NTLM, which all begin with the same eight bytes. */
export const ntlmMessage: TokenDecoder = {
  name: 'NTLM message',
  recognises: (bytes) => bytesEqual(bytes.subarray(0, SIGNATURE.length), SIGNATURE),
  decode: (bytes, scope) => {
    const message =
      bytes.length < HEADER_LENGTH ? undefined : MESSAGES.get(new Reader(bytes.subarray(8)).u32le('MessageType'))
    return scope.collect(message?.name ?? 'NTLM message', bytes, (children) => {
      if (message !== undefined) return message.decode(children, bytes, scope)
      header(new Fields(bytes, scope, children))
      return { error: 'the type of message is unknown' }
    })
  },
}

/** NTLMSSP_MESSAGE_SIGNATURE, MS-NLMP 2.2.2.9: alone, or before a sealed message. */
export const ntlmSignature: TokenDecoder = {
  name: 'NTLM message signature',
  recognises: (bytes) => bytes.length >= 16 && bytesEqual(bytes.subarray(0, 4), Uint8Array.of(1, 0, 0, 0)),
  decode: (bytes, scope) =>
    scope.collect('NTLM message signature', bytes, (children) => {
      const fields = new Fields(bytes, scope, children)
      fields.u32le('Version')
      fields.bytes('Checksum', 8)
      fields.u32le('SeqNum', String)
      if (fields.remaining > 0) fields.bytes('sealed message', fields.remaining)
      return undefined
    }),
}

/** NEGOTIATE_MESSAGE, MS-NLMP 2.2.1.1; old clients leave out all that follows the flags, or the version. */
function decodeNegotiate(children: DecodedNode[], bytes: Uint8Array, scope: Scope): About | undefined {
  const fields = new Fields(bytes, scope, children)
  header(fields)
  negotiateFlags(fields)
  if (fields.remaining === 0) return undefined
  const payload = new Payload(bytes, scope)
  payload.field(fields, 'DomainName', (field) => textOf(field, 'oem', 'DomainName'))
  payload.field(fields, 'Workstation', (field) => textOf(field, 'oem', 'Workstation'))
  if (payload.start - fields.offset >= VERSION_LENGTH) version(fields, scope)
  payload.finish(fields, children)
  return undefined
}

/** CHALLENGE_MESSAGE, MS-NLMP 2.2.1.2. */
function decodeChallenge(children: DecodedNode[], bytes: Uint8Array, scope: Scope): About | undefined {
  const fields = new Fields(bytes, scope, children)
  header(fields)
  const payload = new Payload(bytes, scope)
  // The encoding of the name is said by the flags behind it.
  const encoding = encodingOf(flagsAt(bytes, 20))
  payload.field(fields, 'TargetName', (field) => textOf(field, encoding, 'TargetName'))
  negotiateFlags(fields)
  fields.bytes('ServerChallenge', 8)
  // NT 4 ends here.
  if (fields.remaining > 0 && payload.start > fields.offset) {
    fields.bytes('Reserved', 8)
    payload.structure(fields, 'TargetInfo', (field) => decodeAvPairs('TargetInfo', field, scope))
    if (payload.start - fields.offset >= VERSION_LENGTH) version(fields, scope)
  }
  payload.finish(fields, children)
  return undefined
}

/** AUTHENTICATE_MESSAGE, MS-NLMP 2.2.1.3. */
function decodeAuthenticate(children: DecodedNode[], bytes: Uint8Array, scope: Scope): About | undefined {
  const fields = new Fields(bytes, scope, children)
  header(fields)
  const payload = new Payload(bytes, scope)
  const flags = flagsAt(bytes, 60)
  const encoding = encodingOf(flags)
  const nt = payload.peek(20)
  const extended = (flags & EXTENDED_SESSION_SECURITY) !== 0
  const isV2 = nt.length > 24
  payload.structure(fields, 'LmChallengeResponse', (field) => lmResponse(field, scope, isV2, extended))
  payload.structure(fields, 'NtChallengeResponse', (field) => ntResponse(field, scope, extended))
  payload.field(fields, 'DomainName', (field) => textOf(field, encoding, 'DomainName'))
  payload.field(fields, 'UserName', (field) => textOf(field, encoding, 'UserName'))
  payload.field(fields, 'Workstation', (field) => textOf(field, encoding, 'Workstation'))
  payload.field(fields, 'EncryptedRandomSessionKey', (field) => ({ value: toHex(field) }))
  negotiateFlags(fields)
  const room = payload.start - fields.offset
  // gss-ntlmssp leaves the Version out when the flags have none; the MIC moves up then.
  const versionLeftOut = (flags & VERSION) === 0 && room >= MIC_LENGTH && room < VERSION_LENGTH + MIC_LENGTH
  if (room >= VERSION_LENGTH && !versionLeftOut) version(fields, scope)
  if (payload.start - fields.offset >= MIC_LENGTH) {
    const promised = micPromised(nt)
    fields.bytes('MIC', MIC_LENGTH, () => ({
      meaning: promised ? undefined : 'MsvAvFlags does not say that this is a MIC',
    }))
  }
  payload.finish(fields, children)
  return undefined
}

/** Whether the client says, under the cover of its NTProofStr, that it sent a MIC (MS-NLMP 3.1.5.1.2). */
export function micPromised(ntResponse: Uint8Array): boolean {
  const flags = findAvPair(ntResponse.subarray(V2_HEADER_LENGTH), AV_FLAGS_ID)
  return flags?.length === 4 && (new Reader(flags).u32le('MsvAvFlags') & AV_FLAG_MIC) !== 0
}

/** NTProofStr and the fixed part of NTLMv2_CLIENT_CHALLENGE. */
const V2_HEADER_LENGTH = 44

function ntResponse(bytes: Uint8Array, scope: Scope, extended: boolean): DecodedNode {
  const label = 'NtChallengeResponse'
  if (bytes.length === 0) return scope.node(label, bytes, { meaning: 'none: anonymous, or LM only' })
  if (bytes.length === 24) return scope.hex(label, bytes, extended ? 'NTLMv1 with extended session security' : 'NTLMv1')
  return scope.collect(label, bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    fields.bytes('NTProofStr', 16)
    fields.structure(fields.remaining, 'NTLMv2_CLIENT_CHALLENGE', (challenge) => clientChallenge(challenge, scope))
    return { meaning: 'NTLMv2' }
  })
}

/** NTLMv2_CLIENT_CHALLENGE, MS-NLMP 2.2.2.7. */
function clientChallenge(bytes: Uint8Array, scope: Scope): DecodedNode {
  return scope.collect('NTLMv2_CLIENT_CHALLENGE', bytes, (children) => {
    const fields = new Fields(bytes, scope, children)
    fields.u8('RespType')
    fields.u8('HiRespType')
    fields.bytes('Reserved1', 2)
    fields.bytes('Reserved2', 4)
    fields.u64le('TimeStamp', fileTimeText)
    fields.bytes('ChallengeFromClient', 8)
    fields.bytes('Reserved3', 4)
    fields.structure(fields.remaining, 'AvPairs', (pairs) => decodeAvPairs('AvPairs', pairs, scope))
    return undefined
  })
}

function lmResponse(bytes: Uint8Array, scope: Scope, isV2: boolean, extended: boolean): DecodedNode {
  const label = 'LmChallengeResponse'
  if (bytes.length === 0) return scope.node(label, bytes, { meaning: 'none' })
  if (bytes.length !== 24) return scope.hex(label, bytes, bytes.length === 1 ? 'anonymous' : undefined)
  if (bytes.every((byte) => byte === 0)) return scope.hex(label, bytes, 'none: the NTLMv2 response has a time stamp')
  if (isV2) {
    return scope.node(label, bytes, {
      meaning: 'LMv2',
      children: [scope.hex('Response', bytes.subarray(0, 16)), scope.hex('ChallengeFromClient', bytes.subarray(16))],
    })
  }
  if (extended) return scope.hex(label, bytes, 'the client challenge of extended session security, and zeros')
  return scope.hex(label, bytes, 'LM, or the NTLMv1 response once more')
}

function header(fields: Fields): void {
  fields.bytes('Signature', SIGNATURE.length, () => ({ value: 'NTLMSSP\\0' }))
  fields.u32le('MessageType', (type) => MESSAGES.get(type)?.name.slice('NTLM '.length))
}

function negotiateFlags(fields: Fields): void {
  fields.u32le('NegotiateFlags', (flags) => bitNames(flags, NEGOTIATE_FLAGS))
}

function version(fields: Fields, scope: Scope): void {
  fields.structure(VERSION_LENGTH, 'Version', (bytes) => {
    const reader = new Reader(bytes)
    const major = reader.u8('ProductMajorVersion')
    const minor = reader.u8('ProductMinorVersion')
    const build = reader.u16le('ProductBuild')
    reader.skip(3, 'Reserved')
    const revision = reader.u8('NTLMRevisionCurrent')
    const value = `${major}.${minor}.${build}, NTLM revision ${revision}`
    return scope.node('Version', bytes, { value, meaning: windowsName(major, minor) })
  })
}

function encodingOf(flags: number): 'utf-16le' | 'oem' {
  return (flags & UNICODE) !== 0 ? 'utf-16le' : 'oem'
}

/** The flags where a message has them; 0 when it is cut off before, which the field in its turn reports. */
function flagsAt(bytes: Uint8Array, offset: number): number {
  return bytes.length < offset + 4 ? 0 : new Reader(bytes.subarray(offset)).u32le('NegotiateFlags')
}

const DESCRIPTOR_LENGTH = 8

/** The part of a message that its header's fields point into. Each field is told where it is, not where its pointer is. */
class Payload {
  /** Where the payload begins as far as the fields have said so far; the end of the message at first. */
  start: number
  readonly #bytes: Uint8Array
  readonly #scope: Scope
  readonly #nodes: DecodedNode[] = []

  constructor(bytes: Uint8Array, scope: Scope) {
    this.#bytes = bytes
    this.#scope = scope
    this.start = bytes.length
  }

  /** The bytes that the descriptor at `offset` points to; none when it or they are not there. */
  peek(offset: number): Uint8Array {
    if (this.#bytes.length < offset + DESCRIPTOR_LENGTH) return new Uint8Array(0)
    const { length, at } = readDescriptor(new Reader(this.#bytes.subarray(offset)), 'descriptor')
    return at + length <= this.#bytes.length ? this.#bytes.subarray(at, at + length) : new Uint8Array(0)
  }

  field(fields: Fields, label: string, about: (field: Uint8Array) => About): void {
    this.structure(fields, label, (field) => this.#scope.node(label, field, about(field)))
  }

  structure(fields: Fields, label: string, decode: (field: Uint8Array) => DecodedNode): void {
    fields.structure(DESCRIPTOR_LENGTH, `${label}Fields`, (bytes) => {
      const { length, at } = readDescriptor(new Reader(bytes), label)
      const value = `${length} bytes at ${at}`
      if (at + length > this.#bytes.length) {
        const error = `${label} ends at ${at + length}, the message at ${this.#bytes.length}`
        return this.#scope.node(`${label}Fields`, bytes, { value, error })
      }
      if (length > 0) {
        this.start = Math.min(this.start, at)
        this.#nodes.push(decode(this.#bytes.subarray(at, at + length)))
      }
      return this.#scope.node(`${label}Fields`, bytes, { value })
    })
  }

  /** Appends the payload's fields in the order in which they lie, and names what no field points to. */
  finish(fields: Fields, children: DecodedNode[]): void {
    const origin = this.#scope.node('', this.#bytes).offset
    const gap = this.start - fields.offset
    if (gap > 0) fields.bytes('unclaimed', gap)
    children.push(...this.#nodes.sort((one, other) => one.offset - other.offset))
    const end = this.#nodes.reduce((most, node) => Math.max(most, node.offset + node.length - origin), fields.offset)
    if (end < this.#bytes.length) children.push(this.#scope.hex('unclaimed', this.#bytes.subarray(end)))
  }
}

function readDescriptor(reader: Reader, what: string): { readonly length: number; readonly at: number } {
  const length = reader.u16le(`${what}Len`)
  reader.skip(2, `${what}MaxLen`)
  return { length, at: reader.u32le(`${what}BufferOffset`) }
}
