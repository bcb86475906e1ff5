// Samba's client library logs on at a test domain's KDC, and establishes contexts with our acceptor.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { suite, test } from 'node:test'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createTestDomain, type TestListeners } from 'sspi/testing'
import { missing, PASSWORD, UTF8_PASSWORD } from '../src/index.js'

/** The peer that brings Samba's library along. */
const skip = missing('samba-ad')
const TARGET = 'HTTP/www.embedded.test'
const SCRIPT = fileURLToPath(new URL('../../peers/samba-gensec.py', import.meta.url))

function domainOf() {
  return createTestDomain({
    realm: 'EMBEDDED.TEST',
    users: [
      { name: 'alice', password: PASSWORD },
      { name: 'utf8user', password: UTF8_PASSWORD },
    ],
    services: [TARGET],
  })
}

/** Samba's side, started. */
function samba(listeners: TestListeners, user: string, mech: string) {
  const state = join(listeners.folder, 'samba')
  mkdirSync(state, { recursive: true })
  const folders = ['private dir', 'lock directory', 'state directory', 'cache directory', 'pid directory']
  const conf = join(state, 'smb.conf')
  const lines = [
    '[global]',
    'realm = EMBEDDED.TEST',
    'workgroup = EMBEDDED',
    ...folders.map((it) => `${it} = ${state}`),
  ]
  writeFileSync(conf, `${lines.join('\n')}\n`)
  const env = {
    ...process.env,
    ...listeners.env,
    SMB_CONF: conf,
    REALM: 'EMBEDDED.TEST',
    USER_NAME: user,
    TARGET,
    MECH: mech,
    LC_ALL: 'C.UTF-8',
  }
  return spawn('/usr/bin/python3', [SCRIPT], { env, timeout: 30_000 })
}

suite("Samba's clients and the embedded KDC", { skip }, () => {
  for (const [mech, packageName] of [
    ['gssapi_krb5', 'Kerberos'],
    ['spnego', 'Negotiate'],
  ] as const) {
    for (const [user, password] of [
      ['alice', PASSWORD],
      ['utf8user', UTF8_PASSWORD],
    ] as const) {
      test(`${mech}: ${user} logs on, and our acceptor knows who it is`, async () => {
        await using domain = domainOf()
        const child = samba(await domain.listen(), user, mech)
        const stderr = text(child.stderr)
        child.stdin.write(`${password}\n`)
        using server = domain.sspi().accept({ package: packageName, credentials: domain.serviceCredential(TARGET) })
        let sealed: Uint8Array | undefined
        for await (const line of createInterface(child.stdout)) {
          const [kind, hex = ''] = line.split(' ')
          const bytes = new Uint8Array(Buffer.from(hex, 'hex'))
          if (kind === 'done') sealed = bytes
          else {
            const { token } = await server.step(bytes)
            if (token !== undefined) child.stdin.write(`${Buffer.from(token).toString('hex')}\n`)
          }
        }
        assert.ok(sealed, await stderr)
        using session = server.session
        assert.equal(session.peer?.name, user)
        assert.equal(new TextDecoder().decode(session.unseal(sealed)), 'from Samba')
      })
    }
  }

  test('a wrong password gets nothing', async () => {
    await using domain = domainOf()
    const child = samba(await domain.listen(), 'alice', 'gssapi_krb5')
    child.stdin.end('wrong\n')
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close') as Promise<[number | null]>,
    ])
    assert.notEqual(code, 0)
    assert.equal(stdout, '')
    assert.match(stderr, /logon is invalid/)
  })
})
