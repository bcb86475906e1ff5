import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  SEC_E_OK,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SECQOP_WRAP_NO_ENCRYPT,
  writeSecChannelBindings,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type CredentialValue,
  type CtxtHandle,
  type SecurityFunctionTable,
} from 'sspi'
import type { AeadMessage, EstablishStep, IovMessage, MessageSession } from './messages.js'

/** What a {@link KerberosSide} is made of. */
export interface KerberosSideOptions {
  readonly table: SecurityFunctionTable
  readonly package: string
  /** Default: the default credentials. */
  readonly credential?: CredentialValue
  /** The server's name; an acceptor has none. */
  readonly target?: string
  /** `ISC_REQ_…` or `ASC_REQ_…`. Default: everything but delegation for an initiator, 0 for an acceptor. */
  readonly contextReq?: number
  readonly channelBindings?: ChannelBindings
}

const EVERYTHING =
  ISC_REQ_MUTUAL_AUTH | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY

/** Our side on level 1, where messages can be protected in every layout. */
export class KerberosSide implements MessageSession, Disposable {
  readonly #options: KerberosSideOptions
  #context: CtxtHandle | undefined
  /** What the last step achieved. */
  contextAttr = 0

  constructor(options: KerberosSideOptions) {
    this.#options = options
  }

  /** One step, for `establish`. */
  async step(token: Uint8Array | undefined): Promise<EstablishStep> {
    const { table, target, contextReq, channelBindings } = this.#options
    const output = new SecBuffer(SECBUFFER_TOKEN)
    const input = token === undefined ? [] : [new SecBuffer(SECBUFFER_TOKEN, token)]
    if (channelBindings !== undefined) {
      input.push(new SecBuffer(SECBUFFER_CHANNEL_BINDINGS, writeSecChannelBindings(channelBindings)))
    }
    const common = {
      context: this.#context,
      credential: this.#context === undefined ? await this.#acquire() : undefined,
      input: new SecBufferDesc(input),
      output: new SecBufferDesc([output]),
    }
    const step =
      target === undefined
        ? await table.acceptSecurityContext({ ...common, contextReq: contextReq ?? 0 })
        : await table.initializeSecurityContext({ ...common, targetName: target, contextReq: contextReq ?? EVERYTHING })
    this.#context = step.context
    this.contextAttr = step.contextAttr
    return { token: output.bytes, done: step.status === SEC_E_OK }
  }

  /** The context. @throws before the first step. */
  get context(): CtxtHandle {
    if (this.#context === undefined) throw new Error('no context yet')
    return this.#context
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.#options.table.queryContextAttributes(this.context, attribute)
  }

  wrap(message: Uint8Array, confidential: boolean): Uint8Array {
    const { token, data, padding } = this.#seal([], message, [], confidential)
    return join(token, data, padding)
  }

  unwrap(token: Uint8Array): { readonly message: Uint8Array; readonly confidential: boolean } {
    const data = new SecBuffer(SECBUFFER_DATA)
    const message = new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, token.slice()), data])
    const { qop } = this.#options.table.decryptMessage(this.context, message)
    return { message: data.bytes.slice(), confidential: qop !== SECQOP_WRAP_NO_ENCRYPT }
  }

  mic(message: Uint8Array): Uint8Array {
    const token = new SecBuffer(SECBUFFER_TOKEN)
    this.#options.table.makeSignature(
      this.context,
      0,
      new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, message), token]),
    )
    return token.bytes
  }

  verifyMic(message: Uint8Array, mic: Uint8Array): void {
    const buffers = [new SecBuffer(SECBUFFER_DATA, message), new SecBuffer(SECBUFFER_TOKEN, mic)]
    this.#options.table.verifySignature(this.context, new SecBufferDesc(buffers))
  }

  wrapAead(message: Uint8Array, associatedData: Uint8Array, confidential: boolean): Uint8Array {
    const { token, data, padding } = this.#seal([associatedData], message, [], confidential)
    return join(token, data, padding)
  }

  unwrapAead({ token, associatedData, confidential }: AeadMessage): Uint8Array {
    const { securityTrailer, maxSignature } = this.query(SECPKG_ATTR_SIZES)
    const head = confidential ? securityTrailer : maxSignature
    const message = token.slice(head)
    return this.#open([associatedData], message, [], token.slice(0, head))
  }

  wrapIov({ confidential, before, data, after }: Omit<IovMessage, 'header'>): IovMessage {
    const sealed = this.#seal([before], data, [after], confidential)
    return { confidential, before, data: sealed.data, after, header: sealed.token }
  }

  unwrapIov({ before, data, after, header }: IovMessage): Uint8Array {
    return this.#open([before], data.slice(), [after], header)
  }

  [Symbol.dispose](): void {
    this.#context?.[Symbol.dispose]()
  }

  async #acquire() {
    const { table, target, credential } = this.#options
    const acquired = await table.acquireCredentialsHandle({
      package: this.#options.package,
      credentialUse: target === undefined ? SECPKG_CRED_INBOUND : SECPKG_CRED_OUTBOUND,
      authData: credential,
    })
    return acquired.credential
  }

  #seal(before: readonly Uint8Array[], message: Uint8Array, after: readonly Uint8Array[], confidential: boolean) {
    const token = new SecBuffer(SECBUFFER_TOKEN)
    const data = new SecBuffer(SECBUFFER_DATA, message.slice())
    const padding = new SecBuffer(SECBUFFER_PADDING)
    const buffers = [...before.map(signedOnly), data, ...after.map(signedOnly), token, padding]
    const qop = confidential ? 0 : SECQOP_WRAP_NO_ENCRYPT
    this.#options.table.encryptMessage(this.context, qop, new SecBufferDesc(buffers))
    return { token: token.bytes, data: data.bytes, padding: padding.bytes }
  }

  #open(
    before: readonly Uint8Array[],
    sealed: Uint8Array,
    after: readonly Uint8Array[],
    token: Uint8Array,
  ): Uint8Array {
    const data = new SecBuffer(SECBUFFER_DATA, sealed)
    const buffers = [...before.map(signedOnly), data, ...after.map(signedOnly), new SecBuffer(SECBUFFER_TOKEN, token)]
    this.#options.table.decryptMessage(this.context, new SecBufferDesc(buffers))
    return data.bytes
  }
}

function signedOnly(bytes: Uint8Array): SecBuffer {
  return new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, bytes)
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
