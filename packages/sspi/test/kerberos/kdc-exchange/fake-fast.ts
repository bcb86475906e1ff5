import { PaDataType } from '../../../src/kerberos/constants.js'
import { KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { strengthenReplyKey } from '../../../src/kerberos/fast/fast-reply.js'
import {
  decodeDer,
  encodeDer,
  readKrbFastReq,
  readPaFxFastRequest,
  writeKrbFastResponse,
  writeMethodData,
  writePaFxFastReply,
  type KdcRep,
  type KdcReq,
  type KrbFastResponse,
  type PaData,
} from '../../../src/kerberos/messages/index.js'

/** How a KDC lies inside of FAST, or beside it. */
export interface FastLies {
  response?: (response: KrbFastResponse) => KrbFastResponse
  /** The armour's bytes on their way. */
  sealed?: (padata: PaData) => PaData
  /** Sends nothing of the armour. */
  bare?: boolean
}

/** A KDC's side of one armoured request. */
export class FakeFast {
  readonly armorKey: KerberosKey
  /** The request inside. */
  readonly request: KdcReq
  readonly #lies: FastLies
  readonly #strengthenKey: KerberosKey

  constructor(outer: KdcReq, armorKey: KerberosKey, covered: Uint8Array, lies: FastLies) {
    const { reqChecksum, encFastReq } = decodeDer(valueOf(outer.padata, PaDataType.PA_FX_FAST)!, readPaFxFastRequest)
    armorKey.verifyChecksum(KeyUsage.FAST_REQ_CHKSUM, covered, reqChecksum.checksum, reqChecksum.cksumtype)
    const inner = decodeDer(armorKey.decrypt(KeyUsage.FAST_ENC, encFastReq.cipher), readKrbFastReq)
    this.armorKey = armorKey
    this.request = { msgType: outer.msgType, padata: inner.padata, reqBody: inner.reqBody }
    this.#lies = lies
    this.#strengthenKey = KerberosKey.generate(armorKey.enctype)
  }

  /** The key that the reply is encrypted under. */
  replyKey(key: KerberosKey): KerberosKey {
    return strengthenReplyKey(this.#strengthenKey, key)
  }

  /** A reply with its PA-DATA under the armour. */
  reply(reply: KdcRep, time: Date): KdcRep {
    if (this.#lies.bare === true) return reply
    const { crealm, cname, ticket, padata = [] } = reply
    const sealed = this.#sealed({
      padata,
      strengthenKey: { keytype: this.#strengthenKey.enctype, keyvalue: this.#strengthenKey.reveal() },
      finished: {
        timestamp: time,
        usec: 0,
        crealm,
        cname,
        ticketChecksum: {
          cksumtype: this.armorKey.profile.checksumType,
          checksum: this.armorKey.checksum(KeyUsage.FAST_FINISHED, ticket.raw),
        },
      },
      nonce: this.request.reqBody.nonce,
    })
    return { ...reply, padata: [sealed] }
  }

  /** The `e-data` of an error. */
  errorData(error: Uint8Array, methodData: readonly PaData[]): Uint8Array | undefined {
    if (this.#lies.bare === true) return undefined
    const inner = { padataType: PaDataType.PA_FX_ERROR, padataValue: error }
    const sealed = this.#sealed({ padata: [...methodData, inner], nonce: this.request.reqBody.nonce })
    return encodeDer([sealed], writeMethodData)
  }

  #sealed(honest: KrbFastResponse): PaData {
    const response = this.#lies.response?.(honest) ?? honest
    const cipher = this.armorKey.encrypt(KeyUsage.FAST_REP, encodeDer(response, writeKrbFastResponse))
    const padataValue = encodeDer({ encFastRep: { etype: this.armorKey.enctype, cipher } }, writePaFxFastReply)
    const padata = { padataType: PaDataType.PA_FX_FAST, padataValue }
    return this.#lies.sealed?.(padata) ?? padata
  }
}

export function valueOf(padata: readonly PaData[] | undefined, type: number): Uint8Array | undefined {
  return padata?.find(({ padataType }) => padataType === type)?.padataValue
}
