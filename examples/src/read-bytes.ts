import { once } from 'node:events'
import type { Socket } from 'node:net'

/** The next bytes of a connection, so many of them. Rejects when it closes before. */
export async function readBytes(socket: Socket, length: number): Promise<Buffer> {
  if (length === 0) return Buffer.alloc(0)
  for (;;) {
    const piece = socket.read(length) as Buffer | null
    if (piece?.length === length) return piece
    if (socket.readableEnded || piece !== null) throw new Error('the peer closed the connection')
    await once(socket, 'readable')
  }
}
