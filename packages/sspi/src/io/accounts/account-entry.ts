import { utf16leEncode } from '../../bytes/index.js'
import { md4, wipe } from '../../crypto/index.js'
import {
  splitUserName,
  type Account,
  type AccountSecret,
  type DigestHashName,
  type Identity,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { copyDigestHashes, DIGEST_HASH_LENGTHS, type DigestHashes } from './digest-hashes.js'

/** Which account: the user's name, with or without a domain before it (`CONTOSO\alice`) or beside it. */
export interface AccountName {
  /** `alice` or `CONTOSO\alice`. */
  readonly user: string
  /** The domain, when `user` does not name one. Default: none, a local account. */
  readonly domain?: string | undefined
}

/** What an account has beside its name and its secret. */
export interface AccountDetails extends AccountName {
  /** The user principal name, `alice@contoso.com`, by which the account is found as well. Default: none. */
  readonly upn?: string | undefined
  /** The security identifier, `S-1-5-21-…`. Default: none. */
  readonly sid?: string | undefined
  /** Security identifiers of the groups. Default: none. */
  readonly groups?: readonly string[] | undefined
  /** Whether the account may log on. Default `true`. */
  readonly enabled?: boolean | undefined
}

/** What an account proves itself with: one of the three. */
export type AccountProof =
  | { readonly password: string; readonly ntHash?: undefined; readonly digest?: undefined }
  /** MD4 of the password in UTF-16LE: 16 bytes, copied. Serves NTLM only, and is as good as the password there. */
  | { readonly ntHash: Uint8Array; readonly password?: undefined; readonly digest?: undefined }
  /** Hashes of {@link digestHashesOf}, copied. They serve Digest only, under the account's name as it is spelt here. */
  | { readonly digest: DigestHashes; readonly password?: undefined; readonly ntHash?: undefined }

/** An account to be put into a database. */
export type AccountEntry = AccountDetails & AccountProof

const inspect = Symbol.for('nodejs.util.inspect.custom')
const SID = /^S-1-\d{1,15}(-\d{1,10}){1,15}$/

/** An account of a database. It prints itself without its secret. */
export class StoredAccount implements Account {
  readonly identity: Identity
  readonly upn: string | undefined
  readonly enabled: boolean
  readonly secret: RedactedSecret

  /** @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a field is not what it should be; the error holds no secret. */
  constructor(entry: AccountEntry) {
    const { user, domain } = splitUserName(entry.user, entry.domain ?? '')
    if (user === '') throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: the user has no name')
    if (user.includes('\\')) throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: a backslash inside of a name')
    if (domain.includes('\\')) throw new SspiError('SEC_E_INVALID_PARAMETER', 'account: a backslash inside of a domain')
    const { upn, sid, groups = [] } = entry
    if (upn !== undefined && !/^[^@]+@[^@]+$/.test(upn)) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `account ${user}: the UPN is not of the form name@domain`)
    }
    for (const each of sid === undefined ? groups : [sid, ...groups]) {
      if (!SID.test(each)) {
        throw new SspiError(
          'SEC_E_INVALID_PARAMETER',
          `account ${user}: a security identifier is not of the form S-1-…`,
        )
      }
    }
    this.identity = Object.freeze({
      name: user,
      domain,
      sid,
      groups: Object.freeze([...groups]),
      source: 'verified',
      ...(upn === undefined ? {} : { userPrincipalName: upn }),
    })
    this.upn = upn
    this.enabled = entry.enabled ?? true
    this.secret = storedSecret(user, entry)
  }

  /** Overwrites the secret, as far as JavaScript can: a password is a string, which it cannot. */
  dispose(): void {
    this.secret.dispose()
  }
}

/** A secret that prints as redacted. */
export type RedactedSecret = StoredPassword | StoredNtHash | StoredDigestHashes

function storedSecret(user: string, proof: AccountProof): RedactedSecret {
  if (proof.password !== undefined) return new StoredPassword(proof.password)
  if (proof.digest !== undefined) return new StoredDigestHashes(checkedHashes(user, proof.digest))
  if (proof.ntHash.length !== 16) {
    throw new SspiError(
      'SEC_E_INVALID_PARAMETER',
      `account ${user}: an NT hash of ${proof.ntHash.length} bytes, not 16`,
    )
  }
  return new StoredNtHash(proof.ntHash)
}

class StoredPassword {
  readonly kind = 'password' satisfies AccountSecret['kind']
  readonly #password: string

  constructor(password: string) {
    this.#password = password
  }

  get password(): string {
    return this.#password
  }

  dispose(): void {
    // A string cannot be overwritten.
  }

  [inspect](): string {
    return "{ kind: 'password', password: redacted }"
  }
}

class StoredNtHash {
  readonly kind = 'nt-hash' satisfies AccountSecret['kind']
  #ntHash: Uint8Array | undefined

  constructor(ntHash: Uint8Array) {
    this.#ntHash = new Uint8Array(ntHash)
  }

  /** A copy: who asked may wipe it, and one that is in use outlives a change of the account. */
  get ntHash(): Uint8Array {
    if (this.#ntHash === undefined) throw new SspiError('SEC_E_LOGON_DENIED', 'the account was removed meanwhile')
    return new Uint8Array(this.#ntHash)
  }

  dispose(): void {
    wipe(this.#ntHash)
    // Whoever still holds the account must not take the zeros for its hash.
    this.#ntHash = undefined
  }

  [inspect](): string {
    return "{ kind: 'nt-hash', ntHash: redacted }"
  }
}

class StoredDigestHashes {
  readonly kind = 'digest' satisfies AccountSecret['kind']
  readonly realm: string
  #hashes: DigestHashes | undefined

  constructor(hashes: DigestHashes) {
    this.realm = hashes.realm
    this.#hashes = copyDigestHashes(hashes)
  }

  /** Copies, as of {@link StoredNtHash.ntHash}. */
  get hashes(): DigestHashes['hashes'] {
    if (this.#hashes === undefined) throw new SspiError('SEC_E_LOGON_DENIED', 'the account was removed meanwhile')
    return copyDigestHashes(this.#hashes).hashes
  }

  dispose(): void {
    for (const hash of Object.values(this.#hashes?.hashes ?? {})) wipe(hash)
    this.#hashes = undefined
  }

  [inspect](): string {
    return `{ kind: 'digest', realm: '${this.realm}', hashes: redacted }`
  }
}

function checkedHashes(user: string, hashes: DigestHashes): DigestHashes {
  const given = Object.entries(hashes.hashes) as [DigestHashName, Uint8Array][] // by its type
  const wrong = given.some(([name, hash]) => hash.length !== DIGEST_HASH_LENGTHS[name])
  if (given.length === 0 || wrong) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `account ${user}: no Digest hashes, or one of a wrong length`)
  }
  return hashes
}

/**
 * The NT hash of a password: MD4 over its UTF-16LE form (MS-NLMP 3.3.1, NTOWFv1).
 *
 * @returns 16 bytes, the caller's; as good as the password for NTLM.
 */
export function ntHashOf(password: string): Uint8Array {
  const text = utf16leEncode(password)
  const hash = md4(text)
  wipe(text)
  return hash
}
