import { oemDecode, oemEncode } from '../../bytes/index.js'
import { splitChallenges } from '../../digest/index.js'
import type { AcceptorExchange, ExchangeStep, SecurityFunctionTable } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import type { AcceptorCredential } from './acceptor-credential.js'
import { logOnOf } from './log-on.js'
import type { RequestFacts } from './request-facts.js'
import type { HeaderField, Leg, SchemeOutcome } from './scheme-outcome.js'

/** Digest, RFC 7616: each request is an exchange of its own, whichever connection it comes over. */
export class DigestScheme {
  readonly #sspi: Pick<SecurityFunctionTable, 'accept'>
  readonly #credential: AcceptorCredential

  constructor(sspi: Pick<SecurityFunctionTable, 'accept'>, credential: AcceptorCredential) {
    this.#sspi = sspi
    this.#credential = credential
  }

  /** The challenges for a client without credentials: one for each algorithm, in a field of its own. */
  async challenges(facts: RequestFacts): Promise<readonly string[]> {
    const exchange = await this.#exchange(facts)
    try {
      const { token } = await exchange.step()
      return token === undefined ? [] : splitChallenges(token)
    } finally {
      exchange[Symbol.dispose]()
    }
  }

  /** @param authorization - The whole field, whose octets are what is hashed. */
  async answer(authorization: string, { facts, signal }: Leg): Promise<SchemeOutcome> {
    const exchange = await this.#exchange(facts)
    let step: ExchangeStep
    try {
      step = await exchange.step(oemEncode(authorization), signal)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      if (error.token !== undefined) return { kind: 'refused', error, challenges: splitChallenges(error.token) }
      // RFC 7616 §3.4.6: what does not parse, or is for another target, is a bad request.
      return error.code === 'SEC_E_INVALID_TOKEN' ? { kind: 'refused', error, status: 400 } : { kind: 'refused', error }
    }
    if (step.done) return accepted(exchange, step, facts)
    exchange[Symbol.dispose]()
    const error = new SspiError('SEC_E_CONTEXT_EXPIRED', 'Digest: the nonce is too old, and the client is told another')
    return { kind: 'refused', error, challenges: step.token === undefined ? [] : splitChallenges(step.token) }
  }

  async #exchange({ method, uri, channelBindings, policy }: RequestFacts): Promise<AcceptorExchange> {
    const found = this.#credential.current()
    const credentials = found instanceof Promise ? await found : found
    const http = { method, uri }
    return this.#sspi.accept({ package: 'WDigest', credentials, http, channelBindings, policy })
  }
}

function accepted({ session }: AcceptorExchange, { token }: ExchangeStep, facts: RequestFacts): SchemeOutcome {
  const logOn = logOnOf(session, 'Digest', facts.channelBindings !== undefined)
  const fields: HeaderField[] = token === undefined ? [] : [['Authentication-Info', oemDecode(token)]]
  return { kind: 'accepted', logOn, fields, ofConnection: false }
}
