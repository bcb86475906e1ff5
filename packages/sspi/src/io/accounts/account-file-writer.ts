import { encodeUtf8 } from '../../bytes/index.js'
import type { AccountPasswordChange, Identity } from '../../sspi/index.js'
import { editFile } from '../files/index.js'
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
import { withNewPassword } from './new-password.js'

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

/**
 * Gives an account of a file a new password, if the old one is what stands in the file by then, in the manner of
 * {@link writeAccount}.
 *
 * @param identity - Whose it is; `undefined` for nobody, for whom the same is computed.
 * @returns whether it did.
 */
export async function changeInAccountFile(
  path: string,
  identity: Identity | undefined,
  change: AccountPasswordChange,
): Promise<boolean> {
  if (identity === undefined) return withNewPassword(undefined, change) !== undefined
  const name = { user: identity.name, domain: identity.domain }
  return editAccountFile(path, (lines) => {
    const at = lines.findIndex((line) => line.entry !== undefined && sameName(line.entry, name))
    const { entry } = lines[at] ?? {}
    if (entry === undefined) return undefined
    const account = new StoredAccount(entry)
    const changed = withNewPassword(account, change)
    account.dispose()
    // A password that was kept as it is stays one; hashes are written as hashes.
    return changed === undefined ? undefined : lines.with(at, writeAccountLine(changed, { kind: 'password' }))
  })
}

type Edit = (lines: readonly AccountLine[]) => readonly AccountLine[] | undefined

function editAccountFile(path: string, edit: Edit): Promise<boolean> {
  return editFile(path, { what: 'account file' }, (bytes) => {
    const lines = edit(readAccountFile(bytes ?? encodeUtf8(`${ACCOUNT_FILE_HEADER}\n`), path))
    if (lines === undefined) return undefined
    checkAll(lines)
    return encodeUtf8(writeAccountFile(lines))
  })
}

/** Two accounts of one name or UPN would lock everybody out: found before anything is written. */
function checkAll(lines: readonly AccountLine[]): void {
  const index = new AccountIndex({ localNames: [] })
  for (const { entry } of lines) if (entry !== undefined) index.add(entry)
}
