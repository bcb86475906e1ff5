import { dateToFileTime, secondsBetween } from '../bytes/index.js'
import { secretBytes, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS,
  ASC_REQ_ALLOW_NULL_SESSION,
  ASC_REQ_DATAGRAM,
  ASC_RET_DATAGRAM,
  attributesOfBindings,
  identityFrom,
  qualifiedName,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_PACKAGE_INFO,
  SspiError,
  NTLMSP_NAME,
  type AcceptRequest,
  type Account,
  type Answer,
  type AttributeTable,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Identity,
  type Input,
  type SecPkgInfo,
  type Step,
  type World,
} from '../sspi/index.js'
import { textPair, timestampPair, writeAvPairs, type AvPair } from './av-pairs.js'
import { AvId, NegotiateFlag, OUR_VERSION } from './constants.js'
import { achievedAttributes, requireDemanded, requireStrong } from './context-attributes.js'
import { hasFlag } from './flags.js'
import { tokenOf } from './inputs.js'
import { checkIntegrity, type Integrity } from './integrity.js'
import { readAuthenticate, readNegotiate, writeChallenge, type AuthenticateMessage } from './messages/index.js'
import type { HostNames, NtlmSettings } from './options.js'
import { checkProof, type ClientResponse, type ProvenClient } from './proofs.js'
import { checkBindings, checkTarget, claimedTarget } from './protection-policy.js'
import { rc4Once, readNtResponse } from './responses.js'
import { NtlmSession } from './session.js'

/** What was sent, and what the client's answer is held against. */
interface Challenged {
  /** The client's message as it came; empty in datagram mode. */
  readonly negotiate: Uint8Array
  readonly challenge: Uint8Array
  readonly serverChallenge: Uint8Array
  readonly targetName: string
  readonly targetInfo: Uint8Array
  /** What was agreed to, at most. */
  readonly flags: number
}

/** An AUTHENTICATE message that waits for its account. */
interface Answered {
  /** As it came. */
  readonly authenticate: Uint8Array
  readonly message: AuthenticateMessage
  readonly response: ClientResponse
  readonly flags: number
}

type State =
  | { readonly at: 'start' }
  | { readonly at: 'expect-authenticate'; readonly challenged: Challenged }
  | { readonly at: 'expect-account'; readonly challenged: Challenged; readonly answered: Answered }
  | { readonly at: 'over' }

/** Who a context belongs to, and by which key. */
interface Client {
  readonly identity: Identity
  readonly user: string
  readonly domain: string
  readonly exportedSessionKey: SecretBytes
  readonly micUsed: boolean
  readonly targetName: string
  readonly flags: number
  /** `ASC_RET_…` beyond what the flags say. */
  readonly attributes: number
}

/**
 * The server's side of an exchange, MS-NLMP 3.2.5. It draws its randomness in this order: the server challenge (8 bytes), the
 * secret of nobody (16 bytes), the number of the log-on (8 bytes).
 */
export class NtlmAcceptor implements Exchange {
  readonly #contextReq: number
  readonly #settings: NtlmSettings
  readonly #info: SecPkgInfo
  readonly #world: World
  #contextAttr: number
  #channelBindings: ChannelBindings | undefined
  #state: State = { at: 'start' }

  constructor(request: AcceptRequest, settings: NtlmSettings, info: SecPkgInfo, world: World) {
    this.#contextReq = request.contextReq
    this.#settings = settings
    this.#info = info
    this.#world = world
    this.#contextAttr = this.#datagram ? ASC_RET_DATAGRAM : 0
  }

  get contextAttr(): number {
    return this.#contextAttr
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    if (input.kind === 'token') this.#channelBindings = input.channelBindings ?? this.#channelBindings
    switch (state.at) {
      case 'start':
        return this.#challenge(this.#datagram ? optionalToken(input) : tokenOf(input, 'NEGOTIATE'))
      case 'expect-authenticate':
        return this.#read(state.challenged, tokenOf(input, 'AUTHENTICATE'))
      case 'expect-account':
        return this.#accept(state.challenged, state.answered, accountOf(input))
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'NTLM: the exchange is over')
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const table: AttributeTable = {
      [SECPKG_ATTR_PACKAGE_INFO]: () => this.#info,
      [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'no' }),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    this.#state = { at: 'over' }
  }

  get #datagram(): boolean {
    return (this.#contextReq & ASC_REQ_DATAGRAM) !== 0
  }

  /** Answers a NEGOTIATE message, or begins in datagram mode: MS-NLMP 3.2.5.1.1 and 3.2.5.2.1. */
  #challenge(negotiate: Uint8Array | undefined): Step {
    const offered = negotiate === undefined ? SUPPORTED : readNegotiate(negotiate).flags
    const flags = this.#agree(offered)
    const { host } = this.#settings
    const inDomain = host.netbiosDomain !== host.netbiosName
    const targetName = inDomain ? host.netbiosDomain : host.netbiosName
    const targetInfo = writeAvPairs([...hostPairs(host), timestampPair(dateToFileTime(this.#world.now()))])
    const serverChallenge = this.#world.random(8)
    const targetType = inDomain ? NegotiateFlag.TARGET_TYPE_DOMAIN : NegotiateFlag.TARGET_TYPE_SERVER
    const wantsTarget = hasFlag(flags, NegotiateFlag.REQUEST_TARGET)
    const challenge = writeChallenge({
      targetName: wantsTarget ? targetName : '',
      flags: (flags | (wantsTarget ? targetType : 0)) >>> 0,
      serverChallenge,
      targetInfo,
      version: OUR_VERSION,
    })
    this.#state = {
      at: 'expect-authenticate',
      challenged: { negotiate: negotiate ?? NOTHING, challenge, serverChallenge, targetName, targetInfo, flags },
    }
    return { kind: 'continue', token: challenge, consumed: negotiate?.length ?? 0 }
  }

  /** The flags that both sides have, if that is enough. */
  #agree(offered: number): number {
    const { NEGOTIATE_UNICODE, NEGOTIATE_OEM, NEGOTIATE_DATAGRAM, NEGOTIATE_NTLM } = NegotiateFlag
    const { NEGOTIATE_TARGET_INFO, NEGOTIATE_VERSION } = NegotiateFlag
    let flags = offered & (this.#datagram ? SUPPORTED | NEGOTIATE_DATAGRAM : SUPPORTED)
    if (hasFlag(flags, NEGOTIATE_UNICODE)) flags &= ~NEGOTIATE_OEM
    else if (!hasFlag(flags, NEGOTIATE_OEM)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'NEGOTIATE: NegotiateFlags: neither UNICODE nor OEM')
    }
    // As Windows: these are said whether asked for or not. NTLMv2 needs the target information.
    flags |= NEGOTIATE_NTLM | NEGOTIATE_TARGET_INFO | NEGOTIATE_VERSION
    if (this.#datagram) flags |= NEGOTIATE_DATAGRAM
    this.#requireEnough(flags)
    return flags >>> 0
  }

  #requireEnough(flags: number): void {
    const { NEGOTIATE_SIGN, NEGOTIATE_SEAL } = NegotiateFlag
    const protectsMessages = (flags & (NEGOTIATE_SIGN | NEGOTIATE_SEAL)) !== 0
    // Where no messages are to be protected, clients without these are let be (curl): NTLMv2 proves the same without.
    if (protectsMessages && !this.#settings.insecureAllowNtlmV1) {
      requireStrong('client', flags, ['NEGOTIATE_EXTENDED_SESSIONSECURITY', 'NEGOTIATE_128'])
    }
    // A datagram's sealing key is defined with extended session security only (MS-NLMP 3.4.3).
    if (this.#datagram) requireStrong('client', flags, ['NEGOTIATE_EXTENDED_SESSIONSECURITY'])
    requireDemanded('acceptor', flags, this.#contextReq)
  }

  /** Reads an AUTHENTICATE message: MS-NLMP 3.2.5.1.2, up to where the account is needed. */
  #read(challenged: Challenged, token: Uint8Array): Step {
    const message = readAuthenticate(token)
    const { user, domain } = message
    const flags = (message.flags & challenged.flags) >>> 0
    if (isAnonymous(message)) return this.#acceptAnonymous(challenged, message, flags, token.length)
    this.#requireEnough(flags)
    const response = this.#responseOf(message)
    this.#state = { at: 'expect-account', challenged, answered: { authenticate: token, message, response, flags } }
    return { kind: 'ask', ask: { effect: 'account', query: { user, domain } } }
  }

  #responseOf(message: AuthenticateMessage): ClientResponse {
    const response = readNtResponse(message.ntResponse)
    if (response.kind === 'v2') return response
    if (!this.#settings.insecureAllowNtlmV1) {
      throw new SspiError(
        'SEC_E_LOGON_DENIED',
        'NTLM: the client answered by LM, LMv2 or NTLMv1 alone, which only insecureAllowNtlmV1 lets in',
      )
    }
    if (response.kind === 'v1') {
      if (message.lmResponse.length === LM_RESPONSE_LENGTH) return response
    } else if (message.lmResponse.length === LM_RESPONSE_LENGTH) {
      return { kind: 'lmv2', response: message.lmResponse }
    }
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `AUTHENTICATE: LmChallengeResponse: ${message.lmResponse.length} bytes, 24 expected`,
    )
  }

  /** MS-NLMP 3.2.5.1.2, from the account on. What is wrong is told apart only after the client's proof. */
  #accept(challenged: Challenged, answered: Answered, account: Account | undefined): Step {
    const { message, response } = answered
    const { serverChallenge } = challenged
    const decoy = this.#world.random(16)
    const client = checkProof(account, { message, response, serverChallenge, flags: answered.flags, decoy })
    let exportedSessionKey: SecretBytes | undefined
    try {
      exportedSessionKey = exportedKey(client, message, answered.flags)
      const integrity = checkIntegrity(client, exportedSessionKey, { ...challenged, ...answered })
      this.#checkTime(client)
      const attributes = this.#checkBindings(client, integrity)
      const target = claimedTarget(client, integrity)
      checkTarget(target, this.#world.policy)
      return this.#done(challenged, answered.authenticate.length, {
        identity: identityFrom(client.account.identity, 'account-database', 'local'),
        user: message.user,
        domain: message.domain,
        exportedSessionKey,
        micUsed: integrity === 'mic',
        // The word of someone in between is not to be quoted.
        targetName: target.trust === 'planted' ? '' : target.name,
        flags: answered.flags,
        attributes,
      })
    } catch (error) {
      wipe(exportedSessionKey)
      throw error
    } finally {
      wipe(client.keyExchangeKey)
    }
  }

  #checkTime(client: ProvenClient): void {
    if (client.response.kind !== 'v2') return
    const limit = this.#settings.maxTimestampSkewSeconds
    const skew = secondsBetween(client.response.timestamp, dateToFileTime(this.#world.now()))
    if (skew <= limit) return
    throw new SspiError('SEC_E_TIME_SKEW', `NTLM: the client's clock is ${Math.round(skew)} s off, ${limit} s allowed`)
  }

  #checkBindings(client: ProvenClient, integrity: Integrity): number {
    const mayBeMissing = (this.#contextReq & ASC_REQ_ALLOW_MISSING_BINDINGS) !== 0
    const own = this.#channelBindings
    return attributesOfBindings(own, NTLMSP_NAME, this.#world, () =>
      checkBindings(client, integrity, own, this.#world.policy, mayBeMissing),
    )
  }

  #acceptAnonymous(challenged: Challenged, message: AuthenticateMessage, agreed: number, consumed: number): Step {
    const allowed = this.#settings.allowAnonymous || (this.#contextReq & ASC_REQ_ALLOW_NULL_SESSION) !== 0
    if (!allowed) {
      throw new SspiError(
        'SEC_E_LOGON_DENIED',
        'NTLM: the client is anonymous; only allowAnonymous or ASC_REQ_ALLOW_NULL_SESSION lets it in',
      )
    }
    // MS-NLMP 3.4: there is no session security for the anonymous, as their key is no secret.
    const flags = ((agreed & ~SESSION_SECURITY) | NegotiateFlag.ANONYMOUS) >>> 0
    requireDemanded('acceptor', flags, this.#contextReq)
    return this.#done(challenged, consumed, {
      identity: ANONYMOUS,
      user: message.user,
      domain: message.domain,
      exportedSessionKey: secretBytes(16),
      micUsed: false,
      targetName: '',
      flags,
      attributes: 0,
    })
  }

  #done(challenged: Challenged, consumed: number, client: Client): Step {
    const { flags, identity, targetName } = client
    this.#contextAttr = (achievedAttributes('acceptor', flags, this.#contextReq) | client.attributes) >>> 0
    const session = new NtlmSession(
      {
        side: 'acceptor',
        flags,
        contextAttr: this.#contextAttr,
        exportedSessionKey: client.exportedSessionKey,
        micUsed: client.micUsed,
        start: this.#world.now(),
        user: identity.name,
        domain: identity.domain,
        serverName: challenged.targetName,
        targetName,
        targetInfo: challenged.targetInfo,
        peer: identity,
      },
      this.#info,
    )
    this.#world.emit({
      kind: 'weak-mechanism-used',
      mechanism: this.#info.name,
      side: 'acceptor',
      user: qualifiedName(identity),
      target: targetName === '' ? undefined : targetName,
    })
    return { kind: 'done', token: undefined, consumed, session }
  }
}

const NOTHING = new Uint8Array(0)
const LM_RESPONSE_LENGTH = 24
const KEY_LENGTH = 16

const SESSION_SECURITY = NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL | NegotiateFlag.NEGOTIATE_KEY_EXCH

/** What a client may have. LM keys are not among it. */
const SUPPORTED =
  (NegotiateFlag.NEGOTIATE_UNICODE |
    NegotiateFlag.NEGOTIATE_OEM |
    NegotiateFlag.REQUEST_TARGET |
    NegotiateFlag.NEGOTIATE_SIGN |
    NegotiateFlag.NEGOTIATE_SEAL |
    NegotiateFlag.NEGOTIATE_NTLM |
    NegotiateFlag.NEGOTIATE_ALWAYS_SIGN |
    NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY |
    NegotiateFlag.NEGOTIATE_IDENTIFY |
    NegotiateFlag.NEGOTIATE_TARGET_INFO |
    NegotiateFlag.NEGOTIATE_VERSION |
    NegotiateFlag.NEGOTIATE_128 |
    NegotiateFlag.NEGOTIATE_KEY_EXCH |
    NegotiateFlag.NEGOTIATE_56) >>>
  0

/** The well-known identity of those who do not say who they are. */
const ANONYMOUS: Identity = { name: '', domain: '', sid: 'S-1-5-7', groups: [], source: 'asserted' }

function hostPairs(host: HostNames): readonly AvPair[] {
  const pairs = [
    textPair(AvId.MsvAvNbDomainName, host.netbiosDomain),
    textPair(AvId.MsvAvNbComputerName, host.netbiosName),
    textPair(AvId.MsvAvDnsDomainName, host.dnsDomain),
    textPair(AvId.MsvAvDnsComputerName, host.dnsName),
  ]
  if (host.dnsTree !== undefined) pairs.push(textPair(AvId.MsvAvDnsTreeName, host.dnsTree))
  return pairs
}

/** MS-NLMP 3.2.5.1.2: no name and no response. */
function isAnonymous(message: AuthenticateMessage): boolean {
  return message.user === '' && message.ntResponse.length === 0 && message.lmResponse.length <= 1
}

function exportedKey(client: ProvenClient, message: AuthenticateMessage, flags: number): SecretBytes {
  const encrypted = message.encryptedRandomSessionKey
  if (!hasFlag(flags, NegotiateFlag.NEGOTIATE_KEY_EXCH)) return secretFrom(client.keyExchangeKey)
  // MS-NLMP 3.1.5.1.2 has a client that neither signs nor seals send none.
  const protects = (flags & (NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL)) !== 0
  if (encrypted.length === 0 && !protects) return secretFrom(client.keyExchangeKey)
  if (encrypted.length === KEY_LENGTH) return rc4Once(client.keyExchangeKey, encrypted)
  throw new SspiError(
    'SEC_E_INVALID_TOKEN',
    `AUTHENTICATE: EncryptedRandomSessionKey: ${encrypted.length} bytes, ${KEY_LENGTH} expected`,
  )
}

function optionalToken(input: Input): Uint8Array | undefined {
  return input.kind === 'token' && input.token === undefined ? undefined : tokenOf(input, 'NEGOTIATE')
}

function accountOf(input: Input): Account | undefined {
  if (input.kind === 'answer' && isOfAccount(input.answer)) return input.answer.value
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: the answer to an account query expected, not a ${input.kind}`)
}

function isOfAccount(answer: Answer): answer is Extract<Answer, { readonly effect: 'account' }> {
  const effect: string = answer.effect
  return effect === 'account'
}
