// The middleware against the types of the frameworks themselves: those that bring their own.
import { Hono } from 'hono'
import type { HttpBindings } from '@hono/node-server'
import fastify from 'fastify'
import {
  createHttpAuthenticator,
  fastifyAuthentication,
  honoAuthentication,
  type HonoVariables,
} from '../../src/http/index.js'
import { initSecurityInterface } from '../../src/system/index.js'

const authenticator = createHttpAuthenticator({ sspi: initSecurityInterface() })

fastify().register(fastifyAuthentication(authenticator))

const app = new Hono<{ Bindings: HttpBindings; Variables: HonoVariables }>()
app.use(honoAuthentication(authenticator))
app.get('/', (context) => context.text(context.get('user').qualifiedName))
// @ts-expect-error: who it is stands in `user`
app.get('/', (context) => context.text(context.get('name')))
