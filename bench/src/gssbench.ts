import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Figures by test and size (`establish`, `seal 64`): rates per second. */
export type Figures = ReadonlyMap<string, number>

/** One run of gssbench. */
export interface GssbenchRun {
  readonly mech: 'ntlm' | 'spnego-ntlm' | 'krb5' | 'spnego'
  /** `ctx`, `wrap`, `mic`, with commas between them. */
  readonly tests: string
  readonly seconds: number
  /** Further arguments. */
  readonly args?: readonly string[] | undefined
  /** Further environment. */
  readonly env?: Readonly<Record<string, string>> | undefined
}

/** The folder of this run, with the C harness over GSS-API and, where it came up, a Kerberos realm. */
export interface Workshop {
  readonly folder: string
  /** Runs the harness once. */
  gssbench(run: GssbenchRun): Figures
  /** Whether there is a realm; else why not. */
  readonly realm: true | string
  /** Apache with mod_auth_gssapi: its port; else why it is not there. */
  readonly apache: number | string
  dispose(): void
}

const BUILD = fileURLToPath(new URL('../../peers/gssbench.sh', import.meta.url))
const REALM = fileURLToPath(new URL('../../peers/realm.sh', import.meta.url))
const APACHE = fileURLToPath(new URL('../../peers/apache.sh', import.meta.url))

/** Builds the harness and brings a realm up. @returns the workshop, or the reason why it is not to be had here. */
export function openWorkshop(): Workshop | string {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-bench-'))
  const attempt = (what: string, script: string, args: readonly string[]): true | string => {
    try {
      execFileSync(script, args, { stdio: ['ignore', 'ignore', 'inherit'] })
      return true
    } catch (error) {
      return `${what} (${error instanceof Error ? error.message : String(error)})`
    }
  }
  const built = attempt('gssbench could not be built', BUILD, [folder])
  if (built !== true) {
    rmSync(folder, { recursive: true })
    return built
  }
  const realm = attempt("MIT's KDC did not come up", REALM, ['up', folder])
  const apache = realm === true ? attempt('Apache did not come up', APACHE, ['up', folder]) : 'it needs the KDC'
  return {
    folder,
    gssbench: (run) => gssbench(folder, run),
    realm,
    apache: apache === true ? Number(readFileSync(join(folder, 'apache.port'), 'utf8')) : apache,
    dispose: () => {
      attempt('down', APACHE, ['down', folder])
      attempt('down', REALM, ['down', folder])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function gssbench(folder: string, { mech, tests, seconds, args = [], env = {} }: GssbenchRun): Figures {
  const options = ['--mech', mech, '--tests', tests, '--seconds', String(seconds), '--reps', '1', ...args]
  const output = execFileSync(join(folder, 'gssbench'), options, {
    env: { ...process.env, NTLM_USER_FILE: join(folder, 'ntlm.users'), ...env },
    encoding: 'utf8',
  })
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
