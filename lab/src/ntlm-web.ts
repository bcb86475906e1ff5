import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { AvId, avFlags, avText, avValue, readAuthenticate, readNtResponse } from 'sspi/ntlm'
import { NtlmAuthServer } from './ntlm-auth.js'
import { commandOf } from './peers.js'

/** What an AUTHENTICATE message with NTLMv2 says beside who the client is. */
export interface SeenAuthenticate {
  /** Whether it announces a MIC, MS-NLMP 2.2.2.1. */
  readonly mic: boolean
  /** The service that the client believes it talks with, `HTTP/localhost`; `undefined` when it says none. */
  readonly target: string | undefined
  /** The hash of the channel bindings, all zeros without any; `undefined` when it says nothing of them. */
  readonly channelBindings: Uint8Array | undefined
}

/** Who came in over a connection. */
interface Guest {
  helper: NtlmAuthServer | undefined
  user: string | undefined
}

/**
 * A web server that lets people in by Samba's `ntlm_auth`: a helper for each connection, which stays authenticated as NTLM
 * over HTTP has it (MS-NTHT). `/negotiate` wants NTLM in SPNEGO, every other path NTLM. Whoever is in is answered
 * `user=…`, `method=…` and `length=…`, in lines.
 */
export class NtlmWeb implements AsyncDisposable {
  /** What each client proved itself with, in order. */
  readonly seen: SeenAuthenticate[] = []
  /** How many connections there were. */
  connections = 0
  readonly #server: Server
  readonly #scheme: string
  readonly #guests = new WeakMap<Socket, Guest>()
  readonly #helpers = new Set<NtlmAuthServer>()

  /** Listens on loopback; with `tls` by the lab's certificate for `localhost`, which the peer `tls` has. */
  static async start(options: { readonly tls?: boolean } = {}): Promise<NtlmWeb> {
    const web = new NtlmWeb(options.tls === true)
    web.#server.listen(0, '127.0.0.1')
    await once(web.#server, 'listening')
    return web
  }

  private constructor(tls: boolean) {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(`${String(error)}\n`)
      })
    }
    this.#scheme = tls ? 'https' : 'http'
    this.#server = tls ? createTlsServer(localhostIdentity(), listener) : createServer(listener)
    this.#server.on(tls ? 'secureConnection' : 'connection', () => (this.connections += 1))
  }

  /** Without a path. */
  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server does not listen')
    return `${this.#scheme}://localhost:${address.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
    await Promise.all([...this.#helpers].map((helper) => helper.stop()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const { pathname } = new URL(request.url ?? '', 'http://localhost')
    const scheme = pathname === '/negotiate' ? 'Negotiate' : 'NTLM'
    const guest = this.#guestOf(request.socket)
    const [, said, base64 = ''] = /^(NTLM|Negotiate) ([\w+/=]+)$/i.exec(request.headers.authorization ?? '') ?? []
    if (said === undefined) {
      if (guest.user === undefined) refuse(response, scheme)
      else admit(response, guest.user, request.method, body)
      return
    }
    if (guest.user !== undefined || guest.helper === undefined) await this.#begin(guest, scheme)
    const verdict = await guest.helper!.step(this.#look(new Uint8Array(Buffer.from(base64, 'base64')))) // begun above
    const last = verdict.token === undefined ? '' : ` ${Buffer.from(verdict.token).toString('base64')}`
    switch (verdict.kind) {
      case 'continue':
        refuse(response, scheme + last)
        return
      case 'refused':
        await this.#begin(guest, scheme)
        refuse(response, scheme)
        return
      case 'accepted':
        guest.user = verdict.user
        if (last !== '') response.setHeader('WWW-Authenticate', scheme + last)
        admit(response, guest.user, request.method, body)
    }
  }

  #guestOf(socket: Socket): Guest {
    const known = this.#guests.get(socket)
    if (known !== undefined) return known
    const guest: Guest = { helper: undefined, user: undefined }
    this.#guests.set(socket, guest)
    socket.once('close', () => void guest.helper?.stop())
    return guest
  }

  /** A helper takes one exchange. */
  async #begin(guest: Guest, scheme: string): Promise<void> {
    await guest.helper?.stop()
    guest.user = undefined
    guest.helper = await NtlmAuthServer.start({
      protocol: scheme === 'NTLM' ? 'squid-2.5-ntlmssp' : 'gss-spnego',
      features: [],
      timeoutMilliseconds: 30_000,
    })
    this.#helpers.add(guest.helper)
  }

  /** Notes what an AUTHENTICATE message says, bare or in SPNEGO. */
  #look(token: Uint8Array): Uint8Array {
    const at = Buffer.from(token).indexOf(AUTHENTICATE_START)
    if (at < 0) return token
    const response = readNtResponse(readAuthenticate(token.subarray(at)).ntResponse)
    if (response.kind === 'v2') {
      const { avPairs } = response
      this.seen.push({
        mic: (avFlags(avPairs) & 2) !== 0,
        target: avText(avPairs, AvId.MsvAvTargetName),
        channelBindings: avValue(avPairs, AvId.MsvAvChannelBindings),
      })
    }
    return token
  }
}

const AUTHENTICATE_START = Buffer.from('NTLMSSP\0\x03\0\0\0', 'latin1')

/** What a server on loopback shows over TLS: a certificate for `localhost`, of an authority that the lab has made. */
export function localhostIdentity(): { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer } {
  const [cert, key, ca] = ['localhost.crt', 'localhost.key', 'ca.crt'].map((name) =>
    readFileSync(join(commandOf('tls'), name)),
  )
  return { cert: cert!, key: key!, ca: ca! } // three names, three files
}

function refuse(response: ServerResponse, challenge: string): void {
  response.writeHead(401, { 'WWW-Authenticate': challenge }).end('who are you?\n')
}

function admit(response: ServerResponse, user: string, method: string | undefined, body: Uint8Array): void {
  const lines = [`user=${user}`, `method=${method ?? ''}`, `length=${body.length}`]
  response.writeHead(200, { 'Content-Type': 'text/plain' }).end(`${lines.join('\n')}\n`)
}
