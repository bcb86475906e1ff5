import {
  isGssTokenOf,
  MICROSOFT_KERBEROS_NAME,
  NEGOSSP_NAME,
  SCHANNEL_NAME,
  SECBUFFER_TOKEN,
  SspiError,
  WDIGEST_SP_NAME,
  type SecBufferDesc,
  type SecPkgInfo,
  type SecurityFunctionTable,
} from '../sspi/index.js'
import { DEFAULT_SASL_SIZE, MAX_SASL_SIZE } from './constants.js'

/** A SASL mechanism with the package that speaks it: what Windows keeps under `SecurityProviders\SaslProfiles`. */
export interface SaslProfile {
  /** The mechanism's name, as protocols list it. */
  readonly name: SaslProfileName
  /** The package. */
  readonly packageName: string
  /** Whether a token is the first one of this mechanism. */
  recognises(token: Uint8Array): boolean
  /** Whether the peers agree on a layer when the package is done (RFC 4752 section 3); else its own flags say which there is. */
  readonly negotiatesLayer: boolean
  /** The longest protected message that is read unless the application says otherwise, in bytes. */
  readonly receiveSize: number
}

/** The names of the mechanisms. */
export type SaslProfileName = 'GSSAPI' | 'GSS-SPNEGO' | 'DIGEST-MD5' | 'EXTERNAL'

const KERBEROS_OID = '1.2.840.113554.1.2.2'
const SPNEGO_OID = '1.3.6.1.5.5.2'
/** What a peer of DIGEST-MD5 sends at most to whom has said nothing else, RFC 2831 section 2.1.1. */
const DIGEST_SIZE = 65_536
/** A TLS record with a handshake message in it, RFC 8446 section 5.1. */
const TLS_HANDSHAKE = 22

/** In the order in which a client should prefer them. */
const PROFILES: readonly SaslProfile[] = [
  {
    name: 'GSSAPI',
    packageName: MICROSOFT_KERBEROS_NAME,
    recognises: (token) => isGssTokenOf(token, [KERBEROS_OID]),
    negotiatesLayer: true,
    receiveSize: DEFAULT_SASL_SIZE,
  },
  {
    name: 'GSS-SPNEGO',
    packageName: NEGOSSP_NAME,
    recognises: (token) => isGssTokenOf(token, [SPNEGO_OID]),
    negotiatesLayer: false,
    // Nobody says how much is read: Samba's buffers have 65,536 bytes, others' are as long as a message of LDAP.
    receiveSize: MAX_SASL_SIZE,
  },
  {
    name: 'DIGEST-MD5',
    packageName: WDIGEST_SP_NAME,
    recognises: hasDirectives,
    negotiatesLayer: false,
    receiveSize: DIGEST_SIZE,
  },
  {
    name: 'EXTERNAL',
    packageName: SCHANNEL_NAME,
    recognises: (token) => token[0] === TLS_HANDSHAKE && token[1] === 3,
    negotiatesLayer: false,
    receiveSize: DEFAULT_SASL_SIZE,
  },
]

/** A challenge or a response of DIGEST-MD5 is a list of directives, and has a nonce among them (RFC 2831 section 2.1). */
function hasDirectives(token: Uint8Array): boolean {
  const text = String.fromCharCode(...token.subarray(0, 4096))
  return /(^|,)\s*nonce\s*=/i.test(text)
}

/** SaslEnumerateProfiles: the mechanisms whose packages are registered, the best first. */
export function saslEnumerateProfiles(sspi: SecurityFunctionTable): readonly SaslProfileName[] {
  const names = sspi.enumerateSecurityPackages().map(({ name }) => name.toLowerCase())
  return PROFILES.filter(({ packageName }) => names.includes(packageName.toLowerCase())).map(({ name }) => name)
}

/**
 * SaslGetProfilePackage: the package that speaks a mechanism; its `name` is what `acquireCredentialsHandle` wants.
 * @throws `SspiError` `SEC_E_SECPKG_NOT_FOUND` when there is no such mechanism, or its package is not registered.
 */
export function saslGetProfilePackage(sspi: SecurityFunctionTable, profileName: string): SecPkgInfo {
  return sspi.querySecurityPackageInfo(profileOf(profileName).packageName)
}

/**
 * SaslIdentifyPackage: the package whose first token stands in the `SECBUFFER_TOKEN` of the input: for servers that are not
 * told the mechanism.
 * @throws `SspiError` `SEC_E_SECPKG_NOT_FOUND` when it is nobody's; `SEC_E_INVALID_TOKEN` when there is no token.
 */
export function saslIdentifyPackage(sspi: SecurityFunctionTable, input: SecBufferDesc): SecPkgInfo {
  const token = input.find(SECBUFFER_TOKEN)?.bytes
  if (token === undefined || token.length === 0) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'saslIdentifyPackage: there is no token in the input')
  }
  const profile = PROFILES.find((each) => each.recognises(token))
  if (profile !== undefined) return sspi.querySecurityPackageInfo(profile.packageName)
  throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `SASL: a token of ${token.length} bytes is of no mechanism here`)
}

/** A mechanism by its name. @throws {@link SspiError} `SEC_E_SECPKG_NOT_FOUND`. */
export function profileOf(name: string): SaslProfile {
  const found = PROFILES.find((each) => each.name === name.toUpperCase())
  if (found !== undefined) return found
  const known = PROFILES.map((each) => each.name).join(', ')
  throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `SASL: there is no mechanism '${name}'; there are ${known}`)
}

/** The mechanism that a package speaks. @throws {@link SspiError} `SEC_E_SECPKG_NOT_FOUND`. */
export function profileOfPackage({ name }: SecPkgInfo): SaslProfile {
  const found = PROFILES.find(({ packageName }) => packageName.toLowerCase() === name.toLowerCase())
  if (found !== undefined) return found
  throw new SspiError('SEC_E_SECPKG_NOT_FOUND', `SASL: package ${name} speaks no mechanism`)
}
