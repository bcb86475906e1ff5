import type { SecretBytes } from '../crypto/index.js'
import type { Side } from './events.js'

// The effect `tls`: what a core asks of the TLS engine, and what it is answered.

/** A certificate with its key, as an engine takes it. */
export type TlsIdentity =
  | {
      readonly kind: 'pem'
      /** The certificate, then those between it and its root. */
      readonly certificates: string
      /** PKCS#8, PKCS#1 or SEC1. */
      readonly privateKey: string
      /** Of an encrypted key. */
      readonly passphrase: string | undefined
    }
  | { readonly kind: 'pkcs12'; readonly bytes: Uint8Array; readonly passphrase: string | undefined }

/** A version of TLS, by the number of its protocol field. */
export type TlsVersion = 0x0303 | 0x0304

/** How engines are set up that belong together (to one credential): what is costly is made once for each such object. */
export interface TlsSetup {
  /** Client or server. */
  readonly side: Side
  /** With what this side authenticates; several where it has keys of several kinds. */
  readonly identities: readonly TlsIdentity[]
  /** Certificates in PEM that the peer's chain may end in. `undefined`: those that Node trusts. */
  readonly roots: readonly string[] | undefined
  /** Certificate revocation lists in PEM. With any, every certificate of the peer's chain needs the list of its issuer. */
  readonly crls: readonly string[]
  /** The lowest version to agree on. */
  readonly minVersion: TlsVersion
  /** The highest version to agree on. */
  readonly maxVersion: TlsVersion
  /** Cipher suites by their names in RFCs, the best first. */
  readonly cipherSuites: readonly string[]
  /** Key exchange groups by OpenSSL's names, the best first; `undefined`: Node's. */
  readonly groups: readonly string[] | undefined
  /** The acceptor's: whether the client is asked for a certificate. */
  readonly requestCertificate: boolean
  /** The acceptor's: whether a client of TLS 1.2 may go on with a session. Default `true`. */
  readonly resumable?: boolean | undefined
}

/** What is one connection's own. */
export interface TlsConnection {
  /** The initiator's: the name to send; `undefined` for none. */
  readonly serverName: string | undefined
  /** Application protocols to offer or to take, the best first; none: the extension is not used. */
  readonly applicationProtocols: readonly string[]
  /** The initiator's: a session to go on with, as `keepSession` was given it. */
  readonly session: Uint8Array | undefined
  /** The initiator's: takes a session that could be gone on with later. A copy, secret, the taker's to wipe. */
  readonly keepSession: ((session: SecretBytes) => void) | undefined
}

/** A question to the TLS engine: to open one, or to give it what came from the peer. */
export type TlsQuery =
  | { readonly kind: 'open'; readonly setup: TlsSetup; readonly connection: TlsConnection }
  /** Whole records only. */
  | { readonly kind: 'feed'; readonly engine: TlsEngine; readonly records: Uint8Array }

/** Where an engine stands after a question. */
export interface TlsProgress {
  /** The engine: the one to feed next. */
  readonly engine: TlsEngine
  /** How many bytes of the records it took: it takes no more of them when the handshake is done. */
  readonly consumed: number
  /** What it wants to send: whole records. */
  readonly output: Uint8Array
  /** The peer, from the moment on when its certificate is known. */
  readonly peer: TlsPeer | undefined
  /** Whether the handshake goes on, is done, or has failed. */
  readonly state:
    | { readonly kind: 'handshake' }
    /** The peer has closed the connection by a close_notify, which only the engine could read: no more will come. */
    | { readonly kind: 'closed' }
    | { readonly kind: 'done'; readonly result: TlsResult }
    /** It broke off; `output` holds its alert, if it sent one. `code` is OpenSSL's or Node's. */
    | { readonly kind: 'failed'; readonly code: string; readonly message: string }
}

/** The peer's certificates and what OpenSSL says of them. */
export interface TlsPeer {
  /** In DER: the peer's own, then its issuers as far as they are known. */
  readonly chain: readonly Uint8Array[]
  /** OpenSSL's name of what is wrong with the chain (`CERT_HAS_EXPIRED`); `undefined`: nothing. */
  readonly verdict: string | undefined
}

/** What a handshake came to. */
export interface TlsResult {
  /** The version that was agreed on. */
  readonly version: TlsVersion
  /** By its name in RFCs. */
  readonly cipherSuite: string
  /** What was agreed on, if anything. */
  readonly applicationProtocol: string | undefined
  /** The name that the client asked for. */
  readonly serverName: string | undefined
  /** Whether a former session went on. */
  readonly resumed: boolean
  /** The certificate that this side used, in DER. */
  readonly localCertificate: Uint8Array | undefined
  /** The verify data of the Finished messages (TLS 1.2 alone has a use for them). */
  readonly finished: { readonly own: Uint8Array; readonly peer: Uint8Array } | undefined
}

/** A handshake under way, behind whatever it runs on. */
export interface TlsEngine {
  /**
   * The secrets so far, by their labels in the NSS key log (`CLIENT_TRAFFIC_SECRET_0`, `CLIENT_RANDOM` for the master secret).
   * The engine's, wiped with it.
   */
  readonly secrets: ReadonlyMap<string, SecretBytes>
  /**
   * After the handshake: a record with session tickets, as it came. The position that the engine reads at must be that record's.
   */
  takeTicket(record: Uint8Array): void
  /** Lets it go and wipes its secrets. Calling it again is harmless. */
  dispose(): void
}
