import { bytesEqual, concatBytes } from '../bytes/index.js'
import { secretBytes, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_STREAM_SIZES,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type Session,
} from '../sspi/index.js'
import { MAX_TS_REQUEST } from './constants.js'
import {
  lengthOfTsRequest,
  readTsRequest,
  writeTsRequest,
  type TsRequest,
  type TsRequestFields,
} from './messages/index.js'

/** What came out of a peer's token. */
export type Received =
  | {
      readonly kind: 'request'
      readonly request: TsRequest
      /** How many bytes of the token come behind it: a next one, the application's first message, or the close of the channel. */
      readonly surplus: number
    }
  | { readonly kind: 'incomplete'; readonly missing: undefined }

/** Room for what TLS itself may have to say before a record: an alert or a KeyUpdate, with its protection. */
const OWN_RECORDS = 256
/** The header of a TLS record, RFC 8446 section 5.1. */
const RECORD_HEADER = 5
/** By so many last bytes what was opened is known again: the tag of a record is among them, and no other record has it. */
const KNOWN_BY = 32
const EMPTY: Uint8Array = new Uint8Array(0)

/**
 * The TLS channel with TSRequests in it: one goes to, one comes back.
 *
 * A token that is cut short is given again with more behind it, but records are opened once: what was opened is remembered, and
 * passed over when it comes again. A peer that sends a request byte by byte, each in a record and a call of its own, costs no more for
 * each of them than for the first.
 */
export class Channel {
  readonly session: Session
  /** How much of the token was opened, and its last bytes. */
  #opened = { length: 0, end: EMPTY }
  /** What was in it, and room for more. */
  #room: SecretBytes = secretFrom(EMPTY)
  #held = 0
  /** What the last request was read from. */
  #read: SecretBytes | undefined

  /** @param opened - What of the token that is being worked on went into the handshake already. */
  constructor(session: Session, opened: Uint8Array) {
    this.session = session
    this.#remember(opened)
  }

  /** A TSRequest in TLS records. */
  send(fields: TsRequestFields): Uint8Array {
    const request = writeTsRequest(fields)
    const sizes = this.session.query(SECPKG_ATTR_STREAM_SIZES)
    if (sizes === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'CredSSP: the channel has no stream sizes')
    const records: Uint8Array[] = []
    for (let at = 0; at < request.length; at += sizes.maximumMessage) {
      const piece = request.subarray(at, at + sizes.maximumMessage)
      const own = new SecBuffer(SECBUFFER_TOKEN, OWN_RECORDS)
      const header = new SecBuffer(SECBUFFER_STREAM_HEADER, sizes.header)
      const data = new SecBuffer(SECBUFFER_DATA, piece)
      const trailer = new SecBuffer(SECBUFFER_STREAM_TRAILER, sizes.trailer)
      this.session.seal(new SecBufferDesc([own, header, data, trailer]), 0, 0)
      records.push(concatBytes(own.bytes, header.bytes, data.bytes, trailer.bytes))
    }
    return concatBytes(...records)
  }

  /**
   * Opens one TSRequest of a peer's token. What it holds is a view, good until the next call. Records behind it are left alone.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is none, is followed by something else in its last record, or grows too long;
   *   `SEC_E_CONTEXT_EXPIRED` when the peer has closed the channel; as the channel's records demand.
   */
  receive(token: Uint8Array): Received {
    let rest = this.#behindOpened(token)
    const incomplete = (): Received => {
      this.#remember(token.subarray(0, token.length - rest.length))
      return INCOMPLETE
    }
    for (;;) {
      const length = lengthOfTsRequest(this.#room.subarray(0, this.#held))
      if (length !== undefined && length > MAX_TS_REQUEST) {
        throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: ${length} bytes, at most ${MAX_TS_REQUEST}`)
      }
      if (length !== undefined && this.#held >= length) return this.#take(rest)
      if (rest.length === 0) return incomplete()
      const record = this.#open(rest)
      if (record === undefined) return incomplete()
      rest = rest.subarray(record)
    }
  }

  /** The token was whole: the next one is another. */
  forget(): void {
    this.#remember(EMPTY)
  }

  /** Wipes what was received. The session is somebody else's to dispose of. */
  dispose(): void {
    wipe(this.#room)
    wipe(this.#read)
  }

  #remember(opened: Uint8Array): void {
    this.#opened = { length: opened.length, end: opened.slice(-KNOWN_BY) }
  }

  #behindOpened(token: Uint8Array): Uint8Array {
    const { length, end } = this.#opened
    if (token.length < length || !bytesEqual(token.subarray(length - end.length, length), end)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'CredSSP: not the token that was cut short, with more behind it')
    }
    return token.subarray(length)
  }

  /** Opens the first record of the bytes. @returns its length; `undefined` when it is not whole yet. */
  #open(bytes: Uint8Array): number | undefined {
    const [, , , high = 0, low = 0] = bytes
    const record = bytes.slice(0, RECORD_HEADER + (high << 8) + low)
    const data = new SecBuffer(SECBUFFER_DATA, record)
    const empty = [0, 1, 2].map(() => new SecBuffer(SECBUFFER_EMPTY))
    const message = new SecBufferDesc([data, ...empty])
    const unsealed = this.session.unseal(message, 0)
    if (unsealed.kind === 'incomplete') return undefined
    if (unsealed.kind === 'closed') {
      throw new SspiError(
        'SEC_E_CONTEXT_EXPIRED',
        'CredSSP: the peer closed the TLS channel: it refuses, and does not say why',
      )
    }
    const content = message.find(SECBUFFER_DATA)
    if (content !== undefined) {
      this.#hold(content.bytes)
      wipe(content.bytes)
    }
    return record.length
  }

  /** Keeps what came out of a record; what came before is copied only when the room for it doubles. */
  #hold(piece: Uint8Array): void {
    const held = this.#held + piece.length
    if (held > this.#room.length) {
      const before = this.#room
      this.#room = secretBytes(Math.max(held, 2 * before.length))
      this.#room.set(before)
      wipe(before)
    }
    this.#room.set(piece, this.#held)
    this.#held = held
  }

  #take(rest: Uint8Array): Received {
    wipe(this.#read)
    this.#read = this.#room
    const request = this.#room.subarray(0, this.#held)
    this.#room = secretFrom(EMPTY)
    this.#held = 0
    this.forget()
    return { kind: 'request', request: readTsRequest(request), surplus: rest.length }
  }
}

const INCOMPLETE = { kind: 'incomplete', missing: undefined } as const
