import { wipe } from '../crypto/index.js'
import {
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_AUTHORIZATION_ID,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_NEGOTIATION_COMPLETE,
  never,
  type AttributeTable,
  type KeyInfo,
  type SecPkgInfo,
  type Sizes,
} from '../sspi/index.js'
import { sessionA1 } from './computations.js'
import { MAX_TOKEN } from './constants.js'
import { TOKEN_LENGTH } from './message-stream.js'
import type { CommonParts, HttpParts, SaslParts } from './session-parts.js'

const MAX_PADDING = 8

/** What an established session of SASL answers. */
export function saslAttributes(parts: SaslParts, info: SecPkgInfo): AttributeTable {
  const { ha1, qop, cipher, authorizationId, peerMaxbuf } = parts
  const sizes = saslSizes(parts)
  return {
    ...commonAttributes(parts, info),
    [SECPKG_ATTR_SIZES]: () => sizes,
    [SECPKG_ATTR_STREAM_SIZES]: () =>
      qop === 'auth'
        ? undefined
        : {
            header: 0,
            trailer: sizes.securityTrailer,
            maximumMessage: Math.max(0, peerMaxbuf - sizes.securityTrailer),
            buffers: 3,
            blockSize: sizes.blockSize,
          },
    [SECPKG_ATTR_KEY_INFO]: (): KeyInfo => ({
      signatureAlgorithmName: qop === 'auth' ? '' : 'HMAC-MD5',
      encryptAlgorithmName: cipher?.name.toUpperCase() ?? '',
      keySize: cipher?.keyBits ?? (qop === 'auth' ? 0 : 128),
      signatureAlgorithm: qop === 'auth' ? 0 : HMAC_MD5,
      encryptAlgorithm: cipher?.algorithmId ?? 0,
    }),
    [SECPKG_ATTR_SESSION_KEY]: () => ({ sessionKey: new Uint8Array(ha1) }),
    [SECPKG_ATTR_AUTHORIZATION_ID]: () => ({ authorizationId }),
  }
}

/** What an established session of HTTP answers. A signature is a whole response here, as on Windows. */
export function httpAttributes(parts: HttpParts, info: SecPkgInfo): AttributeTable {
  return {
    ...commonAttributes(parts, info),
    [SECPKG_ATTR_SIZES]: () => ({ maxToken: MAX_TOKEN, maxSignature: MAX_TOKEN, blockSize: 0, securityTrailer: 0 }),
    [SECPKG_ATTR_KEY_INFO]: (): KeyInfo => ({
      signatureAlgorithmName: parts.algorithm.name,
      encryptAlgorithmName: '',
      keySize: 8 * parts.algorithm.hashBytes,
      signatureAlgorithm: parts.algorithm.hashName === 'MD5' ? CALG_MD5 : CALG_SHA_256,
      encryptAlgorithm: 0,
    }),
    [SECPKG_ATTR_SESSION_KEY]: () => {
      const { algorithm, base, sessionNonces } = parts
      const ha1 = sessionA1(algorithm, base, sessionNonces, 'http')
      const sessionKey = new Uint8Array(ha1)
      wipe(ha1)
      return { sessionKey }
    },
  }
}

/** CALG_HMAC. */
const HMAC_MD5 = 0x8009
const CALG_MD5 = 0x8003
const CALG_SHA_256 = 0x800c

function saslSizes({ qop, cipher }: SaslParts): Sizes {
  if (qop === 'auth') return { maxToken: MAX_TOKEN, maxSignature: 0, blockSize: 0, securityTrailer: 0 }
  const blocks = (cipher?.blockBytes ?? 1) > 1
  return {
    maxToken: MAX_TOKEN,
    maxSignature: TOKEN_LENGTH,
    blockSize: cipher?.blockBytes ?? 0,
    securityTrailer: cipher === undefined ? 0 : TOKEN_LENGTH + (blocks ? MAX_PADDING : 0),
    tokenLast: true,
  }
}

function commonAttributes(parts: CommonParts, info: SecPkgInfo): AttributeTable {
  const { userName, realm, targetName, start } = parts
  return {
    [SECPKG_ATTR_NAMES]: () => ({ userName }),
    [SECPKG_ATTR_NATIVE_NAMES]: () => ({ clientName: userName, serverName: targetName === '' ? realm : targetName }),
    [SECPKG_ATTR_LIFESPAN]: () => ({ start, expiry: never() }),
    [SECPKG_ATTR_NEGOTIATION_INFO]: () => ({ packageInfo: info, negotiationState: SECPKG_NEGOTIATION_COMPLETE }),
    [SECPKG_ATTR_AUTHORITY]: () => ({ authorityName: realm }),
    [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => (targetName === '' ? undefined : { targetName }),
    [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'yes' }),
  }
}
