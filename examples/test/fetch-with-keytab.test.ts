// The example of the page on HTTP clients, against a test domain.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readCredentials, readTokenLeg, writeTokenLeg } from 'sspi/http'
import { createTestDomain } from 'sspi/testing'

const EXAMPLE = fileURLToPath(new URL('../src/fetch-with-keytab.js', import.meta.url))

/** What a run of the example came to. */
function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [EXAMPLE, ...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
    })
  })
}

test('the example fetches a page with a keytab, and says what is wrong with another one', async (t) => {
  await using domain = createTestDomain({ users: ['job'], services: ['HTTP/localhost'] })
  const { env } = await domain.listen()
  const sspi = domain.sspi()
  const server = createServer((request, response) => {
    void (async () => {
      const { authorization } = request.headers
      if (authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end()
        return
      }
      using exchange = sspi.accept({
        package: 'Negotiate',
        credentials: domain.serviceCredential('HTTP/localhost'),
        integrity: false,
        confidentiality: false,
      })
      const { token } = await exchange.step(readTokenLeg(readCredentials(authorization)))
      response.setHeader('www-authenticate', writeTokenLeg('Negotiate', token))
      response.end(`hello ${exchange.session.peer?.name ?? ''}`)
    })()
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  t.after(() => server.close())
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`

  const folder = mkdtempSync(join(tmpdir(), 'sspi-example-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  const keytab = join(folder, 'job.keytab')
  writeFileSync(keytab, await domain.keytab('job'), { mode: 0o600 })
  const good = await run(['job@EXAMPLE.TEST', keytab, url], { ...process.env, ...env })
  assert.deepEqual(good, {
    code: 0,
    stdout: 'hello job\n',
    stderr: 'authenticated to HTTP/localhost by Kerberos\n',
  })
  const bad = await run(['other@EXAMPLE.TEST', keytab, url], { ...process.env, ...env })
  assert.equal(bad.code, 1)
  assert.match(bad.stderr, /^SEC_E_NO_CREDENTIALS: .*the keytab has no key of other@EXAMPLE\.TEST/)
})
