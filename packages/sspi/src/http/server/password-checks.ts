import { Reader } from '../../bytes/index.js'
import { randomBytes } from '../../crypto/index.js'
import { isPasswordOf } from '../../io/accounts/index.js'
import {
  identityFrom,
  never,
  passwordCredential,
  splitUserName,
  tokenOfIdentity,
  type AccessToken,
  type AccountDatabase,
  type CredentialValue,
  type CredHandle,
  type SecureSession,
  type SecurityFunctionTable,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'

/** Who has proven a password. */
export type ProvenByPassword =
  /** With a context, which the authenticator ends. */
  { readonly session: SecureSession } | { readonly user: AccessToken }

/**
 * Checks a name and a password of Basic.
 *
 * @returns who it is.
 * @throws `SspiError`: `SEC_E_LOGON_DENIED` for an unknown user and a wrong password alike; `SEC_E_NO_AUTHENTICATING_AUTHORITY` when
 *   nobody can say.
 */
export type PasswordCheck = (user: string, password: string, signal: AbortSignal) => Promise<ProvenByPassword>

/** Options of {@link kdcPasswords}. */
export interface KdcPasswordOptions {
  /** A security interface with a way to the KDC. */
  readonly sspi: Pick<SecurityFunctionTable, 'initiate' | 'accept'>
  /** This server's keytab, by which the KDC proves that it is one. */
  readonly credentials: CredentialValue | CredHandle
  /** The service whose key is in it: `HTTP/www.example.com`. */
  readonly service: string
  /**
   * The realms that a user may name, as `alice@EXAMPLE.COM` or `EXAMPLE.COM\alice`; case does not count. Default: none, so that names
   * without a realm are taken alone, in the interface's default realm. Whoever may name any could send this server to KDCs of his own.
   */
  readonly realms?: readonly string[] | undefined
}

/**
 * Checks passwords at the KDC: logs on as the user, gets a ticket for this server, and accepts it with the keytab. Somebody who answers
 * in the KDC's place can make up a log-on for any password, but no ticket under a key that only the realm and this server know.
 */
export function kdcPasswords(options: KdcPasswordOptions): PasswordCheck {
  const { sspi, credentials, service, realms = [] } = options
  const known = new Set(realms.map((realm) => realm.toLowerCase()))
  return async (name, password, signal) => {
    const { user, domain } = splitUserName(name, '')
    const realm = domain === '' ? (/@([^@]*)$/.exec(user)?.[1] ?? '') : domain
    if (realm !== '' && !known.has(realm.toLowerCase())) throw denied('the user names a realm that is not served')
    const protection = { integrity: false, confidentiality: false }
    const client = sspi.initiate({
      package: 'Kerberos',
      credentials: passwordCredential({ user: domain === '' ? user : `${user}@${domain}`, password }),
      target: service,
      mutual: false,
      ...protection,
    })
    const server = sspi.accept({ package: 'Kerberos', credentials, ...protection })
    try {
      const { token } = await client.step(undefined, signal)
      client.session[Symbol.dispose]()
      const { done } = await server.step(token, signal)
      if (!done) throw denied('the ticket of the KDC was not enough')
      return { session: server.session }
    } finally {
      client[Symbol.dispose]()
      server[Symbol.dispose]()
    }
  }
}

/**
 * Checks passwords in an account database, the same work whoever it is. Names may have a domain in front of them, or be UPNs.
 */
export function accountPasswords(accounts: AccountDatabase): PasswordCheck {
  return async (name, password, signal) => {
    const account = await accounts.lookup(splitUserName(name, ''), signal)
    const right = isPasswordOf(account, password)
    if (account === undefined || !right || account.enabled === false) throw denied('unknown user or wrong password')
    const authenticationId = new Reader(randomBytes(8)).u64le('authentication id')
    const packageName = 'Basic'
    const impersonationLevel = 'identification' // there is no context to act by
    const user = identityFrom(account.identity, 'account-database', 'local')
    return { user: tokenOfIdentity(user, { packageName, impersonationLevel, authenticationId, expiry: never() }) }
  }
}

function denied(why: string): SspiError {
  return new SspiError('SEC_E_LOGON_DENIED', `Basic: ${why}`)
}
