import type { Account, AccountQuery } from './accounts.js'

/**
 * What a core cannot do itself: each effect with what is asked and what is answered. A core's step returns the question,
 * the driver finds the answer, and the core is called again with it. Packages to come add theirs here.
 */
export interface Effects {
  /** What the account database knows of a name; `undefined` for nobody. */
  readonly account: { readonly ask: AccountQuery; readonly answer: Account | undefined }
}

/** The name of an effect. */
export type EffectName = keyof Effects

/** A question of a core. */
export type Ask = { [K in EffectName]: { readonly effect: K; readonly query: Effects[K]['ask'] } }[EffectName]

/** The answer to a question, of the same effect. */
export type Answer = { [K in EffectName]: { readonly effect: K; readonly value: Effects[K]['answer'] } }[EffectName]

/**
 * Who answers effects. An answer that needs no waiting should be returned as it is: then a context call completes in
 * the same turn. A driver may throw or reject; that ends the exchange with the same error.
 */
export interface Driver {
  answer(ask: Ask, signal: AbortSignal | undefined): Answer | Promise<Answer>
}
