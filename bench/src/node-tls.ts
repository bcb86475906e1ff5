import { once } from 'node:events'
import { connect, createSecureContext, TLSSocket, type SecureContext } from 'node:tls'
import type { Figures } from './gssbench.js'
import { rateAsync } from './measure.js'
import {
  readCertificates,
  RECORD_SIZES,
  socketPair,
  streamRate,
  TLS_HOST,
  type Stream,
  type TlsSuite,
} from './tls-pair.js'

interface Contexts {
  readonly client: SecureContext
  readonly server: SecureContext
}

/**
 * The same of the TLS that Node itself has. It has no records without a socket: beside a message that is sealed and opened stands
 * one that is written and awaited at the other end.
 */
export async function nodeTlsFigures(suite: TlsSuite, seconds: number): Promise<Figures> {
  const contexts = contextsOf(suite)
  const establish = async (): Promise<void> => {
    for (const socket of await tlsPair(contexts)) socket.destroy()
  }
  const figures = new Map([['establish', await rateAsync(seconds, establish)]])
  for (const size of RECORD_SIZES) {
    const message = new Uint8Array(size).fill(0x78)
    figures.set(`seal ${size}`, await oneByOne(contexts, message, seconds))
    figures.set(`stream ${size}`, await streamRate(await openStream(contexts, message), size, seconds))
  }
  return figures
}

function contextsOf({ opensslName, version }: TlsSuite): Contexts {
  const { root, certificate, privateKey } = readCertificates()
  const common = { ca: root, ciphers: opensslName, minVersion: version, maxVersion: version }
  return {
    client: createSecureContext(common),
    server: createSecureContext({ ...common, cert: certificate, key: privateKey }),
  }
}

async function tlsPair({ client: ofClient, server: ofServer }: Contexts): Promise<readonly [TLSSocket, TLSSocket]> {
  const [near, far] = await socketPair()
  const server = new TLSSocket(far, { isServer: true, secureContext: ofServer })
  const client = connect({ socket: near, servername: TLS_HOST, secureContext: ofClient })
  await Promise.all([once(server, 'secure'), once(client, 'secureConnect')])
  return [client, server]
}

async function oneByOne(contexts: Contexts, message: Uint8Array, seconds: number): Promise<number> {
  const [client, server] = await tlsPair(contexts)
  let expected = 0
  let arrived = (): void => undefined
  server.on('data', (data: Buffer) => {
    expected -= data.length
    if (expected === 0) arrived()
  })
  const pass = (): Promise<void> =>
    new Promise((resolve) => {
      expected = message.length
      arrived = resolve
      client.write(message)
    })
  try {
    return await rateAsync(seconds, pass, seconds / 5)
  } finally {
    for (const socket of [client, server]) socket.destroy()
  }
}

async function openStream(contexts: Contexts, message: Uint8Array) {
  const [client, server] = await tlsPair(contexts)
  let received = 0
  server.on('data', (data: Buffer) => (received += data.length))
  return {
    send: () => void client.write(message),
    socket: client,
    received: () => received,
    dispose: () => {
      for (const socket of [client, server]) socket.destroy()
    },
  } satisfies Stream
}
