/** How long a task is repeated, and how often that is done. */
export interface Effort {
  readonly seconds: number
  readonly rounds: number
}

/** How often per second a task runs: the task is repeated for a while after a short warm-up. */
export function rate(seconds: number, task: () => void): number {
  repeat(seconds / 5, task)
  const { count, elapsed } = repeat(seconds, task)
  return count / elapsed
}

/** A task of a hundred functions has run some thousand times before V8 has compiled all of them. */
const LONG_WARM_UP_SECONDS = 1

/** As {@link rate}, for a long task that has to be awaited. */
export async function rateAsync(
  seconds: number,
  task: () => Promise<void>,
  warmUpSeconds = LONG_WARM_UP_SECONDS,
): Promise<number> {
  for (const until = performance.now() + warmUpSeconds * 1000; performance.now() < until;) await task()
  const start = performance.now()
  const until = start + seconds * 1000
  let count = 0
  do {
    await task()
    count++
  } while (performance.now() < until)
  return count / ((performance.now() - start) / 1000)
}

/** What {@link rateOfStream} sends, and where it comes out. */
export interface StreamTask {
  send(): void
  /** Whether the next one would have to wait, until {@link drained}. */
  isFull(): boolean
  drained(): Promise<unknown>
  /** How many have come out. */
  arrived(): number
}

/** How many messages per second go through a stream: they are sent as fast as it takes them, until all have come out. */
export async function rateOfStream(seconds: number, task: StreamTask): Promise<number> {
  await sendFor(seconds / 5, task)
  return sendFor(seconds, task)
}

async function sendFor(seconds: number, task: StreamTask): Promise<number> {
  const before = task.arrived()
  const start = performance.now()
  const until = start + seconds * 1000
  let count = 0
  while (performance.now() < until) {
    while (!task.isFull()) {
      task.send()
      count++
    }
    await task.drained()
  }
  while (task.arrived() - before < count) await new Promise(setImmediate)
  return count / ((performance.now() - start) / 1000)
}

/** The middle of some figures. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

function repeat(seconds: number, task: () => void): { readonly count: number; readonly elapsed: number } {
  const start = performance.now()
  const until = start + seconds * 1000
  let count = 0
  let now: number
  // The clock is read once for some runs, so that it does not become what is measured.
  do {
    for (let i = 0; i < 16; i++) task()
    count += 16
    now = performance.now()
  } while (now < until)
  return { count, elapsed: (now - start) / 1000 }
}
