import { constants, type BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import type { Account, AccountDatabase, AccountQuery } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { accountFileError, readAccountFile } from './account-file-format.js'
import { AccountIndex, type AccountNameRules } from './account-index.js'

/** Options of {@link fileAccounts}. */
export interface FileAccountsOptions extends AccountNameRules {
  /**
   * Whether a file is used that others than its owner can read or write. Default `false`: it is refused. Off POSIX, where
   * permissions are another matter, nothing is checked.
   */
  readonly allowInsecurePermissions?: boolean | undefined
  /** The longest file that is read, in bytes. Default 64 MiB. */
  readonly maxBytes?: number | undefined
}

/**
 * An account database in a text file, which is read again when it has changed: docs/accounts.md has the format.
 *
 * Nothing is read before the first look-up; call `load()` to learn at once whether the file is in order. A file that
 * cannot be used (missing, readable by others, a line that is wrong) lets nobody in until it is mended.
 */
export function fileAccounts(path: string, options: FileAccountsOptions = {}): FileAccounts {
  return new FileAccounts(path, options)
}

type Loaded = { readonly version: string | undefined } & (
  { readonly kind: 'accounts'; readonly index: AccountIndex } | { readonly kind: 'failed'; readonly error: SspiError }
)

/** Made by {@link fileAccounts}. Printed, it shows no secret. */
export class FileAccounts implements AccountDatabase {
  /** The file. */
  readonly path: string
  readonly #options: FileAccountsOptions
  #loaded: Loaded | undefined
  #loading: Promise<Loaded> | undefined

  /** @internal */
  constructor(path: string, options: FileAccountsOptions) {
    this.path = path
    this.#options = options
  }

  /**
   * The account that a client's name means, by the rules of {@link AccountNameRules}.
   * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when the file cannot be used.
   */
  async lookup(query: AccountQuery, signal?: AbortSignal): Promise<Account | undefined> {
    signal?.throwIfAborted()
    const index = await this.#current()
    signal?.throwIfAborted()
    return index.lookup(query)
  }

  /** Reads the file now, if it has changed. @returns how many accounts there are. @throws `SspiError` as {@link lookup}. */
  async load(): Promise<number> {
    return (await this.#current()).size
  }

  async #current(): Promise<AccountIndex> {
    let loaded = this.#loaded
    if (loaded?.version === undefined || loaded.version !== (await this.#versionOnDisk())) {
      // Those who come meanwhile share the reading.
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined
      })
      loaded = await this.#loading
      this.#loaded = loaded
    }
    if (loaded.kind === 'failed') throw loaded.error
    return loaded.index
  }

  async #versionOnDisk(): Promise<string | undefined> {
    try {
      return versionOf(await stat(this.path, { bigint: true }))
    } catch {
      // Reading it will say why.
      return undefined
    }
  }

  async #load(): Promise<Loaded> {
    let version: string | undefined
    try {
      // One handle for the check and the reading: nobody can put another file between the two.
      const handle = await open(this.path, constants.O_RDONLY)
      try {
        const stats = await handle.stat({ bigint: true })
        this.#check(stats)
        version = settled(stats) ? versionOf(stats) : undefined
        return { version, kind: 'accounts', index: readIndex(await handle.readFile(), this.path, this.#options) }
      } finally {
        await handle.close()
      }
    } catch (cause) {
      return { version, kind: 'failed', error: unusable(this.path, cause) }
    }
  }

  #check(stats: BigIntStats): void {
    if (!stats.isFile()) throw unusable(this.path, undefined, 'not a regular file')
    const { allowInsecurePermissions = false, maxBytes = 0x400_0000 } = this.#options
    if (stats.size > BigInt(maxBytes)) {
      throw unusable(this.path, undefined, `${stats.size} bytes long, ${maxBytes} allowed`)
    }
    const othersMay = Number(stats.mode) & 0o066
    if (othersMay !== 0 && process.platform !== 'win32' && !allowInsecurePermissions) {
      const mode = (Number(stats.mode) & 0o777).toString(8).padStart(3, '0')
      throw unusable(this.path, undefined, `others than its owner can read or write it (mode ${mode}): chmod 600 it`)
    }
  }
}

function readIndex(bytes: Uint8Array, path: string, rules: AccountNameRules): AccountIndex {
  const index = new AccountIndex(rules)
  for (const [at, { entry }] of readAccountFile(bytes, path).entries()) {
    if (entry === undefined) continue
    try {
      index.add(entry)
    } catch (cause) {
      // No cause goes along: its message may name what stood in the place of a name.
      throw accountFileError(path, at + 1, entryProblem(cause))
    }
  }
  return index
}

/** What is wrong with an entry, without the name in front of it. */
function entryProblem(cause: unknown): string {
  const why = cause instanceof SspiError ? /^account[^:]*: (.*)$/s.exec(cause.message)?.[1] : undefined
  return why ?? 'not an account'
}

function versionOf(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ')
}

/**
 * Whether the file's times can be trusted to change with the next change: file systems count in steps, so a file that
 * changed just now may change again within the same step. Such a file is read once more at the next look-up.
 */
function settled(stats: BigIntStats): boolean {
  return BigInt(Date.now()) - stats.ctimeNs / 1_000_000n > 100n
}

function unusable(path: string, cause: unknown, why?: string): SspiError {
  if (cause instanceof SspiError && cause.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY') return cause
  const reason = why ?? (cause instanceof Error ? cause.message : 'it cannot be used')
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `account file ${path}: ${reason}`, { cause })
}
