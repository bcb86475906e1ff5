/**
 * SECURITY_STATUS: the status codes of the interface, with Windows' names and numbers (unsigned).
 *
 * `SEC_E_…` (and the few `CERT_E_…`, `CRYPT_E_…`, `TRUST_E_…` of certificate checks) are failures and are thrown as an
 * {@link SspiError}; `SEC_E_OK` and `SEC_I_…` are results. Numbers from winerror.h as listed in `vectors/constants`.
 *
 * Two names may share a number on Windows (`SEC_E_NO_SPM` is `SEC_E_INTERNAL_ERROR`), hence code is matched by name.
 */
export const Status = {
  /** Success. */
  SEC_E_OK: 0x0000_0000,
  /** Another token from the peer is needed. */
  SEC_I_CONTINUE_NEEDED: 0x0009_0312,
  /** Call CompleteAuthToken. */
  SEC_I_COMPLETE_NEEDED: 0x0009_0313,
  /** Call CompleteAuthToken, then continue. */
  SEC_I_COMPLETE_AND_CONTINUE: 0x0009_0314,
  /** Logon completed without network authority. */
  SEC_I_LOCAL_LOGON: 0x0009_0315,
  /** A TLS extension of the subscribed type arrived. */
  SEC_I_GENERIC_EXTENSION_RECEIVED: 0x0009_0316,
  /** Peer closed the context. */
  SEC_I_CONTEXT_EXPIRED: 0x0009_0317,
  /** Server asked for credentials the client did not give. */
  SEC_I_INCOMPLETE_CREDENTIALS: 0x0009_0320,
  /** Peer asks for a new handshake. */
  SEC_I_RENEGOTIATE: 0x0009_0321,
  /** No LSA context belongs to this context. */
  SEC_I_NO_LSA_CONTEXT: 0x0009_0323,
  /** A signature must be made before the call can go on. */
  SEC_I_SIGNATURE_NEEDED: 0x0009_035c,
  /** Renegotiation refused. */
  SEC_I_NO_RENEGOTIATION: 0x0009_0360,
  /** TLS message fragment handled. */
  SEC_I_MESSAGE_FRAGMENT: 0x0009_0364,
  /** Message processed, another is needed. */
  SEC_I_CONTINUE_NEEDED_MESSAGE_OK: 0x0009_0366,
  /** Asynchronous call pending. */
  SEC_I_ASYNC_CALL_PENDING: 0x0009_0368,
  /** Not enough memory. */
  SEC_E_INSUFFICIENT_MEMORY: 0x8009_0300,
  /** Handle does not name a live credential or context. */
  SEC_E_INVALID_HANDLE: 0x8009_0301,
  /** Same value as SEC_E_UNSUPPORTED_FUNCTION. */
  SEC_E_NOT_SUPPORTED: 0x8009_0302,
  /** Function or option not supported by the package. */
  SEC_E_UNSUPPORTED_FUNCTION: 0x8009_0302,
  /** Target name unknown or unreachable. */
  SEC_E_TARGET_UNKNOWN: 0x8009_0303,
  /** Package internal failure. */
  SEC_E_INTERNAL_ERROR: 0x8009_0304,
  /** Same value as SEC_E_INTERNAL_ERROR. */
  SEC_E_NO_SPM: 0x8009_0304,
  /** Named package does not exist. */
  SEC_E_SECPKG_NOT_FOUND: 0x8009_0305,
  /** Caller does not own the credentials. */
  SEC_E_NOT_OWNER: 0x8009_0306,
  /** Package failed to initialise. */
  SEC_E_CANNOT_INSTALL: 0x8009_0307,
  /** Token malformed or not valid at this point. */
  SEC_E_INVALID_TOKEN: 0x8009_0308,
  /** Logon data cannot be marshalled. */
  SEC_E_CANNOT_PACK: 0x8009_0309,
  /** Quality of protection not supported. */
  SEC_E_QOP_NOT_SUPPORTED: 0x8009_030a,
  /** Context does not allow impersonation. */
  SEC_E_NO_IMPERSONATION: 0x8009_030b,
  /** Credentials rejected. */
  SEC_E_LOGON_DENIED: 0x8009_030c,
  /** Credentials not recognised. */
  SEC_E_UNKNOWN_CREDENTIALS: 0x8009_030d,
  /** No credentials available. */
  SEC_E_NO_CREDENTIALS: 0x8009_030e,
  /** Signature check failed. */
  SEC_E_MESSAGE_ALTERED: 0x8009_030f,
  /** Message out of sequence. */
  SEC_E_OUT_OF_SEQUENCE: 0x8009_0310,
  /** No authority (KDC, domain controller) could be contacted. */
  SEC_E_NO_AUTHENTICATING_AUTHORITY: 0x8009_0311,
  /** Package id not valid. */
  SEC_E_BAD_PKGID: 0x8009_0316,
  /** Context no longer usable. */
  SEC_E_CONTEXT_EXPIRED: 0x8009_0317,
  /** More input bytes are needed. */
  SEC_E_INCOMPLETE_MESSAGE: 0x8009_0318,
  /** Credentials incomplete, context cannot be built. */
  SEC_E_INCOMPLETE_CREDENTIALS: 0x8009_0320,
  /** An output buffer is too small. */
  SEC_E_BUFFER_TOO_SMALL: 0x8009_0321,
  /** Peer is not the expected principal. */
  SEC_E_WRONG_PRINCIPAL: 0x8009_0322,
  /** Clocks differ too much. */
  SEC_E_TIME_SKEW: 0x8009_0324,
  /** Certificate chain ends in an untrusted root. */
  SEC_E_UNTRUSTED_ROOT: 0x8009_0325,
  /** Message unexpected or badly formed. */
  SEC_E_ILLEGAL_MESSAGE: 0x8009_0326,
  /** Error while handling a certificate. */
  SEC_E_CERT_UNKNOWN: 0x8009_0327,
  /** Certificate has expired. */
  SEC_E_CERT_EXPIRED: 0x8009_0328,
  /** Encryption failed. */
  SEC_E_ENCRYPT_FAILURE: 0x8009_0329,
  /** Decryption failed. */
  SEC_E_DECRYPT_FAILURE: 0x8009_0330,
  /** No algorithm in common. */
  SEC_E_ALGORITHM_MISMATCH: 0x8009_0331,
  /** Requested quality of service not reachable. */
  SEC_E_SECURITY_QOS_FAILED: 0x8009_0332,
  /** Context removed before it was complete. */
  SEC_E_UNFINISHED_CONTEXT_DELETED: 0x8009_0333,
  /** User-to-user: no TGT reply received. */
  SEC_E_NO_TGT_REPLY: 0x8009_0334,
  /** No addresses available. */
  SEC_E_NO_IP_ADDRESSES: 0x8009_0335,
  /** Credential handle differs from the one of the context. */
  SEC_E_WRONG_CREDENTIAL_HANDLE: 0x8009_0336,
  /** Crypto system or checksum not available. */
  SEC_E_CRYPTO_SYSTEM_INVALID: 0x8009_0337,
  /** Too many referrals. */
  SEC_E_MAX_REFERRALS_EXCEEDED: 0x8009_0338,
  /** Only a KDC may do this. */
  SEC_E_MUST_BE_KDC: 0x8009_0339,
  /** Strong crypto required but not supported. */
  SEC_E_STRONG_CRYPTO_NOT_SUPPORTED: 0x8009_033a,
  /** More than one principal in the reply. */
  SEC_E_TOO_MANY_PRINCIPALS: 0x8009_033b,
  /** Expected pre-authentication data missing. */
  SEC_E_NO_PA_DATA: 0x8009_033c,
  /** Certificate name does not fit the user. */
  SEC_E_PKINIT_NAME_MISMATCH: 0x8009_033d,
  /** Smart card logon required. */
  SEC_E_SMARTCARD_LOGON_REQUIRED: 0x8009_033e,
  /** System shuts down. */
  SEC_E_SHUTDOWN_IN_PROGRESS: 0x8009_033f,
  /** KDC got an invalid request. */
  SEC_E_KDC_INVALID_REQUEST: 0x8009_0340,
  /** KDC could not refer. */
  SEC_E_KDC_UNABLE_TO_REFER: 0x8009_0341,
  /** KDC does not support the encryption type. */
  SEC_E_KDC_UNKNOWN_ETYPE: 0x8009_0342,
  /** Pre-authentication method not supported. */
  SEC_E_UNSUPPORTED_PREAUTH: 0x8009_0343,
  /** Operation needs delegation. */
  SEC_E_DELEGATION_REQUIRED: 0x8009_0345,
  /** Channel bindings do not match. */
  SEC_E_BAD_BINDINGS: 0x8009_0346,
  /** Certificate maps to several accounts. */
  SEC_E_MULTIPLE_ACCOUNTS: 0x8009_0347,
  /** No Kerberos key for the target. */
  SEC_E_NO_KERB_KEY: 0x8009_0348,
  /** Certificate not valid for this usage. */
  SEC_E_CERT_WRONG_USAGE: 0x8009_0349,
  /** Possible downgrade attack. */
  SEC_E_DOWNGRADE_DETECTED: 0x8009_0350,
  /** Smart card certificate revoked. */
  SEC_E_SMARTCARD_CERT_REVOKED: 0x8009_0351,
  /** Issuing CA of the smart card certificate not trusted. */
  SEC_E_ISSUING_CA_UNTRUSTED: 0x8009_0352,
  /** Revocation state of the smart card certificate unknown. */
  SEC_E_REVOCATION_OFFLINE_C: 0x8009_0353,
  /** Smart card certificate not trusted. */
  SEC_E_PKINIT_CLIENT_FAILURE: 0x8009_0354,
  /** Smart card certificate expired. */
  SEC_E_SMARTCARD_CERT_EXPIRED: 0x8009_0355,
  /** No support for S4U. */
  SEC_E_NO_S4U_PROT_SUPPORT: 0x8009_0356,
  /** Constrained delegation across realms failed. */
  SEC_E_CROSSREALM_DELEGATION_FAILURE: 0x8009_0357,
  /** Revocation state of the KDC certificate unknown. */
  SEC_E_REVOCATION_OFFLINE_KDC: 0x8009_0358,
  /** Issuing CA of the KDC certificate not trusted. */
  SEC_E_ISSUING_CA_UNTRUSTED_KDC: 0x8009_0359,
  /** KDC certificate expired. */
  SEC_E_KDC_CERT_EXPIRED: 0x8009_035a,
  /** KDC certificate revoked. */
  SEC_E_KDC_CERT_REVOKED: 0x8009_035b,
  /** A parameter is invalid. */
  SEC_E_INVALID_PARAMETER: 0x8009_035d,
  /** Policy forbids delegation. */
  SEC_E_DELEGATION_POLICY: 0x8009_035e,
  /** Policy allows NTLM only. */
  SEC_E_POLICY_NLTM_ONLY: 0x8009_035f,
  /** No security context. */
  SEC_E_NO_CONTEXT: 0x8009_0361,
  /** PKU2U certificate error. */
  SEC_E_PKU2U_CERT_FAILURE: 0x8009_0362,
  /** Mutual authentication failed. */
  SEC_E_MUTUAL_AUTH_FAILED: 0x8009_0363,
  /** Only https allowed. */
  SEC_E_ONLY_HTTPS_ALLOWED: 0x8009_0365,
  /** No application protocol (ALPN) in common. */
  SEC_E_APPLICATION_PROTOCOL_MISMATCH: 0x8009_0367,
  /** User principal name invalid. */
  SEC_E_INVALID_UPN_NAME: 0x8009_0369,
  /** Buffer for TLS extensions too small. */
  SEC_E_EXT_BUFFER_TOO_SMALL: 0x8009_036a,
  /** Not enough buffers given. */
  SEC_E_INSUFFICIENT_BUFFERS: 0x8009_036b,
  /** Certificate revoked. */
  CRYPT_E_REVOKED: 0x8009_2010,
  /** Revocation check not possible. */
  CRYPT_E_NO_REVOCATION_CHECK: 0x8009_2012,
  /** Revocation server offline. */
  CRYPT_E_REVOCATION_OFFLINE: 0x8009_2013,
  /** Certificate signature cannot be verified. */
  TRUST_E_CERT_SIGNATURE: 0x8009_6004,
  /** Certificate outside its validity period. */
  CERT_E_EXPIRED: 0x800b_0101,
  /** Chain ends in an untrusted root. */
  CERT_E_UNTRUSTEDROOT: 0x800b_0109,
  /** Certificate revoked by its issuer. */
  CERT_E_REVOKED: 0x800b_010c,
  /** Revocation check could not finish. */
  CERT_E_REVOCATION_FAILURE: 0x800b_010e,
  /** Certificate name does not match. */
  CERT_E_CN_NO_MATCH: 0x800b_010f,
  /** Certificate not valid for this usage. */
  CERT_E_WRONG_USAGE: 0x800b_0110,
} as const

/** The name of any status. */
export type StatusName = keyof typeof Status

/** The name of a status that is a failure: what an {@link SspiError} carries as `code`. */
export type FailureName = Exclude<StatusName, 'SEC_E_OK' | `SEC_I_${string}`>

/** The number of any status. */
export type SecurityStatus = (typeof Status)[StatusName]
