import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Figures of gssbench, by test and size: rates per second. */
export type PeerFigures = ReadonlyMap<string, number>

/** The C harness over GSS-API, built for this run. */
export interface Gssbench {
  /** Runs one mechanism's tests once. */
  run(mech: 'ntlm' | 'spnego-ntlm', tests: string, seconds: number): PeerFigures
  dispose(): void
}

const BUILD = fileURLToPath(new URL('../../peers/gssbench.sh', import.meta.url))

/** Builds the harness. @returns it, or the reason why it is not to be had here. */
export function buildGssbench(): Gssbench | string {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-bench-'))
  try {
    execFileSync(BUILD, [folder], { stdio: ['ignore', 'inherit', 'inherit'] })
  } catch (error) {
    rmSync(folder, { recursive: true })
    return `gss-ntlmssp could not be built or installed (${error instanceof Error ? error.message : String(error)})`
  }
  return {
    run: (mech, tests, seconds) => run(folder, mech, tests, seconds),
    dispose: () => {
      rmSync(folder, { recursive: true })
    },
  }
}

function run(folder: string, mech: string, tests: string, seconds: number): PeerFigures {
  const command = [
    join(folder, 'gssbench'),
    '--mech',
    mech,
    '--tests',
    tests,
    '--seconds',
    String(seconds),
    '--reps',
    '1',
  ]
  const env = { ...process.env, NTLM_USER_FILE: join(folder, 'ntlm.users') }
  const output = execFileSync(command[0] ?? '', command.slice(1), { env, encoding: 'utf8' })
  const figures = new Map<string, number>()
  for (const line of output.split('\n').filter((each) => each !== '')) {
    const row = JSON.parse(line) as Record<string, number | string> // its own output, one flat object a line
    const size = String(row['size'] ?? '')
    if (row['test'] === 'ctx') figures.set('establish', Number(row['per_s']))
    if (row['test'] === 'wrap') figures.set(`seal ${size}`, 1e6 / Number(row['pair_us']))
    if (row['test'] === 'mic') {
      figures.set(`sign ${size}`, 1e6 / (Number(row['get_mic_us']) + Number(row['verify_mic_us'])))
    }
  }
  return figures
}

/** Whether a winbindd runs here: gss-ntlmssp would ask it at every establishment, which costs it two thirds of its rate. */
export function winbindRuns(): boolean {
  return existsSync('/run/samba/winbindd/pipe')
}
