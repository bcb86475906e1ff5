export { CredType } from './constants.js'
export type { CredSspCredential, Driven } from './credential.js'
export { type CredentialOrigin, type DelegationPolicy } from './delegation-policy.js'
export { errorCodeText } from './error-codes.js'
export {
  readTsCredentials,
  readTsRequest,
  writeTsCredentials,
  writeTsRequest,
  type TsCredentials,
  type TsCspDataDetail,
  type TsPasswordCreds,
  type TsRemoteGuardCreds,
  type TsRemoteGuardPackageCred,
  type TsRequest,
  type TsRequestFields,
  type TsSmartCardCreds,
} from './messages/index.js'
export { type CredSspOptions } from './options.js'
export { credSspPackage } from './package.js'
