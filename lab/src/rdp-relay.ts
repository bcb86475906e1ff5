import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform, type Duplex } from 'node:stream'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { readTsRequest, writeTsRequest, type TsRequest, type TsRequestFields } from 'sspi/credssp'
import type { RdpServer } from './rdp.js'

/** Options of {@link relayRdp}. */
export interface RdpRelayOptions {
  /** The port of the server, on loopback. */
  readonly port: number
  /** The certificate that the client is shown, and its key: PEM. */
  readonly certificate: string
  readonly privateKey: string
  /** What it makes of each TSRequest. Default: passes it on. */
  readonly change?: (request: TsRequest) => TsRequestFields
}

/** Somebody between an RDP client and its server: TLS ends there and begins again, and what is in it goes through. By Node's TLS. */
export async function relayRdp(options: RdpRelayOptions): Promise<RdpServer> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: options.port })
    for (const socket of [near, far]) sockets.add(socket.on('error', () => undefined))
    relay(near, far, options).catch(() => {
      for (const socket of [near, far]) socket.destroy() // the other side shall not wait for one that has gone
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function relay(near: Socket, far: Socket, options: RdpRelayOptions): Promise<void> {
  const { certificate: cert, privateKey: key, change = unchanged } = options
  await passOn(near, far) // RDP's negotiation is one message each way
  await passOn(far, near)
  const inner = new TLSSocket(near, { isServer: true, cert, key })
  const outer = connectTls({ socket: far, rejectUnauthorized: false })
  const changing = (from: Duplex, to: Duplex): void => {
    from.on('error', () => to.destroy())
    from.pipe(changer(change)).pipe(to)
  }
  changing(inner, outer)
  changing(outer, inner)
}

async function passOn(from: Socket, to: Socket): Promise<void> {
  const [bytes] = (await once(from, 'data')) as [Buffer]
  from.pause()
  to.write(bytes)
}

function unchanged(request: TsRequest): TsRequestFields {
  return request
}

/** Changes what looks like a TSRequest, each of which comes in one piece. RDP's messages begin otherwise. */
function changer(change: (request: TsRequest) => TsRequestFields): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(undefined, chunk[0] === 0x30 ? writeTsRequest(change(readTsRequest(new Uint8Array(chunk)))) : chunk)
    },
  })
}
