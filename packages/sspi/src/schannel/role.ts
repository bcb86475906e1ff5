import type { Side, TlsConnection, TlsEngine, TlsPeer, TlsResult, TlsSetup } from '../sspi/index.js'
import type { Expectation, Refusal } from './judgement.js'

/** A handshake that is done. */
export interface Done {
  readonly engine: TlsEngine
  readonly peer: TlsPeer | undefined
  readonly result: TlsResult
  /** What the engine still wants to send. */
  readonly output: Uint8Array
  readonly consumed: number
}

/** What only one side does. */
export interface Role {
  readonly side: Side
  readonly setup: TlsSetup
  /** The connection's own, once the first call's protocols are known. */
  connection(applicationProtocols: readonly string[]): TlsConnection
  /** What the peer's certificate is held against; `undefined`: it is not judged at all. */
  expectation(now: Date): Expectation | undefined
  /** Looks at what the handshake came to. Why it will not do, if so. */
  refuse(done: Done): Refusal | undefined
  /** Whether the peer must be looked up among the accounts first. */
  readonly asksAccount: boolean
  /** `ISC_RET_…` or `ASC_RET_…` of the established context. */
  achieved(peerProved: boolean, ticketsSent: boolean): number
  /** The same while it is half-open. */
  readonly promised: number
  /** Whether tickets behind the handshake (TLS 1.3) are sent. */
  readonly sendsTickets: boolean
  /** The peer of the session that was offered: it does not show its certificates again. */
  readonly remembered: TlsPeer | undefined
  /** Whether tickets of the peer are of use. */
  readonly wantsTickets: boolean
  /** The server's name, for both sides. */
  serverName(result: TlsResult): string
  /** Both sides are content: sessions may be kept from here on. */
  settled(done: Done): void
  dispose(): void
}
