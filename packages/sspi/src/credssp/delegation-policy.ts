import { SspiError } from '../status/index.js'

/**
 * To which servers credentials may be delegated: Windows' policy settings of the same names. Each list has target names,
 * `TERMSRV/server.example.com`, in which `*` stands for any characters, as in `TERMSRV/*.example.com`; compared without regard
 * to case. What is in no list is not delegated to. A pattern that says how a host ends is for names that end with their host.
 */
export interface DelegationPolicy {
  /** For credentials that were given for this purpose. Default: nowhere. */
  readonly allowFreshCredentials?: readonly string[] | undefined
  /** For credentials that come from a store. Default: nowhere. */
  readonly allowSavedCredentials?: readonly string[] | undefined
  /** For those that the environment says. Default: nowhere. */
  readonly allowDefaultCredentials?: readonly string[] | undefined
  /**
   * The same where nothing but NTLM says who the server is: no ticket, and no certificate that was found good. Whoever knows the
   * user's password hash may be that server. Default: nowhere.
   */
  readonly allowFreshCredentialsWhenNtlmOnly?: readonly string[] | undefined
  /** As {@link allowFreshCredentialsWhenNtlmOnly}. */
  readonly allowSavedCredentialsWhenNtlmOnly?: readonly string[] | undefined
  /** As {@link allowFreshCredentialsWhenNtlmOnly}. */
  readonly allowDefaultCredentialsWhenNtlmOnly?: readonly string[] | undefined
}

/** Where credentials to be delegated come from. */
export type CredentialOrigin = 'fresh' | 'saved' | 'default'

const LISTS = {
  fresh: ['allowFreshCredentials', 'allowFreshCredentialsWhenNtlmOnly'],
  saved: ['allowSavedCredentials', 'allowSavedCredentialsWhenNtlmOnly'],
  default: ['allowDefaultCredentials', 'allowDefaultCredentialsWhenNtlmOnly'],
} as const

/**
 * Checks before anything is sent whether credentials of this origin may go to this server at all.
 *
 * @throws {@link SspiError} `SEC_E_DELEGATION_POLICY`.
 */
export function checkTarget(policy: DelegationPolicy, origin: CredentialOrigin, targetName: string): void {
  if (LISTS[origin].some((list) => isListed(policy[list], targetName))) return
  throw new SspiError(
    'SEC_E_DELEGATION_POLICY',
    `CredSSP: ${origin} credentials may not be delegated to '${targetName}': name it in ${LISTS[origin][0]} of the delegation policy`,
  )
}

/**
 * Checks whether they may go there now that it is known how the server has proven who it is.
 *
 * @param serverAuthenticated - Whether by more than NTLM: by a ticket, or by a certificate that was found good.
 * @throws {@link SspiError} `SEC_E_POLICY_NLTM_ONLY` (Windows' spelling).
 */
export function checkServer(
  policy: DelegationPolicy,
  origin: CredentialOrigin,
  targetName: string,
  serverAuthenticated: boolean,
): void {
  if (serverAuthenticated) return checkTarget(policy, origin, targetName)
  const [, whenNtlmOnly] = LISTS[origin]
  if (isListed(policy[whenNtlmOnly], targetName)) return
  throw new SspiError(
    'SEC_E_POLICY_NLTM_ONLY',
    `CredSSP: '${targetName}' has proven who it is by nothing but NTLM, so ${origin} credentials are not delegated to it: use ` +
      `Kerberos, a certificate that can be verified, or name the target in ${whenNtlmOnly}`,
  )
}

function isListed(patterns: readonly string[] | undefined, targetName: string): boolean {
  const name = targetName.toLowerCase()
  return (patterns ?? []).some((each) => {
    const pattern = each.toLowerCase()
    return (isPlain(name) || saysHowItBegins(pattern)) && matches(pattern, name)
  })
}

/** Whether nothing stands behind the host: `TERMSRV/evil/x.example.com` and `evil:.example.com` lead to `evil`. */
function isPlain(name: string): boolean {
  return /^(?:[^/]*\/)?[^/:[\]]+$/.test(name)
}

/** Whether a star can stand for nothing but all of the end. */
function saysHowItBegins(pattern: string): boolean {
  const star = pattern.indexOf('*')
  return star < 0 || star === pattern.length - 1
}

/** Whether a name is what the pattern says, `*` standing for any characters. In time linear in each, piece by piece. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === name
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false
  let at = first.length
  const end = name.length - last.length
  for (const piece of rest) {
    const found = name.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}
