import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import {
  never,
  SECPKG_CRED_ATTR_NAMES,
  SspiError,
  type Credential,
  type CredentialAttribute,
  type CredentialAttributes,
  type CredentialAttributeTable,
  type CredentialRequest,
  type Identity,
} from '../sspi/index.js'
import { ntowfv1 } from './responses.js'

const HASH_LENGTH = 16

/** What an initiator authenticates with; an acceptor's holds nothing, as accounts are looked up. */
export type NtlmSecret =
  | { readonly kind: 'user'; readonly user: string; readonly domain: string; readonly ntHash: SecretBytes }
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'none' }

/** NTLM's form of a credential: the NT hash, not the password. */
export class NtlmCredential implements Credential {
  /** It does not expire. */
  readonly expiry: Date = never()
  readonly #secret: NtlmSecret

  /** @param secret - its hash is wiped by `dispose`. */
  constructor(secret: NtlmSecret) {
    this.#secret = secret
  }

  /** The secret itself, not a copy. */
  get secret(): NtlmSecret {
    return this.#secret
  }

  get identity(): Identity | undefined {
    if (this.#secret.kind !== 'user') return undefined
    const { user, domain } = this.#secret
    return { name: user, domain, sid: undefined, groups: [], source: 'asserted' }
  }

  /** Nobody in particular has a name, too: an empty one. */
  query<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined {
    const table: CredentialAttributeTable = {
      [SECPKG_CRED_ATTR_NAMES]: () => (this.#secret.kind === 'anonymous' ? { userName: '' } : undefined),
    }
    return table[attribute]?.()
  }

  dispose(): void {
    if (this.#secret.kind === 'user') wipe(this.#secret.ntHash)
  }
}

/** Makes a credential. Errors as for `SecurityPackage.acquire`. */
export function acquireNtlmCredential(request: CredentialRequest): NtlmCredential {
  const { value, use } = request
  if (value === undefined) {
    if (use === 'inbound') return new NtlmCredential({ kind: 'none' })
    throw new SspiError(
      'SEC_E_NO_CREDENTIALS',
      'NTLM: no user and password were given, and there is no logged-on user here',
    )
  }
  switch (value.kind) {
    case 'anonymous':
      return new NtlmCredential({ kind: 'anonymous' })
    case 'password': {
      const { user, domain, password } = value
      // MS-NLMP 3.3.2: a user and a password that are both empty mean nobody.
      if (user === '' && password === '') return new NtlmCredential({ kind: 'anonymous' })
      return new NtlmCredential({ kind: 'user', user, domain, ntHash: ntowfv1(password) })
    }
    case 'nt-hash': {
      const { user, domain, ntHash } = value
      if (ntHash.length !== HASH_LENGTH) {
        throw new SspiError(
          'SEC_E_UNKNOWN_CREDENTIALS',
          `NTLM: an NT hash has ${HASH_LENGTH} bytes, not ${ntHash.length}`,
        )
      }
      return new NtlmCredential({ kind: 'user', user, domain, ntHash: secretFrom(ntHash) })
    }
    case 'pair':
      // Accounts are looked up: what was chosen to accept with is not needed.
      return acquireNtlmCredential({ ...request, value: value.outbound })
    case 'keytab':
      // A server's, for clients that come with Kerberos; those that come with NTLM are looked up.
      if (use === 'inbound') return new NtlmCredential({ kind: 'none' })
      throw noUseFor(value.kind)
    default:
      throw noUseFor(value.kind)
  }
}

function noUseFor(kind: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `NTLM: it has no use for a credential of kind '${kind}'`)
}
