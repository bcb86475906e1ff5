import type { KeytabCredential, SecurityFunctionTable } from 'sspi'
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
  /** Its keys and those of the service behind it, where it is a member of a realm. */
  readonly keys?: { readonly server: KeytabCredential; readonly backend: KeytabCredential } | undefined
  readonly scenario: Scenario
  readonly narrator: Narrator
  readonly progress: Progress
}
