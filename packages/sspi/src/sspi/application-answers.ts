import { SspiError } from '../status/index.js'

/**
 * Asks the application for a yes or no that security hangs on. Only `true` is yes: whoever forgets to answer says no.
 *
 * @param who - what is asked, for messages: `SASL: authorize`.
 * @throws {@link SspiError} what the application throws, with `SEC_E_INTERNAL_ERROR` around it where it is something else;
 *   `TypeError` when it answers by a promise: that is not waited for, and must not be taken for a yes.
 */
export function saysYes(who: string, ask: () => unknown): boolean {
  let answer: unknown
  try {
    answer = ask()
  } catch (cause) {
    if (cause instanceof SspiError) throw cause
    throw new SspiError('SEC_E_INTERNAL_ERROR', `${who} failed`, { cause })
  }
  if (typeof answer === 'object' && answer !== null && 'then' in answer) {
    throw new TypeError(`${who} must answer by true or false at once, and gave a promise`)
  }
  return answer === true
}
