import { decodeUtf8 } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import { readApplicationProtocols } from './application-protocols.js'
import type { SecBufferDesc } from './buffer.js'
import { readSecChannelBindings, type ChannelBindings } from './channel-bindings.js'
import {
  SECBUFFER_APPLICATION_PROTOCOLS,
  SECBUFFER_CHANNEL_BINDINGS,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_PKG_PARAMS,
  SECBUFFER_TARGET_HOST,
  SECBUFFER_TOKEN,
  SECPKG_FLAG_STREAM,
} from './constants/index.js'
import type { Input, SecurityPackage } from './contract.js'

/** Tokens up to this length are read whatever the package says of itself, in bytes. */
const MIN_INPUT_LIMIT = 0x1_0000

/**
 * What an exchange is given of a call's input buffers.
 *
 * @param later - Whether the context is there already.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the token is longer than the package reads, the bindings, the
 *   target host or the application protocols do not parse, or a later call to a package of streams has an empty buffer that
 *   says that it is not: what is left over could not be told from what was there. Nothing has happened then.
 */
export function readInput(
  input: SecBufferDesc | undefined,
  of: SecurityPackage,
  later: boolean,
): Input & { readonly kind: 'token' } {
  const buffer = input?.find(SECBUFFER_TOKEN)
  const limit = of.maxInputToken ?? Math.max(2 * of.info.maxToken, MIN_INPUT_LIMIT)
  if (buffer !== undefined && buffer.cbBuffer > limit) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `token: ${buffer.cbBuffer} bytes, ${of.info.name} reads at most ${limit}`,
    )
  }
  const streams = (of.info.capabilities & SECPKG_FLAG_STREAM) !== 0
  const full = input?.buffers.find(({ type, cbBuffer }) => type === SECBUFFER_EMPTY && cbBuffer !== 0)
  if (later && streams && full !== undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `input: a SECBUFFER_EMPTY of ${full.cbBuffer} bytes: set cbBuffer to 0`)
  }
  return {
    kind: 'token',
    // A copy, so that an exchange may keep views of it over a wait.
    token: buffer === undefined || buffer.cbBuffer === 0 ? undefined : new Uint8Array(buffer.bytes),
    channelBindings: readBindings(input),
    packageParams: contentsOf(input, SECBUFFER_PKG_PARAMS)?.map((bytes) => new Uint8Array(bytes)),
    targetHost: readTargetHost(input),
    data: contentsOf(input, SECBUFFER_DATA),
    applicationProtocols: readProtocols(input),
  }
}

/** Views of the buffers of a type; `undefined` where there is none. */
function contentsOf(input: SecBufferDesc | undefined, type: number): readonly Uint8Array[] | undefined {
  const found = input?.buffers.filter((buffer) => buffer.type === type) ?? []
  return found.length === 0 ? undefined : found.map((buffer) => buffer.bytes)
}

function readTargetHost(input: SecBufferDesc | undefined): string | undefined {
  const buffer = input?.find(SECBUFFER_TARGET_HOST)
  return buffer === undefined ? undefined : decodeUtf8(buffer.bytes, 'target host')
}

function readBindings(input: SecBufferDesc | undefined): ChannelBindings | undefined {
  const buffer = input?.find(SECBUFFER_CHANNEL_BINDINGS)
  return buffer === undefined ? undefined : readSecChannelBindings(new Uint8Array(buffer.bytes))
}

function readProtocols(input: SecBufferDesc | undefined): readonly string[] | undefined {
  const buffer = input?.find(SECBUFFER_APPLICATION_PROTOCOLS)
  return buffer === undefined ? undefined : readApplicationProtocols(buffer.bytes)
}
