import { SEC_E_OK } from '../status/index.js'
import {
  MICROSOFT_KERBEROS_NAME,
  NTLMSP_NAME,
  SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS,
  SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM,
  SECPKG_ATTR_NEGO_PKG_INFO,
  SECPKG_ATTR_NEGO_STATUS,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SspiError,
  type AttributeTable,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type SecPkgInfo,
  type Session,
  type Step,
} from '../sspi/index.js'
import type { AvailableMechanism } from './credential.js'
import type { MechanismInput, MechanismRun, MechanismStep } from './mechanism-run.js'
import type { MechListProof } from './mech-list-mic.js'
import { readNegotiationToken, type NegTokenResp } from './messages.js'

/** The input that brings the peer's token. */
export type TokenInput = Extract<Input, { readonly kind: 'token' }>

/** How a negotiation goes on with the mechanism's token, if it made one. */
export type Then = (token: Uint8Array | undefined) => Step

/** What a negotiation does about a mechanism that failed: throw, or something else. */
export type Failed = (error: unknown) => Step

/**
 * What both sides of a negotiation do alike: run the mechanism, hand its questions on, hand its session out, and end
 * everything when anything fails.
 */
export abstract class Negotiation implements Exchange {
  protected readonly maxMechTypes: number
  readonly #info: SecPkgInfo
  #run: MechanismRun | undefined
  #over = false
  /** Where to go on when the answer to the mechanism's question comes. */
  #asked: { readonly run: MechanismRun; readonly then: Then; readonly failed: Failed } | undefined

  constructor(info: SecPkgInfo, maxMechTypes: number) {
    this.#info = info
    this.maxMechTypes = maxMechTypes
  }

  get contextAttr(): number {
    return this.#run?.contextAttr ?? 0
  }

  step(input: Input): Step {
    if (this.#over) throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Negotiate: the exchange is over')
    try {
      return this.#dispatch(input)
    } catch (error) {
      this.dispose()
      throw error instanceof SspiError ? this.#withToken(error) : error
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    return this.#own()[attribute] ?? this.#run?.query(attribute) ?? this.#lasting()[attribute]?.()
  }

  dispose(): void {
    this.#over = true
    this.#run?.dispose()
    this.#run = undefined
    this.#asked = undefined
  }

  /** Handles the peer's token. */
  protected abstract receive(input: TokenInput): Step
  /** What the peer is to be told of a failure, with the mechanism's own token for it; `undefined` for nothing. */
  protected abstract refusal(token: Uint8Array | undefined): Uint8Array | undefined
  /** Those that are considered. */
  protected abstract readonly considered: readonly AvailableMechanism[]
  /** Why a mechanism was passed over, the last time that one was. */
  protected lastFailure: SspiError | undefined
  /** One of `SECPKG_NEGOTIATION_…`, while it is under way. */
  protected abstract readonly negotiationState: number

  /** Makes a mechanism the one that runs; the one before is wiped. */
  protected adopt(run: MechanismRun): MechanismRun {
    this.#run?.dispose()
    this.#run = run
    return run
  }

  /** Gives the mechanism its input and goes on with what it makes of it, now or after it has been answered. */
  protected advance(run: MechanismRun, input: MechanismInput, then: Then, failed: Failed = rethrow): Step {
    let step: MechanismStep
    try {
      step = run.step(input)
    } catch (error) {
      return failed(error)
    }
    if (step.kind === 'token') return then(step.token)
    this.#asked = { run, then, failed }
    // Another mechanism may do, and the peer is to be told when none does.
    return { ...step, hearsFailure: true }
  }

  /** Hands out the session: only with proof about the list of mechanisms. */
  protected finish(run: MechanismRun, token: Uint8Array | undefined, consumed: number, _proof: MechListProof): Step {
    this.#over = true
    return { kind: 'done', token, consumed, ...run.take(), attributes: this.#lasting() }
  }

  /** Reads a token that must be a NegTokenResp. */
  protected readResponse({ token }: TokenInput): NegTokenResp {
    if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', "SPNEGO: the peer's token is missing")
    const message = readNegotiationToken(token, this.maxMechTypes)
    if (message.kind === 'negTokenResp') return message
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: NegTokenResp expected, NegTokenInit came')
  }

  #dispatch(input: Input): Step {
    const asked = this.#asked
    switch (input.kind) {
      case 'token':
        if (asked === undefined) return this.receive(input)
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: an answer was asked for, a token came')
      case 'answer':
      case 'unanswered':
        if (asked === undefined) {
          throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: an answer that was not asked for')
        }
        this.#asked = undefined
        return this.advance(asked.run, input, asked.then, asked.failed)
      case 'complete':
        throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'SPNEGO: no token waits to be completed')
    }
  }

  #withToken(error: SspiError): SspiError {
    const token = this.refusal(error.token)
    if (token === error.token) return error
    return new SspiError(error.code, error.message, { cause: error, token })
  }

  /** How it was negotiated, for those who ask then or afterwards. */
  #lasting(): AttributeTable {
    const without = (name: string, flag: number): number =>
      this.considered.some((each) => each.package.info.name === name) ? 0 : flag
    const packageMask =
      without(MICROSOFT_KERBEROS_NAME, SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS) |
      without(NTLMSP_NAME, SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM)
    const lastStatus = this.lastFailure?.status ?? SEC_E_OK
    return {
      [SECPKG_ATTR_NEGO_PKG_INFO]: () => ({ packageMask }),
      [SECPKG_ATTR_NEGO_STATUS]: () => ({ lastStatus }),
    }
  }

  /** What a half-open negotiation answers itself. */
  #own(): { readonly [A in ContextAttribute]?: ContextAttributes[A] } {
    return {
      [SECPKG_ATTR_PACKAGE_INFO]: this.#info,
      [SECPKG_ATTR_NEGOTIATION_INFO]: {
        packageInfo: this.#run?.package.info ?? this.#info,
        negotiationState: this.negotiationState,
      },
    }
  }
}

function rethrow(error: unknown): never {
  throw error
}

/** What both sides remember of a negotiation whose mechanism is chosen. */
export interface Chosen {
  readonly run: MechanismRun
  /** The list as it was on the wire. */
  readonly mechTypeList: Uint8Array
  /** Whether mechListMICs must be exchanged, for all that is known so far. */
  readonly micRequired: boolean
}

/**
 * Whether mechListMICs must be exchanged, now that the mechanism is done.
 *
 * RFC 4178 §5 lets a mechanism without integrity go without. That would let whoever changes the list pick such a
 * mechanism, so where it is not the first choice it is refused.
 *
 * @param integrity - `ISC_RET_INTEGRITY` or `ASC_RET_INTEGRITY`.
 * @throws {@link SspiError} `SEC_E_DOWNGRADE_DETECTED`.
 */
export function isMicRequired(session: Session, soFar: boolean, integrity: number): boolean {
  const byMechanism = session.mechListMic?.required ?? false
  if (soFar && !byMechanism && (session.contextAttr & integrity) === 0) {
    throw new SspiError(
      'SEC_E_DOWNGRADE_DETECTED',
      'SPNEGO: a mechanism that is not the first choice came without integrity, so that the list cannot be checked',
    )
  }
  return soFar || byMechanism
}
