import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { Child, type ChildExit } from './child.js'
import { FrameType, StreamChannel, type Frame, type FrameChannel } from './frames.js'
import { expectFrame, type PeerInfo } from './messages.js'
import { commandOf } from './peers.js'

/** How to start a gss-peer. */
export interface GssPeerOptions {
  /** The peer's side, as its first argument. */
  readonly role: 'init' | 'accept'
  /** Further arguments, such as `'--mech', 'ntlm', '--target', 'HTTP@localhost'`. The transport is set here. */
  readonly args?: readonly string[]
  /** Default `stdio`; `tcp` is a connection on loopback, on a port that the system chooses. */
  readonly transport?: 'stdio' | 'tcp'
  /** Variables for the peer on top of ours. */
  readonly env?: Readonly<Record<string, string>>
  /** The program; default `$GSS_PEER`. */
  readonly command?: string
  /** How long to wait for one frame, and for the exit; default 30000. */
  readonly timeoutMilliseconds?: number
}

/** One JSON line that gss-peer wrote on stderr. */
export interface GssPeerReport {
  /** The context stands on this side after `legs` steps. */
  readonly established?: PeerInfo
  readonly legs?: number
  /** What the acceptor answered to `N` (initiator only). */
  readonly peer?: Partial<PeerInfo>
  /** Messages exchanged and failed (initiator only). */
  readonly messages?: number
  readonly failed?: number
  /** The call that failed, or `peer` when the other side did. */
  readonly error?: string
  /** Hex, `0x000d0000`. */
  readonly major?: string
  readonly minor?: number
  readonly text?: string
  /** The flags that `--require` asked for in vain. */
  readonly missing?: string
}

/** What a gss-peer has to say in the end. */
export interface GssPeerEnd extends ChildExit {
  readonly reports: readonly GssPeerReport[]
  readonly stderr: string
}

/** The exit codes of gss-peer. */
export const GssPeerExit = { OK: 0, USAGE: 1, TRANSPORT: 2, CONTEXT: 3, MESSAGES: 4, POLICY: 5 } as const

/** A running gss-peer, and the frames to and from it. */
export class GssPeer implements FrameChannel, AsyncDisposable {
  readonly role: 'init' | 'accept'
  readonly #child: Child
  readonly #channel: StreamChannel
  readonly #closeTransport: () => void
  readonly #timeoutMilliseconds: number

  /** Starts the program and, for TCP, connects to it. */
  static async start(options: GssPeerOptions): Promise<GssPeer> {
    const timeoutMilliseconds = options.timeoutMilliseconds ?? 30_000
    const command = options.command ?? commandOf('gss-peer')
    const run = (transport: readonly string[]): Child =>
      new Child(`gss-peer ${options.role}`, command, [options.role, ...transport, ...(options.args ?? [])], options.env)
    if (options.transport !== 'tcp') {
      const child = run(['--stdio'])
      const closeTransport = (): void => void child.stdin.end()
      const streams = { readable: child.stdout, writable: child.stdin }
      return new GssPeer(options.role, child, streams, closeTransport, timeoutMilliseconds)
    }
    const { child, socket } = await (options.role === 'accept' ? dial(run, timeoutMilliseconds) : listen(run))
    child.stdout.resume() // what ends must have been read to its end
    socket.on('error', () => {}) // a peer that has left says why on stderr and with its exit code
    const closeTransport = (): void => void socket.destroy()
    return new GssPeer(options.role, child, { readable: socket, writable: socket }, closeTransport, timeoutMilliseconds)
  }

  private constructor(
    role: 'init' | 'accept',
    child: Child,
    streams: { readonly readable: Readable; readonly writable: Writable },
    closeTransport: () => void,
    timeoutMilliseconds: number,
  ) {
    this.role = role
    this.#child = child
    this.#closeTransport = closeTransport
    this.#timeoutMilliseconds = timeoutMilliseconds
    this.#channel = new StreamChannel(streams, { timeoutMilliseconds, error: (what) => child.error(what) })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  send(type: FrameType, payload?: Uint8Array | string): void {
    this.#channel.send(type, payload)
  }

  receive(timeoutMilliseconds?: number): Promise<Frame | undefined> {
    return this.#channel.receive(timeoutMilliseconds)
  }

  /** Sends a context token. */
  sendToken(token: Uint8Array): void {
    this.send(FrameType.TOKEN, token)
  }

  /**
   * Takes the next context token.
   *
   * @throws GssPeerError when the peer refuses instead.
   */
  async receiveToken(): Promise<Uint8Array> {
    return (await expectFrame(this, FrameType.TOKEN)).payload
  }

  /** Has a sealed message opened. @throws GssPeerError when the peer refuses it, or it was not encrypted. */
  async open(sealed: Uint8Array): Promise<Uint8Array> {
    this.send(FrameType.OPEN, sealed)
    return (await expectFrame(this, FrameType.OPEN)).payload
  }

  /** Has a message sealed. */
  async seal(message: Uint8Array): Promise<Uint8Array> {
    this.send(FrameType.SEAL, message)
    return (await expectFrame(this, FrameType.SEAL)).payload
  }

  /** Says that no more will be sent; a peer that waits for a frame then ends. */
  end(): void {
    this.#channel.end()
  }

  /** The reports so far; all of them once `exit` has answered. Lines that are no JSON stay in `stderr`. */
  get reports(): readonly GssPeerReport[] {
    return this.#child.stderr.split('\n').flatMap(reportOf)
  }

  /** What came on stderr so far. */
  get stderr(): string {
    return this.#child.stderr
  }

  /** Waits for the program to end by itself. */
  async exit(): Promise<GssPeerEnd> {
    const exit = await this.#child.exit(this.#timeoutMilliseconds)
    this.#closeTransport()
    return { ...exit, reports: this.reports, stderr: this.#child.stderr }
  }

  /** Ends the program, whatever it is doing; does nothing when it has ended. */
  async stop(): Promise<void> {
    this.#closeTransport()
    await this.#child.stop()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function reportOf(line: string): readonly GssPeerReport[] {
  if (!line.startsWith('{')) return []
  try {
    return [JSON.parse(line) as GssPeerReport]
  } catch {
    return [] // the text of an `E` frame is quoted as it came, and may break the JSON
  }
}

interface Connected {
  readonly child: Child
  readonly socket: Socket
}

async function dial(run: (transport: readonly string[]) => Child, timeoutMilliseconds: number): Promise<Connected> {
  const child = run(['--listen', '127.0.0.1:0'])
  const port = await new Promise<number>((resolve, reject) => {
    let text = ''
    // stopped first, so that stderr is complete when it is quoted
    const refuse = (): void => void child.stop().then(() => reject(child.error('is not listening')))
    const timer = setTimeout(refuse, timeoutMilliseconds)
    child.stdout.on('data', (chunk: Uint8Array) => {
      text += new TextDecoder().decode(chunk)
      const found = /^LISTENING .*:(\d+)\n/.exec(text)
      if (!found) return
      clearTimeout(timer)
      resolve(Number(found[1]))
    })
    child.stdout.once('end', () => {
      clearTimeout(timer)
      refuse()
    })
  })
  return { child, socket: connect({ host: '127.0.0.1', port, noDelay: true }) }
}

async function listen(run: (transport: readonly string[]) => Child): Promise<Connected> {
  const server = createServer({ noDelay: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const child = run(['--connect', `127.0.0.1:${(server.address() as AddressInfo).port}`])
  return { child, socket: await firstConnection(server, child) }
}

async function firstConnection(server: Server, child: Child): Promise<Socket> {
  try {
    return await new Promise<Socket>((resolve, reject) => {
      server.once('connection', resolve)
      const refuse = (): void => void child.stop().then(() => reject(child.error('did not connect')))
      child.stdout.once('end', refuse).resume()
    })
  } finally {
    server.close()
  }
}
