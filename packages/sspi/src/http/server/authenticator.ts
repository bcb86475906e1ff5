import type { AccessToken, CredentialValue, CredHandle, SecWinntAuthIdentity } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { readCredentials, type SchemeValue } from '../messages/index.js'
import { AcceptorCredential } from './acceptor-credential.js'
import type { HttpLogOn, OfferedScheme } from './log-on.js'
import { BasicScheme } from './basic-scheme.js'
import { Connection } from './connection.js'
import { discardBody, isOver, putFields, refusalOf, refuse, statusOf, type HttpDecision } from './decision.js'
import { DigestScheme } from './digest-scheme.js'
import { HalfOpenGate } from './half-open-gate.js'
import { readOptions, type HttpAuthenticatorOptions, type HttpServerSettings } from './options.js'
import type { HttpServerRequest, HttpServerResponse } from './node-messages.js'
import { requestFacts, type RequestFacts } from './request-facts.js'
import type { HeaderField, Leg, SchemeOutcome } from './scheme-outcome.js'
import { SessionCookie } from './session-cookie.js'
import { TokenScheme } from './token-scheme.js'

/** What a framework knows of a request that the request does not say itself. */
export interface HttpDecideOptions {
  /** The target as it stood in the request line, where the framework has changed `request.url`; Digest covers it. */
  readonly uri?: string | undefined
}

/**
 * Authenticates the clients of a server of HTTP. One authenticator serves any number of Node's servers, of HTTP/1.1 and HTTP/2.
 *
 * ```ts
 * const authenticator = createHttpAuthenticator({ sspi, credentials: keytabFileCredential('/etc/krb5.keytab') })
 * createServer(async (request, response) => {
 *   const client = await authenticator.authenticate(request, response)
 *   if (client !== undefined) response.end(`hello ${client.user.user.name}`) // else it has been answered
 * })
 * ```
 *
 * @throws `TypeError` for options that cannot be.
 */
export function createHttpAuthenticator(options: HttpAuthenticatorOptions): HttpAuthenticator {
  return new HttpAuthenticator(options)
}

/** Made by {@link createHttpAuthenticator}. */
export class HttpAuthenticator implements Disposable {
  readonly #settings: HttpServerSettings
  readonly #gate: HalfOpenGate
  readonly #credentials: AcceptorCredential[] = []
  readonly #tokens = new Map<string, TokenScheme>()
  readonly #digest: DigestScheme | undefined
  readonly #basic: BasicScheme | undefined
  readonly #cookie: SessionCookie | undefined
  readonly #connections = new WeakMap<object, Connection>()
  #over = false

  /** @internal */
  constructor(options: HttpAuthenticatorOptions) {
    const settings = readOptions(options)
    const { sspi, schemes, limits, passwords, cookie } = settings
    this.#settings = settings
    this.#gate = new HalfOpenGate(limits)
    if (schemes.includes('Negotiate')) {
      // Without accounts nobody can be let in by NTLM, so that it is not there for clients to choose.
      const excluded = sspi.hasAccounts ? undefined : 'NTLM'
      const credential = this.#credential('Negotiate', settings.credentials, excluded)
      this.#tokens.set('negotiate', new TokenScheme('Negotiate', sspi, credential))
    }
    if (schemes.includes('NTLM')) {
      this.#tokens.set('ntlm', new TokenScheme('NTLM', sspi, this.#credential('NTLM', undefined)))
    }
    this.#digest = schemes.includes('Digest')
      ? new DigestScheme(sspi, this.#credential('WDigest', undefined))
      : undefined
    this.#basic =
      schemes.includes('Basic') && passwords !== undefined
        ? new BasicScheme({
            realm: settings.basicRealm,
            check: passwords,
            refusalMilliseconds: limits.basicRefusalMilliseconds,
          })
        : undefined
    this.#cookie = cookie === undefined ? undefined : new SessionCookie(cookie)
  }

  /** How many authentications are under way, those that wait for a client's next leg among them. */
  get halfOpen(): number {
    return this.#gate.size
  }

  /**
   * Authenticates a request; one that is not is answered here, and its body thrown away.
   *
   * Call it first of all, before anything is awaited: of requests that come over one connection at once, the order of the calls is
   * what tells whose log-on counts for which.
   *
   * @returns who it is, with the scheme's last word among the response's fields; `undefined` when the request has been answered.
   */
  async authenticate(
    request: HttpServerRequest,
    response: HttpServerResponse,
    options: HttpDecideOptions = {},
  ): Promise<HttpLogOn | undefined> {
    const decision = await this.decide(request, response, options)
    if (isOver(response)) return undefined
    if (decision.kind === 'accepted') {
      putFields(response, decision.fields)
      return decision.logOn
    }
    refuse(response, decision)
    return undefined
  }

  /**
   * The same for frameworks that answer themselves: decides, and leaves the response alone. The body of a request that is refused is
   * thrown away nevertheless. A context that comes with the decision ends with the response.
   */
  async decide(
    request: HttpServerRequest,
    response: HttpServerResponse,
    options: HttpDecideOptions = {},
  ): Promise<HttpDecision> {
    const decision = await this.#decide(request, response, options)
    if (decision.kind === 'refused') discardBody(request, this.#settings.limits)
    return decision
  }

  /** The value of a Set-Cookie field that ends a cookie's session in the browser; `undefined` where there are no cookies. */
  logOffCookie(): string | undefined {
    return this.#cookie?.forget()
  }

  /** Ends what is under way, frees the credentials and wipes the cookies' keys: whoever comes now is answered 503. */
  [Symbol.dispose](): void {
    this.#over = true
    this.#gate.close()
    for (const credential of this.#credentials) credential[Symbol.dispose]()
    this.#cookie?.[Symbol.dispose]()
  }

  #credential(
    packageName: string,
    credentials: CredentialValue | SecWinntAuthIdentity | CredHandle | undefined,
    excluded?: string,
  ): AcceptorCredential {
    const { sspi, now, limits } = this.#settings
    const seconds = limits.credentialSeconds
    const made = new AcceptorCredential({ sspi, packageName, credentials, excluded, seconds, now })
    this.#credentials.push(made)
    return made
  }

  async #decide(
    request: HttpServerRequest,
    response: HttpServerResponse,
    { uri }: HttpDecideOptions,
  ): Promise<HttpDecision> {
    if (this.#over) {
      const error = new SspiError('SEC_E_SHUTDOWN_IN_PROGRESS', 'HTTP: the authenticator was disposed')
      return this.#refused(error, request, 503, [])
    }
    let facts: RequestFacts
    try {
      facts = requestFacts(request, response, this.#settings, uri)
    } catch (error) {
      return this.#refused(asSspiError(error), request, 403, [])
    }
    if (facts.socket === undefined) return this.#look(facts, undefined)
    const connection = this.#connectionOf(facts.socket)
    if (connection.waiting >= this.#settings.limits.maxPipelined) {
      const error = new SspiError(
        'SEC_E_INSUFFICIENT_MEMORY',
        'HTTP: too many requests wait for each other on a connection',
      )
      return this.#refused(error, request, 503, [])
    }
    return connection.inTurn(() => this.#look(facts, connection))
  }

  #connectionOf(socket: NonNullable<RequestFacts['socket']>): Connection {
    const known = this.#connections.get(socket)
    if (known !== undefined) return known
    const connection = new Connection(socket)
    this.#connections.set(socket, connection)
    return connection
  }

  async #look(facts: RequestFacts, connection: Connection | undefined): Promise<HttpDecision> {
    const { authorization } = facts.request.headers
    // A connection that a proxy shares out stands for nobody: the next request may be somebody else's.
    if (facts.proxied) connection?.forget()
    if (authorization === undefined) {
      connection?.dropPending()
      return (await this.#remembered(facts, connection)) ?? this.#challenge(facts)
    }
    // Whoever shows credentials is nobody until they are proven, whoever was here before.
    connection?.forget()
    const value = this.#read(authorization, facts)
    if (value instanceof SspiError) {
      connection?.dropPending()
      return this.#refused(value, facts.request, 400, [])
    }
    return this.#answer(value, authorization, facts, connection)
  }

  /** Who has logged on before: over this connection, or with this cookie. */
  async #remembered(facts: RequestFacts, connection: Connection | undefined): Promise<HttpDecision | undefined> {
    const now = this.#settings.now()
    const standing = connection?.standing
    if (standing !== undefined) {
      if (standing.expiry > now) return { kind: 'accepted', logOn: standing, fields: [] }
      connection?.forget()
    }
    const remembered = await this.#cookie?.take(facts, now)
    return remembered === undefined ? undefined : { kind: 'accepted', logOn: remembered, fields: [] }
  }

  #read(authorization: string, { request }: RequestFacts): SchemeValue | SspiError {
    const { maxAuthorizationLength } = this.#settings.limits
    // Node keeps the first of several; who stands between may have looked at another.
    if (countOf(request.rawHeaders, 'authorization') > 1) {
      return new SspiError('SEC_E_INVALID_TOKEN', 'HTTP: several Authorization fields')
    }
    if (authorization.length > maxAuthorizationLength) {
      return new SspiError(
        'SEC_E_INVALID_TOKEN',
        `HTTP: Authorization of ${authorization.length} characters, ${maxAuthorizationLength} allowed`,
      )
    }
    try {
      return readCredentials(authorization)
    } catch (error) {
      return asSspiError(error)
    }
  }

  async #answer(
    value: SchemeValue,
    authorization: string,
    facts: RequestFacts,
    connection: Connection | undefined,
  ): Promise<HttpDecision> {
    const { response, request } = facts
    const controller = new AbortController()
    const abort = (reason: SspiError): void => controller.abort(reason)
    const gone = (): void => abort(new SspiError('SEC_E_CONTEXT_EXPIRED', 'HTTP: the client has gone'))
    const pending = connection?.pendingEntry
    const entry = pending ?? this.#gate.enter(facts.address, abort)
    pending?.goOn(abort)
    response.once('close', gone)
    try {
      const waiting = connection?.takePending(value.scheme)
      const leg: Leg = { facts, connection, signal: controller.signal, entry, waiting }
      const outcome = await this.#ask(value, authorization, leg)
      return await this.#decided(outcome, leg)
    } catch (error) {
      const failure = asSspiError(error)
      return this.#refused(failure, request, statusOf(failure), [])
    } finally {
      response.off('close', gone)
      if (connection?.pendingEntry !== entry) entry.leave()
    }
  }

  #ask(value: SchemeValue, authorization: string, leg: Leg): Promise<SchemeOutcome> | SchemeOutcome {
    const { scheme } = value
    const tokens = this.#tokens.get(scheme)
    if (tokens !== undefined) return tokens.answer(value, leg)
    if (scheme === 'digest' && this.#digest !== undefined) return this.#digest.answer(authorization, leg)
    if (scheme === 'basic' && this.#basic !== undefined) return this.#basic.answer(value, leg)
    const error = new SspiError('SEC_E_SECPKG_NOT_FOUND', `HTTP: ${scheme} is not offered`)
    return { kind: 'refused', error, status: 401 }
  }

  async #decided(outcome: SchemeOutcome, leg: Leg): Promise<HttpDecision> {
    const { facts, signal } = leg
    switch (outcome.kind) {
      case 'accepted':
        return this.#accepted(outcome, leg)
      case 'continue':
        return refusalOf(401, [outcome.challenge], facts.request, this.#settings)
      case 'http-1.1-required':
        return outcome
      case 'refused': {
        const { error, challenges } = outcome
        const status = signal.aborted ? 503 : (outcome.status ?? statusOf(error))
        return this.#refused(error, facts.request, status, status === 401 ? await this.#offer(facts, challenges) : [])
      }
    }
  }

  #accepted(
    { logOn, fields, ofConnection }: SchemeOutcome & { readonly kind: 'accepted' },
    { facts, connection }: Leg,
  ): HttpDecision {
    const { persist, now } = this.#settings
    const { response, proxied } = facts
    const { scheme, session } = logOn
    const stands = connection !== undefined && !proxied && (persist === 'all' || (persist === 'ntlm' && ofConnection))
    const all: HeaderField[] = [...fields]
    const byTokens = scheme === 'Negotiate' || scheme === 'NTLM'
    if (byTokens && stands) connection.stand(logOn)
    else if (isOver(response)) session?.[Symbol.dispose]()
    else if (session !== undefined) response.once('close', () => session[Symbol.dispose]())
    // MS-N2HT 3.2.5: without it clients take NTLM for the connection's, and everything else for the request's.
    if (byTokens) all.push(['Persistent-Auth', String(stands)])
    const cookie = this.#cookie?.give(logOn, facts, now())
    if (cookie !== undefined) all.push(['Set-Cookie', cookie])
    return { kind: 'accepted', logOn, fields: all }
  }

  // ------------------------------------------------------------------ refusals

  async #challenge(facts: RequestFacts): Promise<HttpDecision> {
    const { schemes } = this.#settings
    const http2 = facts.socket === undefined
    // There is nothing to offer that could be done over HTTP/2.
    if (http2 && schemes.every((scheme) => scheme === 'NTLM')) return { kind: 'http-1.1-required' }
    try {
      const challenges = await this.#offer(facts)
      return refusalOf(challenges.length === 0 ? 403 : 401, challenges, facts.request, this.#settings)
    } catch (error) {
      const failure = asSspiError(error)
      return this.#refused(failure, facts.request, statusOf(failure), [])
    }
  }

  /** The challenges of a 401, each in a field of its own. @param own - Those of the scheme that was refused, with what it has to say. */
  async #offer(facts: RequestFacts, own: readonly string[] = []): Promise<readonly string[]> {
    const found: string[] = [...own]
    const named = new Set(own.map((challenge) => challenge.split(' ', 1)[0]))
    for (const scheme of this.#settings.schemes) {
      if (!named.has(scheme)) found.push(...(await this.#challengesOf(scheme, facts)))
    }
    return found
  }

  async #challengesOf(scheme: OfferedScheme, facts: RequestFacts): Promise<readonly string[]> {
    switch (scheme) {
      case 'Negotiate':
        return ['Negotiate']
      case 'NTLM':
        return facts.socket === undefined ? [] : ['NTLM']
      case 'Digest':
        return this.#digest === undefined ? [] : this.#digest.challenges(facts)
      case 'Basic':
        return this.#basic === undefined || !facts.secure ? [] : [this.#basic.challenge]
    }
  }

  #refused(error: SspiError, request: HttpServerRequest, status: number, challenges: readonly string[]): HttpDecision {
    this.#settings.onRefused?.(error, request)
    const answered = status === 401 && challenges.length === 0 ? 403 : status
    return refusalOf(answered, challenges, request, this.#settings)
  }
}

/** What is none of ours is a mistake of this program, and for its caller to see. */
function asSspiError(error: unknown): SspiError {
  if (error instanceof SspiError) return error
  throw error
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) count++
  }
  return count
}

/** What middleware puts onto a request. */
export interface HttpAuthenticated {
  /** The client. */
  user: AccessToken
  /** How that is known. */
  logOn: HttpLogOn
}
