import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { decodeUtf8, encodeUtf8, toHex } from '../../bytes/index.js'
import { randomBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import type { CcacheCollection } from './ccache-collection.js'
import { fileCcache, type CcacheStore } from './ccache-store.js'
import { readSecretFile, replaceSecretFile, unusable } from './secret-file.js'

/**
 * A collection of caches in a folder, as `DIR:folder` names it. The folder is made, with mode 0700, when something is saved.
 *
 * Its methods throw `SspiError` `SEC_E_NO_CREDENTIALS` when the folder cannot be used.
 */
export function dirCcaches(folder: string): CcacheCollection {
  const storeOf = (file: string): CcacheStore => {
    const path = join(folder, file)
    const store = fileCcache(path, `DIR::${path}`)
    return {
      ...store,
      async save(ccache) {
        await makeFolder(folder)
        await store.save(ccache)
      },
    }
  }
  return {
    name: `DIR:${folder}`,
    primary: async () => storeOf(await primaryName(folder)),
    async list() {
      const names = await fileNames(folder)
      return names.filter(isCacheName).sort().map(storeOf)
    },
    create: async () => storeOf(`tkt${toHex(randomBytes(6))}`),
    async switchTo({ name }) {
      const file = basename(name)
      if (!isCacheName(file) || name !== storeOf(file).name) throw new TypeError(`${name} is not in DIR:${folder}`)
      await makeFolder(folder)
      await replaceSecretFile(join(folder, PRIMARY), encodeUtf8(`${file}\n`))
    },
  }
}

/** The file with the name of the primary cache. */
const PRIMARY = 'primary'

async function primaryName(folder: string): Promise<string> {
  const bytes = await readSecretFile(join(folder, PRIMARY))
  // As MIT krb5 calls the first one.
  if (bytes === undefined) return 'tkt'
  const name = firstLine(bytes)
  if (name === undefined || !isCacheName(name)) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `${join(folder, PRIMARY)}: not the name of a cache of this folder`)
  }
  return name
}

function firstLine(bytes: Uint8Array): string | undefined {
  try {
    return decodeUtf8(bytes, PRIMARY).split('\n', 1)[0]
  } catch {
    // Which bytes they are does not matter.
    return undefined
  }
}

/** Caches of a collection begin so; a separator would lead out of the folder. */
function isCacheName(name: string): boolean {
  return name.startsWith('tkt') && !/[/\\\0]/.test(name)
}

async function fileNames(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw unusable(folder, cause)
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw unusable(folder, cause)
  }
}
