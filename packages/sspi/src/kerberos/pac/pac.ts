import { Reader } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** The kinds of buffers that are read here, MS-PAC 2.4. */
export const PacBufferType = {
  LOGON_INFO: 1,
  CREDENTIAL_INFO: 2,
  SERVER_SIGNATURE: 6,
  KDC_SIGNATURE: 7,
  CLIENT_INFO: 10,
  DELEGATION_INFO: 11,
  UPN_DNS_INFO: 12,
  CLIENT_CLAIMS: 13,
  DEVICE_INFO: 14,
  DEVICE_CLAIMS: 15,
  TICKET_SIGNATURE: 16,
  ATTRIBUTES_INFO: 17,
  REQUESTOR: 18,
  EXTENDED_KDC_SIGNATURE: 19,
} as const

/** One buffer of a PAC. */
export interface PacBuffer {
  /** See {@link PacBufferType}; there are others. */
  readonly type: number
  /** From the start of the PAC. */
  readonly offset: number
  /** A view. */
  readonly bytes: Uint8Array
}

/** A privilege attribute certificate, taken apart and not verified. */
export interface Pac {
  /** As it came: what the signatures are over. */
  readonly bytes: Uint8Array
  readonly buffers: readonly PacBuffer[]
}

/** Longer than any ticket that fits into a token of ours. */
export const MAX_PAC_BYTES = 65_536
/** Real ones have ten or so. */
export const MAX_PAC_BUFFERS = 64
const HEADER_BYTES = 8
const ENTRY_BYTES = 16

/**
 * Reads a PACTYPE, MS-PAC 2.3: a table of buffers, and where they are.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, is longer than {@link MAX_PAC_BYTES}, or has two buffers of
 *   a kind: which of them counts would be anybody's guess.
 */
export function readPac(bytes: Uint8Array): Pac {
  if (bytes.length > MAX_PAC_BYTES) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `PAC: ${bytes.length} bytes, at most ${MAX_PAC_BYTES}`)
  }
  const reader = new Reader(bytes)
  const count = reader.u32le('PAC: cBuffers')
  const version = reader.u32le('PAC: Version')
  if (version !== 0) throw new SspiError('SEC_E_INVALID_TOKEN', `PAC: Version: ${version} instead of 0`)
  if (count > MAX_PAC_BUFFERS) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `PAC: ${count} buffers, at most ${MAX_PAC_BUFFERS}`)
  }
  const buffers = Array.from({ length: count }, () => readBuffer(reader, bytes, count))
  if (new Set(buffers.map(({ type }) => type)).size < count) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'PAC: two buffers of one kind')
  }
  return { bytes, buffers }
}

function readBuffer(reader: Reader, whole: Uint8Array, count: number): PacBuffer {
  const type = reader.u32le('PAC: ulType')
  const size = reader.u32le('PAC: cbBufferSize')
  const at = reader.u64le('PAC: Offset')
  const offset = Number(at)
  if (at < HEADER_BYTES + count * ENTRY_BYTES || at + BigInt(size) > whole.length) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `PAC: buffer of type ${type}: ${size} bytes at ${at}, in ${whole.length} bytes with a table of ${count}`,
    )
  }
  return { type, offset, bytes: whole.subarray(offset, offset + size) }
}

/** The buffer of a kind; `undefined` where the PAC has none. */
export function pacBuffer(pac: Pac, type: number): PacBuffer | undefined {
  return pac.buffers.find((buffer) => buffer.type === type)
}
