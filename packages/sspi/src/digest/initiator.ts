import { constantTimeEqual, wipe, type SecretBytes } from '../crypto/index.js'
import {
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_USE_HTTP_STYLE,
  qualifiedName,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
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
import { MD5_SESS } from './algorithms.js'
import { boundDirectives, clientNonce } from './channel-bindings.js'
import { proveUser, type Proof, type User } from './client-proof.js'
import { NO_ENTITY_HASH, noncesOf, responseDigits, type DigestForm, type Qop } from './computations.js'
import { ISC_REQ_HTTP, MIN_SASL_BUFFER } from './constants.js'
import { achievedAttributes } from './context-attributes.js'
import type { DigestCredential } from './credential.js'
import { entityHash, parameterOf, type Entity, type RequestFacts } from './http-layout.js'
import { HttpSession } from './http-session.js'
import { tokenInput, type TokenInput } from './inputs.js'
import {
  readHttpChallenges,
  readSaslChallenge,
  readServerProof,
  writeResponse,
  type DigestResponse,
  type HttpChallenge,
  type SaslChallenge,
} from './messages/index.js'
import { bytesOf, octetsOf, textOf, utf8Octets } from './octets.js'
import type { DigestSettings } from './options.js'
import { acceptableQops, chooseCipher, chooseQop, demandsOf } from './qop-choice.js'
import { SaslSession } from './sasl-session.js'

/** A response that was sent, and what its server's proof is checked with. */
interface Answered {
  readonly response: DigestResponse
  readonly proof: Proof
  /** SASL: the longest packet that the server reads. */
  readonly peerMaxbuf: number
}

type State =
  | { readonly at: 'start' }
  | { readonly at: 'expect-challenge' }
  | { readonly at: 'expect-proof'; readonly answered: Answered }
  | { readonly at: 'over' }

/** How often a server may say in one exchange that its own nonce is too old. */
const MAX_STALE = 2
const CNONCE_LENGTH = 16

/** The client's side of an exchange. It draws 16 random bytes for each response. */
export class DigestInitiator implements Exchange {
  readonly #request: InitiateRequest<DigestCredential>
  readonly #settings: DigestSettings
  readonly #info: SecPkgInfo
  readonly #world: World
  #contextAttr = 0
  #form: DigestForm
  #channelBindings: ChannelBindings | undefined
  #service: string
  #facts: RequestFacts = NO_REQUEST
  #stale = 0
  #state: State = { at: 'start' }

  constructor(request: InitiateRequest<DigestCredential>, settings: DigestSettings, info: SecPkgInfo, world: World) {
    this.#request = request
    this.#settings = settings
    this.#info = info
    this.#world = world
    this.#form = (request.contextReq & (ISC_REQ_USE_HTTP_STYLE | ISC_REQ_HTTP)) === 0 ? 'sasl' : 'http'
    this.#service = this.#form === 'sasl' ? request.targetName : ''
  }

  get contextAttr(): number {
    return this.#contextAttr
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    switch (state.at) {
      case 'start':
        return this.#begin(this.#take(input, 'a challenge'))
      case 'expect-challenge':
        return this.#challenged(this.#take(input, 'a challenge'))
      case 'expect-proof':
        return this.#finish(state.answered, this.#take(input, "the server's proof"))
      case 'over':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Digest: the exchange is over')
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const table: AttributeTable = {
      [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'no' }),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    if (this.#state.at === 'expect-proof') wipeProof(this.#state.answered.proof)
    this.#state = { at: 'over' }
  }

  /** Takes what the caller says with a call: it counts until it says otherwise. */
  #take(input: Input, expected: string): TokenInput {
    const given = tokenInput(input, expected)
    const { packageParams, channelBindings, targetHost, data } = given
    this.#channelBindings = channelBindings ?? this.#channelBindings
    if (packageParams !== undefined) this.#form = 'http'
    if (targetHost !== undefined) this.#service = targetHost
    if (this.#form === 'http') {
      const entity = { digits: parameterOf(packageParams, 1), body: data }
      if (packageParams !== undefined) {
        this.#facts = { method: parameterOf(packageParams, 0), uri: utf8Octets(this.#request.targetName), entity }
      }
    }
    return given
  }

  #begin(input: TokenInput): Step {
    if (input.token !== undefined) return this.#challenged(input)
    const again = this.#form === 'sasl' && this.#settings.subsequentAuthentication ? this.#respondAgain() : undefined
    if (again !== undefined) return again
    // The server begins; callers that know nothing of that may ask all the same.
    this.#state = { at: 'expect-challenge' }
    return { kind: 'continue', token: new Uint8Array(0), consumed: 0 }
  }

  #challenged(input: TokenInput): Step {
    const { token } = input
    if (token === undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest: a challenge expected, and no token came')
    }
    return this.#form === 'http' ? this.#answerHttp(token) : this.#answerSasl(token)
  }

  // ------------------------------------------------------------------ HTTP

  #answerHttp(token: Uint8Array): Step {
    const user = this.#user()
    const { method, uri, entity } = this.#facts
    if (method === '' || uri === '') {
      throw new SspiError(
        'SEC_E_INVALID_PARAMETER',
        'Digest: the request: its method in a SECBUFFER_PKG_PARAMS, its URI as the target name',
      )
    }
    const { challenge, qop } = this.#chooseChallenge(readHttpChallenges(token))
    const { algorithm, nonce, realm } = challenge
    const bound = boundDirectives(nonce, this.#service, this.#channelBindings)
    const cnonce = clientNonce(bound, this.#world.random(CNONCE_LENGTH))
    const use = qop === undefined ? undefined : { qop, cnonce, count: 1 }
    const hash = qop === 'auth-int' ? entityHash(algorithm, entity) : undefined
    const proof = proveUser(
      user,
      { form: 'http', algorithm, realm, nonce, cnonce, utf8: challenge.utf8 },
      challenge.userhash,
    )
    const unsigned: DigestResponse = {
      form: 'http',
      user: proof.claimed,
      realm,
      nonce,
      use,
      uri,
      response: '',
      algorithm,
      opaque: challenge.opaque,
      utf8: false,
      bound: use && bound,
      maxbuf: 0,
      cipher: undefined,
      authzid: undefined,
    }
    const response = signed(unsigned, proof, method, hash)
    const answered: Answered = { response, proof, peerMaxbuf: 0 }
    const wantsProof = (this.#request.contextReq & ISC_REQ_MUTUAL_AUTH) !== 0
    if (!wantsProof) return this.#done(answered, writeResponse(response), token.length, false)
    return this.#sent(answered, token.length)
  }

  /** The strongest that is offered (RFC 7616 §5.6, and its §3.7 leaves the choice to a policy); of equal ones the first. */
  #chooseChallenge(challenges: readonly HttpChallenge[]): { challenge: HttpChallenge; qop: Qop | undefined } {
    const { answered, insecureAllowNoQop } = this.#settings
    const known = challenges.filter(({ algorithm }) => answered === undefined || answered.includes(algorithm))
    const [first, ...others] = known
    if (first === undefined) {
      const offered = challenges.map(({ algorithm }) => algorithm.name).join(', ')
      throw new SspiError(
        'SEC_E_ALGORITHM_MISMATCH',
        `Digest: the server offers ${offered}, which is not answered here`,
      )
    }
    const challenge = others.reduce(
      (best, each) => (each.algorithm.strength > best.algorithm.strength ? each : best),
      first,
    )
    const acceptable = acceptableQops('http', this.#demands(), this.#settings)
    if (challenge.qop.length === 0 && insecureAllowNoQop && acceptable.includes('auth')) {
      return { challenge, qop: undefined }
    }
    return { challenge, qop: chooseQop(acceptable, challenge.qop) }
  }

  // ------------------------------------------------------------------ SASL

  #answerSasl(token: Uint8Array): Step {
    const challenge = readSaslChallenge(token)
    if (challenge.maxbuf < MIN_SASL_BUFFER) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `Digest challenge: maxbuf: ${challenge.maxbuf} bytes hold no message`)
    }
    const { nonce, utf8, maxbuf } = challenge
    const qop = chooseQop(acceptableQops('sasl', this.#demands(), this.#settings), challenge.qop)
    const cipher = qop === 'auth-conf' ? chooseCipher(this.#settings.ciphers, challenge.ciphers) : undefined
    const bound = boundDirectives(nonce, this.#service, this.#channelBindings)
    const cnonce = clientNonce(bound, this.#world.random(CNONCE_LENGTH))
    const { realm, domain } = chooseRealm(challenge, this.#user())
    const user = { ...this.#user(), domain }
    const answered = this.#answer(user, { realm, nonce, cnonce, bound, utf8, count: 1 }, qop, cipher, maxbuf)
    return this.#sent(answered, token.length)
  }

  /** RFC 2831 §2.2: a response to the challenge before, with the next count. */
  #respondAgain(): Step | undefined {
    const { credential, targetName } = this.#request
    const remembered = credential.remembered.take(targetName)
    if (remembered === undefined) return undefined
    if (!acceptableQops('sasl', this.#demands(), this.#settings).includes('auth')) return undefined
    const bound = boundDirectives(remembered.nonce, this.#service, this.#channelBindings)
    if (bound?.channelBinding !== remembered.bound?.channelBinding) return undefined
    const next = { ...remembered, count: remembered.count + 1 }
    return this.#sent(this.#answer(this.#user(), next, 'auth', undefined, MIN_SASL_BUFFER), 0)
  }

  #answer(
    user: User,
    to: Pick<DigestResponse, 'realm' | 'nonce' | 'bound' | 'utf8'> & {
      readonly cnonce: string
      readonly count: number
    },
    qop: Qop,
    cipher: DigestResponse['cipher'],
    peerMaxbuf: number,
  ): Answered {
    const { realm, nonce, cnonce, bound, utf8, count } = to
    const { targetName } = this.#request
    if (targetName === '') {
      throw new SspiError('SEC_E_TARGET_UNKNOWN', "Digest: SASL needs the service's name, ldap/server.example.com")
    }
    const authzid = user.authorizationId === undefined ? undefined : utf8Octets(user.authorizationId)
    const about = { form: 'sasl', algorithm: MD5_SESS, realm: realm ?? '', nonce, cnonce, utf8, authzid } as const
    const proof = proveUser(user, about, false)
    const unsigned: DigestResponse = {
      form: 'sasl',
      user: proof.claimed,
      realm,
      nonce,
      use: { qop, cnonce, count },
      uri: utf8Octets(targetName),
      response: '',
      algorithm: MD5_SESS,
      opaque: undefined,
      utf8,
      bound,
      maxbuf: this.#settings.maxBufferBytes,
      cipher,
      authzid,
    }
    return { response: signed(unsigned, proof, 'AUTHENTICATE', NO_ENTITY_HASH), proof, peerMaxbuf }
  }

  // ------------------------------------------------------------------ both

  #sent(answered: Answered, consumed: number): Step {
    let token: Uint8Array
    try {
      token = writeResponse(answered.response)
    } catch (error) {
      wipeProof(answered.proof)
      throw error
    }
    this.#state = { at: 'expect-proof', answered }
    return { kind: 'continue', token, consumed }
  }

  #finish(answered: Answered, input: TokenInput): Step {
    const { token } = input
    try {
      // HTTP servers may leave their proof out; the caller sees that by its attributes.
      if (token === undefined && this.#form === 'http') return this.#done(answered, undefined, 0, false)
      if (token === undefined) {
        throw new SspiError('SEC_E_INVALID_TOKEN', "Digest: the server's proof expected, and no token came")
      }
      const proof = this.#isChallenge(token) ? undefined : readServerProof(token)
      if (proof === undefined) return this.#challengedAgain(answered, input, token)
      if (proof.rspauth === undefined && this.#form === 'http') {
        return this.#done(answered, undefined, token.length, false, proof.nextnonce)
      }
      this.#checkProof(answered, proof, { digits: parameterOf(input.packageParams, 1), body: input.data })
      return this.#done(answered, undefined, token.length, true, proof.nextnonce)
    } catch (error) {
      wipeProof(answered.proof)
      throw error
    }
  }

  /** A refusal, or a nonce that was too old: then the server asks once more. */
  #challengedAgain(answered: Answered, input: TokenInput, token: Uint8Array): Step {
    const stale =
      this.#form === 'http' ? readHttpChallenges(token).some((each) => each.stale) : readSaslChallenge(token).stale
    if (!stale) throw new SspiError('SEC_E_LOGON_DENIED', 'Digest: the server refuses the user or the password')
    if (++this.#stale > MAX_STALE) {
      throw new SspiError('SEC_E_LOGON_DENIED', `Digest: the server called ${this.#stale} of its own nonces too old`)
    }
    wipeProof(answered.proof)
    return this.#challenged(input)
  }

  /** HTTP's servers may give the next nonce and no proof: RFC 7616 §3.5. */
  #isChallenge(token: Uint8Array): boolean {
    return !/(^|[\s,])(rspauth|nextnonce)\s*=/i.test(octetsOf(token))
  }

  #checkProof({ response, proof }: Answered, given: ReturnType<typeof readServerProof>, entity: Entity): void {
    const { use } = response
    if (given.use !== undefined && (given.use.cnonce !== use?.cnonce || given.use.count !== use.count)) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', "server's proof: it is for another request")
    }
    const hash =
      response.form === 'sasl'
        ? NO_ENTITY_HASH
        : use?.qop === 'auth-int'
          ? entityHash(response.algorithm, entity)
          : undefined
    const expected = digitsOf(response, proof.ha1, '', hash)
    if (constantTimeEqual(expected, bytesOf(given.rspauth ?? ''))) return
    throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', 'Digest: the server does not prove that it knows the password')
  }

  #done(
    { response, proof, peerMaxbuf }: Answered,
    token: Uint8Array | undefined,
    consumed: number,
    mutual: boolean,
    nextNonce?: string,
  ): Step {
    const { contextReq, credential, targetName } = this.#request
    const user = this.#user()
    const qop = response.use?.qop ?? 'auth'
    const { form } = response
    this.#contextAttr = achievedAttributes('initiator', { form, qop, mutual }, contextReq)
    const common = {
      side: 'initiator',
      contextAttr: this.#contextAttr,
      qop,
      start: this.#world.now(),
      userName: qualifiedName({ name: user.user, domain: user.domain }),
      realm: textOf(response.realm ?? ''),
      targetName: this.#service,
      peer: undefined,
    } as const
    this.#world.emit({
      kind: 'weak-mechanism-used',
      mechanism: this.#info.name,
      side: 'initiator',
      user: common.userName,
      target: this.#service === '' ? undefined : this.#service,
    })
    if (form === 'http') {
      wipe(proof.ha1)
      const { algorithm } = response
      const parts = {
        ...common,
        algorithm,
        base: proof.base,
        sessionNonces: noncesOf(response),
        response: renewed(response, nextNonce),
      }
      return { kind: 'done', token, consumed, session: new HttpSession(parts, this.#info, undefined) }
    }
    wipe(proof.base)
    const { realm, nonce, use, bound, utf8, cipher } = response
    if (qop === 'auth' && use !== undefined) {
      credential.remembered.keep(targetName, { realm, nonce, cnonce: use.cnonce, bound, count: use.count, utf8 })
    }
    const authorizationId = user.authorizationId ?? ''
    const parts = { ...common, ha1: proof.ha1, cipher, peerMaxbuf, authorizationId }
    return { kind: 'done', token, consumed, session: new SaslSession(parts, this.#info) }
  }

  #user(): User {
    const { secret } = this.#request.credential
    if (secret.kind === 'user') return secret
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'Digest: the credential has no user and password')
  }

  #demands(): ReturnType<typeof demandsOf> {
    return demandsOf(this.#request.contextReq, ISC_REQ_INTEGRITY)
  }
}

const NO_REQUEST: RequestFacts = { method: '', uri: '', entity: { digits: '', body: undefined } }

/**
 * RFC 2831 §2.1.1: the client picks one of the server's realms. That is the user's domain, if it is among them; else the first, with the
 * domain in front of the name; and the domain itself, where the server leaves it to the client.
 */
function chooseRealm(
  challenge: SaslChallenge,
  user: User,
): { readonly realm: string | undefined; readonly domain: string } {
  const wanted = user.domain.toLowerCase()
  const own = challenge.realms.find((realm) => textOf(realm).toLowerCase() === wanted)
  if (own !== undefined) return { realm: own, domain: '' }
  const [first] = challenge.realms
  if (first !== undefined) return { realm: first, domain: user.domain }
  return { realm: user.domain === '' ? undefined : utf8Octets(user.domain), domain: '' }
}

function signed(
  response: DigestResponse,
  proof: Proof,
  method: string,
  entityHash: string | undefined,
): DigestResponse {
  return { ...response, response: octetsOf(digitsOf(response, proof.ha1, method, entityHash)) }
}

function digitsOf(
  { algorithm, nonce, use, uri }: DigestResponse,
  ha1: SecretBytes,
  method: string,
  entityHash: string | undefined,
): Uint8Array {
  return responseDigits(algorithm, ha1, { nonce, use, method, uri, entityHash })
}

/** The response before the next one: its nonce may be another, whose count begins then. */
function renewed(response: DigestResponse, nonce: string | undefined): DigestResponse {
  if (nonce === undefined || nonce === response.nonce) return response
  return { ...response, nonce, use: response.use && { ...response.use, count: 0 } }
}

function wipeProof({ base, ha1 }: Proof): void {
  wipe(base)
  wipe(ha1)
}
