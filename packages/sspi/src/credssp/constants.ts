/** The first version of the protocol, MS-CSSP 2.2.1: there was none before 2. */
export const FIRST_VERSION = 2
/** The version that this implementation speaks; peers that speak a higher one come down to it. */
export const OWN_VERSION = 6
/** From this version on the public key is bound by hashes with a nonce, MS-CSSP 3.1.5 step 3; before, by the key itself. */
export const FIRST_VERSION_WITH_NONCE = 5
/** The versions in which a server says by an NTSTATUS why it refuses, MS-CSSP 2.2.1: not in 5. */
export const VERSIONS_WITH_ERROR_CODE: readonly number[] = [3, 4, 6]
/** `clientNonce`, MS-CSSP 2.2.1. */
export const CLIENT_NONCE_LENGTH = 32
/** NegoData is a list, although one message carries one token. */
export const MAX_NEGO_TOKENS = 8
/** Packages whose supplemental credentials TSRemoteGuardCreds may carry. */
export const MAX_SUPPLEMENTAL_CREDENTIALS = 32

/** What TSCredentials hold, MS-CSSP 2.2.1.2. */
export const CredType = { PASSWORD: 1, SMART_CARD: 2, REMOTE_GUARD: 6 } as const
/** One of {@link CredType}. */
export type CredType = (typeof CredType)[keyof typeof CredType]
/** A longer TSRequest is refused: tokens of Kerberos with the largest PAC fit. */
export const MAX_TS_REQUEST = 0x2_0000
/** What SecPkgInfo says of the largest token: that of Negotiate, in TLS records. */
export const MAX_TOKEN = 0x1_1000

/** A flag of Schannel's credentials (schannel.h): no session is kept to go on with. */
export const SCH_CRED_DISABLE_RECONNECTS = 0x0000_0080
