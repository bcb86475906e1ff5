import {
  SCHANNEL_NAME,
  SspiError,
  type Credential,
  type CredentialAttribute,
  type CredentialAttributes,
  type CredentialRequest,
  type Identity,
  type Packages,
  type RevealedCredential,
  type SecurityPackage,
  type SettableCredentialAttribute,
  type SettableCredentialAttributes,
  type World,
} from '../sspi/index.js'
import { SCH_CRED_DISABLE_RECONNECTS } from './constants.js'
import type { CredentialOrigin } from './delegation-policy.js'
import type { TsPasswordCreds } from './messages/index.js'

/** A package that CredSSP drives, with a credential of its own. */
export interface Driven {
  /** The package. */
  readonly package: SecurityPackage
  /** What it authenticates with; ends with the credential that it is a part of. */
  readonly credential: Credential
}

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** CredSSP's credential: one for the TLS channel, one for Negotiate within it, and what a client may hand to the server. */
export class CredSspCredential implements Credential {
  /** Negotiate, for the authentication within it. */
  readonly negotiate: Driven
  /** Where it comes from, which the policy of delegation goes by. */
  readonly origin: CredentialOrigin
  #tls: Driven
  /** Replaced by `add`, but perhaps still in use. */
  readonly #replaced: Credential[] = []
  #password: TsPasswordCreds | undefined

  /** @internal */
  constructor(tls: Driven, negotiate: Driven, origin: CredentialOrigin, password: TsPasswordCreds | undefined) {
    this.#tls = tls
    this.negotiate = negotiate
    this.origin = origin
    this.#password = password
  }

  /** Schannel, for the channel. */
  get tls(): Driven {
    return this.#tls
  }

  /** What can be delegated; `undefined` where there is no password. A string, which cannot be wiped. */
  get password(): TsPasswordCreds | undefined {
    return this.#password
  }

  /** The earlier of its parts'. */
  get expiry(): Date {
    const ends = [this.tls, this.negotiate].map(({ credential }) => credential.expiry.getTime())
    return new Date(Math.min(...ends))
  }

  get identity(): Identity | undefined {
    return this.negotiate.credential.identity
  }

  /** As the part for the authentication, else the one for the channel. */
  query<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined {
    return this.negotiate.credential.query?.(attribute) ?? this.tls.credential.query?.(attribute)
  }

  /** Set on each part that has the attribute. */
  set<A extends SettableCredentialAttribute>(attribute: A, value: SettableCredentialAttributes[A]): boolean {
    const taken = [this.negotiate, this.tls].map(({ credential }) => credential.set?.(attribute, value) ?? false)
    return taken.includes(true)
  }

  /** Takes another one for the channel only: one that authenticates somebody else would come with the password of the first. */
  add(of: SecurityPackage, credential: Credential): boolean {
    if (of !== this.tls.package) return false
    this.#replaced.push(this.tls.credential)
    this.#tls = { package: of, credential }
    return true
  }

  dispose(): void {
    this.#password = undefined
    for (const credential of this.#replaced) credential.dispose()
    this.tls.credential.dispose()
    this.negotiate.credential.dispose()
  }

  /** Without the secret. */
  [inspect](): string {
    return `CredSspCredential { user: '${this.#password?.userName ?? ''}', secret: redacted }`
  }
}

/**
 * Acquires a credential of Schannel and one of the package that authenticates in the channel, Negotiate as a rule.
 *
 * @param of - What is made of `credSspCredential()`, or of any value that Negotiate takes.
 * @throws {@link SspiError} as those packages do; `SEC_E_SECPKG_NOT_FOUND` where one of them is not registered.
 */
export function acquireCredSspCredential(
  request: CredentialRequest,
  innerPackage: string,
  world: World,
): CredSspCredential {
  const { value, packages } = request
  const parts = partsOf(value)
  const acquire = (name: string, part: RevealedCredential | undefined): Driven => {
    const of = requirePackage(packages, name)
    return { package: of, credential: of.acquire({ ...request, value: part }, world) }
  }
  const tls = acquire(SCHANNEL_NAME, withoutSessions(parts.tls))
  try {
    return new CredSspCredential(tls, acquire(innerPackage, parts.identity), parts.origin, passwordOf(parts.identity))
  } catch (error) {
    tls.credential.dispose()
    throw error
  }
}

interface Parts {
  readonly tls: RevealedCredential | undefined
  readonly identity: RevealedCredential | undefined
  readonly origin: CredentialOrigin
}

function partsOf(value: RevealedCredential | undefined): Parts {
  switch (value?.kind) {
    case undefined:
      return { tls: undefined, identity: undefined, origin: 'default' }
    case 'credssp':
      return value
    // A server that gives its certificate accepts with Negotiate's default credentials.
    case 'certificate':
      return { tls: value, identity: undefined, origin: 'default' }
    default:
      return { tls: undefined, identity: value, origin: 'fresh' }
  }
}

/**
 * Each exchange has a handshake of its own: MS-CSSP 3.1.5 has no session that goes on, in which the server would not show again
 * that it has the key that everything is bound to.
 */
function withoutSessions(tls: RevealedCredential | undefined): RevealedCredential | undefined {
  if (tls !== undefined && tls.kind !== 'certificate') return tls
  const { identities = [], options = {}, packageList } = tls ?? {}
  const flags = (options.flags ?? 0) | SCH_CRED_DISABLE_RECONNECTS
  return { kind: 'certificate', packageList, identities, options: { ...options, flags } }
}

function passwordOf(identity: RevealedCredential | undefined): TsPasswordCreds | undefined {
  if (identity?.kind !== 'password') return undefined
  return { domainName: identity.domain, userName: identity.user, password: identity.password }
}

function requirePackage(packages: Packages, name: string): SecurityPackage {
  const found = packages.find(name)
  if (found !== undefined) return found
  throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `CredSSP: it needs the package ${name}, which is not registered`)
}
