import type { Answer, PasswordChange, PasswordChangeRequest, PasswordChangeStep } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import { denied } from './proofs.js'

/** A change of a password in the account database, which acceptors look accounts up in. */
export class NtlmPasswordChange implements PasswordChange {
  readonly #request: PasswordChangeRequest

  constructor(request: PasswordChangeRequest) {
    this.#request = request
  }

  step(answer: Answer | undefined): PasswordChangeStep {
    if (answer === undefined) {
      const { user, domain, oldPassword, newPassword } = this.#request
      return { kind: 'ask', ask: { effect: 'changePassword', query: { user, domain, oldPassword, newPassword } } }
    }
    if (answer.effect !== 'changePassword') {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `NTLM: an answer to '${answer.effect}', which was not asked`)
    }
    return answer.value ? { kind: 'changed' } : { kind: 'refused', error: denied(), policy: undefined }
  }

  dispose(): void {
    // Strings cannot be overwritten.
  }
}
