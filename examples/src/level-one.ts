// Level 1, as a developer with sspi.h in mind writes it: buffers, function table, credentials, contexts, messages, end.
import {
  ASC_REQ_CONFIDENTIALITY,
  initSecurityInterface,
  ISC_REQ_CONFIDENTIALITY,
  passwordCredential,
  SEC_E_OK,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  type ContextStep,
  type SecurityFunctionTable,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'

const PACKAGE = 'NTLM'

/** Establishes a context in this process, sends one encrypted message, and says what came of it. */
export async function run(): Promise<string> {
  const accounts = memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'correct horse' }])
  const sspi = initSecurityInterface({ accounts })
  const authData = passwordCredential({ user: 'CONTOSO\\alice', password: 'correct horse' })
  const outbound = { package: PACKAGE, credentialUse: SECPKG_CRED_OUTBOUND, authData }
  const { credential: ofClient } = await sspi.acquireCredentialsHandle(outbound)
  const inbound = { package: PACKAGE, credentialUse: SECPKG_CRED_INBOUND }
  const { credential: ofServer } = await sspi.acquireCredentialsHandle(inbound)
  let client: ContextStep | undefined
  let server: ContextStep | undefined
  try {
    let token: SecBuffer | undefined // what the other side sent last
    while (client?.status !== SEC_E_OK || server?.status !== SEC_E_OK) {
      const fromClient = new SecBuffer(SECBUFFER_TOKEN, sspi.querySecurityPackageInfo(PACKAGE).maxToken)
      client = await sspi.initializeSecurityContext({
        credential: ofClient,
        context: client?.context,
        targetName: 'HTTP/www.contoso.com',
        contextReq: ISC_REQ_CONFIDENTIALITY,
        input: token && new SecBufferDesc([token]),
        output: new SecBufferDesc([fromClient]),
      })
      if (fromClient.cbBuffer === 0) break
      token = new SecBuffer(SECBUFFER_TOKEN)
      server = await sspi.acceptSecurityContext({
        credential: ofServer,
        context: server?.context,
        contextReq: ASC_REQ_CONFIDENTIALITY,
        input: new SecBufferDesc([fromClient]),
        output: new SecBufferDesc([token]), // without memory of its own: the package allocates
      })
    }
    if (server === undefined) throw new SspiError('SEC_E_INTERNAL_ERROR', 'the client had nothing to say')
    const message = exchangeMessage(sspi, client, server, 'attack at dawn')
    const { userName } = sspi.queryContextAttributes(server.context, SECPKG_ATTR_NAMES)
    return `${userName} says: ${message}`
  } finally {
    if (client !== undefined) sspi.deleteSecurityContext(client.context)
    if (server !== undefined) sspi.deleteSecurityContext(server.context)
    sspi.freeCredentialsHandle(ofClient)
    sspi.freeCredentialsHandle(ofServer)
  }
}

function exchangeMessage(sspi: SecurityFunctionTable, client: ContextStep, server: ContextStep, text: string): string {
  const { securityTrailer } = sspi.queryContextAttributes(client.context, SECPKG_ATTR_SIZES)
  const token = new SecBuffer(SECBUFFER_TOKEN, securityTrailer)
  const data = new SecBuffer(SECBUFFER_DATA, new TextEncoder().encode(text))
  const message = new SecBufferDesc([token, data])
  sspi.encryptMessage(client.context, 0, message) // in place: `data` now holds what goes over the wire
  sspi.decryptMessage(server.context, message)
  return new TextDecoder().decode(data.bytes)
}

if (import.meta.filename === process.argv[1]) {
  try {
    console.log(await run())
  } catch (error) {
    if (!(error instanceof SspiError)) throw error
    console.error(`${error.code}: ${error.message}`)
    process.exitCode = 1
  }
}
