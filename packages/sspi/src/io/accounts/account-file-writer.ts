import { open, readFile, realpath, rename, rm, type FileHandle } from 'node:fs/promises'
import { encodeUtf8 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { StoredAccount, type AccountEntry, type AccountName } from './account-entry.js'
import {
  ACCOUNT_FILE_HEADER,
  readAccountFile,
  writeAccountFile,
  writeAccountLine,
  type AccountLine,
  type PasswordForm,
} from './account-file-format.js'
import { AccountIndex, sameName } from './account-index.js'

/** Options of {@link writeAccount}. */
export interface WriteAccountOptions {
  /**
   * Whether a password is kept in the file as it is, for several packages, or several realms of Digest. Default `false`: only
   * its NT hash is kept, which serves NTLM.
   */
  readonly insecureStorePassword?: boolean | undefined
  /**
   * Keeps the password's hashes for Digest in this realm in place of its NT hash: they serve Digest there and nothing else.
   * Default: the NT hash is kept.
   */
  readonly digestRealm?: string | undefined
}

/**
 * Puts an account into an account file, in the place of the one of the same name if there is one. The file is made, with
 * mode 0600, if it is not there. Everything else in it, comments too, stays as it is.
 *
 * The file is replaced at once or not at all. Writers of this and other processes take turns: while one is at work,
 * `<path>.new` is there, and a writer of another process is refused.
 *
 * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when a field is wrong or the UPN is taken; `SEC_E_NO_AUTHENTICATING_AUTHORITY`
 *   when the file cannot be read or written, with the failure beneath as `cause`. The file is as before then.
 */
export async function writeAccount(
  path: string,
  entry: AccountEntry,
  options: WriteAccountOptions = {},
): Promise<void> {
  const form = passwordForm(options)
  await editAccountFile(path, (lines) => {
    new StoredAccount(entry).dispose() // checks every field
    const added = writeAccountLine(entry, form)
    const at = lines.findIndex((line) => line.entry !== undefined && sameName(line.entry, entry))
    return at < 0 ? [...lines, added] : lines.with(at, added)
  })
}

/**
 * Removes the account of exactly this name from an account file, in the manner of {@link writeAccount}.
 * @returns whether there was one.
 */
export function removeAccount(path: string, name: AccountName): Promise<boolean> {
  return editAccountFile(path, (lines) => {
    const left = lines.filter((line) => line.entry === undefined || !sameName(line.entry, name))
    return left.length === lines.length ? undefined : left
  })
}

function passwordForm({ insecureStorePassword = false, digestRealm }: WriteAccountOptions): PasswordForm {
  if (insecureStorePassword && digestRealm !== undefined) {
    throw new TypeError('insecureStorePassword and digestRealm: the password is kept as it is, or as hashes')
  }
  if (digestRealm !== undefined) return { kind: 'digest', realm: digestRealm }
  return { kind: insecureStorePassword ? 'password' : 'nt-hash' }
}

type Edit = (lines: readonly AccountLine[]) => readonly AccountLine[] | undefined

/** The last edit of each file that this process has under way. */
const underWay = new Map<string, Promise<unknown>>()

async function editAccountFile(path: string, edit: Edit): Promise<boolean> {
  // Behind a symbolic link the file is replaced, not the link.
  const file = await realpath(path).catch(() => path)
  const before = underWay.get(file) ?? Promise.resolve()
  const turn = before.catch(() => undefined).then(() => editNow(file, edit))
  underWay.set(file, turn)
  try {
    return await turn
  } finally {
    if (underWay.get(file) === turn) underWay.delete(file)
  }
}

async function editNow(file: string, edit: Edit): Promise<boolean> {
  const next = `${file}.new`
  let handle: FileHandle
  try {
    handle = await open(next, 'wx', 0o600)
  } catch (cause) {
    throw unwritable(file, cause)
  }
  try {
    const lines = edit(readAccountFile(await existing(file), file))
    if (lines !== undefined) {
      checkAll(lines)
      await handle.writeFile(encodeUtf8(writeAccountFile(lines)))
      // The process's umask may have taken even the owner's rights away.
      await handle.chmod(0o600)
      await handle.sync()
    }
    await handle.close()
    await (lines === undefined ? rm(next) : rename(next, file))
    return lines !== undefined
  } catch (cause) {
    await handle.close()
    await rm(next, { force: true })
    throw cause instanceof SspiError ? cause : unwritable(file, cause)
  }
}

/** Two accounts of one name or UPN would lock everybody out: found before anything is written. */
function checkAll(lines: readonly AccountLine[]): void {
  const index = new AccountIndex({ localNames: [] })
  for (const { entry } of lines) if (entry !== undefined) index.add(entry)
}

async function existing(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (error) {
    if (isNodeError(error) && error.code === 'ENOENT') return encodeUtf8(`${ACCOUNT_FILE_HEADER}\n`)
    throw error
  }
}

function unwritable(file: string, cause: unknown): SspiError {
  const busy = isNodeError(cause) && cause.code === 'EEXIST'
  const reason = busy
    ? `somebody else is changing it, or was when the machine stopped: remove ${file}.new if nobody is`
    : cause instanceof Error
      ? cause.message
      : 'it cannot be written'
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `account file ${file}: ${reason}`, { cause })
}

function isNodeError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error
}
