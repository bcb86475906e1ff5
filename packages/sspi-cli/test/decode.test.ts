import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { folderFor, run } from './command.js'

interface Vectors {
  readonly cases: readonly {
    readonly input: { readonly password: string; readonly tokens: readonly { readonly token: string }[] }
  }[]
}

const vectors = new URL('../../../../vectors/spnego/ntlm-sessions.json', import.meta.url)
const { password, tokens } = (JSON.parse(readFileSync(vectors, 'utf8')) as Vectors).cases[0]!.input
const [init, challenge, authenticate] = tokens.map(({ token }) => Buffer.from(token, 'hex')) as [Buffer, Buffer, Buffer]
const trace = [
  `> Authorization: Negotiate ${init.toString('base64')}`,
  `< WWW-Authenticate: Negotiate ${challenge.toString('base64')}`,
  `> Authorization: Negotiate ${authenticate.toString('base64')}`,
].join('\n')

test('a token is decoded alike from an argument, a file and the standard input', async (t) => {
  const file = folderFor(t)
  const outputs = await Promise.all([
    run(['decode', challenge.toString('hex')]),
    run(['decode', '--file', file('token.hex', challenge.toString('hex'))]),
    run(['decode'], { input: challenge.toString('hex') }),
    run(['decode', '-'], { input: challenge.toString('hex') }),
  ])
  for (const { code, stdout } of outputs) {
    assert.deepEqual([code, stdout], [0, outputs[0].stdout])
    assert.match(stdout, /^0000 +153 {2}SPNEGO NegTokenResp$/m)
    assert.match(stdout, /MsvAvDnsComputerName {2}localhost/)
    assert.match(stdout, /NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY/)
  }
})

test('binary tokens are taken as they are', async () => {
  const { code, stdout } = await run(['decode'], { input: challenge })
  assert.equal(code, 0)
  assert.match(stdout, /^153 bytes, binary$/m)
})

test('--json is an object with the tokens as trees', async () => {
  const { code, stdout } = await run(['decode', '--json'], { input: trace })
  assert.equal(code, 0)
  const { tokens: found, check } = JSON.parse(stdout) as {
    readonly tokens: readonly {
      readonly header: string
      readonly form: string
      readonly tree: { readonly label: string }
    }[]
    readonly check?: unknown
  }
  assert.equal(check, undefined)
  assert.deepEqual(
    found.map(({ form, header, tree }) => [form, header, tree.label]),
    [
      ['header', 'Authorization: Negotiate', 'GSS-API InitialContextToken'],
      ['header', 'WWW-Authenticate: Negotiate', 'SPNEGO NegTokenResp'],
      ['header', 'Authorization: Negotiate', 'SPNEGO NegTokenResp'],
    ],
  )
})

test('--check finds the messages in a trace and says that response and MIC are valid', async (t) => {
  const path = folderFor(t)('trace.txt', trace)
  const { code, stdout, stderr } = await run(['decode', '--file', path, '--check', '--password-fd', '0'], {
    input: `${password}\n`,
  })
  assert.equal(code, 0)
  assert.match(stdout, /^ {2}response {2}valid$/m)
  assert.match(stdout, /^ {2}MIC {7}valid$/m)
  assert.equal(`${stdout}${stderr}`.includes(password), false)
  assert.equal(stdout.includes('session key '), false)
})

test('--check with another password says so and ends with 5', async (t) => {
  const path = folderFor(t)('trace.txt', trace)
  const args = ['decode', '--file', path, '--check', '--json', '--password-fd', '0']
  const { code, stdout } = await run(args, { input: 'something else\n' })
  assert.equal(code, 5)
  const { check } = JSON.parse(stdout) as { readonly check: Readonly<Record<string, unknown>> }
  assert.deepEqual(check['response'], { result: 'invalid' })
  assert.equal(check['keys'], undefined)
})

test('--check takes the other messages from files, and an altered one breaks the MIC', async (t) => {
  const file = folderFor(t)
  const args = [
    'decode',
    '--check',
    '--file',
    file('3.bin', authenticate),
    '--challenge',
    `@${file('2.bin', challenge)}`,
  ]
  const secret = ['--password-file', file('password', `${password}\n`)]
  const altered = Buffer.from(init)
  altered.writeUInt8(altered.readUInt8(altered.length - 8) ^ 1, altered.length - 8)
  const sound = await run([...args, ...secret, '--negotiate', init.toString('base64')])
  assert.equal(sound.code, 0)
  const broken = await run([...args, ...secret, '--negotiate', altered.toString('base64')])
  assert.equal(broken.code, 5)
  assert.match(broken.stdout, /MIC +invalid/)
  const without = await run([...args, ...secret])
  assert.equal(without.code, 0)
  assert.match(without.stdout, /MIC +unchecked/)
})

test('keys are shown only when asked for', async (t) => {
  const file = folderFor(t)
  const args = ['decode', '--check', '--file', file('trace.txt', trace), '--password-file', file('password', password)]
  const { stdout } = await run([...args, '--show-keys'])
  assert.match(stdout, /exported session key {2}[0-9a-f]{32}$/m)
})

test('what is no token is described, with exit code 4', async () => {
  const unknown = await run(['decode', 'deadbeef'])
  assert.equal(unknown.code, 4)
  assert.match(unknown.stdout, /de ad be ef/)
  const nothing = await run(['decode', '!!'])
  assert.equal(nothing.code, 4)
  assert.match(nothing.stderr, /no token/)
  const cut = await run(['decode', challenge.subarray(0, 60).toString('hex')])
  assert.equal(cut.code, 4)
  assert.match(cut.stdout, /! /)
})

test('long values are shown in full on request', async () => {
  const { stdout } = await run(['decode', '--full', authenticate.toString('hex')])
  assert.doesNotMatch(stdout, /…/)
})

test('what is encrypted is opened with a keytab or a password, and keys are shown on demand', async (t) => {
  const file = folderFor(t)
  const cases = new URL('../../../../vectors/kerberos/kdc-exchange-decrypt.json', import.meta.url)
  const [first, second] = (JSON.parse(readFileSync(cases, 'utf8')) as { cases: { input: { message: string } }[] }).cases
  const request = file('as-req.hex', first?.input.message ?? '')
  // It names an enterprise name, which is not what the key is salted with.
  const principal = 'testuser@CORP.IDENTITYINTERVENTION.COM'
  const args = ['decode', '--file', request, '--decrypt', '--principal', principal, '--password-fd', '0']
  const right = await run(args, { input: 'P@ssw0rd!\n' })
  assert.equal(right.code, 0, right.stderr)
  assert.match(right.stdout, /patimestamp {2}20190712160725Z/)
  assert.equal(right.stdout.includes('P@ssw0rd!'), false)
  assert.doesNotMatch((await run(args, { input: 'wrong\n' })).stdout, /patimestamp/)

  const keytab = join(dirname(request), 'keytab')
  const made = await run(['ktutil', 'add', keytab, '-p', principal, '-e', 'aes256-sha1', '--password-fd', '0'], {
    input: 'P@ssw0rd!\n',
  })
  assert.equal(made.code, 0, made.stderr)
  const reply = ['decode', '--keytab', keytab, second?.input.message ?? '']
  const session = /9d35d91439a412467133342366033484faa635fd6f33ceb294e85bcda8c3/
  const opened = await run(reply)
  assert.match(opened.stdout, /decrypted by the key of testuser@CORP/)
  assert.doesNotMatch(opened.stdout, session)
  assert.match((await run([...reply, '--show-keys'])).stdout, session)
})

test('ticket caches and keytabs are decoded, without their keys', async () => {
  const path = (name: string): string => fileURLToPath(new URL(`../../../../vectors/files/${name}`, import.meta.url))
  const cache = await run(['decode', '--file', path('mit-alice-v4')])
  assert.equal(cache.code, 0)
  assert.match(cache.stdout, /credential cache {2}version 4[^]*alice@VEC\.EXAMPLE[^]*bytes, not shown[^]*Ticket/)
  const keytab = await run(['decode', '--file', path('mit-krbtgt.keytab')])
  assert.match(keytab.stdout, /keytab {2}version 2[^]*krbtgt\/[^]*bytes, not shown/)
})
