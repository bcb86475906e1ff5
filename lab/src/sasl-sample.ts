import type { SecureSession } from 'sspi'
import { Child } from './child.js'
import type { SaslLayer } from './ldap.js'
import { commandOf } from './peers.js'

/** How to start a sample program of Cyrus SASL. */
export interface SaslSampleOptions {
  readonly role: 'client' | 'server'
  /** Default `DIGEST-MD5`. */
  readonly mechanism?: string
  /** The server's name, of which the realm is part with DIGEST-MD5. Default `localhost`. */
  readonly host?: string
  /** Whom the channel beneath is said to have authenticated. Default: nobody. */
  readonly external?: string
  /** Of the process, beside the rest: where its tickets and keys are. */
  readonly env?: Readonly<Record<string, string>>
  /** The strength of the layer in bits, least and most: 0 is none, 1 integrity, 40, 56, 112 and 128 the ciphers. */
  readonly bits: readonly [least: number, most: number]
  /** Of a client. */
  readonly user?: string
  readonly password?: string
}

const WAIT_MILLISECONDS = 30_000

/** A sample program of Cyrus SASL: it speaks a mechanism line by line, tokens in base64, then one message each way under the layer. */
export class SaslSample implements AsyncDisposable {
  readonly #child: Child
  readonly #theirs: 'C: ' | 'S: '
  readonly #password: string
  readonly #tokens: Uint8Array[] = []
  #asked = false
  #text = ''
  #line = ''
  #wake: () => void = () => undefined

  static start(options: SaslSampleOptions): SaslSample {
    return new SaslSample(options)
  }

  private constructor(options: SaslSampleOptions) {
    const {
      role,
      bits,
      user = '',
      password = '',
      mechanism = 'DIGEST-MD5',
      host = 'localhost',
      external,
      env,
    } = options
    const layer = ['-b', `min=${bits[0]},max=${bits[1]}`]
    const args = role === 'server' ? ['-d', host, '-u', host] : ['-n', host, '-u', user, '-a', user, '-r', host]
    const beneath = external === undefined ? [] : ['-e', `ssf=0,id=${external}`]
    const all = [role, '-m', mechanism, '-s', 'ldap', ...args, ...layer, ...beneath]
    this.#child = new Child(`sasl-sample-${role}`, commandOf('cyrus-sasl'), all, env)
    this.#theirs = role === 'server' ? 'S: ' : 'C: '
    this.#password = password
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#read(text)
    })
    this.#child.stdout.on('end', () => {
      this.#wake()
    })
  }

  /** All that it said so far. */
  get text(): string {
    return this.#text
  }

  /** Sends a token as the other role does. */
  send(token: Uint8Array): void {
    const mark = this.#theirs === 'S: ' ? 'C: ' : 'S: '
    this.#child.stdin.write(`${mark}${Buffer.from(token).toString('base64')}\n`)
  }

  /** Its next token. @throws Error when it sends none in time, or has ended. */
  async receive(): Promise<Uint8Array> {
    await this.#until(() => this.#tokens.length > 0, 'a token')
    return this.#tokens.shift()! // there is one
  }

  /** Waits for something that it says. */
  async says(pattern: RegExp): Promise<void> {
    await this.#until(() => pattern.test(this.#text), `to say ${pattern.source}`)
  }

  /** How it ended. */
  async exitCode(): Promise<number | undefined> {
    return (await this.#child.exit()).code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stop()
  }

  #read(text: string): void {
    this.#text += text
    this.#line += text
    for (let end; (end = this.#line.indexOf('\n')) >= 0;) {
      const line = this.#line.slice(0, end)
      this.#line = this.#line.slice(end + 1)
      const at = line.lastIndexOf(this.#theirs)
      if (at >= 0) this.#tokens.push(new Uint8Array(Buffer.from(line.slice(at + 3), 'base64')))
    }
    this.#wake()
  }

  async #until(condition: () => boolean, what: string): Promise<void> {
    const end = Date.now() + WAIT_MILLISECONDS
    while (!condition()) {
      if (Date.now() > end || this.#child.stdout.readableEnded) {
        throw this.#child.error(`${what} was expected; it said ${this.#text}`)
      }
      // It asks on stderr, without a line end.
      if (!this.#asked && this.#child.stderr.includes('Password: ')) {
        this.#asked = true
        this.#child.stdin.write(`${this.#password}\n`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, 20)
      })
    }
  }
}

/** The layer of a DIGEST-MD5 session: a packet of RFC 2831 without its length is a sealed message, or data and a signature. */
export function digestLayer(session: SecureSession): SaslLayer | undefined {
  if (session.achieved.includes('confidentiality')) {
    return { protect: (message) => session.seal(message), unprotect: (buffer) => session.unseal(buffer) }
  }
  if (!session.achieved.includes('integrity')) return undefined
  return {
    protect: (message) => new Uint8Array(Buffer.concat([message, session.sign(message)])),
    unprotect: (buffer) => {
      const message = buffer.subarray(0, -SIGNATURE)
      session.verify(message, buffer.slice(-SIGNATURE))
      return message
    },
  }
}

const SIGNATURE = 16
