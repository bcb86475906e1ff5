export {
  readTsCredentials,
  writeTsCredentials,
  type TsCredentials,
  type TsCspDataDetail,
  type TsPasswordCreds,
  type TsRemoteGuardCreds,
  type TsRemoteGuardPackageCred,
  type TsSmartCardCreds,
} from './ts-credentials.js'
export { lengthOfTsRequest, readTsRequest, writeTsRequest, type TsRequest, type TsRequestFields } from './ts-request.js'
