import { Duplex } from 'node:stream'
import type { AccessToken, Achieved, ContextAttribute, ContextAttributes, Identity } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { readFailure, transportFailure, writeFailure } from './failures.js'
import type { FrameChannel } from './frame-channel.js'
import { RecordType } from './framing.js'
import { LINGER_MILLISECONDS, type Established } from './handshake.js'
import type { Limits } from './options.js'
import type { OpenedRecord, RecordProtection } from './record-protection.js'

type Callback = (error?: Error | null) => void

/**
 * A byte stream whose every byte is protected by a security context, over a transport that it owns from then on.
 *
 * - What arrives is what the peer wrote, all of it and in order, or the stream fails with an `SspiError`; a transport that
 *   ends without the peer's word that it is done is a failure (`SEC_E_MESSAGE_ALTERED`), not an end.
 * - A reader that does not read holds the peer's writer back, and the other way round.
 * - `end()` tells the peer that this side is done; the peer may go on writing, and this side reads on.
 * - `destroy()` ends the session at once and wipes its keys; the peer sees a failure.
 */
export class SecureStream extends Duplex {
  /** The authenticated client, on the server's side; `undefined` on the client's. */
  readonly peer: Identity | undefined
  /** The package that was asked for: `'Negotiate'`. */
  readonly packageName: string
  /** The package that does the work: `'NTLM'`. */
  readonly mechanism: string
  /** What the session achieved, in words. */
  readonly achieved: readonly Achieved[]
  /** Whether what is sent is encrypted, or only signed. */
  readonly encrypted: boolean
  /** When the session ends; far away for sessions that do not. */
  readonly expiry: Date
  readonly #channel: FrameChannel
  readonly #protection: RecordProtection
  readonly #sendBytes: number
  readonly #idleMilliseconds: number | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #bytesRead = 0
  #bytesWritten = 0
  /** Whether the reader wants more. */
  #wanted = false
  #reading = false
  #peerEnded = false
  #ended = false
  /** What the write under way has left to send, and whom to tell. */
  #pieces: Uint8Array[] = []
  #written: Callback | undefined

  /** @internal Made by `connect`, `createServer`, `secureClient` and `secureServer`. */
  constructor(channel: FrameChannel, established: Established, limits: Limits) {
    super({ highWaterMark: limits.highWaterMark, allowHalfOpen: limits.allowHalfOpen })
    const { session } = established.protection
    this.peer = session.peer
    this.packageName = session.packageName
    this.mechanism = session.mechanism
    this.achieved = session.achieved
    this.encrypted = established.protection.encrypted
    this.expiry = session.expiry
    this.#channel = channel
    this.#protection = established.protection
    this.#sendBytes = established.sendBytes
    this.#idleMilliseconds = limits.idleMilliseconds
    channel.listener = {
      readable: () => this.#receive(),
      failed: (error) => this.#cutOff(error),
    }
    if (channel.state === 'gone') this.#cutOff(channel.error)
    this.#touch()
  }

  /** How many bytes of the peer's data have come. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  /** How many bytes of data have been handed to the transport. */
  get bytesWritten(): number {
    return this.#bytesWritten
  }

  /** The context's answer to an attribute, as `queryContextAttributes`. @throws `SspiError` `SEC_E_INVALID_HANDLE` when destroyed. */
  attribute<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.#protection.session.attribute(attribute)
  }

  /** The client as access decisions see it. @throws `SspiError` as `SecureSession.accessToken`; `SEC_E_INVALID_HANDLE` when destroyed. */
  get accessToken(): AccessToken {
    return this.#protection.session.accessToken
  }

  /** Runs a function as the client, as `SecureSession.impersonate`. What the stream itself does goes on as before. */
  impersonate<T>(fn: () => T): T {
    return this.#protection.session.impersonate(fn)
  }

  /** @internal */
  override _read(): void {
    this.#wanted = true
    this.#receive()
  }

  /** @internal */
  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: Callback): void {
    this.#pieces = [chunk]
    this.#written = callback
    this.#send()
  }

  /** @internal */
  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], callback: Callback): void {
    this.#pieces = chunks.map(({ chunk }) => chunk)
    this.#written = callback
    this.#send()
  }

  /** @internal */
  override _final(callback: Callback): void {
    const { frameType } = this.#protection
    try {
      this.#channel.sendAndWait(callback, frameType, ...this.#protection.protect(RecordType.END, []))
      this.#ended = true
      this.#touch()
    } catch (error) {
      callback(error as SspiError) // protect() throws nothing else
    }
  }

  /** @internal */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#idleTimer)
    this.#pieces = []
    if (this.#ended && this.#peerEnded && error === null) {
      this.#channel.close(LINGER_MILLISECONDS)
    } else if (error instanceof SspiError && !(error instanceof PeerFailure) && this.#channel.state !== 'gone') {
      this.#abort(error)
    } else {
      this.#channel.destroy()
    }
    this.#protection.session[Symbol.dispose]()
    const written = this.#written
    this.#written = undefined
    written?.(error ?? new SspiError('SEC_E_CONTEXT_EXPIRED', 'the stream was destroyed before all was written'))
    callback(error)
  }

  /** Tells the peer the status, and no more. */
  #abort(error: SspiError): void {
    try {
      const parts = this.#protection.protect(RecordType.ABORT, writeFailure(new SspiError(error.code, '')))
      this.#channel.close(LINGER_MILLISECONDS, { type: this.#protection.frameType, parts })
    } catch {
      // A session that can protect nothing any more has nothing to say either.
      this.#channel.destroy()
    }
  }

  #receive(): void {
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#wanted && !this.#peerEnded && !this.destroyed) {
        const frame = this.#channel.next()
        if (frame === undefined) {
          if (this.#channel.state !== 'open') this.#cutOff(this.#channel.error)
          break
        }
        this.#touch()
        this.#take(this.#protection.open(frame))
      }
    } catch (error) {
      this.destroy(error as SspiError) // next(), open() and #take() throw nothing else
    } finally {
      this.#reading = false
    }
  }

  #take({ type, body }: OpenedRecord): void {
    switch (type) {
      case RecordType.DATA:
        // A peer that sends nothing, again and again, would keep us busy and never be idle.
        if (body.length === 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'record: DATA without data')
        this.#bytesRead += body.length
        this.#wanted = this.push(body)
        return
      case RecordType.END:
        if (body.length > 0) throw new SspiError('SEC_E_INVALID_TOKEN', `record: END with ${body.length} bytes of data`)
        this.#peerEnded = true
        this.push(null)
        return
      case RecordType.ABORT:
        throw new PeerFailure(readFailure(body).code)
      default:
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `record: of type ${type} in the middle of the stream`)
    }
  }

  /** The transport is over. That is no failure only if nobody needs it any more. */
  #cutOff(cause: Error | undefined): void {
    if (this.destroyed || (this.#peerEnded && this.#ended)) return
    const what = this.#peerEnded
      ? 'the transport broke off before all was written'
      : 'the transport ended without the peer having ended the stream: what came may have been cut off'
    this.destroy(transportFailure('SEC_E_MESSAGE_ALTERED', what, cause))
  }

  /** Sends what is left of the write under way, as far as the transport takes it. */
  #send(): void {
    try {
      while (this.#pieces.length > 0) {
        const pieces = takeBytes(this.#pieces, this.#sendBytes)
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
        if (length === 0) break
        const more = this.#channel.send(
          this.#protection.frameType,
          ...this.#protection.protect(RecordType.DATA, pieces),
        )
        this.#bytesWritten += length
        this.#touch()
        if (!more) {
          this.#channel.drained(() => this.#send())
          return
        }
      }
      this.#finishWrite(null)
    } catch (error) {
      this.#finishWrite(error as SspiError) // protect() throws nothing else
    }
  }

  #finishWrite(error: SspiError | null): void {
    const written = this.#written
    this.#written = undefined
    this.#pieces = []
    written?.(error)
  }

  #touch(): void {
    if (this.#idleMilliseconds === undefined) return
    clearTimeout(this.#idleTimer)
    if (this.destroyed) return
    this.#idleTimer = setTimeout(() => {
      this.destroy(new SspiError('SEC_E_CONTEXT_EXPIRED', 'the stream was idle for too long'))
    }, this.#idleMilliseconds)
  }
}

/** The peer gave the stream up: it need not be told. */
class PeerFailure extends SspiError {
  constructor(code: SspiError['code']) {
    super(code, `the peer gave the stream up with ${code}`)
  }
}

/** Takes up to `most` bytes from the front of a list of pieces: views. */
function takeBytes(pieces: Uint8Array[], most: number): readonly Uint8Array[] {
  const taken: Uint8Array[] = []
  let room = most
  while (room > 0) {
    const first = pieces[0]
    if (first === undefined) break
    if (first.length > room) {
      taken.push(first.subarray(0, room))
      pieces[0] = first.subarray(room)
      break
    }
    if (first.length > 0) taken.push(first)
    room -= first.length
    pieces.shift()
  }
  return taken
}
