import {
  decodeDer,
  decodePadded,
  KerberosErrorCode,
  KeyUsage,
  PaDataType,
  readEncryptedData,
  readPaEncTsEnc,
  type EncryptedData,
  type KerberosKey,
  type PaEncTsEnc,
} from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import { wipe } from '../../crypto/index.js'
import { currentKeys } from '../principal-entry.js'
import { Refusal } from '../refusal.js'
import type { Turn } from '../turn.js'
import type { KdcPreauthContext, KdcPreauthMethod, KdcPreauthOutcome } from './method.js'

/** PA-ENC-TIMESTAMP, RFC 4120 section 5.2.7.2: the time under the client's key. Without armor only, where there is better. */
export const encryptedTimestamp: KdcPreauthMethod = {
  type: PaDataType.PA_ENC_TIMESTAMP,
  hint: ({ armorKey }) => (armorKey === undefined ? new Uint8Array(0) : undefined),
  // eslint-disable-next-line require-yield -- the method asks nothing; others do
  *verify(context: KdcPreauthContext): Generator<never, KdcPreauthOutcome> {
    const { key, encrypted } = findTimestamp(context)
    checkTimestamp(context.turn, openTimestamp(key, KeyUsage.AS_REQ_PA_ENC_TIMESTAMP, encrypted))
    return { kind: 'proven', padata: [], proof: encrypted.cipher }
  },
}

/**
 * The first timestamp that the client has a key for, of whatever types it lists: the password is one. Under FAST, Heimdal 7's client
 * guesses and sends one of each of its types. Only one is opened, or one request would be many guesses at a password.
 */
function findTimestamp({ client, request, turn }: KdcPreauthContext): {
  readonly key: KerberosKey
  readonly encrypted: EncryptedData
} {
  const keys = currentKeys(client).filter(({ key }) => turn.policy.enctypes.includes(key.enctype))
  const etypes = new Set<number>()
  for (const { padataType, padataValue } of request.padata ?? []) {
    if (padataType !== PaDataType.PA_ENC_TIMESTAMP) continue
    const encrypted = decodeDer(padataValue, readEncryptedData)
    const found = keys.find(({ key }) => key.enctype === encrypted.etype)
    if (found !== undefined) return { key: found.key, encrypted }
    etypes.add(encrypted.etype)
  }
  throw new Refusal(
    KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP,
    `pre-authentication: the client has no key of encryption type ${[...etypes].join(', ')}`,
  )
}

/** Decrypts a PA-ENC-TS-ENC. @throws `SspiError` `KDC_ERR_PREAUTH_FAILED` when the key does not open it. */
export function openTimestamp(key: KerberosKey, usage: number, { cipher }: EncryptedData): PaEncTsEnc {
  let plain: Uint8Array
  try {
    plain = key.decrypt(usage, cipher)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'pre-authentication failed: the key is another', {
      cause,
    })
  }
  try {
    return decodePadded(plain, readPaEncTsEnc)
  } finally {
    wipe(plain)
  }
}

/** @throws `SspiError` `KRB_AP_ERR_SKEW`. */
export function checkTimestamp(turn: Turn, { patimestamp, pausec = 0 }: PaEncTsEnc): void {
  const aheadSeconds = (patimestamp.getTime() + pausec / 1000 - turn.now.getTime()) / 1000
  if (Math.abs(aheadSeconds) <= turn.policy.clockSkewSeconds) return
  throw new Refusal(
    KerberosErrorCode.KRB_AP_ERR_SKEW,
    `pre-authentication: the clock is ${Math.round(aheadSeconds)} s ahead, ${turn.policy.clockSkewSeconds} s allowed`,
  )
}
