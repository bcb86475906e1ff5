import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_MUTUAL_AUTH,
  initSecurityInterface,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_CONTEXT_EXPIRED,
  SEC_I_RENEGOTIATE,
  SECBUFFER_APPLICATION_PROTOCOLS,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  writeApplicationProtocols,
  type ContextAttribute,
  type ContextAttributes,
  type CredentialValue,
  type CredHandle,
  type CtxtHandle,
  type SecurityFunctionTable,
} from 'sspi'
import { SCHANNEL_SHUTDOWN } from 'sspi/schannel'

/** Options of {@link TlsSide}. */
export interface TlsSideOptions {
  readonly target?: string
  readonly protocols?: readonly string[]
  readonly flags?: number
}

const NOTHING = new Uint8Array(0)

/** Our side of a TLS connection over TCP, as a caller of the first level writes it: records are put together by hand. */
export class TlsSide {
  readonly sspi: SecurityFunctionTable
  readonly credential: CredHandle
  readonly #client: boolean

  private constructor(sspi: SecurityFunctionTable, credential: CredHandle, client: boolean) {
    this.sspi = sspi
    this.credential = credential
    this.#client = client
  }

  static async make(client: boolean, authData: CredentialValue): Promise<TlsSide> {
    const sspi = initSecurityInterface()
    const credentialUse = client ? SECPKG_CRED_OUTBOUND : SECPKG_CRED_INBOUND
    const { credential } = await sspi.acquireCredentialsHandle({ package: 'Schannel', credentialUse, authData })
    return new TlsSide(sspi, credential, client)
  }

  /** Connects to a port on loopback and shakes hands. */
  async connect(port: number, options?: TlsSideOptions): Promise<TlsConnection> {
    const socket = connect({ host: '127.0.0.1', port })
    const connection = new TlsConnection(this, socket, this.#client)
    await connection.shakeHands(options ?? {})
    return connection
  }

  /** A server on a free port of loopback; each connection is shaken hands with before it is handed over. */
  async listen(
    serve: (connection: TlsConnection, failure: unknown) => void | Promise<void>,
    options: TlsSideOptions = {},
  ): Promise<{ readonly port: number; readonly server: Server }> {
    const server = createServer((socket) => {
      const connection = new TlsConnection(this, socket, false)
      void connection.shakeHands(options).then(
        () => serve(connection, undefined),
        (failure: unknown) => serve(connection, failure),
      )
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.address() as AddressInfo).port, server }
  }
}

/** A connection of {@link TlsSide}. */
export class TlsConnection {
  readonly socket: Socket
  readonly #side: TlsSide
  readonly #client: boolean
  #context: CtxtHandle | undefined
  #waiting: Uint8Array = NOTHING
  #ended = false
  #wake: () => void = () => undefined
  /** Statuses other than `SEC_E_OK` that opening records has had. */
  readonly statuses: number[] = []

  constructor(side: TlsSide, socket: Socket, client: boolean) {
    this.#side = side
    this.socket = socket
    this.#client = client
    socket.on('data', (data) => {
      this.#waiting = Uint8Array.from([...this.#waiting, ...(data as Buffer)])
      this.#wake()
    })
    const over = (): void => {
      this.#ended = true
      this.#wake()
    }
    socket.on('end', over).on('close', over).on('error', over)
  }

  get ctx(): CtxtHandle {
    if (this.#context === undefined) throw new Error('no context yet')
    return this.#context
  }

  ask<A extends ContextAttribute>(attribute: A): ContextAttributes[A] {
    return this.#side.sspi.queryContextAttributes(this.ctx, attribute)
  }

  /** Runs the exchange. What fails here is told to the peer by its alert, and thrown. */
  async shakeHands(options: TlsSideOptions): Promise<void> {
    if (this.#client) await this.#step(options, undefined)
    for (let seen = 0; ;) {
      if (!(await this.#more(seen))) throw new Error('the peer has gone')
      const token = this.#waiting
      const { done, consumed } = await this.#step(options, token)
      // more may have come during the step
      this.#waiting = this.#waiting.slice(consumed)
      seen = token.length - consumed
      if (done) return
    }
  }

  /** Sends a text, in as many records as it takes. */
  send(text: string): void {
    const message = new TextEncoder().encode(text)
    const { header, trailer, maximumMessage } = this.ask(SECPKG_ATTR_STREAM_SIZES)
    for (let at = 0; at < message.length; at += maximumMessage) {
      const parts = [
        new SecBuffer(SECBUFFER_STREAM_HEADER, header),
        new SecBuffer(SECBUFFER_DATA, message.slice(at, at + maximumMessage)),
        new SecBuffer(SECBUFFER_STREAM_TRAILER, trailer),
        new SecBuffer(SECBUFFER_EMPTY),
      ]
      this.#side.sspi.encryptMessage(this.ctx, 0, new SecBufferDesc(parts))
      this.socket.write(Buffer.concat(parts.map((part) => part.bytes)))
    }
  }

  /** Receives until a text has come, or the peer has closed: `closed` says whether by a close_notify. */
  async receive(until?: string): Promise<{ readonly text: string; readonly closed: boolean }> {
    let text = ''
    for (;;) {
      if (until !== undefined && text.includes(until)) return { text, closed: false }
      const buffers = [SECBUFFER_DATA, SECBUFFER_EMPTY, SECBUFFER_EMPTY, SECBUFFER_EMPTY].map(
        (type) => new SecBuffer(type),
      )
      buffers[0]!.become(SECBUFFER_DATA, this.#waiting)
      const message = new SecBufferDesc(buffers)
      const { status } = this.#side.sspi.decryptMessage(this.ctx, message)
      if (status === SEC_E_INCOMPLETE_MESSAGE) {
        if (!(await this.#more(this.#waiting.length))) return { text, closed: false }
        continue
      }
      text += new TextDecoder().decode(message.find(SECBUFFER_DATA)?.bytes)
      this.#waiting = message.find(SECBUFFER_EXTRA)?.bytes.slice() ?? NOTHING
      if (status !== SEC_E_OK) this.statuses.push(status)
      if (status === SEC_I_CONTEXT_EXPIRED) return { text, closed: true }
      if (status === SEC_I_RENEGOTIATE) await this.#step({}, undefined)
    }
  }

  /** Sends close_notify and ends the transport. */
  async close(): Promise<void> {
    const shutdown = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, Uint8Array.of(SCHANNEL_SHUTDOWN, 0, 0, 0))])
    this.#side.sspi.applyControlToken(this.ctx, shutdown)
    await this.#step({}, undefined)
    this.socket.end()
  }

  async #step(
    { target = 'server.example.com', protocols, flags = 0 }: TlsSideOptions,
    token: Uint8Array | undefined,
  ): Promise<{ readonly done: boolean; readonly consumed: number }> {
    const left = new SecBuffer(SECBUFFER_EMPTY)
    const input = token === undefined ? [left] : [new SecBuffer(SECBUFFER_TOKEN, token), left]
    if (protocols !== undefined && this.#context === undefined) {
      input.push(new SecBuffer(SECBUFFER_APPLICATION_PROTOCOLS, writeApplicationProtocols(protocols)))
    }
    const output = new SecBuffer(SECBUFFER_TOKEN)
    const common = {
      context: this.#context,
      credential: this.#context === undefined ? this.#side.credential : undefined,
      input: new SecBufferDesc(input),
      output: new SecBufferDesc([output]),
    }
    try {
      const { sspi } = this.#side
      const asked = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_MUTUAL_AUTH | flags
      const accepted = ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_MUTUAL_AUTH | flags
      const step = this.#client
        ? await sspi.initializeSecurityContext({ ...common, contextReq: asked, targetName: target })
        : await sspi.acceptSecurityContext({ ...common, contextReq: accepted })
      this.#context = step.context
      if (step.status === SEC_E_INCOMPLETE_MESSAGE) return { done: false, consumed: 0 }
      if (output.cbBuffer > 0) this.socket.write(output.bytes)
      const extra = left.type === SECBUFFER_EXTRA ? left.cbBuffer : 0
      return { done: step.status === SEC_E_OK, consumed: (token?.length ?? 0) - extra }
    } catch (error) {
      if (error instanceof SspiError && error.token !== undefined) this.socket.end(error.token)
      else this.socket.destroy()
      throw error
    }
  }

  /** Waits until more bytes wait than were seen; `false` when the peer has gone. */
  async #more(seen: number): Promise<boolean> {
    while (this.#waiting.length <= seen) {
      if (this.#ended) return false
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    return true
  }
}
