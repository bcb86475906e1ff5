import { secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { never, SspiError, type Credential, type CredentialRequest, type Identity } from '../sspi/index.js'
import { bytesOf, isLatin1, utf8Bytes } from './octets.js'
import { RememberedNonces } from './remembered-nonces.js'

/** A password in the forms in which it may be hashed. */
export interface PasswordForms {
  /** UTF-8. */
  readonly utf8: SecretBytes
  /** ISO 8859-1; `undefined` where it has no such form. */
  readonly latin1: SecretBytes | undefined
}

/** What an initiator authenticates with; an acceptor's holds nothing, as accounts are looked up. */
export type DigestSecret =
  | {
      readonly kind: 'user'
      readonly user: string
      readonly domain: string
      /** Whom a SASL client wants to act as; `undefined` for itself. */
      readonly authorizationId: string | undefined
      readonly password: PasswordForms
    }
  | { readonly kind: 'none' }

/** Digest's form of a credential. It needs the password itself, as the realm comes later. */
export class DigestCredential implements Credential {
  /** It does not expire. */
  readonly expiry: Date = never()
  /** What subsequent authentication begins with. @internal */
  readonly remembered = new RememberedNonces()
  readonly #secret: DigestSecret

  /** @param secret - its password is wiped by `dispose`. */
  constructor(secret: DigestSecret) {
    this.#secret = secret
  }

  /** The secret itself, not a copy. */
  get secret(): DigestSecret {
    return this.#secret
  }

  get identity(): Identity | undefined {
    if (this.#secret.kind !== 'user') return undefined
    const { user, domain } = this.#secret
    return { name: user, domain, sid: undefined, groups: [], source: 'asserted' }
  }

  dispose(): void {
    if (this.#secret.kind === 'user') wipePassword(this.#secret.password)
  }
}

/**
 * Makes a credential. The principal of an initiator is whom it wants to act as (the authorization identity of SASL). Errors as
 * for `SecurityPackage.acquire`.
 */
export function acquireDigestCredential(request: CredentialRequest): DigestCredential {
  const { value, use, principal } = request
  if (value === undefined) {
    if (use === 'inbound') return new DigestCredential({ kind: 'none' })
    throw new SspiError(
      'SEC_E_NO_CREDENTIALS',
      'Digest: no user and password were given, and there is no logged-on user here',
    )
  }
  if (value.kind !== 'password') {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `Digest: it has no use for a credential of kind '${value.kind}'`)
  }
  if (use === 'inbound') return new DigestCredential({ kind: 'none' })
  if (value.user === '') throw new SspiError('SEC_E_NO_CREDENTIALS', 'Digest: the user has no name')
  return new DigestCredential({
    kind: 'user',
    user: value.user,
    domain: value.domain,
    authorizationId: principal === '' ? undefined : principal,
    password: passwordForms(value.password),
  })
}

/** A password's forms, of its normal form C (RFC 7616 §4), however it was typed; the caller wipes them. */
export function passwordForms(typed: string): PasswordForms {
  const password = typed.normalize('NFC')
  const utf8 = utf8Bytes(password)
  const latin1 = isLatin1(password) ? bytesOf(password) : undefined
  try {
    return { utf8: secretFrom(utf8), latin1: latin1 && secretFrom(latin1) }
  } finally {
    wipe(utf8)
    wipe(latin1)
  }
}

/** Overwrites a password's forms. */
export function wipePassword({ utf8, latin1 }: PasswordForms): void {
  wipe(utf8)
  wipe(latin1)
}
