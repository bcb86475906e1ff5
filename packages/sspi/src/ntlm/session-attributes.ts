import {
  never,
  qualifiedName,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  SECPKG_ATTR_LIFESPAN,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NATIVE_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_TARGET_INFORMATION,
  SECPKG_NEGOTIATION_COMPLETE,
  type AttributeTable,
  type Authority,
  type KeyInfo,
  type SecPkgInfo,
  type Sizes,
} from '../sspi/index.js'
import { avText, readAvPairs } from './av-pairs.js'
import { AvId, MAX_TOKEN, NegotiateFlag, SIGNATURE_LENGTH } from './constants.js'
import { hasFlag } from './flags.js'
import type { SessionParts } from './session-parts.js'
import { keyBits } from './session-keys.js'

/** Windows' numbers: a stream cipher has block size 0. */
export const SIZES: Sizes = {
  maxToken: MAX_TOKEN,
  maxSignature: SIGNATURE_LENGTH,
  blockSize: 0,
  securityTrailer: SIGNATURE_LENGTH,
}

/** KERB_CHECKSUM_HMAC_MD5 (-138). */
const HMAC_MD5 = 0xffff_ff76
/** Signatures without extended session security (-132), as Wine numbers them. */
const RC4_CRC32 = 0xffff_ff7c
const CALG_RC4 = 0x6801

/** What an established session answers. There are no STREAM_SIZES: messages are no records. */
export function sessionAttributes(parts: SessionParts, info: SecPkgInfo): AttributeTable {
  const { user, domain, targetName } = parts
  const userName = qualifiedName({ name: user, domain })
  return {
    [SECPKG_ATTR_SIZES]: () => SIZES,
    [SECPKG_ATTR_NAMES]: () => ({ userName }),
    [SECPKG_ATTR_NATIVE_NAMES]: () => ({
      clientName: userName,
      serverName: targetName === '' ? parts.serverName : targetName,
    }),
    [SECPKG_ATTR_LIFESPAN]: () => ({ start: parts.start, expiry: never() }),
    [SECPKG_ATTR_KEY_INFO]: () => keyInfo(parts.flags),
    [SECPKG_ATTR_SESSION_KEY]: () => ({ sessionKey: new Uint8Array(parts.exportedSessionKey) }),
    [SECPKG_ATTR_PACKAGE_INFO]: () => info,
    [SECPKG_ATTR_NEGOTIATION_INFO]: () => ({ packageInfo: info, negotiationState: SECPKG_NEGOTIATION_COMPLETE }),
    [SECPKG_ATTR_FLAGS]: () => ({ flags: parts.contextAttr }),
    [SECPKG_ATTR_TARGET_INFORMATION]: () => ({ targetInformation: new Uint8Array(parts.targetInfo) }),
    [SECPKG_ATTR_CLIENT_SPECIFIED_TARGET]: () => (targetName === '' ? undefined : { targetName }),
    // After the AUTHENTICATE message the client has nothing more to send.
    [SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS]: () => ({ lastClientTokenStatus: 'yes' }),
    [SECPKG_ATTR_AUTHORITY]: () => authority(parts),
  }
}

/** The domain that the server belongs to, as its CHALLENGE says. */
function authority({ targetInfo }: SessionParts): Authority | undefined {
  if (targetInfo.length === 0) return undefined
  const authorityName = avText(readAvPairs(targetInfo), AvId.MsvAvNbDomainName)
  return authorityName === undefined ? undefined : { authorityName }
}

function keyInfo(flags: number): KeyInfo {
  const extended = hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)
  return {
    signatureAlgorithmName: extended ? 'HMAC-MD5' : 'RSADSI RC4-CRC32',
    encryptAlgorithmName: 'RSADSI RC4',
    keySize: keyBits(flags),
    signatureAlgorithm: extended ? HMAC_MD5 : RC4_CRC32,
    encryptAlgorithm: CALG_RC4,
  }
}
