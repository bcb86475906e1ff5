import { outputBytes } from '../crypto/index.js'
import { SEC_E_OK, SspiError } from '../status/index.js'
import type { ContextAttribute, ContextAttributes, Sizes, StreamSizes } from './attributes.js'
import { SecBuffer, SecBufferDesc } from './buffer.js'
import {
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_DELEGATE,
  ASC_RET_INTEGRITY,
  ASC_RET_MUTUAL_AUTH,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_DELEGATE,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_FLAG_STREAM,
} from './constants/index.js'
import type { ExportOptions } from './context-calls.js'
import type { Side } from './events.js'
import type { CtxtHandle } from './handles.js'
import { requestBuffers, type HttpRequest } from './http-request.js'
import type { AccessToken, Identity } from './identity.js'
import type { LevelOne } from './level-one.js'
import { sealRecords, unsealRecords } from './stream-records.js'

/** What an established session achieved. */
export type Achieved = 'mutual authentication' | 'integrity' | 'confidentiality' | 'delegation'

/** Result of {@link SecureSession.open}. */
export interface OpenedMessage {
  /** What was sealed. */
  readonly message: Uint8Array
  /** 0: it was encrypted; `SECQOP_WRAP_NO_ENCRYPT`: it was signed only. */
  readonly qop: number
}

/**
 * An established session, at the second level: whole messages in, whole messages out. Written on the first level alone.
 *
 * Messages of one direction must arrive complete and in order, once each. A message that does not is refused and the
 * session goes on waiting for the right one.
 */
export class SecureSession implements Disposable {
  /** Which side of the exchange it came from. */
  readonly side: Side
  /** What was achieved, in words. */
  readonly achieved: readonly Achieved[]
  /** `ISC_RET_…` or `ASC_RET_…`. */
  readonly contextAttr: number
  /** Until when it is good. */
  readonly expiry: Date
  /** The package that was asked for; `packageName` of what came out under Negotiate is in `mechanism`. */
  readonly packageName: string
  readonly #table: LevelOne
  readonly #context: CtxtHandle
  #knownSizes: Sizes | undefined
  /** Of packages whose messages are records; `null` for the others, `undefined` before somebody asked. */
  #knownStreamSizes: StreamSizes | null | undefined

  /** @internal */
  constructor(
    table: LevelOne,
    context: CtxtHandle,
    side: Side,
    contextAttr: number,
    expiry: Date,
    packageName: string,
  ) {
    this.#table = table
    this.#context = context
    this.side = side
    this.contextAttr = contextAttr
    this.achieved = achievedFlags(side, contextAttr)
    this.expiry = expiry
    this.packageName = packageName
  }

  /** The package that does the work: `'NTLM'` when Negotiate chose it. */
  get mechanism(): string {
    return this.attribute(SECPKG_ATTR_PACKAGE_INFO).name
  }

  /** The authenticated client, on the server's side, where it authenticated itself; `undefined` on the client's. */
  get peer(): Identity | undefined {
    if (this.side === 'initiator') return undefined
    try {
      return this.attribute(SECPKG_ATTR_ACCESS_TOKEN).user
    } catch (error) {
      // A client without a certificate is nobody, and welcome where none was required.
      if (error instanceof SspiError && error.code === 'SEC_E_UNSUPPORTED_FUNCTION') return undefined
      throw error
    }
  }

  /** The context's answer to an attribute, as `queryContextAttributes`. */
  attribute<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.#table.queryContextAttributes(this.#context, attribute)
  }

  /**
   * Encrypts and signs a message: one self-contained token, the package's GSS wrap format where it has one. Of a package whose
   * messages are records: so many records as are needed.
   *
   * @param qop - 0, or `SECQOP_WRAP_NO_ENCRYPT` to sign only, of packages that have it. Default 0.
   */
  seal(message: Uint8Array, qop = 0): Uint8Array {
    const streamSizes = this.#streamSizes
    if (streamSizes !== null) return sealRecords(this.#table, this.#context, streamSizes, message, qop)
    const { securityTrailer: room, blockSize, tokenLast = false } = this.#sizes
    if (tokenLast) return this.#sealTokenLast(message, room, qop)
    // RC4 has blocks of one byte, and pads by one all the same (RFC 4757 section 7.3).
    const most = blockSize
    const out = outputBytes(room + message.length + most)
    out.set(message, room)
    try {
      return this.#sealIn(out, room, message.length, most, qop)
    } catch (error) {
      out.fill(0) // the plaintext is still there
      throw error
    }
  }

  /** Seals the message that stands behind the room for the token, and before that for padding. */
  #sealIn(out: Uint8Array, room: number, length: number, most: number, qop: number): Uint8Array {
    const token = new SecBuffer(SECBUFFER_TOKEN, out.subarray(0, room))
    const data = new SecBuffer(SECBUFFER_DATA, out.subarray(room, room + length))
    const buffers = [token, data]
    if (most > 0) buffers.push(new SecBuffer(SECBUFFER_PADDING, out.subarray(room + length)))
    this.#table.encryptMessage(this.#context, qop, new SecBufferDesc(buffers))
    const padding = buffers[2]?.cbBuffer ?? 0
    if (token.cbBuffer === room) return out.subarray(0, room + length + padding)
    // The token came out shorter than its room: the rest moves up to it.
    out.copyWithin(token.cbBuffer, room, room + length + padding)
    return out.subarray(0, token.cbBuffer + length + padding)
  }

  /** Padding, if any, goes into the token in front of the rest of it, as there is no buffer for it. */
  #sealTokenLast(message: Uint8Array, room: number, qop: number): Uint8Array {
    const out = new Uint8Array(message.length + room)
    out.set(message)
    const token = new SecBuffer(SECBUFFER_TOKEN, out.subarray(message.length))
    const data = new SecBuffer(SECBUFFER_DATA, out.subarray(0, message.length))
    this.#table.encryptMessage(this.#context, qop, new SecBufferDesc([data, token]))
    return out.subarray(0, message.length + token.cbBuffer)
  }

  /**
   * Opens what the peer's {@link SecureSession.seal} made; the argument stays as it is.
   * @throws `SspiError` `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE`, `SEC_E_INVALID_TOKEN`.
   */
  unseal(sealed: Uint8Array): Uint8Array {
    return this.open(sealed).message
  }

  /** As {@link SecureSession.unseal}, and says how the message was protected: some packages let the peer choose. */
  open(sealed: Uint8Array): OpenedMessage {
    if (this.#streamSizes !== null) {
      return { message: unsealRecords(this.#table, this.#context, new Uint8Array(sealed)), qop: 0 }
    }
    const data = new SecBuffer(SECBUFFER_DATA)
    const message = new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, new Uint8Array(sealed)), data])
    const { status, qop } = this.#table.decryptMessage(this.#context, message)
    if (status !== SEC_E_OK) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `a sealed message of ${sealed.length} bytes is not a whole one`)
    }
    return { message: data.bytes, qop }
  }

  /** Signs a message: the signature, to be sent beside it. */
  sign(message: Uint8Array): Uint8Array {
    const token = new SecBuffer(SECBUFFER_TOKEN, this.#sizes.maxSignature)
    this.#table.makeSignature(this.#context, 0, new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, message), token]))
    return token.bytes
  }

  /** Checks what the peer's {@link SecureSession.sign} made. @throws `SspiError` `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE`. */
  verify(message: Uint8Array, signature: Uint8Array): void {
    const buffers = [new SecBuffer(SECBUFFER_DATA, message), new SecBuffer(SECBUFFER_TOKEN, signature)]
    this.#table.verifySignature(this.#context, new SecBufferDesc(buffers))
  }

  /**
   * Authenticates a further HTTP request with a package that does so for each (Digest): what goes into its `Authorization`.
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` or `SEC_E_UNSUPPORTED_FUNCTION` with any other package.
   */
  signRequest(request: HttpRequest): Uint8Array {
    const token = new SecBuffer(SECBUFFER_TOKEN)
    const buffers = [token, ...requestBuffers([request.method, request.uri], request.body)]
    this.#table.makeSignature(this.#context, 0, new SecBufferDesc(buffers))
    return token.bytes
  }

  /**
   * Checks what the client's {@link SecureSession.signRequest} made.
   * @throws `SspiError` `SEC_E_MESSAGE_ALTERED`, `SEC_E_OUT_OF_SEQUENCE` when the request was here before.
   */
  verifyRequest(request: HttpRequest, authorization: Uint8Array): void {
    const token = new SecBuffer(SECBUFFER_TOKEN, authorization)
    const buffers = [token, ...requestBuffers([request.method, request.uri], request.body)]
    this.#table.verifySignature(this.#context, new SecBufferDesc(buffers))
  }

  /**
   * The client as access decisions see it: names, groups, how far this server may act for it, and where each claim comes from.
   * @throws `SspiError` `SEC_E_NO_IMPERSONATION` on the client's own side, and where no client authenticated itself.
   */
  get accessToken(): AccessToken {
    return this.#table.querySecurityContextToken(this.#context)
  }

  /**
   * Runs a function as the client, as `impersonateSecurityContext`: what it reaches without naming credentials, it reaches with those
   * that the client has delegated (`flags: ISC_REQ_DELEGATE`).
   *
   * @returns What the function returns; the impersonation ends with it, or with its promise.
   */
  impersonate<T>(fn: () => T): T {
    return this.#table.impersonateSecurityContext(this.#context, fn)
  }

  /** Moves the session out, as `exportSecurityContext`; this object is ended. */
  export(options: ExportOptions): Uint8Array {
    return this.#table.exportSecurityContext(this.#context, options)
  }

  /** Asked once, and only where messages are sent: a package that protects none has no sizes. */
  get #sizes(): Sizes {
    return (this.#knownSizes ??= this.attribute(SECPKG_ATTR_SIZES))
  }

  get #streamSizes(): StreamSizes | null {
    if (this.#knownStreamSizes !== undefined) return this.#knownStreamSizes
    const streams = (this.attribute(SECPKG_ATTR_PACKAGE_INFO).capabilities & SECPKG_FLAG_STREAM) !== 0
    return (this.#knownStreamSizes = streams ? this.attribute(SECPKG_ATTR_STREAM_SIZES) : null)
  }

  /** Ends the session and wipes its keys. */
  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]()
  }
}

const INITIATOR: readonly (readonly [number, Achieved])[] = [
  [ISC_RET_MUTUAL_AUTH, 'mutual authentication'],
  [ISC_RET_INTEGRITY, 'integrity'],
  [ISC_RET_CONFIDENTIALITY, 'confidentiality'],
  [ISC_RET_DELEGATE, 'delegation'],
]
const ACCEPTOR: readonly (readonly [number, Achieved])[] = [
  [ASC_RET_MUTUAL_AUTH, 'mutual authentication'],
  [ASC_RET_INTEGRITY, 'integrity'],
  [ASC_RET_CONFIDENTIALITY, 'confidentiality'],
  [ASC_RET_DELEGATE, 'delegation'],
]

/** `ISC_RET_…` or `ASC_RET_…` in words. */
export function achievedFlags(side: Side, contextAttr: number): readonly Achieved[] {
  return (side === 'initiator' ? INITIATOR : ACCEPTOR)
    .filter(([flag]) => (contextAttr & flag) !== 0)
    .map(([, word]) => word)
}
