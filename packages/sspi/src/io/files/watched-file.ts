import { constants, type BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { SspiError } from '../../status/index.js'

/** How a file is read. */
export interface WatchedFileOptions {
  /** What it is, for errors: `account file`. */
  readonly what: string
  /** Whether a file is used that others than its owner can read or write. Default `false`: it is refused. */
  readonly allowInsecurePermissions?: boolean | undefined
  /** The longest file that is read, in bytes. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /** For how long a look at the file's times is good, in milliseconds. Default 0: every call looks. */
  readonly checkMilliseconds?: number | undefined
}

type Loaded<T> = { readonly version: string | undefined } & (
  { readonly kind: 'content'; readonly content: T } | { readonly kind: 'failed'; readonly error: SspiError }
)

/**
 * What is in a file of secrets, which is read again when it has changed. A file that cannot be used (missing, readable by
 * others, wrong) has no content until it is mended: what stood in it before is not used any more.
 */
export class WatchedFile<T> {
  readonly path: string
  readonly #options: WatchedFileOptions
  readonly #parse: (bytes: Uint8Array) => T
  #loaded: Loaded<T> | undefined
  #loading: Promise<Loaded<T>> | undefined
  #checkedAt = -Infinity

  /** @param parse - Makes the content of the bytes; what it throws, an `SspiError`, is what `current` throws. */
  constructor(path: string, options: WatchedFileOptions, parse: (bytes: Uint8Array) => T) {
    this.path = path
    this.#options = options
    this.#parse = parse
  }

  /** The content, if a look at the file is not due. */
  get ready(): T | undefined {
    const { checkMilliseconds = 0 } = this.#options
    const isDue = performance.now() - this.#checkedAt >= checkMilliseconds
    return isDue || this.#loaded?.kind !== 'content' ? undefined : this.#loaded.content
  }

  /**
   * The content, read again if the file has changed.
   * @throws {@link SspiError} `SEC_E_NO_AUTHENTICATING_AUTHORITY` when the file cannot be used.
   */
  async current(): Promise<T> {
    let loaded = this.#loaded
    const now = performance.now()
    if (loaded?.version === undefined || loaded.version !== (await this.#versionOnDisk())) {
      // Those who come meanwhile share the reading.
      this.#loading ??= this.#load().finally(() => {
        this.#loading = undefined
      })
      loaded = await this.#loading
      this.#loaded = loaded
    }
    // A file whose times are too young to be trusted is looked at again at once.
    this.#checkedAt = loaded.version === undefined ? -Infinity : now
    if (loaded.kind === 'failed') throw loaded.error
    return loaded.content
  }

  /** The next call looks at the file, whatever was seen. */
  expire(): void {
    this.#checkedAt = -Infinity
    this.#loaded = this.#loaded && { ...this.#loaded, version: undefined }
  }

  async #versionOnDisk(): Promise<string | undefined> {
    try {
      return versionOf(await stat(this.path, { bigint: true }))
    } catch {
      // Reading it will say why.
      return undefined
    }
  }

  async #load(): Promise<Loaded<T>> {
    let version: string | undefined
    try {
      // One handle for the check and the reading: nobody can put another file between the two.
      const handle = await open(this.path, constants.O_RDONLY)
      try {
        const stats = await handle.stat({ bigint: true })
        this.#check(stats)
        version = settled(stats) ? versionOf(stats) : undefined
        return { version, kind: 'content', content: this.#parse(await handle.readFile()) }
      } finally {
        await handle.close()
      }
    } catch (cause) {
      return { version, kind: 'failed', error: this.#unusable(cause) }
    }
  }

  #check(stats: BigIntStats): void {
    const { allowInsecurePermissions = false, maxBytes = 0x400_0000 } = this.#options
    if (!stats.isFile()) throw this.#unusable(undefined, 'not a regular file')
    if (stats.size > BigInt(maxBytes)) {
      throw this.#unusable(undefined, `${stats.size} bytes long, ${maxBytes} allowed`)
    }
    const othersMay = Number(stats.mode) & 0o066
    if (othersMay !== 0 && process.platform !== 'win32' && !allowInsecurePermissions) {
      const mode = (Number(stats.mode) & 0o777).toString(8).padStart(3, '0')
      throw this.#unusable(undefined, `others than its owner can read or write it (mode ${mode}): chmod 600 it`)
    }
  }

  #unusable(cause: unknown, why?: string): SspiError {
    if (cause instanceof SspiError && cause.code === 'SEC_E_NO_AUTHENTICATING_AUTHORITY') return cause
    const reason = why ?? (cause instanceof Error ? cause.message : 'it cannot be used')
    const { what } = this.#options
    return new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', `${what} ${this.path}: ${reason}`, { cause })
  }
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
