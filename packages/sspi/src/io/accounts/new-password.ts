import type { AccountPasswordChange } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { ntHashOf, type AccountEntry, type AccountProof, type StoredAccount } from './account-entry.js'
import { digestHashesOf } from './digest-hashes.js'
import { isPasswordOf } from './password-proof.js'

/**
 * The account with a new password, kept in the form of the old one.
 *
 * @returns `undefined` when the old password is not its own, it is disabled, or there is no account, in about the same time.
 * @throws {@link SspiError} `SEC_E_LOGON_DENIED` for an empty new password, with which everybody could log on.
 */
export function withNewPassword(
  account: StoredAccount | undefined,
  { oldPassword, newPassword }: AccountPasswordChange,
): AccountEntry | undefined {
  if (newPassword === '') throw new SspiError('SEC_E_LOGON_DENIED', 'account: a new password is not empty')
  if (!isPasswordOf(account, oldPassword) || account?.enabled !== true) return undefined
  const { identity, upn, enabled } = account
  const { name: user, domain, sid, groups } = identity
  return { user, domain, upn, sid, groups, enabled, ...inFormOf(account, newPassword) }
}

function inFormOf({ identity, secret }: StoredAccount, password: string): AccountProof {
  switch (secret.kind) {
    case 'password':
      return { password }
    case 'nt-hash':
      return { ntHash: ntHashOf(password) }
    case 'digest':
      return { digest: digestHashesOf(identity.name, secret.realm, password) }
  }
}
