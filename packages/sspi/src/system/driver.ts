import { SspiError } from '../status/index.js'
import type { Account, AccountDatabase, Answer, Ask, Driver, EffectName } from '../sspi/index.js'

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
      const failed = (cause: unknown): never => {
        // Whoever gave up waiting gets the reason of its own signal.
        if (signal?.aborted === true || cause instanceof SspiError) throw cause
        throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'the account database failed', { cause })
      }
      const answer = (value: Account | undefined): Answer => ({ effect: 'account', value })
      try {
        const found = parts.accounts.lookup(query, signal)
        // By its method, as promises of database clients are often no instances of Promise.
        if (found !== undefined && 'then' in found) return found.then(answer, failed)
        return answer(found)
      } catch (error) {
        return failed(error)
      }
    },
  }
  return { answer: (ask, signal) => answerers[ask.effect](ask, signal) }
}
