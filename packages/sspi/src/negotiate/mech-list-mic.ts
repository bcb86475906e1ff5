import {
  SecBuffer,
  SecBufferDesc,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SspiError,
  type Session,
} from '../sspi/index.js'

declare const brand: unique symbol

/**
 * That the list of mechanisms is known to be the one that the initiator sent, or need not be known: nothing else lets
 * a negotiation finish.
 */
export interface MechListProof {
  readonly [brand]: 'MechListProof'
}

/** Makes the mechListMIC: the session's signature over the MechTypeList as it was on the wire (RFC 4178 §5 a). */
export function makeMechListMic(session: Session, mechTypeList: Uint8Array): Uint8Array {
  const sizes = session.query(SECPKG_ATTR_SIZES)
  if (sizes === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'mechListMIC: the mechanism names no sizes')
  const token = new SecBuffer(SECBUFFER_TOKEN, sizes.maxSignature)
  session.sign(new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, mechTypeList), token]), 0, 0)
  // MS-SPNG 3.2.5.1 and 3.3.5.1: NTLM's RC4 state starts anew for the messages that follow.
  session.mechListMic?.resetKeys?.('sent')
  return new Uint8Array(token.bytes)
}

/**
 * Checks the peer's mechListMIC.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED`: the list that was sent is not the list that came.
 */
export function verifyMechListMic(session: Session, mechTypeList: Uint8Array, mic: Uint8Array): MechListProof {
  // A copy, and a real one where it is a Buffer's: checking a signature may work in place.
  const token = new SecBuffer(SECBUFFER_TOKEN, new Uint8Array(mic))
  const buffers = [new SecBuffer(SECBUFFER_DATA, mechTypeList), token]
  try {
    session.verify(new SecBufferDesc(buffers), 0)
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    const message = 'mechListMIC: it is not right: the list of mechanisms, or the MIC itself, was changed on the way'
    throw new SspiError('SEC_E_MESSAGE_ALTERED', message, { cause })
  }
  session.mechListMic?.resetKeys?.('received')
  return proven()
}

/**
 * Lets a negotiation finish without the peer's mechListMIC.
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is required.
 */
export function finishWithoutMic(required: boolean): MechListProof {
  if (!required) return proven()
  throw new SspiError('SEC_E_MESSAGE_ALTERED', 'mechListMIC: it is required, and the peer sent none')
}

// The type says so, and only this file can.
function proven(): MechListProof {
  return {} as MechListProof
}
