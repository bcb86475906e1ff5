import { secretFrom, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER } from '../constants/index.js'
import { qualifiedName } from '../identity.js'
import type { IdentityFields } from './identity-structure.js'
import { SEC_WINNT_AUTH_DATA_TYPE_PASSWORD } from './packed-credentials.js'

/** CRED_TYPE_DOMAIN_PASSWORD of wincred.h. */
const CRED_TYPE_DOMAIN_PASSWORD = 2

/** What to look a saved credential up by: the arguments of CredRead. */
export interface CredRead {
  /** `CRED_TYPE_…` of wincred.h: 2, a password of a domain. */
  readonly credentialType: number
  /** Under which name it is saved. */
  readonly targetName: string
}

/** What to save a credential with: the arguments of CredWrite. */
export interface CredWrite extends CredRead {
  /** `DOMAIN\user`. */
  readonly userName: string
  /** The password in UTF-16, least significant byte first, without a terminator. Secret; the caller's to wipe. */
  readonly credentialBlob: SecretBytes
}

/** See `sspiPrepareForCredRead`. */
export function credReadOf(identity: IdentityFields, targetName: string | undefined): CredRead {
  requirePassword(identity)
  return { credentialType: CRED_TYPE_DOMAIN_PASSWORD, targetName: targetName ?? nameOf(identity) }
}

/** See `sspiPrepareForCredWrite`. */
export function credWriteOf(identity: IdentityFields, targetName: string | undefined): CredWrite {
  const data = identity.credential?.data ?? new Uint8Array(0)
  return {
    ...credReadOf(identity, targetName),
    userName: nameOf(identity),
    credentialBlob: secretFrom(data),
  }
}

function nameOf({ user = '', domain = '' }: IdentityFields): string {
  return qualifiedName({ name: user, domain })
}

function requirePassword({ credential, flags }: IdentityFields): void {
  const otherKind = credential !== undefined && credential.type !== SEC_WINNT_AUTH_DATA_TYPE_PASSWORD
  if (!otherKind && (flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER) === 0) return
  throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'identity: only passwords of domain and local users can be saved')
}
