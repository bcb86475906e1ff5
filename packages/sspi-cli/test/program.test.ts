import assert from 'node:assert/strict'
import test from 'node:test'
import { run } from './command.js'

const KERBEROS_COMMANDS = ['kinit', 'klist', 'kdestroy', 'kswitch', 'kvno', 'ktutil', 'kpasswd']
const COMMANDS = ['demo', 'packages', 'serve', 'connect', 'decode', ...KERBEROS_COMMANDS]

test('--help names every command, shows examples and the exit codes', async () => {
  const { code, stdout } = await run(['--help'])
  assert.equal(code, 0)
  for (const name of COMMANDS) assert.match(stdout, new RegExp(`^ {2}${name}\\b`, 'm'))
  assert.match(stdout, /Examples:/)
  assert.match(stdout, /Exit codes:/)
})

test('the help of every command has examples', async () => {
  for (const name of COMMANDS) {
    const { code, stdout } = await run([name, '--help'])
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`Examples:\\s+(curl|sspi ${name})`))
    assert.match(stdout, /--json/)
  }
})

test('--version prints the version', async () => {
  const { code, stdout } = await run(['--version'])
  assert.equal(code, 0)
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
})

test('a slip of the hand gets a suggestion and exit code 1', async () => {
  const { code, stderr, stdout } = await run(['conect'])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /Did you mean connect\?/)
})

test('arguments that make no sense get exit code 1 and are named', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['connect', '127.0.0.1', '99999', '--user', 'alice'], /'port'.*0 to 65535/],
    [['connect', '127.0.0.1', '1', '--package', 'NTLM'], /--user/],
    [['connect', '127.0.0.1', '1', '--user', 'a', '--ccache', 'x'], /cannot be used with/],
    [['serve', '--user', 'a', '--principal', 'HTTP/x'], /--principal goes with --keytab/],
    [['serve'], /--accounts or by --user/],
    [['serve', '--user', 'alice', '--accounts', 'file'], /--accounts or by --user/],
    [['demo', '--package', 'Rot13'], /no package 'Rot13'/],
    [['connect', '127.0.0.1', '1', '--user', 'a', '--package', 'Rot13'], /SEC_E_SECPKG_NOT_FOUND 0x80090305/],
    [['connect', '127.0.0.1', '1', '--user', 'a', '--password-fd', '0', '--password-file', 'x'], /give one/],
  ]
  for (const [args, expected] of cases) {
    const { code, stdout, stderr } = await run(args)
    assert.deepEqual([code, stdout], [1, ''], args.join(' '))
    assert.match(stderr, expected)
  }
})

test('failures of the system get exit code 2, without a stack', async () => {
  const missing = await run(['decode', '--file', '/nowhere/at/all'])
  assert.equal(missing.code, 2)
  assert.match(missing.stderr, /ENOENT/)
  assert.doesNotMatch(missing.stderr, /\n\s+at /)
  const closed = await run(['connect', '127.0.0.1', '1', '--user', 'a', '--password-fd', '0'], { input: 'x\n' })
  assert.equal(closed.code, 2)
  assert.match(closed.stderr, /is the server running/)
})

test('--verbose and NODE_DEBUG=sspi show the cause', async () => {
  const args = ['connect', '127.0.0.1', '1', '--user', 'a', '--password-fd', '0']
  for (const options of [{ args: [...args, '--verbose'] }, { args, env: { NODE_DEBUG: 'sspi' } }]) {
    const { stderr } = await run(options.args, { input: 'x\n', env: options.env ?? {} })
    assert.match(stderr, /cause/)
    assert.match(stderr, /\n\s+at /)
  }
})

test('with --json a failure is one object on the standard error', async () => {
  const { code, stdout, stderr } = await run(['decode', '--json', '--file', '/nowhere/at/all'])
  assert.deepEqual([code, stdout], [2, ''])
  const { error } = JSON.parse(stderr) as { readonly error: Readonly<Record<string, unknown>> }
  assert.equal(error['code'], 'ENOENT')
  assert.equal(error['exitCode'], 2)
})

test('packages --json is an array with the six fields of each package', async () => {
  const { code, stdout } = await run(['packages', '--json'])
  assert.equal(code, 0)
  const packages = JSON.parse(stdout) as readonly Readonly<Record<string, unknown>>[]
  for (const each of packages) {
    assert.deepEqual(Object.keys(each), ['name', 'comment', 'capabilities', 'version', 'rpcId', 'maxToken'])
  }
  const byName = new Map(packages.map((each) => [each['name'], each['rpcId']]))
  assert.equal(byName.get('Negotiate'), 9)
  assert.equal(byName.get('NTLM'), 10)
})

test('packages is a table for people, without colours in a pipe', async () => {
  const { stdout } = await run(['packages'])
  assert.match(stdout, /^Name +Version +RPC id/)
  assert.match(stdout, /NTLM can: .*privacy/)
  assert.equal(stdout.includes('\u001b'), false)
})

test('an output that nobody reads ends the command without a word, with 141', async () => {
  for (const args of [['demo'], ['demo', '--json'], ['packages'], ['--help'], ['decode', 'deadbeef']]) {
    const { code, stderr } = await run(args, { unread: 'stdout' })
    assert.deepEqual([code, stderr], [141, ''], args.join(' '))
  }
})

test('an error that nobody reads changes nothing else', async () => {
  const { code } = await run(['conect'], { unread: 'stderr' })
  assert.equal(code, 1)
  const { code: shown, stdout } = await run(['packages'], { unread: 'stderr' })
  assert.equal(shown, 0)
  assert.match(stdout, /^Name/)
})
