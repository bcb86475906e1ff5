import type { SecretBytes } from '../crypto/index.js'
import type { Identity, Side } from '../sspi/index.js'
import type { DigestAlgorithm } from './algorithms.js'
import type { CipherFacts } from './ciphers.js'
import type { Qop, SessionNonces } from './computations.js'
import type { DigestResponse } from './messages/index.js'
import type { StreamPosition } from './message-stream.js'

/** What every session is opened with. */
export interface CommonParts {
  readonly side: Side
  readonly contextAttr: number
  readonly qop: Qop
  readonly start: Date
  /** `DOMAIN\user` of the client, as `SECPKG_ATTR_NAMES` shows it. */
  readonly userName: string
  readonly realm: string
  /** The service that the client meant; empty when it did not say, or nobody proved it. */
  readonly targetName: string
  /** The acceptor's: who the client is. */
  readonly peer: Identity | undefined
}

/** What a session of SASL is opened with. */
export interface SaslParts extends CommonParts {
  /** H(A1), 16 bytes; the session's from now on, which wipes it. */
  readonly ha1: SecretBytes
  /** With `auth-conf` alone. */
  readonly cipher: CipherFacts | undefined
  /** The longest packet that the peer reads. */
  readonly peerMaxbuf: number
  /** Whom the client acts as, where that is another; empty for itself. */
  readonly authorizationId: string
}

/** What a session of HTTP is opened with. */
export interface HttpParts extends CommonParts {
  readonly algorithm: DigestAlgorithm
  /** H(user:realm:password); the session's from now on, which wipes it. */
  readonly base: SecretBytes
  /**
   * Of the response to the challenge. Algorithms with a session compute A1 from these alone, whichever nonce comes after:
   * RFC 7616 §3.4.2.
   */
  readonly sessionNonces: SessionNonces
  /** The client's response that has established the context: later ones repeat most of it. */
  readonly response: DigestResponse
}

/** Where an imported session goes on. */
export interface SessionPositions {
  readonly sent: StreamPosition
  readonly received: StreamPosition
}
