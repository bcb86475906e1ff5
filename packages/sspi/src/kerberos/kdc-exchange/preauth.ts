import { PaDataType } from '../constants.js'
import type { Effectful } from '../effect-run.js'
import { KeyUsage, type KerberosKey } from '../enctypes/index.js'
import {
  encodeDer,
  writeEncryptedData,
  writePaEncTsEnc,
  type KdcRep,
  type KdcReqBody,
  type PaData,
} from '../messages/index.js'
import type { KerberosRealmOptions } from '../options.js'
import type { Timestamp } from '../timestamps.js'

/** What a method has to work with. */
export interface PreauthContext {
  /** What the KDC said last: the METHOD-DATA of its error. */
  readonly methodData: readonly PaData[]
  /** The request that it goes with. */
  readonly body: KdcReqBody
  /** Of the realm, by the configuration. */
  readonly realmOptions: KerberosRealmOptions
  /** The client's long-term key, of the first encryption type of the KDC's that may be used. */
  key(): Effectful<KerberosKey>
  /** The time by the KDC's clock, as far as that is known. */
  timestamp(): Timestamp
  random(length: number): Uint8Array
}

/** A method under way. Its owner disposes of it. */
export interface PreauthRun {
  /**
   * What to send next. Called for every request: after KDC_ERR_PREAUTH_REQUIRED, after each
   * KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, and again when the clock was wrong.
   */
  answer(context: PreauthContext): Effectful<readonly PaData[]>
  /** The key of the reply, where it is not the client's long-term key. */
  replyKey?(reply: KdcRep, context: PreauthContext): Effectful<KerberosKey>
  /**
   * Whether the KDC may ask for more in the course of the method. Where it may not, whoever makes up such an error would have
   * a password stretched once for each. Default `false`.
   */
  readonly hasRounds?: boolean
  dispose(): void
}

/** A kind of pre-authentication, RFC 4120 section 5.2.7. */
export interface PreauthMethod {
  /** The PA-DATA type by which a KDC offers it. */
  readonly type: number
  /** Begins; `undefined` when it may not be used in this realm. */
  begin(realm: KerberosRealmOptions): PreauthRun | undefined
}

/** PA-ENC-TIMESTAMP, RFC 4120 section 5.2.7.2: who sees it can guess passwords from it. */
const encryptedTimestamp: PreauthMethod = {
  type: PaDataType.PA_ENC_TIMESTAMP,
  begin: ({ disableEncryptedTimestamp }) =>
    disableEncryptedTimestamp === true ? undefined : { answer: encryptTimestamp, dispose: () => undefined },
}

function* encryptTimestamp(context: PreauthContext): Effectful<readonly PaData[]> {
  const key = yield* context.key()
  const { seconds, microseconds } = context.timestamp()
  const plaintext = encodeDer({ patimestamp: seconds, pausec: microseconds }, writePaEncTsEnc)
  const cipher = key.encrypt(KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, plaintext, context.random(key.profile.confounderBytes))
  const padataValue = encodeDer({ etype: key.enctype, cipher }, writeEncryptedData)
  return [{ padataType: PaDataType.PA_ENC_TIMESTAMP, padataValue }]
}

/** The methods that there are, the strongest first. */
export const PREAUTH_METHODS: readonly PreauthMethod[] = [encryptedTimestamp]

/**
 * Begins the best method of those that a KDC offers.
 *
 * @param preferred - PA-DATA types that go before the order of strength.
 */
export function beginPreauth(
  offered: readonly PaData[],
  preferred: readonly number[],
  realm: KerberosRealmOptions,
): PreauthRun | undefined {
  const rank = ({ type }: PreauthMethod): number =>
    preferred.includes(type) ? preferred.indexOf(type) : preferred.length
  const usable = PREAUTH_METHODS.filter(({ type }) => offered.some(({ padataType }) => padataType === type))
  for (const method of usable.sort((a, b) => rank(a) - rank(b))) {
    const run = method.begin(realm)
    if (run !== undefined) return run
  }
  return undefined
}
