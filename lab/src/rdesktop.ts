import { Child, type ChildExit } from './child.js'
import { rdesktop } from './peers.js'
import type { TicketFolder } from './ticket-folder.js'

/** Options of {@link RdesktopClient}. */
export interface RdesktopOptions {
  /** The server's port, on `localhost`. */
  readonly port: number
  /** The tickets that it logs on by; its home is in their folder. */
  readonly tickets: TicketFolder
  /** What it hands over: user, and password. */
  readonly user: string
  readonly password: string
  /** Further arguments. */
  readonly args?: readonly string[]
}

/**
 * rdesktop on its way to a server. It trusts whatever certificate it is shown, and is told the password by its standard input.
 *
 * When the channel is closed by TLS' own close, version 1.9 reads for ever: it ends by itself only where the connection ends.
 */
export class RdesktopClient implements AsyncDisposable {
  readonly #child: Child
  #said = ''

  constructor({ port, tickets, user, password, args = [] }: RdesktopOptions) {
    const line = ['-v', '-u', user, '-p', '-', ...args, `localhost:${port}`]
    const env: Record<string, string> = { HOME: tickets.path }
    for (const [name, value] of Object.entries(tickets.env)) if (value !== undefined) env[name] ??= value
    this.#child = new Child('rdesktop', rdesktop().client, line, env)
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text))
    this.#child.stdin.end(`${password}\nyes\n`)
  }

  /** What it has said on its standard output so far. */
  get said(): string {
    return this.#said
  }

  /** Waits for its end. @throws Error when it does not come. */
  exit(): Promise<ChildExit> {
    return this.#child.exit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop()
  }
}
