import { wipe } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { SECPKG_ATTR_DELEGATED_CREDENTIAL, SECPKG_ATTR_DELEGATED_TICKETS } from './attributes.js'
import { commonAttributes } from './common-attributes.js'
import { SECPKG_ATTR_ACCESS_TOKEN, SECPKG_FLAG_IMPERSONATION } from './constants/index.js'
import type { ContextState } from './context-state.js'
import type { Session } from './contract.js'
import type { CredentialValue } from './credential-values.js'
import type { AccessToken } from './identity.js'
import { handedOver, revealCredential, type RevealedCredential, type RevealPurpose } from './revealed-credential.js'
import type { World } from './world.js'

/**
 * What keeps, for each flow of control, on whose behalf it runs: what the token of a thread is on Windows. `AsyncLocalStorage` of
 * `node:async_hooks` is one: `run` is its `run`, `current` its `getStore`.
 */
export interface AmbientIdentity {
  /** Runs a function, and all that it begins, with a value; `undefined` is the process itself. Whoever called it keeps theirs. */
  run<T>(value: object | undefined, fn: () => T): T
  /** The value of whoever asks. */
  current(): object | undefined
}

/** Runs a function as who was impersonated when this was made: see `captureIdentity`. */
export type RunAsCaptured = <T>(fn: () => T) => T

/** What the impersonation of an interface is made of. */
export interface ImpersonatorParts {
  readonly world: World
  /** `undefined`: nobody can be impersonated. */
  readonly ambient: AmbientIdentity | undefined
  /** What default credentials are outside of any impersonation. */
  readonly defaultCredentials: CredentialValue | undefined
}

/** Who acts as whom in one security interface, and with what. */
export class Impersonator {
  readonly #parts: ImpersonatorParts

  constructor(parts: ImpersonatorParts) {
    this.#parts = parts
  }

  /**
   * Runs a function as the client of a context; it ends with the function, or with the promise that the function returns.
   *
   * @throws {@link SspiError} `SEC_E_NO_IMPERSONATION`, `SEC_E_CONTEXT_EXPIRED`, `SEC_E_UNSUPPORTED_FUNCTION`, before the
   *   function is called; whatever the function throws.
   */
  impersonate<T>(state: ContextState, fn: () => T): T {
    const { ambient, world } = this.#parts
    if (ambient === undefined) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'this interface was made without a way to impersonate')
    }
    const scope = new Impersonation(state, tokenOf(state, world), world)
    let result: T
    try {
      result = ambient.run(scope, fn)
    } catch (error) {
      scope.end()
      throw error
    }
    if (result instanceof Promise) result.then(scope.end, scope.end)
    else scope.end()
    return result
  }

  /** Runs a function as the process itself. */
  revert<T>(fn: () => T): T {
    const { ambient } = this.#parts
    return ambient === undefined ? fn() : ambient.run(undefined, fn)
  }

  /** Whom the caller acts as; `undefined` for the process. @throws {@link SspiError} `SEC_E_NO_IMPERSONATION` behind the end of it. */
  currentToken(): AccessToken | undefined {
    return this.#current()?.liveToken()
  }

  /** Keeps the caller's identity for later. */
  capture(): RunAsCaptured {
    const { ambient } = this.#parts
    if (ambient === undefined) return (fn) => fn()
    const value = ambient.current()
    return (fn) => ambient.run(value, fn)
  }

  /**
   * What default credentials are for the caller: the client's when it is impersonated, and never the process's then.
   *
   * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when the client has delegated nothing.
   */
  async defaultCredential(purpose: RevealPurpose): Promise<RevealedCredential | undefined> {
    const scope = this.#current()
    if (scope !== undefined) return scope.reveal(purpose)
    const { defaultCredentials } = this.#parts
    // What a server accepts with is its own affair: keys, accounts.
    if (defaultCredentials === undefined || purpose.use !== 'outbound') return undefined
    return revealCredential(defaultCredentials, purpose)
  }

  /**
   * Whose the caller's default credentials are: the same object for the same context, `undefined` for the process.
   *
   * @throws {@link SspiError} as {@link defaultCredential} for an initiator, when there are none.
   */
  defaultOwner(): object | undefined {
    return this.#current()?.owner()
  }

  #current(): Impersonation | undefined {
    const value = this.#parts.ambient?.current()
    return value instanceof Impersonation ? value : undefined
  }
}

/** One impersonation, from the call of its function to the end of it. */
class Impersonation {
  readonly #state: ContextState
  readonly #token: AccessToken
  readonly #world: World
  #ended = false

  constructor(state: ContextState, token: AccessToken, world: World) {
    this.#state = state
    this.#token = token
    this.#world = world
  }

  readonly end = (): void => {
    this.#ended = true
  }

  liveToken(): AccessToken {
    if (!this.#ended) return this.#token
    throw new SspiError(
      'SEC_E_NO_IMPERSONATION',
      `the impersonation of ${this.#who} has ended; what goes on behind it must say whose it is: impersonate again, or revert`,
    )
  }

  owner(): object {
    this.#usableSession('outbound')
    return this.#state
  }

  async reveal(purpose: RevealPurpose): Promise<RevealedCredential> {
    const session = this.#usableSession(purpose.use)
    const delegated = session.query(SECPKG_ATTR_DELEGATED_CREDENTIAL)
    wipe(delegated?.tsCredentials)
    if (delegated?.credential !== undefined) return revealCredential(delegated.credential, purpose)
    const tickets = session.query(SECPKG_ATTR_DELEGATED_TICKETS)
    if (tickets === undefined) throw this.#none('the client did not delegate a credential that can be used here')
    return { kind: 'ticket-cache', packageList: undefined, cache: handedOver(tickets.cache), save: undefined }
  }

  /** The session, when it may be used for this. */
  #usableSession(use: RevealPurpose['use']): Session {
    const { phase } = this.#state
    const { impersonationLevel: level } = this.#token
    if (this.#ended) {
      throw this.#none('the impersonation has ended; what goes on behind it must impersonate again, or revert')
    }
    if (phase.at !== 'established') throw this.#none('its context was deleted meanwhile')
    checkTime(phase.session, this.#world)
    if (use !== 'outbound') {
      throw this.#none('a client delegates nothing to accept with; revert, or name the credential')
    }
    if (level === 'anonymous') throw this.#none('it is anonymous')
    if (level === 'identification') throw this.#none('the client lets itself be identified, and no more')
    if (level !== 'delegation') {
      throw this.#none(
        'the client did not delegate its credentials (ISC_REQ_DELEGATE), so that only local access is possible',
      )
    }
    return phase.session
  }

  #none(why: string): SspiError {
    return new SspiError('SEC_E_NO_CREDENTIALS', `default credentials while ${this.#who} is impersonated: ${why}`)
  }

  get #who(): string {
    return this.#token.qualifiedName || 'an anonymous client'
  }
}

/** The access token of a context whose client may be impersonated. */
function tokenOf(state: ContextState, world: World): AccessToken {
  const { phase } = state
  const name = state.package.info.name
  if (state.side === 'initiator') {
    throw new SspiError('SEC_E_NO_IMPERSONATION', `${name}: the context is the client's; servers impersonate`)
  }
  if (phase.at !== 'established') {
    throw new SspiError(
      'SEC_E_NO_IMPERSONATION',
      `${name}: the context is not established, so that there is nobody yet`,
    )
  }
  if ((phase.by.info.capabilities & SECPKG_FLAG_IMPERSONATION) === 0) {
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `${phase.by.info.name}: its clients cannot be impersonated`)
  }
  checkTime(phase.session, world)
  return accessTokenOf(state, world)
}

/**
 * QuerySecurityContextToken.
 *
 * @throws {@link SspiError} `SEC_E_NO_IMPERSONATION` where nobody has authenticated.
 */
export function accessTokenOf(state: ContextState, world: World): AccessToken {
  const asked = state.phase.at === 'established' ? state.phase.session.query(SECPKG_ATTR_ACCESS_TOKEN) : undefined
  const token = asked ?? commonAttributes(state, world)[SECPKG_ATTR_ACCESS_TOKEN]?.()
  if (token !== undefined) return token
  throw new SspiError(
    'SEC_E_NO_IMPERSONATION',
    `${state.package.info.name}: no client has authenticated in this context`,
  )
}

function checkTime(session: Session, world: World): void {
  if (world.now() <= session.expiry) return
  throw new SspiError('SEC_E_CONTEXT_EXPIRED', `the context was good until ${session.expiry.toISOString()}`)
}
