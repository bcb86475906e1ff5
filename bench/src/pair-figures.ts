import type { SecureSession } from 'sspi'
import type { Figures } from './gssbench.js'
import { rate, rateAsync } from './measure.js'
import type { Pair } from './ours.js'

const SIZES = [64, 1024, 65_536, 1_048_576]

/**
 * How often a second a pair of ours establishes contexts and protects messages.
 *
 * @param messages - Whether those are measured too; behind Negotiate they are the mechanism's own.
 */
export async function pairFigures(pair: Pair, seconds: number, messages: boolean): Promise<Figures> {
  const figures = new Map([['establish', await rateAsync(seconds, () => pair.establish())]])
  if (!messages) return figures
  for (const size of SIZES) {
    const message = new Uint8Array(size).fill(0x78)
    const seal = await perMessage(pair.sessions(), seconds, (client, server) => {
      server.unseal(client.seal(message))
    })
    figures.set(`seal ${size}`, seal)
    const sign = await perMessage(pair.sessions(), seconds, (client, server) => {
      server.verify(message, client.sign(message))
    })
    figures.set(`sign ${size}`, sign)
  }
  return figures
}

async function perMessage(
  sessions: Promise<readonly [SecureSession, SecureSession]>,
  seconds: number,
  roundTrip: (client: SecureSession, server: SecureSession) => void,
): Promise<number> {
  const [client, server] = await sessions
  const figure = rate(seconds, () => {
    roundTrip(client, server)
  })
  client[Symbol.dispose]()
  server[Symbol.dispose]()
  return figure
}
