// npm run bench [-- --json] [--seconds N] [--rounds N] [--only TEXT]: our figures beside the peers', in turn in one run.
import { parseArgs } from 'node:util'
import { openWorkshop, winbindRuns, type Figures } from './gssbench.js'
import { median, type Effort } from './measure.js'
import { compare, table, type Result } from './results.js'
import type { Subject } from './subject.js'
import { subjects } from './subjects.js'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    seconds: { type: 'string', default: '0.4' },
    rounds: { type: 'string', default: '3' },
  },
})
const workshop = openWorkshop()
if (typeof workshop === 'string') note(`no peer: ${workshop}`)
else if (workshop.realm !== true) note(`no Kerberos: ${workshop.realm}`)
else if (typeof workshop.apache === 'string') note(`no Apache: ${workshop.apache}`)
if (winbindRuns()) note('a winbindd runs here: the establishments of gss-ntlmssp will look slow')
try {
  const chosen = subjects(workshop).filter(({ name }) => name.includes(values.only))
  const results = await measure(chosen, { seconds: Number(values.seconds), rounds: Number(values.rounds) })
  process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : `\n${table(results)}\n`)
} finally {
  if (typeof workshop !== 'string') workshop.dispose()
}

async function measure(chosen: readonly Subject[], effort: Effort): Promise<readonly Result[]> {
  const ours = new Map<string, number[]>()
  const theirs = new Map<string, number[]>()
  const peers = new Map(chosen.map(({ name, peer }) => [name, peer]))
  // In turn, so that a machine that changes its speed changes it for both.
  for (let round = 1; round <= effort.rounds; round++) {
    for (const subject of chosen) {
      note(`round ${round} of ${effort.rounds}: ${subject.name}`)
      collect(ours, subject.name, await subject.ours(effort.seconds))
      const beside = await subject.theirs(typeof workshop === 'string' ? undefined : workshop, effort.seconds)
      collect(theirs, subject.name, beside)
    }
  }
  return [...ours].map(([name, figures]) => {
    const beside = theirs.get(name)
    const peer = peers.get(name.slice(0, name.lastIndexOf(':'))) ?? ''
    return compare(name, median(figures), unitOf(name), peer, beside === undefined ? undefined : median(beside))
  })
}

function unitOf(name: string): string {
  if (name.startsWith('HTTP')) return 'requests/s'
  if (name.startsWith('KDC')) return 'tickets/s'
  if (name.endsWith('establish')) return 'contexts/s'
  return name.includes(': stream ') ? 'messages/s' : 'round trips/s'
}

function collect(into: Map<string, number[]>, subject: string, figures: Figures): void {
  for (const [what, figure] of figures) {
    const name = `${subject}: ${what}`
    const list = into.get(name)
    if (list === undefined) into.set(name, [figure])
    else list.push(figure)
  }
}

function note(text: string): void {
  process.stderr.write(`${text}\n`)
}
