import type { SecretBytes } from '../crypto/index.js'
import type { Identity, Side, TlsEngine } from '../sspi/index.js'
import type { CipherSuite } from './cipher-suites.js'
import type { RecordProtection } from './record-protection.js'

/** What is known of an established connection. */
export interface ConnectionFacts {
  readonly side: Side
  readonly suite: CipherSuite
  readonly contextAttr: number
  readonly start: Date
  readonly expiry: Date
  /** The peer, as its certificate or the account behind it says; `undefined` for a client without one. */
  readonly peer: Identity | undefined
  /** In DER: the peer's own certificate first. */
  readonly peerChain: readonly Uint8Array[]
  readonly localCertificate: Uint8Array | undefined
  /** Whom the credential trusts, in PEM; `undefined` for the public roots that Node knows. */
  readonly roots: readonly string[] | undefined
  readonly applicationProtocol: string | undefined
  /** The server's name, as the client asked for it; empty when it did not. */
  readonly serverName: string
  readonly resumed: boolean
  readonly sessionId: Uint8Array
  /** The first Finished message, for `tls-unique`; TLS 1.2 only. */
  readonly firstFinished: Uint8Array | undefined
  /** Whether the keys are bound to the handshake (RFC 7627; always in TLS 1.3): else its exporter is not unique. */
  readonly boundKeys: boolean
  /** The client's random and the server's, one behind the other: what the exporter of TLS 1.2 takes. */
  readonly randoms: Uint8Array
  /** The authorities that the server named; `undefined` when it asked for no certificate. */
  readonly issuers: readonly Uint8Array[] | undefined
  /** The signatures that the peer can check, as TLS numbers them; `undefined` when it did not say. */
  readonly signatures: readonly number[] | undefined
  /** The numbers of the extensions that the server has answered. */
  readonly extensions: readonly number[]
}

/** What a session is opened with. */
export interface SessionParts {
  readonly facts: ConnectionFacts
  /** The exporter secret (TLS 1.3) or the master secret (TLS 1.2); the session's from now on, which wipes it. */
  readonly exporterSecret: SecretBytes
  /** The session's, which wipes them. */
  readonly sent: RecordProtection
  readonly received: RecordProtection
  /** Takes session tickets, as long as nothing else came; `undefined` where nobody wants them. The session's. */
  readonly engine: TlsEngine | undefined
}
