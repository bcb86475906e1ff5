/**
 * The one door to fast-check. A run of the tests is repeatable, so the seed of the properties is fixed:
 * `SSPI_SEED=<number>` takes another one, and `SSPI_SEED=random` draws a new one for each file and prints it.
 */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'

export { fc }

const USUAL_SEED = 5801

fc.configureGlobal({ seed: seedOf(process.env['SSPI_SEED']) })

function seedOf(asked = ''): number {
  if (asked === '') return USUAL_SEED
  if (asked === 'random') {
    const seed = randomInt(2 ** 31)
    console.log(`properties: SSPI_SEED=${seed}`)
    return seed
  }
  const seed = Number(asked)
  if (!Number.isInteger(seed)) throw new TypeError(`SSPI_SEED is neither a whole number nor "random": ${asked}`)
  return seed
}
