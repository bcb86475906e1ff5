import type { FailureName } from '../status/index.js'

/** What happened to a context or a credential; told to whoever listens. No event holds a secret. */
export type AuthenticationEvent =
  | {
      readonly kind: 'context-established'
      /** The package that was asked for. */
      readonly packageName: string
      /** The package that does the work: differs from `packageName` under Negotiate. */
      readonly mechanism: string
      readonly side: Side
      /** `DOMAIN\user` of the peer, where it is known. */
      readonly peer: string | undefined
      /** The server's name as the client gave it. */
      readonly target: string | undefined
    }
  | {
      readonly kind: 'context-refused'
      readonly packageName: string
      readonly side: Side
      readonly code: FailureName
      readonly message: string
    }
  | {
      /** A mechanism that proves less than others was used (NTLM): administrators count these before switching it off. */
      readonly kind: 'weak-mechanism-used'
      readonly mechanism: string
      readonly side: Side
      readonly user: string
      readonly target: string | undefined
    }
  | {
      /** Negotiate goes on without a mechanism that could not be begun; the next one may prove less. */
      readonly kind: 'mechanism-passed-over'
      readonly mechanism: string
      readonly side: Side
      readonly target: string | undefined
      /** Why. */
      readonly code: FailureName
      readonly message: string
    }
  | {
      /** An acceptor that only audits channel bindings would have refused a client for them. */
      readonly kind: 'channel-bindings-audited'
      readonly packageName: string
      readonly side: Side
      readonly message: string
    }

/** Which side of an exchange. */
export type Side = 'initiator' | 'acceptor'
