import type { SecretBytes } from '../crypto/index.js'
import type { FailureName, SspiError } from '../status/index.js'
import type {
  AttributeTable,
  ContextAttribute,
  ContextAttributes,
  SettableAttribute,
  SettableAttributes,
} from './attributes.js'
import type { SecBufferDesc } from './buffer.js'
import type { ChannelBindings } from './channel-bindings.js'
import type {
  CredentialAttribute,
  CredentialAttributes,
  SettableCredentialAttribute,
  SettableCredentialAttributes,
} from './credential-attributes.js'
import type { CredentialValue } from './credential-values.js'
import type { Answer, Ask } from './effects.js'
import type { Identity } from './identity.js'
import type { SecPkgInfo } from './package-info.js'
import type { RevealedCredential } from './revealed-credential.js'
import type { World } from './world.js'

// The contract between the interface and a security package. It grows by additions: what is here stays as it is.

/** What an exchange is given: the peer's token (none at the start), the answer it asked for, or a message to complete. */
export type Input =
  | {
      readonly kind: 'token'
      /** The peer's token, a copy that may be kept; `undefined` at the start of the side that speaks first. */
      readonly token: Uint8Array | undefined
      /** The bindings that the caller gave with this call, if any. */
      readonly channelBindings: ChannelBindings | undefined
      /** The contents of the `SECBUFFER_PKG_PARAMS` in their order, for the package alone to understand; copies. */
      readonly packageParams?: readonly Uint8Array[] | undefined
      /** The service that the caller names in a `SECBUFFER_TARGET_HOST`, where the target name is something else. */
      readonly targetHost?: string | undefined
      /** The contents of the `SECBUFFER_DATA` in their order: views of the caller's memory, for this step only. */
      readonly data?: readonly Uint8Array[] | undefined
      /** The application protocols of a `SECBUFFER_APPLICATION_PROTOCOLS` (ALPN), the best first, if there was one. */
      readonly applicationProtocols?: readonly string[] | undefined
    }
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** There is no answer, as whoever was to find it has failed. Comes only where the question `hearsFailure`. */
  | { readonly kind: 'unanswered'; readonly error: SspiError }
  /** CompleteAuthToken: the message that the application has made of the token meanwhile. */
  | { readonly kind: 'complete'; readonly message: Uint8Array }

/** What one step of an exchange comes to. */
export type Step =
  | {
      readonly kind: 'ask'
      readonly ask: Ask
      /**
       * Whether the exchange knows what to do when there is no answer: it is stepped with `unanswered` then. A caller who gives up
       * waiting is not heard of. Default `false`: that ends the exchange, with the failure for the caller.
       */
      readonly hearsFailure?: boolean | undefined
    }
  /** The peer must answer before it goes on. Bytes beyond `consumed` were not this exchange's. */
  | { readonly kind: 'continue'; readonly token: Uint8Array; readonly consumed: number }
  /** Less than a whole token came: so many bytes are missing, where that can be known. The exchange stays as it was. */
  | { readonly kind: 'incomplete'; readonly missing: number | undefined }
  /** The application must finish the token (CompleteAuthToken) before it is sent. */
  | { readonly kind: 'complete'; readonly token: Uint8Array; readonly consumed: number }
  /** Something for the peer beside the exchange, which stays as it was: what `control` asked for. The call succeeds. */
  | { readonly kind: 'notice'; readonly token: Uint8Array; readonly consumed: number }
  /** The context stands. A last token, when there is one, must still reach the peer. */
  | {
      readonly kind: 'done'
      readonly token: Uint8Array | undefined
      readonly consumed: number
      readonly session: Session
      /** Whose session it is, when another package was negotiated. Default: the package that was asked. */
      readonly by?: SecurityPackage
      /** What the exchange itself still answers when the session does not: how it was negotiated. Default: nothing. */
      readonly attributes?: AttributeTable
    }

/**
 * One side of one exchange: a synchronous state machine over bytes.
 *
 * A peer's error ends it: `step` throws an `SspiError`, with a token for the peer where the protocol has one.
 */
export interface Exchange {
  /** Advances by one input. */
  step(input: Input): Step
  /** `ISC_RET_…` or `ASC_RET_…` as far as they are known. */
  readonly contextAttr: number
  /** What can be asked of a half-open context; `undefined` where it has no answer. */
  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined
  /** ApplyControlToken, in bytes that only the package understands. Left out where nothing can be controlled. */
  control?(message: Uint8Array): void
  /** Wipes its secrets. A session that came out of it lives on. */
  dispose(): void
}

/** What opening a message came to. */
export type Unsealed =
  /** The plaintext stands in the data buffers. */
  | { readonly kind: 'message'; readonly qop: number }
  /** A record is not whole yet. */
  | { readonly kind: 'incomplete'; readonly missing: number | undefined }
  /** The peer has closed its side. */
  | { readonly kind: 'closed' }
  /** The protocol itself has something to say to the peer: the next step of the context (`Session.step`) gives it. */
  | { readonly kind: 'renegotiate' }

/**
 * An established context. Calls work in place on the caller's buffers. A caller's mistake (a buffer too short) and
 * a refused message leave the session as it was, so that the call, or the right message, may follow.
 *
 * `sequence` counts only in datagram contexts; elsewhere the session counts for itself.
 */
export interface Session {
  /** `ISC_RET_…` or `ASC_RET_…`: what was really achieved. */
  readonly contextAttr: number
  /** Until when it is good. */
  readonly expiry: Date
  /** The other side, where it is known. */
  readonly peer: Identity | undefined
  /** Writes the signature over the data buffers into the token buffer. */
  sign(message: SecBufferDesc, qop: number, sequence: number): void
  /** Checks the signature in the token buffer; returns the quality of protection. */
  verify(message: SecBufferDesc, sequence: number): number
  /** Encrypts the data buffers and writes the token. */
  seal(message: SecBufferDesc, qop: number, sequence: number): void
  /**
   * Decrypts the data buffers; a refused message leaves no plaintext in them. A `SECBUFFER_STREAM` holds the message as one
   * piece, token and data in the order of the package's wrap format; the data buffer beside it becomes a view of the plaintext.
   */
  unseal(message: SecBufferDesc, sequence: number): Unsealed
  /**
   * The answer to an attribute, or `undefined` where this package has none. `SECPKG_ATTR_FLAGS`, `SECPKG_ATTR_PACKAGE_INFO`
   * and `SECPKG_ATTR_ACCESS_TOKEN` (of `peer`, on the acceptor's side) the interface answers itself then.
   */
  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined
  /** ApplyControlToken, in bytes that only the package understands. Left out where nothing can be controlled. */
  control?(message: Uint8Array): void
  /**
   * A further step of an established context: what `control` or the peer's last message asked for. Left out by packages whose
   * exchange is over for good.
   *
   * @param deliver - Hands the outcome to the caller. When it throws, as the caller has no room, nothing has happened.
   */
  step?(token: Uint8Array | undefined, deliver: (token: Uint8Array, consumed: number) => void): void
  /** SetContextAttributes. @returns `false` for an attribute that cannot be set here. Left out where none can. */
  set?<A extends SettableAttribute>(attribute: A, value: SettableAttributes[A]): boolean
  /** What Negotiate needs to know after the mechanism is done; left out by packages that are not mechanisms. */
  readonly mechListMic?: MechListMic
  /**
   * The session as bytes, for {@link SecurityPackage.importSession}. The interface wipes them, and disposes the session, when
   * it has sealed them. Left out where it cannot.
   */
  export?(): SecretBytes
  /** Wipes the keys. */
  dispose(): void
}

/** How a mechanism takes part in SPNEGO's mechListMIC. */
export interface MechListMic {
  /** Whether the peers must exchange it even for the first choice (RFC 4178 §5; MS-SPNG 3.3.5.1). */
  readonly required: boolean
  /** Starts the message keys of a direction anew after its mechListMIC, where the mechanism needs that (NTLM). */
  resetKeys?(direction: 'sent' | 'received'): void
}

/** A package's own form of a credential: what its exchanges work with. */
export interface Credential {
  /** Until when it is good. */
  readonly expiry: Date
  /** Who it is for, where that is known. */
  readonly identity: Identity | undefined
  /**
   * QueryCredentialsAttributes: the answer, or `undefined` where this package has none; `SECPKG_CRED_ATTR_NAMES` the interface makes
   * of `identity` then. Left out where nothing else can be asked.
   */
  query?<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined
  /**
   * SetCredentialsAttributes, for contexts that are begun afterwards. Left out where nothing can be set.
   *
   * @returns `false` for an attribute that cannot be set here.
   * @throws `SspiError` for a value that cannot be; nothing has changed then.
   */
  set?<A extends SettableCredentialAttribute>(attribute: A, value: SettableCredentialAttributes[A]): boolean
  /**
   * AddCredentials: takes another credential in, which the interface has made by the package that it is for, and which is this
   * one's to dispose from then on. Left out where it has no use for others.
   *
   * @returns `false` when it has none for one of that package.
   */
  add?(of: SecurityPackage, added: Credential): boolean
  /** Wipes its secrets. */
  dispose(): void
}

/** What a credential is to be made of. */
export interface CredentialRequest {
  /** For which side. */
  readonly use: 'inbound' | 'outbound' | 'both'
  /** The name that the caller wants the credential for, if it named one. */
  readonly principal: string | undefined
  /** The caller's value, with its secret already fetched; `undefined` means default credentials. */
  readonly value: RevealedCredential | undefined
  /** All packages, for those that drive others. */
  readonly packages: Packages
}

/** The registered packages in their order, looked up without regard to case. */
export interface Packages extends Iterable<SecurityPackage> {
  /** The package of that name. */
  find(name: string): SecurityPackage | undefined
}

/** What an initiator starts with. */
export interface InitiateRequest<C extends Credential = Credential> {
  /** Kept alive until the exchange is disposed. */
  readonly credential: C
  /** The server's name, `HTTP/www.example.com`; empty when none was given. */
  readonly targetName: string
  /** `ISC_REQ_…`. */
  readonly contextReq: number
  /** The other packages of the same interface. */
  readonly packages: Packages
}

/** What an acceptor starts with. */
export interface AcceptRequest<C extends Credential = Credential> {
  /** What the package itself made of the caller's credential. */
  readonly credential: C
  /** `ASC_REQ_…`. */
  readonly contextReq: number
  /** The other packages of the same interface. */
  readonly packages: Packages
}

/** Whose password is to be changed, and to what. */
export interface PasswordChangeRequest {
  /** The account's name; a UPN where `domain` is empty. */
  readonly user: string
  /** Empty when none was named. */
  readonly domain: string
  /** The password that is to go. */
  readonly oldPassword: string
  /** The one that is to come. */
  readonly newPassword: string
  /** All packages, for those that drive others. */
  readonly packages: Packages
}

/** What a new password has to be like: Windows' DOMAIN_PASSWORD_INFORMATION. Ages are in units of 100 ns. */
export interface PasswordPolicy {
  /** In characters. */
  readonly minimumLength: number
  /** How many of the last ones it must not be. */
  readonly historyLength: number
  /** `DOMAIN_PASSWORD_…`: 1 for letters of several kinds. */
  readonly properties: number
  /** How long it lasts; 0 for ever. */
  readonly maximumAge: bigint
  /** How long it cannot be changed again. */
  readonly minimumAge: bigint
}

/** What one step of a change of a password comes to. */
export type PasswordChangeStep =
  | { readonly kind: 'ask'; readonly ask: Ask }
  | { readonly kind: 'changed' }
  /** Whoever decides has refused. The policy is there when that was the reason, and it was said. */
  | { readonly kind: 'refused'; readonly error: SspiError; readonly policy: PasswordPolicy | undefined }

/** A change of a password under way: a state machine as {@link Exchange} is. Other failures than a refusal are thrown. */
export interface PasswordChange {
  /** Goes on with the answer to what was asked; `undefined` at the start. */
  step(answer: Answer | undefined): PasswordChangeStep
  /** Wipes its secrets. */
  dispose(): void
}

/**
 * A security package: what the built-in ones are, and what a third party implements and registers. Its methods are
 * given back only the credentials that it made itself.
 */
export interface SecurityPackage<C extends Credential = Credential> {
  /** What `enumerateSecurityPackages` shows. */
  readonly info: SecPkgInfo
  /** What a token buffer without enough room is answered with. Default `SEC_E_BUFFER_TOO_SMALL`. */
  readonly shortBufferStatus?: FailureName
  /** The longest token that is accepted from a peer, in bytes. Default: twice `info.maxToken`, at least 64 KiB. */
  readonly maxInputToken?: number
  /**
   * Makes a credential. Secrets that it keeps are copies.
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when there is nothing to make it of, `SEC_E_UNKNOWN_CREDENTIALS` when
   *   the value is of a kind that the package cannot use.
   */
  acquire(request: CredentialRequest, world: World): C
  /** Left out by packages that cannot initiate. */
  initiate?(request: InitiateRequest<C>, world: World): Exchange
  /** Left out by packages that cannot accept. */
  accept?(request: AcceptRequest<C>, world: World): Exchange
  /** Takes over what `Session.export` gave. What it keeps is a copy: the blob is wiped. Left out where sessions cannot move. */
  importSession?(blob: Uint8Array, world: World): Session
  /** ChangeAccountPassword. Left out by packages that cannot. */
  changePassword?(request: PasswordChangeRequest, world: World): PasswordChange
  /** Present when the package can be negotiated. */
  readonly mechanism?: Mechanism<C>
}

/** What Negotiate needs to know of a package, and all that it knows. */
export interface Mechanism<C extends Credential = Credential> {
  /** The object identifier to offer, in dots. */
  readonly oid: string
  /** Others by which peers mean the same mechanism. */
  readonly oidAliases: readonly string[]
  /**
   * Whether it is offered only where no other mechanism applies: whoever can break the better one would choose it.
   */
  readonly lastResort: boolean
  /** Whether a first token without any negotiation around it is this mechanism's. */
  recognises(token: Uint8Array): boolean
  /** Whether this credential and target let the mechanism apply at all, before anything is sent. */
  applies(credential: C, targetName: string): boolean
}

/** A credential value as the caller gave it, with where its secret comes from. */
export type { CredentialValue }
