import { bytesEqual } from '../bytes/index.js'
import { constantTimeEqual, type SecretBytes } from '../crypto/index.js'
import { SspiError } from '../sspi/index.js'
import { avFlags, readAvPairs, repeatedId, type AvPair } from './av-pairs.js'
import { AvFlag, AvId } from './constants.js'
import { withoutMic, type AuthenticateMessage } from './messages/index.js'
import { pairsOf, type ProvenClient } from './proofs.js'
import { messageIntegrityCode } from './responses.js'

/**
 * By what it is known that nobody changed the messages on their way.
 *
 * - `mic`: all three are what they were.
 * - `echo`: the client sends no MIC, and has seen the target information as it was sent. Its flags may be another's.
 * - `none`: NTLMv1, which says nothing of it.
 */
export type Integrity = 'mic' | 'echo' | 'none'

/** What went to and fro. */
export interface Messages {
  /** Empty in datagram mode. */
  readonly negotiate: Uint8Array
  readonly challenge: Uint8Array
  /** The AV pairs in the CHALLENGE. */
  readonly targetInfo: Uint8Array
  readonly authenticate: Uint8Array
  /** What `authenticate` says. */
  readonly message: AuthenticateMessage
}

/**
 * Checks the MIC where the client announces one. That announcement stands inside what the client's proof covers, so nobody on
 * the way can take the MIC out, and with it change what the NEGOTIATE and CHALLENGE messages said.
 *
 * Clients leave the MIC out where they are shown no MsvAvTimestamp, and whoever changes the CHALLENGE can hide it from them. So
 * a client without a MIC must have repeated our pairs in its proof, as real ones do (old ones that know no MIC copy the list as
 * it is): then it has seen the timestamp, and sends no MIC because it has none.
 *
 * @throws `SspiError` `SEC_E_MESSAGE_ALTERED`.
 */
export function checkIntegrity(client: ProvenClient, exportedSessionKey: SecretBytes, messages: Messages): Integrity {
  if (client.response.kind !== 'v2') return 'none'
  const pairs = pairsOf(client)
  if ((avFlags(pairs) & AvFlag.MIC_PRESENT) === 0) {
    checkEcho(pairs, readAvPairs(messages.targetInfo))
    return 'echo'
  }
  const { negotiate, challenge, authenticate, message } = messages
  const bare = withoutMic(authenticate, message)
  const expected = messageIntegrityCode(exportedSessionKey, negotiate, challenge, bare)
  if (message.mic !== undefined && constantTimeEqual(expected, message.mic)) return 'mic'
  throw new SspiError('SEC_E_MESSAGE_ALTERED', 'NTLM: the MIC does not match the three messages')
}

/** The pairs that only servers write. In which order a client repeats them is its own affair: Heimdal sorts them. */
const SERVERS_OWN: ReadonlySet<number> = new Set([
  AvId.MsvAvNbComputerName,
  AvId.MsvAvNbDomainName,
  AvId.MsvAvDnsComputerName,
  AvId.MsvAvDnsDomainName,
  AvId.MsvAvDnsTreeName,
  AvId.MsvAvTimestamp,
])

function checkEcho(got: readonly AvPair[], sent: readonly AvPair[]): void {
  const repeated = got.filter(({ id }) => SERVERS_OWN.has(id))
  const same = repeated.every((pair) => sent.some(({ id, value }) => id === pair.id && bytesEqual(value, pair.value)))
  // A pair twice is another's in front of the client's own, such as MsvAvFlags that announce no MIC.
  if (same && repeated.length === sent.length && repeatedId(got) === undefined) return
  throw new SspiError(
    'SEC_E_MESSAGE_ALTERED',
    'NTLM: the client sends no MIC, and what it repeats of the CHALLENGE is not what was sent',
  )
}
