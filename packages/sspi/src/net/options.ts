import { timerMilliseconds } from '../io/timers/index.js'
import type { Identity, InitiateOptions, SecurityFunctionTable, AcceptOptions } from '../sspi/index.js'

/** Bounds in time and size, for both sides. */
export interface StreamLimits {
  /** How long the exchange may take, from the first byte to the peer's first record, in seconds. Default 30. */
  readonly handshakeTimeoutSeconds?: number | undefined
  /** How long no record may come or go before the stream is given up, in seconds. Default: for ever. */
  readonly idleTimeoutSeconds?: number | undefined
  /** The longest frame that is accepted before the peer is authenticated, in bytes. Default 65,536. */
  readonly maxTokenBytes?: number | undefined
  /** The most data in one record, in bytes: written to the peer, and accepted from it. At least 1024. Default 65,536. */
  readonly maxRecordBytes?: number | undefined
  /** How many bytes wait in the stream for its reader, and how many for the transport. Default 65,536. */
  readonly highWaterMark?: number | undefined
  /**
   * Whether this side may go on writing when the peer has ended its own. With `false` the stream ends itself when the peer
   * does. Default `true`: whoever listens for `'end'` must call `end()`.
   */
  readonly allowHalfOpen?: boolean | undefined
  /** Gives up the handshake when aborted; afterwards it has no effect. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link secureClient}: those of `initiate`, with the interface that does the work. */
export interface SecureClientOptions extends Omit<InitiateOptions, 'integrity'>, StreamLimits {
  /** The security interface, of `initSecurityInterface`. */
  readonly sspi: Pick<SecurityFunctionTable, 'initiate'>
}

/** Options of {@link secureServer}: those of `accept`, with the interface that does the work. */
export interface SecureServerOptions extends Omit<AcceptOptions, 'integrity'>, StreamLimits {
  /** The security interface, of `initSecurityInterface`. */
  readonly sspi: Pick<SecurityFunctionTable, 'accept'>
  /**
   * Whether an authenticated client may come in; when not, it is refused with `SEC_E_LOGON_DENIED`. An error refuses it
   * too. Default: everybody who is authenticated.
   */
  readonly authorize?: ((peer: Identity) => boolean | Promise<boolean>) | undefined
}

/** The limits with their defaults. */
export interface Limits {
  readonly handshakeMilliseconds: number
  readonly idleMilliseconds: number | undefined
  readonly maxTokenBytes: number
  readonly maxRecordBytes: number
  readonly highWaterMark: number
  readonly allowHalfOpen: boolean
}

/** @throws `TypeError` for a number that is no bound. */
export function readLimits(options: StreamLimits): Limits {
  const { idleTimeoutSeconds } = options
  return {
    handshakeMilliseconds: timerMilliseconds(options.handshakeTimeoutSeconds ?? 30, 'handshakeTimeoutSeconds'),
    idleMilliseconds:
      idleTimeoutSeconds === undefined ? undefined : timerMilliseconds(idleTimeoutSeconds, 'idleTimeoutSeconds'),
    maxTokenBytes: bytes(options.maxTokenBytes ?? 0x1_0000, 1024, 'maxTokenBytes'),
    maxRecordBytes: bytes(options.maxRecordBytes ?? 0x1_0000, 1024, 'maxRecordBytes'),
    highWaterMark: bytes(options.highWaterMark ?? 0x1_0000, 0, 'highWaterMark'),
    allowHalfOpen: options.allowHalfOpen ?? true,
  }
}

function bytes(count: number, least: number, name: string): number {
  if (!Number.isSafeInteger(count) || count < least || count > 0x1000_0000) {
    throw new TypeError(`${name}: ${count} is not a number of bytes from ${least} to 256 MiB`)
  }
  return count
}
