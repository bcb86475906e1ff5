import { encodeAscii } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { PaDataType } from '../constants.js'
import type { Effectful } from '../effect-run.js'
import { KeyUsage, krbFxCf2, type KerberosKey } from '../enctypes/index.js'
import { decodeDer, readEncryptedData, type KdcRep, type PaData } from '../messages/index.js'
import type { PreauthContext, PreauthMethod } from '../preauth-method.js'
import { sealTimestamp } from './encrypted-timestamp.js'

const CLIENT_PEPPER = encodeAscii('clientchallengearmor')
const KDC_PEPPER = encodeAscii('kdcchallengearmor')
const KEY_PEPPER = encodeAscii('challengelongterm')

/**
 * PA-ENCRYPTED-CHALLENGE, RFC 6113 section 5.4.6: a timestamp under armour key and long-term key together, so that nobody
 * without the armour key can guess passwords from it; the KDC answers with one of its own.
 */
export const encryptedChallenge: PreauthMethod = {
  type: PaDataType.PA_ENCRYPTED_CHALLENGE,
  begin: ({ armored }) =>
    armored ? { answer: encryptChallenge, replyKey: checkKdcChallenge, dispose: () => undefined } : undefined,
}

function* encryptChallenge(context: PreauthContext): Effectful<readonly PaData[]> {
  const longTerm = yield* context.key()
  const key = clientChallengeKey(armorKeyOf(context), longTerm)
  try {
    const padataValue = sealTimestamp(context, key, KeyUsage.ENC_CHALLENGE_CLIENT)
    return [{ padataType: PaDataType.PA_ENCRYPTED_CHALLENGE, padataValue }]
  } finally {
    key.dispose()
  }
}

/** The KDC proves in its reply that it knows the long-term key; that key is the reply key. */
function* checkKdcChallenge({ padata }: KdcRep, context: PreauthContext): Effectful<KerberosKey> {
  const longTerm = yield* context.key()
  const found = padata?.find(({ padataType }) => padataType === PaDataType.PA_ENCRYPTED_CHALLENGE)
  if (found === undefined) {
    throw new SspiError(
      'SEC_E_MESSAGE_ALTERED',
      "AS-REP: the KDC's encrypted challenge is missing: it has not proved itself",
    )
  }
  const { etype, cipher } = decodeDer(found.padataValue, readEncryptedData)
  // Heimdal 7.8 takes the client's key for its own challenge, too: the key usages still keep the two apart.
  const proved = [kdcChallengeKey, clientChallengeKey].some((keyOf) => {
    const key = keyOf(armorKeyOf(context), longTerm)
    try {
      return etype === key.enctype && opens(key, cipher)
    } finally {
      key.dispose()
    }
  })
  if (proved) return longTerm
  throw new SspiError(
    'SEC_E_MESSAGE_ALTERED',
    "AS-REP: the KDC's encrypted challenge does not open: it has not proved itself",
  )
}

/** That it opens is the proof; whether it is new, the armour key says. */
function opens(key: KerberosKey, cipher: Uint8Array): boolean {
  try {
    wipe(key.decrypt(KeyUsage.ENC_CHALLENGE_KDC, cipher))
    return true
  } catch (error) {
    if (error instanceof SspiError) return false
    throw error
  }
}

/** The key of the client's challenge, RFC 6113 section 5.4.6. The caller disposes of it. */
export function clientChallengeKey(armorKey: KerberosKey, longTerm: KerberosKey): KerberosKey {
  return krbFxCf2(armorKey, longTerm, CLIENT_PEPPER, KEY_PEPPER)
}

/** The key of the KDC's challenge, RFC 6113 section 5.4.6. The caller disposes of it. */
export function kdcChallengeKey(armorKey: KerberosKey, longTerm: KerberosKey): KerberosKey {
  return krbFxCf2(armorKey, longTerm, KDC_PEPPER, KEY_PEPPER)
}

function armorKeyOf({ armorKey }: PreauthContext): KerberosKey {
  if (armorKey === undefined) throw new TypeError('an encrypted challenge outside of FAST')
  return armorKey
}
