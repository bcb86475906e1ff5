import { SspiError } from '../status/index.js'
import type { CertificateCredential } from './certificate-credential.js'
import type { SecretSource } from './secret-source.js'

/**
 * What a credential is made of: values, immutable, with nothing taken from the environment. Each kind shows itself
 * without its secret when printed; a package takes the secret with `reveal()`.
 */
export type CredentialValue = SettledCredentialValue | ChosenCredential

/** A credential value that is not chosen later: it has its secret, or knows where to fetch it. */
export type SettledCredentialValue =
  | PasswordCredential
  | NtHashCredential
  | KeytabCredential
  | TicketCacheCredential
  | CertificateCredential
  | CredSspCredential
  | AnonymousCredential

/**
 * Windows' `SEC_WINNT_AUTH_IDENTITY(_EX)` as an object. Missing strings count as empty. `packageList` restricts what
 * Negotiate may use: `"!ntlm"`, `"kerberos,!ntlm"`.
 */
export interface SecWinntAuthIdentity {
  /** The user, without the domain. */
  readonly user?: string | undefined
  /** The domain; empty when there is none. */
  readonly domain?: string | undefined
  /** In clear. */
  readonly password?: string | undefined
  /** Which packages may use it (`!ntlm,kerberos`). Default: any. */
  readonly packageList?: string | undefined
}

/** Options of {@link passwordCredential}. */
export interface PasswordCredentialOptions {
  /** `alice`, `CONTOSO\alice` or `alice@contoso.com`. */
  readonly user: string
  /** The domain, when `user` does not name one. Default: none. */
  readonly domain?: string | undefined
  /** The password, or a function that fetches it. */
  readonly password: SecretSource<string>
  /** Which packages Negotiate may use, as in `SEC_WINNT_AUTH_IDENTITY_EX`: `"!ntlm"`. Default: all. */
  readonly packageList?: string | undefined
}

/** Options of {@link ntHashCredential}. */
export interface NtHashCredentialOptions extends Omit<PasswordCredentialOptions, 'password'> {
  /** MD4 of the password in UTF-16LE: 16 bytes. As good as the password for NTLM. */
  readonly ntHash: SecretSource<Uint8Array>
}

/** Options of {@link keytabCredential}. */
export interface KeytabCredentialOptions {
  /**
   * `HTTP/www.example.com`, `alice@EXAMPLE.COM`: whose keys to use. Default: to initiate, the first entry's; to accept, any
   * entry's.
   */
  readonly principal?: string | undefined
  /** A keytab's bytes, or a function that fetches them. */
  readonly keytab: SecretSource<Uint8Array>
  /** As for {@link passwordCredential}. */
  readonly packageList?: string | undefined
}

/** Options of {@link ticketCacheCredential}. */
export interface TicketCacheCredentialOptions {
  /** The bytes of a credential cache file, or a function that fetches them. */
  readonly cache: SecretSource<Uint8Array>
  /**
   * Told when tickets were added: the whole cache, to be kept where it came from; a view that is wiped afterwards. Default:
   * new tickets last as long as the credential.
   */
  readonly save?: ((cache: Uint8Array) => void | Promise<void>) | undefined
  /** As for {@link passwordCredential}. */
  readonly packageList?: string | undefined
}

/** A user with a password. @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when the name is in two domains at once. */
export function passwordCredential(options: PasswordCredentialOptions): PasswordCredential {
  return new PasswordCredential(options)
}

/** A user with an NT hash. @throws {@link SspiError} as {@link passwordCredential}. */
export function ntHashCredential(options: NtHashCredentialOptions): NtHashCredential {
  return new NtHashCredential(options)
}

/** A user or service with Kerberos keys, as they lie in a keytab. */
export function keytabCredential(options: KeytabCredentialOptions): KeytabCredential {
  return new KeytabCredential(options)
}

/** A user with Kerberos tickets, as they lie in a credential cache. */
export function ticketCacheCredential(options: TicketCacheCredentialOptions): TicketCacheCredential {
  return new TicketCacheCredential(options)
}

/** What a credential is chosen for. */
export interface CredentialChoice {
  /** The package that is to use it. */
  readonly package: string
  /** For which side. Where a credential is for both, each side is asked for. */
  readonly use: 'inbound' | 'outbound'
  /** The name that the caller wants it for, if it named one. */
  readonly principal: string | undefined
  /** The service that it will be used with, where that is known. */
  readonly targetName: string | undefined
}

/** Options of {@link chosenCredential}. */
export interface ChosenCredentialOptions {
  /**
   * Chooses, each time a credential is acquired: from a store of secrets, from what the environment says. Throws an `SspiError`
   * `SEC_E_NO_CREDENTIALS` where there is nothing, saying where it has looked.
   */
  readonly choose: (
    choice: CredentialChoice,
  ) => SettledCredentialValue | SecWinntAuthIdentity | Promise<SettledCredentialValue | SecWinntAuthIdentity>
  /** As for {@link passwordCredential}. Default: as the chosen value has it. */
  readonly packageList?: string | undefined
}

/** Whatever a function finds for the purpose: who it is, and with what secret, is not known before. */
export function chosenCredential(options: ChosenCredentialOptions): ChosenCredential {
  return new ChosenCredential(options)
}

/** Nobody in particular: for servers that let anonymous clients in. */
export function anonymousCredential(): AnonymousCredential {
  return new AnonymousCredential()
}

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** What credentials with a name have in common. */
export abstract class NamedCredential {
  /** The user, without the domain. */
  readonly user: string
  /** The domain; empty when there is none. */
  readonly domain: string
  /** Which packages may use it (`!ntlm,kerberos`). Default: any. */
  readonly packageList: string | undefined

  constructor(options: Omit<PasswordCredentialOptions, 'password'>) {
    const { user, domain } = splitUserName(options.user, options.domain ?? '')
    this.user = user
    this.domain = domain
    this.packageList = options.packageList
  }

  /** Without the secret. */
  toJSON(): object {
    return { user: this.user, domain: this.domain, secret: 'redacted' }
  }

  /** Without the secret. */
  [inspect](): string {
    return `${this.constructor.name} { user: '${this.user}', domain: '${this.domain}', secret: redacted }`
  }
}

/** Made by {@link passwordCredential}. */
export class PasswordCredential extends NamedCredential {
  /** Which kind of credential it is. */
  readonly kind = 'password'
  readonly #password: SecretSource<string>

  constructor(options: PasswordCredentialOptions) {
    super(options)
    this.#password = options.password
  }

  /** The password; asks the source when it is a function. */
  reveal(): string | Promise<string> {
    return typeof this.#password === 'function' ? this.#password() : this.#password
  }
}

/** Made by {@link ntHashCredential}. */
export class NtHashCredential extends NamedCredential {
  /** Which kind of credential it is. */
  readonly kind = 'nt-hash'
  readonly #ntHash: SecretSource<Uint8Array>

  constructor(options: NtHashCredentialOptions) {
    super(options)
    // Immutable as a value: a copy, so that the caller may wipe its own.
    this.#ntHash = typeof options.ntHash === 'function' ? options.ntHash : new Uint8Array(options.ntHash)
  }

  /** The hash, 16 bytes, a view; asks the source when it is a function. */
  reveal(): Uint8Array | Promise<Uint8Array> {
    return typeof this.#ntHash === 'function' ? this.#ntHash() : this.#ntHash
  }
}

/** Made by {@link keytabCredential}. */
export class KeytabCredential {
  /** Which kind of credential it is. */
  readonly kind = 'keytab'
  /** `user@REALM`; `undefined` where the keytab says. */
  readonly principal: string | undefined
  /** Which packages may use it (`!ntlm,kerberos`). Default: any. */
  readonly packageList: string | undefined
  readonly #keytab: SecretSource<Uint8Array>

  constructor(options: KeytabCredentialOptions) {
    this.principal = options.principal
    this.packageList = options.packageList
    this.#keytab = typeof options.keytab === 'function' ? options.keytab : new Uint8Array(options.keytab)
  }

  /** The keytab, a view; asks the source when it is a function. */
  reveal(): Uint8Array | Promise<Uint8Array> {
    return typeof this.#keytab === 'function' ? this.#keytab() : this.#keytab
  }

  /** Without the secret. */
  toJSON(): object {
    return { principal: this.principal, secret: 'redacted' }
  }

  /** Without the secret. */
  [inspect](): string {
    return `KeytabCredential { principal: '${this.principal ?? ''}', secret: redacted }`
  }
}

/** Made by {@link ticketCacheCredential}. */
export class TicketCacheCredential {
  /** Which kind of credential it is. */
  readonly kind = 'ticket-cache'
  /** Which packages may use it (`!ntlm,kerberos`). Default: any. */
  readonly packageList: string | undefined
  /** Takes the cache after tickets have come to it. */
  readonly save: ((cache: Uint8Array) => void | Promise<void>) | undefined
  readonly #cache: SecretSource<Uint8Array>

  constructor(options: TicketCacheCredentialOptions) {
    this.packageList = options.packageList
    this.save = options.save
    this.#cache = typeof options.cache === 'function' ? options.cache : new Uint8Array(options.cache)
  }

  /** The cache, a view; asks the source when it is a function. */
  reveal(): Uint8Array | Promise<Uint8Array> {
    return typeof this.#cache === 'function' ? this.#cache() : this.#cache
  }

  /** Without the secret. */
  toJSON(): object {
    return { secret: 'redacted' }
  }

  /** Without the secret. */
  [inspect](): string {
    return 'TicketCacheCredential { secret: redacted }'
  }
}

/** Made by {@link chosenCredential}. */
export class ChosenCredential {
  /** Which kind of credential it is. */
  readonly kind = 'chosen'
  /** Which packages may use it (`!ntlm,kerberos`). Default: as the chosen value has it. */
  readonly packageList: string | undefined
  readonly #choose: ChosenCredentialOptions['choose']

  constructor(options: ChosenCredentialOptions) {
    this.packageList = options.packageList
    this.#choose = options.choose
  }

  /** Chooses a value for one purpose. */
  choose(choice: CredentialChoice): ReturnType<ChosenCredentialOptions['choose']> {
    return this.#choose(choice)
  }
}

/** Made by {@link anonymousCredential}. */
export class AnonymousCredential {
  /** Which kind of credential it is. */
  readonly kind = 'anonymous'
  /** The user, without the domain. */
  readonly user = ''
  /** The domain; empty when there is none. */
  readonly domain = ''
  /** Which packages may use it (`!ntlm,kerberos`). Default: any. */
  readonly packageList: string | undefined = undefined
}

/** The credential value that Windows' identity structure stands for: a user with a password. */
export function fromAuthIdentity(identity: SecWinntAuthIdentity): PasswordCredential {
  return new PasswordCredential({
    user: identity.user ?? '',
    domain: identity.domain,
    password: identity.password ?? '',
    packageList: identity.packageList,
  })
}

/** Options of {@link credSspCredential}. */
export interface CredSspCredentialOptions {
  /**
   * Who authenticates, and, where the client asks for delegation, whose password goes to the server. Default, for a server: the
   * default credentials of Negotiate.
   */
  readonly identity?: CredentialValue | undefined
  /** For the TLS channel: a server's certificate, or the roots that a client trusts. Default: a client's default credentials. */
  readonly tls?: CertificateCredential | undefined
  /** Where the password comes from, by which the delegation policy judges: given for this purpose, or out of a store. Default `fresh`. */
  readonly origin?: 'fresh' | 'saved' | undefined
}

/** Windows' `CREDSSP_CRED`: a credential for the TLS channel of CredSSP, and one for what happens in it. */
export function credSspCredential(options: CredSspCredentialOptions): CredSspCredential {
  return new CredSspCredential(options)
}

/** Made by {@link credSspCredential}. Its parts show themselves without their secrets when printed. */
export class CredSspCredential {
  /** Which kind of credential it is. */
  readonly kind = 'credssp'
  /** Which packages may use it: Negotiate goes by that of `identity`. */
  readonly packageList: undefined
  /** Who authenticates. */
  readonly identity: CredentialValue | undefined
  /** For the TLS channel. */
  readonly tls: CertificateCredential | undefined
  /** Where the password comes from. */
  readonly origin: 'fresh' | 'saved'

  constructor({ identity, tls, origin = 'fresh' }: CredSspCredentialOptions) {
    this.identity = identity
    this.tls = tls
    this.origin = origin
  }
}

/**
 * Takes `CONTOSO\alice` apart. A UPN (`alice@contoso.com`) stays whole, with an empty domain: that is how the
 * protocols carry it.
 *
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when the name carries a domain and another one is given beside it.
 */
export function splitUserName(user: string, domain: string): { readonly user: string; readonly domain: string } {
  const slash = user.indexOf('\\')
  if (slash < 0) return { user, domain }
  const named = user.slice(0, slash)
  if (domain !== '' && domain.toLowerCase() !== named.toLowerCase()) {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `credential: user '${user}' is in another domain than '${domain}'`)
  }
  return { user: user.slice(slash + 1), domain: named }
}

/**
 * Whether a package list lets a package in: `"!ntlm"` forbids one, `"kerberos,ntlm"` allows only those named.
 * Names match without regard to case; an absent or empty list allows all.
 */
export function packageAllowed(packageList: string | undefined, packageName: string): boolean {
  const entries = (packageList ?? '').split(',').map((entry) => entry.replace(/\s/g, '').toLowerCase())
  const named = entries.filter((entry) => entry !== '' && !entry.startsWith('!'))
  const name = packageName.toLowerCase()
  if (entries.includes(`!${name}`)) return false
  return named.length === 0 || named.includes(name)
}
