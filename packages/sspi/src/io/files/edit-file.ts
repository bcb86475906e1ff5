import { open, readFile, realpath, rename, rm, type FileHandle } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { SspiError } from '../../status/index.js'

/**
 * What becomes of a file.
 *
 * @param bytes - What is in it; `undefined` when it is not there.
 * @returns what is to be in it, or `undefined` to leave it alone.
 */
export type FileEdit = (bytes: Uint8Array | undefined) => Uint8Array | undefined

/** How a file is edited. */
export interface EditFileOptions {
  /** What it is, for errors: `account file`. */
  readonly what: string
  /** For how long a writer of another process is waited for, in milliseconds. Default 0: it is an error at once. */
  readonly patienceMilliseconds?: number | undefined
}

/** The last edit of each file that this process has under way. */
const underWay = new Map<string, Promise<unknown>>()

/**
 * Changes a file of secrets, or makes it, with mode 0600: at once, or not at all. Writers of this and other processes take
 * turns: while one is at work, `<path>.new` is there.
 *
 * @returns whether it was changed.
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` when it cannot be read or written, with the failure beneath as
 *   `cause`; what `edit` throws, if that is an `SspiError`. The file is as before then.
 */
export async function editFile(path: string, options: EditFileOptions, edit: FileEdit): Promise<boolean> {
  // Behind a symbolic link the file is replaced, not the link.
  const file = await realpath(path).catch(() => path)
  const before = underWay.get(file) ?? Promise.resolve()
  const turn = before.catch(() => undefined).then(() => editNow(file, options, edit))
  underWay.set(file, turn)
  try {
    return await turn
  } finally {
    if (underWay.get(file) === turn) underWay.delete(file)
  }
}

async function editNow(file: string, options: EditFileOptions, edit: FileEdit): Promise<boolean> {
  const next = `${file}.new`
  const handle = await takeTurn(file, next, options)
  try {
    const bytes = edit(await existing(file))
    if (bytes !== undefined) {
      await handle.writeFile(bytes)
      // The process's umask may have taken even the owner's rights away.
      await handle.chmod(0o600)
      await handle.sync()
    }
    await handle.close()
    await (bytes === undefined ? rm(next) : rename(next, file))
    return bytes !== undefined
  } catch (cause) {
    await handle.close()
    await rm(next, { force: true })
    throw cause instanceof SspiError ? cause : unwritable(file, options, cause)
  }
}

async function takeTurn(file: string, next: string, options: EditFileOptions): Promise<FileHandle> {
  const { patienceMilliseconds = 0 } = options
  for (const until = performance.now() + patienceMilliseconds; ;) {
    try {
      return await open(next, 'wx', 0o600)
    } catch (cause) {
      if (!hasCode(cause, 'EEXIST') || performance.now() >= until) throw unwritable(file, options, cause)
    }
    await pause(20)
  }
}

async function existing(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function unwritable(file: string, { what }: EditFileOptions, cause: unknown): SspiError {
  const reason = hasCode(cause, 'EEXIST')
    ? `somebody else is changing it, or was when the machine stopped: remove ${file}.new if nobody is`
    : cause instanceof Error
      ? cause.message
      : 'it cannot be written'
  return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${what} ${file}: ${reason}`, { cause })
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
