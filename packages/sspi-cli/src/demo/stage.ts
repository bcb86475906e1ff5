import type { SecurityFunctionTable } from 'sspi'
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
  ended: boolean
}

/** What the procedures work with. */
export interface Stage {
  /** The client's security interface. */
  readonly client: SecurityFunctionTable
  /** The server's, which knows the accounts. */
  readonly server: SecurityFunctionTable
  readonly scenario: Scenario
  readonly narrator: Narrator
  readonly progress: Progress
}
