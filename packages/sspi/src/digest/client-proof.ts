import { toHex } from '../bytes/index.js'
import type { SecretBytes } from '../crypto/index.js'
import type { DigestAlgorithm } from './algorithms.js'
import { hashA1, sessionA1, type DigestForm } from './computations.js'
import type { DigestSecret } from './credential.js'
import type { ClaimedUser } from './messages/index.js'
import { bytesOf, isLatin1, octetsOf, textOf, utf8Bytes } from './octets.js'
import { latin1Form } from './proofs.js'

/** Who authenticates. */
export type User = Omit<Extract<DigestSecret, { readonly kind: 'user' }>, 'kind'>

/** What a client proves its password with. */
export interface Proof {
  /** H(user:realm:password). The holder's to wipe. */
  readonly base: SecretBytes
  /** H(A1). The holder's to wipe. */
  readonly ha1: SecretBytes
  /** Whom it says it is. */
  readonly claimed: ClaimedUser
}

/** What a proof is made for: octets. */
export interface ProofSubject {
  readonly form: DigestForm
  readonly algorithm: DigestAlgorithm
  readonly realm: string
  readonly nonce: string
  readonly cnonce: string
  /** Whether the server takes UTF-8. */
  readonly utf8: boolean
  readonly authzid?: string | undefined
}

/** Makes H(A1) of a user for a challenge. A domain that is not the realm stands in front of the name, as Windows writes it. */
export function proveUser(user: User, subject: ProofSubject, userhash: boolean): Proof {
  const { form, algorithm, realm, nonce, cnonce, utf8, authzid } = subject
  const realmText = textOf(realm)
  const inRealm = user.domain === '' || user.domain.toLowerCase() === realmText.toLowerCase()
  const name = (inRealm ? user.user : `${user.domain}\\${user.user}`).normalize('NFC')
  // RFC 7616 §4 has normal form C, in UTF-8 where the server says so. RFC 2831 §2.1.2.1 hashes ISO 8859-1 wherever a part has that form.
  const asUtf8 = utf8 && form === 'http'
  const base = asUtf8
    ? hashA1(algorithm, utf8Bytes(name), bytesOf(realm), user.password.utf8)
    : hashA1(
        algorithm,
        latin1Form(name),
        saslOrSame(form, realm, realmText),
        user.password.latin1 ?? user.password.utf8,
      )
  const ha1 = sessionA1(algorithm, base, { nonce, cnonce, authzid }, form)
  return { base, ha1, claimed: userhash ? hidden(algorithm, name, realm) : shown(name, form, utf8) }
}

/** SASL hashes the realm as it hashes names; HTTP as it stands. */
function saslOrSame(form: DigestForm, realm: string, text: string): Uint8Array {
  return form === 'sasl' ? latin1Form(text) : bytesOf(realm)
}

/** RFC 7616 §3.4.4. */
function hidden(algorithm: DigestAlgorithm, name: string, realm: string): ClaimedUser {
  return { kind: 'hash', digits: toHex(algorithm.hash(utf8Bytes(name), COLON, bytesOf(realm))) }
}

function shown(name: string, form: DigestForm, utf8: boolean): ClaimedUser {
  const octets = utf8 || !isLatin1(name) ? octetsOf(utf8Bytes(name)) : octetsOf(bytesOf(name))
  // RFC 7616 §3.4: what is not ASCII does not go into a quoted string, where the server can read the other form.
  const extended = form === 'http' && utf8 && /[^\u0020-\u007e]/.test(octets)
  return { kind: 'name', octets, raw: octets, extended }
}

const COLON = Uint8Array.of(0x3a)
