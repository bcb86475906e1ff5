import type { AcceptorExchange, ExchangeStep, SecurityFunctionTable } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { readTokenLeg, writeTokenLeg, type SchemeValue } from '../messages/index.js'
import type { AcceptorCredential } from './acceptor-credential.js'
import { logOnOf } from './log-on.js'
import type { HeaderField, Leg, SchemeOutcome } from './scheme-outcome.js'

/**
 * Schemes whose legs carry a package's tokens in base64: Negotiate (RFC 4559, MS-N2HT) and NTLM (MS-NTHT).
 */
export class TokenScheme {
  readonly #scheme: 'Negotiate' | 'NTLM'
  readonly #sspi: Pick<SecurityFunctionTable, 'accept'>
  readonly #credential: AcceptorCredential

  constructor(
    scheme: 'Negotiate' | 'NTLM',
    sspi: Pick<SecurityFunctionTable, 'accept'>,
    credential: AcceptorCredential,
  ) {
    this.#scheme = scheme
    this.#sspi = sspi
    this.#credential = credential
  }

  /** One leg of the client. */
  async answer(value: SchemeValue, leg: Leg): Promise<SchemeOutcome> {
    const { waiting } = leg
    let token: Uint8Array | undefined
    try {
      token = readTokenLeg(value)
    } catch (error) {
      waiting?.[Symbol.dispose]()
      return { kind: 'refused', error: error as SspiError, status: 400 } // readTokenLeg throws nothing else
    }
    // A client that begins anew has given up what it began before.
    if (waiting !== undefined && token !== undefined && !beginsExchange(token)) return this.#step(waiting, token, leg)
    waiting?.[Symbol.dispose]()
    if (token !== undefined) return this.#begin(token, leg)
    return { kind: 'refused', error: new SspiError('SEC_E_INVALID_TOKEN', `${this.#scheme}: without a token`) }
  }

  async #begin(token: Uint8Array, leg: Leg): Promise<SchemeOutcome> {
    const outcome = await this.#step(await this.#exchange(leg), token, leg)
    const keyMissing = outcome.kind === 'refused' && outcome.error.code === 'SEC_E_NO_KERB_KEY'
    if (!keyMissing || !this.#credential.outdated()) return outcome
    return this.#step(await this.#exchange(leg), token, leg)
  }

  async #exchange({ facts }: Leg): Promise<AcceptorExchange> {
    const { channelBindings, policy } = facts
    const found = this.#credential.current()
    return this.#sspi.accept({
      package: this.#scheme,
      credentials: found instanceof Promise ? await found : found,
      // What is protected is the channel beneath, or nothing: no message of HTTP is signed by a context.
      integrity: false,
      confidentiality: false,
      channelBindings,
      policy,
    })
  }

  async #step(exchange: AcceptorExchange, token: Uint8Array, leg: Leg): Promise<SchemeOutcome> {
    let step: ExchangeStep
    try {
      step = await exchange.step(token, leg.signal)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      // RFC 4559 §4.1: what the mechanism has to say of its refusal goes with the 401.
      const challenges = error.token === undefined ? undefined : [writeTokenLeg(this.#scheme, error.token)]
      return { kind: 'refused', error, ...(challenges === undefined ? {} : { challenges }) }
    }
    return step.done ? this.#accepted(exchange, step.token, leg) : this.#continue(exchange, step, leg)
  }

  #continue(exchange: AcceptorExchange, step: ExchangeStep, { connection, entry, signal }: Leg): SchemeOutcome {
    if (!step.incomplete && connection !== undefined && !signal.aborted) {
      entry.goOn(() => connection.dropPending(exchange))
      connection.keepPending({ scheme: this.#scheme, exchange, entry })
      return { kind: 'continue', challenge: writeTokenLeg(this.#scheme, step.token) }
    }
    exchange[Symbol.dispose]()
    if (!step.incomplete && connection === undefined) return { kind: 'http-1.1-required' }
    return { kind: 'refused', error: new SspiError('SEC_E_INVALID_TOKEN', `${this.#scheme}: the token is cut short`) }
  }

  #accepted({ session }: AcceptorExchange, token: Uint8Array | undefined, { facts }: Leg): SchemeOutcome {
    const logOn = logOnOf(session, this.#scheme, facts.channelBindings !== undefined)
    const fields: HeaderField[] = token === undefined ? [] : [['WWW-Authenticate', writeTokenLeg(this.#scheme, token)]]
    // Kerberos proves each request by itself; what takes legs (NTLM) can only be of the connection that they came over.
    return { kind: 'accepted', logOn, fields, ofConnection: logOn.mechanism !== 'Kerberos' }
  }
}

/** Whether a token is the first of an exchange: in the frame of GSS (RFC 2743 §3.1), or a NEGOTIATE message of NTLM. */
function beginsExchange(token: Uint8Array): boolean {
  return token[0] === 0x60 || (token[0] === 0x4e && token[8] === 1)
}
