import { wipe } from '../crypto/index.js'
import {
  armorKey,
  decodeDer,
  decodePadded,
  encodeDer,
  FastOption,
  FX_FAST_ARMOR_AP_REQUEST,
  KerberosErrorCode,
  KerberosKey,
  KeyUsage,
  NameType,
  PaDataType,
  readKrbFastReq,
  readMethodData,
  readPaFxFastRequest,
  realmOfKrbtgt,
  strengthenReplyKey,
  writeKrbError,
  writeKrbFastResponse,
  writeMethodData,
  writePaFxFastReply,
  type KdcReq,
  type KrbError,
  type KrbFastArmoredReq,
  type KrbFastReq,
  type KrbFastResponse,
  type PaData,
  type Principal,
  type Ticket,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { disposeRequest, openApRequest, type OpenedRequest } from './ap-request.js'
import type { KdcEffectful } from './effects.js'
import { paDataOf } from './padata.js'
import { Refusal } from './refusal.js'
import { encrypt, wholeSeconds, type Turn } from './turn.js'

/** A request that came in FAST: what it says inside, and the armor for the answer. Its owner disposes of the armor. */
export interface ArmoredRequest {
  /** The request that counts. */
  readonly request: KdcReq
  readonly armor: Armor
}

/**
 * Opens FAST in an AS-REQ, RFC 6113 section 5.4: armor of a ticket-granting ticket that somebody has already, such as the host.
 *
 * @returns `undefined` where there is no FAST.
 */
export function* openAsArmor(turn: Turn, request: KdcReq): KdcEffectful<ArmoredRequest | undefined> {
  const value = paDataOf(request, PaDataType.PA_FX_FAST)
  if (value === undefined) return undefined
  const sealed = decodeDer(value, readPaFxFastRequest)
  if (sealed.armor?.armorType !== FX_FAST_ARMOR_AP_REQUEST) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'FAST: armor of a kind that is not known, or none')
  }
  const granted = yield* openApRequest(turn, sealed.armor.armorValue, KeyUsage.AP_REQ_AUTHENTICATOR)
  try {
    if (realmOfKrbtgt(granted.server.name) !== turn.realm) {
      throw new Refusal(
        KerberosErrorCode.KRB_AP_ERR_NOT_US,
        'FAST: the armor is no ticket-granting ticket of this realm',
      )
    }
    return openWith(turn, request, sealed, keyOf(granted), request.reqBody.raw)
  } finally {
    disposeRequest(granted)
  }
}

/** As {@link openAsArmor}, for a TGS-REQ, whose own ticket is the armor. */
export function openTgsArmor(turn: Turn, request: KdcReq, granted: OpenedRequest): ArmoredRequest | undefined {
  const value = paDataOf(request, PaDataType.PA_FX_FAST)
  const apReq = paDataOf(request, PaDataType.PA_TGS_REQ)
  if (value === undefined || apReq === undefined) return undefined
  const sealed = decodeDer(value, readPaFxFastRequest)
  if (sealed.armor !== undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'FAST: a TGS-REQ is armored by its own ticket')
  }
  return openWith(turn, request, sealed, keyOf(granted), apReq)
}

/** RFC 6113 section 5.4.1.1. The caller's. */
function keyOf({ subkey, sessionKey }: OpenedRequest): KerberosKey {
  if (subkey === undefined) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_PREAUTH_FAILED, 'FAST: the authenticator of the armor has no subkey')
  }
  return armorKey(subkey, sessionKey)
}

/** @param key - Ends here, or with the armor. */
function openWith(
  turn: Turn,
  outer: KdcReq,
  sealed: KrbFastArmoredReq,
  key: KerberosKey,
  covered: Uint8Array,
): ArmoredRequest {
  let done = false
  let plain: Uint8Array | undefined
  try {
    checkChecksum(sealed, key, covered)
    plain = decrypt(sealed, key)
    const { fastOptions, padata, reqBody } = decodePadded(plain, readKrbFastReq)
    checkOptions(fastOptions)
    const hideNames = (fastOptions & FastOption.HIDE_CLIENT_NAMES) !== 0
    done = true
    return {
      request: { msgType: outer.msgType, padata, reqBody },
      armor: new Armor(turn, key, plain, reqBody.nonce, hideNames),
    }
  } finally {
    if (!done) {
      key.dispose()
      wipe(plain)
    }
  }
}

function checkChecksum({ reqChecksum }: KrbFastArmoredReq, key: KerberosKey, covered: Uint8Array): void {
  try {
    key.verifyChecksum(KeyUsage.FAST_REQ_CHKSUM, covered, reqChecksum.checksum, reqChecksum.cksumtype)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    throw new Refusal(KerberosErrorCode.KRB_AP_ERR_MODIFIED, 'FAST: the request outside is not the one inside', {
      cause,
    })
  }
}

function decrypt({ encFastReq }: KrbFastArmoredReq, key: KerberosKey): Uint8Array {
  if (encFastReq.etype !== key.enctype) {
    throw new Refusal(KerberosErrorCode.KDC_ERR_ETYPE_NOSUPP, "FAST: the encryption type is not the armor key's")
  }
  return key.decrypt(KeyUsage.FAST_ENC, encFastReq.cipher)
}

/** RFC 6113 section 5.4.2: bits 0 to 15 are critical. */
function checkOptions(fastOptions: KrbFastReq['fastOptions']): void {
  if ((fastOptions & 0xffff_0000 & ~FastOption.HIDE_CLIENT_NAMES) === 0) return
  throw new Refusal(KerberosErrorCode.KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTION, 'FAST: an option that is not known here')
}

/** RFC 8062 section 3. */
const ANONYMOUS: Principal = {
  realm: 'WELLKNOWN:ANONYMOUS',
  name: { nameType: NameType.NT_WELLKNOWN, nameString: ['WELLKNOWN', 'ANONYMOUS'] },
}

/** The armor of a request, RFC 6113 section 5.4, under which the answer goes as well. Its owner disposes of it. */
export class Armor {
  /** Under which both sides hide what they say. Ends with the armor. */
  readonly key: KerberosKey
  readonly #turn: Turn
  /** What the request says inside, which its parts are views of. */
  readonly #plain: Uint8Array
  readonly #nonce: number
  readonly #hideNames: boolean
  #strengthenKey: KerberosKey | undefined

  /** @param key - Disposed of by `dispose`; `plain` is overwritten. */
  constructor(turn: Turn, key: KerberosKey, plain: Uint8Array, nonce: number, hideNames: boolean) {
    this.#turn = turn
    this.key = key
    this.#plain = plain
    this.#nonce = nonce
    this.#hideNames = hideNames
  }

  /** A stronger reply key: of the one that it would be, and one that the reply brings (section 5.4.3). The caller's. */
  strengthen(replyKey: KerberosKey): KerberosKey {
    this.#strengthenKey = KerberosKey.generate(replyKey.enctype, (length) => this.#turn.random(length))
    return strengthenReplyKey(this.#strengthenKey, replyKey)
  }

  /** Who the reply says outside that it is for. */
  nameOf(client: Principal): Principal {
    return this.#hideNames ? ANONYMOUS : client
  }

  /** The PA-DATA of a reply: what is said of it, with the client and the ticket signed, in the armor (section 5.4.3). */
  reply(padata: readonly PaData[], { raw }: Ticket, client: Principal): readonly PaData[] {
    const { now } = this.#turn
    const keyvalue = this.#strengthenKey?.reveal()
    try {
      const finished = {
        timestamp: wholeSeconds(now),
        usec: (now.getTime() % 1000) * 1000,
        crealm: client.realm,
        cname: client.name,
        ticketChecksum: {
          cksumtype: this.key.profile.checksumType,
          checksum: this.key.checksum(KeyUsage.FAST_FINISHED, raw),
        },
      }
      const strengthenKey = this.#strengthenKey && keyvalue && { keytype: this.#strengthenKey.enctype, keyvalue }
      return [this.#seal({ padata, strengthenKey, finished, nonce: this.#nonce })]
    } finally {
      wipe(keyvalue)
    }
  }

  /** The `e-data` of an error: the error itself, with what it would have there, in the armor (section 5.4.4). */
  error(error: KrbError): Uint8Array {
    const { eData, ...inner } = error
    const padata: PaData[] = [{ padataType: PaDataType.PA_FX_ERROR, padataValue: encodeDer(inner, writeKrbError) }]
    if (eData !== undefined) padata.push(...decodeDer(eData, readMethodData))
    return encodeDer([this.#seal({ padata, nonce: this.#nonce })], writeMethodData)
  }

  /** Overwrites the keys, and what the request says. */
  dispose(): void {
    this.key.dispose()
    this.#strengthenKey?.dispose()
    wipe(this.#plain)
  }

  #seal(response: KrbFastResponse): PaData {
    const plain = encodeDer(response, writeKrbFastResponse)
    const cipher = encrypt(this.#turn, this.key, KeyUsage.FAST_REP, plain)
    wipe(plain)
    const encFastRep = { etype: this.key.enctype, cipher }
    return { padataType: PaDataType.PA_FX_FAST, padataValue: encodeDer({ encFastRep }, writePaFxFastReply) }
  }
}
