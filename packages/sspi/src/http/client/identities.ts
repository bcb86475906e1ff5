import { HttpIdentity, isUnsuitable } from './identity.js'
import type { HttpCredentials, HttpSecurity } from './options.js'

/** Clients of ours whom requests are made for at the next hop, and who are remembered. */
const MOST_IMPERSONATED = 1_000

/** Everybody whom the requests of one client are made as. */
export class Identities implements Disposable {
  readonly #sspi: HttpSecurity
  readonly #byCredential = new Map<HttpCredentials | undefined, HttpIdentity>()
  /** By whose their default credentials are; whoever was met last stands last. */
  readonly #impersonated = new Map<object, HttpIdentity>()
  #made = 0

  constructor(sspi: HttpSecurity) {
    this.#sspi = sspi
  }

  /**
   * Who a credential is: the same value is the same identity, and two values never are, whatever is in them. Without a value it is
   * whoever the caller acts as: the process, or a client that is impersonated, each context of which is somebody else.
   */
  of(credentials: HttpCredentials | undefined): HttpIdentity {
    const owner = credentials === undefined ? this.#owner() : undefined
    if (owner === 'nobody') return this.#make(undefined)
    if (owner !== undefined) return this.#actingFor(owner)
    const known = this.#byCredential.get(credentials)
    if (known !== undefined) return known
    const made = this.#make(credentials)
    this.#byCredential.set(credentials, made)
    return made
  }

  #actingFor(owner: object): HttpIdentity {
    const identity = this.#impersonated.get(owner) ?? this.#make(undefined)
    identity.actForCaller()
    this.#impersonated.delete(owner)
    this.#impersonated.set(owner, identity)
    if (this.#impersonated.size > MOST_IMPERSONATED) {
      const [oldest] = this.#impersonated
      oldest?.[1][Symbol.dispose]()
      this.#impersonated.delete(oldest![0])
    }
    return identity
  }

  /** Whoever has no credentials may still ask for what needs none, over connections that are nobody else's. */
  #owner(): object | 'nobody' | undefined {
    try {
      return this.#sspi.defaultCredentialsOwner()
    } catch (error) {
      if (isUnsuitable(error)) return 'nobody'
      throw error
    }
  }

  #make(credentials: HttpCredentials | undefined): HttpIdentity {
    return new HttpIdentity(this.#made++, credentials, this.#sspi)
  }

  /** Frees all credentials. */
  [Symbol.dispose](): void {
    for (const identities of [this.#byCredential, this.#impersonated]) {
      for (const identity of identities.values()) identity[Symbol.dispose]()
      identities.clear()
    }
  }
}
