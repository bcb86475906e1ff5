import { SspiError } from '../status/index.js'
import type { AccountDatabase, Answer, Ask, Driver, EffectName } from '../sspi/index.js'

type Answerers = {
  readonly [K in EffectName]: (
    ask: Extract<Ask, { effect: K }>,
    signal: AbortSignal | undefined,
  ) => Answer | Promise<Answer>
}

/** The driver of this composition: one answerer for each effect. What answers without waiting is handed on without waiting. */
export function createDriver(parts: { readonly accounts: AccountDatabase | undefined }): Driver {
  const answerers: Answerers = {
    account: ({ query }, signal) => {
      if (parts.accounts === undefined) {
        throw new SspiError(
          'SEC_E_NO_AUTHENTICATING_AUTHORITY',
          'no account database: give `accounts` to initSecurityInterface to accept clients with passwords',
        )
      }
      const found = parts.accounts.lookup(query, signal)
      if (found instanceof Promise) return found.then((value) => ({ effect: 'account', value }))
      return { effect: 'account', value: found }
    },
  }
  return { answer: (ask, signal) => answerers[ask.effect](ask, signal) }
}
