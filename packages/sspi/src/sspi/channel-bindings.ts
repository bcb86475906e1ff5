import { Reader, Writer } from '../bytes/index.js'
import { md5 } from '../crypto/index.js'

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
}

const HEADER_LENGTH = 32
const EMPTY = new Uint8Array(0)

/** SEC_CHANNEL_BINDINGS: how bindings are handed over in a `SECBUFFER_CHANNEL_BINDINGS`; an empty part has offset 0. */
export function writeSecChannelBindings(bindings: ChannelBindings): Uint8Array {
  const initiator = bindings.initiatorAddress ?? EMPTY
  const acceptor = bindings.acceptorAddress ?? EMPTY
  const data = bindings.applicationData
  const writer = new Writer()
  let offset = HEADER_LENGTH
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

/** Reads SEC_CHANNEL_BINDINGS; the parts are views. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readSecChannelBindings(bytes: Uint8Array): ChannelBindings {
  const reader = new Reader(bytes)
  const part = (what: string): Uint8Array => {
    const length = reader.u32le(`${what} length`)
    return reader.at(reader.u32le(`${what} offset`), length, what)
  }
  const initiatorAddrType = reader.u32le('initiator address type')
  const initiatorAddress = part('initiator address')
  const acceptorAddrType = reader.u32le('acceptor address type')
  const acceptorAddress = part('acceptor address')
  const applicationData = part('application data')
  return { initiatorAddrType, initiatorAddress, acceptorAddrType, acceptorAddress, applicationData }
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
