import {
  packageAllowed,
  SspiError,
  type Credential,
  type CredentialAttribute,
  type CredentialAttributes,
  type CredentialRequest,
  type Identity,
  type Mechanism,
  type RevealedCredential,
  type SecurityPackage,
  type SettableCredentialAttribute,
  type SettableCredentialAttributes,
  type World,
} from '../sspi/index.js'

/** A package that can be negotiated, with a credential of its own. */
export interface AvailableMechanism {
  /** The package. */
  readonly package: SecurityPackage
  /** What it brings for Negotiate: its OIDs, what it recognises. */
  readonly mechanism: Mechanism
  /** Its own, made of the same value. */
  readonly credential: Credential
}

/** A package that cannot be negotiated with this credential, and why. */
export interface UnavailableMechanism {
  /** Its name. */
  readonly packageName: string
  /** What it said when it was asked for a credential. */
  readonly reason: string
}

/**
 * Negotiate's credential: one of each package that can be negotiated, as far as they could be had.
 *
 * It is made of the packages that are registered when it is acquired; later ones do not join.
 */
export class NegotiateCredential implements Credential {
  #mechanisms: readonly AvailableMechanism[]
  #unavailable: readonly UnavailableMechanism[]
  #anonymous: boolean
  /** Replaced by `add`, but perhaps still in use. */
  readonly #replaced: Credential[] = []

  constructor(
    mechanisms: readonly AvailableMechanism[],
    unavailable: readonly UnavailableMechanism[],
    anonymous: boolean,
  ) {
    this.#mechanisms = mechanisms
    this.#unavailable = unavailable
    this.#anonymous = anonymous
  }

  /** In the order of the registry, which is the order of preference; one that was not available before it was added comes last. */
  get mechanisms(): readonly AvailableMechanism[] {
    return this.#mechanisms
  }

  /** Those that cannot be used, each with its reason. */
  get unavailable(): readonly UnavailableMechanism[] {
    return this.#unavailable
  }

  /** Whether it is nobody's: then there is no key to sign with. */
  get anonymous(): boolean {
    return this.#anonymous
  }

  /** The earliest of its parts. */
  get expiry(): Date {
    return new Date(Math.min(...this.#mechanisms.map(({ credential }) => credential.expiry.getTime())))
  }

  /** As the first package that knows says it. */
  get identity(): Identity | undefined {
    return this.#mechanisms.find(({ credential }) => credential.identity !== undefined)?.credential.identity
  }

  /** As the first package that has an answer. */
  query<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined {
    for (const { credential } of this.#mechanisms) {
      const answer = credential.query?.(attribute)
      if (answer !== undefined) return answer
    }
    return undefined
  }

  /** Set on each part that has the attribute. */
  set<A extends SettableCredentialAttribute>(attribute: A, value: SettableCredentialAttributes[A]): boolean {
    const taken = this.#mechanisms.map(({ credential }) => credential.set?.(attribute, value) ?? false)
    return taken.includes(true)
  }

  /** Takes the place of the part of the same package, or joins the others. */
  add(of: SecurityPackage, credential: Credential): boolean {
    const { mechanism } = of
    if (mechanism === undefined) return false
    const added: AvailableMechanism = { package: of, mechanism, credential }
    const before = this.#mechanisms.find((each) => each.package === of)
    if (before === undefined) this.#mechanisms = [...this.#mechanisms, added]
    else {
      this.#replaced.push(before.credential)
      this.#mechanisms = this.#mechanisms.map((each) => (each === before ? added : each))
    }
    this.#unavailable = this.#unavailable.filter(({ packageName }) => packageName !== of.info.name)
    this.#anonymous &&= credential.identity === undefined
    return true
  }

  dispose(): void {
    for (const { credential } of this.#mechanisms) credential.dispose()
    for (const credential of this.#replaced) credential.dispose()
  }
}

/**
 * Acquires a credential of every package that can be negotiated and that the identity's package list lets in.
 *
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when there is none, saying why of each.
 */
export function acquireNegotiateCredential(request: CredentialRequest, world: World): NegotiateCredential {
  const mechanisms: AvailableMechanism[] = []
  const unavailable: UnavailableMechanism[] = []
  try {
    for (const of of request.packages) {
      const { mechanism } = of
      if (mechanism === undefined) continue
      const outcome = acquireOne(of, request, world)
      if (typeof outcome === 'string') unavailable.push({ packageName: of.info.name, reason: outcome })
      else mechanisms.push({ package: of, mechanism, credential: outcome })
    }
    if (mechanisms.length === 0) {
      throw new SspiError('SEC_E_NO_CREDENTIALS', `Negotiate: ${describeUnavailable(unavailable)}`)
    }
  } catch (error) {
    for (const { credential } of mechanisms) credential.dispose()
    throw error
  }
  return new NegotiateCredential(mechanisms, unavailable, isAnonymous(request.value))
}

/** In words, which packages are not available, and why. */
export function describeUnavailable(unavailable: readonly UnavailableMechanism[]): string {
  if (unavailable.length === 0) return 'no package that can be negotiated is registered'
  return unavailable.map(({ packageName, reason }) => `${packageName} is not available (${reason})`).join('; ')
}

/** The package's credential, or why there is none. */
function acquireOne(of: SecurityPackage, request: CredentialRequest, world: World): Credential | string {
  if (!packageAllowed(packageListOf(request.value), of.info.name)) return "the identity's package list excludes it"
  if (request.use === 'outbound' && of.initiate === undefined) return 'it cannot initiate'
  if (request.use === 'inbound' && of.accept === undefined) return 'it cannot accept'
  try {
    return of.acquire(request, world)
  } catch (error) {
    if (error instanceof SspiError) return `${error.code}: ${error.message}`
    throw error
  }
}

function packageListOf(value: RevealedCredential | undefined): string | undefined {
  return value !== undefined && 'packageList' in value ? value.packageList : undefined
}

/** An identity whose name and password are both empty is nobody's too, as on Windows. */
function isAnonymous(value: RevealedCredential | undefined): boolean {
  if (value?.kind === 'pair') return isAnonymous(value.outbound)
  return value?.kind === 'anonymous' || (value?.kind === 'password' && value.user === '' && value.password === '')
}
