import { countDigits, type DigestForm, type Qop } from '../computations.js'
import { byName, malformed, readDirectives, writeDirectives } from '../directives.js'
import { bare, quoted } from './challenge.js'
import { oneOrNone, readCount } from './fields.js'

/**
 * What a server proves itself with: the value of Authentication-Info, RFC 7616 §3.5, or the last message of SASL, which is
 * `rspauth` alone, RFC 2831 §2.1.3. Strings are octets.
 */
export interface ServerProof {
  /** Hexadecimal digits. HTTP may leave it out. */
  readonly rspauth: string | undefined
  /** The client's `qop`, `cnonce` and count, given back; `undefined` where one of them was left out, as SASL does. */
  readonly use: { readonly qop: Qop; readonly cnonce: string; readonly count: number } | undefined
  /** The nonce to go on with. */
  readonly nextnonce: string | undefined
}

const PROOF = "server's proof"

/** Reads a server's proof. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readServerProof(token: Uint8Array): ServerProof {
  const fields = byName(
    readDirectives(token, PROOF),
    { rspauth: 'once', nextnonce: 'once', qop: 'once', cnonce: 'once', nc: 'once' },
    PROOF,
  )
  const qop = oneOrNone(fields, 'qop')?.toLowerCase()
  const cnonce = oneOrNone(fields, 'cnonce')
  const count = readCount(fields, 'nc', PROOF)
  if (qop !== undefined && qop !== 'auth' && qop !== 'auth-int') throw malformed(PROOF, 'qop: unknown')
  return {
    rspauth: oneOrNone(fields, 'rspauth'),
    use: qop === undefined || cnonce === undefined || count === undefined ? undefined : { qop, cnonce, count },
    nextnonce: oneOrNone(fields, 'nextnonce'),
  }
}

/**
 * Writes a server's proof. RFC 7616 §3.5 says what stands within quotes; SASL's form has none in RFC 2831's own example.
 *
 * @param form - Default: HTTP's, where the client's `use` is given back.
 */
export function writeServerProof(
  { rspauth, use, nextnonce }: ServerProof,
  form: DigestForm = use === undefined ? 'sasl' : 'http',
): Uint8Array {
  if (form === 'sasl') return writeDirectives([bare('rspauth', rspauth)], ',')
  return writeDirectives(
    [
      quoted('rspauth', rspauth),
      bare('qop', use?.qop),
      quoted('cnonce', use?.cnonce),
      bare('nc', use && countDigits(use.count)),
      quoted('nextnonce', nextnonce),
    ],
    ', ',
  )
}
