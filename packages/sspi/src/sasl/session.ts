import type { ContextAttribute, ContextAttributes, Identity, SecureSession } from '../sspi/index.js'
import { SaslLayerBit } from './layer-messages.js'
import { SaslLayer, type SaslLayerName } from './layer.js'
import type { SaslProfileName } from './profiles.js'
import type { SaslContext } from './sasl-context.js'

const NAMES: Readonly<Record<SaslLayerBit, SaslLayerName>> = {
  [SaslLayerBit.NONE]: 'none',
  [SaslLayerBit.INTEGRITY]: 'integrity',
  [SaslLayerBit.CONFIDENTIALITY]: 'confidentiality',
}

/** What a SASL exchange comes to: who the peer is, and the layer that protects the connection from here on. */
export class SaslSession implements Disposable {
  /** The mechanism. */
  readonly mechanism: SaslProfileName
  /** What protects messages. With `none` they are to be sent as they are. */
  readonly layer: SaslLayerName
  /** Whom the client acts as; empty for itself. On the server's side it has been authorized. */
  readonly authorizationId: string
  /** The most that one protected message holds, in bytes: `wrap` cuts longer ones up. */
  readonly sendSize: number
  readonly #session: SecureSession
  readonly #layer: SaslLayer

  /** @internal */
  constructor(sasl: SaslContext, authorizationId: string) {
    const { session, phase, sendSize, receiveSize, profile } = sasl
    this.mechanism = profile.name
    this.layer = phase.at === 'done' ? NAMES[phase.layer] : 'none'
    this.authorizationId = authorizationId
    this.sendSize = sendSize
    this.#session = session
    this.#layer = new SaslLayer({ session, layer: this.layer, sendSize, receiveSize })
  }

  /** The authenticated client, on the server's side; `undefined` on the client's. */
  get peer(): Identity | undefined {
    return this.#session.peer
  }

  /** The context's answer to an attribute, as `queryContextAttributes`. */
  attribute<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.#session.attribute(attribute)
  }

  /**
   * What goes onto the connection for a message: protected buffers, each with its length in four bytes in front, as many as the peer's
   * size asks for; without a layer the message itself. A new array, to be sent in the order in which it was made.
   */
  wrap(message: Uint8Array): Uint8Array {
    return this.#layer.wrap(message)
  }

  /**
   * What the next bytes of the connection hold, cut anywhere: the messages of the buffers that are whole now, one behind the other; a
   * new array, which may be empty.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` by the length of a buffer that is too long; `SEC_E_MESSAGE_ALTERED`,
   *   `SEC_E_OUT_OF_SEQUENCE`, `SEC_E_QOP_NOT_SUPPORTED` when one is only signed that should be encrypted. Nothing is read of the
   *   connection any more then: each further call throws the same.
   */
  unwrap(bytes: Uint8Array): Uint8Array {
    return this.#layer.unwrap(bytes)
  }

  /** Ends the session and wipes its keys. */
  [Symbol.dispose](): void {
    this.#session[Symbol.dispose]()
  }
}
