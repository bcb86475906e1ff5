import type { Account, AccountDatabase, AccountPasswordChange, AccountQuery } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { WatchedFile } from '../files/index.js'
import { accountFileError, readAccountFile } from './account-file-format.js'
import { changeInAccountFile } from './account-file-writer.js'
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

/** Made by {@link fileAccounts}. Printed, it shows no secret. */
export class FileAccounts implements AccountDatabase {
  /** The file. */
  readonly path: string
  readonly #file: WatchedFile<AccountIndex>

  /** @internal */
  constructor(path: string, options: FileAccountsOptions) {
    this.path = path
    const { allowInsecurePermissions, maxBytes } = options
    const file = { what: 'account file', allowInsecurePermissions, maxBytes }
    this.#file = new WatchedFile(path, file, (bytes) => readIndex(bytes, path, options))
  }

  /**
   * The account that a client's name means, by the rules of {@link AccountNameRules}.
   * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when the file cannot be used.
   */
  async lookup(query: AccountQuery, signal?: AbortSignal): Promise<Account | undefined> {
    signal?.throwIfAborted()
    const index = await this.#file.current()
    signal?.throwIfAborted()
    return index.lookup(query)
  }

  /**
   * Gives an account a new password, in the form in which the file has its old one, as `writeAccount` does. See
   * {@link AccountDatabase}.
   *
   * @throws `SspiError` as {@link lookup}, and when the file cannot be written.
   */
  async changePassword(change: AccountPasswordChange, signal?: AbortSignal): Promise<boolean> {
    const account = await this.lookup(change, signal)
    return changeInAccountFile(this.path, account?.identity, change)
  }

  /** Reads the file now, if it has changed. @returns how many accounts there are. @throws `SspiError` as {@link lookup}. */
  async load(): Promise<number> {
    return (await this.#file.current()).size
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
