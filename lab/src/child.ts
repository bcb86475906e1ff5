import { spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** How a child process ended. */
export interface ChildExit {
  readonly code: number | undefined
  readonly signal: string | undefined
}

const running = new Set<Child>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A peer's process: pipes on all three streams, stderr collected, and no survivor when the test process ends. */
export class Child {
  readonly name: string
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>
  readonly #exit: Promise<ChildExit>
  #stderr = ''

  constructor(name: string, command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.name = name
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    running.add(this)
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
    this.#process.stdin.on('error', () => {}) // a peer that has left says why on stderr and with its exit code
    // `close` comes after `exit`, when stdout and stderr have been read to their ends
    this.#exit = new Promise((resolve) => {
      const over = (exit: ChildExit): void => {
        running.delete(this)
        resolve(exit)
      }
      this.#process.once('close', (code, signal) => over({ code: code ?? undefined, signal: signal ?? undefined }))
      this.#process.once('error', (error) => {
        this.#stderr += `${error.message}\n`
        if (this.#process.pid === undefined) over({ code: undefined, signal: undefined })
      })
    })
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get stdin(): Writable {
    return this.#process.stdin
  }

  get stdout(): Readable {
    return this.#process.stdout
  }

  /** Whether it has ended and all that it said has been read. */
  get ended(): boolean {
    return !running.has(this)
  }

  /** What came on stderr so far; all of it once `exit` has answered. */
  get stderr(): string {
    return this.#stderr
  }

  /**
   * Waits for the process to end by itself.
   *
   * @throws Error when it has not after `timeoutMilliseconds`; it is left running.
   */
  async exit(timeoutMilliseconds = 30_000): Promise<ChildExit> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      const refuse = (): void => reject(this.error(`still running after ${timeoutMilliseconds} ms`))
      timer = setTimeout(refuse, timeoutMilliseconds)
    })
    try {
      return await Promise.race([this.#exit, late])
    } finally {
      clearTimeout(timer)
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal) // does nothing once the process has been reaped, so never hits a stranger
  }

  /** Ends the process: TERM, then KILL after two seconds. Does nothing when it has ended already. */
  async stop(): Promise<ChildExit> {
    if (running.has(this)) this.kill('SIGTERM')
    const impatience = setTimeout(() => this.kill('SIGKILL'), 2_000)
    const exit = await this.#exit
    clearTimeout(impatience)
    return exit
  }

  /** An error that names the peer and quotes what it said on stderr. */
  error(what: string): Error {
    const words = this.#stderr.trim()
    return new Error(`${this.name}: ${what}${words ? `; stderr: ${words}` : ''}`)
  }
}
