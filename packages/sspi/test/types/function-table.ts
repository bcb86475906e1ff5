import {
  CredHandle,
  CtxtHandle,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_UI_INFO,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS,
  SECPKG_CRED_ATTR_PAC_BYPASS,
  secretBytes,
  type Driver,
  type SecBufferDesc,
  type SecurityFunctionTable,
  type SecurityPackage,
  type Session,
  type Step,
} from '../../src/sspi/index.js'

declare const sspi: SecurityFunctionTable
declare const context: CtxtHandle
declare const credential: CredHandle
declare const session: Session
declare const output: SecBufferDesc

// The result's type follows from the attribute.
export const maxSignature: number = sspi.queryContextAttributes(context, SECPKG_ATTR_SIZES).maxSignature
export const userName: string = sspi.queryContextAttributes(context, SECPKG_ATTR_NAMES).userName
export const keySize: number = sspi.queryContextAttributes(context, SECPKG_ATTR_KEY_INFO).keySize
export const sessionKey: Uint8Array = sspi.queryContextAttributes(context, SECPKG_ATTR_SESSION_KEY).sessionKey

sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_PAC_BYPASS, true)
export const protocols: number = sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS).protocols

// @ts-expect-error: whether PACs are passed over can be set, not asked
sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_PAC_BYPASS)

// @ts-expect-error: a context has no such attribute
sspi.queryContextAttributes(context, SECPKG_ATTR_SUPPORTED_PROTOCOLS)

// @ts-expect-error: names have no sizes
sspi.queryContextAttributes(context, SECPKG_ATTR_NAMES).maxSignature

// @ts-expect-error: an attribute that no package answers
sspi.queryContextAttributes(context, SECPKG_ATTR_UI_INFO)

// @ts-expect-error: an answer is not to be written to
sspi.queryContextAttributes(context, SECPKG_ATTR_SIZES).maxSignature = 1

// @ts-expect-error: a package must be named
void sspi.acquireCredentialsHandle({ credentialUse: 1 })

// @ts-expect-error: a password alone is nobody's
void sspi.acquireCredentialsHandle({ package: 'NTLM', credentialUse: 1, authData: 'password' })

// @ts-expect-error: a context is not a credential, however alike they look
void sspi.initializeSecurityContext({ credential: context, contextReq: 0, output })

// @ts-expect-error: there must be room for a token
void sspi.initializeSecurityContext({ contextReq: 0 })

// @ts-expect-error: a server does not choose its target
void sspi.accept({ package: 'NTLM', target: 'HTTP/www.example.com' })

// @ts-expect-error: secrets to export lie in memory of their own
const exported: ReturnType<NonNullable<Session['export']>> = new Uint8Array(4)
export const secret: ReturnType<NonNullable<Session['export']>> = secretBytes(4)

// @ts-expect-error: a context that stands has a session
const step: Step = { kind: 'done', token: undefined, consumed: 0 }

// @ts-expect-error: an answer is of the effect that was asked
const driver: Driver = { answer: () => ({ effect: 'clock', value: 1 }) }

// @ts-expect-error: a package makes its credentials itself
const withoutCredentials: SecurityPackage = { info: sspi.querySecurityPackageInfo('NTLM') }

// @ts-expect-error: what was achieved does not change
session.contextAttr = 0
