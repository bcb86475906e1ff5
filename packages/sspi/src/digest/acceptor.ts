import { fromHex, toHex } from '../bytes/index.js'
import { wipe } from '../crypto/index.js'
import {
  ASC_REQ_INTEGRITY,
  ASC_REQ_PROXY_BINDINGS,
  attributesOfBindings,
  identityFrom,
  qualifiedName,
  saysYes,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  splitUserName,
  SspiError,
  WDIGEST_SP_NAME,
  type AcceptRequest,
  type Account,
  type AccountQuery,
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
import { checkChannel, checkService, claimedBinding } from './channel-bindings.js'
import { NO_ENTITY_HASH, noncesOf, responseDigits, type DigestForm, type Qop } from './computations.js'
import { ASC_REQ_HTTP, MIN_SASL_BUFFER } from './constants.js'
import { achievedAttributes } from './context-attributes.js'
import { entityHash, parameterOf, type RequestFacts } from './http-layout.js'
import { HttpSession } from './http-session.js'
import { answerOf, tokenInput, type TokenInput } from './inputs.js'
import {
  readHttpResponse,
  readSaslResponse,
  writeHttpChallenges,
  writeSaslChallenge,
  writeServerProof,
  type DigestResponse,
} from './messages/index.js'
import type { NonceMint } from './nonces.js'
import { octetsOf, shown, textOf } from './octets.js'
import type { DigestSettings } from './options.js'
import { checkProof, type ProvenClient } from './proofs.js'
import { acceptableQops, demandsOf } from './qop-choice.js'
import { SaslSession } from './sasl-session.js'

/** A response that waits for its account. */
interface Answered {
  readonly response: DigestResponse
  readonly consumed: number
  /** Whether the nonce is good, and until when. */
  readonly fresh: boolean
  readonly until: Date
  /** H(entity-body), with `auth-int`. */
  readonly entityHash: string | undefined
}

/** A client that is proven, and waits for its nonce to be counted. */
interface Proven {
  readonly answered: Answered
  readonly client: ProvenClient
  readonly targetName: string
  /** `ASC_RET_…` beyond what was negotiated. */
  readonly attributes: number
}

type State =
  | { readonly at: 'start' }
  /** HTTP may come back with any nonce of this server; SASL with the one of this exchange. */
  | { readonly at: 'expect-response'; readonly nonce: string }
  | { readonly at: 'expect-account'; readonly answered: Answered }
  | { readonly at: 'expect-count'; readonly proven: Proven }
  | { readonly at: 'over' }

/**
 * The server's side of an exchange. A response may come without a challenge of this exchange: with HTTP always, as the next request may
 * come over another connection, to another machine; with SASL as subsequent authentication (RFC 2831 §2.2).
 *
 * It draws its randomness in this order: 16 bytes for each nonce, 16 for the secret of nobody, 8 for a session of HTTP.
 */
export class DigestAcceptor implements Exchange {
  readonly #contextReq: number
  readonly #settings: DigestSettings
  readonly #mint: NonceMint
  readonly #info: SecPkgInfo
  readonly #world: World
  #contextAttr = 0
  #form: DigestForm
  /** Octets. */
  #realm: string
  #facts: RequestFacts | undefined
  #channelBindings: ChannelBindings | undefined
  #state: State = { at: 'start' }

  constructor(
    { contextReq }: AcceptRequest,
    settings: DigestSettings,
    mint: NonceMint,
    info: SecPkgInfo,
    world: World,
  ) {
    this.#contextReq = contextReq
    this.#settings = settings
    this.#mint = mint
    this.#info = info
    this.#world = world
    this.#form = (contextReq & ASC_REQ_HTTP) === 0 ? 'sasl' : 'http'
    this.#realm = settings.realm
  }

  get contextAttr(): number {
    return this.#contextAttr
  }

  step(input: Input): Step {
    const state = this.#state
    this.#state = { at: 'over' }
    switch (state.at) {
      case 'start': {
        const given = this.#take(input)
        return given.token === undefined ? this.#challenge(0, false) : this.#read(given.token, undefined)
      }
      case 'expect-response': {
        const { token } = this.#take(input)
        if (token === undefined) {
          throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest: a response expected, and no token came')
        }
        return this.#read(token, state.nonce)
      }
      case 'expect-account':
        return this.#withChallenge(() => this.#accept(state.answered, answerOf(input, 'account')))
      case 'expect-count':
        return this.#withChallenge(() => this.#count(state.proven, answerOf(input, 'nonce')))
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
    if (this.#state.at === 'expect-count') wipeClient(this.#state.proven.client)
    this.#state = { at: 'over' }
  }

  /** Takes what the caller says with a call. */
  #take(input: Input): TokenInput {
    const given = tokenInput(input, 'a response')
    const { packageParams, channelBindings, data } = given
    this.#channelBindings = channelBindings ?? this.#channelBindings
    if (packageParams === undefined) return given
    this.#form = 'http'
    this.#facts = {
      method: parameterOf(packageParams, 0),
      uri: parameterOf(packageParams, 1),
      entity: { digits: parameterOf(packageParams, 2), body: data },
    }
    // Windows has the realm in UTF-16, all of it ASCII.
    const realm = parameterOf(packageParams, 3).replaceAll('\0', '')
    if (realm !== '') this.#realm = realm
    return given
  }

  // ------------------------------------------------------------------ challenges

  #challenge(consumed: number, stale: boolean): Step {
    const nonce = this.#mint.make(this.#form, this.#world)
    const token = this.#writeChallenge(nonce, stale)
    this.#state = { at: 'expect-response', nonce }
    return { kind: 'continue', token, consumed }
  }

  #writeChallenge(nonce: string, stale: boolean): Uint8Array {
    const { offered, userhash, domains, maxBufferBytes } = this.#settings
    const qop = QOPS.filter((each) => this.#acceptable().includes(each))
    if (this.#form === 'sasl') {
      const ciphers = qop.includes('auth-conf') ? this.#settings.ciphers : []
      const realms = [this.#realm, ...domains]
      return writeSaslChallenge({ realms, nonce, stale, qop, utf8: true, maxbuf: maxBufferBytes, ciphers })
    }
    const opaque = this.#mint.opaque(this.#world)
    const realm = this.#realm
    return writeHttpChallenges(
      offered.map((algorithm) => ({ realm, nonce, opaque, stale, algorithm, qop, utf8: true, userhash })),
    )
  }

  /** With HTTP a refusal carries the challenge of its 401. */
  #withChallenge(step: () => Step): Step {
    try {
      return step()
    } catch (error) {
      if (this.#form === 'sasl' || !(error instanceof SspiError)) throw error
      const stale = error.code === 'SEC_E_OUT_OF_SEQUENCE'
      const token = this.#writeChallenge(this.#mint.make('http', this.#world), stale)
      throw new SspiError(error.code, error.message, { cause: error.cause, token })
    }
  }

  #acceptable(): readonly Qop[] {
    return acceptableQops(this.#form, demandsOf(this.#contextReq, ASC_REQ_INTEGRITY), this.#settings)
  }

  // ------------------------------------------------------------------ responses

  #read(token: Uint8Array, nonce: string | undefined): Step {
    const response = this.#form === 'http' ? readHttpResponse(token) : readSaslResponse(token)
    this.#checkAgreed(response)
    const { fresh, until } = this.#form === 'http' ? this.#checkHttp(response) : this.#checkSasl(response, nonce)
    const answered = { response, consumed: token.length, fresh, until, entityHash: this.#entityHash(response) }
    this.#state = { at: 'expect-account', answered }
    return { kind: 'ask', ask: { effect: 'account', query: this.#accountQuery(response) } }
  }

  /** Whether the client has answered what it was asked. */
  #checkAgreed({ realm, use, algorithm, cipher }: DigestResponse): void {
    const { offered, domains, ciphers, insecureAllowNoQop } = this.#settings
    const known = [this.#realm, ...(this.#form === 'sasl' ? ['', ...domains] : [])]
    if (!known.includes(realm ?? '')) {
      throw new SspiError('SEC_E_TARGET_UNKNOWN', `Digest: the client answers for the realm '${shown(realm ?? '')}'`)
    }
    if (this.#form === 'http' && !offered.includes(algorithm)) {
      throw new SspiError(
        'SEC_E_ALGORITHM_MISMATCH',
        `Digest: the client answers with ${algorithm.name}, which was not offered`,
      )
    }
    if (use === undefined && !insecureAllowNoQop) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest response: qop: missing, which only insecureAllowNoQop lets in')
    }
    const qop = use?.qop ?? 'auth'
    if (!this.#acceptable().includes(qop)) {
      throw new SspiError(
        'SEC_E_SECURITY_QOS_FAILED',
        `Digest: the client answers with qop ${qop}, which was not offered`,
      )
    }
    if (cipher !== undefined && !ciphers.includes(cipher)) {
      throw new SspiError(
        'SEC_E_ALGORITHM_MISMATCH',
        `Digest: the client answers with ${cipher.name}, which was not offered`,
      )
    }
    if ((qop === 'auth-conf') !== (cipher !== undefined)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest response: cipher: there without auth-conf, or missing with it')
    }
  }

  #checkHttp({ nonce, opaque, uri }: DigestResponse): { readonly fresh: boolean; readonly until: Date } {
    const { method, uri: requested } = this.#facts ?? NO_REQUEST
    if (method === '') {
      throw new SspiError('SEC_E_INVALID_PARAMETER', "Digest: the request's method, in a SECBUFFER_PKG_PARAMS")
    }
    // RFC 7616 §3.4.6: a response for another resource must not open this one.
    if (requested !== '' && pathOf(requested) !== pathOf(uri)) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest response: uri: not the one of the request')
    }
    const { fresh, until } = this.#mint.check(nonce, 'http', this.#world)
    // What stands in `opaque` is of another server, or of this one before it drew a new key: so is the nonce.
    const ours = opaque === undefined || opaque === this.#mint.opaque(this.#world)
    return { fresh: fresh && ours, until }
  }

  /** @param own - the nonce of this exchange; without it the client takes up an earlier one. */
  #checkSasl(
    { nonce, use, maxbuf }: DigestResponse,
    own: string | undefined,
  ): { readonly fresh: boolean; readonly until: Date } {
    if (maxbuf < MIN_SASL_BUFFER) {
      throw new SspiError('SEC_E_INVALID_TOKEN', `Digest response: maxbuf: ${maxbuf} bytes hold no message`)
    }
    const checked = this.#mint.check(nonce, 'sasl', this.#world)
    // The keys of messages would be those of the exchange before: only exchanges without any may be taken up again.
    if (own === undefined) return { ...checked, fresh: checked.fresh && use?.qop === 'auth' }
    if (nonce !== own || use?.count !== 1) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'Digest response: nonce or nc: not those of this exchange')
    }
    return checked
  }

  #entityHash({ use, algorithm, form }: DigestResponse): string | undefined {
    if (form === 'sasl') return NO_ENTITY_HASH
    return use?.qop === 'auth-int' ? entityHash(algorithm, (this.#facts ?? NO_REQUEST).entity) : undefined
  }

  #accountQuery({ user, realm, algorithm }: DigestResponse): AccountQuery {
    if (user.kind === 'hash') {
      const valid = this.#settings.userhash && new RegExp(`^[0-9a-f]{${2 * algorithm.hashBytes}}$`).test(user.digits)
      if (!valid) return { user: '', domain: '' }
      const userHash = { algorithm: algorithm.hashName, realm: textOf(realm ?? ''), hash: fromHex(user.digits) }
      return { user: '', domain: '', userHash }
    }
    // MS-DPSP 2.2: a backslash that quotes nothing is one that was not quoted itself.
    const improper = /\\[^\\"]/.test(user.raw.replace(/\\[\\"]/g, ''))
    const named = splitUserName(textOf(improper ? user.raw : user.octets), '')
    if (named.domain !== '' || realm === undefined || realm === this.#realm || this.#form === 'http') return named
    return { user: named.user, domain: textOf(realm) }
  }

  /** From the account on. What is wrong is told apart only after the client's proof. */
  #accept(answered: Answered, account: Account | undefined): Step {
    const { response, consumed, fresh, until } = answered
    const client = checkProof(account, { response, parts: this.#partsOf(answered), decoy: this.#world.random(16) })
    try {
      if (!fresh) {
        wipeClient(client)
        return this.#challenge(consumed, true)
      }
      const proven = { answered, client, ...this.#checkBound(response) }
      this.#authorize(client.account.identity, response)
      this.#state = { at: 'expect-count', proven }
      const query = { nonce: response.nonce, count: response.use?.count ?? 1, until }
      return { kind: 'ask', ask: { effect: 'nonce', query } }
    } catch (error) {
      wipeClient(client)
      throw error
    }
  }

  #checkBound(response: DigestResponse): Pick<Proven, 'targetName' | 'attributes'> {
    const { policy } = this.#world
    const claimed = claimedBinding(response)
    const required = (this.#contextReq & ASC_REQ_PROXY_BINDINGS) !== 0
    const own = this.#channelBindings
    const attributes = attributesOfBindings(own, WDIGEST_SP_NAME, this.#world, () =>
      checkChannel(claimed, own, policy, required),
    )
    // SASL's digest-uri is the service, and the response covers it: RFC 2831 §2.1.2.
    const service = this.#form === 'sasl' ? response.uri : (claimed?.service ?? '')
    checkService(service, policy)
    return { targetName: textOf(service), attributes }
  }

  /** Whether the client may act as whom it wants to. */
  #authorize(identity: Identity, { authzid }: DigestResponse): void {
    if (authzid === undefined || authzid === '') return
    const wanted = textOf(authzid)
    const { authorize } = this.#settings
    const own = [identity.name, qualifiedName(identity)].some((name) => name.toLowerCase() === wanted.toLowerCase())
    if (own || saysYes('Digest: authorize', () => authorize?.(identity, wanted))) return
    throw new SspiError('SEC_E_LOGON_DENIED', `Digest: ${qualifiedName(identity)} may not act as '${shown(authzid)}'`)
  }

  #count(proven: Proven, first: boolean): Step {
    if (!first) {
      wipeClient(proven.client)
      throw new SspiError(
        'SEC_E_OUT_OF_SEQUENCE',
        'Digest: the same nonce and count have been accepted before: a replay',
      )
    }
    return this.#done(proven)
  }

  // ------------------------------------------------------------------ the end

  #done({ answered, client, targetName, attributes }: Proven): Step {
    const { response, consumed } = answered
    const { identity } = client.account
    const qop = response.use?.qop ?? 'auth'
    const { form } = response
    const token = this.#proof(answered, client)
    const outcome = { form, qop, mutual: token !== undefined }
    this.#contextAttr = (achievedAttributes('acceptor', outcome, this.#contextReq) | attributes) >>> 0
    const common = {
      side: 'acceptor',
      contextAttr: this.#contextAttr,
      qop,
      start: this.#world.now(),
      userName: qualifiedName(identity),
      realm: textOf(response.realm ?? ''),
      targetName,
      peer: identityFrom(identity, 'account-database', 'local'),
    } as const
    this.#world.emit({
      kind: 'weak-mechanism-used',
      mechanism: this.#info.name,
      side: 'acceptor',
      user: common.userName,
      target: targetName === '' ? undefined : targetName,
    })
    if (form === 'http') {
      wipe(client.ha1)
      const nonces = { mint: this.#mint, world: this.#world, id: toHex(this.#world.random(8)) }
      const { algorithm } = response
      const parts = { ...common, algorithm, base: client.base, sessionNonces: noncesOf(response), response }
      return { kind: 'done', token, consumed, session: new HttpSession(parts, this.#info, nonces) }
    }
    wipe(client.base)
    const { cipher, maxbuf: peerMaxbuf, authzid } = response
    const parts = { ...common, ha1: client.ha1, cipher, peerMaxbuf, authorizationId: textOf(authzid ?? '') }
    return { kind: 'done', token, consumed, session: new SaslSession(parts, this.#info) }
  }

  /**
   * The server's own proof. With `auth-int` it covers the body of the response, which nobody knows yet: the session signs it then.
   */
  #proof({ response, until }: Answered, client: ProvenClient): Uint8Array | undefined {
    const { algorithm, nonce, use, uri, form } = response
    if (use === undefined || (form === 'http' && use.qop !== 'auth')) return undefined
    const parts = { nonce, use, uri, method: '', entityHash: form === 'sasl' ? NO_ENTITY_HASH : undefined }
    const rspauth = octetsOf(responseDigits(algorithm, client.ha1, parts))
    return writeServerProof({ rspauth, use, nextnonce: this.#nextNonce(response, until) }, form)
  }

  /** A new nonce for a client whose own will not last much longer. The key of a session is bound to its first nonce. */
  #nextNonce({ algorithm }: DigestResponse, until: Date): string | undefined {
    const left = until.getTime() - this.#world.now().getTime()
    if (algorithm.session || left > 500 * this.#settings.nonceLifetimeSeconds) return undefined
    return this.#mint.make('http', this.#world)
  }

  /** What the response was made over, as this side knows it. */
  #partsOf({ response, entityHash: hash }: Answered): Parameters<typeof responseDigits>[2] {
    const { nonce, use, uri, form } = response
    const method = form === 'sasl' ? 'AUTHENTICATE' : (this.#facts ?? NO_REQUEST).method
    return { nonce, use, uri, method, entityHash: hash }
  }
}

const QOPS: readonly Qop[] = ['auth', 'auth-int', 'auth-conf']
const NO_REQUEST: RequestFacts = { method: '', uri: '', entity: { digits: '', body: undefined } }

/** A URI without scheme and authority: clients of proxies write both, and proxies take both away. */
function pathOf(uri: string): string {
  const path = uri.replace(/^https?:\/\/[^/?#]*/i, '')
  return path === '' ? '/' : path
}

function wipeClient({ base, ha1 }: ProvenClient): void {
  wipe(base)
  wipe(ha1)
}
