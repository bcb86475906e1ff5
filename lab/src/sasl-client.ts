import { createInterface } from 'node:readline'
import { Child } from './child.js'
import { Inbox } from './inbox.js'

/** How to start a {@link SaslClient}. */
export interface SaslClientOptions {
  readonly user: string
  readonly password: string
  /** The strength of the layer: 0 is none, 1 integrity. */
  readonly bits: number
  /** How many exchanges. */
  readonly times: number
}

const WAIT_MILLISECONDS = 30_000

/** A client of Cyrus SASL's DIGEST-MD5 for `ldap/localhost`, which makes several exchanges one after the other: `lab/peers/sasl-client.c`. */
export class SaslClient implements AsyncDisposable {
  readonly #child: Child
  readonly #lines = new Inbox<string>()

  static start({ user, password, bits, times }: SaslClientOptions): SaslClient {
    const client = new SaslClient(['ldap', 'localhost', user, String(bits), String(times)])
    client.#child.stdin.write(`${password}\n`)
    return client
  }

  private constructor(args: readonly string[]) {
    this.#child = new Child('sasl-client', process.env['CYRUS_SASL_CLIENT'] ?? '', args)
    createInterface(this.#child.stdout)
      .on('line', (line) => this.#lines.push(line))
      .on('close', () => this.#lines.close())
  }

  /** Its next token; empty for none. @throws Error when something else comes, or nothing in time. */
  async receive(): Promise<Uint8Array> {
    const line = await this.#next('a token')
    if (!/^C( |$)/.test(line)) throw this.#child.error(`a token was expected; it said ${line}`)
    return new Uint8Array(Buffer.from(line.slice(2), 'base64'))
  }

  send(token: Uint8Array): void {
    this.#child.stdin.write(`S ${Buffer.from(token).toString('base64')}\n`)
  }

  /** How an exchange has ended: `done`, or why it failed. */
  outcome(): Promise<string> {
    return this.#next('the end of an exchange')
  }

  /** How it ended. */
  async exitCode(): Promise<number | undefined> {
    return (await this.#child.exit()).code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop()
  }

  async #next(what: string): Promise<string> {
    const line = await this.#lines.next(WAIT_MILLISECONDS, () =>
      this.#child.error(`${what} was expected, and did not come`),
    )
    if (line === undefined) throw this.#child.error(`${what} was expected; it has ended`)
    return line
  }
}
