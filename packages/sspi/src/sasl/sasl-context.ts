import {
  SECPKG_ATTR_AUTHORIZATION_ID,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SecureSession,
  SspiError,
  type ContextStep,
  type CtxtHandle,
  type SecurityFunctionTable,
  type Side,
} from '../sspi/index.js'
import { encodeUtf8 } from '../bytes/index.js'
import { DEFAULT_SASL_SIZE, MAX_SASL_SIZE } from './constants.js'
import { SaslLayerBit } from './layer-messages.js'
import type { SaslProfile } from './profiles.js'

/** Where a context of SASL stands, named after what comes next. */
export type SaslPhase =
  /** The package is at work. */
  | { readonly at: 'package' }
  /** The server's package is done and its last token is on its way: the client's empty answer lets it offer layers. */
  | { readonly at: 'offer-due' }
  /** The client's package is done: the server offers layers. */
  | { readonly at: 'expect-offer' }
  /** The server has offered layers: the client chooses. */
  | { readonly at: 'expect-choice'; readonly offered: number }
  | { readonly at: 'done'; readonly layer: SaslLayerBit }

/** What SASL knows of a context beyond what its package does. */
export class SaslContext {
  /** The interface that the context is of. */
  readonly sspi: SecurityFunctionTable
  readonly profile: SaslProfile
  readonly side: Side
  /** `ISC_REQ_…` or `ASC_REQ_…` of the first call. */
  readonly contextReq: number
  phase: SaslPhase = { at: 'package' }
  receiveSize: number
  sendSize = DEFAULT_SASL_SIZE
  /** What this side sends, or what the peer has sent. */
  authorizationId: Uint8Array = new Uint8Array(0)
  authorizationIdForbidden = false
  #session: SecureSession | undefined

  constructor(sspi: SecurityFunctionTable, profile: SaslProfile, side: Side, contextReq: number) {
    this.sspi = sspi
    this.profile = profile
    this.receiveSize = profile.receiveSize
    this.side = side
    this.contextReq = contextReq
  }

  /** The messages of the context. @throws {@link SspiError} `SEC_E_OUT_OF_SEQUENCE` before its package is done. */
  get session(): SecureSession {
    if (this.#session !== undefined) return this.#session
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the context is not established')
  }

  /** Takes what the package has established. */
  open({ context, contextAttr, expiry }: ContextStep): void {
    this.#session = new SecureSession(this.sspi, context, this.side, contextAttr, expiry, this.profile.packageName)
  }

  /**
   * The layer stands: nothing more is to be negotiated.
   * @param peerReceives - the longest protected message that the peer reads; `undefined` where it has not said.
   * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the peer reads so little that nothing could be sent.
   */
  finish(layer: SaslLayerBit, peerReceives: number | undefined): void {
    if (layer !== SaslLayerBit.NONE) {
      this.sendSize = Math.min(this.sendSize, this.#roomForData(peerReceives))
      if (this.sendSize < 1) {
        throw new SspiError(
          'SEC_E_INVALID_TOKEN',
          `SASL: the peer reads ${peerReceives ?? 0} bytes, too few for a message`,
        )
      }
    }
    this.phase = { at: 'done', layer }
  }

  #roomForData(peerReceives: number | undefined): number {
    const known = optional(() => this.session.attribute(SECPKG_ATTR_STREAM_SIZES).maximumMessage)
    if (known !== undefined) return known
    // As SaslSetContextOption's page has it: less the block, the trailer, and the largest signature.
    const { blockSize, securityTrailer, maxSignature } = this.session.attribute(SECPKG_ATTR_SIZES)
    return (peerReceives ?? DEFAULT_SASL_SIZE) - blockSize - securityTrailer - maxSignature
  }

  /** Whom the client wants to act as: what was said in the last step, or what the package says. */
  get agreedAuthorizationId(): Uint8Array {
    if (this.authorizationId.length > 0 || this.phase.at !== 'done') return this.authorizationId
    return encodeUtf8(optional(() => this.session.attribute(SECPKG_ATTR_AUTHORIZATION_ID).authorizationId) ?? '')
  }
}

/** By the handle, so that the message calls of the interface take the same. It goes with the handle. */
const contexts = new WeakMap<CtxtHandle, SaslContext>()

/** The context of a handle. @throws {@link SspiError} `SEC_E_INVALID_HANDLE` when it is not one of SASL's, or not any more. */
export function saslContextOf(handle: CtxtHandle): SaslContext {
  const found = contexts.get(handle)
  if (found !== undefined && isThere(found.sspi, handle)) return found
  throw new SspiError('SEC_E_INVALID_HANDLE', 'SASL: the context was not made by SASL, or has ended')
}

/** Whoever deletes a context of the interface does not tell SASL. */
function isThere(sspi: SecurityFunctionTable, handle: CtxtHandle): boolean {
  try {
    sspi.queryContextAttributes(handle, SECPKG_ATTR_FLAGS)
    return true
  } catch (error) {
    // One that is over has no attributes, but is there until it is deleted.
    if (error instanceof SspiError) return error.code !== 'SEC_E_INVALID_HANDLE'
    throw error
  }
}

/** Remembers the context of a handle. */
export function keepSaslContext(handle: CtxtHandle, context: SaslContext): void {
  contexts.set(handle, context)
}

/** Ends a context: the peer has broken the rules. */
export function endSaslContext(handle: CtxtHandle): void {
  contexts.delete(handle)
  handle[Symbol.dispose]()
}

function optional<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof SspiError && error.code === 'SEC_E_UNSUPPORTED_FUNCTION') return undefined
    throw error
  }
}

/** A size of a buffer. @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when it is none. */
export function checkSaslSize(size: number): number {
  if (Number.isInteger(size) && size > 0 && size <= MAX_SASL_SIZE) return size
  throw new SspiError('SEC_E_INVALID_PARAMETER', `SASL: a size of ${size} bytes, ${MAX_SASL_SIZE} at most`)
}
