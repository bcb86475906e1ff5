import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** What a daemon says to one request: bytes as they go over the socket, or nothing at all. */
export type Answer = Uint8Array | undefined

/** A socket at which requests are answered by a script, until the test is over. */
export async function kcmSocket(
  context: TestContext,
  answer: (operation: number, parameters: Buffer) => Answer,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-kcm-'))
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const request = received.subarray(4, 4 + received.readUInt32BE(0))
        received = received.subarray(4 + request.length)
        const reply = answer(request.readUInt16BE(2), request.subarray(4))
        if (reply !== undefined) socket.write(reply)
      }
    })
  })
  const path = join(folder, 'socket')
  await new Promise<void>((resolve) => server.listen(path, resolve))
  context.after(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await rm(folder, { recursive: true })
  })
  return path
}

/** A reply: length, status of the transport, status, and the rest. */
export function reply(rest: Uint8Array = new Uint8Array(0), status = 0): Uint8Array {
  const head = Buffer.alloc(12)
  head.writeUInt32BE(4 + rest.length, 0)
  head.writeInt32BE(status, 8)
  return Buffer.concat([head, rest])
}

/** The status of a refusal, by its code of the error table `krb5`. */
export function refusal(code: number): Uint8Array {
  return reply(undefined, code)
}

const GONE = -1_765_328_189
const INTERNAL = -1_765_328_188

/**
 * A daemon that keeps caches, as Heimdal's and SSSD's do.
 *
 * @param mit - Whether it knows MIT's operations, which take and give all tickets at once.
 */
export function keepingDaemon(mit: boolean): (operation: number, parameters: Buffer) => Answer {
  const caches = new Map<string, { principal: Buffer; credentials: Buffer[]; offset: number }>()
  let [primary, generated] = ['0', 0]
  const uuidOf = (number: number): Buffer => Buffer.alloc(16, number + 1)
  return (operation, parameters) => {
    const end = parameters.indexOf(0)
    const name = parameters.toString('utf8', 0, Math.max(end, 0))
    const rest = parameters.subarray(end + 1)
    const cache = caches.get(name)
    const named = (text: string): Uint8Array => reply(Buffer.from(`${text}\0`))
    switch (operation) {
      case 3:
        return named(`0:${++generated}`)
      case 4:
        caches.set(name, { principal: Buffer.from(rest), credentials: [], offset: 0 })
        return reply()
      case 5:
        return caches.delete(name) ? reply() : refusal(GONE)
      case 6:
        cache?.credentials.push(Buffer.from(rest))
        return cache === undefined ? refusal(GONE) : reply()
      case 8:
        return cache === undefined ? refusal(GONE) : reply(cache.principal)
      case 9:
        return reply(Buffer.concat((cache?.credentials ?? []).map((_, at) => uuidOf(at))))
      case 10:
        return reply(cache?.credentials[(rest[0] ?? 0) - 1])
      case 18:
        return reply(Buffer.concat([...caches.keys()].map((_, at) => uuidOf(at))))
      case 19:
        return named([...caches.keys()][(parameters[0] ?? 0) - 1] ?? '')
      case 20:
        return named(primary)
      case 21:
        primary = name
        return reply()
      case 22: {
        const offset = Buffer.alloc(4)
        offset.writeInt32BE(cache?.offset ?? 0)
        return reply(offset)
      }
      case 23:
        if (cache !== undefined) cache.offset = rest.readInt32BE(0)
        return reply()
    }
    if (!mit) return refusal(INTERNAL)
    const length = Buffer.alloc(4)
    switch (operation) {
      case 13_001: {
        length.writeUInt32BE(cache?.credentials.length ?? 0)
        const parts = (cache?.credentials ?? []).flatMap((credential) => {
          const size = Buffer.alloc(4)
          size.writeUInt32BE(credential.length)
          return [size, credential]
        })
        return reply(Buffer.concat([length, ...parts]))
      }
      case 13_002: {
        // The principal ends with its last component; its parts are counted.
        let at = 8
        for (let left = rest.readUInt32BE(8) + 1, skip = 12; left > 0; left--) at = skip += 4 + rest.readUInt32BE(skip)
        const principal = Buffer.from(rest.subarray(4, at))
        const credentials: Buffer[] = []
        for (let left = rest.readUInt32BE(at), skip = at + 4; left > 0; left--) {
          const size = rest.readUInt32BE(skip)
          credentials.push(Buffer.from(rest.subarray(skip + 4, skip + 4 + size)))
          skip += 4 + size
        }
        caches.set(name, { principal, credentials, offset: rest.readInt32BE(0) })
        return reply()
      }
    }
    return refusal(INTERNAL)
  }
}
