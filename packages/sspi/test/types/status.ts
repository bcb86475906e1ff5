import { SspiError, type FailureName, type SecurityStatus } from '../../src/status/index.js'

// A failure is thrown under its name.
new SspiError('SEC_E_INVALID_TOKEN', 'a message')

// @ts-expect-error: a name that does not exist
new SspiError('SEC_E_NO_SUCH_CODE', 'a message')

// @ts-expect-error: an informational status is a result and is not thrown
new SspiError('SEC_I_CONTINUE_NEEDED', 'a message')

// @ts-expect-error: a status is a result, not the name of a failure
const name: FailureName = 'SEC_E_OK'

// @ts-expect-error: an error's code does not change
new SspiError('SEC_E_INVALID_TOKEN', 'a message').code = 'SEC_E_LOGON_DENIED'

// @ts-expect-error: a status is one of the numbers of the table
const status: SecurityStatus = 12
