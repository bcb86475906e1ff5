import { wipe } from '../../crypto/index.js'
import {
  clientChallengeKey,
  decodeDer,
  encodeDer,
  kdcChallengeKey,
  KerberosErrorCode,
  KeyUsage,
  PaDataType,
  readEncryptedData,
  writeEncryptedData,
  writePaEncTsEnc,
  type EncryptedData,
  type KerberosKey,
  type PaData,
  type PaEncTsEnc,
} from '../../kerberos/index.js'
import { Refusal } from '../refusal.js'
import { encrypt, wholeSeconds, type Turn } from '../turn.js'
import { checkTimestamp, openTimestamp } from './encrypted-timestamp.js'
import type { KdcPreauthContext, KdcPreauthMethod, KdcPreauthOutcome } from './method.js'

/**
 * PA-ENCRYPTED-CHALLENGE, RFC 6113 section 5.4.6: the time under armor key and client's key together, so that nobody without the
 * armor key can guess passwords from it; the KDC answers with one of its own.
 */
export const encryptedChallenge: KdcPreauthMethod = {
  type: PaDataType.PA_ENCRYPTED_CHALLENGE,
  hint: ({ armorKey }) => (armorKey === undefined ? undefined : new Uint8Array(0)),
  // eslint-disable-next-line require-yield -- the method asks nothing; others do
  *verify({ turn, keys, armorKey }: KdcPreauthContext, value: Uint8Array): Generator<never, KdcPreauthOutcome> {
    if (armorKey === undefined) {
      throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'an encrypted challenge outside of FAST')
    }
    const encrypted = decodeDer(value, readEncryptedData)
    // Its encryption type is the armor key's: which of the client's keys it was made with shows by trying.
    for (const { key } of keys) {
      const opened = tryOpen(armorKey, key, encrypted)
      if (opened === undefined) continue
      checkTimestamp(turn, opened)
      return { kind: 'proven', padata: [answer(turn, armorKey, key)], proof: encrypted.cipher }
    }
    throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'pre-authentication failed: the key is another')
  },
}

function tryOpen(armorKey: KerberosKey, longTerm: KerberosKey, encrypted: EncryptedData): PaEncTsEnc | undefined {
  const key = clientChallengeKey(armorKey, longTerm)
  try {
    return openTimestamp(key, KeyUsage.ENC_CHALLENGE_CLIENT, encrypted)
  } catch (error) {
    if (error instanceof Refusal) return undefined
    throw error
  } finally {
    key.dispose()
  }
}

function answer(turn: Turn, armorKey: KerberosKey, longTerm: KerberosKey): PaData {
  const key = kdcChallengeKey(armorKey, longTerm)
  try {
    const time = { patimestamp: wholeSeconds(turn.now), pausec: (turn.now.getTime() % 1000) * 1000 }
    const plain = encodeDer(time, writePaEncTsEnc)
    const cipher = encrypt(turn, key, KeyUsage.ENC_CHALLENGE_KDC, plain)
    wipe(plain)
    const padataValue = encodeDer({ etype: key.enctype, cipher }, writeEncryptedData)
    return { padataType: PaDataType.PA_ENCRYPTED_CHALLENGE, padataValue }
  } finally {
    key.dispose()
  }
}
