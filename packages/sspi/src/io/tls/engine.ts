import { connect, TLSSocket } from 'node:tls'
import { secretFrom, wipe, type SecretBytes, type TrustAnchors } from '../../crypto/index.js'
import type { TlsConnection, TlsEngine, TlsPeer, TlsProgress, TlsResult, TlsSetup } from '../../sspi/index.js'
import { anchorsOf } from './anchors.js'
import { takeKeyLogLine } from './key-log.js'
import { MemoryWire } from './memory-wire.js'
import { readPeer } from './peer.js'
import { secureContextOf } from './secure-contexts.js'

const RECORD_HEADER = 5

/**
 * A handshake of `node:tls` over a wire in memory.
 *
 * It rests on the consumption rule: when one turn has passed since the engine's last output, a push returns with all output
 * that the pushed bytes cause already written, and with the end of the handshake already told. test/io/tls/consumption.test.ts
 * holds every supported version of Node to that. Whoever waits two more turns sees failures too, which are told a tick later.
 */
export class NodeTlsEngine implements TlsEngine {
  readonly #secrets = new Map<string, SecretBytes>()
  readonly #wire = new MemoryWire()
  readonly #socket: TLSSocket
  readonly #anchors: TrustAnchors | undefined
  readonly #keepSession: ((session: SecretBytes) => void) | undefined
  #peer: TlsPeer | undefined
  #done = false
  /** The peer has closed. */
  #ended = false
  #error: (Error & { readonly code?: string }) | undefined
  #disposed = false

  private constructor(setup: TlsSetup, connection: TlsConnection) {
    this.#keepSession = connection.keepSession
    this.#anchors = anchorsOf(setup)
    const initiates = setup.side === 'initiator'
    this.#socket = initiates ? this.#connect(setup, connection) : this.#accept(setup, connection)
    this.#socket.on('keylog', (line: Buffer) => {
      const read = takeKeyLogLine(line)
      if (read === undefined) return
      if (this.#disposed) wipe(read.secret)
      else this.#secrets.set(read.label, read.secret)
    })
    this.#socket.on(initiates ? 'secureConnect' : 'secure', () => (this.#done = true))
    this.#socket.on('error', (error: Error) => {
      this.#error ??= error
    })
    this.#socket.on('end', () => (this.#ended = true))
    this.#socket.on('session', (session: Buffer) => {
      if (!this.#disposed) this.#keepSession?.(secretFrom(session))
      wipe(session)
    })
    // Data never comes: what follows the handshake is not given to the engine.
    this.#socket.resume()
  }

  /** Opens one, and waits for what an initiator says first. */
  static async open(setup: TlsSetup, connection: TlsConnection): Promise<TlsProgress> {
    const engine = new NodeTlsEngine(setup, connection)
    await engine.#settle()
    return engine.#progress(0)
  }

  get secrets(): ReadonlyMap<string, SecretBytes> {
    return this.#secrets
  }

  /** Takes whole records, up to the one that ends the handshake. */
  async feed(records: Uint8Array): Promise<TlsProgress> {
    await turn()
    let consumed = 0
    while (consumed < records.length && this.#goesOn) {
      const header = consumed + RECORD_HEADER
      const length = (records[header - 2]! << 8) | records[header - 1]! // whole records: it is there
      this.#wire.push(Buffer.from(records.subarray(consumed, header + length)))
      consumed = header + length
      // Before the handshake's end, so that nothing of ours is sent to a peer that will not do.
      if (this.#peer === undefined && this.#error === undefined) this.#peer = readPeer(this.#socket, this.#anchors)
    }
    if (!this.#done) await this.#settle()
    return this.#progress(consumed)
  }

  takeTicket(record: Uint8Array): void {
    if (!this.#disposed) this.#wire.push(Buffer.from(record))
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#socket.destroy()
    this.#wire.destroy()
    for (const secret of this.#secrets.values()) wipe(secret)
    this.#secrets.clear()
  }

  #connect(setup: TlsSetup, { serverName, applicationProtocols, session }: TlsConnection): TLSSocket {
    return connect({
      socket: this.#wire,
      secureContext: secureContextOf(setup),
      // Node's own refusal would break off without an alert: the core judges, and says so to the peer.
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(applicationProtocols.length === 0 ? {} : { ALPNProtocols: [...applicationProtocols] }),
      ...(session === undefined ? {} : { session: Buffer.from(session) }),
    })
  }

  #accept(setup: TlsSetup, { applicationProtocols }: TlsConnection): TLSSocket {
    return new TLSSocket(this.#wire, {
      isServer: true,
      secureContext: secureContextOf(setup),
      requestCert: setup.requestCertificate,
      rejectUnauthorized: false,
      ...(applicationProtocols.length === 0 ? {} : { ALPNProtocols: [...applicationProtocols] }),
    })
  }

  /** Events change this in the middle of a push. */
  get #goesOn(): boolean {
    return !this.#done && !this.#ended && !this.#disposed && this.#error === undefined
  }

  /** Waits until two turns have brought nothing. */
  async #settle(): Promise<void> {
    for (let quiet = 0, written = this.#wire.writtenBytes; quiet < 2;) {
      await turn()
      const now = this.#wire.writtenBytes
      quiet = now === written ? quiet + 1 : 0
      written = now
    }
  }

  #progress(consumed: number): TlsProgress {
    const output = this.#wire.takeWritten()
    const progress = { engine: this, consumed, output, peer: this.#peer }
    // Before the error: a client's socket takes an early end for one.
    if (this.#ended && !this.#done) return { ...progress, state: { kind: 'closed' } }
    if (this.#error !== undefined && !this.#done) {
      const { code = 'UNSPECIFIED', message } = this.#error
      return { ...progress, state: { kind: 'failed', code, message } }
    }
    if (!this.#done) return { ...progress, state: { kind: 'handshake' } }
    // A session that goes on has its certificates from the first time.
    const peer = this.#peer ?? readPeer(this.#socket, this.#anchors)
    return { ...progress, peer, state: { kind: 'done', result: this.#result() } }
  }

  #result(): TlsResult {
    const socket = this.#socket
    const own = socket.getFinished()
    const peer = socket.getPeerFinished()
    const { alpnProtocol } = socket
    const serverName = (socket as TLSSocket & { readonly servername?: string | false | null }).servername
    const certificate = socket.getX509Certificate()
    return {
      version: socket.getProtocol() === 'TLSv1.3' ? 0x0304 : 0x0303,
      cipherSuite: socket.getCipher().standardName,
      applicationProtocol: alpnProtocol === false || alpnProtocol === null ? undefined : alpnProtocol,
      serverName: serverName === false || serverName === null || serverName === '' ? undefined : serverName,
      resumed: socket.isSessionReused(),
      localCertificate: certificate === undefined ? undefined : new Uint8Array(certificate.raw),
      finished:
        own === undefined || peer === undefined ? undefined : { own: new Uint8Array(own), peer: new Uint8Array(peer) },
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
