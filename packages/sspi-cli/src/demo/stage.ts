import type { AcceptorExchange, CredentialValue, SecurityFunctionTable } from 'sspi'
import type { Narrator } from './narrator.js'
import type { Scenario } from './scenarios.js'

/** What a package's turn has come to so far; each procedure writes what it has verified. */
export interface Progress {
  mechanism: string
  legs: number
  client: string
  server: string
  signed: boolean
  sealed: boolean
  tamperDetected: boolean
  /** Whether the server has proven itself too. */
  mutual: boolean
  /** Whether a service behind the server knew the client by what it had delegated. */
  delegated: boolean
  ended: boolean
}

/** What the procedures work with. */
export interface Stage {
  /** The client's security interface. */
  readonly client: SecurityFunctionTable
  /** The server's, which knows the accounts. */
  readonly server: SecurityFunctionTable
  /** What each authenticates with; a server that has accounts alone needs nothing. */
  readonly credentials: { readonly client: CredentialValue; readonly server?: CredentialValue | undefined }
  /** A client of the service behind the server comes: its side of that. Left out where nothing can be delegated. */
  readonly acceptBackend?: (() => AcceptorExchange) | undefined
  readonly scenario: Scenario
  readonly narrator: Narrator
  readonly progress: Progress
}
