import { concatBytes } from '../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
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
const EMPTY: Uint8Array = new Uint8Array(0)

/**
 * The TLS channel with TSRequests in it: one goes to, one comes back.
 *
 * A token that is cut short is given again with more behind it, but records are opened once: what was opened is remembered, and
 * passed over when it comes again.
 */
export class Channel {
  readonly session: Session
  /** Records that were opened, as they came. */
  #opened: Uint8Array = EMPTY
  /** What was in them. */
  #plain: SecretBytes = secretFrom(EMPTY)
  /** What the last request was read from. */
  #read: SecretBytes | undefined

  /** @param opened - What of the token that is being worked on went into the handshake already. */
  constructor(session: Session, opened: Uint8Array) {
    this.session = session
    this.#opened = opened.slice()
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
      this.#opened = token.slice(0, token.length - rest.length)
      return INCOMPLETE
    }
    for (;;) {
      const length = lengthOfTsRequest(this.#plain)
      if (length !== undefined && length > MAX_TS_REQUEST) {
        throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: ${length} bytes, at most ${MAX_TS_REQUEST}`)
      }
      if (length !== undefined && this.#plain.length >= length) return this.#take(rest)
      if (rest.length === 0) return incomplete()
      const record = this.#open(rest)
      if (record === undefined) return incomplete()
      rest = rest.subarray(record)
    }
  }

  /** The token was whole: the next one is another. */
  forget(): void {
    this.#opened = EMPTY
  }

  /** Wipes what was received. The session is somebody else's to dispose of. */
  dispose(): void {
    wipe(this.#plain)
    wipe(this.#read)
  }

  #behindOpened(token: Uint8Array): Uint8Array {
    const before = this.#opened
    if (token.length < before.length || before.some((byte, at) => token[at] !== byte)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'CredSSP: not the token that was cut short, with more behind it')
    }
    return token.subarray(before.length)
  }

  /** Opens the first record of the bytes. @returns its length; `undefined` when it is not whole yet. */
  #open(bytes: Uint8Array): number | undefined {
    const data = new SecBuffer(SECBUFFER_DATA, bytes.slice())
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
      const grown = secretFrom(concatBytes(this.#plain, content.bytes))
      wipe(this.#plain)
      wipe(content.bytes)
      this.#plain = grown
    }
    return bytes.length - (message.find(SECBUFFER_EXTRA)?.cbBuffer ?? 0)
  }

  #take(rest: Uint8Array): Received {
    wipe(this.#read)
    this.#read = this.#plain
    this.#plain = secretFrom(EMPTY)
    this.forget()
    return { kind: 'request', request: readTsRequest(this.#read), surplus: rest.length }
  }
}

const INCOMPLETE = { kind: 'incomplete', missing: undefined } as const
