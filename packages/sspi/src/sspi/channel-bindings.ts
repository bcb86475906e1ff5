import { Reader, Writer } from '../bytes/index.js'
import { md5 } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import {
  ASC_RET_MISSING_BINDINGS,
  SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS,
  SEC_CHANNEL_BINDINGS_VALID_FLAGS,
} from './constants/index.js'
import type { Bindings } from './tls-attributes.js'
import type { World } from './world.js'

/**
 * Channel bindings (RFC 2743 §1.1.6): what ties a context to the channel it runs in. For TLS only `applicationData`
 * counts: `tls-server-end-point:` and a hash of the certificate (RFC 5929), or `tls-exporter:` and a key (RFC 9266).
 */
export interface ChannelBindings {
  /** A GSS_C_AF_… number; 0, unspecified, for TLS. Default 0. */
  readonly initiatorAddrType?: number
  /** Default: empty. */
  readonly initiatorAddress?: Uint8Array
  /** Default: 0, unspecified. */
  readonly acceptorAddrType?: number
  /** Default: empty. */
  readonly acceptorAddress?: Uint8Array
  /** `tls-server-end-point:` and the hash, for instance. */
  readonly applicationData: Uint8Array
  /**
   * Whether an acceptor only looks: where the client's bindings are wrong or missing, that is told (`channel-bindings-audited`) and
   * the client let in. **No protection**: for finding out who would be refused. Default `false`.
   */
  readonly audit?: boolean
}

const HEADER_LENGTH = 32
/** The longer form with flags, SEC_CHANNEL_BINDINGS_EX: its mark, and its header. */
const EX_MAGIC = 0x5845_4243
const EX_HEADER_LENGTH = 48
const EMPTY = new Uint8Array(0)

/**
 * SEC_CHANNEL_BINDINGS: how bindings are handed over in a `SECBUFFER_CHANNEL_BINDINGS`; an empty part has offset 0. To be audited they are a
 * SEC_CHANNEL_BINDINGS_EX.
 */
export function writeSecChannelBindings(bindings: ChannelBindings): Uint8Array {
  const initiator = bindings.initiatorAddress ?? EMPTY
  const acceptor = bindings.acceptorAddress ?? EMPTY
  const data = bindings.applicationData
  const writer = new Writer()
  const audit = bindings.audit === true
  let offset = audit ? EX_HEADER_LENGTH : HEADER_LENGTH
  if (audit) {
    const length = offset + initiator.length + acceptor.length + data.length
    writer.u32le(EX_MAGIC).u32le(SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS).u32le(offset).u32le(length)
  }
  const part = (bytes: Uint8Array): void => {
    checkPart(bytes)
    writer.u32le(bytes.length)
    writer.u32le(bytes.length === 0 ? 0 : offset)
    offset += bytes.length
  }
  writer.u32le(bindings.initiatorAddrType ?? 0)
  part(initiator)
  writer.u32le(bindings.acceptorAddrType ?? 0)
  part(acceptor)
  part(data)
  return writer.bytes(initiator).bytes(acceptor).bytes(data).finish()
}

/** A text in place of bytes would be bound as so many zeros. */
function checkPart(bytes: unknown): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('channel bindings: every part is a Uint8Array')
}

/** Reads SEC_CHANNEL_BINDINGS or SEC_CHANNEL_BINDINGS_EX; the parts are views. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readSecChannelBindings(bytes: Uint8Array): ChannelBindings {
  const reader = new Reader(bytes)
  const part = (what: string): Uint8Array => {
    const length = reader.u32le(`${what} length`)
    return reader.at(reader.u32le(`${what} offset`), length, what)
  }
  const first = reader.u32le('initiator address type')
  const audit = first === EX_MAGIC && readExHeader(reader, bytes.length)
  const initiatorAddrType = first === EX_MAGIC ? reader.u32le('initiator address type') : first
  const initiatorAddress = part('initiator address')
  const acceptorAddrType = reader.u32le('acceptor address type')
  const acceptorAddress = part('acceptor address')
  const applicationData = part('application data')
  const found = { initiatorAddrType, initiatorAddress, acceptorAddrType, acceptorAddress, applicationData }
  return audit ? { ...found, audit } : found
}

/** What SEC_CHANNEL_BINDINGS_EX has in front, behind its mark. @returns whether the bindings are to be audited. */
function readExHeader(reader: Reader, bytes: number): boolean {
  const flags = reader.u32le('channel bindings flags')
  const header = reader.u32le('channel bindings cbHeaderLength')
  const length = reader.u32le('channel bindings cbStructureLength')
  if ((flags & ~SEC_CHANNEL_BINDINGS_VALID_FLAGS) !== 0 || header !== EX_HEADER_LENGTH || length > bytes) {
    const shape = `flags 0x${flags.toString(16)}, a header of ${header} bytes, ${length} in all`
    throw new SspiError('SEC_E_INVALID_TOKEN', `channel bindings: ${shape}, and ${bytes} are there`)
  }
  return (flags & SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS) !== 0
}

/** See `sspiSetChannelBindingFlags`. */
export function withChannelBindingFlags({ bindings }: Bindings, flags: number): Bindings {
  if ((flags & ~SEC_CHANNEL_BINDINGS_VALID_FLAGS) !== 0) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `channel bindings: flags 0x${(flags >>> 0).toString(16)}`)
  }
  const audit = (flags & SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS) !== 0
  return { bindings: writeSecChannelBindings({ ...readSecChannelBindings(bindings), audit }) }
}

/**
 * Runs an acceptor's check of the client's bindings, which says whether there were any. Where its own are only audited, what it refuses is
 * told, and let through as if the client had sent none.
 *
 * @returns `ASC_RET_MISSING_BINDINGS` where a client got by without the acceptor's, else 0.
 */
export function attributesOfBindings(
  own: ChannelBindings | undefined,
  packageName: string,
  world: World,
  check: () => boolean,
): number {
  const missing = own === undefined ? 0 : ASC_RET_MISSING_BINDINGS
  try {
    return check() ? 0 : missing
  } catch (error) {
    if (own?.audit !== true || !(error instanceof SspiError && error.code === 'SEC_E_BAD_BINDINGS')) throw error
    world.emit({ kind: 'channel-bindings-audited', packageName, side: 'acceptor', message: error.message })
    return missing
  }
}

/** The form that NTLM and Kerberos hash: RFC 4121 §4.1.1.2, all lengths little-endian. */
export function serialiseChannelBindings(bindings: ChannelBindings): Uint8Array {
  const writer = new Writer()
  const part = (bytes: Uint8Array): void => {
    checkPart(bytes)
    writer.u32le(bytes.length).bytes(bytes)
  }
  writer.u32le(bindings.initiatorAddrType ?? 0)
  part(bindings.initiatorAddress ?? EMPTY)
  writer.u32le(bindings.acceptorAddrType ?? 0)
  part(bindings.acceptorAddress ?? EMPTY)
  part(bindings.applicationData)
  return writer.finish()
}

/** MD5 over {@link serialiseChannelBindings}: 16 bytes. */
export function hashChannelBindings(bindings: ChannelBindings): Uint8Array {
  return md5(serialiseChannelBindings(bindings))
}
