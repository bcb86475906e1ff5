import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_REPLAY_DETECT,
  ASC_REQ_SEQUENCE_DETECT,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DELEGATE,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_RET_MUTUAL_AUTH,
  qualifiedName,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SspiError,
  type ContextStep,
  type CredHandle,
  type CtxtHandle,
  type SecurityFunctionTable,
} from 'sspi'
import { decodeToken, type DecodedNode } from 'sspi/decode'
import type { Connection, ConnectionPair } from './connection.js'
import type { Stage } from './stage.js'
import { DEMO_USER, type Scenario } from './scenarios.js'

/** One end of an established context. */
export interface End {
  readonly side: 'client' | 'server'
  readonly sspi: SecurityFunctionTable
  readonly credential: CredHandle
  readonly context: CtxtHandle
  /** `ISC_RET_…` or `ASC_RET_…`. */
  readonly contextAttr: number
  readonly connection: Connection
}

/** Both ends of an established context. */
export interface Established {
  readonly client: End
  readonly server: End
}

type Step = (
  context: CtxtHandle | undefined,
  input: SecBufferDesc | undefined,
  output: SecBufferDesc,
) => Promise<ContextStep>

/** Credentials for both sides, then tokens to and fro until both contexts stand, then what each knows of the other. */
export async function establish(stage: Stage, pair: ConnectionPair): Promise<Established> {
  const { scenario, narrator, progress } = stage
  const { credentials } = stage
  const outbound = { package: scenario.package, credentialUse: SECPKG_CRED_OUTBOUND, authData: credentials.client }
  const { credential: clientCredential } = await stage.client.acquireCredentialsHandle(outbound)
  narrator.say('client: acquireCredentialsHandle(SECPKG_CRED_OUTBOUND)', `${DEMO_USER.domain}\\${DEMO_USER.user}`)
  const inbound = { package: scenario.package, credentialUse: SECPKG_CRED_INBOUND, authData: credentials.server }
  const { credential: serverCredential } = await stage.server.acquireCredentialsHandle(inbound)
  narrator.say('server: acquireCredentialsHandle(SECPKG_CRED_INBOUND)')

  const [client, server] = await Promise.all([
    begin(stage, 'client', clientCredential, pair.client),
    begin(stage, 'server', serverCredential, pair.server),
  ])
  progress.mechanism = client.sspi.queryContextAttributes(client.context, SECPKG_ATTR_PACKAGE_INFO).name
  progress.client = qualifiedName(server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_ACCESS_TOKEN).user)
  // The server's view: the client's word for it has crossed under the protection of the exchange.
  const target = server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)
  progress.server = target.targetName
  progress.mutual = (client.contextAttr & ISC_RET_MUTUAL_AUTH) !== 0
  const keys = client.sspi.queryContextAttributes(client.context, SECPKG_ATTR_KEY_INFO)
  narrator.say('mechanism', progress.mechanism)
  narrator.say('the server knows the client as', progress.client)
  narrator.say('the client knows the server', progress.mutual ? 'by its proof' : 'by nothing: NTLM cannot')
  narrator.say('the client asked for the server as', progress.server)
  narrator.say('protection', `${keys.encryptAlgorithmName} ${keys.keySize} bits, ${keys.signatureAlgorithmName}`)
  return { client, server }
}

/** Mutual authentication and delegation come where the mechanism has them. */
const CLIENT_WISHES =
  ISC_REQ_CONFIDENTIALITY |
  ISC_REQ_INTEGRITY |
  ISC_REQ_REPLAY_DETECT |
  ISC_REQ_SEQUENCE_DETECT |
  ISC_REQ_MUTUAL_AUTH |
  ISC_REQ_DELEGATE

/** One side from its first call to its established context. */
async function begin(stage: Stage, side: End['side'], credential: CredHandle, connection: Connection): Promise<End> {
  const sspi = stage[side]
  const { scenario } = stage
  const step: Step =
    side === 'client'
      ? (context, input, output) =>
          sspi.initializeSecurityContext({
            credential,
            context,
            targetName: scenario.targetName,
            contextReq: CLIENT_WISHES,
            input,
            output,
          })
      : (context, input, output) =>
          sspi.acceptSecurityContext({
            credential,
            context,
            input: input ?? new SecBufferDesc([]),
            contextReq: ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT,
            output,
          })
  try {
    const { context, contextAttr } = await converse(stage, side, connection, step)
    return { side, sspi, credential, context, contextAttr, connection }
  } catch (error) {
    // The other side waits for a token that will not come.
    connection[Symbol.dispose]()
    throw error
  }
}

/** CredSSP's own messages are in records of TLS, from the client's one on that ends the handshake. */
function within({ label }: DecodedNode, { mechanism }: Scenario): string | undefined {
  const isRecord = /^TLS (change_cipher_spec, )?application_data/.test(label)
  return mechanism === 'CREDSSP' && isRecord ? 'CredSSP TSRequest' : undefined
}

/** The loop that every application of SSPI has: call, send what came out, wait for the answer. */
async function converse(stage: Stage, side: End['side'], connection: Connection, step: Step): Promise<ContextStep> {
  const { maxToken } = stage[side].querySecurityPackageInfo(stage.scenario.package)
  let context: CtxtHandle | undefined
  let received = side === 'client' ? undefined : await connection.receive()
  for (;;) {
    const input = received === undefined ? undefined : new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, received)])
    const output = new SecBuffer(SECBUFFER_TOKEN, maxToken)
    const outcome = await step(context, input, new SecBufferDesc([output]))
    const { status } = outcome
    context = outcome.context
    if (output.cbBuffer > 0) {
      const number = ++stage.progress.legs
      const token = decodeToken(output.bytes)
      stage.narrator.leg({ number, from: side, token, within: within(token, stage.scenario) })
      connection.send(output.bytes)
    } else if (status === SEC_I_CONTINUE_NEEDED) {
      // With Digest the server speaks first: the client tells it to.
      connection.send(output.bytes)
    }
    if (status === SEC_E_OK) return outcome
    if (status !== SEC_I_CONTINUE_NEEDED) {
      throw new SspiError('SEC_E_INTERNAL_ERROR', `${side}: status 0x${status.toString(16)} is not one of the demo's`)
    }
    received = await connection.receive()
  }
}
