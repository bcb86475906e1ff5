import type { Pbkdf2Hash, SecretBytes } from '../crypto/index.js'
import type { Account, AccountPasswordChange, AccountQuery } from './accounts.js'
import type { CredentialValue } from './credential-values.js'
import type { RevealedCredential, RevealPurpose } from './revealed-credential.js'
import type { TlsProgress, TlsQuery } from './tls-engine.js'

/**
 * What a core cannot do itself: each effect with what is asked and what is answered. A core's step returns the question,
 * the driver finds the answer, and the core is called again with it. Packages to come add theirs here.
 */
export interface Effects {
  /** What the account database knows of a name; `undefined` for nobody. */
  readonly account: { readonly ask: AccountQuery; readonly answer: Account | undefined }
  /** Whether the account database took a new password: `false` when the account is not there, or the old one is wrong. */
  readonly changePassword: { readonly ask: AccountPasswordChange; readonly answer: boolean }
  /** The reply of a Kerberos service to a request, of which nothing was believed yet. */
  readonly kdc: { readonly ask: KdcQuery; readonly answer: Uint8Array }
  /** What DNS calls a host; the same name where it has none. */
  readonly canonicalHost: { readonly ask: CanonicalHostQuery; readonly answer: string }
  /** The realm of a host by DNS; `undefined` where that has none. */
  readonly realmOfHost: { readonly ask: { readonly host: string }; readonly answer: string | undefined }
  /** A password stretched by PBKDF2, which takes too long for a turn. Whoever asked wipes it. */
  readonly stretch: { readonly ask: StretchQuery; readonly answer: SecretBytes }
  /** Whether something comes for the first time: `false` is a replay. */
  readonly replay: { readonly ask: ReplayQuery; readonly answer: boolean }
  /** Whether a count of a Digest nonce comes for the first time: `false` is a replay. */
  readonly nonce: { readonly ask: NonceQuery; readonly answer: boolean }
  /** The secret of a credential value that stands in a package's options. A view, as the value gives it. */
  readonly reveal: { readonly ask: RevealQuery; readonly answer: RevealedCredential }
  /** Hands a changed ticket cache to whoever keeps it. */
  readonly keepTickets: { readonly ask: KeepTicketsQuery; readonly answer: undefined }
  /** A step of a TLS handshake. */
  readonly tls: { readonly ask: TlsQuery; readonly answer: TlsProgress }
}

/** A message for a Kerberos service of a realm. */
export interface KdcQuery {
  /** Whose KDC is asked. */
  readonly realm: string
  /** `kdc` for tickets, `kpasswd` for changes of passwords. */
  readonly service: 'kdc' | 'kpasswd'
  /** The message, without a length before it. */
  readonly request: Uint8Array
  /** The KDC proxy that the credential is to use. Default: what the configuration says. */
  readonly proxy?: KdcProxy | undefined
}

/** A KDC proxy, MS-KKDCP. */
export interface KdcProxy {
  /** `https://…`. */
  readonly url: string
  /** Whether nobody else may be asked; else it is asked after the KDCs themselves. */
  readonly only: boolean
}

/** A host whose name shall be the one that DNS has for it. */
export interface CanonicalHostQuery {
  /** As it was written, without a port. */
  readonly host: string
  /** Whether it is the name of its address that counts. */
  readonly reverse: boolean
}

/** A password to be stretched by PBKDF2. */
export interface StretchQuery {
  /** The hash under PBKDF2. */
  readonly hash: Pbkdf2Hash
  /** Overwritten by whoever asked when the answer has come. */
  readonly password: Uint8Array
  /** As the KDC gave it. */
  readonly salt: Uint8Array
  /** How often the hash is taken. */
  readonly iterations: number
  /** Bytes wanted. */
  readonly length: number
}

/** Something that must not be accepted twice. */
export interface ReplayQuery {
  /** What it is recognised by. */
  readonly key: Uint8Array
  /** When it could not be accepted any more anyway. */
  readonly until: Date
}

/** A use of a nonce that this side has issued itself. */
export interface NonceQuery {
  /** The nonce as it stood in the protocol. */
  readonly nonce: string
  /** Which use of it this is: from 1 on. */
  readonly count: number
  /** When it could not be used any more anyway. */
  readonly until: Date
}

/** A credential value to be opened, and what for. */
export interface RevealQuery extends RevealPurpose {
  /** As the options have it. */
  readonly value: CredentialValue
}

/** A ticket cache that has changed. */
export interface KeepTicketsQuery {
  /** The whole cache in the format of credential cache files, version 4. Secret; wiped when the answer has come. */
  readonly cache: Uint8Array
  /** As the credential's value gave it. */
  readonly save: (cache: Uint8Array) => void | Promise<void>
}

/** The name of an effect. */
export type EffectName = keyof Effects

/** A question of a core. */
export type Ask = { [K in EffectName]: { readonly effect: K; readonly query: Effects[K]['ask'] } }[EffectName]

/** The answer to a question, of the same effect. */
export type Answer = { [K in EffectName]: { readonly effect: K; readonly value: Effects[K]['answer'] } }[EffectName]

/** Carries requests to Kerberos services. `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when none answers. */
export type KdcSender = (query: KdcQuery, signal: AbortSignal | undefined) => Uint8Array | Promise<Uint8Array>

/** Who is asked what DNS says of hosts. Nothing of that is authentic. */
export interface HostDirectory {
  /** What a host is called; the name that was given where there is no other, or nobody answers. */
  canonicalName(query: CanonicalHostQuery, signal: AbortSignal | undefined): Promise<string>
  /** The realm of a host; `undefined` where none is said, or nobody answers. */
  realmOf(host: string, signal: AbortSignal | undefined): Promise<string | undefined>
}

/**
 * Who answers effects. An answer that needs no waiting should be returned as it is: then a context call completes in
 * the same turn. A driver may throw or reject; that ends the exchange with the same error, unless it is an `SspiError` and the
 * step that asked `hearsFailure`.
 */
export interface Driver {
  /** Whether there are accounts to look clients up in. Left out where that is not known. */
  readonly hasAccounts?: boolean | undefined
  /** Does what is asked, in this turn or later. */
  answer(ask: Ask, signal: AbortSignal | undefined): Answer | Promise<Answer>
}
