import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** The compiled command `sspi`. */
const MAIN = fileURLToPath(new URL('../../../packages/sspi-cli/dist/src/main.js', import.meta.url))

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a program is given beside its arguments. */
export interface ProgramOptions {
  /** The whole environment. */
  readonly env: NodeJS.ProcessEnv
  /** The standard input, to its end. Default: nothing. */
  readonly input?: string | undefined
}

/** Longer than any program here takes on a busy machine: one that hangs is killed, and its code is `null`. */
const PATIENCE_MILLISECONDS = 100_000

/** Runs a program to its end. */
export async function runProgram(program: string, args: readonly string[], options: ProgramOptions): Promise<Ended> {
  const child = spawn(program, args, {
    env: options.env,
    stdio: 'pipe',
    timeout: PATIENCE_MILLISECONDS,
    killSignal: 'SIGKILL',
  })
  child.stdin.on('error', () => undefined) // it may end without reading
  child.stdin.end(options.input ?? '')
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** Runs the command `sspi` to its end. */
export function runSspi(args: readonly string[], options: ProgramOptions): Promise<Ended> {
  return runProgram(process.execPath, [MAIN, ...args], options)
}

/** `sspi serve --json` under way. */
export interface SspiServer extends AsyncDisposable {
  readonly port: number
  /** Waits until an event of this kind has come so many times: a client may end before the server's word of it is read. */
  happened(kind: string, times: number): Promise<readonly Readonly<Record<string, unknown>>[]>
}

/** Starts `sspi serve` on a port of the system's choice and waits until it listens. */
export async function serveSspi(args: readonly string[], { env }: ProgramOptions): Promise<SspiServer> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--json', ...args], { env, stdio: 'pipe' })
  const closed = once(child, 'close')
  const said = text(child.stderr)
  const events: Readonly<Record<string, unknown>>[] = []
  const listening = new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as Readonly<Record<string, unknown>> // the command's word
      events.push(event)
      if (event['event'] === 'listening') resolve(Number(event['port']))
    })
    void closed.then(async () => {
      reject(new Error(await said))
    })
  })
  return {
    port: await listening,
    happened: async (kind, times) => {
      const of = () => events.filter(({ event }) => event === kind)
      await until(
        () => of().length >= times,
        () => `${times} times ${kind}: ${JSON.stringify(events)}`,
      )
      return of()
    },
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await closed
    },
  }
}

/** Waits until something holds that shall hold soon. What another process brings about comes when it likes. */
export async function until(holds: () => boolean, what: () => string): Promise<void> {
  const end = Date.now() + PATIENCE_MILLISECONDS
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what()}`)
    await sleep(20)
  }
}
