// npm run soak -- [--minutes N] [--contexts N] [--seed N] [--width N]
import { parseArgs } from 'node:util'
import { soak, type Figures } from './soak.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '0' },
    contexts: { type: 'string', default: '2000' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
    width: { type: 'string', default: '12' },
  },
})
const seed = Number(values.seed)
console.log(`soak: seed ${seed}`)
const started = Date.now()
const figures = await soak({
  seed,
  contexts: values.minutes === '0' ? Number(values.contexts) : 1,
  milliseconds: Number(values.minutes) * 60_000,
  width: Number(values.width),
  onBatch: ({ contexts, messages }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r${contexts} contexts, ${messages} messages`)
  },
})
report(figures, (Date.now() - started) / 1000)

function report(of: Figures, seconds: number): void {
  const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MiB`
  const rows = [
    ['contexts', of.contexts],
    ...Object.entries(of.byKind).sort(),
    ...Object.entries(of.outcomes),
    ['messages', of.messages],
    ['messages refused', of.refusedMessages],
    ['sessions moved', of.moves],
    ['arrays for secrets, all zero', of.secrets],
    ['heap behind the second batch', megabytes(of.heapBefore)],
    ['heap at the end', megabytes(of.heapAfter)],
    ['seconds', seconds.toFixed(1)],
  ] as const
  console.log()
  for (const [what, figure] of rows) console.log(`${String(figure).padStart(12)}  ${what}`)
}
