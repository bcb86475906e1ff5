import {
  initSecurityInterface,
  type AcceptorExchange,
  type InitiatorExchange,
  type SecureSession,
  type SecurityFunctionTable,
  type SecurityInterfaceOptions,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import type { EstablishStep, MessageSession } from './messages.js'
import { GSS_DOMAIN, PASSWORD, UTF8_PASSWORD, WINBIND_DOMAIN } from './peers.js'

/** Our side, with the accounts that the peers know in its database. */
export function ourSide(options: SecurityInterfaceOptions = {}): SecurityFunctionTable {
  const accounts = memoryAccounts(
    [GSS_DOMAIN, WINBIND_DOMAIN].flatMap((domain) => [
      { user: 'alice', domain, password: PASSWORD },
      { user: 'bob', domain, password: PASSWORD },
      { user: 'utf8user', domain, password: UTF8_PASSWORD },
    ]),
  )
  return initSecurityInterface({ accounts, ...options })
}

/** One of our exchanges as the peers' drivers take it. */
export function stepOf(exchange: InitiatorExchange | AcceptorExchange) {
  return (token: Uint8Array | undefined): Promise<EstablishStep> => exchange.step(token)
}

/** One of our sessions as the message phase takes it. NTLM has one level of protection: what is sealed stays sealed. */
export function messagesOf(session: SecureSession): MessageSession {
  return {
    wrap: (message) => session.seal(message),
    unwrap: (token) => ({ message: session.unseal(token), confidential: true }),
    mic: (message) => session.sign(message),
    verifyMic: (message, mic) => {
      session.verify(message, mic)
    },
  }
}
