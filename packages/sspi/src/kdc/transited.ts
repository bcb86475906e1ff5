import {
  addTransitedRealm,
  KerberosErrorCode,
  readTransitedRealms,
  type TransitedEncoding,
  type WayThroughRealms,
} from '../kerberos/index.js'
import { SspiError } from '../status/index.js'
import { Refusal } from './refusal.js'

/**
 * The realms that a ticket came through.
 *
 * @throws `SspiError` `KDC_ERR_TRTYPE_NOSUPP` for another encoding; `KDC_ERR_PATH_NOT_ACCEPTED` for one without measure.
 */
export function transitedRealms(transited: TransitedEncoding, between: WayThroughRealms): readonly string[] {
  return refusing(() => readTransitedRealms(transited, between))
}

/** The encoding with one more realm at its end. @throws As {@link transitedRealms}. */
export function withTransitedRealm(transited: TransitedEncoding, realm: string): TransitedEncoding {
  return refusing(() => addTransitedRealm(transited, realm))
}

function refusing<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof SspiError)) throw cause
    const isUnknown = cause.code === 'SEC_E_UNSUPPORTED_FUNCTION'
    const { KDC_ERR_TRTYPE_NOSUPP, KDC_ERR_PATH_NOT_ACCEPTED } = KerberosErrorCode
    throw new Refusal(isUnknown ? KDC_ERR_TRTYPE_NOSUPP : KDC_ERR_PATH_NOT_ACCEPTED, cause.message, { cause })
  }
}
