import { concatBytes } from '../bytes/index.js'
import { SspiError } from '../status/index.js'
import type { Side } from './events.js'
import type { ExchangeStep } from './exchange-step.js'

/**
 * Whatever carries tokens between two sides: in their order, empty ones too, and whole but for packages that can tell when one is not
 * (Schannel, CredSSP).
 */
export interface TokenChannel {
  /** Sends a token to the peer. */
  send(token: Uint8Array): void | Promise<void>
  /** The peer's next token. Rejects when none will come. */
  receive(): Uint8Array | Promise<Uint8Array>
}

/** An exchange of either side. */
interface Steps {
  step(token?: Uint8Array, signal?: AbortSignal): Promise<ExchangeStep>
}

/** More steps than any package needs, whatever pieces its tokens come in: a peer cannot keep an exchange going for ever. */
const MAX_STEPS = 64
const NOTHING = new Uint8Array(0)

/**
 * Steps over a channel until the exchange is done. The initiator speaks first: where its package lets the server do that, an empty
 * token stands for it. When a step fails, its last token still goes to the peer.
 */
export async function stepOver(
  exchange: Steps,
  side: Side,
  channel: TokenChannel,
  signal: AbortSignal | undefined,
): Promise<void> {
  let token = side === 'initiator' ? undefined : await channel.receive()
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    signal?.throwIfAborted()
    const step = await told(exchange, token, channel, signal)
    if (step.token !== undefined) await channel.send(step.token)
    if (step.done && step.extra !== undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `establish: ${step.extra.length} bytes came behind the last token`)
    }
    if (step.done) return
    if (step.token === undefined && token === undefined) await channel.send(NOTHING)
    // What came behind one token is the beginning of the next.
    if (step.extra !== undefined) token = step.extra.slice()
    else token = concatBytes(step.incomplete ? (token ?? NOTHING) : NOTHING, await channel.receive())
  }
  throw new SspiError('SEC_E_INVALID_TOKEN', `establish: more than ${MAX_STEPS} steps`)
}

/** One step; the peer is told why it failed, where its package has words for that. */
async function told(
  exchange: Steps,
  token: Uint8Array | undefined,
  channel: TokenChannel,
  signal: AbortSignal | undefined,
): Promise<ExchangeStep> {
  try {
    return await exchange.step(token?.length === 0 ? undefined : token, signal)
  } catch (error) {
    if (error instanceof SspiError && error.token !== undefined) {
      try {
        await channel.send(error.token)
      } catch {
        // The peer has gone. That is no news beside why the step failed.
      }
    }
    throw error
  }
}
