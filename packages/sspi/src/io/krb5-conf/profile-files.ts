import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeUtf8 } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { mergeProfiles, SectionBuilder, type ProfileSection } from './profile.js'
import { profileError, profileLines, ProfileParser, type IncludeLine } from './profile-parser.js'

/** Bounds on what a configuration may make us read. */
const LONGEST_FILE = 0x10_0000
const MOST_FILES = 1_000
const DEEPEST_INCLUDE = 10

/**
 * Reads configuration files and what they include. The first file counts most. Of files that are not there, as long as
 * one is, nothing is said; a file that is included must be there.
 *
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY`, with file and line.
 */
export async function readProfileFiles(paths: readonly string[]): Promise<ProfileSection> {
  const reading: Reading = { files: 0 }
  const profiles: ProfileSection[] = []
  let missing: SspiError | undefined
  for (const path of paths) {
    const root = new SectionBuilder()
    try {
      await readFileInto(root, path, 0, reading)
      profiles.push(root)
    } catch (error) {
      if (!(error instanceof SspiError) || !isMissing(error.cause)) throw error
      missing ??= error
    }
  }
  if (profiles.length === 0) throw missing ?? profileError('krb5.conf', 'no file was named')
  return mergeProfiles(profiles)
}

/** What one call has read so far. */
interface Reading {
  files: number
}

async function readFileInto(root: SectionBuilder, path: string, depth: number, reading: Reading): Promise<void> {
  if (++reading.files > MOST_FILES) throw profileError(path, `more than ${MOST_FILES} files`)
  const text = await readText(path)
  const parser = new ProfileParser(root, path)
  for (const line of profileLines(text)) {
    const include = parser.line(line)
    if (include === undefined) continue
    if (depth === DEEPEST_INCLUDE) throw parser.error(`${include.kind}: files more than ${DEEPEST_INCLUDE} deep`)
    for (const file of await included(include, parser)) {
      try {
        await readFileInto(root, file, depth + 1, reading)
      } catch (cause) {
        if (cause instanceof SspiError && isMissing(cause.cause)) {
          // Not to be taken for the outer file being absent.
          throw parser.error(`${include.kind} ${include.path}: ${cause.message}`, cause)
        }
        throw cause
      }
    }
  }
}

/** The files that a line asks for. Of a folder those that libprofile takes, in the order of their names. */
async function included({ kind, path }: IncludeLine, parser: ProfileParser): Promise<readonly string[]> {
  if (kind === 'include') return [path]
  try {
    const names = await readdir(path)
    const wanted = names.filter((name) => /^[\w-]+$/.test(name) || (name.endsWith('.conf') && !name.startsWith('.')))
    return wanted.sort().map((name) => join(path, name))
  } catch (cause) {
    throw parser.error(`includedir ${path}: ${messageOf(cause)}`, cause instanceof Error ? cause.message : undefined)
  }
}

async function readText(path: string): Promise<string> {
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > LONGEST_FILE) throw profileError(path, `${size} bytes long, ${LONGEST_FILE} allowed`)
      return decodeUtf8(await handle.readFile(), path)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof SspiError && cause.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY') throw cause
    throw profileError(path, messageOf(cause), cause)
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'it cannot be read'
}
