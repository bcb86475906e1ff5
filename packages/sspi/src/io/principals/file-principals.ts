import type {
  KdcPrincipal,
  LogonAttempt,
  PrincipalAttributes,
  PrincipalDatabase,
  PrincipalKey,
  PrincipalQuery,
  PrincipalUpdate,
} from '../../kdc/index.js'
import { formatPrincipal, KerberosKey, krbtgt, parsePrincipal, type Principal } from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import { editFile, WatchedFile } from '../files/index.js'
import { derivePasswordKeys } from './derive-keys.js'
import { createMasterKeyFile, loadMasterKey, type MasterKey } from './master-key.js'
import { DEFAULT_ENCTYPES, memoryPrincipals, type MemoryPrincipals } from './memory-principals.js'
import type { PrincipalEntry, PrincipalKeyEntry } from './principal-entry.js'
import {
  readPrincipalFile,
  writePrincipal,
  writePrincipalFile,
  type FilePrincipal,
  type PrincipalFile,
} from './principal-file-format.js'
import { newestVersion, openKeys, sealKey, wipeKeys, withNewKeys } from './sealed-keys.js'

/** Options of {@link filePrincipals} and {@link createPrincipalFile}. */
export interface FilePrincipalsOptions {
  /** The file of the master key, under which the keys are sealed. Default: the path of the principal file with `.key` behind it. */
  readonly masterKeyFile?: string | undefined
  /** Encryption types of the keys that are made, in the order of preference. Default: the AES types. */
  readonly enctypes?: readonly number[] | undefined
  /** Iterations of PBKDF2, at least 4096. Default: each encryption type's own. */
  readonly iterations?: number | undefined
  /** For how long a change of the file by another process may go unnoticed, in milliseconds. Default 1,000. */
  readonly checkMilliseconds?: number | undefined
}

/** What {@link FilePrincipals.list} tells of a principal: nothing secret. */
export interface PrincipalSummary {
  /** `alice@EXAMPLE.COM`. */
  readonly name: string
  /** Other names of it in its realm, written like `name`; empty for none. */
  readonly aliases: readonly string[]
  /** Names to log on with that have another realm in them (`alice@corp.example.com`); empty for none. */
  readonly enterpriseNames: readonly string[]
  /** What it may do; what is left out has the default of `PrincipalAttributes`. */
  readonly attributes: PrincipalAttributes
  /** When its keys were last changed; `undefined`: nobody knows. */
  readonly passwordChanged: Date | undefined
  /** The newest version of its keys; 0 where it has none. */
  readonly kvno: number
  /** The encryption types of that version. */
  readonly enctypes: readonly number[]
}

const WHAT = 'principal file'
/** For so long a writer of another process is waited for. */
const PATIENCE_MILLISECONDS = 5_000

/**
 * Makes the files of a new realm: one of its principals, `krbtgt` and `kadmin/changepw` to begin with, with random keys, and one
 * of the master key.
 *
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when there is one of them already, or they cannot be written.
 */
export async function createPrincipalFile(
  path: string,
  realm: string,
  options: FilePrincipalsOptions = {},
): Promise<FilePrincipals> {
  if (!/^[!-~]+$/.test(realm)) throw new TypeError(`createPrincipalFile: '${realm}' is no name of a realm`)
  const masterKeyFile = options.masterKeyFile ?? `${path}.key`
  await createMasterKeyFile(masterKeyFile)
  const master = await loadMasterKey(masterKeyFile)
  const principals = [
    newPrincipal({ name: formatPrincipal(krbtgt(realm)) }, randomKeys(options.enctypes), realm, master),
    newPrincipal(
      { name: 'kadmin/changepw', attributes: PASSWORD_SERVICE },
      randomKeys(options.enctypes),
      realm,
      master,
    ),
  ]
  master.dispose()
  await editFile(path, { what: WHAT }, (bytes) => {
    if (bytes === undefined) return writePrincipalFile({ realm, preamble: [''], principals })
    throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${WHAT} ${path}: there is one already`)
  })
  return filePrincipals(path, options)
}

/** `kadmin/changepw`, RFC 3244 section 2: its tickets are for nothing but a change of the password that was just given. */
const PASSWORD_SERVICE: PrincipalAttributes = {
  initialOnly: true,
  changesPasswords: true,
  maxLifetimeSeconds: 300,
  forwardable: false,
}

/**
 * A principal database in a text file, with its keys sealed under a master key; docs/kdc-server.md has the format. Several processes
 * may read and change it: it is read again when it has changed, and changed at once or not at all.
 *
 * Nothing is read before the first look-up; call `load()` to learn at once whether the file is in order. A file that cannot be
 * used lets nobody in until it is mended. Log-ons that failed are counted in memory: a restart, and a change of the principal,
 * forget them.
 */
export function filePrincipals(path: string, options: FilePrincipalsOptions = {}): FilePrincipals {
  return new FilePrincipals(path, options)
}

/** Made by {@link filePrincipals} and {@link createPrincipalFile}. Printed, it shows no secret. */
export class FilePrincipals implements PrincipalDatabase {
  /** The file. */
  readonly path: string
  readonly #options: FilePrincipalsOptions
  readonly #file: WatchedFile<PrincipalFile>
  #masterKey: Promise<MasterKey> | undefined
  /** What the file said when it was last read, and the same with open keys. */
  #applied: { readonly file: PrincipalFile; readonly memory: MemoryPrincipals } | undefined
  /** What a file that cannot be used has taken the place of last: its keys may still be in use by a request. */
  #superseded: MemoryPrincipals | undefined

  /** @internal */
  constructor(path: string, options: FilePrincipalsOptions) {
    this.path = path
    this.#options = options
    const { checkMilliseconds = 1_000 } = options
    this.#file = new WatchedFile(path, { what: WHAT, checkMilliseconds }, (bytes) => readPrincipalFile(bytes, path))
  }

  /** The entry of a name or an alias. @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when the file cannot be used. */
  lookup(query: PrincipalQuery): KdcPrincipal | undefined | Promise<KdcPrincipal | undefined> {
    const { ready } = this.#file
    // Where no look at the file is due, nobody has to wait.
    if (ready !== undefined && ready === this.#applied?.file) return this.#applied.memory.lookup(query)
    return this.#current().then((memory) => memory.lookup(query))
  }

  /** Counts a log-on. */
  async attempt(attempt: LogonAttempt): Promise<number> {
    return (await this.#current()).attempt(attempt)
  }

  /** Gives a principal new keys, as the next version. */
  async update({ principal, keys, time, passwordExpires }: PrincipalUpdate): Promise<void> {
    const made = keys.map(revealed)
    try {
      await this.#change(formatPrincipal(principal), (old, master) => ({
        ...withNewKeys(old, made, master),
        passwordChanged: time,
        attributes: { ...old.attributes, passwordExpires, mustChangePassword: undefined },
      }))
    } finally {
      wipeKeys(made)
    }
  }

  /** Reads the file now, if it has changed. @returns the realm. @throws `SspiError` as {@link lookup}. */
  async load(): Promise<string> {
    return (await this.#current()).realm
  }

  /** All principals, in the order of the file. */
  async list(): Promise<readonly PrincipalSummary[]> {
    const { principals } = await this.#file.current()
    return principals.map(summaryOf)
  }

  /** The principal of this name; `undefined` where there is none. */
  async find(name: string): Promise<PrincipalSummary | undefined> {
    const { realm, principals } = await this.#file.current()
    const whole = formatPrincipal(parseName(name, realm))
    const found = principals.find((principal) => principal.name === whole)
    return found && summaryOf(found)
  }

  /**
   * Adds a principal. Its password is not kept, but the keys that are made of it.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when one of its names is taken, or none.
   */
  async add(entry: PrincipalEntry): Promise<void> {
    const { realm } = await this.#file.current()
    const keys = entry.keys ?? (await this.#makeKeys(parseName(entry.name, realm), entry.enctypes, entry.password))
    const passwordChanged = entry.passwordChanged ?? (entry.password === undefined ? undefined : wholeSecond())
    try {
      await this.#edit(({ principals, ...file }, master) => {
        const added = newPrincipal({ ...entry, passwordChanged }, keys, file.realm, master)
        return { ...file, principals: [...principals, added] }
      })
    } finally {
      if (keys !== entry.keys) wipeKeys(keys)
    }
  }

  /** Removes a principal by its own name. @returns whether there was one. */
  async remove(name: string): Promise<boolean> {
    return this.#edit(({ principals, ...file }) => {
      const whole = formatPrincipal(parseName(name, file.realm))
      const left = principals.filter((principal) => principal.name !== whole)
      return left.length === principals.length ? undefined : { ...file, principals: left }
    })
  }

  /**
   * Gives a principal a new password, or, with none, new random keys, as the next version of its keys.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when there is no principal of this name.
   */
  async setPassword(name: string, password: string | undefined): Promise<void> {
    const { realm } = await this.#file.current()
    const principal = parseName(name, realm)
    const keys = await this.#makeKeys(principal, undefined, password)
    try {
      await this.#change(formatPrincipal(principal), (old, master) => ({
        ...withNewKeys(old, keys, master),
        passwordChanged: wholeSecond(),
        attributes: { ...old.attributes, passwordExpires: undefined, mustChangePassword: undefined },
      }))
    } finally {
      wipeKeys(keys)
    }
  }

  /** Changes what a principal may do; what is left out stays as it is, and `undefined` is the default again. */
  async setAttributes(name: string, attributes: PrincipalAttributes): Promise<void> {
    const { realm } = await this.#file.current()
    const whole = formatPrincipal(parseName(name, realm))
    await this.#change(whole, (old) => ({ ...old, attributes: { ...old.attributes, ...attributes } }))
  }

  /** A keytab (a secret) with the keys of principals. @throws `SspiError` `SEC_E_INVALID_PARAMETER` for one that there is not. */
  async keytab(...names: readonly string[]): Promise<Uint8Array> {
    return (await this.#current()).keytab(...names)
  }

  /** Overwrites the keys. No request may be under way. */
  async dispose(): Promise<void> {
    this.#applied?.memory.dispose()
    this.#applied = undefined
    this.#supersede(undefined)
    const masterKey = this.#masterKey
    this.#masterKey = undefined
    ;(await masterKey?.catch(() => undefined))?.dispose()
  }

  async #current(): Promise<MemoryPrincipals> {
    const file = await this.#file.current()
    const master = await this.#master()
    // Whoever was here meanwhile may have done it.
    if (this.#applied?.file !== file) {
      const before = this.#applied
      this.#applied = undefined
      try {
        this.#applied = { file, memory: apply(this.path, file, master, before) }
      } catch (cause) {
        if (before !== undefined) this.#supersede(before.memory)
        throw unusable(this.path, cause)
      }
    }
    return this.#applied.memory
  }

  #supersede(memory: MemoryPrincipals | undefined): void {
    this.#superseded?.dispose()
    this.#superseded = memory
  }

  #master(): Promise<MasterKey> {
    if (this.#masterKey === undefined) {
      const loading = loadMasterKey(this.#options.masterKeyFile ?? `${this.path}.key`)
      this.#masterKey = loading
      loading.catch(() => {
        if (this.#masterKey === loading) this.#masterKey = undefined
      })
    }
    return this.#masterKey
  }

  /** Changes the file. What it would say then is tried first: two principals of one name would lock everybody out. */
  async #edit(edit: (file: PrincipalFile, master: MasterKey) => PrincipalFile | undefined): Promise<boolean> {
    const master = await this.#master()
    const options = { what: WHAT, patienceMilliseconds: PATIENCE_MILLISECONDS }
    const changed = await editFile(this.path, options, (bytes) => {
      if (bytes === undefined) throw missing(this.path)
      const file = edit(readPrincipalFile(bytes, this.path), master)
      if (file === undefined) return undefined
      apply(this.path, file, master, undefined).dispose()
      return writePrincipalFile(file)
    })
    if (changed) this.#file.expire()
    return changed
  }

  async #change(
    name: string,
    change: (old: FilePrincipal, master: MasterKey) => Omit<FilePrincipal, 'text'>,
  ): Promise<void> {
    await this.#edit(({ principals, ...file }, master) => {
      const at = principals.findIndex((principal) => principal.name === name)
      const old = principals[at]
      if (old === undefined) throw new SspiError('SEC_E_INVALID_PARAMETER', `principals: there is no '${name}'`)
      return { ...file, principals: principals.with(at, writePrincipal(change(old, master))) }
    })
  }

  async #makeKeys(
    principal: Principal,
    enctypes: readonly number[] = this.#options.enctypes ?? DEFAULT_ENCTYPES,
    password: string | undefined,
  ): Promise<readonly PrincipalKeyEntry[]> {
    if (password === undefined) return randomKeys(enctypes)
    const { iterations } = this.#options
    return takeOut(await derivePasswordKeys(password, { principal, enctypes, iterations }))
  }
}

function summaryOf(principal: FilePrincipal): PrincipalSummary {
  const { name, aliases, enterpriseNames, attributes, passwordChanged, keys } = principal
  const kvno = newestVersion(keys)
  const enctypes = keys.filter((key) => key.kvno === kvno).map(({ enctype }) => enctype)
  return { name, aliases, enterpriseNames, attributes, passwordChanged, kvno, enctypes }
}

function newPrincipal(
  { name, kvno = 1, aliases = [], enterpriseNames = [], attributes = {}, passwordChanged }: PrincipalEntry,
  keys: readonly PrincipalKeyEntry[],
  realm: string,
  master: MasterKey,
): FilePrincipal {
  const whole = formatPrincipal(parseName(name, realm))
  const sealed = keys.map((key) => sealKey(whole, { ...key, kvno: key.kvno ?? kvno }, master))
  return writePrincipal({ name: whole, aliases, enterpriseNames, keys: sealed, attributes, passwordChanged })
}

function randomKeys(enctypes: readonly number[] = DEFAULT_ENCTYPES): readonly PrincipalKeyEntry[] {
  return takeOut(enctypes.map((enctype) => ({ key: KerberosKey.generate(enctype) })))
}

type MadeKey = Omit<PrincipalKey, 'kvno'>

/** The bytes of keys that are nobody else's, which end here. */
function takeOut(keys: readonly MadeKey[]): readonly PrincipalKeyEntry[] {
  const entries = keys.map(revealed)
  for (const { key } of keys) key.dispose()
  return entries
}

function revealed({ key, salt, s2kparams }: MadeKey): PrincipalKeyEntry {
  return { enctype: key.enctype, key: key.reveal(), salt, s2kparams }
}

/**
 * Puts into memory what a file says: what is the same as before stays, with all that was derived from its keys.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when two principals have one name; `SEC_E_NO_AUTHENTICATING_AUTHORITY` when
 *   keys were altered or sealed under another master key, or there is no `krbtgt`.
 */
function apply(
  path: string,
  { realm, principals }: PrincipalFile,
  master: MasterKey,
  before: { readonly file: PrincipalFile; readonly memory: MemoryPrincipals } | undefined,
): MemoryPrincipals {
  const granting = formatPrincipal(krbtgt(realm))
  if (!principals.some(({ name }) => name === granting)) throw unusable(path, undefined, `there is no ${granting}`)
  const same = new Set<string>()
  if (before?.file.realm === realm) {
    const now = new Set(principals.map(({ text }) => text))
    for (const { name, text } of before.file.principals) {
      if (now.has(text)) same.add(text)
      else before.memory.remove(name)
    }
  }
  const added = principals.filter(({ text }) => !same.has(text)).map((principal) => opened(path, principal, master))
  try {
    if (before?.file.realm !== realm) return memoryPrincipals({ realm, entries: added })
    for (const entry of added) before.memory.add(entry)
    return before.memory
  } finally {
    for (const { keys = [] } of added) wipeKeys(keys)
  }
}

function opened(path: string, principal: FilePrincipal, master: MasterKey): PrincipalEntry {
  try {
    return { ...principal, keys: openKeys(principal, master) }
  } catch (cause) {
    throw unusable(path, cause, `${principal.name}: a key was altered, or the master key is another`)
  }
}

function parseName(text: string, ownRealm: string): Principal {
  try {
    const { name, realm = ownRealm } = parsePrincipal(text)
    return { name, realm }
  } catch (cause) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `principals: '${text}' is no name of a principal`, { cause })
  }
}

function wholeSecond(): Date {
  return new Date(Math.floor(Date.now() / 1000) * 1000)
}

function missing(path: string): SspiError {
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${WHAT} ${path}: there is none`)
}

function unusable(path: string, cause: unknown, why?: string): SspiError {
  if (cause instanceof SspiError && cause.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY') return cause
  const reason = why ?? (cause instanceof Error ? cause.message : 'it cannot be used')
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${WHAT} ${path}: ${reason}`, { cause })
}
