import { oemDecode, oemEncode } from '../../bytes/index.js'
import type { InitiatorExchange } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { parameterOf, readInfo, writeTokenLeg, type SchemeValue } from '../messages/index.js'
import {
  isRefusal,
  leavesOut,
  unsuitable,
  type Attempt,
  type RequestFacts,
  type ResponseFacts,
  type TokenAttempt,
} from './attempts.js'
import { readAnswer, shownToken, tokenFor, type Answer } from './challenges.js'
import { beginBasic, beginDigest, beginTokens } from './beginnings.js'
import { isUnsuitable } from './identity.js'
import type { HttpLeg, HttpScheme } from './options.js'
import { authenticated, type HttpAuthentication, type Party, type PartyLink, type RequestSigner } from './party.js'
import { bindsConnection, headerOf, PACKAGE_SCHEMES } from './schemes.js'

/** How often a server may call its own nonces too old during one request. */
const MAX_STALE = 2

/**
 * Authenticates one request to one party, over as many legs as it takes: says what the next one carries, and judges what comes
 * back. Of connections it knows no more than what they have come to.
 */
export class Authenticator implements Disposable {
  readonly #party: Party
  readonly #signal: AbortSignal | undefined
  #attempt: Attempt | undefined
  /** Whether an attempt was made in answer to a challenge. There is one of these. */
  #answered = false
  #stale = 0
  #outcome: HttpAuthentication | undefined

  constructor(party: Party, signal: AbortSignal | undefined) {
    this.#party = party
    this.#signal = signal
  }

  /** How it has ended; `undefined` where nobody asked. */
  get outcome(): HttpAuthentication | undefined {
    return this.#outcome
  }

  /** Whether the next leg must go over the connection of the last one. */
  get pinned(): boolean {
    return this.#attempt?.kind === 'tokens' && this.#attempt.pinned
  }

  /** Whether the answer to the next leg can only be another challenge, so that a body would be sent in vain. */
  get expectsChallenge(): boolean {
    const attempt = this.#attempt
    // In SPNEGO, NTLM is not done with its last token, but that one lets us in.
    return attempt?.kind === 'tokens' && !attempt.pinned && bindsConnection(attempt.exchange.mechanism)
  }

  /** The value of the field with the credentials for the next leg; `undefined` for none. */
  async next(link: PartyLink, request: RequestFacts): Promise<string | undefined> {
    if (this.#attempt === undefined && link.bound === undefined) await this.#beginUnasked(link, request)
    const attempt = this.#attempt
    switch (attempt?.kind) {
      case undefined:
        return undefined
      case 'basic':
        this.#tell('sent', 'Basic')
        return attempt.authorization
      case 'signed':
        this.#tell('sent', 'Digest', oemEncode(attempt.authorization.slice('Digest '.length)))
        return attempt.authorization
      case 'tokens': {
        const { header } = PACKAGE_SCHEMES[attempt.scheme]
        this.#tell('sent', header, attempt.token)
        return writeTokenLeg(header, attempt.token)
      }
    }
  }

  /**
   * The party has refused a leg, with challenges.
   *
   * @returns whether to send the request again, with what {@link next} says then; else the response is the caller's.
   * @throws `SspiError` as the package, when it cannot go on; `SEC_E_NO_CREDENTIALS` when the credentials fit nothing that is offered.
   */
  async challenged(link: PartyLink, request: RequestFacts, response: ResponseFacts): Promise<boolean> {
    const answer = readAnswer(response.values(this.#party.fields.challenge))
    const { challenges } = answer
    this.#tellAnswer(answer, response.status)
    link.bound = undefined
    const attempt = this.#attempt
    if (attempt?.kind === 'tokens' && (await this.#goOn(attempt, challenges))) return true
    if (attempt !== undefined && !this.#maySucceed(attempt, challenges)) return false
    this.#endAttempt()
    link.digest = undefined
    this.#answered = true
    return this.#beginAsked(link, request, answer)
  }

  /**
   * The party has let the request pass: checks its proof, and remembers what there is to remember.
   *
   * @throws `SspiError` `SEC_E_MUTUAL_AUTH_FAILED` when it does not prove itself, and must; or proves something else.
   */
  async passed(link: PartyLink, response: ResponseFacts): Promise<void> {
    await this.#judge(link, response)
    // Another leg, for another party's sake, is authenticated anew.
    this.#endAttempt()
    this.#answered = false
  }

  async #judge(link: PartyLink, response: ResponseFacts): Promise<void> {
    const attempt = this.#attempt
    switch (attempt?.kind) {
      case undefined:
        this.#outcome = link.bound
        return
      case 'tokens':
        return this.#finishTokens(attempt, link, response)
      case 'signed':
        this.#finishSigned(attempt.signer, response)
        // The connection's from now on.
        link.digest = attempt.signer
        this.#attempt = undefined
        return
      case 'basic':
        if (this.#party.settings.mutual === true) throw this.#unproven('Basic')
        this.#remember('Basic', false)
        this.#outcome = authenticated('Basic', 'Basic', '')
    }
  }

  /** Begins anew: the connection of the last leg is gone, and what was sent over it may not be sent again. */
  restart(): void {
    this.#endAttempt()
  }

  [Symbol.dispose](): void {
    this.#endAttempt()
  }

  // ------------------------------------------------------------------ beginning

  /** What can be said without having been asked: a request's signature, a token, the password once more. */
  async #beginUnasked(link: PartyLink, request: RequestFacts): Promise<void> {
    const { settings, memory, schemes, kind } = this.#party
    if (settings.preemptive === 'never') return
    if (link.digest !== undefined) {
      const authorization = `Digest ${oemDecode(link.digest.session.signRequest(request))}`
      this.#attempt = { kind: 'signed', unasked: true, authorization, signer: link.digest }
      return
    }
    const first = settings.preemptive === 'always' && kind === 'origin' ? schemes[0] : undefined
    const scheme = memory.scheme ?? (first === 'Negotiate' || first === 'Kerberos' ? first : undefined)
    if (scheme === undefined || scheme === 'Digest' || !schemes.includes(scheme)) return
    // A page that nobody protects would take the empty body of a first leg for the real one.
    if (memory.severalLegs && request.hasBody) return
    if (scheme === 'Basic') {
      if (link.secure) this.#attempt = await beginBasic(this.#party, true)
      return
    }
    try {
      this.#attempt = await beginTokens(this.#party, scheme, { link, unasked: true, signal: this.#signal })
    } catch (error) {
      if (!isUnsuitable(error)) throw error
    }
  }

  /** Answers the challenges by the first scheme that is wanted, offered, and fit for the credentials. */
  async #beginAsked(link: PartyLink, request: RequestFacts, answer: Answer): Promise<boolean> {
    const { schemes, url, settings } = this.#party
    const unfit: string[] = []
    for (const scheme of schemes) {
      if (!answer.challenges.some((each) => each.scheme === headerOf(scheme))) continue
      try {
        if (scheme === 'Basic') {
          if (!link.secure) throw unsuitable('Basic: it sends the password itself, and there is no TLS')
          if (settings.mutual === true) throw unsuitable('Basic: the server proves nothing')
          this.#attempt = await beginBasic(this.#party, false)
        } else if (scheme === 'Digest') {
          this.#attempt = await beginDigest(this.#party, request, answer, { link, signal: this.#signal })
        } else {
          if (settings.mutual === true && !PACKAGE_SCHEMES[scheme].mutual) {
            throw unsuitable(`${scheme}: the server proves nothing`)
          }
          this.#attempt = await beginTokens(this.#party, scheme, { link, unasked: false, signal: this.#signal })
        }
        return true
      } catch (error) {
        if (!leavesOut(scheme, error)) throw error
        unfit.push(error.message)
      }
    }
    if (unfit.length === 0) return false
    throw new SspiError(
      'SEC_E_NO_CREDENTIALS',
      `HTTP: ${url.origin} asks who we are, and the credentials fit nothing that it offers: ${unfit.join('; ')}`,
    )
  }

  // ------------------------------------------------------------------ going on

  /** Takes the server's next token, if it has sent one. @returns whether there is an answer to it. */
  async #goOn(attempt: TokenAttempt, challenges: readonly SchemeValue[]): Promise<boolean> {
    const input = tokenFor(attempt.scheme, challenges)
    if (input === undefined || attempt.done) return false
    const { mechanism } = attempt.exchange
    try {
      const { token, done } = await attempt.exchange.step(input, this.#signal)
      if (token === undefined) return false
      this.#attempt = { ...attempt, token, done, pinned: true }
      return true
    } catch (error) {
      if (!(error instanceof SspiError) || !isRefusal(mechanism, error)) throw error
      this.#outcome = { state: 'refused', scheme: attempt.scheme, reason: error }
      return false
    }
  }

  /** Whether another attempt may succeed where this one did not: it was not about these challenges. */
  #maySucceed(attempt: Attempt, challenges: readonly SchemeValue[]): boolean {
    const digest = challenges.filter(({ scheme }) => scheme === 'digest')
    const stale = digest.some(({ parameters }) => parameterOf(parameters, 'stale')?.toLowerCase() === 'true')
    if (attempt.kind === 'signed' && stale && this.#stale++ < MAX_STALE) return true
    if (attempt.unasked && !this.#answered) return true
    const scheme = attempt.kind === 'tokens' ? attempt.scheme : attempt.kind === 'signed' ? 'Digest' : 'Basic'
    this.#outcome ??= { state: 'refused', scheme, reason: undefined }
    this.#party.memory.scheme = undefined
    return false
  }

  // ------------------------------------------------------------------ the end

  async #finishTokens(attempt: TokenAttempt, link: PartyLink, response: ResponseFacts): Promise<void> {
    const { scheme, exchange, targetName } = attempt
    const { challenge, info } = this.#party.fields
    // RFC 4559 §5 has it where challenges are; RFC 9110 §11.6.3 has another place for what comes of a success.
    const answer = readAnswer([...response.values(challenge), ...response.values(info)])
    this.#tellAnswer(answer, response.status)
    const input = tokenFor(scheme, answer.challenges)
    let { done } = attempt
    if (!done && input !== undefined) done = await this.#takeProof(exchange, input)
    const { mechanism } = exchange
    using session = done ? exchange.session : undefined
    const mutual = session?.achieved.includes('mutual authentication') ?? false
    if (!mutual && this.#mustProve(mechanism, response.status)) throw this.#unproven(mechanism)
    const persistent = response.values('persistent-auth')[0]?.trim().toLowerCase() === 'true'
    const binds = bindsConnection(mechanism)
    const delegated = session?.achieved.includes('delegation') ?? false
    this.#remember(scheme, binds)
    const outcome = {
      ...authenticated(scheme, mechanism, targetName),
      mutual,
      delegated,
      perConnection: binds || persistent,
    }
    if (outcome.perConnection) link.bound = outcome
    this.#outcome = outcome
  }

  async #takeProof(exchange: InitiatorExchange, input: Uint8Array): Promise<boolean> {
    try {
      return (await exchange.step(input, this.#signal)).done
    } catch (cause) {
      if (!(cause instanceof SspiError)) throw cause
      const why = `HTTP: ${this.#party.url.origin} does not prove itself: ${cause.message}`
      throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', why, { cause })
    }
  }

  #finishSigned(signer: RequestSigner, response: ResponseFacts): void {
    const { fields, settings } = this.#party
    const values = response.values(fields.info)
    const proven = parameterOf(readInfo(values, fields.info), 'rspauth') !== undefined
    if (proven) {
      this.#tell('received', 'Digest', oemEncode(values.join(', ')), response.status)
      try {
        signer.session.verify(new Uint8Array(0), oemEncode(values.join(', ')))
      } catch (cause) {
        if (!(cause instanceof SspiError)) throw cause
        throw new SspiError('SEC_E_MUTUAL_AUTH_FAILED', `HTTP: ${this.#party.url.origin}: ${cause.message}`, { cause })
      }
    } else if (settings.mutual === true && response.status < 400) throw this.#unproven('Digest')
    this.#remember('Digest', false)
    this.#outcome = { ...authenticated('Digest', 'WDigest', signer.targetName), mutual: proven }
  }

  /**
   * An error's page is the server's to show, and is not taken for more; anything else must come from the right server. Of proxies no
   * proof is expected, as Squid sends none: what they hand on is the server's, and where that matters TLS runs through them.
   */
  #mustProve(mechanism: string, status: number): boolean {
    const { settings, kind } = this.#party
    const { mutual = mechanism === 'Kerberos' && kind === 'origin' } = settings
    return mutual && status < 400
  }

  #unproven(mechanism: string): SspiError {
    return new SspiError(
      'SEC_E_MUTUAL_AUTH_FAILED',
      `HTTP: ${this.#party.url.origin} let ${mechanism} pass without proving itself: perhaps it is another server`,
    )
  }

  #remember(scheme: HttpScheme, severalLegs: boolean): void {
    const { memory } = this.#party
    memory.scheme = scheme
    memory.severalLegs = severalLegs
  }

  #endAttempt(): void {
    const attempt = this.#attempt
    this.#attempt = undefined
    if (attempt?.kind === 'tokens') attempt.exchange[Symbol.dispose]()
    if (attempt?.kind === 'signed' && !attempt.unasked) attempt.signer.session[Symbol.dispose]()
  }

  // ------------------------------------------------------------------ what is told

  #tellAnswer(answer: Answer, status: number): void {
    if (this.#party.settings.onLeg === undefined) return
    for (const challenge of answer.challenges) {
      this.#tell('received', challenge.scheme, shownToken(challenge, answer), status)
    }
  }

  #tell(direction: HttpLeg['direction'], scheme: string, token?: Uint8Array, status?: number): void {
    const { settings, kind, url } = this.#party
    settings.onLeg?.({ party: kind, direction, scheme, token, status, url: url.href })
  }
}
