import { dateToFileTime } from '../bytes/index.js'
import { secretBytes, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  hashChannelBindings,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DATAGRAM,
  ISC_REQ_IDENTIFY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_NULL_SESSION,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_UNVERIFIED_TARGET_NAME,
  ISC_RET_DATAGRAM,
  qualifiedName,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_PACKAGE_INFO,
  SspiError,
  type AttributeTable,
  type ChannelBindings,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type InitiateRequest,
  type Input,
  type SecPkgInfo,
  type Step,
  type World,
} from '../sspi/index.js'
import {
  avFlags,
  avTimestamp,
  flagsPair,
  readTargetInfo,
  singleHostPair,
  textPair,
  writeAvPairs,
  type AvPair,
} from './av-pairs.js'
import { AvFlag, AvId, NegotiateFlag, OUR_VERSION } from './constants.js'
import { achievedAttributes, requireDemanded, requireStrong } from './context-attributes.js'
import type { NtlmCredential, NtlmSecret } from './credential.js'
import { hasFlag } from './flags.js'
import { tokenOf } from './inputs.js'
import { MIC_LENGTH, readAuthenticate, readChallenge, writeAuthenticate, writeNegotiate } from './messages/index.js'
import type { ChallengeMessage } from './messages/index.js'
import type { NtlmSettings } from './options.js'
import {
  keyExchangeKey,
  lmv2Response,
  messageIntegrityCode,
  ntlmv1Response,
  ntowfv2,
  ntProofStr,
  rc4Once,
  sessionBaseKeyV1,
  sessionBaseKeyV2,
  writeTemp,
} from './responses.js'
import { NtlmSession } from './session.js'

type State =
  | { readonly at: 'start' }
  /** What the MIC will cover: empty in datagram mode, where the server speaks first. */
  | { readonly at: 'expect-challenge'; readonly negotiate: Uint8Array }
  | { readonly at: 'over' }

type Name = Pick<User, 'user' | 'domain'>
type User = Extract<NtlmSecret, { readonly kind: 'user' }>

/** What goes into the AUTHENTICATE message, and the key that comes of it. */
interface Proof {
  readonly ntResponse: Uint8Array
  readonly lmResponse: Uint8Array
  readonly keyExchangeKey: SecretBytes
  readonly withMic: boolean
}

/**
 * The client's side of an exchange, MS-NLMP 3.1.5. It draws its randomness in this order: the client challenge (8 bytes),
 * then the exported session key (16 bytes).
 */
export class NtlmInitiator implements Exchange {
  readonly #request: InitiateRequest<NtlmCredential>
  readonly #settings: NtlmSettings
  readonly #info: SecPkgInfo
  readonly #world: World
  /** What is offered. */
  readonly #offered: number
  #contextAttr: number
  #channelBindings: ChannelBindings | undefined
  #state: State = { at: 'start' }

  constructor(request: InitiateRequest<NtlmCredential>, settings: NtlmSettings, info: SecPkgInfo, world: World) {
    this.#request = request
    this.#settings = settings
    this.#info = info
    this.#world = world
    this.#offered = offeredFlags(request.contextReq, settings)
    this.#contextAttr = this.#datagram ? ISC_RET_DATAGRAM : 0
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
        return this.#begin(input)
      case 'expect-challenge':
        return this.#answer(state.negotiate, tokenOf(input, 'CHALLENGE'))
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'NTLM: the exchange is over')
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const { targetName } = this.#request
    const table: AttributeTable = {
      [SECPKG_ATTR_PACKAGE_INFO]: () => this.#info,
      [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => (targetName === '' ? undefined : { targetName }),
      [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'no' }),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    this.#state = { at: 'over' }
  }

  get #datagram(): boolean {
    return (this.#request.contextReq & ISC_REQ_DATAGRAM) !== 0
  }

  #begin(input: Input): Step {
    if (input.kind !== 'token' || (input.token !== undefined && !this.#datagram)) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'NTLM: the client begins, and a token of the server came')
    }
    // MS-NLMP 1.3.1.2: without a connection there is no NEGOTIATE; the server begins with a CHALLENGE.
    if (this.#datagram) {
      const negotiate = new Uint8Array(0)
      if (input.token !== undefined) return this.#answer(negotiate, input.token)
      this.#state = { at: 'expect-challenge', negotiate }
      return { kind: 'continue', token: negotiate, consumed: 0 }
    }
    const negotiate = writeNegotiate({ flags: this.#offered, domain: '', workstation: '', version: OUR_VERSION })
    this.#state = { at: 'expect-challenge', negotiate }
    return { kind: 'continue', token: negotiate, consumed: 0 }
  }

  #answer(negotiate: Uint8Array, token: Uint8Array): Step {
    const challenge = readChallenge(token)
    const { secret } = this.#request.credential
    const nullSession = (this.#request.contextReq & ISC_REQ_NULL_SESSION) !== 0
    const anonymous = secret.kind !== 'user' || nullSession
    const flags = this.#choose(challenge, anonymous)
    requireDemanded('initiator', flags, this.#request.contextReq)

    const user = anonymous ? NOBODY : secret
    const proof = anonymous ? proveNothing() : this.#prove(secret, challenge, flags)
    let exportedSessionKey: SecretBytes | undefined
    let message: Uint8Array
    try {
      exportedSessionKey = this.#exportedKey(proof, flags)
      message = this.#write(user, proof, exportedSessionKey, flags)
      const mic = readAuthenticate(message).mic
      if (proof.withMic) mic?.set(messageIntegrityCode(exportedSessionKey, negotiate, token, message))
    } catch (error) {
      wipe(exportedSessionKey)
      throw error
    } finally {
      wipe(proof.keyExchangeKey)
    }

    const { targetName, contextReq } = this.#request
    this.#contextAttr = achievedAttributes('initiator', flags, contextReq)
    const session = new NtlmSession(
      {
        side: 'initiator',
        flags,
        contextAttr: this.#contextAttr,
        exportedSessionKey,
        micUsed: proof.withMic,
        start: this.#world.now(),
        user: user.user,
        domain: user.domain,
        serverName: challenge.targetName,
        targetName,
        targetInfo: challenge.targetInfo,
        peer: undefined,
      },
      this.#info,
    )
    this.#world.emit({
      kind: 'weak-mechanism-used',
      mechanism: this.#info.name,
      side: 'initiator',
      user: qualifiedName({ name: user.user, domain: user.domain }),
      target: targetName === '' ? undefined : targetName,
    })
    return { kind: 'done', token: message, consumed: token.length, session }
  }

  #exportedKey(proof: Proof, flags: number): SecretBytes {
    if (!hasFlag(flags, NegotiateFlag.NEGOTIATE_KEY_EXCH)) return secretFrom(proof.keyExchangeKey)
    const drawn = this.#world.random(16)
    const key = secretFrom(drawn)
    wipe(drawn)
    return key
  }

  /** The AUTHENTICATE message, with zeros where the MIC goes. */
  #write(user: Name, proof: Proof, exportedSessionKey: SecretBytes, flags: number): Uint8Array {
    // Also where nothing is signed or sealed, beyond MS-NLMP 3.1.5.1.2: Heimdal and pyspnego do the same.
    const keyExchange = hasFlag(flags, NegotiateFlag.NEGOTIATE_KEY_EXCH)
    const encrypted = keyExchange ? rc4Once(proof.keyExchangeKey, exportedSessionKey) : undefined
    try {
      return writeAuthenticate({
        ntResponse: proof.ntResponse,
        lmResponse: proof.lmResponse,
        domain: user.domain,
        user: user.user,
        workstation: this.#settings.workstation,
        encryptedRandomSessionKey: encrypted ?? NOTHING,
        flags,
        version: OUR_VERSION,
        mic: proof.withMic ? new Uint8Array(MIC_LENGTH) : undefined,
      })
    } finally {
      wipe(encrypted)
    }
  }

  /** The flags that count from here on: what both sides have, if that is enough. */
  #choose(challenge: ChallengeMessage, anonymous: boolean): number {
    const { NEGOTIATE_UNICODE, NEGOTIATE_OEM, NEGOTIATE_VERSION, ANONYMOUS } = NegotiateFlag
    // The Version field is always written, so the flag always says so.
    let flags = (challenge.flags & this.#offered) | NEGOTIATE_VERSION
    if (!this.#settings.insecureAllowNtlmV1) {
      requireStrong('server', flags, [
        'NEGOTIATE_UNICODE',
        'NEGOTIATE_EXTENDED_SESSIONSECURITY',
        'NEGOTIATE_TARGET_INFO',
        'NEGOTIATE_128',
      ])
    }
    // A datagram's sealing key is defined with extended session security only (MS-NLMP 3.4.3).
    if (this.#datagram) requireStrong('server', flags, ['NEGOTIATE_DATAGRAM', 'NEGOTIATE_EXTENDED_SESSIONSECURITY'])
    if (hasFlag(flags, NEGOTIATE_UNICODE)) flags &= ~NEGOTIATE_OEM
    else if (!hasFlag(flags, NEGOTIATE_OEM)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'CHALLENGE: NegotiateFlags: neither UNICODE nor OEM')
    }
    // MS-NLMP 3.4: an anonymous session has no session security, as its key is no secret.
    if (anonymous) flags = (flags & ~SESSION_SECURITY) | ANONYMOUS
    return flags >>> 0
  }

  #prove(user: User, challenge: ChallengeMessage, flags: number): Proof {
    const hasTargetInfo = hasFlag(flags, NegotiateFlag.NEGOTIATE_TARGET_INFO)
    // Only with insecureAllowNtlmV1 does a CHALLENGE without target information come here: it is of the age of NTLMv1.
    return hasTargetInfo ? this.#proveV2(user, challenge) : this.#proveV1(user, challenge, flags)
  }

  /** MS-NLMP 3.1.5.1.2 and 3.3.2. */
  #proveV2(user: User, challenge: ChallengeMessage): Proof {
    const { serverChallenge } = challenge
    const serverPairs = readTargetInfo(challenge.targetInfo)
    const serverTime = avTimestamp(serverPairs)
    // The MIC is for servers that send their time; older ones would take it for something else.
    const withMic = serverTime !== undefined
    const clientChallenge = this.#world.random(8)
    const targetInfo = writeAvPairs(this.#clientPairs(serverPairs, withMic))
    const temp = writeTemp(serverTime ?? dateToFileTime(this.#world.now()), clientChallenge, targetInfo)
    const responseKey = ntowfv2(user.ntHash, user.user, user.domain)
    const proof = ntProofStr(responseKey, serverChallenge, temp)
    const ntResponse = new Uint8Array(proof.length + temp.length)
    ntResponse.set(proof)
    ntResponse.set(temp, proof.length)
    const lmResponse = withMic ? new Uint8Array(24) : lmv2Response(responseKey, serverChallenge, clientChallenge)
    const key = sessionBaseKeyV2(responseKey, proof)
    wipe(responseKey)
    return { ntResponse, lmResponse, keyExchangeKey: key, withMic }
  }

  /** The server's pairs as they came, and what the client has to say; in Windows' order. */
  #clientPairs(serverPairs: readonly AvPair[], withMic: boolean): readonly AvPair[] {
    const { targetName, contextReq } = this.#request
    const { machineId } = this.#settings
    const untrusted = targetName !== '' && (contextReq & ISC_REQ_UNVERIFIED_TARGET_NAME) !== 0
    const flags =
      (avFlags(serverPairs) & AvFlag.CONSTRAINED) |
      (withMic ? AvFlag.MIC_PRESENT : 0) |
      (untrusted ? AvFlag.UNTRUSTED_TARGET_NAME : 0)
    // What a server must not say for the client is left out: a relay would put its own words into the proof.
    const pairs = serverPairs.filter((pair) => !CLIENTS_OWN.has(pair.id))
    if (flags !== 0) pairs.push(flagsPair(flags))
    if (machineId !== undefined) pairs.push(singleHostPair({ customData: MEDIUM_INTEGRITY, machineId }))
    pairs.push({ id: AvId.MsvAvChannelBindings, value: this.#bindingsHash() })
    pairs.push(textPair(AvId.MsvAvTargetName, targetName))
    return pairs
  }

  /** 16 zero bytes mean that there are no bindings, MS-NLMP 2.2.2.1. */
  #bindingsHash(): Uint8Array {
    return this.#channelBindings === undefined ? new Uint8Array(16) : hashChannelBindings(this.#channelBindings)
  }

  /** MS-NLMP 3.3.1. There is no LM response: the NT response stands in for it, as NoLMResponseNTLMv1 has it. */
  #proveV1(user: User, challenge: ChallengeMessage, flags: number): Proof {
    const { serverChallenge } = challenge
    const extended = hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)
    const clientChallenge = extended ? this.#world.random(8) : undefined
    const ntResponse = ntlmv1Response(user.ntHash, serverChallenge, clientChallenge)
    const lmResponse = new Uint8Array(24)
    lmResponse.set(clientChallenge ?? ntResponse)
    const sessionBaseKey = sessionBaseKeyV1(user.ntHash)
    const key = keyExchangeKey({ flags, ntlmVersion: 1, sessionBaseKey, lmResponse, serverChallenge })
    wipe(sessionBaseKey)
    return { ntResponse, lmResponse, keyExchangeKey: key, withMic: false }
  }
}

/** MS-NLMP 3.3.2: an anonymous client's responses. */
function proveNothing(): Proof {
  return { ntResponse: NOTHING, lmResponse: new Uint8Array(1), keyExchangeKey: secretBytes(16), withMic: false }
}

const NOTHING = new Uint8Array(0)
const NOBODY: Name = { user: '', domain: '' }

const SESSION_SECURITY = NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL | NegotiateFlag.NEGOTIATE_KEY_EXCH

/** The pairs that are the client's to write. */
const CLIENTS_OWN: ReadonlySet<number> = new Set([
  AvId.MsvAvFlags,
  AvId.MsvAvSingleHost,
  AvId.MsvAvChannelBindings,
  AvId.MsvAvTargetName,
])

/** CustomData of Single_Host_Data as Windows' ordinary processes send it: present, and integrity level 0x2000. */
const MEDIUM_INTEGRITY = Uint8Array.of(1, 0, 0, 0, 0, 0x20, 0, 0)

function offeredFlags(contextReq: number, settings: NtlmSettings): number {
  const requested = (mask: number): boolean => (contextReq & mask) !== 0
  let flags =
    NegotiateFlag.NEGOTIATE_UNICODE |
    NegotiateFlag.REQUEST_TARGET |
    NegotiateFlag.NEGOTIATE_NTLM |
    NegotiateFlag.NEGOTIATE_ALWAYS_SIGN |
    NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY |
    NegotiateFlag.NEGOTIATE_TARGET_INFO |
    NegotiateFlag.NEGOTIATE_VERSION |
    NegotiateFlag.NEGOTIATE_128 |
    NegotiateFlag.NEGOTIATE_KEY_EXCH |
    NegotiateFlag.NEGOTIATE_56
  if (settings.insecureAllowNtlmV1) flags |= NegotiateFlag.NEGOTIATE_OEM
  if (requested(ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)) {
    flags |= NegotiateFlag.NEGOTIATE_SIGN
  }
  // MS-NLMP 2.2.2.5: whoever seals signs.
  if (requested(ISC_REQ_CONFIDENTIALITY)) flags |= NegotiateFlag.NEGOTIATE_SEAL | NegotiateFlag.NEGOTIATE_SIGN
  if (requested(ISC_REQ_IDENTIFY)) flags |= NegotiateFlag.NEGOTIATE_IDENTIFY
  if (requested(ISC_REQ_DATAGRAM)) flags |= NegotiateFlag.NEGOTIATE_DATAGRAM
  return flags >>> 0
}
