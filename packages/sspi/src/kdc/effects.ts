import type { Effects } from '../sspi/index.js'
import { SspiError } from '../status/index.js'
import type { KdcPrincipal, LogonAttempt, PrincipalQuery, PrincipalUpdate } from './principal-entry.js'

/** What a KDC cannot do itself: each effect with what is asked and what is answered. */
export interface KdcEffects {
  /** What the principal database knows of a name; `undefined` for nobody. */
  readonly principal: { readonly ask: PrincipalQuery; readonly answer: KdcPrincipal | undefined }
  /** Counts a log-on that failed or succeeded. Answered by the failures in a row, this one included. */
  readonly attempt: { readonly ask: LogonAttempt; readonly answer: number }
  /** Gives a principal new keys. */
  readonly update: { readonly ask: PrincipalUpdate; readonly answer: undefined }
  /** A password stretched by PBKDF2. */
  readonly stretch: Effects['stretch']
  /** Whether an authenticator comes for the first time. */
  readonly replay: Effects['replay']
}

/** The name of an effect of a KDC. */
export type KdcEffectName = keyof KdcEffects

/** A question of a KDC. */
export type KdcAsk = {
  [K in KdcEffectName]: { readonly effect: K; readonly query: KdcEffects[K]['ask'] }
}[KdcEffectName]

/** The answer to a question, of the same effect. */
export type KdcAnswer = {
  [K in KdcEffectName]: { readonly effect: K; readonly value: KdcEffects[K]['answer'] }
}[KdcEffectName]

/** A piece of a KDC that asks the outside in its course: `Effectful` of the Kerberos room, with the effects of a KDC. */
export type KdcEffectful<T> = Generator<KdcAsk, T, KdcAnswer>

/** Asks for one effect: `const entry = yield* ask('principal', query)`. */
export function* ask<K extends KdcEffectName>(
  effect: K,
  query: KdcEffects[K]['ask'],
): KdcEffectful<KdcEffects[K]['answer']> {
  // A name and its query are of one K, as are the pairs of KdcAsk.
  const answer = yield { effect, query } as KdcAsk
  if (answer.effect !== effect) {
    throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `KDC: an answer to '${effect}' expected, not to '${answer.effect}'`)
  }
  return answer.value
}
