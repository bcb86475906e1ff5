// `sspi serve` and `sspi connect` with tickets of MIT's KDC, got by MIT's programs.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { missing, mitKdc, PASSWORD, runProgram, runSspi, serveSspi, type Ended, type SspiServer } from '../src/index.js'

suite("serve and connect with tickets of MIT's KDC", { skip: missing('mit-kdc') }, () => {
  let folder = ''
  let env: NodeJS.ProcessEnv = {}

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sspi-connect-'))
    const { krb5Conf: KRB5_CONFIG, keytab: KRB5_KTNAME } = mitKdc()
    env = { ...process.env, KRB5_CONFIG, KRB5_KTNAME, KRB5CCNAME: join(folder, 'cache'), NODE_DEBUG: '' }
    const { code, stderr } = await runProgram('kinit', ['-f', 'alice'], { env, input: `${PASSWORD}\n` })
    assert.equal(code, 0, stderr)
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  const connect = ({ port }: SspiServer, args: readonly string[], input = ''): Promise<Ended> =>
    runSspi(['connect', 'localhost', String(port), ...args], { env, input })

  async function connected(server: SspiServer, times: number): Promise<readonly unknown[]> {
    return (await server.happened('connected', times)).map(({ client, mechanism }) => [client, mechanism])
  }

  for (const name of ['Kerberos', 'Negotiate']) {
    test(`by ${name}: the tickets of the default cache, of a named one, a keytab, a password`, async () => {
      await using server = await serveSspi(['--echo', '--package', name, '--keytab', mitKdc().keytab], { env })
      const keytab = join(mitKdc().keytab, '..', 'alice.keytab')
      for (const identity of [
        [],
        ['--principal', 'alice@MIT.TEST'],
        ['--ccache', `FILE:${join(folder, 'cache')}`],
        ['--keytab', keytab],
        ['--keytab', keytab, '--principal', 'alice'],
      ]) {
        const { code, stdout, stderr } = await connect(server, ['--package', name, ...identity], 'to and fro')
        assert.deepEqual([code, stdout], [0, 'to and fro'], stderr)
        assert.match(stderr, /by Kerberos: mutual authentication, integrity, confidentiality/)
      }
      const byPassword = await connect(
        server,
        ['--package', name, '--user', 'bob@MIT.TEST', '--password-fd', '0'],
        `${PASSWORD}\nhello`,
      )
      assert.deepEqual([byPassword.code, byPassword.stdout], [0, 'hello'], byPassword.stderr)
      const alice = ['MIT.TEST\\alice', 'Kerberos']
      assert.deepEqual(await connected(server, 6), [alice, alice, alice, alice, alice, ['MIT.TEST\\bob', 'Kerberos']])
    })
  }

  test('the default keytab serves where none is named, and another service of it when it is asked for', async () => {
    await using server = await serveSspi(['--echo', '--package', 'Kerberos'], { env })
    const { code, stderr } = await connect(server, ['--package', 'Kerberos', '--target', 'HTTP/localhost'], 'x')
    assert.equal(code, 0, stderr)
  })

  test('a ticket is delegated when that is asked for', async () => {
    await using server = await serveSspi(['--echo', '--keytab', mitKdc().keytab], { env })
    const { stderr: without } = await connect(server, [], 'x')
    assert.doesNotMatch(without, /delegation/)
    const { code, stderr } = await connect(server, ['--delegate'], 'x')
    assert.equal(code, 0, stderr)
    assert.match(stderr, /delegation/)
  })

  test('--principal and --allow keep others out', async () => {
    const { keytab } = mitKdc()
    await using one = await serveSspi(['--echo', '--keytab', keytab, '--principal', 'HTTP/localhost'], { env })
    assert.equal((await connect(one, ['--target', 'HTTP/localhost'], 'x')).code, 0)
    assert.notEqual((await connect(one, ['--target', 'host/localhost'], 'x')).code, 0)
    await using picky = await serveSspi(['--echo', '--keytab', keytab, '--allow', 'bob@MIT.TEST'], { env })
    const { code, stderr } = await connect(picky, [], 'x')
    assert.equal(code, 3, stderr)
    await using alices = await serveSspi(['--echo', '--keytab', keytab, '--allow', 'MIT.TEST\\alice'], { env })
    assert.equal((await connect(alices, [], 'x')).code, 0)
  })

  test('clients with NTLM and clients with Kerberos come in at the same port', async () => {
    const accounts = ['--user', 'carol', '--password-file', join(folder, 'password')]
    const made = await runProgram('sh', ['-c', `printf 'Carols-Pass-1' > '${join(folder, 'password')}'`], { env })
    assert.equal(made.code, 0)
    await using server = await serveSspi(['--echo', '--keytab', mitKdc().keytab, ...accounts], { env })
    assert.equal((await connect(server, [], 'x')).code, 0)
    const ntlm = await runSspi(['connect', '127.0.0.1', String(server.port), ...accounts], { env, input: 'x' })
    assert.equal(ntlm.code, 0, ntlm.stderr)
    assert.deepEqual(await connected(server, 2), [
      ['MIT.TEST\\alice', 'Kerberos'],
      ['carol', 'NTLM'],
    ])
  })

  test('a service that no KDC knows, and no tickets at all, are told with what to do', async () => {
    await using server = await serveSspi(['--echo', '--keytab', mitKdc().keytab], { env })
    const unknown = await connect(server, ['--target', 'nobody/localhost'], 'x')
    assert.notEqual(unknown.code, 0)
    assert.match(unknown.stderr, /nobody\/localhost/)
    const none = { ...env, KRB5CCNAME: join(folder, 'nothing') }
    const nobody = await runSspi(['connect', 'localhost', String(server.port)], { env: none })
    assert.equal(nobody.code, 3)
    assert.match(nobody.stderr, /sspi kinit/)
  })
})
