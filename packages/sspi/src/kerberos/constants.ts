export {
  AddressType,
  AuthorizationDataType,
  KerbErrorDataType,
  LastReqType,
  PasswordResultCode,
  TransitedType,
} from './constants/data-types.js'
export {
  describeKerberosError,
  KERBEROS_ERRORS,
  KerberosErrorCode,
  type KerberosErrorEntry,
} from './constants/error-codes.js'
export { ApOption, FastOption, KdcOption, PacOption, S4uOption, TicketFlag } from './constants/flags.js'
export { KERBEROS_VERSION, MessageType } from './constants/message-types.js'
export { NameType } from './constants/name-types.js'
export { PaDataType, TypedDataType } from './constants/padata-types.js'
