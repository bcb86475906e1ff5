import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { createServer as createHttp2Server, connect } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import {
  authenticated,
  createHttpAuthenticator,
  expressAuthentication,
  fastifyAuthentication,
  honoAuthentication,
  koaAuthentication,
  passportStrategy,
  type ConnectMiddleware,
  type FastifyLike,
  type FastifyRequestLike,
  type HonoContextLike,
  type HonoMiddleware,
  type HttpAuthenticator,
  type HttpLogOn,
  type KoaContextLike,
  type KoaMiddleware,
  type PassportStrategy,
} from '../../../src/http/index.js'
import type { AccessToken } from '../../../src/sspi/index.js'
import { createTestDomain, type TestDomain } from '../../../src/testing/index.js'
import { logOn } from './client.js'
import { SERVICE } from './site.js'
import { Wire } from './wire.js'

// The real frameworks, which bring no types of their own or more than is needed here.
const load = createRequire(import.meta.url)

interface ExpressApp extends RequestListener {
  use(...args: readonly unknown[]): void
}
type ExpressLike = () => ExpressApp
type Listen = (authenticator: HttpAuthenticator) => Promise<Server> | Server

const hello = (user: AccessToken, how: HttpLogOn): string => `${user.user.name} by ${how.mechanism} from ${how.from}`
const say = (request: IncomingMessage, response: ServerResponse): void => {
  const { user, logOn } = authenticated(request)
  response.end(hello(user, logOn))
}

function expressSite(name: string): Listen {
  return (authenticator) => {
    const app = (load(name) as ExpressLike)()
    const middleware: ConnectMiddleware = expressAuthentication(authenticator)
    app.use('/mounted', middleware, say)
    app.use(middleware, say)
    return createServer(app)
  }
}

function passportSite(authenticator: HttpAuthenticator): Server {
  const passport = load('passport') as {
    use(strategy: PassportStrategy): void
    authenticate(name: string, options: object): ConnectMiddleware
  }
  passport.use(passportStrategy(authenticator))
  const app = (load('express') as ExpressLike)()
  app.use(passport.authenticate('sspi', { session: false }))
  app.use((request: { user: AccessToken; authInfo: HttpLogOn }, response: ServerResponse) => {
    response.end(hello(request.user, request.authInfo))
  })
  return createServer(app)
}

async function fastifySite(authenticator: HttpAuthenticator): Promise<Server> {
  const fastify = load('fastify') as (options?: object) => FastifyLike & {
    readonly server: Server
    register(plugin: unknown): Promise<void>
    get(path: string, handler: (request: FastifyRequestLike) => Promise<string>): void
    ready(): Promise<void>
  }
  const app = fastify()
  await app.register(fastifyAuthentication(authenticator))
  app.get('/*', async (request) => {
    const { user, logOn } = authenticated(request)
    return hello(user, logOn)
  })
  await app.ready()
  return app.server
}

function koaSite(name: string): Listen {
  return (authenticator) => {
    const Koa = load(name) as new () => { use(middleware: KoaMiddleware): void; callback(): RequestListener }
    const app = new Koa()
    app.use(koaAuthentication(authenticator))
    app.use(async (context: KoaContextLike) => {
      const { user, logOn } = context.state as { user: AccessToken; logOn: HttpLogOn }
      context.body = hello(user, logOn)
    })
    return createServer(app.callback())
  }
}

function honoSite(authenticator: HttpAuthenticator): Server {
  const { Hono } = load('hono') as {
    Hono: new () => {
      readonly fetch: unknown
      use(middleware: HonoMiddleware): void
      get(
        path: string,
        handler: (context: HonoContextLike & { get(name: string): unknown; text(body: string): Response }) => Response,
      ): void
    }
  }
  const node = load('@hono/node-server') as { createAdaptorServer(options: object): Server }
  const app = new Hono()
  app.use(honoAuthentication(authenticator))
  app.get('/*', (context) => context.text(hello(context.get('user') as AccessToken, context.get('logOn') as HttpLogOn)))
  return node.createAdaptorServer({ fetch: app.fetch })
}

const sites: Readonly<Record<string, Listen>> = {
  'Express 5': expressSite('express'),
  'Express 4': expressSite('express-4'),
  'Passport on Express': passportSite,
  Fastify: fastifySite,
  'Koa 3': koaSite('koa'),
  'Koa 2': koaSite('koa-2'),
  Hono: honoSite,
}

/** A site in a framework. */
async function open(
  listen: Listen,
): Promise<AsyncDisposable & { domain: TestDomain; port: number; halfOpen: () => number }> {
  const domain = createTestDomain({ users: ['alice', 'bob'], services: [SERVICE] })
  const authenticator = createHttpAuthenticator({
    sspi: domain.sspi(),
    credentials: domain.serviceCredential(SERVICE),
    schemes: ['Negotiate', 'NTLM', 'Digest'],
  })
  const server = await listen(authenticator)
  server.keepAliveTimeout = 0
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    authenticator[Symbol.dispose]()
    await domain[Symbol.asyncDispose]()
  }
  const { port } = server.address() as AddressInfo
  return { domain, port, halfOpen: () => authenticator.halfOpen, [Symbol.asyncDispose]: close }
}

for (const [name, listen] of Object.entries(sites)) {
  suite(name, () => {
    test('a request without credentials is answered, with each challenge in a field of its own', async () => {
      await using site = await open(listen)
      using wire = await Wire.open(site.port, false)
      const answer = await wire.ask({ 'Content-Length': '4' }, '/form', 'POST', 'body')
      assert.equal(answer.status, 401)
      assert.deepEqual(
        answer.field('WWW-Authenticate').map((each) => each.split(' ', 1)[0]),
        ['Negotiate', 'NTLM', 'Digest', 'Digest'],
      )
      assert.equal((await wire.ask()).status, 401)
    })

    test('Kerberos lets a request in, with the server’s proof', async () => {
      await using site = await open(listen)
      using wire = await Wire.open(site.port, false)
      const answer = await logOn(site, wire)
      assert.equal(answer.body, 'alice by Kerberos from exchange')
      assert.match(answer.field('WWW-Authenticate').join(), /^Negotiate [\w+/]+=*$/)
      assert.equal((await wire.ask()).status, 401)
    })

    test('NTLM lets the connection in; a second identity takes its place or leaves nobody', async () => {
      await using site = await open(listen)
      using wire = await Wire.open(site.port, false)
      assert.equal((await logOn(site, wire, { scheme: 'NTLM' })).body, 'alice by NTLM from exchange')
      assert.equal((await wire.ask()).body, 'alice by NTLM from connection')
      assert.equal((await logOn(site, wire, { scheme: 'NTLM', user: 'bob' })).body, 'bob by NTLM from exchange')
      assert.equal((await logOn(site, wire, { scheme: 'NTLM', password: 'wrong' })).status, 401)
      assert.equal((await wire.ask()).status, 401)
      assert.equal(site.halfOpen(), 0)
    })

    test('Digest lets a request in for the target that it was made for', async () => {
      await using site = await open(listen)
      using wire = await Wire.open(site.port, false)
      const uri = name.startsWith('Express') ? '/mounted/page?a=b' : '/page?a=b'
      const [challenge = ''] = (await wire.ask({}, uri))
        .field('WWW-Authenticate')
        .filter((each) => each.startsWith('Digest'))
      using client = site.domain.sspi().initiate({
        package: 'WDigest',
        credentials: { user: 'alice', password: site.domain.passwordOf('alice') },
        http: { method: 'GET', uri },
      })
      const { token } = await client.step(new Uint8Array(Buffer.from(challenge, 'latin1')))
      const Authorization = `Digest ${Buffer.from(token ?? []).toString('latin1')}`
      const answer = await wire.ask({ Authorization }, uri)
      assert.equal(answer.body, 'alice by WDigest from exchange')
      assert.equal(answer.field('Authentication-Info').length, 1)
    })
  })
}

test('a request that no middleware has seen is of nobody', () => {
  assert.throws(() => authenticated({}), { code: 'SEC_E_NO_IMPERSONATION' })
})

test('Fastify and Koa tell clients of HTTP/2 that want NTLM to come by HTTP/1.1', async (t) => {
  const domain = createTestDomain({ users: ['alice'] })
  await using _domain = domain
  using authenticator = createHttpAuthenticator({ sspi: domain.sspi(), schemes: ['NTLM'] })
  const fastify = load('fastify') as (options: object) => FastifyLike & {
    readonly server: Server
    register(plugin: unknown): Promise<void>
    ready(): Promise<void>
  }
  const app = fastify({ http2: true })
  await app.register(fastifyAuthentication(authenticator))
  await app.ready()
  const Koa = load('koa') as new () => { use(middleware: KoaMiddleware): void; callback(): RequestListener }
  const koa = new Koa()
  koa.use(koaAuthentication(authenticator))
  for (const server of [app.server, createHttp2Server(koa.callback() as never)]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    t.after(async () => {
      session.destroy()
      server.close()
      await once(server, 'close')
    })
    const stream = session.request({ ':path': '/' })
    stream.on('error', () => {}) // rstCode says it
    await new Promise((resolve) => stream.on('close', resolve))
    assert.equal(stream.rstCode, 0xd)
  }
})
