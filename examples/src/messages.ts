import type { Socket } from 'node:net'
import { readBytes } from './read-bytes.js'

const MAX_LENGTH = 65_536

/** Sends a message as Windows' sample does: its length as a DWORD, and itself. */
export function sendMessage(socket: Socket, message: Uint8Array): void {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(message.length)
  socket.write(Buffer.concat([length, message]))
}

/** The next message of the peer. */
export async function receiveMessage(socket: Socket): Promise<Uint8Array> {
  const length = (await readBytes(socket, 4)).readUInt32LE()
  if (length > MAX_LENGTH) throw new Error(`a message of ${length} bytes`)
  return readBytes(socket, length)
}
