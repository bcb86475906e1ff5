import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_INTEGRITY,
  ISC_REQ_ALLOCATE_MEMORY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SECQOP_WRAP_NO_ENCRYPT,
  SspiError,
  type AcceptSecurityContextOptions,
  type ContextStep,
  type CredHandle,
  type CtxtHandle,
  type InitializeSecurityContextOptions,
  type SecBuffer,
  type SecurityFunctionTable,
  type Side,
  type StepOptions,
} from '../sspi/index.js'
import {
  readLayerChoice,
  readLayerOffer,
  SaslLayerBit,
  strongestLayer,
  writeLayerChoice,
  writeLayerOffer,
} from './layer-messages.js'
import { profileOfPackage } from './profiles.js'
import { checkSaslSize, endSaslContext, keepSaslContext, SaslContext, saslContextOf } from './sasl-context.js'

// The function table stands in row 4 and must not know of SASL, which is made of it: so these functions take the table.

/** What the first call of a context may say besides its options of SSPI. Windows has no way to say it before there is a context. */
export interface SaslCallOptions {
  /** `SASL_OPTION_RECV_SIZE` from the start. Counts on the first call. Default: that of the mechanism. */
  readonly receiveSize?: number | undefined
}

/** Room for the server's offer, protected by any package: 4 bytes, and its trailer. */
const ROOM_FOR_OFFER = 256
const NOTHING = new Uint8Array(0)

/**
 * SaslInitializeSecurityContext: one step of the client's side of a SASL mechanism. Which one, the credential's package says:
 * Kerberos speaks GSSAPI, Negotiate GSS-SPNEGO, WDigest DIGEST-MD5.
 *
 * As `initializeSecurityContext`; and where the mechanism is GSSAPI, two more messages follow when the package is done, in which the
 * peers agree on a layer (RFC 4752): the strongest of those that `contextReq` asks for (`ISC_REQ_INTEGRITY`,
 * `ISC_REQ_CONFIDENTIALITY`; none without) and the server offers. `contextAttr` says at the end which it is. Afterwards messages are
 * protected by `encryptMessage` of the same handle, with `SECQOP_WRAP_NO_ENCRYPT` where the layer is integrity; the four bytes of
 * length in front of each are the caller's.
 *
 * @throws `SspiError` as `initializeSecurityContext`; `SEC_E_INVALID_TOKEN` when there is no token buffer in the output;
 *   `SEC_E_QOP_NOT_SUPPORTED` when the server offers no layer that was asked for; `SEC_E_SECPKG_NOT_FOUND` when the package speaks
 *   no mechanism; `SEC_E_UNSUPPORTED_FUNCTION` for EXTERNAL, which exchanges nothing.
 */
export async function saslInitializeSecurityContext(
  sspi: SecurityFunctionTable,
  options: InitializeSecurityContextOptions & SaslCallOptions,
): Promise<ContextStep> {
  const call = beginCall(sspi, 'initiator', options)
  const { sasl } = call
  if (sasl.phase.at === 'expect-offer') return choose(call, options)
  const contextReq = sasl.profile.negotiatesLayer ? withLayerFlags(options.contextReq) : options.contextReq
  const step = await sspi.initializeSecurityContext({ ...options, contextReq })
  keepSaslContext(step.context, sasl)
  if (step.status !== SEC_E_OK) return step
  sasl.open(step)
  if (!sasl.profile.negotiatesLayer) return orEnd(step.context, () => finishByFlags(sasl, step))
  // The package's last token, if any, goes out; without one the answer is empty (RFC 4752 section 3.1).
  sasl.phase = { at: 'expect-offer' }
  return { ...step, status: SEC_I_CONTINUE_NEEDED }
}

/**
 * SaslAcceptSecurityContext: one step of the server's side. As `acceptSecurityContext`; and where the mechanism is GSSAPI, the
 * server offers layers when the package is done: those that `contextReq` demands, the weaker of them only where it does not demand
 * the stronger; any, and none, where it demands nothing.
 *
 * Whom the client wants to act as stands in `SASL_OPTION_AUTHZ_STRING` then: **the application decides whether it may**, or forbids
 * it by `SASL_OPTION_AUTHZ_PROCESSING`.
 *
 * @throws `SspiError` as `acceptSecurityContext`; `SEC_E_ALGORITHM_MISMATCH` when the client wants to act as somebody where that is
 *   forbidden; `SEC_E_INVALID_TOKEN` when there is no token buffer in the output, or the client chooses what was not offered;
 *   `SEC_E_BUFFER_TOO_SMALL` when it has not 256 bytes, of GSSAPI; else as {@link saslInitializeSecurityContext}.
 */
export async function saslAcceptSecurityContext(
  sspi: SecurityFunctionTable,
  options: AcceptSecurityContextOptions & SaslCallOptions,
): Promise<ContextStep> {
  const call = beginCall(sspi, 'acceptor', options)
  const { sasl, output } = call
  // Checked while nothing has happened: the offer may have to go out in the call that ends the package's part.
  if (sasl.profile.negotiatesLayer) requireRoom(output, ROOM_FOR_OFFER)
  switch (sasl.phase.at) {
    case 'offer-due':
      return offer(call)
    case 'expect-choice':
      return takeChoice(call, sasl.phase.offered)
    default:
  }
  const step = await sspi.acceptSecurityContext(options)
  keepSaslContext(step.context, sasl)
  if (step.status !== SEC_E_OK) return step
  sasl.open(step)
  if (!sasl.profile.negotiatesLayer) return orEnd(step.context, () => finishByFlags(sasl, step))
  sasl.phase = { at: 'offer-due' }
  if (output.buffer.cbBuffer > 0) return { ...step, status: SEC_I_CONTINUE_NEEDED }
  return offer({ ...call, context: step.context, token: NOTHING })
}

/** A call, as far as it is the same on both sides. */
interface SaslCall {
  readonly sasl: SaslContext
  /** `undefined` on the first one. */
  readonly context: CtxtHandle | undefined
  /** What the peer sent; empty when it sent nothing. */
  readonly token: Uint8Array
  readonly output: Output
}

interface Output {
  readonly buffer: SecBuffer
  /** How much it takes; `Infinity` where it is allocated. */
  readonly room: number
}

function beginCall(
  sspi: SecurityFunctionTable,
  side: Side,
  options: FirstCall & Pick<StepOptions, 'context' | 'output'> & Pick<InitializeSecurityContextOptions, 'input'>,
): SaslCall {
  const { context, contextReq, input } = options
  const sasl = context === undefined ? newContext(sspi, side, options) : saslContextOf(context)
  if (sasl.sspi !== sspi) {
    throw new SspiError('SEC_E_INVALID_HANDLE', 'SASL: the context is of another security interface')
  }
  if (sasl.side !== side) throw new SspiError('SEC_E_INVALID_HANDLE', `SASL: the context is the ${sasl.side}'s`)
  if (sasl.phase.at === 'done') throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SASL: the context is established already')
  const buffer = options.output.find(SECBUFFER_TOKEN)
  if (buffer === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'SASL: a buffer of type SECBUFFER_TOKEN is needed in the output')
  }
  // ASC_REQ_ALLOCATE_MEMORY is the same number.
  const allocate = (contextReq & ISC_REQ_ALLOCATE_MEMORY) !== 0 || buffer.pvBuffer === undefined
  const token = input?.find(SECBUFFER_TOKEN)?.bytes ?? NOTHING
  return { sasl, context, token, output: { buffer, room: allocate ? Infinity : buffer.cbBuffer } }
}

/** What begins a context. */
interface FirstCall extends SaslCallOptions {
  readonly credential?: CredHandle | undefined
  readonly contextReq: number
}

function newContext(
  sspi: SecurityFunctionTable,
  side: Side,
  { credential, contextReq, receiveSize }: FirstCall,
): SaslContext {
  if (credential === undefined) {
    throw new SspiError('SEC_E_INVALID_HANDLE', 'SASL: the first call needs a credential, later ones the context')
  }
  const profile = profileOfPackage(sspi.packageOf(credential))
  if (profile.name === 'EXTERNAL') {
    throw new SspiError(
      'SEC_E_UNSUPPORTED_FUNCTION',
      'SASL: EXTERNAL exchanges no tokens of a package: the channel has authenticated the client, whose response says whom it wants to act as',
    )
  }
  const sasl = new SaslContext(sspi, profile, side, contextReq)
  if (receiveSize !== undefined) sasl.receiveSize = checkSaslSize(receiveSize)
  return sasl
}

/** RFC 4752 section 3.1: what must be asked of the mechanism. Integrity protects the choice of the layer in any case. */
function withLayerFlags(contextReq: number): number {
  const layered = (contextReq & (ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY)) !== 0
  const more = layered ? ISC_REQ_MUTUAL_AUTH | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT : 0
  return contextReq | ISC_REQ_INTEGRITY | more
}

/** The client: the server's offer has come, and is answered. */
function choose({ sasl, context, token, output }: SaslCall, options: InitializeSecurityContextOptions): ContextStep {
  const { session, authorizationId } = sasl
  const { securityTrailer, blockSize } = session.attribute(SECPKG_ATTR_SIZES)
  requireRoom(output, securityTrailer + 4 + authorizationId.length + blockSize)
  return orEnd(context!, () => {
    const { layers, receiveSize: peerReceives } = readLayerOffer(session.open(token).message)
    const wished = wishedLayers(sasl.contextReq | options.contextReq) & availableLayers(sasl)
    const layer = strongestLayer(layers & wished)
    if (layer === undefined) {
      throw new SspiError(
        'SEC_E_QOP_NOT_SUPPORTED',
        `SASL: the server offers layers 0x${layers.toString(16)}, none that was asked for`,
      )
    }
    const receiveSize = layer === SaslLayerBit.NONE ? 0 : sasl.receiveSize
    const choice = writeLayerChoice({ layer, receiveSize, authorizationId })
    put(output, session.seal(choice, SECQOP_WRAP_NO_ENCRYPT))
    sasl.finish(layer, peerReceives)
    return stepOf(sasl, context!, SEC_E_OK)
  })
}

/** The server: its package is done, and the client has nothing more to say to that. */
function offer({ sasl, context, token, output }: SaslCall): ContextStep {
  return orEnd(context!, () => {
    if (token.length > 0) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SASL: an empty response was expected, not ${token.length} bytes`)
    }
    const offered = offeredLayers(sasl.contextReq) & availableLayers(sasl)
    if (offered === 0) {
      throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'SASL: the context has not the layer that the server demands')
    }
    const receiveSize = offered === SaslLayerBit.NONE ? 0 : sasl.receiveSize
    put(output, sasl.session.seal(writeLayerOffer({ layers: offered, receiveSize }), SECQOP_WRAP_NO_ENCRYPT))
    sasl.phase = { at: 'expect-choice', offered }
    return stepOf(sasl, context!, SEC_I_CONTINUE_NEEDED)
  })
}

/** The server: the client has chosen. */
function takeChoice({ sasl, context, token, output }: SaslCall, offered: number): ContextStep {
  return orEnd(context!, () => {
    const { layer, receiveSize, authorizationId } = readLayerChoice(sasl.session.open(token).message)
    if ((layer & offered) === 0) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `SASL: the client chose layer ${layer}, which was not offered`)
    }
    if (sasl.authorizationIdForbidden && authorizationId.length > 0) {
      throw new SspiError('SEC_E_ALGORITHM_MISMATCH', 'SASL: the client wants to act as somebody, which is forbidden')
    }
    sasl.authorizationId = new Uint8Array(authorizationId)
    put(output, NOTHING)
    sasl.finish(layer, receiveSize)
    return stepOf(sasl, context!, SEC_E_OK)
  })
}

/** Where no layer is negotiated, the flags of the package say which there is. */
function finishByFlags(sasl: SaslContext, step: ContextStep): ContextStep {
  sasl.finish(strongestLayer(availableLayers(sasl)) ?? SaslLayerBit.NONE, undefined)
  return step
}

/** What the session can do. */
function availableLayers(sasl: SaslContext): number {
  const { achieved } = sasl.session
  return (
    SaslLayerBit.NONE |
    (achieved.includes('integrity') ? SaslLayerBit.INTEGRITY : 0) |
    (achieved.includes('confidentiality') ? SaslLayerBit.CONFIDENTIALITY : 0)
  )
}

/** What a client asks for: no layer only where it asks for none. */
function wishedLayers(contextReq: number): number {
  const wished =
    ((contextReq & ISC_REQ_CONFIDENTIALITY) === 0 ? 0 : SaslLayerBit.CONFIDENTIALITY) |
    ((contextReq & ISC_REQ_INTEGRITY) === 0 ? 0 : SaslLayerBit.INTEGRITY)
  return wished === 0 ? SaslLayerBit.NONE : wished
}

/** What a server lets the client choose of. */
function offeredLayers(contextReq: number): number {
  if ((contextReq & ASC_REQ_CONFIDENTIALITY) !== 0) return SaslLayerBit.CONFIDENTIALITY
  if ((contextReq & ASC_REQ_INTEGRITY) !== 0) return SaslLayerBit.INTEGRITY | SaslLayerBit.CONFIDENTIALITY
  return SaslLayerBit.NONE | SaslLayerBit.INTEGRITY | SaslLayerBit.CONFIDENTIALITY
}

/** Whatever a peer is to blame for ends the context. */
function orEnd(context: CtxtHandle, run: () => ContextStep): ContextStep {
  try {
    return run()
  } catch (error) {
    endSaslContext(context)
    throw error
  }
}

function stepOf(sasl: SaslContext, context: CtxtHandle, status: ContextStep['status']): ContextStep {
  const { contextAttr, expiry } = sasl.session
  return { status, context, contextAttr: withLayerOf(sasl, contextAttr), expiry }
}

/** Of the flags for protection only what the layer gives. */
function withLayerOf({ phase, side }: SaslContext, contextAttr: number): number {
  if (phase.at !== 'done') return contextAttr
  const [integrity, confidentiality] =
    side === 'initiator' ? [ISC_RET_INTEGRITY, ISC_RET_CONFIDENTIALITY] : [ASC_RET_INTEGRITY, ASC_RET_CONFIDENTIALITY]
  switch (phase.layer) {
    case SaslLayerBit.NONE:
      return contextAttr & ~(integrity | confidentiality)
    case SaslLayerBit.INTEGRITY:
      return contextAttr & ~confidentiality
    case SaslLayerBit.CONFIDENTIALITY:
      return contextAttr
  }
}

function requireRoom({ room }: Output, wanted: number): void {
  if (room >= wanted) return
  throw new SspiError('SEC_E_BUFFER_TOO_SMALL', `SASL: the token buffer has ${room} bytes, ${wanted} are needed`)
}

function put({ buffer, room }: Output, token: Uint8Array): void {
  buffer.cbBuffer = token.length
  if (token.length === 0) return
  if (room === Infinity || buffer.pvBuffer === undefined) buffer.pvBuffer = token
  else buffer.pvBuffer.set(token)
}
