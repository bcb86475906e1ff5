import { randomBytes, wipe } from '../../crypto/index.js'
import type {
  KdcPrincipal,
  LogonAttempt,
  LogonFailures,
  PrincipalAttributes,
  PrincipalDatabase,
  PrincipalKey,
  PrincipalQuery,
  PrincipalUpdate,
} from '../../kdc/index.js'
import {
  Enctype,
  formatPrincipal,
  KerberosKey,
  krbtgt,
  NameType,
  parsePrincipal,
  writeKeytab,
  type KeytabEntry,
  type Principal,
} from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import { derivePasswordKeys } from './derive-keys.js'
import type { PrincipalEntry } from './principal-entry.js'

/** Options of {@link memoryPrincipals}. */
export interface MemoryPrincipalsOptions {
  /** The KDC's realm. */
  readonly realm: string
  /** To begin with. `krbtgt/REALM` and `kadmin/changepw` are added, with random keys, if they are not among them. */
  readonly entries?: Iterable<PrincipalEntry> | undefined
  /** Encryption types of the keys that are made, in the order of preference. Default: the AES types. */
  readonly enctypes?: readonly number[] | undefined
  /** Iterations of PBKDF2, at least 4096. Default: each encryption type's own. */
  readonly iterations?: number | undefined
  /** Unpredictable bytes. Default: the system's. For tests. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

/**
 * A principal database in this process's memory.
 *
 * ```ts
 * const principals = memoryPrincipals({
 *   realm: 'EXAMPLE.COM',
 *   entries: [{ name: 'alice', password: 'correct horse' }, { name: 'HTTP/www.example.com' }],
 * })
 * ```
 *
 * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when two entries have one name, or a name is none.
 */
export function memoryPrincipals(options: MemoryPrincipalsOptions): MemoryPrincipals {
  return new MemoryPrincipals(options)
}

interface Held {
  readonly principal: Principal
  attributes: PrincipalAttributes
  /** Of all versions; a promise where they are still made of the password. */
  keys: readonly PrincipalKey[] | Promise<readonly PrincipalKey[]>
  /** Makes them at the first look-up: stretching takes its time. */
  make: (() => Promise<readonly PrincipalKey[]>) | undefined
  readonly enctypes: readonly number[]
  passwordChanged: Date | undefined
  failures: LogonFailures | undefined
  readonly names: readonly string[]
}

/** Encryption types of the keys that are made, unless others are asked for. */
export const DEFAULT_ENCTYPES: readonly number[] = [
  Enctype.AES256_CTS_HMAC_SHA1_96,
  Enctype.AES128_CTS_HMAC_SHA1_96,
  Enctype.AES256_CTS_HMAC_SHA384_192,
  Enctype.AES128_CTS_HMAC_SHA256_128,
]

/** Versions of keys that an entry keeps. */
export const KEPT_VERSIONS = 4

/** Keys that nobody has any more, and that are not overwritten yet: no request lasts through as many changes. */
const MOST_RETIRED = 1_000

/** Made by {@link memoryPrincipals}. Answers without waiting, but for the first look-up of a password; printed, it shows no secret. */
export class MemoryPrincipals implements PrincipalDatabase {
  readonly #realm: string
  readonly #options: MemoryPrincipalsOptions
  /** By each of their names. */
  readonly #held = new Map<string, Held>()
  /** Keys that are nobody's any more, but maybe still in use by a request. */
  readonly #retired: KerberosKey[] = []

  /** @internal */
  constructor(options: MemoryPrincipalsOptions) {
    this.#realm = options.realm
    this.#options = options
    for (const entry of options.entries ?? []) this.add(entry)
    this.#addUnlessThere({ name: formatPrincipal(krbtgt(this.#realm)) })
    const attributes = { initialOnly: true, changesPasswords: true, maxLifetimeSeconds: 300, forwardable: false }
    this.#addUnlessThere({ name: 'kadmin/changepw', attributes })
  }

  /** The realm. */
  get realm(): string {
    return this.#realm
  }

  /** The entry of a name or an alias. */
  lookup({ principal }: PrincipalQuery): KdcPrincipal | undefined | Promise<KdcPrincipal> {
    const held = this.#held.get(indexName(principal))
    if (held === undefined) return undefined
    const keys = this.#keysOf(held)
    return keys instanceof Promise ? keys.then((made) => view(held, made)) : view(held, keys)
  }

  /** Counts a log-on. */
  attempt({ principal, succeeded, time, forgetBefore }: LogonAttempt): number {
    const held = this.#held.get(indexName(principal))
    if (held === undefined) return 0
    const { failures } = held
    const before = failures !== undefined && failures.last >= forgetBefore ? failures.count : 0
    held.failures = succeeded ? undefined : { count: before + 1, last: time }
    return held.failures?.count ?? 0
  }

  /** Gives a principal new keys, as the next version. */
  update(update: PrincipalUpdate): void | Promise<void> {
    const { principal, keys, time, passwordExpires } = update
    const held = this.#entry(formatPrincipal(principal))
    const old = this.#keysOf(held)
    if (old instanceof Promise) return old.then(() => this.update(update))
    const copies = keys.map(({ key, salt, s2kparams }) => ({ key: copyOf(key), salt, s2kparams }))
    this.#replace(held, old, copies)
    held.passwordChanged = time
    held.attributes = { ...held.attributes, passwordExpires, mustChangePassword: false }
  }

  /** Adds a principal. @throws `SspiError` `SEC_E_INVALID_PARAMETER` when one of its names is taken, or none. */
  add(entry: PrincipalEntry): void {
    const principal = this.#parse(entry.name)
    const enctypes = entry.enctypes ?? this.#options.enctypes ?? DEFAULT_ENCTYPES
    const names = [
      indexName(principal),
      ...(entry.aliases ?? []).map((alias) => indexName(this.#parse(alias))),
      ...(entry.enterpriseNames ?? []).map((name) => enterpriseIndexName(this.#realm, name)),
    ]
    const taken = names.find((name, index) => this.#held.has(name) || names.indexOf(name) !== index)
    if (taken !== undefined) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `principals: '${entry.name}': one of its names is taken already`)
    }
    const held: Held = {
      principal,
      attributes: entry.attributes ?? {},
      enctypes,
      failures: undefined,
      passwordChanged: entry.passwordChanged,
      names,
      ...this.#makeKeys(entry, principal, enctypes),
    }
    for (const name of names) this.#held.set(name, held)
  }

  /** Removes the principal of a name or an alias. @returns whether there was one. */
  remove(name: string): boolean {
    const held = this.#held.get(indexName(this.#parse(name)))
    if (held === undefined) return false
    for (const known of held.names) this.#held.delete(known)
    if (!(held.keys instanceof Promise)) this.#retire(held.keys)
    return true
  }

  /** Gives a principal a new password, as the next version of its keys. */
  async setPassword(name: string, password: string): Promise<void> {
    const held = this.#entry(name)
    const { principal, enctypes } = held
    const { iterations } = this.#options
    const keys = await derivePasswordKeys(password, { principal, enctypes, iterations })
    // Those that are there now: meanwhile somebody else may have given another password.
    let old = this.#keysOf(held)
    while (old instanceof Promise) {
      await old
      old = this.#keysOf(held)
    }
    this.#replace(held, old, keys)
  }

  /** Changes what a principal may do; what is left out stays as it is. */
  setAttributes(name: string, attributes: PrincipalAttributes): void {
    const held = this.#entry(name)
    held.attributes = { ...held.attributes, ...attributes }
  }

  /** A keytab (a secret) with the keys of principals. @throws `SspiError` `SEC_E_INVALID_PARAMETER` for one that there is not. */
  async keytab(...names: readonly string[]): Promise<Uint8Array> {
    const entries: KeytabEntry[] = []
    for (const name of names) {
      const held = this.#entry(name)
      const { realm, name: of } = held.principal
      for (const { kvno, key } of await this.#keysOf(held)) {
        entries.push({ realm, name: of, timestamp: 0, kvno, key: { keytype: key.enctype, keyvalue: key.reveal() } })
      }
    }
    const keytab = writeKeytab({ version: 2, byteOrder: 'big', entries })
    for (const { key } of entries) wipe(key.keyvalue)
    return keytab
  }

  /** Overwrites the keys. No request may be under way. */
  dispose(): void {
    for (const { keys } of this.#held.values()) if (!(keys instanceof Promise)) this.#retire(keys)
    this.#held.clear()
    for (const key of this.#retired.splice(0)) key.dispose()
  }

  #addUnlessThere(entry: PrincipalEntry): void {
    if (!this.#held.has(indexName(this.#parse(entry.name)))) this.add(entry)
  }

  #parse(text: string): Principal {
    try {
      const { name, realm = this.#realm } = parsePrincipal(text)
      return { name, realm }
    } catch (cause) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `principals: '${text}' is no name of a principal`, { cause })
    }
  }

  #entry(name: string): Held {
    const held = this.#held.get(indexName(this.#parse(name)))
    if (held === undefined) throw new SspiError('SEC_E_INVALID_PARAMETER', `principals: there is no '${name}'`)
    return held
  }

  #makeKeys(
    { password, keys, kvno = 1 }: PrincipalEntry,
    principal: Principal,
    enctypes: readonly number[],
  ): Pick<Held, 'keys' | 'make'> {
    const { iterations, random = randomBytes } = this.#options
    if (password !== undefined) {
      const make = async (): Promise<readonly PrincipalKey[]> =>
        (await derivePasswordKeys(password, { principal, enctypes, iterations })).map((key) => ({ ...key, kvno }))
      return { keys: [], make }
    }
    const made =
      keys?.map((entry) => ({
        kvno: entry.kvno ?? kvno,
        key: new KerberosKey(entry.enctype, entry.key),
        salt: entry.salt,
        s2kparams: entry.s2kparams,
      })) ?? enctypes.map((enctype) => ({ kvno, key: KerberosKey.generate(enctype, random) }))
    return { keys: made, make: undefined }
  }

  #keysOf(held: Held): Held['keys'] {
    const { make } = held
    if (make === undefined) return held.keys
    held.make = undefined
    const keys = make()
    held.keys = keys
    keys.then(
      (made) => {
        held.keys = made
      },
      () => {
        held.make = make
      },
    )
    return keys
  }

  #replace(held: Held, old: readonly PrincipalKey[], keys: readonly Omit<PrincipalKey, 'kvno'>[]): void {
    const newest = old.reduce((highest, { kvno }) => Math.max(highest, kvno), 0)
    const isKept = ({ kvno }: PrincipalKey): boolean => kvno > newest + 1 - KEPT_VERSIONS
    this.#retire(old.filter((key) => !isKept(key)))
    held.keys = [...keys.map((key) => ({ ...key, kvno: newest + 1 })), ...old.filter(isKept)]
  }

  #retire(keys: readonly PrincipalKey[]): void {
    this.#retired.push(...keys.map(({ key }) => key))
    for (const key of this.#retired.splice(0, this.#retired.length - MOST_RETIRED)) key.dispose()
  }
}

function view({ principal, attributes, passwordChanged, failures }: Held, keys: readonly PrincipalKey[]): KdcPrincipal {
  return { principal, keys, attributes, passwordChanged, failures }
}

/** Names are compared by their components, case included; enterprise names without regard to it. */
function indexName({ name, realm }: Principal): string {
  const [text = ''] = name.nameString
  if (name.nameType === NameType.NT_ENTERPRISE) return enterpriseIndexName(realm, text)
  return JSON.stringify([realm, ...name.nameString])
}

function enterpriseIndexName(realm: string, text: string): string {
  return JSON.stringify({ realm, enterprise: text.toLowerCase() })
}

function copyOf(key: KerberosKey): KerberosKey {
  const bytes = key.reveal()
  const copy = new KerberosKey(key.enctype, bytes)
  wipe(bytes)
  return copy
}
