// npm run bench [-- --json] [--seconds N] [--rounds N]: our figures beside the peers', measured in turn in one run.
import { parseArgs } from 'node:util'
import type { SecureSession } from 'sspi'
import { buildGssbench, winbindRuns, type Gssbench, type PeerFigures } from './gssbench.js'
import { median, rate, rateAsync, type Effort } from './measure.js'
import { createPair } from './ours.js'
import { compare, table, type Result } from './results.js'

const SIZES = [64, 1024, 65_536, 1_048_576]
const PEER = 'gss-ntlmssp'

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '0.4' },
    rounds: { type: 'string', default: '3' },
  },
})
const results = await measureNtlm({ seconds: Number(values.seconds), rounds: Number(values.rounds) })
process.stdout.write(values.json ? `${JSON.stringify(results, undefined, 2)}\n` : `\n${table(results)}\n`)

async function measureNtlm(effort: Effort): Promise<readonly Result[]> {
  const peer = buildGssbench()
  if (typeof peer === 'string') process.stderr.write(`no peer: ${peer}\n`)
  else if (winbindRuns()) {
    process.stderr.write('a winbindd runs here: the establishments of gss-ntlmssp will look slow\n')
  }
  const ours = new Map<string, number[]>()
  const theirs = new Map<string, number[]>()
  try {
    // In turn, so that a machine that changes its speed changes it for both.
    for (let round = 1; round <= effort.rounds; round++) {
      process.stderr.write(`round ${round} of ${effort.rounds}\n`)
      for (const [packageName, mech] of [
        ['NTLM', 'ntlm'],
        ['Negotiate', 'spnego-ntlm'],
      ] as const) {
        collect(ours, packageName, await measureOurs(packageName, effort.seconds))
        if (typeof peer !== 'string') collect(theirs, packageName, measurePeer(peer, mech, effort.seconds))
      }
    }
  } finally {
    if (typeof peer !== 'string') peer.dispose()
  }
  return [...ours].map(([name, figures]) => {
    const beside = theirs.get(name)
    const unit = name.endsWith('establish') ? 'contexts/s' : 'round trips/s'
    return compare(name, median(figures), unit, PEER, beside === undefined ? undefined : median(beside))
  })
}

function measurePeer(peer: Gssbench, mech: 'ntlm' | 'spnego-ntlm', seconds: number): PeerFigures {
  return peer.run(mech, mech === 'ntlm' ? 'ctx,wrap,mic' : 'ctx', seconds)
}

async function measureOurs(packageName: string, seconds: number): Promise<PeerFigures> {
  const pair = await createPair(packageName)
  const figures = new Map([['establish', await rateAsync(seconds, () => pair.establish())]])
  if (packageName !== 'NTLM') return figures // behind Negotiate the messages are NTLM's own
  for (const size of SIZES) {
    const message = new Uint8Array(size).fill(0x78)
    figures.set(
      `seal ${size}`,
      await perMessage(pair.sessions(), seconds, (client, server) => {
        server.unseal(client.seal(message))
      }),
    )
    figures.set(
      `sign ${size}`,
      await perMessage(pair.sessions(), seconds, (client, server) => {
        server.verify(message, client.sign(message))
      }),
    )
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

function collect(into: Map<string, number[]>, packageName: string, figures: PeerFigures): void {
  for (const [what, figure] of figures) {
    const name = `${packageName} ${what}`
    const list = into.get(name)
    if (list === undefined) into.set(name, [figure])
    else list.push(figure)
  }
}
