import { utf16leDecode, utf16leEncode } from '../../bytes/index.js'
import { constantTimeEqual, secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SEC_E_OK, SspiError } from '../../status/index.js'
import { SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS } from '../constants/index.js'
import { withChannelBindingFlags } from '../channel-bindings.js'
import { packageAllowed, type SecWinntAuthIdentity } from '../credential-values.js'
import type { Bindings } from '../tls-attributes.js'
import type { RevealedCredential } from '../revealed-credential.js'
import type { World } from '../world.js'
import { AuthIdentity } from './auth-identity.js'
import { credReadOf, credWriteOf, type CredRead, type CredWrite } from './credential-manager.js'
import { credentialOfIdentity } from './identity-credential.js'
import { IdentityProtection, isEncrypted } from './identity-protection.js'
import { copyIdentity, readIdentity, writeIdentity, type IdentityFields } from './identity-structure.js'
import {
  SEC_WINNT_AUTH_DATA_TYPE_KEYTAB,
  SEC_WINNT_AUTH_DATA_TYPE_PASSWORD,
  type PackedCredential,
} from './packed-credentials.js'
import { isPromptingNeeded } from './prompting.js'
import { targetHostName } from './target-host-name.js'
import {
  marshalTargetInfo,
  unmarshalTargetInfo,
  type TargetInfo,
  type UnmarshalledTargetInfo,
} from './target-information.js'

/** An identity in strings. What is absent is `undefined`, as opposed to empty. */
export interface AuthIdentityStrings {
  /** The user, with or without the domain. */
  readonly userName?: string | undefined
  /** The domain. */
  readonly domainName?: string | undefined
  /** The password. Windows calls it so because it can stand for other credentials, in a form that is not public. */
  readonly packedCredentialsString?: string | undefined
}

/** An identity as Windows' functions take it: in one piece, or as the older structures have it, in parts. */
export type AnyAuthIdentity = AuthIdentity | SecWinntAuthIdentity

/** Result of `sspiCompareAuthIdentities`. */
export interface ComparedIdentities {
  /** Whether user and domain are the same, without regard to case. */
  readonly sameSuppliedUser: boolean
  /** Whether the credentials and the package list are the same as well. */
  readonly sameSuppliedIdentity: boolean
}

/**
 * The functions of `sspi.h` with `AuthIdentity` in their names, and those beside them: the part of the interface that handles
 * an identity without looking into it.
 */
export abstract class AuthIdentityFunctions {
  readonly #protection: IdentityProtection

  protected constructor(world: World) {
    this.#protection = new IdentityProtection(world)
  }

  // ------------------------------------------------------------------ identities

  /**
   * SspiEncodeStringsAsAuthIdentity: makes an identity of a name and a password. End it by `sspiFreeAuthIdentity`.
   *
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when a string has more than 65,535 bytes in UTF-16.
   */
  sspiEncodeStringsAsAuthIdentity(strings: AuthIdentityStrings): AuthIdentity {
    const { userName: user, domainName: domain, packedCredentialsString: password } = strings
    return new AuthIdentity(structureOf({ user, domain, password }))
  }

  /**
   * Makes an identity of a service or an account and its keytab, as `SEC_WINNT_AUTH_DATA_TYPE_KEYTAB`: Windows has no function
   * for it, and takes the structure all the same.
   *
   * @param userName - `HTTP/www.example.com`. `undefined`: whatever the keytab has.
   * @param domainName - the realm; `undefined`: none named.
   * @param keytab - the file's bytes; copied.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when the keytab has more than 65,507 bytes.
   */
  encodeKeytabAsAuthIdentity(
    userName: string | undefined,
    domainName: string | undefined,
    keytab: Uint8Array,
  ): AuthIdentity {
    const credential = { type: SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, data: keytab }
    return new AuthIdentity(writeIdentity({ ...NOBODY, user: userName, domain: domainName, credential }))
  }

  /**
   * SspiEncodeAuthIdentityAsStrings: the strings of an identity; what was absent is `undefined`. The password is one of them.
   *
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when it is encrypted; `SEC_E_UNSUPPORTED_FUNCTION` when its credentials are no
   *   password: Windows has a string for them, whose form is not public; use `sspiMarshalAuthIdentity`.
   */
  sspiEncodeAuthIdentityAsStrings(identity: AnyAuthIdentity): AuthIdentityStrings {
    const { user, domain, credential } = fieldsOf(identity)
    if (credential !== undefined && credential.type !== SEC_WINNT_AUTH_DATA_TYPE_PASSWORD) {
      throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'identity: its credentials are no password, and have no string')
    }
    return {
      userName: user,
      domainName: domain,
      packedCredentialsString: credential && utf16leDecode(credential.data, 'identity password'),
    }
  }

  /** SspiCopyAuthIdentity: another one with the same contents, to be freed for itself; also of one that is encrypted. */
  sspiCopyAuthIdentity(identity: AnyAuthIdentity): AuthIdentity {
    return new AuthIdentity(structureOf(identity))
  }

  /**
   * SspiCompareAuthIdentities. An identity left out stands for the default credentials, and is the same as another one left out.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when one is encrypted.
   */
  sspiCompareAuthIdentities(one: AnyAuthIdentity | undefined, other: AnyAuthIdentity | undefined): ComparedIdentities {
    if (one === undefined || other === undefined) {
      const same = one === other
      return { sameSuppliedUser: same, sameSuppliedIdentity: same }
    }
    const [a, b] = [fieldsOf(one), fieldsOf(other)]
    const sameSuppliedUser = sameName(a.user, b.user) && sameName(a.domain, b.domain)
    return {
      sameSuppliedUser,
      sameSuppliedIdentity: sameSuppliedUser && sameCredential(a, b) && sameName(a.packageList, b.packageList),
    }
  }

  /**
   * SspiExcludePackage: a copy of an identity that a package must not be used with. Negotiate goes by it.
   *
   * @param identity - left out: one with nothing but the package list.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when it is encrypted, or no package is named.
   */
  sspiExcludePackage(identity: AnyAuthIdentity | undefined, packageName: string): AuthIdentity {
    if (packageName === '' || packageName.includes(',')) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `sspiExcludePackage: '${packageName}' is no package's name`)
    }
    const fields = identity === undefined ? NOBODY : fieldsOf(identity)
    const { packageList = '' } = fields
    if (!packageAllowed(packageList, packageName) && packageList.includes('!')) {
      return new AuthIdentity(writeIdentity(fields))
    }
    const excluded = `!${packageName}`
    const longer = packageList === '' ? excluded : `${packageList},${excluded}`
    return new AuthIdentity(writeIdentity({ ...fields, packageList: longer }))
  }

  /**
   * SspiValidateAuthIdentity: whether it holds together: every part lies inside of it, and reads as what it is said to be. Of
   * an encrypted one only the header can be told.
   *
   * @returns `SEC_E_OK`.
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not; `SEC_E_INVALID_PARAMETER` when a part is too long for the structure;
   *   `SEC_E_INVALID_HANDLE` when it was zeroed or freed.
   */
  sspiValidateAuthIdentity(identity: AnyAuthIdentity): typeof SEC_E_OK {
    if (!(identity instanceof AuthIdentity)) wipe(structureOf(identity))
    else if (!isEncrypted(identity.flags)) readIdentity(identity.structure)
    return SEC_E_OK
  }

  /**
   * SspiMarshalAuthIdentity: the identity as bytes, a `SEC_WINNT_AUTH_IDENTITY_EX2` in one piece, for
   * `sspiUnmarshalAuthIdentity`. Secret unless it is encrypted, and the caller's: `sspiLocalFree` wipes it.
   */
  sspiMarshalAuthIdentity(identity: AnyAuthIdentity): SecretBytes {
    return structureOf(identity)
  }

  /**
   * SspiUnmarshalAuthIdentity: an identity of the bytes of a `SEC_WINNT_AUTH_IDENTITY_EX2`, which are checked whole; they may
   * come from anywhere. Bytes behind the structure are left aside.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when they do not parse.
   */
  sspiUnmarshalAuthIdentity(bytes: Uint8Array): AuthIdentity {
    const identity = new AuthIdentity(copyIdentity(bytes))
    try {
      this.sspiValidateAuthIdentity(identity)
      return identity
    } catch (error) {
      identity[Symbol.dispose]()
      throw error
    }
  }

  /** SspiEncryptAuthIdentity: as `sspiEncryptAuthIdentityEx` with `SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS`. */
  sspiEncryptAuthIdentity(identity: AuthIdentity): void {
    this.sspiEncryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, identity)
  }

  /**
   * SspiEncryptAuthIdentityEx: encrypts an identity in place, so that its password does not lie about in memory. It can be
   * copied, marshalled and given to `acquireCredentialsHandle` like that, of this security interface alone: the key is its own,
   * with either option, as there are no log-on sessions off Windows.
   *
   * @param options - `SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS` or `…_SAME_LOGON`.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when it is encrypted already; `SEC_E_UNSUPPORTED_FUNCTION` for other options.
   */
  sspiEncryptAuthIdentityEx(options: number, identity: AuthIdentity): void {
    this.#protection.encrypt(identity, options)
  }

  /** SspiDecryptAuthIdentity: as `sspiDecryptAuthIdentityEx` with `SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS`. */
  sspiDecryptAuthIdentity(identity: AuthIdentity): void {
    this.sspiDecryptAuthIdentityEx(SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS, identity)
  }

  /**
   * SspiDecryptAuthIdentityEx: decrypts an identity in place. One that is refused stays as it was.
   *
   * @param options - what it was encrypted with.
   * @throws `SspiError` `SEC_E_MESSAGE_ALTERED` when it was changed, or encrypted by another security interface;
   *   `SEC_E_INVALID_PARAMETER` when it is not encrypted, or was with another option; `SEC_E_UNSUPPORTED_FUNCTION` for other options.
   */
  sspiDecryptAuthIdentityEx(options: number, identity: AuthIdentity): void {
    this.#protection.decrypt(identity, options)
  }

  /** SspiIsAuthIdentityEncrypted: whether it is encrypted, by whomever. */
  sspiIsAuthIdentityEncrypted(identity: AuthIdentity): boolean {
    return isEncrypted(identity.flags)
  }

  /** SspiZeroAuthIdentity: overwrites an identity with zeros. All that can be done with it then is to free it. */
  sspiZeroAuthIdentity(identity: AuthIdentity): void {
    identity[Symbol.dispose]()
  }

  /** SspiFreeAuthIdentity: ends an identity, and overwrites it. Nothing happens for one that is left out, or was freed before. */
  sspiFreeAuthIdentity(identity: AuthIdentity | undefined): void {
    identity?.[Symbol.dispose]()
  }

  /** SspiLocalFree: overwrites bytes that one of these functions gave. Memory itself is freed by the engine. */
  sspiLocalFree(bytes: Uint8Array | undefined): void {
    wipe(bytes)
  }

  // ------------------------------------------------------------------ what stands beside them

  /**
   * SspiIsPromptingNeeded: whether other credentials can help after a failure: whether to ask for them. Windows does not say
   * which statuses these are; here they are those that say that credentials are wrong, missing or not enough.
   *
   * @param errorOrNtStatus - an `SspiError`'s `status`, an NTSTATUS, or a Win32 error.
   */
  sspiIsPromptingNeeded(errorOrNtStatus: number): boolean {
    return isPromptingNeeded(errorOrNtStatus)
  }

  /**
   * SspiGetTargetHostName: the host in the name of a service, `www.example.com` of `HTTP/www.example.com:8080`.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when there is none.
   */
  sspiGetTargetHostName(targetName: string): string {
    return targetHostName(targetName)
  }

  /**
   * SspiPrepareForCredRead: by what a credential manager finds what was saved for an identity.
   *
   * @param targetName - left out: the user's name.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when it is encrypted; `SEC_E_UNSUPPORTED_FUNCTION` when it has no password.
   */
  sspiPrepareForCredRead(identity: AnyAuthIdentity, targetName?: string): CredRead {
    return credReadOf(fieldsOf(identity), targetName)
  }

  /**
   * SspiPrepareForCredWrite: what a credential manager saves an identity with. Errors as `sspiPrepareForCredRead`.
   * @param targetName - left out: the user's name.
   */
  sspiPrepareForCredWrite(identity: AnyAuthIdentity, targetName?: string): CredWrite {
    return credWriteOf(fieldsOf(identity), targetName)
  }

  /**
   * SspiSetChannelBindingFlags: the same bindings with flags, for the server's `SECBUFFER_CHANNEL_BINDINGS`.
   *
   * @param bindings - of `SECPKG_ATTR_ENDPOINT_BINDINGS` and its like.
   * @param flags - `SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS`: clients are let in whatever they bind to, and the interface tells who would have
   *   been refused (`channel-bindings-audited`). That is **no protection**.
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` for other flags; `SEC_E_INVALID_TOKEN` when the bindings do not parse.
   */
  sspiSetChannelBindingFlags(bindings: Bindings, flags: number): Bindings {
    return withChannelBindingFlags(bindings, flags)
  }

  /**
   * CredMarshalTargetInfo: what is known of a server as text, which Windows appends to the name of a target. **Experimental**: the
   * form is not published, and only that of an empty one is known from elsewhere.
   *
   * @throws `SspiError` `SEC_E_INVALID_PARAMETER` when it would have more than 16,384 characters.
   */
  credMarshalTargetInfo(targetInfo: TargetInfo): string {
    return marshalTargetInfo(targetInfo)
  }

  /**
   * CredUnmarshalTargetInfo: what `credMarshalTargetInfo` made, at the end of a text. **Whoever chooses the text chooses what is in
   * it**: a client that takes a host's name for it is reached by whom it did not want.
   *
   * @throws `SspiError` `SEC_E_INVALID_TOKEN` when there is none at the end.
   */
  credUnmarshalTargetInfo(text: string): UnmarshalledTargetInfo {
    return unmarshalTargetInfo(text)
  }

  /** @internal The credential that an identity stands for, encrypted by this interface or not; the caller ends it. */
  protected revealIdentity(identity: AuthIdentity): RevealedCredential {
    const structure = this.#protection.reveal(identity)
    try {
      return credentialOfIdentity(structure)
    } finally {
      wipe(structure)
    }
  }
}

const NOBODY: IdentityFields = {
  user: undefined,
  domain: undefined,
  credential: undefined,
  packageList: undefined,
  flags: 0,
}

/** @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when it is encrypted: Windows' STATUS_INVALID_PARAMETER. */
function fieldsOf(identity: AnyAuthIdentity): IdentityFields {
  if (!(identity instanceof AuthIdentity)) return partsOf(identity)
  if (!isEncrypted(identity.flags)) return readIdentity(identity.structure)
  throw new SspiError('SEC_E_INVALID_PARAMETER', 'the identity is encrypted: decrypt it first')
}

/** The older structures: what is left out is absent. */
function partsOf({ user, domain, password, packageList }: SecWinntAuthIdentity): IdentityFields {
  return { ...NOBODY, user, domain, packageList, credential: password === undefined ? undefined : packed(password) }
}

function packed(password: string): PackedCredential {
  return { type: SEC_WINNT_AUTH_DATA_TYPE_PASSWORD, data: utf16leEncode(password) }
}

/** A copy in one piece, encrypted where it is. */
function structureOf(identity: AnyAuthIdentity): SecretBytes {
  if (identity instanceof AuthIdentity) return secretFrom(identity.structure)
  const fields = partsOf(identity)
  try {
    return writeIdentity(fields)
  } finally {
    wipe(fields.credential?.data)
  }
}

function sameName(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase()
}

function sameCredential({ credential: a }: IdentityFields, { credential: b }: IdentityFields): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.type === b.type && constantTimeEqual(a.data, b.data)
}
