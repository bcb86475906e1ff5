import { Reader, Writer } from '../bytes/index.js'
import type { ExchangeStep, SecureSession } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { readFailure, transportFailure, writeFailure } from './failures.js'
import type { FrameChannel } from './frame-channel.js'
import { FrameType, FRAMING_VERSION, MIN_RECORD_BYTES, RECORD_OVERHEAD, RecordType, type Frame } from './framing.js'
import type { Limits } from './options.js'
import { RecordProtection } from './record-protection.js'

/** An exchange of either side, as level 2 makes it. */
export interface Exchange extends Disposable {
  step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep>
  readonly session: SecureSession
}

/** What a handshake needs. */
export interface HandshakeParts {
  readonly channel: FrameChannel
  readonly exchange: Exchange
  readonly side: 'initiator' | 'acceptor'
  readonly limits: Limits
  readonly signal: AbortSignal | undefined
  /** Lets the peer in, or throws; asked by the acceptor once the peer has proved that it holds the keys. */
  readonly admit?: ((session: SecureSession) => Promise<void>) | undefined
}

/** What a handshake comes to. */
export interface Established {
  readonly protection: RecordProtection
  /** The most data that the peer takes in one record, or that this side wants to send. */
  readonly sendBytes: number
}

/** How long a peer may take to hear why it was refused, in milliseconds. */
export const LINGER_MILLISECONDS = 2000

/** More tokens than any package needs: a peer cannot keep an exchange going for ever. */
const MAX_TOKENS = 64

/**
 * Runs the exchange over a channel until both sides have shown, by their first record, that they hold the keys.
 *
 * When it fails, the peer is told the status (unless it was the peer that gave up), the transport is closed, and nothing
 * secret is left.
 *
 * @throws {@link SspiError} of the package, of the peer's refusal, of the time-out; the signal's reason when it was aborted.
 */
export async function shakeHands(parts: HandshakeParts): Promise<Established> {
  const { channel, exchange, limits } = parts
  const stop = stopAfter(limits.handshakeMilliseconds, parts.signal)
  const handshake = new Handshake(parts, stop.signal)
  try {
    return await handshake.run()
  } catch (error) {
    handshake.session?.[Symbol.dispose]()
    exchange[Symbol.dispose]()
    if (channel.state === 'gone') channel.destroy()
    else if (handshake.peerGaveUp) channel.close(LINGER_MILLISECONDS)
    else channel.close(LINGER_MILLISECONDS, { type: FrameType.ERROR, parts: writeFailure(error) })
    throw error
  } finally {
    stop.clear()
    channel.listener = undefined
  }
}

class Handshake {
  session: SecureSession | undefined
  peerGaveUp = false
  readonly #parts: HandshakeParts
  readonly #signal: AbortSignal
  #received = 0

  constructor(parts: HandshakeParts, signal: AbortSignal) {
    this.#parts = parts
    this.#signal = signal
  }

  async run(): Promise<Established> {
    const { channel, side, limits, admit } = this.#parts
    this.session = await this.#authenticate()
    const protection = new RecordProtection(this.session)
    const start = writeStart(side, limits.maxRecordBytes)
    if (side === 'initiator') channel.send(protection.frameType, ...protection.protect(RecordType.START, [start]))
    const frame = await this.#frame()
    if (frame.type === FrameType.ERROR) throw this.#refusal(readFailure(frame.payload).code)
    const record = protection.open(frame)
    if (record.type !== RecordType.START) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `record: of type ${record.type} where the first is START`)
    }
    const peerBytes = readStart(record.body, side)
    if (side === 'acceptor') {
      if (admit !== undefined) await orAborted(admit(this.session), this.#signal)
      channel.send(protection.frameType, ...protection.protect(RecordType.START, [start]))
    }
    // From here on the peer is known, and may send whole records.
    channel.maxPayload = limits.maxRecordBytes + RECORD_OVERHEAD
    return { protection, sendBytes: Math.min(peerBytes, limits.maxRecordBytes) }
  }

  async #authenticate(): Promise<SecureSession> {
    const { exchange, side, channel } = this.#parts
    let token = side === 'initiator' ? undefined : await this.#token()
    for (;;) {
      const step = await orAborted(exchange.step(token, this.#signal), this.#signal)
      if (step.done) this.session = exchange.session
      if (step.incomplete || step.extra !== undefined) {
        const what = step.incomplete ? 'only the beginning of one' : `followed by ${step.extra?.length ?? 0} bytes`
        throw new SspiError('SEC_E_INVALID_TOKEN', `handshake: a frame holds one whole token; this was ${what}`)
      }
      if (step.token !== undefined) channel.send(FrameType.TOKEN, step.token)
      if (step.done) return exchange.session
      // A client whose server speaks first (Digest) has nothing to say yet, and says so.
      if (step.token === undefined) channel.send(FrameType.TOKEN, new Uint8Array(0))
      token = await this.#token()
    }
  }

  /** The peer's next token. Where the peer gives up instead, its last token gets the word: it says why best. */
  async #token(): Promise<Uint8Array> {
    const frame = await this.#frame()
    if (++this.#received > MAX_TOKENS) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `handshake: more than ${MAX_TOKENS} tokens`)
    }
    switch (frame.type) {
      case FrameType.TOKEN:
        return new Uint8Array(frame.payload)
      case FrameType.ERROR: {
        const { code, token } = readFailure(frame.payload)
        this.peerGaveUp = true
        if (token !== undefined) {
          const { exchange } = this.#parts
          const step = await orAborted(exchange.step(new Uint8Array(token), this.#signal), this.#signal)
          if (step.done) this.session = exchange.session // to be ended: a refusal is no welcome
        }
        throw this.#refusal(code)
      }
      case FrameType.SEALED:
      case FrameType.SIGNED:
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'handshake: a record came where a token was expected')
    }
  }

  #refusal(code: SspiError['code']): SspiError {
    this.peerGaveUp = true
    return new SspiError(code, `handshake: refused by the peer with ${code}`)
  }

  #frame(): Promise<Frame> {
    const { channel } = this.#parts
    const coming = new Promise<Frame>((resolve, reject) => {
      const look = () => {
        try {
          const frame = channel.next()
          if (frame !== undefined) resolve(frame)
          else if (channel.state !== 'open') reject(brokenOff(channel.error))
        } catch (error) {
          const failure = error as SspiError // next() throws nothing else
          reject(failure)
        }
      }
      channel.listener = { readable: look, failed: look }
      look()
    })
    return orAborted(coming, this.#signal)
  }
}

function brokenOff(cause: Error | undefined): SspiError {
  const what = 'handshake: the transport ended before it was done'
  return transportFailure('SEC_E_UNFINISHED_CONTEXT_DELETED', what, cause)
}

const SIDES = ['initiator', 'acceptor'] as const

function writeStart(side: 'initiator' | 'acceptor', maxRecordBytes: number): Uint8Array {
  return new Writer(6).u8(FRAMING_VERSION).u8(SIDES.indexOf(side)).u32be(maxRecordBytes).finish()
}

/** The peer's longest data. What a later version appends is not looked at. */
function readStart(body: Uint8Array, side: 'initiator' | 'acceptor'): number {
  const reader = new Reader(body)
  const version = reader.u8('START: version')
  if (version < FRAMING_VERSION) throw new SspiError('SEC_E_INVALID_TOKEN', `START: version ${version}`)
  // Its own record, sent back, must not pass for the peer's, even where a package's keys are the same both ways.
  const from = reader.u8('START: side')
  if (SIDES[from] === undefined || SIDES[from] === side) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `START: side ${from}`)
  }
  const peerBytes = reader.u32be('START: longest data')
  if (peerBytes < MIN_RECORD_BYTES) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `START: longest data ${peerBytes}, at least ${MIN_RECORD_BYTES}`)
  }
  return peerBytes
}

/** A signal that is aborted with another one, or when the time is over. */
function stopAfter(milliseconds: number, outer: AbortSignal | undefined): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController()
  const abort = () => controller.abort(outer?.reason)
  const timer = setTimeout(() => {
    const what = `handshake: not done after ${milliseconds / 1000} s`
    controller.abort(new SspiError('SEC_E_UNFINISHED_CONTEXT_DELETED', what))
  }, milliseconds)
  if (outer?.aborted === true) abort()
  outer?.addEventListener('abort', abort)
  const clear = () => {
    clearTimeout(timer)
    outer?.removeEventListener('abort', abort)
  }
  return { signal: controller.signal, clear }
}

/** A promise that does not outwait a signal. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = () => {}
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason as Error) // an Error unless the caller made it something else
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp)
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}
