import type { AcceptorExchange, InitiatorExchange } from '../../src/index.js'

/** Lets both sides talk until neither has anything to send. Their sessions are the caller's. */
export async function cross(client: InitiatorExchange, server: AcceptorExchange): Promise<void> {
  try {
    let { token } = await client.step()
    while (token !== undefined) {
      token = (await server.step(token)).token
      if (token !== undefined) token = (await client.step(token)).token
    }
  } finally {
    client[Symbol.dispose]()
    server[Symbol.dispose]()
  }
}
