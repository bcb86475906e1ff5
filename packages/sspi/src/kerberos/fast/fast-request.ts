import { wipe } from '../../crypto/index.js'
import { PaDataType } from '../constants.js'
import { KeyUsage } from '../enctypes/index.js'
import { encodeDer, writeKrbFastReq, writePaFxFastRequest, type KdcReqBody, type PaData } from '../messages/index.js'
import type { FastArmor } from './armor.js'

/** What a request says inside of FAST. */
export interface FastRequest {
  readonly padata: readonly PaData[]
  /** The request that counts. */
  readonly reqBody: KdcReqBody
  /** What ties it to the request outside: its KDC-REQ-BODY, or in a TGS request the AP-REQ of its PA-TGS-REQ. */
  readonly covered: Uint8Array
}

/** Makes PA-FX-FAST of a request, RFC 6113 section 5.4.2. Draws one confounder. */
export function makeFastRequest(
  { key, explicit }: FastArmor,
  { padata, reqBody, covered }: FastRequest,
  random: (length: number) => Uint8Array,
): PaData {
  const plaintext = encodeDer({ fastOptions: 0, padata, reqBody }, writeKrbFastReq)
  try {
    const cipher = key.encrypt(KeyUsage.FAST_ENC, plaintext, random(key.profile.confounderBytes))
    const reqChecksum = {
      cksumtype: key.profile.checksumType,
      checksum: key.checksum(KeyUsage.FAST_REQ_CHKSUM, covered),
    }
    const encFastReq = { etype: key.enctype, cipher }
    const padataValue = encodeDer({ armor: explicit, reqChecksum, encFastReq }, writePaFxFastRequest)
    return { padataType: PaDataType.PA_FX_FAST, padataValue }
  } finally {
    wipe(plaintext)
  }
}
