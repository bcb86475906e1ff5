import { encodeAscii } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { KerberosErrorCode, PaDataType } from '../constants.js'
import { KerberosKey, KeyUsage, krbFxCf2 } from '../enctypes/index.js'
import { decodePadded } from '../gss/ap-messages.js'
import {
  decodeDer,
  readKrbError,
  readKrbFastResponse,
  readMethodData,
  readPaFxFastReply,
  type KdcRep,
  type KrbError,
  type KrbFastResponse,
  type PaData,
} from '../messages/index.js'
import type { FastArmor } from './armor.js'

const STRENGTHEN_PEPPER = encodeAscii('strengthenkey')
const REPLY_PEPPER = encodeAscii('replykey')

/** A reply with a ticket whose armour was opened and whose claims hold. */
export interface ArmoredReply {
  /** With the client and the PA-DATA that the armour proves, in the place of those outside. */
  readonly reply: KdcRep
  /** Makes the reply key stronger; `undefined` where the KDC sent none. The caller disposes of it. */
  readonly strengthenKey: KerberosKey | undefined
}

/**
 * Opens the armour of a reply with a ticket: RFC 6113 section 5.4.3.
 *
 * @param nonce - Of the request inside.
 * @returns `undefined` when there is no armour.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it does not open, answers another request, has no end (`finished`), or
 *   is about another ticket; `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function openArmoredReply(armor: FastArmor, reply: KdcRep, nonce: number): ArmoredReply | undefined {
  const sealed = find(reply.padata, PaDataType.PA_FX_FAST)
  if (sealed === undefined) return undefined
  return withResponse(armor, sealed, nonce, ({ padata, strengthenKey, finished }) => {
    if (finished === undefined) throw altered('it is not the end of the exchange, though it comes with a ticket')
    const { cksumtype, checksum } = finished.ticketChecksum
    try {
      armor.key.verifyChecksum(KeyUsage.FAST_FINISHED, reply.ticket.raw, checksum, cksumtype)
    } catch (cause) {
      throw altered('it is about another ticket than the one that came with it', cause)
    }
    return {
      // The names are the armour's: those outside nobody has signed, and a KDC may hide the client there.
      reply: { ...reply, crealm: finished.crealm, cname: finished.cname, padata: padata.map(copyPaData) },
      strengthenKey: strengthenKey && new KerberosKey(strengthenKey.keytype, strengthenKey.keyvalue),
    }
  })
}

/** What an error of a KDC says, and whether armour proves that. */
export interface KdcRefusal {
  readonly error: KrbError
  /** What the KDC wants, in its own order. */
  readonly methodData: readonly PaData[]
  readonly armored: boolean
}

/**
 * An error outside of FAST: nobody has signed it. Its `e-data` is looked into where it says what the KDC wants; elsewhere it may
 * be anything (Windows has its own statuses there).
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export function plainRefusal(error: KrbError): KdcRefusal {
  const { errorCode } = error
  const wants =
    errorCode === KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED ||
    errorCode === KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED
  return { error, methodData: wants ? methodDataOf(error) : [], armored: false }
}

/**
 * Opens the armour of an error, RFC 6113 section 5.4.4: the error that counts lies inside. One that comes without armour is
 * given as it is.
 *
 * @param nonce - Of the request inside.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when the armour does not open, answers another request, or has no error in
 *   it; `SEC_E_INVALID_TOKEN` when something does not parse.
 */
export function openRefusal(armor: FastArmor, error: KrbError, nonce: number): KdcRefusal {
  const sealed = find(unsignedMethodData(error), PaDataType.PA_FX_FAST)
  if (sealed === undefined) return { error, methodData: [], armored: false }
  return withResponse(armor, sealed, nonce, ({ padata }) => {
    const inner = find(padata, PaDataType.PA_FX_ERROR)
    if (inner === undefined) throw altered('it has no error in it, though it came with one')
    const methodData = padata.filter((item) => item !== inner).map(copyPaData)
    return { error: decodeDer(new Uint8Array(inner.padataValue), readKrbError), methodData, armored: true }
  })
}

/**
 * The reply key of FAST, RFC 6113 section 5.4.3: as it would be outside, made stronger by a key of the KDC's.
 *
 * @returns A new key, which the caller disposes of.
 */
export function strengthenReplyKey(strengthenKey: KerberosKey, replyKey: KerberosKey): KerberosKey {
  return krbFxCf2(strengthenKey, replyKey, STRENGTHEN_PEPPER, REPLY_PEPPER)
}

/** METHOD-DATA of an error. @throws {@link SspiError} `SEC_E_INVALID_TOKEN`. */
function methodDataOf({ eData }: KrbError): readonly PaData[] {
  return eData === undefined ? [] : decodeDer(new Uint8Array(eData), readMethodData)
}

/** Errors without armour have whatever the KDC likes in `e-data`. */
function unsignedMethodData(error: KrbError): readonly PaData[] {
  try {
    return methodDataOf(error)
  } catch (failure) {
    if (failure instanceof SspiError) return []
    throw failure
  }
}

function withResponse<T>(armor: FastArmor, sealed: PaData, nonce: number, use: (response: KrbFastResponse) => T): T {
  const { encFastRep } = decodeDer(sealed.padataValue, readPaFxFastReply)
  if (encFastRep.etype !== armor.key.enctype) {
    throw altered(`it has encryption type ${encFastRep.etype}, not the armour's`)
  }
  let plaintext: Uint8Array
  try {
    plaintext = armor.key.decrypt(KeyUsage.FAST_REP, encFastRep.cipher)
  } catch (cause) {
    throw altered('it does not open under the armour key', cause)
  }
  try {
    const response = decodePadded(plaintext, readKrbFastResponse)
    if (response.nonce !== nonce) throw altered('it answers another request (nonce)')
    return use(response)
  } finally {
    // What is kept of it was copied.
    wipe(plaintext)
  }
}

function find(padata: readonly PaData[] | undefined, type: number): PaData | undefined {
  return padata?.find(({ padataType }) => padataType === type)
}

function copyPaData({ padataType, padataValue }: PaData): PaData {
  return { padataType, padataValue: new Uint8Array(padataValue) }
}

function altered(why: string, cause?: unknown): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', `FAST: the KDC's armour is refused: ${why}`, { cause })
}
