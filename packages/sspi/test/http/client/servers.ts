import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Socket, type AddressInfo, type LookupFunction, type Server } from 'node:net'
import type { TestContext } from 'node:test'
import {
  createClient,
  ORIGIN_FIELDS,
  PROXY_FIELDS,
  readCredentials,
  readTokenLeg,
  writeTokenLeg,
  type HttpClient,
  type HttpClientOptions,
} from '../../../src/http/index.js'
import { splitChallenges } from '../../../src/digest/index.js'
import {
  SspiError,
  type AcceptorExchange,
  type ChannelBindings,
  type SecurityFunctionTable,
} from '../../../src/sspi/index.js'
import { createTestDomain, type TestDomain } from '../../../src/testing/index.js'
import { filesOf } from '../../schannel/certificates.js'

// Servers that authenticate, and nothing else: as simple as the protocols allow, and with the faults that a test wants.

/** The name that tests call servers by; it leads to loopback. */
export const HOST = 'server.example.com'
export const SERVICE = `HTTP/${HOST}`

/** Every name is this machine's. */
export const lookup: LookupFunction = (_host, options, done) => {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}

/** A domain with users and the service of {@link HOST}. */
export function testDomain(t: TestContext): TestDomain {
  const domain = createTestDomain({ users: ['alice', 'bob'], services: [SERVICE] })
  t.after(() => domain[Symbol.asyncDispose]())
  return domain
}

/** A client of the domain that finds every name on this machine. */
export function clientOf(t: TestContext, domain: TestDomain, options: Partial<HttpClientOptions> = {}): HttpClient {
  const client = createClient({ sspi: domain.sspi(), credentials: domain.credential('alice'), lookup, ...options })
  t.after(() => client.close())
  return client
}

/** A gate of the domain's service. */
export function gateOf(
  domain: TestDomain,
  packages: readonly string[],
  options: Partial<AuthServerOptions> = {},
): Gate {
  return new Gate({ sspi: domain.sspi(), packages, credentials: domain.serviceCredential(SERVICE), ...options })
}

/** What a server has seen of one request. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
  /** Which of the server's connections it came over, from 0 on. */
  readonly connection: number
  /** Who it came from, once that is known. */
  user: string | undefined
  status: number
}

export interface AuthServerOptions {
  readonly sspi: SecurityFunctionTable
  /** `Negotiate`, `NTLM`, `WDigest`: what is offered, in this order. */
  readonly packages: readonly string[]
  readonly role?: 'origin' | 'proxy'
  /** Challenges that are offered in front of them, whatever they are. */
  readonly alsoOffers?: readonly string[]
  /** Whether a Negotiate with Kerberos counts for the connection, as NTLM always does. */
  readonly persistent?: boolean
  readonly channelBindings?: ChannelBindings | undefined
  /** The service's credential, for Kerberos. */
  readonly credentials?: Parameters<SecurityFunctionTable['accept']>[0]['credentials']
  /** Withholds the token, or the proof, of the last leg. */
  readonly silent?: boolean
  /** Where the proof of the last leg stands. Default: where challenges do. */
  readonly proofField?: string
  /** Answers in place of the last leg's proof. */
  readonly lastToken?: Uint8Array
}

const names = new Map([
  ['negotiate', 'Negotiate'],
  ['ntlm', 'NTLM'],
  ['digest', 'WDigest'],
])

/** Authenticates requests, and remembers of connections what is to be remembered. */
export class Gate {
  readonly #options: AuthServerOptions
  readonly #exchanges = new WeakMap<Socket, AcceptorExchange>()
  readonly #known = new WeakMap<Socket, string>()

  constructor(options: AuthServerOptions) {
    this.#options = options
  }

  /** @returns the client's name; `undefined` where the request has been answered. */
  async admit(request: IncomingMessage, response: ServerResponse): Promise<string | undefined> {
    const { role = 'origin', packages, persistent = false, silent = false, lastToken } = this.#options
    const fields = role === 'origin' ? ORIGIN_FIELDS : PROXY_FIELDS
    const { proofField = fields.challenge } = this.#options
    const { socket } = request
    const given = request.headers[fields.credentials]
    const known = this.#known.get(socket)
    if (given === undefined) return known ?? this.#refuse(response, undefined)
    this.#known.delete(socket)
    const credentials = readCredentials(given)
    const packageName = names.get(credentials.scheme)
    if (packageName === undefined || !packages.includes(packageName)) return this.#refuse(response, undefined)
    if (packageName === 'WDigest') return this.#digest(request, response, given)
    const exchange = this.#exchanges.get(socket) ?? this.#accept(packageName)
    this.#exchanges.delete(socket)
    try {
      const step = await exchange.step(readTokenLeg(credentials))
      const scheme = packageName
      if (!step.done) {
        this.#exchanges.set(socket, exchange)
        response.writeHead(fields.status, { [fields.challenge]: writeTokenLeg(scheme, step.token) }).end('go on')
        return undefined
      }
      const { session } = exchange
      const user = session.peer?.name ?? ''
      if (persistent || session.mechanism === 'NTLM') this.#known.set(socket, user)
      if (persistent) response.setHeader('Persistent-Auth', 'true')
      const proof = lastToken ?? step.token
      if (proof !== undefined && !silent) response.setHeader(proofField, writeTokenLeg(scheme, proof))
      return user
    } catch (error) {
      return this.#refuse(response, error)
    }
  }

  async #digest(request: IncomingMessage, response: ServerResponse, given: string): Promise<string | undefined> {
    const { role = 'origin', sspi, channelBindings, silent = false } = this.#options
    const http = { method: request.method ?? '', uri: request.url ?? '' }
    using exchange = sspi.accept({ package: 'WDigest', http, channelBindings })
    try {
      const step = await exchange.step(Buffer.from(given.slice('Digest '.length), 'latin1'))
      if (!step.done) return await this.#refuse(response, undefined, step.token)
      const proof = Buffer.from(step.token ?? []).toString('latin1')
      if (!silent) response.setHeader((role === 'origin' ? ORIGIN_FIELDS : PROXY_FIELDS).info, proof)
      return exchange.session.peer?.name
    } catch (error) {
      return await this.#refuse(response, error, error instanceof SspiError ? error.token : undefined)
    }
  }

  async #refuse(response: ServerResponse, error: unknown, digest?: Uint8Array): Promise<string | undefined> {
    const { role = 'origin', packages, alsoOffers = [] } = this.#options
    const fields = role === 'origin' ? ORIGIN_FIELDS : PROXY_FIELDS
    const values = [...alsoOffers]
    for (const packageName of packages) {
      if (packageName === 'WDigest') values.push(...splitChallenges(digest ?? (await this.#firstChallenge())))
      else values.push(packageName)
    }
    if (error !== undefined) response.setHeader('x-why', error instanceof SspiError ? error.code : 'another')
    response.writeHead(fields.status, { [fields.challenge]: values }).end('who are you?')
    return undefined
  }

  async #firstChallenge(): Promise<Uint8Array> {
    using exchange = this.#options.sspi.accept({ package: 'WDigest', http: { method: 'GET', uri: '/' } })
    return (await exchange.step()).token ?? new Uint8Array(0)
  }

  #accept(packageName: string): AcceptorExchange {
    const { sspi, credentials, channelBindings } = this.#options
    return sspi.accept({
      package: packageName,
      credentials,
      channelBindings,
      integrity: false,
      confidentiality: false,
    })
  }
}

/** A server that is under way. */
export interface Running {
  readonly port: number
  readonly url: string
  readonly seen: Seen[]
  /** How many connections were made to it. */
  readonly connections: () => number
  /** Who was seen on each connection. */
  readonly usersByConnection: () => readonly (readonly string[])[]
}

export interface ServeOptions {
  /** The name of a certificate of the tests; without it there is no TLS. */
  readonly certificate?: string | undefined
  readonly gate?: Gate
  /** Answers a request that has been let in. Default: who came, in a line. */
  readonly handler?: (request: IncomingMessage, response: ServerResponse, seen: Seen) => void
}

/** Serves until the test ends. */
export async function serve(t: TestContext, options: ServeOptions = {}): Promise<Running> {
  const { certificate, gate, handler = answer } = options
  const seen: Seen[] = []
  const sockets = new Map<Socket, number>()
  const listener: RequestListener = (request, response) => {
    void (async () => {
      const connection = sockets.get(request.socket) ?? -1
      const entry = { ...factsOf(request), body: '', connection, user: undefined as string | undefined, status: 0 }
      seen.push(entry)
      response.on('finish', () => (entry.status = response.statusCode))
      entry.body = await text(request)
      entry.user = await gate?.admit(request, response)
      if (gate === undefined || entry.user !== undefined) handler(request, response, entry)
    })().catch(() => response.destroy()) // its client has gone away
  }
  const tls = certificate === undefined ? undefined : filesOf(certificate)
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer({ cert: tls.certificate ?? '', key: tls.privateKey ?? '' }, listener)
  server.keepAliveTimeout = 0 // a test that stands still for five seconds must not lose its connections
  server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.set(socket, sockets.size)
    socket.on('error', () => {})
  })
  const port = await listen(t, server)
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${HOST}:${port}`,
    seen,
    connections: () => sockets.size,
    usersByConnection: () =>
      [...sockets.values()].map((connection) => [
        ...new Set(
          seen
            .filter((each) => each.connection === connection && each.user !== undefined)
            .map((each) => each.user ?? ''),
        ),
      ]),
  }
}

/** Listens on a free port of loopback until the test ends. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => open.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    for (const socket of open) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

export async function text(message: AsyncIterable<unknown>): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString()
}

function factsOf({ method = '', url = '', headers }: IncomingMessage): Pick<Seen, 'method' | 'url' | 'headers'> {
  return { method, url, headers }
}

function answer(_request: IncomingMessage, response: ServerResponse, { user }: Seen): void {
  response.end(`hello ${user ?? 'nobody'}`)
}
