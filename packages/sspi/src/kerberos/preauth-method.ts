import type { Effectful } from './effect-run.js'
import type { KerberosKey } from './enctypes/index.js'
import type { KdcRep, KdcReqBody, PaData } from './messages/index.js'
import type { KerberosRealmOptions } from './realm-options.js'
import type { Timestamp } from './timestamps.js'

/**
 * A kind of pre-authentication, RFC 4120 section 5.2.7: how a client proves to a KDC who it is before it gets a ticket.
 *
 * The built-in ones are the encrypted timestamp and, inside of FAST, the encrypted challenge. Others are values of this
 * interface, given as `kerberos: { preauthMethods: [...] }`.
 */
export interface PreauthMethod {
  /** The PA-DATA type by which a KDC offers it. */
  readonly type: number
  /** Begins; `undefined` when it may not be used under these conditions, so that the next one is tried. */
  begin(conditions: PreauthConditions): PreauthRun | undefined
}

/** What a method may depend on. */
export interface PreauthConditions {
  readonly realm: string
  /** Of the realm, by the configuration. */
  readonly realmOptions: KerberosRealmOptions
  /** Whether the exchange is inside of FAST. */
  readonly armored: boolean
  /** What the KDC has offered. */
  readonly offered: readonly PaData[]
}

/** What a method has to work with. */
export interface PreauthContext {
  /** What the KDC said last: the METHOD-DATA of its error. */
  readonly methodData: readonly PaData[]
  /** The request that it goes with; inside of FAST the one that is encrypted. */
  readonly body: KdcReqBody
  /** Of the realm, by the configuration. */
  readonly realmOptions: KerberosRealmOptions
  /** The armour key of FAST; `undefined` outside of it. Stays the exchange's. */
  readonly armorKey: KerberosKey | undefined
  /**
   * The client's long-term key, of the first encryption type of the KDC's that may be used. Stays the exchange's.
   *
   * Throws `SspiError` `SEC_E_KDC_UNKNOWN_ETYPE` or `SEC_E_NO_CREDENTIALS` where there is none.
   */
  key(): Effectful<KerberosKey>
  /** The time by the KDC's clock, as far as that is known. */
  timestamp(): Timestamp
  /** Unpredictable bytes. */
  random(length: number): Uint8Array
}

/** A method under way. Its owner disposes of it. */
export interface PreauthRun {
  /**
   * What to send next. Called for every request: after KDC_ERR_PREAUTH_REQUIRED, after each
   * KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, and again when the clock was wrong.
   */
  answer(context: PreauthContext): Effectful<readonly PaData[]>
  /**
   * The key of the reply, where it is not the client's long-term key, or where the reply must prove something first. Stays the
   * run's, or the context's.
   *
   * @param reply - Inside of FAST with the PA-DATA that was encrypted.
   */
  replyKey?(reply: KdcRep, context: PreauthContext): Effectful<KerberosKey>
  /**
   * Whether the KDC may ask for more in the course of the method. Where it may not, whoever makes up such an error would have
   * a password stretched once for each. Default `false`.
   */
  readonly hasRounds?: boolean
  /** Ends it: overwrites its secrets. */
  dispose(): void
}
