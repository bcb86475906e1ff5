import { utf16leDecode } from '../../bytes/index.js'
import { secretFrom } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER } from '../constants/index.js'
import { splitUserName } from '../credential-values.js'
import { handedOver, type RevealedCredential } from '../revealed-credential.js'
import { readIdentity, type IdentityFields } from './identity-structure.js'
import { SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, SEC_WINNT_AUTH_DATA_TYPE_PASSWORD } from './packed-credentials.js'

/**
 * The credential that an identity in clear stands for: a user with a password, or with the keys of a keytab.
 *
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` for other kinds, for identities of online providers, and for one that
 *   names nobody.
 */
export function credentialOfIdentity(structure: Uint8Array): RevealedCredential {
  const fields = readIdentity(structure)
  const { user, domain, credential, packageList } = fields
  if ((fields.flags & SEC_WINNT_AUTH_IDENTITY_FLAGS_ID_PROVIDER) !== 0) {
    throw unknown('it is of a provider of online identities')
  }
  if (user === undefined && domain === undefined && credential === undefined) {
    throw unknown('it names nobody; leave authData out for the default credentials')
  }
  const type = credential?.type ?? SEC_WINNT_AUTH_DATA_TYPE_PASSWORD
  const data = credential?.data ?? new Uint8Array(0)
  switch (type) {
    case SEC_WINNT_AUTH_DATA_TYPE_PASSWORD: {
      const password = utf16leDecode(data, 'identity password')
      return { kind: 'password', ...splitUserName(user ?? '', domain ?? ''), packageList, password }
    }
    case SEC_WINNT_AUTH_DATA_TYPE_KEYTAB: {
      const keytab = handedOver(secretFrom(data))
      return { kind: 'keytab', principal: principalOf(fields), packageList, keytab }
    }
    default:
      throw unknown(`credentials of type ${type}; there are passwords and keytabs`)
  }
}

/** The user of a keytab is a service or an account, its domain the realm. */
function principalOf({ user = '', domain = '' }: IdentityFields): string | undefined {
  if (user === '') return undefined
  return domain === '' ? user : `${user}@${domain}`
}

function unknown(what: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `identity: ${what}`)
}
