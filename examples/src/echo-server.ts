// examples/src/echo-server.ts
import type { CredentialValue, SecurityFunctionTable } from 'sspi'
import { createServer, type SecureServer } from 'sspi/net'

/** Repeats what alice says, over an encrypted connection. */
export async function startEchoServer(
  sspi: SecurityFunctionTable,
  credentials: CredentialValue,
): Promise<SecureServer> {
  const authorize = ({ name }: { readonly name: string }) => name === 'alice'
  const server = createServer({ sspi, package: 'Negotiate', credentials, authorize }, (stream) => {
    stream.on('error', () => stream.destroy())
    stream.pipe(stream)
  })
  server.on('refused', () => undefined) // a real one writes it to its log
  return server.listen({ port: 0, host: '127.0.0.1' })
}
