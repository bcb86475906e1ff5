import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { rateOfStream } from './measure.js'

/** A suite that is measured, by its own name and by OpenSSL's. */
export interface TlsSuite {
  readonly name: string
  readonly opensslName: string
  readonly version: 'TLSv1.2' | 'TLSv1.3'
}

/** The suites of both versions with either cipher. */
export const TLS_SUITES: readonly TlsSuite[] = [
  { name: 'TLS_AES_256_GCM_SHA384', opensslName: 'TLS_AES_256_GCM_SHA384', version: 'TLSv1.3' },
  { name: 'TLS_CHACHA20_POLY1305_SHA256', opensslName: 'TLS_CHACHA20_POLY1305_SHA256', version: 'TLSv1.3' },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    opensslName: 'ECDHE-ECDSA-AES256-GCM-SHA384',
    version: 'TLSv1.2',
  },
  {
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    opensslName: 'ECDHE-ECDSA-CHACHA20-POLY1305',
    version: 'TLSv1.2',
  },
]

/** The lengths of the messages, in bytes: the last fills a record. */
export const RECORD_SIZES = [64, 1024, 16_384] as const

/** For whom the server's certificate is. */
export const TLS_HOST = 'server.example.com'

interface Certificates {
  readonly root: string
  readonly certificate: string
  readonly privateKey: string
}

/** The certificate of the unit tests, good until 2126, with a key of P-256. */
export function readCertificates(): Certificates {
  const file = new URL('../../../vectors/tls/certificates.json', import.meta.url)
  const { cases } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly cases: readonly { readonly name: string; readonly input: Readonly<Record<string, string>> }[]
  }
  const of = (name: string): Readonly<Record<string, string>> => cases.find((each) => each.name === name)?.input ?? {}
  const { certificate = '', privateKey = '' } = of('server')
  return { root: of('ca')['certificate'] ?? '', certificate, privateKey }
}

/** Both ends of a connection over loopback, which is closed with either. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const listener = createServer()
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'connection')
  const client = connect((listener.address() as AddressInfo).port, '127.0.0.1') // of a listener on TCP it is never a path
  await once(client, 'connect')
  const [server] = (await accepted) as [Socket] // what the event carries
  listener.close()
  for (const socket of [client, server]) socket.setNoDelay(true)
  return [client, server]
}

/** A way of sending messages from one end to the other. */
export interface Stream {
  /** Sends one. */
  send(): void
  /** What is written to, whose buffer may be full. */
  readonly socket: { readonly writableNeedDrain: boolean }
  /** How many bytes of messages have come out at the other end. */
  received(): number
  dispose(): void
}

/** How many messages of a length come out per second. */
export async function streamRate(
  stream: Stream & { readonly socket: NodeJS.EventEmitter },
  size: number,
  seconds: number,
) {
  const { socket } = stream
  try {
    return await rateOfStream(seconds, {
      send: () => stream.send(),
      isFull: () => socket.writableNeedDrain,
      drained: () => once(socket, 'drain'),
      arrived: () => stream.received() / size,
    })
  } finally {
    stream.dispose()
  }
}
