import { constants } from 'node:fs'
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { toHex } from '../../bytes/index.js'
import { randomBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'

/** A cache or a keytab that is longer is none. */
const LONGEST = 0x400_0000

/**
 * Reads a file of keys or tickets.
 *
 * @returns its bytes, the caller's to wipe; `undefined` when there is no such file.
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when it cannot be read, is no regular file, is longer than 64 MiB, or
 *   belongs neither to this user nor to root: in a folder that all may write to, anybody can put one there.
 */
export async function readSecretFile(path: string): Promise<Uint8Array | undefined> {
  try {
    // Not to wait for a pipe that somebody has put there.
    const handle = await open(path, constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0))
    try {
      await check(handle, path)
      return await readWhole(handle, path)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (isMissing(cause)) return undefined
    throw unusable(path, cause)
  }
}

/**
 * Replaces a file, or makes it, with mode 0600: at once, or not at all. A symbolic link is replaced, not followed. Of
 * two writers at the same time the last one wins.
 *
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when it cannot be written; the file is as before then.
 */
export async function replaceSecretFile(path: string, bytes: Uint8Array): Promise<void> {
  // In the same folder, as nothing is renamed across file systems.
  const next = join(dirname(path), `.${basename(path)}.${toHex(randomBytes(8))}`)
  try {
    const handle = await open(next, 'wx', 0o600)
    try {
      try {
        await handle.writeFile(bytes)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await rename(next, path)
    } catch (cause) {
      await rm(next, { force: true })
      throw cause
    }
  } catch (cause) {
    throw unusable(path, cause)
  }
}

/**
 * Removes a file of secrets, overwritten with zeros first, as far as the file system writes in place.
 * @returns whether there was one.
 */
export async function removeSecretFile(path: string): Promise<boolean> {
  try {
    const flags = constants.O_RDWR | ((constants.O_NOFOLLOW as number | undefined) ?? 0)
    const handle = await open(path, flags).catch((error: unknown) => {
      if (isMissing(error)) throw error
      // Removing it may be allowed all the same.
      return undefined
    })
    if (handle !== undefined) await overwrite(handle)
    await rm(path)
    return true
  } catch (cause) {
    if (isMissing(cause)) return false
    throw unusable(path, cause)
  }
}

/** An error about a file that is there. */
export function unusable(path: string, cause: unknown): SspiError {
  if (cause instanceof SspiError && cause.code === 'SEC_E_NO_CREDENTIALS') return cause
  const why = cause instanceof Error ? cause.message : 'it cannot be used'
  return new SspiError('SEC_E_NO_CREDENTIALS', `${path}: ${why}`, { cause })
}

async function check(handle: FileHandle, path: string): Promise<void> {
  const stats = await handle.stat()
  const user = process.geteuid?.()
  const refuse = (why: string): SspiError => new SspiError('SEC_E_NO_CREDENTIALS', `${path}: ${why}`)
  if (!stats.isFile()) throw refuse('no regular file')
  if (stats.size > LONGEST) throw refuse(`${stats.size} bytes long, ${LONGEST} allowed`)
  // Root reads the caches of users, whose own they are.
  if (user !== undefined && user !== 0 && stats.uid !== user && stats.uid !== 0) {
    throw refuse(`it belongs to user ${stats.uid}, not to ${user}`)
  }
}

async function readWhole(handle: FileHandle, path: string): Promise<Uint8Array> {
  const bytes = await handle.readFile()
  if (bytes.length > LONGEST) throw new SspiError('SEC_E_NO_CREDENTIALS', `${path}: it grows while it is read`)
  const copy = new Uint8Array(bytes)
  bytes.fill(0)
  return copy
}

async function overwrite(handle: FileHandle): Promise<void> {
  try {
    const { size, nlink } = await handle.stat()
    // Under another name it stays.
    if (nlink === 1 && size <= LONGEST) await handle.write(new Uint8Array(size), 0, size, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}
