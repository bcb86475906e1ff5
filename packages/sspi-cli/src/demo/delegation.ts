import {
  qualifiedName,
  SECPKG_ATTR_DELEGATED_TICKETS,
  ticketCacheCredential,
  type AcceptorExchange,
  type InitiatorExchange,
  type KeytabCredential,
} from 'sspi'
import type { End } from './establish.js'
import type { Narrator } from './narrator.js'
import { BACKEND } from './scenarios.js'

/**
 * The server takes the ticket that the client has delegated, and calls a service behind it in the client's name.
 *
 * @returns the client as that service has authenticated it.
 */
export async function useDelegation(server: End, backendKeys: KeytabCredential, narrator: Narrator): Promise<string> {
  const { sspi, context } = server
  const { cache } = sspi.queryContextAttributes(context, SECPKG_ATTR_DELEGATED_TICKETS)
  narrator.say('server: queryContextAttributes(SECPKG_ATTR_DELEGATED_TICKETS)', 'a ticket of the client')
  const common = { package: 'Kerberos' } as const
  using client = sspi.initiate({ ...common, target: BACKEND, credentials: ticketCacheCredential({ cache }) })
  using backend = sspi.accept({ ...common, credentials: backendKeys })
  try {
    await exchangeTokens(client, backend)
  } finally {
    cache.fill(0)
  }
  using session = backend.session
  using own = client.session
  const name = session.peer === undefined ? '' : qualifiedName(session.peer)
  narrator.say(`server: initiate('${BACKEND}')`, `which knows it as ${name}: ${own.achieved.join(', ')}`)
  return name
}

/** Tokens to and fro within the process, until both sides are done. */
async function exchangeTokens(client: InitiatorExchange, server: AcceptorExchange): Promise<void> {
  let token: Uint8Array | undefined
  for (;;) {
    const sent = await client.step(token)
    if (sent.token === undefined) return
    const answer = await server.step(sent.token)
    if (answer.token === undefined) return
    token = answer.token
  }
}
