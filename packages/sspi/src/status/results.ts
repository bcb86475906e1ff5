import { Status } from './codes.js'

/**
 * The statuses that calls return rather than throw, each under its own name, as a caller compares them:
 * `if (step.status === SEC_I_CONTINUE_NEEDED) …`.
 */
export const {
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_COMPLETE_AND_CONTINUE,
  SEC_I_CONTEXT_EXPIRED,
  SEC_I_RENEGOTIATE,
  SEC_I_INCOMPLETE_CREDENTIALS,
  SEC_E_INCOMPLETE_MESSAGE,
} = Status
