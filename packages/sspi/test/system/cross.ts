import type { AcceptorExchange, InitiatorExchange } from '../../src/index.js'

/** Lets both sides talk, in turn, until neither has anything to send. Their sessions are the caller's. */
export async function cross(client: InitiatorExchange, server: AcceptorExchange): Promise<void> {
  try {
    const done = { client: false, server: false }
    let token: Uint8Array | undefined
    for (let side: 'client' | 'server' = 'client'; !(done.client && done.server && token === undefined);) {
      const step = await (side === 'client' ? client : server).step(token)
      done[side] = step.done
      token = step.token
      side = side === 'client' ? 'server' : 'client'
    }
  } finally {
    client[Symbol.dispose]()
    server[Symbol.dispose]()
  }
}
