import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { initSecurityInterface, SECPKG_CRED_OUTBOUND, type SecurityFunctionTable } from 'sspi'
import { createClient } from 'sspi/http'
import { ccacheCredential, loadKrb5Conf } from 'sspi/krb5'
import type { Figures, Workshop } from './gssbench.js'
import type { Subject } from './subject.js'

const PROCESS = fileURLToPath(new URL('./http-process.js', import.meta.url))
const TARGET = 'HTTP/localhost'
const ENCTYPE = 'aes256-cts-hmac-sha1-96'
const CONNECTIONS = 4
/** More than any server here takes in a second. */
const TOKENS_PER_SECOND = 15_000
/** V8 compiles what has run some thousand times. */
const WARM_UP_REQUESTS = 6_000
const run = promisify(execFile)

/** Requests with Kerberos: our server beside Apache, and beside Node's own server without; our client beside Node's own. */
export function httpSubjects({ folder, apache }: Workshop): readonly Subject[] {
  const ofApache = async (path: string, seconds: number): Promise<Figures> =>
    typeof apache === 'string'
      ? new Map()
      : requestsOf(await benchmark({ folder, port: apache, path, seconds, tokens: 'each' }))
  const server = [
    {
      name: 'HTTP server, a token each',
      peer: 'Apache mod_auth_gssapi',
      ours: (seconds: number) => ofOurs(folder, '/each', seconds, 'each'),
      theirs: (_: unknown, seconds: number) => ofApache('/file/', seconds),
    },
    {
      name: 'HTTP server, a token for a connection',
      peer: 'node:http, nobody asked',
      ours: (seconds: number) => ofOurs(folder, '/bound', seconds, 'first'),
      theirs: (_: unknown, seconds: number) => ofOurs(folder, '/plain', seconds, 'none'),
    },
  ]
  if (typeof apache === 'string') return server
  const client = {
    name: 'HTTP client at Apache, a token each',
    peer: 'node:http, nobody asked',
    ours: async (seconds: number) => requestsOf(await ourClientRate(folder, apache, seconds)),
    theirs: async (_: unknown, seconds: number) => requestsOf(await nodeClientRate(apache, seconds)),
  }
  return [...server, client]
}

const requestsOf = (rate: number): Figures => new Map([['requests', rate]])

// ---------------------------------------------------------------- servers

type Tokens = 'none' | 'first' | 'each'

/** Requests per second of our server, in a process of its own. */
async function ofOurs(folder: string, path: string, seconds: number, tokens: Tokens): Promise<Figures> {
  const child = spawn(process.execPath, [PROCESS, join(folder, 'service.keytab')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  try {
    const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
    await benchmark({ folder, port: Number(port), path, tokens, requests: WARM_UP_REQUESTS })
    return requestsOf(await benchmark({ folder, port: Number(port), path, seconds, tokens }))
  } finally {
    child.stdin.end()
    await once(child, 'close')
  }
}

interface Load {
  readonly folder: string
  readonly port: number
  readonly path: string
  readonly tokens: Tokens
  /** How long. */
  readonly seconds?: number
  /** How many, where the time does not count. */
  readonly requests?: number
}

/** Requests per second under a load. */
async function benchmark({ folder, port, path, tokens, seconds = 0, requests = 0 }: Load): Promise<number> {
  const options: Record<string, string | number> = { port, path, connections: CONNECTIONS, seconds, requests }
  if (tokens !== 'none') {
    const count = tokens === 'first' ? CONNECTIONS : Math.max(requests, Math.ceil(TOKENS_PER_SECOND * seconds))
    options['tokens'] = join(folder, 'tokens')
    options['first'] = tokens === 'first' ? 1 : 0
    writeFileSync(join(folder, 'tokens'), `${(await makeTokens(folder, count)).join('\n')}\n`)
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const { stdout } = await run(join(folder, 'httpbench'), args)
  return Number((JSON.parse(stdout) as Readonly<Record<string, unknown>>)['per_s']) // its own output
}

/** Fresh first tokens of Negotiate, each good for one request. */
async function makeTokens(folder: string, count: number): Promise<readonly string[]> {
  const sspi = await interfaceOf(folder)
  const { credential: credentials } = await sspi.acquireCredentialsHandle({
    package: 'Negotiate',
    credentialUse: SECPKG_CRED_OUTBOUND,
    authData: await tickets(folder),
  })
  const tokens: string[] = []
  for (let made = 0; made < count; made++) {
    const exchange = sspi.initiate({ package: 'Negotiate', credentials, target: TARGET })
    const { token } = await exchange.step()
    tokens.push(Buffer.from(token ?? new Uint8Array()).toString('base64'))
    exchange[Symbol.dispose]()
  }
  return tokens
}

const interfaceOf = async (folder: string): Promise<SecurityFunctionTable> =>
  initSecurityInterface({ krb5: await loadKrb5Conf(join(folder, `${ENCTYPE}.conf`)) })

const tickets = (folder: string) => ccacheCredential(`FILE:${join(folder, `${ENCTYPE}.cc`)}`, { keepNewTickets: false })

// ---------------------------------------------------------------- clients

async function ourClientRate(folder: string, port: number, seconds: number): Promise<number> {
  const sspi = await interfaceOf(folder)
  await using client = createClient({ sspi, credentials: await tickets(folder), preemptive: 'always' })
  return await rateOf(seconds, async () => {
    const response = await client.fetch(`http://localhost:${port}/file/`)
    if (response.status !== 200) throw new Error(`Apache: ${response.status}`)
    await response.arrayBuffer()
  })
}

async function nodeClientRate(port: number, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  try {
    return await rateOf(seconds, async () => {
      const [response] = (await once(get({ port, path: '/', agent }), 'response')) as [IncomingMessage]
      if (response.statusCode !== 200) throw new Error(`Apache: ${response.statusCode ?? 0}`)
      await once(response.resume(), 'end')
    })
  } finally {
    agent.destroy()
  }
}

/** How often a second a request is answered, with several under way. */
async function rateOf(seconds: number, request: () => Promise<void>): Promise<number> {
  let count = 0
  const repeatWhile = async (goesOn: () => boolean): Promise<void> => {
    const loop = async (): Promise<void> => {
      while (goesOn()) {
        await request()
        count++
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, loop))
  }
  await repeatWhile(() => count < WARM_UP_REQUESTS)
  count = 0
  const start = performance.now()
  await repeatWhile(() => performance.now() - start < seconds * 1000)
  return count / ((performance.now() - start) / 1000)
}
