import {
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type Session,
} from '../sspi/index.js'

/**
 * Encrypts by the context that SPNEGO has established: token, data, padding, one behind the other, which is GSS_Wrap where the
 * mechanism has it.
 */
export function sealMessage(session: Session, plain: Uint8Array): Uint8Array {
  const sizes = session.query(SECPKG_ATTR_SIZES)
  if (sizes === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'CredSSP: the context has no sizes')
  const token = new SecBuffer(SECBUFFER_TOKEN, sizes.securityTrailer)
  const data = new SecBuffer(SECBUFFER_DATA, plain.slice())
  const buffers = [token, data]
  if (sizes.blockSize > 0) buffers.push(new SecBuffer(SECBUFFER_PADDING, sizes.blockSize))
  session.seal(new SecBufferDesc(buffers), 0, 0)
  const sealed = new Uint8Array(buffers.reduce((length, { cbBuffer }) => length + cbBuffer, 0))
  let at = 0
  for (const { bytes } of buffers) {
    sealed.set(bytes, at)
    at += bytes.length
  }
  return sealed
}

/** Decrypts what the peer's {@link sealMessage} made. @throws `SspiError` `SEC_E_MESSAGE_ALTERED` and others of the mechanism. */
export function unsealMessage(session: Session, sealed: Uint8Array): Uint8Array {
  const data = new SecBuffer(SECBUFFER_DATA)
  const unsealed = session.unseal(new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, sealed.slice()), data]), 0)
  if (unsealed.kind === 'message') return data.bytes
  throw new SspiError('SEC_E_INVALID_TOKEN', 'CredSSP: an encrypted field is not a whole message')
}
