import { wipe } from '../../crypto/index.js'
import { readCcache, writeCcache, type Ccache } from '../../kerberos/files/index.js'
import { readSecretFile, removeSecretFile, replaceSecretFile, unusable } from './secret-file.js'

/** Where one credential cache is kept. */
export interface CcacheStore {
  /** Type and place, `FILE:/tmp/krb5cc_1000`; what other programs take for `KRB5CCNAME`. */
  readonly name: string
  /**
   * Reads the cache. Its keys are views of one array, the caller's to wipe.
   * @returns `undefined` when there is none.
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when it cannot be read.
   */
  load(): Promise<Ccache | undefined>
  /**
   * Replaces the cache, at once or not at all. Of two that save at the same time the last one wins.
   * @throws `SspiError` `SEC_E_NO_CREDENTIALS` when it cannot be written, `TypeError` when it has no form as a file.
   */
  save(ccache: Ccache): Promise<void>
  /** Removes it, overwritten as far as that can be done. @returns whether there was one. */
  destroy(): Promise<boolean>
}

/**
 * A cache in a file, as `FILE:path` names it.
 *
 * Node.js has no `fcntl` locks, which the C libraries take while they change a file: readers of theirs see the old file or
 * the new one, never half of it, but what one of them adds at the very moment of `save` is lost.
 *
 * @param name - How the store calls itself. Default `FILE:` and the path.
 */
export function fileCcache(path: string, name = `FILE:${path}`): CcacheStore {
  return {
    name,
    async load() {
      const bytes = await readSecretFile(path)
      return bytes === undefined ? undefined : parse(bytes, path)
    },
    async save(ccache) {
      const bytes = writeCcache(ccache)
      try {
        await replaceSecretFile(path, bytes)
      } finally {
        wipe(bytes)
      }
    },
    destroy: () => removeSecretFile(path),
  }
}

/** A cache in this process's memory, which nobody else can name. `destroy` wipes it. */
export function memoryCcache(): CcacheStore {
  let bytes: Uint8Array | undefined
  return {
    name: 'MEMORY:',
    load: async () => (bytes === undefined ? undefined : readCcache(new Uint8Array(bytes))),
    async save(ccache) {
      const next = writeCcache(ccache)
      wipe(bytes)
      bytes = next
    },
    async destroy() {
      const was = bytes !== undefined
      wipe(bytes)
      bytes = undefined
      return was
    },
  }
}

function parse(bytes: Uint8Array, path: string): Ccache {
  try {
    return readCcache(bytes)
  } catch (cause) {
    wipe(bytes)
    throw unusable(path, cause)
  }
}
