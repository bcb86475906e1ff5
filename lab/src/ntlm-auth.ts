import { Child } from './child.js'
import { Inbox } from './inbox.js'
import { commandOf, WINBIND_DOMAIN } from './peers.js'

/** What both sides of ntlm_auth take. */
export interface NtlmAuthOptions {
  /** What to negotiate beyond authentication; default session key, signing and sealing. */
  readonly features?: readonly NtlmAuthFeature[]
  /** Further arguments of the program, such as `--target-service=HTTP`. */
  readonly args?: readonly string[]
  /** The program; default `$NTLM_AUTH`. */
  readonly command?: string
  /** How long to wait for one answer; default 30000. */
  readonly timeoutMilliseconds?: number
}

/** A feature that the helper protocols can ask for. */
export type NtlmAuthFeature = 'SESSION_KEY' | 'SIGN' | 'SEAL'

/** Who ntlm_auth shall be as a client. */
export interface NtlmAuthClientOptions extends NtlmAuthOptions {
  /** Raw NTLM, or NTLM in SPNEGO; default `ntlmssp-client-1`. */
  readonly protocol?: 'ntlmssp-client-1' | 'gss-spnego-client'
  readonly username: string
  readonly password: string
  /** Default the domain of the lab's winbind. */
  readonly domain?: string
  readonly workstation?: string
}

/** Which acceptor ntlm_auth shall be. */
export interface NtlmAuthServerOptions extends NtlmAuthOptions {
  /** Raw NTLM, or NTLM in SPNEGO; default `squid-2.5-ntlmssp`. */
  readonly protocol?: 'squid-2.5-ntlmssp' | 'gss-spnego'
}

/** What the acceptor makes of a token. */
export type NtlmAuthVerdict =
  | { readonly kind: 'continue'; readonly token: Uint8Array }
  | { readonly kind: 'accepted'; readonly user: string; readonly token: Uint8Array | undefined }
  | { readonly kind: 'refused'; readonly status: string; readonly token: Uint8Array | undefined }

/** The helper answered `BH`: it is broken, or what it was asked makes no sense to it. */
export class NtlmAuthError extends Error {
  override readonly name = 'NtlmAuthError'
}

/** One helper process: a line goes in, a line comes out. */
class Helper {
  readonly child: Child
  readonly #lines = new Inbox<string>()
  readonly #timeoutMilliseconds: number

  constructor(protocol: string, args: readonly string[], options: NtlmAuthOptions) {
    const command = options.command ?? commandOf('winbind')
    const all = [`--helper-protocol=${protocol}`, ...args, ...(options.args ?? [])]
    this.child = new Child(`ntlm_auth ${protocol}`, command, all)
    this.#timeoutMilliseconds = options.timeoutMilliseconds ?? 30_000
    let text = ''
    this.child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop()!
      for (const line of lines) this.#lines.push(line)
    })
    this.child.stdout.once('close', () => this.#lines.close())
  }

  /** Asks for the features, separated by commas; the helper ignores names that it does not know. */
  async want(features: readonly NtlmAuthFeature[] = ['SESSION_KEY', 'SIGN', 'SEAL']): Promise<void> {
    if (features.length === 0) return
    const answer = await this.ask(`SF ${features.map((name) => `NTLMSSP_FEATURE_${name}`).join(',')}`)
    if (answer !== 'OK') throw this.#error('SF', answer)
  }

  async ask(line: string): Promise<string> {
    const command = line.slice(0, 2)
    this.child.stdin.write(`${line}\n`)
    const late = (): Error => this.child.error(`${command}: no answer within ${this.#timeoutMilliseconds} ms`)
    const answer = await this.#lines.next(this.#timeoutMilliseconds, late)
    if (answer === undefined) {
      await this.child.exit(this.#timeoutMilliseconds)
      throw this.child.error(`${command}: the helper ended`)
    }
    if (answer.startsWith('BH')) throw this.#error(command, answer)
    return answer
  }

  /** Asks, and takes the second word of an answer that starts with one of `codes`. */
  async askFor(line: string, ...codes: readonly string[]): Promise<{ readonly code: string; readonly word: string }> {
    const answer = await this.ask(line)
    const [code = '', word = ''] = answer.split(' ')
    if (!codes.includes(code)) throw this.#error(line.slice(0, 2), answer)
    return { code, word }
  }

  async sessionKey(): Promise<Uint8Array> {
    return fromBase64((await this.askFor('GK', 'GK')).word)
  }

  async flags(): Promise<number> {
    return Number((await this.askFor('GF', 'GF')).word)
  }

  #error(command: string, answer: string): NtlmAuthError {
    return new NtlmAuthError(this.child.error(`${command} was answered ${answer}`).message)
  }
}

/** Samba's ntlm_auth as an initiator. It needs no winbindd. */
export class NtlmAuthClient implements AsyncDisposable {
  readonly #helper: Helper

  /** Starts the program and gives it the password, on its standard input. */
  static async start(options: NtlmAuthClientOptions): Promise<NtlmAuthClient> {
    const client = new NtlmAuthClient(options)
    try {
      await client.#helper.want(options.features)
      await client.#helper.askFor(`PW ${toBase64(new TextEncoder().encode(options.password))}`, 'OK')
      return client
    } catch (error) {
      await client.stop()
      throw error
    }
  }

  private constructor(options: NtlmAuthClientOptions) {
    const protocol = options.protocol ?? 'ntlmssp-client-1'
    const args = [`--username=${options.username}`, `--domain=${options.domain ?? WINBIND_DOMAIN}`]
    if (options.workstation !== undefined) args.push(`--workstation=${options.workstation}`)
    this.#helper = new Helper(protocol, args, options)
  }

  /**
   * Advances the client by one token, so that it can stand in `establish`.
   *
   * @param token - The acceptor's; `undefined` to start.
   * @returns The token to send, and whether the client is complete. Raw NTLM is complete with its second token, before
   *   the acceptor has judged it.
   * @throws {@link NtlmAuthError} when the client cannot make anything of the token.
   */
  async step(token?: Uint8Array): Promise<{ readonly token: Uint8Array | undefined; readonly done: boolean }> {
    const line = token === undefined ? 'YR' : `TT ${toBase64(token)}`
    const { code, word } = await this.#helper.askFor(line, 'YR', 'KK', 'AF', 'NA')
    if (code === 'NA') throw new NtlmAuthError(`ntlm_auth gave up: ${word}`)
    const next = word === '' || word === '*' ? undefined : fromBase64(word)
    return { token: next, done: code === 'AF' }
  }

  /** The exported session key, 16 bytes. */
  sessionKey(): Promise<Uint8Array> {
    return this.#helper.sessionKey()
  }

  /** The negotiated NEGOTIATE flags, MS-NLMP 2.2.2.5. */
  flags(): Promise<number> {
    return this.#helper.flags()
  }

  get pid(): number | undefined {
    return this.#helper.child.pid
  }

  async stop(): Promise<void> {
    await this.#helper.child.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Samba's ntlm_auth as an acceptor, which asks winbindd about the account. */
export class NtlmAuthServer implements AsyncDisposable {
  readonly #helper: Helper
  readonly #spnego: boolean
  #first = true

  /** Starts the program. */
  static async start(options: NtlmAuthServerOptions = {}): Promise<NtlmAuthServer> {
    const server = new NtlmAuthServer(options)
    try {
      await server.#helper.want(options.features)
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  private constructor(options: NtlmAuthServerOptions) {
    const protocol = options.protocol ?? 'squid-2.5-ntlmssp'
    this.#helper = new Helper(protocol, [], options)
    this.#spnego = protocol === 'gss-spnego'
  }

  /**
   * Gives the acceptor the client's next token.
   *
   * @throws {@link NtlmAuthError} when it is broken, which is also its answer to a token that does not parse.
   */
  async step(token: Uint8Array): Promise<NtlmAuthVerdict> {
    const line = `${this.#first ? 'YR' : 'KK'} ${toBase64(token)}`
    this.#first = false
    const answer = await this.#helper.ask(line)
    const [, code = '', rest = ''] = /^(\S+) ?(.*)$/.exec(answer) ?? []
    // gss-spnego always has a token, or `*`, before the name or the status; squid-2.5-ntlmssp has one or the other
    const [, first = '', second = ''] = /^(\S*) ?(.*)$/.exec(rest) ?? []
    const last = this.#spnego && first !== '*' ? fromBase64(first) : undefined
    switch (code) {
      case 'TT':
        return { kind: 'continue', token: fromBase64(first) }
      case 'AF':
        return { kind: 'accepted', user: this.#spnego ? second : rest, token: last }
      case 'NA':
        return { kind: 'refused', status: this.#spnego ? second : rest, token: last }
      default:
        throw new NtlmAuthError(`ntlm_auth answered ${answer}`)
    }
  }

  /** The exported session key, 16 bytes, once accepted. */
  sessionKey(): Promise<Uint8Array> {
    return this.#helper.sessionKey()
  }

  /** The negotiated NEGOTIATE flags, MS-NLMP 2.2.2.5. */
  flags(): Promise<number> {
    return this.#helper.flags()
  }

  get pid(): number | undefined {
    return this.#helper.child.pid
  }

  async stop(): Promise<void> {
    await this.#helper.child.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}
