import assert from 'node:assert/strict'
import test from 'node:test'
import { UNISP_NAME } from 'sspi'
import { DEMO_USER, SCENARIOS } from '../src/demo/scenarios.js'
import { run } from './command.js'

test('demo --json is an array with one object for each package and mechanism, and nothing else', async () => {
  const { code, stdout, stderr } = await run(['demo', '--json'])
  assert.deepEqual([code, stderr], [0, ''])
  const common = {
    server: 'demo/server.example.com',
    signed: true,
    sealed: true,
    tamperDetected: true,
    ok: true,
  }
  const ntlm = { mechanism: 'NTLM', client: 'EXAMPLE\\alice', mutual: false, delegated: false, ...common }
  const kerberos = { mechanism: 'Kerberos', client: 'EXAMPLE.COM\\alice', mutual: true, delegated: true, ...common }
  const tls = { ...ntlm, server: 'server.example.com', signed: false, mutual: true }
  assert.deepEqual(JSON.parse(stdout), [
    { package: 'NTLM', legs: 3, ...ntlm },
    { package: 'Kerberos', legs: 2, ...kerberos },
    { package: 'Negotiate', legs: 2, ...kerberos },
    { package: 'Negotiate', legs: 4, ...ntlm },
    { package: 'WDigest', legs: 3, ...ntlm, mechanism: 'WDigest', mutual: true },
    { package: 'Schannel', legs: 3, ...tls, mechanism: 'Schannel' },
    { package: UNISP_NAME, legs: 3, ...tls, mechanism: UNISP_NAME },
    { package: 'CREDSSP', legs: 9, ...tls, mechanism: 'CREDSSP', delegated: true },
  ])
})

test('demo has each package that packages lists', async () => {
  const listed = JSON.parse((await run(['packages', '--json'])).stdout) as readonly { readonly name: string }[]
  const shown = new Set(SCENARIOS.map((scenario) => scenario.package))
  assert.deepEqual(
    listed.map(({ name }) => name).filter((name) => !shown.has(name)),
    [],
  )
  assert.equal(listed.length, shown.size)
})

test('demo says that a record which was changed ends a session of TLS', async () => {
  const { code, stdout } = await run(['demo', '--package', 'Schannel'])
  assert.equal(code, 0)
  assert.match(stdout, /an authority, made up {2}certificates for server\.example\.com and alice@example\.com/)
  assert.match(stdout, /of the record as it was {2}SEC_E_CONTEXT_EXPIRED: the session is over/)
  assert.match(stdout, /^Schannel +Schannel +3 +EXAMPLE\\alice +server\.example\.com +- +yes +yes +yes +- +yes$/m)
})

test('demo shows how CredSSP hands the password to the server, without showing the password', async () => {
  const { code, stdout } = await run(['demo', '--package', 'CREDSSP'])
  assert.equal(code, 0)
  assert.match(stdout, /SECPKG_ATTR_DELEGATED_CREDENTIAL\) {2}the password of the client/)
  assert.match(stdout, /initiate\('backend\/database\.example\.com'\) {2}which knows it as EXAMPLE\\alice/)
  assert.equal(stdout.includes(DEMO_USER.password), false)
})

test('demo names what is in every token of TLS and CredSSP, as far as it is not encrypted', async () => {
  const { stdout } = await run(['demo', '--package', 'CREDSSP'])
  const legs = [...stdout.matchAll(/leg \d, \d+ bytes {2}(.*)/g)].map(([, token]) => token)
  assert.equal(legs[0], 'TLS ClientHello')
  assert.match(legs[1] ?? '', /^TLS ServerHello, change_cipher_spec, application_data/)
  assert.equal(legs.length, 9)
  for (const leg of legs.slice(2)) assert.match(leg ?? '', /^TLS .*application_data.* > CredSSP TSRequest, encrypted$/)
  assert.match(stdout, /server_name: server\.example\.com/)
})

test('demo shows the five procedures in their order, the legs and the summary', async () => {
  const { code, stdout } = await run(['demo', '--package', 'ntlm'])
  assert.equal(code, 0)
  const titles = [...stdout.matchAll(/^ {2}(\d) (.+)$/gm)].map(([, number, title]) => `${number}: ${title}`)
  assert.deepEqual(titles, [
    '1: Buffers',
    '2: Initialising',
    '3: Establishing a secure connection with authentication',
    '4: Integrity and privacy of messages',
    '5: Ending the session',
  ])
  assert.match(stdout, /client → server {2}leg 1, \d+ bytes {2}NTLM NEGOTIATE/)
  assert.match(stdout, /client ← server {2}leg 2, \d+ bytes {2}NTLM CHALLENGE/)
  assert.match(stdout, /decryptMessage\(\) {2}SEC_E_MESSAGE_ALTERED/)
  assert.match(stdout, /^NTLM +NTLM +3 +EXAMPLE\\alice +demo\/server\.example\.com +yes +yes +yes +- +- +yes$/m)
})

test('demo shows what the KDC does, and the service that is called in the name of the client', async () => {
  const { code, stdout } = await run(['demo', '--package', 'Kerberos'])
  assert.equal(code, 0)
  assert.match(stdout, /KDC of EXAMPLE\.COM, AS exchange {2}pre-authentication is required/)
  assert.match(stdout, /TGS exchange {2}a ticket for demo\/server\.example\.com@EXAMPLE\.COM to alice@EXAMPLE\.COM/)
  assert.match(stdout, /initiate\('backend\/database\.example\.com'\) {2}which knows it as EXAMPLE\.COM\\alice/)
})

test('the password of the demo is not in its output', async () => {
  const { stdout, stderr } = await run(['demo', '--verbose'], { env: { NODE_DEBUG: 'sspi' } })
  assert.equal(`${stdout}${stderr}`.includes('Correct-Horse'), false)
})
