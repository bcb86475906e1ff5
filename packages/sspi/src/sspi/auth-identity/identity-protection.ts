import { Writer } from '../../bytes/index.js'
import { openBlob, sealBlob, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import {
  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON,
  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED,
  SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED,
  SEC_WINNT_AUTH_IDENTITY_UNICODE,
  SEC_WINNT_AUTH_IDENTITY_VERSION_2,
} from '../constants/index.js'
import type { World } from '../world.js'
import type { AuthIdentity } from './auth-identity.js'
import { IDENTITY_HEADER_LENGTH, readIdentityHeader } from './identity-structure.js'

const KEY_LENGTH = 32
const ENCRYPTED =
  SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED |
  SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_PROTECTED |
  SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED |
  SEC_WINNT_AUTH_IDENTITY_FLAGS_SYSTEM_ENCRYPTED

/** The flag of an encrypted identity, by the option that it was encrypted with. */
const FLAG_OF: ReadonlyMap<number, number> = new Map([
  [SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, SEC_WINNT_AUTH_IDENTITY_FLAGS_PROCESS_ENCRYPTED],
  [SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON, SEC_WINNT_AUTH_IDENTITY_FLAGS_USER_PROTECTED],
])

/** Whether flags say that the identity is encrypted, by whomever. */
export function isEncrypted(flags: number): boolean {
  return (flags & ENCRYPTED) !== 0
}

/**
 * Encrypts identities in memory. Windows has keys of its own for that, and does not publish what it makes of them; off Windows
 * each security interface has a key, which it draws when it is needed first and shows to nobody.
 *
 * What comes out: the header of a SEC_WINNT_AUTH_IDENTITY_EX2 without offsets, its flag set, and behind it the whole of the
 * structure as it was, sealed by AES-256-GCM: nonce, ciphertext, tag. The header is bound to it. So neither what an
 * encrypted identity holds can be read or changed, nor by which option it was encrypted.
 */
export class IdentityProtection {
  readonly #world: World
  #key: SecretBytes | undefined

  constructor(world: World) {
    this.#world = world
  }

  /** Encrypts in place. Errors as `sspiEncryptAuthIdentityEx`. */
  encrypt(identity: AuthIdentity, option: number): void {
    const flag = flagOf(option)
    if (isEncrypted(identity.flags)) throw wrong('the identity is encrypted already')
    const plain = identity.structure
    const length = IDENTITY_HEADER_LENGTH + plain.length + SEAL_LENGTH
    const header = encryptedHeader(length, flag)
    const sealed = sealBlob(this.#ownKey(), plain, header)
    identity.replace(secretFrom(new Writer(length).bytes(header).bytes(sealed).finish()))
  }

  /** Decrypts in place. Errors as `sspiDecryptAuthIdentityEx`. */
  decrypt(identity: AuthIdentity, option: number): void {
    const flag = flagOf(option)
    const { flags } = identity
    if (!isEncrypted(flags)) throw wrong('the identity is not encrypted')
    if ((flags & ENCRYPTED) !== flag) throw wrong('the identity was encrypted with another option')
    identity.replace(this.#open(identity.structure))
  }

  /** The structure of an identity in clear, a copy, whether it was encrypted or not. Errors as `sspiDecryptAuthIdentity`. */
  reveal(identity: AuthIdentity): SecretBytes {
    return isEncrypted(identity.flags) ? this.#open(identity.structure) : secretFrom(identity.structure)
  }

  #open(structure: Uint8Array): SecretBytes {
    const header = structure.subarray(0, IDENTITY_HEADER_LENGTH)
    const opened = openBlob(this.#ownKey(), structure.subarray(IDENTITY_HEADER_LENGTH), header)
    try {
      readIdentityHeader(opened)
      return opened
    } catch (error) {
      wipe(opened)
      throw error
    }
  }

  #ownKey(): SecretBytes {
    if (this.#key === undefined) {
      const drawn = this.#world.random(KEY_LENGTH)
      this.#key = secretFrom(drawn)
      wipe(drawn)
    }
    return this.#key
  }
}

/** What sealing adds: a nonce of 12 bytes and a tag of 16. */
const SEAL_LENGTH = 28
/** Offset and length of user, domain and credentials: none. */
const NO_PARTS = 24

function encryptedHeader(length: number, flag: number): Uint8Array {
  return new Writer(IDENTITY_HEADER_LENGTH)
    .u32le(SEC_WINNT_AUTH_IDENTITY_VERSION_2)
    .u16le(IDENTITY_HEADER_LENGTH)
    .zeros(2)
    .u32le(length)
    .zeros(NO_PARTS)
    .u32le(SEC_WINNT_AUTH_IDENTITY_UNICODE | flag)
    .zeros(8)
    .finish()
}

function flagOf(option: number): number {
  const flag = FLAG_OF.get(option)
  if (flag !== undefined) return flag
  throw new SspiError(
    'SEC_E_UNSUPPORTED_FUNCTION',
    `identity: option ${option}; there are SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS and …_SAME_LOGON, one at a time`,
  )
}

function wrong(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_PARAMETER', what)
}
