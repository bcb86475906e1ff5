import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestDomain, type TestDomain } from 'sspi/testing'
import { noShell, Shell, shellBlocks } from './shell-blocks.js'

const SERVICE = 'HTTP/localhost'
/** Somebody whom the system's list of users does not have, as in containers: root can be that. Without HOME, too. */
const UNLISTED = process.getuid?.() === 0 ? 54_321 : undefined
const noOtherUser = UNLISTED === undefined && 'to become a user without a name takes root'

/** A domain, and a folder as a container has it mounted: files alone, and nothing but the cache is ever written. */
async function mounted(t: TestContext): Promise<{ domain: TestDomain; env: Record<string, string>; folder: string }> {
  const domain = createTestDomain({ users: ['robot'], services: [SERVICE] })
  t.after(() => domain[Symbol.asyncDispose]())
  const listeners = await domain.listen()
  const { folder } = listeners
  const mount = async (from: string, name: string): Promise<string> => {
    const path = join(folder, name)
    await copyFile(from, path)
    await chmod(path, 0o444)
    return path
  }
  const client = await mount(await listeners.writeKeytab('robot'), 'robot.keytab')
  const service = await mount(await listeners.writeKeytab(SERVICE), 'http.keytab')
  await chmod(folder, 0o1777)
  const env = {
    ...listeners.env,
    KRB5_CLIENT_KTNAME: client,
    SERVICE_KEYTAB: service,
    SERVICE,
    HOST: '127.0.0.1',
    ADDRESS: '127.0.0.1',
  }
  return { domain, env, folder }
}

test('the commands of the page on containers work as they stand, without root', { skip: noShell }, async (t) => {
  const { env, folder } = await mounted(t)
  const before = await readdir(folder)
  using shell = new Shell(env, { user: UNLISTED })
  const [client, service, ...others] = shellBlocks('docs/container.md')
  assert.ok(client !== undefined && service !== undefined && others.length === 0)

  const byHand = await shell.run(client)
  assert.equal(byHand.code, 0, byHand.stderr + byHand.stdout)
  assert.match(byHand.stdout, /Default principal: robot@EXAMPLE\.TEST/)
  assert.match(byHand.stdout, /Nothing stands between this machine and HTTP\/localhost/)

  const atService = await shell.run(service)
  assert.equal(atService.code, 0, atService.stderr + atService.stdout)
  assert.match(atService.stdout, /HTTP\/localhost@EXAMPLE\.TEST/)
  assert.match(atService.stdout, /a server with this keytab would let robot in/)

  assert.deepEqual(
    (await readdir(folder)).filter((name) => !before.includes(name)),
    ['ccache'],
    'the cache alone is written',
  )
})

test('the programs of the page on containers find each other, by their keytabs alone', async (t) => {
  const { env, folder } = await mounted(t)
  // A collection, for which the rules of the home folder are looked for: there may be none.
  const collection = `DIR:${join(folder, 'caches')}`
  const start = (name: string, port: string) =>
    spawn(process.execPath, [fileURLToPath(new URL(`../src/${name}.js`, import.meta.url))], {
      env: { ...env, KRB5CCNAME: collection, PORT: port },
      stdio: ['ignore', 'pipe', 'inherit'],
      uid: UNLISTED,
      gid: UNLISTED,
    })
  const service = start('container-service', '0')
  const ended = once(service, 'close')
  t.after(() => service.kill('SIGKILL'))
  const lines = createInterface(service.stdout)
  const [line = 'it ended without a word'] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [
    string?,
  ]
  const port = /^listening on port (\d+)$/.exec(line)?.[1]
  assert.ok(port !== undefined, line)

  const before = await readdir(folder)
  const job = start('container-job', port)
  t.after(() => job.kill('SIGKILL'))
  assert.equal(await text(job.stdout), `${SERVICE} says: hello robot\n`)
  assert.deepEqual(await readdir(folder), before, 'the job keeps its tickets in memory')

  service.kill('SIGTERM')
  if (process.platform !== 'win32') assert.deepEqual(await ended, [0, null])
})

test('who has no name on the machine is told to say who to log on as', { skip: noOtherUser }, async (t) => {
  const { env } = await mounted(t)
  using shell = new Shell(env, { user: UNLISTED })
  const { code, stderr } = await shell.run('sspi kinit')
  assert.equal(code, 1)
  assert.match(stderr, /you have no name on this machine.*\n\s+say who to log on as/)
})
