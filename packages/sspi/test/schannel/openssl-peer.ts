import { connect, createSecureContext, TLSSocket, type ConnectionOptions, type SecureContextOptions } from 'node:tls'
import { MemoryWire } from '../../src/io/tls/memory-wire.js'
import { filesOf, ROOT, SERVER } from './certificates.js'

/** Options of {@link OpenSslPeer}. */
export type PeerOptions = Pick<SecureContextOptions, 'ciphers' | 'minVersion' | 'maxVersion' | 'sigalgs'> & {
  readonly certificate?: string
  readonly alpn?: readonly string[]
}

/** OpenSSL, as Node has it, with its own record layer: the other end of a connection, in memory. */
export class OpenSslPeer {
  readonly socket: TLSSocket
  readonly #wire = new MemoryWire()
  readonly #data: Uint8Array[] = []
  error: (Error & { readonly code?: string }) | undefined
  ended = false

  constructor(side: 'client' | 'server', { certificate = side, alpn = [], ...options }: PeerOptions = {}) {
    const { certificate: cert, privateKey: key } = filesOf(certificate)
    const context = { ca: ROOT, cert, key, ...options }
    if (side === 'server') {
      this.socket = new TLSSocket(this.#wire, {
        isServer: true,
        secureContext: createSecureContext({ ...context, sessionIdContext: 'peer' }),
        requestCert: true,
        rejectUnauthorized: false,
        ALPNProtocols: [...alpn],
      })
    } else {
      const own: ConnectionOptions = { servername: SERVER, ALPNProtocols: [...alpn] }
      this.socket = connect({ ...context, ...own, socket: this.#wire })
    }
    this.socket.on('data', (data: Buffer) => this.#data.push(data))
    this.socket.on('error', (error: Error) => {
      this.error = error
    })
    this.socket.on('end', () => (this.ended = true))
  }

  /** Gives it bytes; what it answers, when it has come to rest. */
  async take(bytes: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
    await turns(1)
    if (bytes.length > 0) this.#wire.push(Buffer.from(bytes))
    await turns(4)
    return this.#wire.takeWritten()
  }

  /** Lets it send something; the bytes. */
  send(text: string): Promise<Uint8Array> {
    this.socket.write(text)
    return this.take()
  }

  /** What it has received since. */
  received(): string {
    return Buffer.concat(this.#data.splice(0)).toString()
  }

  destroy(): void {
    this.socket.destroy()
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
