import { pbkdf2 } from '../../crypto/index.js'
import { EffectRun, type Effectful } from '../../kerberos/index.js'
import { revealCredential, type Answer, type Ask, type KdcSender } from '../../sspi/index.js'

/**
 * Runs a piece of the Kerberos client's protocol to its end, such as `obtainTgt` of `sspi/kerberos`: sends what it wants sent,
 * stretches its passwords, keeps its tickets, opens the credentials that it armours itself with.
 *
 * ```ts
 * const ticket = await performEffects(obtainTgt(client), kdcSender({ config: await loadDefaultKrb5Conf() }))
 * ```
 *
 * @param kdc - Carries requests to the KDCs.
 * @returns what the piece returns.
 * @throws `SspiError` as the piece does; whatever `signal` was aborted with.
 */
export async function performEffects<T>(piece: Effectful<T>, kdc: KdcSender, signal?: AbortSignal): Promise<T> {
  const run = new EffectRun(piece)
  try {
    let progress = run.step()
    while (progress.kind === 'ask') progress = run.step(await answer(progress.ask, kdc, signal))
    return progress.value
  } finally {
    run.dispose()
  }
}

async function answer(ask: Ask, kdc: KdcSender, signal: AbortSignal | undefined): Promise<Answer> {
  switch (ask.effect) {
    case 'kdc':
      return { effect: 'kdc', value: await kdc(ask.query, signal) }
    case 'stretch': {
      const { hash, password, salt, iterations, length } = ask.query
      return { effect: 'stretch', value: await pbkdf2(hash, password, salt, iterations, length) }
    }
    case 'keepTickets':
      await ask.query.save(ask.query.cache)
      return { effect: 'keepTickets', value: undefined }
    case 'reveal': {
      const { value, ...purpose } = ask.query
      return { effect: 'reveal', value: await revealCredential(value, purpose) }
    }
    default:
      throw new TypeError(`a Kerberos client does not ask for '${ask.effect}'`)
  }
}
