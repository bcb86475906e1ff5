// The client of Windows' sample for sockets, call by call.                                            // In the sample:
import type { Socket } from 'node:net'
import * as S from 'sspi'
import { receiveMessage, sendMessage } from './messages.js'

const REQUEST = S.ISC_REQ_CONFIDENTIALITY | S.ISC_REQ_REPLAY_DETECT | S.ISC_REQ_SEQUENCE_DETECT

/** Authenticates, and returns the message that the server sends encrypted. */
export async function runClient(
  sspi: S.SecurityFunctionTable, // InitSecurityInterface
  socket: Socket, // ConnectAuthSocket
  authData: S.CredentialValue, // SEC_WINNT_AUTH_IDENTITY
  targetName: string,
): Promise<string> {
  const { maxToken } = sspi.querySecurityPackageInfo('Negotiate') // QuerySecurityPackageInfo: cbMaxToken
  const request = { package: 'Negotiate', credentialUse: S.SECPKG_CRED_OUTBOUND, authData }
  const { credential } = await sspi.acquireCredentialsHandle(request) // AcquireCredentialsHandle
  let step: S.ContextStep | undefined
  while (step?.status !== S.SEC_E_OK) {
    const input = step && new S.SecBufferDesc([new S.SecBuffer(S.SECBUFFER_TOKEN, await receiveMessage(socket))]) // ReceiveMsg
    const token = new S.SecBuffer(S.SECBUFFER_TOKEN, maxToken)
    const output = new S.SecBufferDesc([token])
    const common = { credential, context: step?.context, targetName, contextReq: REQUEST, input, output }
    step = await sspi.initializeSecurityContext(common) // InitializeSecurityContext
    if (token.cbBuffer > 0) sendMessage(socket, token.bytes) // SendMsg
  }
  const { context } = step
  const { securityTrailer } = sspi.queryContextAttributes(context, S.SECPKG_ATTR_SIZES) // QueryContextAttributes
  const message = await receiveMessage(socket) // ReceiveBytes
  const trailer = new S.SecBuffer(S.SECBUFFER_TOKEN, message.subarray(0, securityTrailer))
  const data = new S.SecBuffer(S.SECBUFFER_DATA, message.subarray(securityTrailer))
  sspi.decryptMessage(context, new S.SecBufferDesc([data, trailer])) // DecryptMessage
  sspi.deleteSecurityContext(context) // DeleteSecurityContext
  sspi.freeCredentialsHandle(credential) // FreeCredentialsHandle
  return new TextDecoder().decode(data.bytes)
}
