import assert from 'node:assert/strict'
import { fromHex } from '../../src/bytes/index.js'
import {
  AvFlag,
  dateToFileTime,
  keyExchangeKey,
  messageIntegrityCode,
  NegotiateFlag,
  ntowfv1,
  ntowfv2,
  ntProofStr,
  readAuthenticate,
  readAvPairs,
  readChallenge,
  sessionBaseKeyV2,
  withoutMic,
  writeAuthenticate,
  writeAvPairs,
  writeNegotiate,
  type AvPair,
  type NtlmOptions,
} from '../../src/ntlm/index.js'
import { flagsPair } from '../../src/ntlm/av-pairs.js'
import { lmv2Response, ntlmv1Response, rc4Once, sessionBaseKeyV1, writeTemp } from '../../src/ntlm/responses.js'
import type { Account, ChannelBindings, Step } from '../../src/sspi/index.js'
import { acceptor, ALICES_ACCOUNT, NOW, testWorld, tokenOf, type WorldOptions } from './both-sides.js'

export const PASSWORD = 'Passw0rd!'
/** What Windows' clients offer when they are asked to sign and to seal. */
export const ORDINARY = 0xe208_8237

/** How a client of the test's own answers; everything has a default that is let in. */
export interface Client {
  readonly offered?: number
  readonly flags?: (agreed: number) => number
  readonly user?: string
  readonly domain?: string
  /** The domain in the response key, where it is another. */
  readonly keyDomain?: string
  readonly password?: string
  readonly response?: 'v2' | 'v1' | 'lmv2' | 'lm' | 'none'
  /** What it repeats of the server's pairs. Default: all of them, as they came. */
  readonly repeat?: (pairs: readonly AvPair[]) => readonly AvPair[]
  /** What it has to say besides. */
  readonly pairs?: readonly AvPair[]
  readonly announceMic?: boolean
  readonly sendMic?: boolean
  readonly version?: boolean
  readonly time?: Date
  readonly key?: Uint8Array
  readonly tamper?: (token: Uint8Array) => void
}

export interface Server {
  readonly options?: Partial<NtlmOptions>
  readonly contextReq?: number
  readonly world?: WorldOptions
  readonly account?: Account | undefined
  readonly bindings?: ChannelBindings
  /** Changes the CHALLENGE on its way. */
  readonly onTheWay?: (challenge: Uint8Array) => void
}

/** Has a client answer an acceptor; gives what the acceptor's last step comes to. */
export function answer(
  client: Client = {},
  server: Server = {},
): { readonly step: Step; readonly key: Uint8Array; readonly asked: number } {
  const world = testWorld(server.world)
  const side = acceptor({ server: server.options ?? {}, acceptReq: server.contextReq ?? 0 }, world)
  const { offered = ORDINARY } = client
  const version = fromHex('0601b11d0000000f')
  const negotiate = writeNegotiate({ flags: offered, domain: '', workstation: '', version })
  const first = side.step({ kind: 'token', token: negotiate, channelBindings: server.bindings })
  const challengeToken = new Uint8Array(tokenOf(first))
  server.onTheWay?.(challengeToken)
  const { token, key } = authenticate(client, negotiate, challengeToken)
  client.tamper?.(token)
  const step = side.step({ kind: 'token', token, channelBindings: undefined })
  if (step.kind !== 'ask') return { step, key, asked: 0 }
  assert.deepEqual(step.ask.query, { user: client.user ?? 'alice', domain: client.domain ?? 'CONTOSO' })
  const account = 'account' in server ? server.account : ALICES_ACCOUNT
  return { step: side.step({ kind: 'answer', answer: { effect: 'account', value: account } }), key, asked: 1 }
}

export function authenticate(
  client: Client,
  negotiate: Uint8Array,
  challengeToken: Uint8Array,
): { token: Uint8Array; key: Uint8Array } {
  const { user = 'alice', domain = 'CONTOSO', password = PASSWORD, response = 'v2' } = client
  const { announceMic = true, sendMic = announceMic } = client
  const { flags: agreed, serverChallenge, targetInfo } = readChallenge(challengeToken)
  const flags = (client.flags ?? ((given) => given))(agreed) >>> 0
  const ntHash = ntowfv1(password)
  const responseKey = ntowfv2(ntHash, user, client.keyDomain ?? domain)
  const clientChallenge = new Uint8Array(8).fill(0xc1)
  let ntResponse: Uint8Array = new Uint8Array(0)
  let lmResponse: Uint8Array = new Uint8Array(24)
  let base: Uint8Array
  if (response === 'v2') {
    const repeat = client.repeat ?? ((pairs) => pairs)
    const pairs = [...repeat(readAvPairs(targetInfo)), ...(client.pairs ?? [])]
    if (announceMic) pairs.push(flagsPair(AvFlag.MIC_PRESENT))
    const temp = writeTemp(dateToFileTime(client.time ?? NOW), clientChallenge, writeAvPairs(pairs))
    const proof = ntProofStr(responseKey, serverChallenge, temp)
    ntResponse = Uint8Array.from([...proof, ...temp])
    base = sessionBaseKeyV2(responseKey, proof)
  } else if (response === 'v1') {
    const extended = (flags & NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY) !== 0
    ntResponse = ntlmv1Response(ntHash, serverChallenge, extended ? clientChallenge : undefined)
    lmResponse.set(extended ? clientChallenge : ntResponse)
    base = keyExchangeKey({
      flags,
      ntlmVersion: 1,
      sessionBaseKey: sessionBaseKeyV1(ntHash),
      lmResponse,
      serverChallenge,
    })
  } else {
    if (response === 'lmv2') lmResponse = lmv2Response(responseKey, serverChallenge, clientChallenge)
    if (response === 'lm') lmResponse = new Uint8Array(24).fill(1)
    base = sessionBaseKeyV2(responseKey, lmResponse.subarray(0, 16))
  }
  const exchange = (flags & NegotiateFlag.NEGOTIATE_KEY_EXCH) !== 0
  const key = exchange ? new Uint8Array(16).fill(0x5a) : base
  const token = writeAuthenticate({
    ntResponse,
    lmResponse,
    domain,
    user,
    workstation: 'WS',
    encryptedRandomSessionKey: client.key ?? (exchange ? rc4Once(base, key) : new Uint8Array(0)),
    flags,
    version: fromHex('0601b11d0000000f'),
    mic: sendMic ? new Uint8Array(16) : undefined,
  })
  const message = readAuthenticate(token)
  if (sendMic) message.mic!.set(messageIntegrityCode(key, negotiate, challengeToken, withoutMic(token, message)))
  return { token, key }
}
