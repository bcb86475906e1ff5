import { PaDataType } from '../constants.js'
import type { Effectful } from '../effect-run.js'
import { KeyUsage, type KerberosKey } from '../enctypes/index.js'
import { encodeDer, writeEncryptedData, writePaEncTsEnc, type PaData } from '../messages/index.js'
import type { PreauthContext, PreauthMethod } from '../preauth-method.js'

/** PA-ENC-TIMESTAMP, RFC 4120 section 5.2.7.2: who sees it can guess passwords from it. */
export const encryptedTimestamp: PreauthMethod = {
  type: PaDataType.PA_ENC_TIMESTAMP,
  // RFC 6113 section 5.4.6: inside of FAST its place is the encrypted challenge's.
  begin: ({ armored, realmOptions }) =>
    armored || realmOptions.disableEncryptedTimestamp === true
      ? undefined
      : { answer: encryptTimestamp, dispose: () => undefined },
}

function* encryptTimestamp(context: PreauthContext): Effectful<readonly PaData[]> {
  const key = yield* context.key()
  const padataValue = sealTimestamp(context, key, KeyUsage.AS_REQ_PA_ENC_TIMESTAMP)
  return [{ padataType: PaDataType.PA_ENC_TIMESTAMP, padataValue }]
}

/** A PA-ENC-TS-ENC of now in an EncryptedData. Draws one confounder. */
export function sealTimestamp(context: PreauthContext, key: KerberosKey, usage: number): Uint8Array {
  const { seconds, microseconds } = context.timestamp()
  const plaintext = encodeDer({ patimestamp: seconds, pausec: microseconds }, writePaEncTsEnc)
  const cipher = key.encrypt(usage, plaintext, context.random(key.profile.confounderBytes))
  return encodeDer({ etype: key.enctype, cipher }, writeEncryptedData)
}
