import { Reader, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** The checksum type of authenticators in GSS-API, RFC 4121 section 4.1.1. */
export const GSS_CHECKSUM_TYPE = 0x8003

/** Flags of a context, RFC 4121 section 4.1.1.1; the last three RFC 4757 section 7.1. */
export const GssFlag = {
  DELEGATE: 0x0001,
  MUTUAL: 0x0002,
  REPLAY: 0x0004,
  SEQUENCE: 0x0008,
  CONFIDENTIALITY: 0x0010,
  INTEGRITY: 0x0020,
  /** Three legs, and tokens without frames. */
  DCE_STYLE: 0x1000,
  /** The acceptor shall learn who the initiator is, and not act for it. */
  IDENTIFY: 0x2000,
  /** The acceptor's failures come with a token, after which the initiator may try again. */
  EXTENDED_ERROR: 0x4000,
} as const
/** One of the flags of a context. */
export type GssFlag = (typeof GssFlag)[keyof typeof GssFlag]

/** `Dlgth` has 16 bits. */
export const LONGEST_DELEGATION = 65_535

const BINDINGS_BYTES = 16
const WHAT = 'authenticator checksum'

/** What an initiator puts where the authenticator has its checksum, RFC 4121 section 4.1.1. */
export interface AuthenticatorChecksum {
  /** MD5 of the channel bindings: 16 bytes, all zero for none. */
  readonly bindings: Uint8Array
  /** `GssFlag`. */
  readonly flags: number
  /** A KRB-CRED with the forwarded ticket, when `DELEGATE` is among the flags. */
  readonly delegation?: Uint8Array | undefined
  /** What comes behind; empty as a rule. */
  readonly extensions?: Uint8Array | undefined
}

/**
 * Reads the checksum of an authenticator, RFC 4121 section 4.1.1. Views.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readAuthenticatorChecksum(bytes: Uint8Array): AuthenticatorChecksum {
  const reader = new Reader(bytes)
  const length = reader.u32le(`${WHAT}: Lgth`)
  if (length !== BINDINGS_BYTES) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: Lgth: ${length} instead of ${BINDINGS_BYTES}`)
  }
  const bindings = reader.take(BINDINGS_BYTES, `${WHAT}: Bnd`)
  const flags = reader.u32le(`${WHAT}: Flags`)
  let delegation: Uint8Array | undefined
  if ((flags & GssFlag.DELEGATE) !== 0) {
    const option = reader.u16le(`${WHAT}: DlgOpt`)
    if (option !== 1) throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: DlgOpt: ${option} instead of 1`)
    delegation = reader.take(reader.u16le(`${WHAT}: Dlgth`), `${WHAT}: Deleg`)
  }
  return { bindings, flags, delegation, extensions: reader.take(reader.remaining, `${WHAT}: Exts`) }
}

/**
 * Writes the checksum of an authenticator, RFC 4121 section 4.1.1.
 *
 * @throws {@link SspiError} `SEC_E_CANNOT_PACK` for a delegation beyond 65,535 bytes; `TypeError` for bindings of another
 *   length.
 */
export function writeAuthenticatorChecksum(checksum: AuthenticatorChecksum): Uint8Array {
  const { bindings, flags, delegation, extensions } = checksum
  if (bindings.length !== BINDINGS_BYTES) throw new TypeError(`channel bindings: a hash of ${bindings.length} bytes`)
  if (delegation !== undefined && delegation.length > LONGEST_DELEGATION) {
    throw new SspiError(
      'SEC_E_CANNOT_PACK',
      `${WHAT}: Deleg: ${delegation.length} bytes, there is room for ${LONGEST_DELEGATION}`,
    )
  }
  const writer = new Writer().u32le(BINDINGS_BYTES).bytes(bindings).u32le(flags)
  if (delegation !== undefined) writer.u16le(1).u16le(delegation.length).bytes(delegation)
  if (extensions !== undefined) writer.bytes(extensions)
  return writer.finish()
}
