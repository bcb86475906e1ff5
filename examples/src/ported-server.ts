// The server of Windows' sample for sockets, call by call. Right of each line: the sample's.
import type { Socket } from 'node:net'
import * as S from 'sspi'
import { receiveMessage, sendMessage } from './messages.js'

/** Authenticates a client, and sends it an encrypted message. Returns who it is, as told while it is impersonated. */
export async function runServer(sspi: S.SecurityFunctionTable, socket: Socket): Promise<string | undefined> {
  const { maxToken } = sspi.querySecurityPackageInfo('Negotiate') // QuerySecurityPackageInfo: cbMaxToken
  const request = { package: 'Negotiate', credentialUse: S.SECPKG_CRED_INBOUND }
  const { credential } = await sspi.acquireCredentialsHandle(request) // AcquireCredentialsHandle
  let step: S.ContextStep | undefined
  while (step?.status !== S.SEC_E_OK) {
    const received = new S.SecBuffer(S.SECBUFFER_TOKEN, await receiveMessage(socket)) // ReceiveMsg
    const token = new S.SecBuffer(S.SECBUFFER_TOKEN, maxToken)
    const [input, output] = [new S.SecBufferDesc([received]), new S.SecBufferDesc([token])]
    const contextReq = S.ASC_REQ_CONFIDENTIALITY
    step = await sspi.acceptSecurityContext({ credential, context: step?.context, contextReq, input, output }) // AcceptSecurityContext
    if (token.cbBuffer > 0) sendMessage(socket, token.bytes) // SendMsg
  }
  const { context } = step
  const { securityTrailer } = sspi.queryContextAttributes(context, S.SECPKG_ATTR_SIZES) // QueryContextAttributes
  const name = sspi.impersonateSecurityContext(
    context, // ImpersonateSecurityContext
    () => sspi.currentAccessToken()?.qualifiedName, // GetUserName, then RevertSecurityContext
  )
  const trailer = new S.SecBuffer(S.SECBUFFER_TOKEN, securityTrailer)
  const data = new S.SecBuffer(S.SECBUFFER_DATA, new TextEncoder().encode('This is your server speaking'))
  sspi.encryptMessage(context, 0, new S.SecBufferDesc([trailer, data])) // EncryptMessage
  sendMessage(socket, Buffer.concat([trailer.bytes, data.bytes])) // SendBytes
  sspi.deleteSecurityContext(context) // DeleteSecurityContext
  sspi.freeCredentialsHandle(credential) // FreeCredentialsHandle
  return name
}
