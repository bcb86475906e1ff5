import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import type { Answer, Ask, KdcSender } from 'sspi'
import { secretFrom } from 'sspi/core'
import { EffectRun, type Effectful } from 'sspi/kerberos'

const stretch = promisify(pbkdf2)

/** Runs a piece of protocol to its end: sends what it wants sent, stretches its passwords, keeps its tickets. */
export async function performEffects<T>(effects: Effectful<T>, send: KdcSender): Promise<T> {
  const run = new EffectRun(effects)
  try {
    let progress = run.step()
    while (progress.kind === 'ask') progress = run.step(await answer(progress.ask, send))
    return progress.value
  } finally {
    run.dispose()
  }
}

async function answer(ask: Ask, send: KdcSender): Promise<Answer> {
  switch (ask.effect) {
    case 'kdc':
      return { effect: 'kdc', value: await send(ask.query, undefined) }
    case 'stretch': {
      const { hash, password, salt, iterations, length } = ask.query
      const bytes = await stretch(password, salt, iterations, length, hash)
      const value = secretFrom(bytes)
      bytes.fill(0)
      return { effect: 'stretch', value }
    }
    case 'keepTickets':
      await ask.query.save(ask.query.cache)
      return { effect: 'keepTickets', value: undefined }
    default:
      throw new TypeError(`a client of Kerberos does not ask for '${ask.effect}'`)
  }
}
