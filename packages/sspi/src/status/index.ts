export { Status, type FailureName, type SecurityStatus, type StatusName } from './codes.js'
export { SspiError, type SspiErrorOptions } from './error.js'
export {
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_AND_CONTINUE,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTEXT_EXPIRED,
  SEC_I_CONTINUE_NEEDED,
  SEC_I_INCOMPLETE_CREDENTIALS,
  SEC_I_RENEGOTIATE,
} from './results.js'
