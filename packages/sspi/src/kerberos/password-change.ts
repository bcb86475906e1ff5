import {
  SspiError,
  type Answer,
  type PasswordChange,
  type PasswordChangeRequest,
  type PasswordChangeStep,
} from '../sspi/index.js'
import { acquireKerberosCredential, type KerberosCredential } from './credential.js'
import { EffectRun } from './effect-run.js'
import { changePassword, PasswordChangeError } from './kdc-exchange/change-password.js'
import type { KdcClient } from './kdc-client.js'
import type { KerberosSettings } from './options.js'

/** A change of a password at the kpasswd service of the account's realm: RFC 3244. */
export class KerberosPasswordChange implements PasswordChange {
  readonly #credential: KerberosCredential
  readonly #run: EffectRun<void>

  constructor(request: PasswordChangeRequest, settings: KerberosSettings, world: KdcClient['world']) {
    const { user, domain, oldPassword: password, newPassword, packages } = request
    const value = { kind: 'password', user, domain, packageList: undefined, password } as const
    this.#credential = acquireKerberosCredential({ use: 'outbound', principal: undefined, value, packages }, settings)
    this.#run = new EffectRun(changePassword({ credential: this.#credential, settings, world }, newPassword))
  }

  step(answer: Answer | undefined): PasswordChangeStep {
    try {
      const progress = this.#run.step(answer)
      return progress.kind === 'ask' ? progress : { kind: 'changed' }
    } catch (error) {
      if (!(error instanceof SspiError && error.cause instanceof PasswordChangeError)) throw error
      return { kind: 'refused', error, policy: error.cause.policy }
    }
  }

  dispose(): void {
    this.#run.dispose()
    this.#credential.dispose()
  }
}
