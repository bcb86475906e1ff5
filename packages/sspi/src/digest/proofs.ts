import { toHex } from '../bytes/index.js'
import { constantTimeEqual, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { qualifiedName, SspiError, type Account } from '../sspi/index.js'
import type { DigestAlgorithm } from './algorithms.js'
import { hashA1, noncesOf, responseDigits, sessionA1, type ResponseParts } from './computations.js'
import { passwordForms, wipePassword, type PasswordForms } from './credential.js'
import type { DigestResponse } from './messages/index.js'
import { bytesOf, isLatin1, octetsOf, textOf, utf8Bytes } from './octets.js'

declare const brand: unique symbol

/** A client that has proven to know its account's secret; nothing but {@link checkProof} makes one. */
export type ProvenClient = {
  readonly account: Account
  /** H(user:realm:password), of which the keys of other nonces can be made. The holder's to wipe. */
  readonly base: SecretBytes
  /** H(A1), with the nonces in it. The holder's to wipe. */
  readonly ha1: SecretBytes
} & { readonly [brand]: 'ProvenClient' }

/** What a proof is checked against. */
export interface ProofCheck {
  readonly response: DigestResponse
  /** What the response was made over, as this side knows it. */
  readonly parts: ResponseParts
  /** Random bytes to work with when there is no account: 16. */
  readonly decoy: Uint8Array
}

/** The one answer to an unknown user, a wrong password and a disabled account. */
function denied(): SspiError {
  return new SspiError('SEC_E_LOGON_DENIED', 'Digest: unknown user, wrong password, or the account is disabled')
}

/**
 * Checks a client's response against its account. For nobody's account, or one whose secret is of no use here, the same is computed
 * with a random secret, so that the time tells nothing; only then is it refused.
 *
 * @throws `SspiError` `SEC_E_LOGON_DENIED`, with the same message whatever the reason.
 */
export function checkProof(account: Account | undefined, check: ProofCheck): ProvenClient {
  const { response, parts } = check
  const { algorithm } = response
  const nonces = { ...noncesOf(response), authzid: response.authzid }
  let proven: { base: SecretBytes; ha1: SecretBytes } | undefined
  const given = bytesOf(response.response)
  for (const base of candidates(account, check)) {
    const ha1 = sessionA1(algorithm, base, nonces, response.form)
    // Every candidate is tried, found or not.
    if (constantTimeEqual(responseDigits(algorithm, ha1, parts), given) && proven === undefined) proven = { base, ha1 }
    else {
      wipe(base)
      wipe(ha1)
    }
  }
  if (account === undefined || account.enabled === false || proven === undefined) {
    wipe(proven?.base)
    wipe(proven?.ha1)
    throw denied()
  }
  return { account, ...proven } as ProvenClient // checked just now
}

/** What H(user:realm:password) may be: as many for nobody as for anybody. */
function candidates(account: Account | undefined, check: ProofCheck): readonly SecretBytes[] {
  const { response, decoy } = check
  const { algorithm } = response
  const secret = account?.secret
  const password = passwordForms(secret?.kind === 'password' ? secret.password : toHex(decoy))
  const made = hashesOf(algorithm, userForms(account, response), bytesOf(response.realm ?? ''), password)
  wipePassword(password)
  if (secret?.kind !== 'digest' || secret.realm !== textOf(response.realm ?? '')) return made
  const stored = secret.hashes[algorithm.hashName]
  if (stored === undefined) return made
  const [first, ...others] = made
  wipe(first)
  return [secretFrom(stored), ...others]
}

/** In each form of the user's name: as UTF-8, and as ISO 8859-1 where that is another. */
function hashesOf(
  algorithm: DigestAlgorithm,
  users: readonly string[],
  realm: Uint8Array,
  password: PasswordForms,
): readonly SecretBytes[] {
  const realmText = textOf(octetsOf(realm))
  return users.flatMap((user) => {
    const utf8 = hashA1(algorithm, utf8Bytes(user), utf8Bytes(realmText), password.utf8)
    // RFC 2831 §2.1.2.1 has each part in ISO 8859-1 that has such a form; clients of HTTP without charset send the like.
    const latin1 = hashA1(algorithm, latin1Form(user), latin1Form(realmText), password.latin1 ?? password.utf8)
    return [utf8, latin1]
  })
}

/** A text in ISO 8859-1 where it has such a form, else in UTF-8. */
export function latin1Form(text: string): Uint8Array {
  return isLatin1(text) ? bytesOf(text) : utf8Bytes(text)
}

/**
 * The names under which a client may have hashed its password: what it quotes; what stood between the quotes, as clients leave
 * backslashes alone (MS-DPSP 2.2); or, when it hides its name, the one whose hash it sent.
 */
function userForms(account: Account | undefined, response: DigestResponse): readonly string[] {
  const { user } = response
  if (user.kind === 'name') {
    const forms = [textOf(user.octets), textOf(user.raw)]
    return forms[0] === forms[1] ? forms.slice(1) : forms
  }
  if (account === undefined) return [user.digits, user.digits]
  return [account.identity.name, qualifiedName(account.identity)]
}
