import { wipe, type SecretBytes } from '../crypto/index.js'
import {
  CREDSSP_SERVER_AUTH_CERTIFICATE,
  CREDSSP_SERVER_AUTH_NEGOTIATE,
  ISC_RET_MANUAL_CRED_VALIDATION,
  ISC_RET_MUTUAL_AUTH,
  PasswordCredential,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CERT_TRUST_STATUS,
  SECPKG_ATTR_CREDS,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_NEGOTIATION_PACKAGE,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_SERVER_AUTH_FLAGS,
  SECPKG_ATTR_USER_FLAGS,
  type AttributeTable,
  type ContextAttribute,
  type ContextAttributes,
  type DelegatedCredential,
  type Identity,
  type SecBufferDesc,
  type Session,
  type SettableAttribute,
  type SettableAttributes,
  type Side,
  type Unsealed,
} from '../sspi/index.js'
import { CredType } from './constants.js'
import { readTsCredentials } from './messages/index.js'

/** What a session is made of; all of it is the session's to dispose of. */
export interface CredSspSessionParts {
  /** The channel, which protects messages. */
  readonly tls: Session
  /** The context of SPNEGO, which says who the peer is. */
  readonly context: Session
  readonly side: Side
  /** `ISC_RET_…` or `ASC_RET_…` that CredSSP itself has achieved. */
  readonly own: number
  /** TSCredentials, on the server's side. */
  readonly delegated: SecretBytes | undefined
}

/** What Negotiate knows better than the channel: who the two are. */
const OF_CONTEXT: readonly number[] = [
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_USER_FLAGS,
]

/** An established CredSSP context: messages are TLS records; the peer is who Negotiate says. */
export class CredSspSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date
  readonly peer: Identity | undefined
  readonly #parts: CredSspSessionParts

  constructor(parts: CredSspSessionParts) {
    const { tls, context, own } = parts
    this.#parts = parts
    // Bits of the two sides that mean one thing have one number.
    this.contextAttr = (tls.contextAttr | (context.contextAttr & MUTUAL_AUTH) | own) >>> 0
    this.expiry = new Date(Math.min(tls.expiry.getTime(), context.expiry.getTime()))
    this.peer = context.peer
  }

  sign(message: SecBufferDesc, qop: number, sequence: number): void {
    this.#parts.tls.sign(message, qop, sequence)
  }

  verify(message: SecBufferDesc, sequence: number): number {
    return this.#parts.tls.verify(message, sequence)
  }

  seal(message: SecBufferDesc, qop: number, sequence: number): void {
    this.#parts.tls.seal(message, qop, sequence)
  }

  unseal(message: SecBufferDesc, sequence: number): Unsealed {
    return this.#parts.tls.unseal(message, sequence)
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const { tls, context } = this.#parts
    return this.#own()[attribute]?.() ?? (OF_CONTEXT.includes(attribute) ? context : tls).query(attribute)
  }

  control(message: Uint8Array): void {
    this.#parts.tls.control?.(message)
  }

  step(token: Uint8Array | undefined, deliver: (token: Uint8Array, consumed: number) => void): void {
    this.#parts.tls.step?.(token, deliver)
  }

  set<A extends SettableAttribute>(attribute: A, value: SettableAttributes[A]): boolean {
    return this.#parts.tls.set?.(attribute, value) ?? false
  }

  dispose(): void {
    wipe(this.#parts.delegated)
    this.#parts.tls.dispose()
    this.#parts.context.dispose()
  }

  #own(): AttributeTable {
    const { side, tls, context } = this.#parts
    return {
      [SECPKG_ATTR_DELEGATED_CREDENTIAL]: () => this.#delegated(),
      [SECPKG_ATTR_CREDS]: () => this.#delegated(),
      [SECPKG_ATTR_NEGOTIATION_PACKAGE]: () => {
        const packageInfo = context.query(SECPKG_ATTR_PACKAGE_INFO)
        return packageInfo && { packageInfo }
      },
      // It ends with the first of its two parts.
      [SECPKG_ATTR_LIFESPAN]: () => {
        const lifespan = tls.query(SECPKG_ATTR_LIFESPAN)
        return lifespan && { ...lifespan, expiry: this.expiry }
      },
      [SECPKG_ATTR_SERVER_AUTH_FLAGS]: () => (side === 'initiator' ? { flags: this.#serverAuthFlags() } : undefined),
      // A certificate that is not good is not let through, unless the caller wants to judge it itself.
      [SECPKG_ATTR_CERT_TRUST_STATUS]: () =>
        side === 'initiator' && this.#certificateChecked ? { errorStatus: 0, infoStatus: 0 } : undefined,
    }
  }

  get #certificateChecked(): boolean {
    return (this.#parts.tls.contextAttr & ISC_RET_MANUAL_CRED_VALIDATION) === 0
  }

  #serverAuthFlags(): number {
    const byContext = (this.#parts.context.contextAttr & ISC_RET_MUTUAL_AUTH) !== 0
    return (
      (byContext ? CREDSSP_SERVER_AUTH_NEGOTIATE : 0) | (this.#certificateChecked ? CREDSSP_SERVER_AUTH_CERTIFICATE : 0)
    )
  }

  #delegated(): DelegatedCredential | undefined {
    const { delegated } = this.#parts
    if (delegated === undefined) return undefined
    const value = readTsCredentials(delegated)
    const tsCredentials = new Uint8Array(delegated)
    if (value.credType !== CredType.PASSWORD) return { credential: undefined, tsCredentials }
    const { userName: user, domainName: domain, password } = value.credentials
    return { credential: new PasswordCredential({ user, domain, password }), tsCredentials }
  }
}

/** `ISC_RET_MUTUAL_AUTH` and `ASC_RET_MUTUAL_AUTH`. */
const MUTUAL_AUTH = 0x0000_0002
