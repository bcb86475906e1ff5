import { SspiError, type Answer, type EffectName, type Effects, type Input } from '../sspi/index.js'

/** An input that is a token, or the lack of one. */
export type TokenInput = Extract<Input, { readonly kind: 'token' }>

/** The peer's token with all that came along. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` when something else came. */
export function tokenInput(input: Input, expected: string): TokenInput {
  if (input.kind === 'token') return input
  throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Digest: ${expected} expected, not a ${input.kind}`)
}

/** The peer's token, where nothing else can come. @throws `SspiError` `SEC_E_INVALID_TOKEN` when there is none. */
export function tokenOf(input: Input, expected: string): Uint8Array {
  const { token } = tokenInput(input, expected)
  if (token === undefined) throw new SspiError('SEC_E_INVALID_TOKEN', `Digest: ${expected} expected, and no token came`)
  return token
}

/** The answer to a question of ours. @throws `SspiError` `SEC_E_OUT_OF_SEQUENCE` when something else came. */
export function answerOf<K extends EffectName>(input: Input, effect: K): Effects[K]['answer'] {
  if (input.kind === 'answer' && isOf(input.answer, effect)) return input.answer.value
  throw new SspiError(
    'SEC_E_OUT_OF_SEQUENCE',
    `Digest: the answer to a question (${effect}) expected, not a ${input.kind}`,
  )
}

function isOf<K extends EffectName>(answer: Answer, effect: K): answer is Extract<Answer, { readonly effect: K }> {
  return answer.effect === effect
}
