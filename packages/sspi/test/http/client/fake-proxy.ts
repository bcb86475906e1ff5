import { Agent, createServer, request as sendRequest, ServerResponse, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { filesOf } from '../../schannel/certificates.js'
import { HOST, listen, type Gate } from './servers.js'

/** What a proxy has seen. */
export interface SeenByProxy {
  readonly method: string
  readonly target: string
  readonly authorization: string | undefined
  /** Which of its connections. */
  readonly connection: number
}

export interface RunningProxy {
  readonly url: string
  readonly seen: SeenByProxy[]
}

export interface ProxyOptions {
  readonly gate?: Gate
  readonly certificate?: string
  /** Hangs up behind each challenge that is not in the middle of an exchange. */
  readonly hangsUp?: boolean
}

/**
 * A proxy of HTTP for tests: forwards requests, and opens tunnels. Whatever host is asked for, it goes to loopback. Each client's
 * connection has one of its own to the server.
 */
export async function serveProxy(t: TestContext, options: ProxyOptions = {}): Promise<RunningProxy> {
  const { gate, certificate, hangsUp = false } = options
  const seen: SeenByProxy[] = []
  const numbers = new Map<Socket, number>()
  const agents = new WeakMap<Socket, Agent>()
  const note = ({ method = '', url = '', headers, socket }: IncomingMessage): void => {
    if (!numbers.has(socket)) numbers.set(socket, numbers.size)
    const connection = numbers.get(socket) ?? -1
    seen.push({ method, target: url, authorization: headers['proxy-authorization'], connection })
  }
  const tls = certificate === undefined ? undefined : filesOf(certificate)
  const server =
    tls === undefined ? createServer() : createTlsServer({ cert: tls.certificate ?? '', key: tls.privateKey ?? '' })
  server.keepAliveTimeout = 0

  server.on('request', (request, response) => {
    note(request)
    void (async () => {
      if (gate !== undefined && (await gate.admit(request, response)) === undefined) return
      const url = new URL(request.url ?? '')
      const agent = agents.get(request.socket) ?? new Agent({ keepAlive: true, maxSockets: 1 })
      agents.set(request.socket, agent)
      request.socket.once('close', () => {
        agent.destroy()
      })
      const { 'proxy-authorization': _, ...headers } = request.headers
      const onward = sendRequest(
        { agent, host: '127.0.0.1', port: url.port, method: request.method, path: url.pathname + url.search, headers },
        (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          answer.pipe(response)
        },
      )
      onward.on('error', () => response.destroy())
      request.pipe(onward)
    })().catch(() => response.destroy())
  })

  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    note(request)
    const response = new ServerResponse(request)
    response.assignSocket(socket)
    if (hangsUp && request.headers['proxy-authorization'] === undefined) response.shouldKeepAlive = false
    response.on('finish', () => {
      response.detachSocket(socket)
      if (response.shouldKeepAlive) server.emit(tls === undefined ? 'connection' : 'secureConnection', socket)
      else socket.end()
    })
    void (async () => {
      if (gate !== undefined && (await gate.admit(request, response)) === undefined) return
      const proof = response.getHeader('proxy-authenticate')
      response.removeAllListeners('finish')
      response.detachSocket(socket)
      const onward = connect({ host: '127.0.0.1', port: Number((request.url ?? '').split(':').at(-1)) }, () => {
        socket.write(
          `HTTP/1.1 200 Established\r\n${proof === undefined ? '' : `Proxy-Authenticate: ${String(proof)}\r\n`}\r\n`,
        )
        socket.pipe(onward).pipe(socket)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy()).on('close', () => onward.destroy())
    })().catch(() => socket.destroy())
  })
  const port = await listen(t, server)
  return { url: `${tls === undefined ? 'http' : 'https'}://${HOST}:${port}`, seen }
}
