import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Figures } from './gssbench.js'

/** The realm of our KDC, in which kdcbench asks. */
export const BENCH_REALM = 'BENCH.TEST'
/** Who logs on there, without pre-authentication. */
export const BENCH_USER = 'bob'
/** The user's password, nobody's secret. */
export const BENCH_PASSWORD = 'bench-password'
/** For what tickets are asked. */
export const BENCH_SERVICE = 'HTTP/localhost'

const PROCESS = fileURLToPath(new URL('./kdc-process.js', import.meta.url))
const run = promisify(execFile)

/** Tickets per second of our KDC, in a process of its own. */
export async function ourKdcFigures(folder: string, seconds: number): Promise<Figures> {
  const child = spawn(process.execPath, [PROCESS], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const conf = join(folder, 'ours.conf')
    writeFileSync(conf, krb5Conf(BENCH_REALM, Number(line)))
    return await figures({ folder, seconds, conf, port: Number(line), user: BENCH_USER, password: BENCH_PASSWORD })
  } finally {
    child.stdin.end()
    await once(child, 'close')
  }
}

/** The same of MIT's, which the workshop has brought up: `bob` of its realm needs no pre-authentication. */
export async function mitKdcFigures(folder: string, conf: string, seconds: number): Promise<Figures> {
  const port = Number(/MIT\.TEST = \{\s*kdc = 127\.0\.0\.1:(\d+)/.exec(readFileSync(conf, 'utf8'))?.[1])
  return figures({
    folder,
    seconds,
    conf,
    port,
    user: BENCH_USER,
    password: process.env['LAB_PASSWORD'] ?? 'Passw0rd-1',
  })
}

/** V8 has compiled what answers them after some thousand; the peer comes compiled. */
const WARM_UP_REQUESTS = 4_000

interface Run {
  readonly folder: string
  readonly seconds: number
  readonly conf: string
  readonly port: number
  readonly user: string
  readonly password: string
}

async function figures({ folder, seconds, conf, port, user, password }: Run): Promise<Figures> {
  const env = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: 'MEMORY:' }
  const found = new Map<string, number>()
  for (const test of ['as', 'tgs']) {
    const one = async (count: number): Promise<number> => {
      const of = ['--port', String(port), '--user', user, '--password', password, '--service', BENCH_SERVICE]
      const { stdout } = await run(join(folder, 'kdcbench'), [test, ...of, '--count', String(count)], { env })
      return Number((JSON.parse(stdout) as Readonly<Record<string, unknown>>)['per_s']) // its own output
    }
    // As many as take about the time that is wanted: the requests are made before.
    await one(WARM_UP_REQUESTS)
    const first = await one(200)
    found.set(test.toUpperCase(), await one(Math.max(200, Math.round(first * seconds))))
  }
  return found
}

function krb5Conf(realm: string, port: number): string {
  return `[libdefaults]
 default_realm = ${realm}
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
 permitted_enctypes = aes256-cts-hmac-sha1-96
[realms]
 ${realm} = {
  kdc = 127.0.0.1:${port}
 }
[domain_realm]
 localhost = ${realm}
`
}
