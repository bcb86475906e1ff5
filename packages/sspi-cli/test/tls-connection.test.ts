import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import test from 'node:test'
import { UNISP_NAME } from 'sspi'
import { createAuthority } from '../src/certificates/authority.js'
import { folderFor, run, serve, type Finished, type Server } from './command.js'

const SCHANNEL = ['--package', 'Schannel']
const CREDSSP = ['--package', 'CREDSSP']
const PASSWORD = 'Secret-Öl-42'
const authority = createAuthority()

test('serve makes a certificate, and a client that is given it as --ca talks with it, under either name of the package', async (t) => {
  for (const name of ['Schannel', UNISP_NAME]) {
    const server = await serve(t, ['--package', name, '--once'])
    server.end('from the server')
    const made = await server.event('certificate')
    assert.match(String(made['fingerprint']), /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/)
    const ca = folderFor(t)('ca.pem', String(made['ca']))
    const client = await connectTo(server, ['--package', name, '--ca', ca], 'from the client')
    assert.deepEqual([client.code, client.stdout], [0, 'from the server'])
    assert.match(client.stderr, /mutual authentication.*confidentiality/)
    assert.equal((await server.finished).code, 0)
    assert.equal((await server.event('connected'))['client'], '')
    assert.equal(received(server), 'from the client')
  }
})

test('a certificate that nothing vouches for is refused with 3: by default, and with the --ca of another', async (t) => {
  const server = await serve(t, [...SCHANNEL])
  const other = folderFor(t)('ca.pem', (await authority).root)
  for (const trust of [[], ['--ca', other]]) {
    const { code, stdout, stderr } = await connectTo(server, [...SCHANNEL, ...trust], 'a secret')
    assert.deepEqual([code, stdout], [3, ''])
    assert.match(stderr, /SEC_E_UNTRUSTED_ROOT/)
    assert.match(stderr, /--ca/)
  }
  assert.equal(received(server), '')
})

test('a certificate for another name is refused with 3', async (t) => {
  const file = folderFor(t)
  const { root, issueServer } = await authority
  const { certificate, privateKey } = await issueServer(['server.example.com'])
  const ca = file('ca.pem', root)
  const server = await serve(t, [...SCHANNEL, '--once', '--certificate', file('both.pem', certificate + privateKey)])
  server.end('')
  const wrong = await connectTo(server, [...SCHANNEL, '--ca', ca], 'a secret')
  assert.equal(wrong.code, 3)
  assert.match(wrong.stderr, /SEC_E_WRONG_PRINCIPAL/)
  const named = await connectTo(server, [...SCHANNEL, '--ca', ca, '--target', 'server.example.com'], 'x')
  assert.equal(named.code, 0, named.stderr)
  assert.equal((await server.finished).code, 0)
  assert.equal(received(server), 'x')
})

test('--fingerprint takes the server with that certificate, whatever the authority and the name, and no other', async (t) => {
  const file = folderFor(t)
  const { certificate, privateKey } = await (await authority).issueServer(['server.example.com'])
  const { fingerprint256 } = new X509Certificate(certificate)
  const server = await serve(t, [...SCHANNEL, '--once', '--certificate', file('both.pem', certificate + privateKey)])
  server.end('')
  const other = fingerprint256.replace(/^../, (digits) => (digits === '00' ? '01' : '00'))
  const wrong = await connectTo(server, [...SCHANNEL, '--fingerprint', other], 'a secret')
  assert.equal(wrong.code, 3)
  assert.match(wrong.stderr, /SEC_E_UNTRUSTED_ROOT/)
  // As `openssl x509 -noout -fingerprint -sha256` prints it, and in small letters without colons.
  for (const form of ['AB', `sha256 Fingerprint=${fingerprint256}`]) {
    const { code, stderr } = await connectTo(server, [...SCHANNEL, '--fingerprint', form], 'x')
    assert.equal(code, form === 'AB' ? 1 : 0, stderr)
  }
  assert.equal((await server.finished).code, 0)
  assert.equal(received(server), 'x')
})

test('CREDSSP: a password within a channel, whose certificate serve makes and connect is given as --ca or --fingerprint', async (t) => {
  const password = folderFor(t)('password', `${PASSWORD}\n`)
  const server = await serve(t, [...CREDSSP, '--user', 'CONTOSO\\alice', '--password-file', password])
  server.end('')
  const made = await server.event('certificate')
  const ca = folderFor(t)('ca.pem', String(made['ca']))
  const as = (...trust: readonly string[]): Promise<Finished> =>
    connectTo(server, [...CREDSSP, '--user', 'CONTOSO\\alice', '--password-file', password, ...trust], 'x')

  for (const trust of [
    ['--ca', ca],
    ['--fingerprint', String(made['serverFingerprint'])],
  ]) {
    const { code, stderr } = await as(...trust)
    assert.equal(code, 0, stderr)
    assert.match(stderr, /by CREDSSP: mutual authentication.*confidentiality/)
  }
  for (const trust of [[], ['--fingerprint', String(made['fingerprint'])]]) {
    const { code, stderr } = await as(...trust)
    assert.equal(code, 3, stderr)
    assert.match(stderr, /SEC_E_UNTRUSTED_ROOT/)
  }
  assert.equal((await as('--ca', ca, '--target', 'host/other.example.com')).code, 3)
  const wrong = folderFor(t)('password', 'not it\n')
  const { code, stderr } = await as('--ca', ca, '--password-file', wrong)
  assert.equal(code, 3)
  assert.match(stderr, /SEC_E_LOGON_DENIED/)
  const clients = server.events.filter(({ event }) => event === 'connected').map(({ client }) => client)
  assert.deepEqual(clients, ['CONTOSO\\alice', 'CONTOSO\\alice'])
})

test('--tokens shows each token on both sides, as a tree, and no password', async (t) => {
  const password = folderFor(t)('password', `${PASSWORD}\n`)
  const server = await serve(t, [...CREDSSP, '--once', '--tokens', '--user', 'alice', '--password-file', password])
  server.end('')
  const trust = ['--fingerprint', String((await server.event('certificate'))['serverFingerprint'])]
  const client = [...CREDSSP, '--tokens', '--user', 'alice', '--password-file', password, ...trust]
  const { code, stderr } = await connectTo(server, client, 'x')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /client's token, \d+ bytes:\n0000 +\d+ +TLS ClientHello\n/)
  assert.match(stderr, /server's token, \d+ bytes:\n0000 +\d+ +TLS ServerHello, /)
  assert.ok(!stderr.includes(PASSWORD))
  await server.finished
  const tokens = server.events.filter(({ event }) => event === 'token')
  assert.deepEqual(
    tokens.slice(0, 2).map(({ from }) => from),
    ['client', 'server'],
  )
  for (const { base64, tree } of tokens) {
    assert.equal((tree as { readonly length: number }).length, Buffer.from(String(base64), 'base64').length)
  }
})

test('CREDSSP: with --delegate the server has the password, and without it has not', async (t) => {
  const password = folderFor(t)('password', `${PASSWORD}\n`)
  const { root, issueServer } = await authority
  const { certificate, privateKey } = await issueServer(['127.0.0.1'])
  const file = folderFor(t)
  const own = ['--certificate', file('server.pem', certificate), '--key', file('server.key', privateKey)]
  const server = await serve(t, [...CREDSSP, ...own, '--user', 'alice', '--password-file', password])
  server.end('')
  const client = [...CREDSSP, '--user', 'alice', '--password-file', password, '--ca', file('ca.pem', root)]
  for (const delegate of [[], ['--delegate']]) {
    assert.equal((await connectTo(server, [...client, ...delegate], '')).code, 0)
  }
  const achieved = server.events
    .filter(({ event }) => event === 'connected')
    .map((each) => each['achieved'] as string[])
  assert.deepEqual(
    achieved.map((each) => each.includes('delegation')),
    [false, true],
  )
})

test('with --ca the server takes clients with a certificate alone, and of those whom --allow names', async (t) => {
  const file = folderFor(t)
  const { root, issueClient } = await authority
  const ca = file('clients.pem', root)
  const server = await serve(t, [...SCHANNEL, '--once', '--ca', ca, '--allow', 'alice@example.com'])
  server.end('')
  const made = file('server.pem', String((await server.event('certificate'))['ca']))
  const [alice, mallory] = await Promise.all(['alice@example.com', 'mallory@example.com'].map(issueClient))
  const as = (identity: typeof alice): readonly string[] => {
    assert.ok(identity !== undefined)
    const name = `client-${identity.certificate.length}`
    return [
      '--certificate',
      file(`${name}.crt`, identity.certificate),
      '--key',
      file(`${name}.key`, identity.privateKey),
    ]
  }
  for (const identity of [[], as(mallory)]) {
    const { code, stderr } = await connectTo(server, [...SCHANNEL, '--ca', made, ...identity], 'x')
    assert.equal(code, 3, stderr)
  }
  const { code, stderr } = await connectTo(server, [...SCHANNEL, '--ca', made, ...as(alice)], 'x')
  assert.equal(code, 0, stderr)
  assert.equal((await server.finished).code, 0)
  assert.equal((await server.event('connected'))['client'], 'alice@example.com')
  assert.equal(received(server), 'x')
})

test('what would be passed over in silence is refused: accounts with Schannel, certificates without', async (t) => {
  const file = folderFor(t)('file.pem', 'nothing')
  for (const args of [
    ['serve', ...SCHANNEL, '--user', 'alice'],
    ['serve', ...SCHANNEL, '--keytab', file],
    ['serve', ...SCHANNEL, '--allow', 'alice'],
    ['serve', ...SCHANNEL, '--key', file],
    ['serve', '--user', 'alice', '--certificate', file],
    ['serve', ...CREDSSP],
    ['serve', ...CREDSSP, '--user', 'alice', '--principal', 'host/x'],
    ['connect', '127.0.0.1', '1', '--user', 'alice', '--fingerprint', '00'.repeat(32)],
    ['connect', '127.0.0.1', '1', ...SCHANNEL, '--user', 'alice'],
    ['connect', '127.0.0.1', '1', '--user', 'alice', '--ca', file],
  ]) {
    const { code, stderr } = await run(args)
    assert.equal(code, 1, `${args.join(' ')}: ${stderr}`)
  }
})

test('a certificate that cannot be used is told at the start', async (t) => {
  const file = folderFor(t)
  const { certificate } = await (await authority).issueServer(['localhost'])
  for (const [path, said] of [
    [file('bare.pem', certificate), /private key/],
    [file('nonsense.pem', 'nonsense'), /SEC_E_UNKNOWN_CREDENTIALS/],
  ] as const) {
    const { code, stderr } = await run(['serve', ...SCHANNEL, '--certificate', path])
    assert.equal(code, 3)
    assert.match(stderr, said)
  }
})

test('a file that is missing is told with 2', async () => {
  const { code, stderr } = await run(['serve', ...SCHANNEL, '--certificate', '/nowhere/certificate.pem'])
  assert.equal(code, 2)
  assert.match(stderr, /ENOENT/)
})

function connectTo({ port }: Server, args: readonly string[], input: string): Promise<Finished> {
  return run(['connect', '127.0.0.1', String(port), ...args], { input })
}

function received({ events }: Server): string {
  const data = events.filter(({ event }) => event === 'data')
  return Buffer.concat(data.map((each) => Buffer.from(String(each['base64']), 'base64'))).toString()
}
