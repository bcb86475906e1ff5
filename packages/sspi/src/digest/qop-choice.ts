import { ISC_REQ_CONFIDENTIALITY, ISC_REQ_REPLAY_DETECT, ISC_REQ_SEQUENCE_DETECT, SspiError } from '../sspi/index.js'
import type { CipherFacts } from './ciphers.js'
import type { DigestForm, Qop } from './computations.js'
import type { DigestSettings } from './options.js'

/** What a caller asked for, of either side: its `…_REQ_…` in words. */
export interface Demands {
  readonly integrity: boolean
  readonly confidentiality: boolean
  /** Wished for, where it can be had. */
  readonly sequence: boolean
}

/** Reads a caller's requirements; the two sides differ in the number of integrity alone. */
export function demandsOf(contextReq: number, integrity: number): Demands {
  return {
    integrity: (contextReq & integrity) !== 0,
    confidentiality: (contextReq & ISC_REQ_CONFIDENTIALITY) !== 0,
    sequence: (contextReq & (ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)) !== 0,
  }
}

/**
 * The qualities of protection that satisfy a caller, best first, as Microsoft's documentation has it: `auth-int` only for those who
 * ask for integrity, replay or sequence detection, `auth-conf` only for those who ask for confidentiality.
 *
 * @throws `SspiError` `SEC_E_SECURITY_QOS_FAILED` when there is none.
 */
export function acceptableQops(form: DigestForm, demands: Demands, settings: DigestSettings): readonly Qop[] {
  const { integrity, confidentiality, sequence } = demands
  if (confidentiality) {
    if (form === 'http') throw failed('HTTP knows no confidentiality: use TLS')
    if (!settings.insecureAllowLegacyLayers) {
      throw failed('confidentiality goes by DES or RC4 here, which only insecureAllowLegacyLayers allows: use TLS')
    }
    return ['auth-conf']
  }
  if (integrity) return ['auth-int']
  return sequence ? ['auth-int', 'auth'] : ['auth']
}

/**
 * The quality of protection that a client takes.
 *
 * @throws `SspiError` `SEC_E_SECURITY_QOS_FAILED` when the server offers none that would do.
 */
export function chooseQop(acceptable: readonly Qop[], offered: readonly Qop[]): Qop {
  const chosen = acceptable.find((qop) => offered.includes(qop))
  if (chosen !== undefined) return chosen
  throw failed(`the server offers qop ${offered.join(', ') || 'none'}, ${acceptable.join(' or ')} was asked for`)
}

/** The cipher that a client takes. @throws `SspiError` `SEC_E_ALGORITHM_MISMATCH` when the server offers none. */
export function chooseCipher(known: readonly CipherFacts[], offered: readonly CipherFacts[]): CipherFacts {
  const best = known.find((cipher) => offered.includes(cipher))
  if (best !== undefined) return best
  throw new SspiError(
    'SEC_E_ALGORITHM_MISMATCH',
    'Digest: the server offers auth-conf without a cipher that is known here',
  )
}

function failed(why: string): SspiError {
  return new SspiError('SEC_E_SECURITY_QOS_FAILED', `Digest: ${why}`)
}
