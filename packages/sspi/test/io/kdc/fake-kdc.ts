import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { framed } from './messages.js'

/** What a KDC of a test does with a request; what is left out is not listened on. */
export interface FakeKdcBehaviour {
  /** Called with each datagram and how many came before it. Several answers are sent in turn; none is silence. */
  readonly udp?: ((request: Uint8Array, before: number) => readonly Uint8Array[]) | undefined
  /** Called with each framed request. The default of `frame` is to answer it whole. */
  readonly tcp?: ((request: Uint8Array, socket: Socket) => Uint8Array | undefined) | undefined
}

/** A KDC of a test, on loopback: what it got, in order. */
export interface FakeKdc {
  readonly port: number
  readonly place: string
  readonly log: { readonly transport: 'udp' | 'tcp'; readonly request: Uint8Array }[]
}

/** Starts a KDC on a free port that is the same for UDP and TCP, and stops it after the test. */
export async function fakeKdc(context: TestContext, behaviour: FakeKdcBehaviour): Promise<FakeKdc> {
  for (;;) {
    const tcp = await listenTcp()
    const { port } = tcp.address() as AddressInfo
    const udp = await bindUdp(port)
    if (udp === undefined) {
      tcp.close()
      continue
    }
    const log: FakeKdc['log'] = []
    const open = new Set<Socket>()
    context.after(() => {
      for (const socket of open) socket.destroy()
    })
    if (behaviour.udp === undefined) udp.close()
    else context.after(() => udp.close())
    if (behaviour.tcp === undefined) tcp.close()
    else context.after(() => tcp.close())
    udp.on('message', (request: Uint8Array, from: RemoteInfo) => {
      const before = log.filter(({ transport }) => transport === 'udp').length
      log.push({ transport: 'udp', request: new Uint8Array(request) })
      for (const answer of behaviour.udp?.(request, before) ?? []) udp.send(answer, from.port, from.address)
    })
    tcp.on('connection', (socket) => {
      open.add(socket)
      socket.on('error', () => {}).once('close', () => open.delete(socket))
      let got = new Uint8Array(0)
      socket.on('data', (chunk) => {
        got = new Uint8Array([...got, ...chunk])
        if (got.length < 4 || got.length < 4 + new DataView(got.buffer).getUint32(0)) return
        const request = got.slice(4)
        got = new Uint8Array(0)
        log.push({ transport: 'tcp', request })
        const answer = behaviour.tcp?.(request, socket)
        if (answer !== undefined) socket.write(framed(answer))
      })
    })
    return { port, place: `127.0.0.1:${port}`, log }
  }
}

/** A KDC proxy of a test, with the certificate of `fixtures`. @returns its port. */
export async function fakeProxy(
  context: TestContext,
  answer: (body: Uint8Array, request: IncomingMessage, response: ServerResponse) => void,
): Promise<number> {
  const server: HttpsServer = createHttpsServer(
    { key: fixture('server.key'), cert: fixture('server.pem') },
    (request, response) => {
      const chunks: Uint8Array[] = []
      request.on('data', (chunk: Uint8Array) => chunks.push(chunk))
      request.on('end', () => answer(new Uint8Array(Buffer.concat(chunks)), request, response))
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** The path of a file of `fixtures`, in the sources. */
export function fixturePath(name: string): string {
  return fileURLToPath(new URL(`../../../../test/io/kdc/fixtures/${name}`, import.meta.url))
}

function fixture(name: string): string {
  return readFileSync(fixturePath(name), 'utf8')
}

function listenTcp(): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })
}

function bindUdp(port: number): Promise<UdpSocket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => resolve(undefined))
    socket.bind(port, '127.0.0.1', () => resolve(socket))
  })
}
