import { once } from 'node:events'
import { connect } from 'node:net'
import { readBytes } from './read-bytes.js'

/** Tokens over TCP, each a letter `T`, its length in four bytes, and itself; how you frame yours is your protocol's affair. */
export interface TokenStream extends AsyncDisposable {
  send(token: Uint8Array): void
  /** The next token. Rejects when the peer sends anything else, or closes. */
  receive(): Promise<Uint8Array>
}

const HEADER_LENGTH = 5
const MAX_TOKEN_LENGTH = 65_536

/** Connects to a server. */
export async function openTokens(host: string, port: number): Promise<TokenStream> {
  const socket = connect(port, host)
  await once(socket, 'connect')
  return {
    send: (token) => {
      const header = Buffer.alloc(HEADER_LENGTH, 'T')
      header.writeUInt32BE(token.length, 1)
      socket.write(Buffer.concat([header, token]))
    },
    receive: async () => {
      const header = await readBytes(socket, HEADER_LENGTH)
      const length = header.readUInt32BE(1)
      if (header[0] !== 0x54 || length > MAX_TOKEN_LENGTH) {
        throw new Error('the server sent something else than a token')
      }
      return readBytes(socket, length)
    },
    [Symbol.asyncDispose]: async () => {
      socket.end()
      socket.destroySoon()
      await once(socket, 'close')
    },
  }
}
