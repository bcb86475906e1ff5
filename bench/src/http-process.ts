// A web server in a process of its own, for the benchmarks: `/plain` asks for nothing, `/each` wants a token with each request,
// `/bound` one for a connection. Arguments: its keytab. Prints its port, and serves until its input ends.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { initSecurityInterface } from 'sspi'
import { createHttpAuthenticator, type HttpAuthenticator } from 'sspi/http'
import { keytabFileCredential } from 'sspi/krb5'

const [, , keytab = ''] = process.argv
const sspi = initSecurityInterface()
const credentials = keytabFileCredential(keytab)
const places: ReadonlyMap<string, HttpAuthenticator> = new Map([
  ['/each', createHttpAuthenticator({ sspi, credentials, persist: 'none' })],
  ['/bound', createHttpAuthenticator({ sspi, credentials, persist: 'all' })],
])
const BODY = 'ok\n'

const server = createServer((request, response) => {
  const authenticator = places.get(request.url ?? '')
  if (authenticator === undefined) response.end(BODY)
  else {
    void authenticator.authenticate(request, response).then((client) => {
      if (client !== undefined) response.end(BODY)
    })
  }
})
// httpbench leaves a connection when it ends, never before.
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.stdout.write(`${(server.address() as AddressInfo).port}\n`) // TCP
process.stdin.resume()
await once(process.stdin, 'end')
server.closeAllConnections()
server.close()
