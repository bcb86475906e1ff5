import { SspiError } from '../status/index.js'
import { SECPKG_CRED_ATTR_NAMES } from './constants/index.js'
import type { Credential, SecurityPackage } from './contract.js'
import type {
  CredentialAttribute,
  CredentialAttributes,
  CredentialAttributeTable,
  SettableCredentialAttribute,
  SettableCredentialAttributes,
} from './credential-attributes.js'
import { qualifiedName } from './identity.js'

/** QueryCredentialsAttributes: what the package answers, and the name, which the interface knows itself. */
export function queryCredential<A extends CredentialAttribute>(
  of: SecurityPackage,
  credential: Credential,
  attribute: A,
): CredentialAttributes[A] {
  const answer = credential.query?.(attribute) ?? ownAnswers(credential)[attribute]?.()
  if (answer !== undefined) return answer
  // Windows' status for a credential without a certificate (Schannel); none has a logged-on user to fall back to here.
  if (attribute === SECPKG_CRED_ATTR_NAMES) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', `${of.info.name}: the credential names nobody`)
  }
  throw new SspiError(
    'SEC_E_UNSUPPORTED_FUNCTION',
    `${of.info.name}: attribute ${attribute} of credentials has no answer here`,
  )
}

/** SetCredentialsAttributes. */
export function setCredential<A extends SettableCredentialAttribute>(
  of: SecurityPackage,
  credential: Credential,
  attribute: A,
  value: SettableCredentialAttributes[A],
): void {
  if (credential.set?.(attribute, value) === true) return
  throw new SspiError(
    'SEC_E_UNSUPPORTED_FUNCTION',
    `${of.info.name}: attribute ${attribute} of credentials cannot be set here`,
  )
}

function ownAnswers({ identity }: Credential): CredentialAttributeTable {
  return {
    [SECPKG_CRED_ATTR_NAMES]: () => (identity === undefined ? undefined : { userName: qualifiedName(identity) }),
  }
}
