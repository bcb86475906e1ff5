import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
// By the file: the observer is for tests and not behind the room's door.
import { noSecretLeft } from '../secrets-left.js'
import { KINDS, openPlace } from './kinds.js'
import { live, type Outcome, type Told } from './life.js'
import { OtherThread } from './other-thread.js'
import { Choices } from './random.js'
import { Strangers } from './strangers.js'

/** How long, and which choices. */
export interface SoakOptions {
  readonly seed: number
  /** So many contexts. */
  readonly contexts: number
  /** And more of them until so many milliseconds have gone. Default 0. */
  readonly milliseconds?: number
  /** How many live at the same time. Default 12. */
  readonly width?: number
  /** Told after each batch. */
  readonly onBatch?: (figures: Figures) => void
}

/** What came of it. */
export interface Figures {
  readonly contexts: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly byKind: Readonly<Record<string, number>>
  readonly messages: number
  readonly refusedMessages: number
  /** Sessions that went on elsewhere: in another interface, or in another thread. */
  readonly moves: number
  /** Arrays for secrets that were made; each is zero. */
  readonly secrets: number
  /** In use after a collection, behind the second batch and at the end, in bytes. */
  readonly heapBefore: number
  readonly heapAfter: number
}

/** Contexts that share a domain. Behind each batch everything must be gone. */
const BATCH = 100
/** Batches after which everything that is loaded or compiled late has been. */
const WARM_UP = 2

/** Lets contexts of every package live and go wrong, and checks what must be so behind each batch. Throws what is not. */
export async function soak(options: SoakOptions): Promise<Figures> {
  const { seed, contexts, milliseconds = 0, width = 12 } = options
  const outcomes: Record<Outcome, number> = { whole: 0, denied: 0, refused: 0, 'given up': 0, broken: 0 }
  const byKind: Record<string, number> = {}
  const sum = { contexts: 0, messages: 0, refusedMessages: 0, moves: 0, secrets: 0 }
  let heapBefore = 0
  const figures = (): Figures => ({ ...sum, outcomes, byKind, heapBefore, heapAfter: heapInUse() })
  const until = Date.now() + milliseconds
  const resources = process.getActiveResourcesInfo()
  for (let batch = 0; sum.contexts < contexts || Date.now() < until; batch++) {
    const first = batch * BATCH
    sum.secrets += await noSecretLeft(async () => {
      await using place = openPlace()
      await using thread = new OtherThread()
      const strangers = new Strangers()
      const numbers = Array.from({ length: BATCH }, (_, index) => first + index).values()
      const lives = Array.from({ length: width }, async () => {
        for (const number of numbers) {
          const choices = new Choices(seed, number)
          const kind = choices.one(KINDS)
          const told = await naming(seed, number, live({ place, kind, choices, number, strangers, thread }))
          outcomes[told.outcome]++
          byKind[kind.name] = (byKind[kind.name] ?? 0) + 1
          for (const figure of ['messages', 'refusedMessages', 'moves'] as const) sum[figure] += told[figure]
        }
      })
      await Promise.all(lives)
    })
    sum.contexts += BATCH
    if (batch + 1 === WARM_UP) heapBefore = heapInUse()
    options.onBatch?.(figures())
  }
  await nothingLeft(resources)
  return figures()
}

/** Gives what is closing the turns that it needs, then sees that nothing keeps the process alive that did not before. */
async function nothingLeft(before: readonly string[]): Promise<void> {
  const left = (): string[] => {
    const now = process.getActiveResourcesInfo()
    for (const one of before) if (now.includes(one)) now.splice(now.indexOf(one), 1)
    return now
  }
  for (let turns = 0; turns < MOST_TURNS && left().length > 0; turns++) await delay(10)
  assert.deepEqual(left(), [], 'sockets, timers or the like are left')
}

const MOST_TURNS = 1000

/** What fails says of which context, so that it can be had again. */
async function naming(seed: number, number: number, life: Promise<Told>): Promise<Told> {
  try {
    return await life
  } catch (cause) {
    throw new Error(`soak: context ${number} of seed ${seed}`, { cause })
  }
}

let collect: (() => void) | undefined

/** Bytes of the heap in use, and of arrays beside it, after a collection. */
function heapInUse(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
