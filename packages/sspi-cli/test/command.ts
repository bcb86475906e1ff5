import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The compiled command. */
const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))

/** How a run of the command ended. */
export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a run is given beside its arguments. */
export interface RunOptions {
  /** The standard input, to its end. Default: nothing. */
  readonly input?: string | Uint8Array
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Nobody reads this stream: it is closed before the command writes. */
  readonly unread?: 'stdout' | 'stderr'
}

/** Runs the command to its end. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawnCommand(args, options.env)
  child.stdin?.on('error', () => undefined) // it may have ended without reading
  child.stdin?.end(options.input ?? '')
  if (options.unread !== undefined) child[options.unread]?.destroy()
  const [stdout, stderr, [code]] = await Promise.all([
    options.unread === 'stdout' ? '' : text(child.stdout!), // all three are pipes
    options.unread === 'stderr' ? '' : text(child.stderr!),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { code, stdout, stderr }
}

/** An event of `--json`. */
export type Event = Readonly<Record<string, unknown>> & { readonly event: string }

/** The events that a command with `--json` has written. */
export function eventsIn(stdout: string): readonly Event[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
}

/** A server under test: `sspi serve --json`, `sspi kdc --json`. */
export interface Server {
  readonly port: number
  /** Every event, in order, as far as they have come. */
  readonly events: readonly Event[]
  /** Waits for an event that is to come or has come. */
  event(name: string): Promise<Event>
  /** Sends to the standard input; ends it. */
  end(input: string): void
  /** Its end, with what it said on the standard error. */
  readonly finished: Promise<{ readonly code: number | null; readonly stderr: string }>
  stop(): Promise<void>
}

/** Starts `sspi serve` on a port of the system's choice and waits until it listens; it is stopped with the test. */
export function serve(t: Ending, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Server> {
  return startCommand(t, ['serve', '--port', '0', '--json', ...args], env)
}

/** What a test is to whoever wants to know of its end. */
interface Ending {
  after(fn: () => void | Promise<void>): void
}

/** Starts a command that serves with `--json`, and waits until it listens; it is stopped with the test. */
export async function startCommand(
  t: Ending,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Server> {
  const child = spawnCommand(args, env)
  const events: Event[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const look of waiting) look()
  }
  createInterface(child.stdout!).on('line', (line) => {
    events.push(JSON.parse(line) as Event) // the command's word
    wake()
  })
  let over = false
  const stderr = text(child.stderr!)
  const finished = once(child, 'close').then(async ([code]) => {
    over = true
    wake()
    return { code: code as number | null, stderr: await stderr }
  })
  const event = (name: string): Promise<Event> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = events.find((each) => each.event === name)
        if (found === undefined && !over) return
        waiting.delete(look)
        if (found === undefined) void stderr.then((said) => reject(new Error(`it ended without '${name}': ${said}`)))
        else resolve(found)
      }
      waiting.add(look)
      look()
    })
  const stop = async (): Promise<void> => {
    child.kill()
    await finished
  }
  t.after(stop)
  const { port } = await event('listening')
  return {
    port: Number(port),
    events,
    event,
    finished,
    end: (input) => child.stdin?.end(input),
    stop,
  }
}

/** A folder of its own for a test's files, gone after the test. */
export function folderFor(t: Ending): (name: string, content: string | Uint8Array) => string {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-cli-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return (name, content) => {
    const path = join(folder, name)
    writeFileSync(path, content, { mode: 0o600 })
    return path
  }
}

function spawnCommand(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, NODE_DEBUG: '', ...env } })
}
