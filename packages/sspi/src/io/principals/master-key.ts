import { decodeUtf8, encodeUtf8, fromHex, toHex } from '../../bytes/index.js'
import { openBlob, randomBytes, sealBlob, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { editFile, WatchedFile } from '../files/index.js'

/** The first line of a file with a master key: what it is, and in which version. */
const HEADER = '#sspi-master-key 1'
const KEY_BYTES = 32
const WHAT = 'master key'

/** Seals the keys of a principal file: AES-256-GCM, each bound to whose it is, so that none can be put in another's place. */
export class MasterKey {
  readonly #key: SecretBytes

  /** @param key - 32 bytes; copied. @throws `TypeError` for another length. */
  constructor(key: Uint8Array) {
    if (key.length !== KEY_BYTES) throw new TypeError(`a master key has ${KEY_BYTES} bytes, not ${key.length}`)
    this.#key = secretFrom(key)
  }

  /** @param whose - What it is bound to. */
  seal(key: Uint8Array, whose: string): Uint8Array {
    return sealBlob(this.#key, key, encodeUtf8(whose))
  }

  /** @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it was changed, or sealed under another key or for another one. */
  open(sealed: Uint8Array, whose: string): SecretBytes {
    return openBlob(this.#key, sealed, encodeUtf8(whose))
  }

  /** Overwrites the key. */
  dispose(): void {
    wipe(this.#key)
  }
}

/**
 * Makes a new master key and puts it into a file of its own, with mode 0600.
 *
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` when there is such a file already: keys that were sealed under the
 *   old one could not be opened any more.
 */
export async function createMasterKeyFile(path: string): Promise<void> {
  await editFile(path, { what: WHAT }, (bytes) => {
    if (bytes !== undefined) {
      throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${WHAT} ${path}: there is one already`)
    }
    const key = randomBytes(KEY_BYTES)
    const text = encodeUtf8(`${HEADER}\n${toHex(key)}\n`)
    wipe(key)
    return text
  })
}

/**
 * Reads a master key out of its file.
 *
 * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` when it is missing, readable by others, or is none.
 */
export async function loadMasterKey(path: string): Promise<MasterKey> {
  return new WatchedFile(path, { what: WHAT, maxBytes: 1024 }, (bytes) => {
    const [header, hex = ''] = decodeUtf8(bytes, WHAT).split(/\r?\n/)
    wipe(bytes)
    if (header?.trim() !== HEADER || !/^[0-9a-f]{64}$/i.test(hex.trim())) {
      throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${WHAT} ${path}: not a file that begins '${HEADER}'`)
    }
    const key = fromHex(hex.trim())
    const master = new MasterKey(key)
    wipe(key)
    return master
  }).current()
}
