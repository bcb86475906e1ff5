// A client and a server that talk over TCP, authenticated, encrypted and signed, with every failure looked after.
import { initSecurityInterface, passwordCredential, SspiError } from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import { connect, createServer, type SecureServer } from 'sspi/net'

const PACKAGE = 'Negotiate'
const HOST = '127.0.0.1'

/** A server that greets its clients by name and repeats what they say. */
async function serve(): Promise<SecureServer> {
  const accounts = memoryAccounts([{ user: 'alice', password: 'correct horse' }])
  const sspi = initSecurityInterface({ accounts })
  const server = createServer({ sspi, package: PACKAGE, idleTimeoutSeconds: 60 }, (stream) => {
    stream.on('error', (error) => console.error(`server: lost a client: ${describe(error)}`))
    stream.write(`Hello, ${stream.peer?.name ?? 'stranger'}. You said: `)
    stream.pipe(stream) // and when the client ends, so does this side
  })
  server.on('refused', (error) => console.error(`server: refused a client: ${describe(error)}`))
  return server.listen({ port: 0, host: HOST })
}

/** Says something to a server; returns all that it answers. */
async function say(port: number, password: string, text: string): Promise<string> {
  const sspi = initSecurityInterface() // as in another process: it shares nothing with the server
  const credentials = passwordCredential({ user: 'alice', password })
  const stream = await connect({ sspi, package: PACKAGE, credentials, host: HOST, port, target: 'host/server' })
  stream.end(text)
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk as Uint8Array)
  return `${Buffer.concat(chunks).toString()} (${stream.mechanism}: ${stream.achieved.join(', ')})`
}

/** Runs both; returns what the client has to tell, line by line. */
export async function run(): Promise<string[]> {
  const server = await serve()
  try {
    const told = [await say(server.port, 'correct horse', 'attack at dawn')]
    try {
      told.push(await say(server.port, 'battery staple', 'let me in'))
    } catch (error) {
      told.push(`wrong password: ${describe(error)}`)
    }
    return told
  } finally {
    await server.close()
  }
}

function describe(error: unknown): string {
  if (error instanceof SspiError) return `${error.code} (${error.message})`
  return error instanceof Error ? error.message : String(error)
}

if (import.meta.filename === process.argv[1]) {
  for (const line of await run()) console.log(line)
}
