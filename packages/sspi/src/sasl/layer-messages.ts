import { decodeUtf8, Reader, Writer } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import { MAX_AUTHORIZATION_ID } from './constants.js'

/** The bits of the security layers, RFC 4752 section 3.3. */
export const SaslLayerBit = { NONE: 1, INTEGRITY: 2, CONFIDENTIALITY: 4 } as const
/** One of them. */
export type SaslLayerBit = (typeof SaslLayerBit)[keyof typeof SaslLayerBit]

/** From the strongest. */
const LAYERS: readonly SaslLayerBit[] = [SaslLayerBit.CONFIDENTIALITY, SaslLayerBit.INTEGRITY, SaslLayerBit.NONE]

/** What the server offers: the message of RFC 4752 section 3.1, third paragraph. */
export interface LayerOffer {
  /** Bits of {@link SaslLayerBit}. */
  readonly layers: number
  /** The longest protected message that the server reads; 0 when it offers no layer. */
  readonly receiveSize: number
}

/** What the client chooses of it. */
export interface LayerChoice {
  readonly layer: SaslLayerBit
  /** The longest protected message that the client reads; 0 without a layer. */
  readonly receiveSize: number
  /** UTF-8; empty when the client wants to act as itself. */
  readonly authorizationId: Uint8Array
}

/** Reads the offer. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for another length, and for a size where no layer is offered. */
export function readLayerOffer(message: Uint8Array): LayerOffer {
  const reader = new Reader(message)
  const layers = reader.u8('SASL layers')
  const receiveSize = readSize(reader)
  reader.end('SASL layers')
  // RFC 4752 §3.1: the client checks that the size is zero where there is no layer for it.
  if ((layers & ~SaslLayerBit.NONE) === 0 && receiveSize !== 0) throw invalid(`no layer, of ${receiveSize} bytes`)
  return { layers, receiveSize }
}

/** Writes the offer. */
export function writeLayerOffer({ layers, receiveSize }: LayerOffer): Uint8Array {
  return writeSize(new Writer(4).u8(layers), receiveSize).finish()
}

/**
 * Reads the choice.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is not one layer, its size does not suit it, or the authorization identity
 *   is too long, not UTF-8, or has a NUL in it.
 */
export function readLayerChoice(message: Uint8Array): LayerChoice {
  const reader = new Reader(message)
  const bit = reader.u8('SASL layer')
  const layer = LAYERS.find((each) => each === bit)
  if (layer === undefined) throw invalid(`0x${bit.toString(16)} is not one layer`)
  const receiveSize = readSize(reader)
  if (layer === SaslLayerBit.NONE && receiveSize !== 0) throw invalid(`no layer, of ${receiveSize} bytes`)
  const authorizationId = reader.take(reader.remaining, 'authorization identity')
  readAuthorizationId(authorizationId)
  return { layer, receiveSize, authorizationId }
}

/** Writes the choice. */
export function writeLayerChoice({ layer, receiveSize, authorizationId }: LayerChoice): Uint8Array {
  return writeSize(new Writer(4 + authorizationId.length).u8(layer), receiveSize)
    .bytes(authorizationId)
    .finish()
}

/** @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when an authorization identity is too long, not UTF-8, or has a NUL in it. */
export function readAuthorizationId(bytes: Uint8Array): string {
  if (bytes.length > MAX_AUTHORIZATION_ID) {
    throw invalid(`an authorization identity of ${bytes.length} bytes, ${MAX_AUTHORIZATION_ID} at most`)
  }
  if (bytes.includes(0)) throw invalid('an authorization identity with a NUL in it')
  return decodeUtf8(bytes, 'authorization identity')
}

/** The same for one that the caller has given. @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` then. */
export function checkGivenAuthorizationId(bytes: Uint8Array): void {
  try {
    readAuthorizationId(bytes)
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', (cause as SspiError).message, { cause })
  }
}

/** The strongest layer of some; `undefined` of none. */
export function strongestLayer(layers: number): SaslLayerBit | undefined {
  return LAYERS.find((layer) => (layers & layer) !== 0)
}

function readSize(reader: Reader): number {
  return (reader.u8('SASL buffer size') << 16) | reader.u16be('SASL buffer size')
}

function writeSize(writer: Writer, size: number): Writer {
  return writer.u8(size >>> 16).u16be(size & 0xffff)
}

function invalid(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `SASL: ${what}`)
}
