// A client and a server that talk over TCP, authenticated, encrypted and signed, with every failure looked after.
import { text } from 'node:stream/consumers'
import { initSecurityInterface, passwordCredential, SspiError } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { connect, createServer, type SecureServer } from 'sspi/net'

const host = '127.0.0.1'

/** A server that greets its clients by name and repeats what they say. */
export async function serve(): Promise<SecureServer> {
  const sspi = initSecurityInterface({ accounts: memoryAccounts([{ user: 'alice', password: 'correct horse' }]) })
  const server = createServer({ sspi, package: 'Negotiate', idleTimeoutSeconds: 60 }, (stream) => {
    stream.on('error', (error) => console.error('server: lost a client:', error.message))
    stream.write(`Hello, ${stream.peer?.name ?? 'stranger'}. You said: `)
    stream.pipe(stream) // and when the client ends, so does this side
  })
  server.on('refused', (error) => console.error('server: refused a client:', error))
  return server.listen({ port: 0, host })
}

/** Says something to a server; returns all that it answers. */
export async function say(port: number, password: string, words: string): Promise<string> {
  const sspi = initSecurityInterface() // as in another process: it shares nothing with the server
  const credentials = passwordCredential({ user: 'alice', password })
  const stream = await connect({ sspi, package: 'Negotiate', credentials, host, port, target: 'host/server' })
  stream.end(words)
  return `${await text(stream)} (${stream.mechanism}: ${stream.achieved.join(', ')})`
}

if (import.meta.filename === process.argv[1]) {
  const server = await serve()
  for (const password of ['correct horse', 'battery staple']) {
    const refused = (error: unknown): string => (error instanceof SspiError ? error.code : String(error))
    console.log(await say(server.port, password, 'attack at dawn').catch(refused))
  }
  await server.close()
}
