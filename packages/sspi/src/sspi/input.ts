import { SspiError } from '../status/index.js'
import type { SecBufferDesc } from './buffer.js'
import { readSecChannelBindings, type ChannelBindings } from './channel-bindings.js'
import { SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN } from './constants/index.js'
import type { Input, SecurityPackage } from './contract.js'

/** Tokens up to this length are read whatever the package says of itself, in bytes. */
const MIN_INPUT_LIMIT = 0x1_0000

/**
 * What an exchange is given of a call's input buffers.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the token is longer than the package reads, or the bindings do not
 *   parse. Nothing has happened then.
 */
export function readInput(input: SecBufferDesc | undefined, of: SecurityPackage): Input & { readonly kind: 'token' } {
  const buffer = input?.find(SECBUFFER_TOKEN)
  const limit = of.maxInputToken ?? Math.max(2 * of.info.maxToken, MIN_INPUT_LIMIT)
  if (buffer !== undefined && buffer.cbBuffer > limit) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `token: ${buffer.cbBuffer} bytes, ${of.info.name} reads at most ${limit}`,
    )
  }
  return {
    kind: 'token',
    // A copy, so that an exchange may keep views of it over a wait.
    token: buffer === undefined || buffer.cbBuffer === 0 ? undefined : new Uint8Array(buffer.bytes),
    channelBindings: readBindings(input),
  }
}

function readBindings(input: SecBufferDesc | undefined): ChannelBindings | undefined {
  const buffer = input?.find(SECBUFFER_CHANNEL_BINDINGS)
  return buffer === undefined ? undefined : readSecChannelBindings(new Uint8Array(buffer.bytes))
}
