import type { FailureName } from '../status/index.js'

/** OpenSSL's verdicts on a chain of certificates, by Node's names for them. */
const VERDICTS: ReadonlyMap<string, FailureName> = new Map<string, FailureName>([
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'SEC_E_UNTRUSTED_ROOT'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_GET_ISSUER_CERT', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'SEC_E_UNTRUSTED_ROOT'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SEC_E_UNTRUSTED_ROOT'],
  ['CERT_UNTRUSTED', 'SEC_E_UNTRUSTED_ROOT'],
  ['CERT_HAS_EXPIRED', 'SEC_E_CERT_EXPIRED'],
  ['CERT_NOT_YET_VALID', 'SEC_E_CERT_EXPIRED'],
  ['CERT_REVOKED', 'CRYPT_E_REVOKED'],
  ['UNABLE_TO_GET_CRL', 'CRYPT_E_NO_REVOCATION_CHECK'],
  ['CRL_HAS_EXPIRED', 'CRYPT_E_REVOCATION_OFFLINE'],
  ['CRL_NOT_YET_VALID', 'CRYPT_E_REVOCATION_OFFLINE'],
  ['CRL_SIGNATURE_FAILURE', 'CRYPT_E_REVOCATION_OFFLINE'],
  ['INVALID_PURPOSE', 'SEC_E_CERT_WRONG_USAGE'],
  ['CERT_REJECTED', 'SEC_E_CERT_WRONG_USAGE'],
  ['CERT_SIGNATURE_FAILURE', 'TRUST_E_CERT_SIGNATURE'],
])

/** What a verdict of OpenSSL's on a certificate is called here; `undefined` for a name that is none of them. */
export function certificateFailure(verdict: string): FailureName | undefined {
  return VERDICTS.get(verdict)
}
