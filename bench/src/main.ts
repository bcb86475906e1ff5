// npm run bench [-- --json] [--seconds N] [--rounds N] [--only TEXT]: our figures beside the peers', in turn in one run.
import { parseArgs } from 'node:util'
import type { SecureSession } from 'sspi'
import { openWorkshop, winbindRuns, type Figures } from './gssbench.js'
import { median, rate, rateAsync, type Effort } from './measure.js'
import { compare, table, type Result } from './results.js'
import { subjects, type Subject } from './subjects.js'

const SIZES = [64, 1024, 65_536, 1_048_576]

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
      collect(ours, subject.name, await measureOurs(subject, effort.seconds))
      if (typeof workshop !== 'string') collect(theirs, subject.name, subject.theirs(workshop, effort.seconds))
    }
  }
  return [...ours].map(([name, figures]) => {
    const beside = theirs.get(name)
    const unit = name.endsWith('establish') ? 'contexts/s' : 'round trips/s'
    const peer = peers.get(name.slice(0, name.lastIndexOf(':'))) ?? ''
    return compare(name, median(figures), unit, peer, beside === undefined ? undefined : median(beside))
  })
}

async function measureOurs(subject: Subject, seconds: number): Promise<Figures> {
  const pair = await subject.ours()
  const figures = new Map([['establish', await rateAsync(seconds, () => pair.establish())]])
  if (!subject.messages) return figures
  for (const size of SIZES) {
    const message = new Uint8Array(size).fill(0x78)
    const seal = await perMessage(pair.sessions(), seconds, (client, server) => {
      server.unseal(client.seal(message))
    })
    figures.set(`seal ${size}`, seal)
    const sign = await perMessage(pair.sessions(), seconds, (client, server) => {
      server.verify(message, client.sign(message))
    })
    figures.set(`sign ${size}`, sign)
  }
  return figures
}

async function perMessage(
  sessions: Promise<readonly [SecureSession, SecureSession]>,
  seconds: number,
  roundTrip: (client: SecureSession, server: SecureSession) => void,
): Promise<number> {
  const [client, server] = await sessions
  const figure = rate(seconds, () => {
    roundTrip(client, server)
  })
  client[Symbol.dispose]()
  server[Symbol.dispose]()
  return figure
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
