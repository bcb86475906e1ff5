import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { run, startCommand, type Finished } from './command.js'

/** Passwords that must be in no output. */
const PASSWORD = 'Secret-Öl-42'
const NEXT = 'Correct-Horse-9'

let folder = ''
let realm = ''

function kdc(args: readonly string[], input = ''): Promise<Finished> {
  return run(['kdc', ...args, '-d', realm], { input })
}

function succeeded({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 0, stderr)
  assert.ok(!`${stdout}${stderr}`.includes(PASSWORD))
  return stdout
}

suite('sspi kdc', () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sspi-kdc-'))
    realm = join(folder, 'realm')
    writeFileSync(join(folder, 'password'), `${PASSWORD}\n`, { mode: 0o600 })
    const made = JSON.parse(succeeded(await kdc(['init', '--realm', 'EXAMPLE.TEST', '--json']))) as object
    assert.deepEqual(made, { realm: 'EXAMPLE.TEST', folder: realm })
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  test('a realm is made once, in a folder for its owner alone', async () => {
    const again = await kdc(['init'])
    assert.equal(again.code, 1)
    assert.match(again.stderr, /there is a realm in this folder already/)
    if (process.platform !== 'win32') assert.equal(statSync(realm).mode & 0o777, 0o700)
    const elsewhere = await run(['kdc', 'list', '-d', join(folder, 'none')])
    assert.equal(elsewhere.code, 2)
    assert.match(elsewhere.stderr, /there is no realm in this folder.*\n.*sspi kdc init/)
  })

  test('principals are added, listed, changed and removed', async () => {
    const added = JSON.parse(
      succeeded(
        await kdc(
          ['add', 'alice', '--password-fd', '0', '--alias', 'ali', '-e', 'aes256-sha1', '--json'],
          `${PASSWORD}\n`,
        ),
      ),
    ) as Record<string, unknown>
    assert.equal(added['name'], 'alice@EXAMPLE.TEST')
    assert.deepEqual(added['enctypes'], ['aes256-cts-hmac-sha1-96'])
    succeeded(await kdc(['add', 'HTTP/localhost', '--set', 'ok-as-delegate=yes']))
    const twice = await kdc(['add', 'ali', '--random-key'])
    assert.equal(twice.code, 1)
    assert.match(twice.stderr, /taken/)
    const table = succeeded(await kdc(['list']))
    assert.match(table, /^alice@EXAMPLE\.TEST +1 +aes256-cts-hmac-sha1-96 +alias ali$/m)
    assert.match(table, /^HTTP\/localhost@EXAMPLE\.TEST .*ok-as-delegate: yes$/m)
    succeeded(await kdc(['set', 'alice', 'disabled=yes', 'expires=2030-01-31T00:00:00Z']))
    assert.match(succeeded(await kdc(['list'])), /^alice.*disabled: yes; expires: 2030-01-31T00:00:00Z$/m)
    succeeded(await kdc(['set', 'alice', 'disabled=', 'expires=']))
    assert.doesNotMatch(succeeded(await kdc(['list'])), /disabled/)
    for (const wrong of ['disabled=perhaps', 'dsabled=yes', 'disabled']) {
      const { code, stderr } = await kdc(['set', 'alice', wrong])
      assert.equal(code, 1)
      assert.match(stderr, /no attribute, or not a value of its form/)
    }
    succeeded(await kdc(['password', 'HTTP/localhost', '--random-key']))
    assert.match(succeeded(await kdc(['list'])), /^HTTP\/localhost@EXAMPLE\.TEST +2 /m)
    succeeded(await kdc(['add', 'gone', '--random-key']))
    succeeded(await kdc(['remove', 'gone']))
    assert.equal((await kdc(['remove', 'gone'])).code, 1)
  })

  test('a keytab gets the keys, and keeps what is in it', async () => {
    const keytab = join(folder, 'keytab')
    succeeded(await kdc(['add', 'host/localhost', '--keytab', keytab]))
    const counted = JSON.parse(succeeded(await kdc(['keytab', keytab, 'host/localhost', '--json']))) as object
    assert.deepEqual(counted, { keytab, entries: 4 })
    const listed = JSON.parse(succeeded(await run(['ktutil', 'list', keytab, '--json']))) as readonly {
      readonly timestamp: string
    }[]
    assert.equal(listed.length, 4)
    for (const { timestamp } of listed) assert.ok(Date.parse(timestamp) > Date.UTC(2020, 1), timestamp)
    if (process.platform !== 'win32') assert.equal(statSync(keytab).mode & 0o777, 0o600)
    assert.equal((await kdc(['keytab', join(folder, 'other'), 'nobody'])).code, 1)
    assert.equal(existsSync(join(folder, 'other')), false)
  })

  test('files that are not in order are told with exit code 2, and without advice for clients', async () => {
    const principals = join(realm, 'principals')
    const good = readFileSync(principals, 'utf8')
    try {
      writeFileSync(principals, good.slice(0, -5))
      for (const args of [['list'], ['set', 'nobody'], ['--port', '0']]) {
        const { code, stderr } = await kdc(args)
        assert.equal(code, 2, stderr)
        assert.match(stderr, /the file was cut off/)
        assert.doesNotMatch(stderr, /--accounts/)
      }
    } finally {
      writeFileSync(principals, good)
    }
    succeeded(await kdc(['list']))
  })

  test('our own kinit, kvno and kpasswd use the realm while it is served, and changes show at once', async (t) => {
    const user = ['--password-file', join(folder, 'password')]
    succeeded(await kdc(['add', 'bob', ...user]))
    succeeded(await kdc(['add', 'imap/localhost']))
    const server = await startCommand(t, ['kdc', '-d', realm, '--port', '0', '--kpasswd-port', '0', '--json'])
    const { krb5Conf } = await server.event('listening')
    assert.equal(krb5Conf, join(realm, 'krb5.conf'))
    const env = { KRB5_CONFIG: krb5Conf, KRB5CCNAME: join(folder, 'cache') }
    succeeded(await run(['kinit', 'bob', ...user], { env }))
    succeeded(await run(['kvno', 'imap/localhost'], { env }))
    writeFileSync(join(folder, 'next'), `${NEXT}\n`, { mode: 0o600 })
    succeeded(await run(['kpasswd', 'bob', ...user, '--new-password-file', join(folder, 'next')], { env }))
    assert.equal((await run(['kinit', 'bob', ...user], { env })).code, 1)
    succeeded(await run(['kinit', 'bob', '--password-file', join(folder, 'next')], { env }))
    await server.stop()
    const kinds = server.events.map(({ event }) => event)
    for (const kind of ['ticket-issued', 'request-refused', 'password-changed']) assert.ok(kinds.includes(kind), kind)
    assert.ok(!JSON.stringify(server.events).includes(NEXT))
    const text = readFileSync(join(realm, 'principals'), 'utf8')
    assert.ok(!text.includes(PASSWORD) && !text.includes(NEXT))
  })

  test('the first start makes the realm, and a realm of another name is not served', async (t) => {
    const fresh = join(folder, 'fresh')
    const server = await startCommand(t, [
      'kdc',
      '-d',
      fresh,
      '--realm',
      'FRESH.TEST',
      '--port',
      '0',
      '--kpasswd-port',
      '0',
      '--json',
    ])
    const { realm: name } = await server.event('listening')
    await server.stop()
    assert.equal(name, 'FRESH.TEST')
    assert.ok(existsSync(join(fresh, 'principals')))
    const other = await run(['kdc', '-d', fresh, '--realm', 'OTHER.TEST', '--port', '0'])
    assert.equal(other.code, 1)
    assert.match(other.stderr, /the realm in this folder is FRESH\.TEST/)
  })
})
