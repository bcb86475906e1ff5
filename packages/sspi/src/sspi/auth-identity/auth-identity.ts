import { wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { readIdentityHeader } from './identity-structure.js'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/**
 * An identity as Windows hands it about: PSEC_WINNT_AUTH_IDENTITY_OPAQUE, a piece of memory that only the functions with
 * `AuthIdentity` in their names look into. It can be given to `acquireCredentialsHandle` as `authData`.
 *
 * Whoever was given one ends it, by `sspiFreeAuthIdentity` or by disposal: its memory is overwritten then. It shows nothing
 * of itself when printed.
 */
export class AuthIdentity implements Disposable {
  #structure: SecretBytes | undefined

  /** @internal Takes the memory over. */
  constructor(structure: SecretBytes) {
    this.#structure = structure
  }

  /** @internal The structure, a view. @throws {@link SspiError} `SEC_E_INVALID_HANDLE` when it was zeroed or freed. */
  get structure(): SecretBytes {
    if (this.#structure !== undefined) return this.#structure
    throw new SspiError('SEC_E_INVALID_HANDLE', 'the identity was zeroed or freed')
  }

  /** @internal `SEC_WINNT_AUTH_IDENTITY_…`. @throws {@link SspiError} as {@link AuthIdentity.structure}. */
  get flags(): number {
    return readIdentityHeader(this.structure).flags
  }

  /** @internal Changes what it is in place, by one whose memory it takes over. */
  replace(structure: SecretBytes): void {
    wipe(this.structure)
    this.#structure = structure
  }

  /** Without anything. */
  toJSON(): object {
    return { identity: 'redacted' }
  }

  /** Without anything. */
  [inspect](): string {
    return 'AuthIdentity { redacted }'
  }

  /** Overwrites it. Calling it again is harmless. */
  [Symbol.dispose](): void {
    wipe(this.#structure)
    this.#structure = undefined
  }
}
