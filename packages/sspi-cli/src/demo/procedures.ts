import {
  SECBUFFER_DATA,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SspiError,
} from 'sspi'
import { connectToSelf } from './connection.js'
import { useDelegation } from './delegation.js'
import { establish, type Established } from './establish.js'
import { protectMessages } from './messages.js'
import type { Narrator } from './narrator.js'
import { protectRecords } from './records.js'
import type { Stage } from './stage.js'

/** The five procedures, over a TCP connection of their own. */
export async function runProcedures(stage: Stage): Promise<void> {
  const { narrator } = stage
  narrator.procedure(1, 'Buffers')
  showBuffers(narrator)
  narrator.procedure(2, 'Initialising')
  showPackages(stage)
  narrator.procedure(3, 'Establishing a secure connection with authentication')
  const pair = await connectToSelf()
  try {
    narrator.say('TCP connection', `${pair.client.remote} ↔ ${pair.server.remote}`)
    const established = await establish(stage, pair)
    narrator.procedure(4, 'Integrity and privacy of messages')
    const protect = stage.scenario.protection === 'records' ? protectRecords : protectMessages
    await protect(established, narrator, stage.progress)
    if (stage.acceptBackend !== undefined) {
      const name = await useDelegation(established.server, stage.scenario, stage.acceptBackend(), narrator)
      stage.progress.delegated = name === stage.progress.client
    }
    narrator.procedure(5, 'Ending the session')
    end(established, stage)
  } finally {
    pair.client[Symbol.dispose]()
    pair.server[Symbol.dispose]()
  }
}

/** Typed pieces of the caller's memory, in the order in which the caller likes them. */
function showBuffers(narrator: Narrator): void {
  const message = new SecBufferDesc([
    new SecBuffer(SECBUFFER_TOKEN, 16),
    new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, new TextEncoder().encode('header')),
    new SecBuffer(SECBUFFER_DATA, new TextEncoder().encode('the message')),
  ])
  narrator.say(`SecBufferDesc, version ${message.ulVersion}, ${message.cBuffers} buffers:`)
  for (const buffer of message.buffers) {
    const type = buffer.type === SECBUFFER_TOKEN ? 'SECBUFFER_TOKEN' : 'SECBUFFER_DATA'
    const attribute = buffer.readOnlyWithChecksum ? ' | SECBUFFER_READONLY_WITH_CHECKSUM' : ''
    narrator.say(`  ${type}${attribute}`, `${buffer.cbBuffer} bytes`)
  }
}

function showPackages({ client, scenario, narrator }: Stage): void {
  const names = client.enumerateSecurityPackages().map(({ name }) => name)
  narrator.say('enumerateSecurityPackages()', names.join(', '))
  const { maxToken, rpcId, version } = client.querySecurityPackageInfo(scenario.package)
  const about = `version ${version}, RPC id ${rpcId}, largest token ${maxToken} bytes`
  narrator.say(`querySecurityPackageInfo('${scenario.package}')`, about)
}

/** Deletes contexts and credentials on both sides, and looks whether they are gone. */
function end(established: Established, { narrator, progress }: Stage): void {
  const gone = [established.client, established.server].map(({ sspi, context, credential, side }) => {
    sspi.deleteSecurityContext(context)
    sspi.freeCredentialsHandle(credential)
    narrator.say(`${side}: deleteSecurityContext, freeCredentialsHandle`)
    return [() => sspi.deleteSecurityContext(context), () => sspi.freeCredentialsHandle(credential)].every(isInvalid)
  })
  progress.ended = gone.every(Boolean)
  narrator.say(
    'using either handle again',
    progress.ended ? 'SEC_E_INVALID_HANDLE' : 'is possible, which it must not be',
  )
}

function isInvalid(call: () => void): boolean {
  try {
    call()
    return false
  } catch (error) {
    return error instanceof SspiError && error.code === 'SEC_E_INVALID_HANDLE'
  }
}
