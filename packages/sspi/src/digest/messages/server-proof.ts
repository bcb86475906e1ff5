import { countDigits, type Qop } from '../computations.js'
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

/** Writes a server's proof. */
export function writeServerProof(proof: ServerProof): Uint8Array {
  const { rspauth, use, nextnonce } = proof
  return writeDirectives(
    [
      // SASL's form has no quotes in RFC 2831's own example.
      use === undefined ? bare('rspauth', rspauth) : quoted('rspauth', rspauth),
      bare('qop', use?.qop),
      quoted('cnonce', use?.cnonce),
      bare('nc', use && countDigits(use.count)),
      quoted('nextnonce', nextnonce),
    ],
    use === undefined ? ',' : ', ',
  )
}
