import { certificateCredential, initSecurityInterface, type SecureSession } from 'sspi'
import { SCH_CRED_DISABLE_RECONNECTS } from 'sspi/schannel'
import type { Figures } from './gssbench.js'
import { rate, rateAsync } from './measure.js'
import { pairOf, type Pair } from './ours.js'
import {
  readCertificates,
  RECORD_SIZES,
  socketPair,
  streamRate,
  TLS_HOST,
  type Stream,
  type TlsSuite,
} from './tls-pair.js'

const RECORD_HEADER = 5

/** Handshakes per second, and records: sealed and opened in memory (`seal`), and from one socket to another (`stream`). */
export async function schannelFigures(suite: TlsSuite, seconds: number): Promise<Figures> {
  const pair = await schannelPair(suite)
  const figures = new Map([['establish', await rateAsync(seconds, () => pair.establish())]])
  for (const size of RECORD_SIZES) {
    const message = new Uint8Array(size).fill(0x78)
    const [client, server] = await pair.sessions()
    const sealed = rate(seconds, () => {
      server.unseal(client.seal(message))
    })
    figures.set(`seal ${size}`, sealed)
    figures.set(`stream ${size}`, await streamRate(await openStream([client, server], message), size, seconds))
  }
  return figures
}

/** Whole handshakes: no session goes on. */
function schannelPair({ name }: TlsSuite): Promise<Pair> {
  const { root, certificate, privateKey } = readCertificates()
  const common = { roots: root, cipherSuites: [name], flags: SCH_CRED_DISABLE_RECONNECTS }
  const client = certificateCredential(common)
  const server = certificateCredential({ ...common, identity: { certificate, privateKey } })
  return pairOf(initSecurityInterface(), 'Schannel', TLS_HOST, client, server)
}

async function openStream([from, to]: readonly [SecureSession, SecureSession], message: Uint8Array) {
  const [client, server] = await socketPair()
  let received = 0
  let waiting: Buffer = Buffer.alloc(0)
  server.on('data', (data: Buffer) => {
    waiting = waiting.length === 0 ? data : Buffer.concat([waiting, data])
    for (;;) {
      if (waiting.length < RECORD_HEADER) return
      const end = RECORD_HEADER + waiting.readUInt16BE(RECORD_HEADER - 2)
      if (waiting.length < end) return
      received += to.unseal(waiting.subarray(0, end)).length
      waiting = waiting.subarray(end)
    }
  })
  return {
    send: () => void client.write(from.seal(message)),
    socket: client,
    received: () => received,
    dispose: () => {
      for (const socket of [client, server]) socket.destroy()
      for (const session of [from, to]) session[Symbol.dispose]()
    },
  } satisfies Stream
}
