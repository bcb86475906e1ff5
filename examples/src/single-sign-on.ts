// examples/src/single-sign-on.ts
import express, { type Express } from 'express'
import { initSecurityInterface } from 'sspi'
import {
  authenticated,
  createHttpAuthenticator,
  expressAuthentication,
  type HttpAuthenticator,
  type HttpAuthenticatorOptions,
} from 'sspi/http'
import { keytabFileCredential, loadDefaultKrb5Conf } from 'sspi/krb5'
import { pathToFileURL } from 'node:url'
import { whoPage } from './who-page.js'

/** A web site that knows who looks at it, without asking whoever has logged on to the domain. */
export function singleSignOn(options: HttpAuthenticatorOptions): { app: Express; authenticator: HttpAuthenticator } {
  const authenticator = createHttpAuthenticator({
    schemes: ['Negotiate', 'NTLM', 'Digest'],
    refusalPage: () => ({ type: 'text/html; charset=utf-8', body: whoPage(undefined) }),
    ...options,
  })
  const app = express()
  app.disable('x-powered-by')
  app.get('/health', (_request, response) => void response.send('ok')) // for everybody
  app.use(expressAuthentication(authenticator)) // what is below is for who has logged on
  app.get('/', (request, response) => {
    const { logOn } = authenticated(request)
    response.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
    response.set('Cache-Control', 'no-store')
    response.send(whoPage(logOn))
  })
  app.get('/who', (request, response) => {
    const { user, logOn } = authenticated(request)
    response.json({ user: user.qualifiedName, groups: user.user.groups, mechanism: logOn.mechanism, from: logOn.from })
  })
  return { app, authenticator }
}

// SERVICE_KEYTAB=/etc/http.keytab PORT=8080 node single-sign-on.js
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { SERVICE_KEYTAB = '/etc/krb5.keytab', ADDRESS = '127.0.0.1', PORT = '8080' } = process.env
  const sspi = initSecurityInterface({ krb5: await loadDefaultKrb5Conf() }) // KRB5_CONFIG, else /etc/krb5.conf
  const { app } = singleSignOn({
    sspi,
    schemes: ['Negotiate'],
    credentials: keytabFileCredential(SERVICE_KEYTAB),
    onRefused: (error) => console.error(error.message),
  })
  const server = app.listen(Number(PORT), ADDRESS, () => console.log(`listening on port ${PORT}`))
  process.once('SIGTERM', () => server.close())
}
