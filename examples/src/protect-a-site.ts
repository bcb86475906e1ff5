// examples/src/protect-a-site.ts
import { createServer, type Server } from 'node:http'
import { pathToFileURL } from 'node:url'
import { initSecurityInterface } from 'sspi'
import { createHttpAuthenticator, type HttpAuthenticatorOptions } from 'sspi/http'
import { keytabFileCredential } from 'sspi/krb5'

/** A site that knows its clients; with `node:https` it is the same. Tickets with many groups need the room for long fields. */
export function protectedSite(options: HttpAuthenticatorOptions): Server {
  const authenticator = createHttpAuthenticator(options)
  return createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    void authenticator.authenticate(request, response).then((client) => {
      if (client === undefined) return // it has been answered: 401, 400, 403 or 503
      response.end(`hello ${client.user.qualifiedName}\n`)
    })
  })
}

// SERVICE_KEYTAB=/etc/http.keytab node protect-a-site.js
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const credentials = keytabFileCredential(process.env['SERVICE_KEYTAB'] ?? '/etc/krb5.keytab') // of HTTP/www.example.com
  protectedSite({ sspi: initSecurityInterface(), credentials }).listen(8080)
}
