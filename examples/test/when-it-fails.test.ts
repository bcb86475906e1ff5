import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { test } from 'node:test'
import { createTestDomain } from 'sspi/testing'
import { noShell, Shell, shellBlocks } from './shell-blocks.js'

/** As a line of the file of hosts would have it: the page's service is on this machine. */
const HOSTS = `
import dns from 'node:dns/promises'
import { syncBuiltinESMExports } from 'node:module'
dns.lookup = async (name) => {
  if (name !== 'www.example.com') throw new Error('this test asks for no other name: ' + name)
  return [{ address: '127.0.0.1', family: 4 }]
}
syncBuiltinESMExports()
`

test('the commands of the page on failures find nothing where nothing is broken', { skip: noShell }, async () => {
  const [block, ...others] = shellBlocks('docs/when-it-fails.md')
  assert.ok(block !== undefined && others.length === 0)
  const users = [{ name: 'alice', password: 'correct horse' }]
  await using domain = createTestDomain({ realm: 'EXAMPLE.COM', users, services: ['HTTP/www.example.com'] })
  const listeners = await domain.listen()
  const home = listeners.folder
  await writeFile(join(home, '.alice'), 'correct horse\n', { mode: 0o600 })
  await copyFile(await listeners.writeKeytab('HTTP/www.example.com'), join(home, 'http.keytab'))
  const hosts = join(home, 'hosts.mjs')
  await writeFile(hosts, HOSTS)

  const env = { ...listeners.env, KRB5CCNAME: await listeners.writeTicketCache('alice'), HOME: home }
  using shell = new Shell(env, { preload: pathToFileURL(hosts).href })
  const { code, stdout, stderr } = await shell.run(block)
  assert.equal(code, 0, stderr + stdout)
  const [words, json] = [stdout.slice(0, stdout.indexOf('{')), stdout.slice(stdout.indexOf('{'))]
  assert.equal(words.match(/Nothing stands between this machine and HTTP\/www\.example\.com/g)?.length, 3)
  assert.match(words, /a server with this keytab would let alice in/)
  assert.equal((JSON.parse(json) as { healthy: boolean }).healthy, true)
})
