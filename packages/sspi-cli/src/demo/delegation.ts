import {
  qualifiedName,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SspiError,
  ticketCacheCredential,
  type AcceptorExchange,
  type InitiatorExchange,
} from 'sspi'
import type { End } from './establish.js'
import type { Narrator } from './narrator.js'
import { BACKEND, type Scenario } from './scenarios.js'

/**
 * The server takes what the client has delegated, and calls a service behind it in the client's name.
 *
 * @param backend - The service's side of that call.
 * @returns the client as that service has authenticated it.
 */
export async function useDelegation(
  server: End,
  scenario: Scenario,
  backend: AcceptorExchange,
  narrator: Narrator,
): Promise<string> {
  using service = backend
  const withDelegated = scenario.mechanism === 'CREDSSP' ? withPassword : withTicket
  return await withDelegated(server, narrator, async (client) => {
    using caller = client
    await exchangeTokens(caller, service)
    using session = service.session
    using own = caller.session
    const name = session.peer === undefined ? '' : qualifiedName(session.peer)
    narrator.say(`server: initiate('${BACKEND}')`, `which knows it as ${name}: ${own.achieved.join(', ')}`)
    return name
  })
}

type UseClient = (client: InitiatorExchange) => Promise<string>

/** Kerberos: a ticket of the client, and its session key. */
async function withTicket({ sspi, context }: End, narrator: Narrator, use: UseClient): Promise<string> {
  const { cache } = sspi.queryContextAttributes(context, SECPKG_ATTR_DELEGATED_TICKETS)
  narrator.say('server: queryContextAttributes(SECPKG_ATTR_DELEGATED_TICKETS)', 'a ticket of the client')
  try {
    const credentials = ticketCacheCredential({ cache })
    return await use(sspi.initiate({ package: 'Kerberos', target: BACKEND, credentials }))
  } finally {
    cache.fill(0)
  }
}

/** CredSSP: the password itself. */
async function withPassword({ sspi, context }: End, narrator: Narrator, use: UseClient): Promise<string> {
  const { credential, tsCredentials } = sspi.queryContextAttributes(context, SECPKG_ATTR_DELEGATED_CREDENTIAL)
  narrator.say('server: queryContextAttributes(SECPKG_ATTR_DELEGATED_CREDENTIAL)', 'the password of the client')
  try {
    if (credential === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', 'the client delegated no password')
    return await use(sspi.initiate({ package: 'NTLM', target: BACKEND, credentials: credential }))
  } finally {
    tsCredentials.fill(0)
  }
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
