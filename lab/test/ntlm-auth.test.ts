import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  GSS_DOMAIN,
  GssPeer,
  NtlmAuthClient,
  NtlmAuthError,
  NtlmAuthServer,
  PASSWORD,
  UTF8_PASSWORD,
  WINBIND_DOMAIN,
  askInfo,
  establish,
  missing,
  quit,
  type NtlmAuthFeature,
  type NtlmAuthVerdict,
} from '../src/index.js'

const skip = missing('winbind')
const SIGN = 0x10
const SEAL = 0x20
const RAW = { client: 'ntlmssp-client-1', server: 'squid-2.5-ntlmssp' } as const
const SPNEGO = { client: 'gss-spnego-client', server: 'gss-spnego' } as const

for (const [name, protocol] of Object.entries({ NTLM: RAW, 'SPNEGO with NTLM': SPNEGO })) {
  test(`ntlm_auth talks to itself through us: ${name}`, { skip }, async () => {
    await using client = await NtlmAuthClient.start({
      protocol: protocol.client,
      username: 'alice',
      password: PASSWORD,
    })
    await using server = await NtlmAuthServer.start({ protocol: protocol.server })
    const verdict = await authenticate(client, server)
    assert.equal(verdict.kind === 'accepted' && verdict.user, `${WINBIND_DOMAIN}\\alice`)
    const key = await server.sessionKey()
    assert.equal(key.length, 16)
    assert.deepEqual(await client.sessionKey(), key)
    const flags = await server.flags()
    assert.equal(flags & (SIGN | SEAL), SIGN | SEAL)
    assert.equal(await client.flags(), flags)
  })

  test(`ntlm_auth refuses a wrong password: ${name}`, { skip }, async () => {
    await using client = await NtlmAuthClient.start({ protocol: protocol.client, username: 'alice', password: 'wrong' })
    await using server = await NtlmAuthServer.start({ protocol: protocol.server })
    const verdict = await authenticate(client, server)
    assert.equal(verdict.kind === 'refused' && verdict.status, 'NT_STATUS_LOGON_FAILURE')
    await assert.rejects(server.sessionKey(), NtlmAuthError)
  })
}

test('ntlm_auth takes a password beyond ASCII', { skip }, async () => {
  await using client = await NtlmAuthClient.start({ username: 'utf8user', password: UTF8_PASSWORD })
  await using server = await NtlmAuthServer.start()
  const verdict = await authenticate(client, server)
  assert.equal(verdict.kind === 'accepted' && verdict.user, `${WINBIND_DOMAIN}\\utf8user`)
})

for (const [features, expected] of [
  [['SIGN'], SIGN],
  [['SEAL'], SIGN | SEAL],
  [[], 0],
] as const) {
  test(`ntlm_auth negotiates what was asked for: ${features.join() || 'nothing'}`, { skip }, async () => {
    const asked: readonly NtlmAuthFeature[] = features
    await using client = await NtlmAuthClient.start({ username: 'bob', password: PASSWORD, features: asked })
    await using server = await NtlmAuthServer.start({ features: asked })
    assert.equal((await authenticate(client, server)).kind, 'accepted')
    assert.equal((await server.flags()) & (SIGN | SEAL), expected)
  })
}

test('ntlm_auth is broken by a token that is none', { skip }, async () => {
  await using server = await NtlmAuthServer.start()
  const outcome = await server.step(new TextEncoder().encode('not NTLM at all')).then(
    (verdict) => verdict.kind,
    (error: unknown) => error instanceof NtlmAuthError && 'broken',
  )
  assert.ok(outcome === 'refused' || outcome === 'broken', String(outcome))
})

test('ntlm_auth that cannot start gives its reason', { skip }, async () => {
  const starting = NtlmAuthClient.start({ username: 'alice', password: PASSWORD, args: ['--nonsense'] })
  await assert.rejects(starting, /ntlm_auth ntlmssp-client-1: SF: the helper ended; stderr: .*nonsense/s)
})

const both = missing('winbind', 'gss-peer')
const target = ['--target', 'HTTP@localhost']

for (const [name, protocol, mech] of [
  ['NTLM', RAW, ['--mech', 'ntlm']],
  ['SPNEGO with NTLM', SPNEGO, ['--mech', 'spnego', '--neg', 'ntlm']],
] as const) {
  test(`ntlm_auth as initiator and gss-ntlmssp as acceptor agree: ${name}`, { skip: both }, async () => {
    await using client = await NtlmAuthClient.start({
      protocol: protocol.client,
      username: 'alice',
      password: PASSWORD,
      domain: GSS_DOMAIN,
    })
    await using peer = await GssPeer.start({ role: 'accept', args: mech })
    await establish(peer, 'initiator', (token) => client.step(token))
    const info = await askInfo(peer)
    assert.equal(info.initiator, `${GSS_DOMAIN}/alice`)
    assert.equal(info.sessionKey, Buffer.from(await client.sessionKey()).toString('hex'))
    await quit(peer)
    assert.equal((await peer.exit()).code, 0)
  })

  test(`gss-ntlmssp as initiator and ntlm_auth as acceptor agree: ${name}`, { skip: both }, async () => {
    const user = ['--user', `${WINBIND_DOMAIN}\\alice`, '--password', PASSWORD]
    await using peer = await GssPeer.start({ role: 'init', args: [...mech, ...target, ...user, '--no-messages'] })
    await using server = await NtlmAuthServer.start({ protocol: protocol.server })
    await establish(peer, 'acceptor', async (token) => {
      const verdict = await server.step(token!)
      if (verdict.kind === 'refused') throw new Error(verdict.status)
      return { token: verdict.token, done: verdict.kind === 'accepted' }
    })
    const asked = await peer.receive()
    assert.equal(asked?.type, 'N')
    peer.send('N', '{}')
    assert.equal((await peer.receive())?.type, 'Q')
    peer.send('Q')
    const { code, reports, stderr } = await peer.exit()
    assert.equal(code, 0, stderr)
    const sessionKey = reports[0]?.established?.sessionKey
    assert.equal(sessionKey, Buffer.from(await server.sessionKey()).toString('hex'))
  })
}

/** Carries the tokens until the server has judged; a client that waits for a last token gets it. */
async function authenticate(client: NtlmAuthClient, server: NtlmAuthServer): Promise<NtlmAuthVerdict> {
  let { token, done } = await client.step()
  for (;;) {
    assert.ok(token)
    const verdict = await server.step(token)
    if (verdict.kind === 'refused') return verdict
    if (!done && verdict.token) ({ token, done } = await client.step(verdict.token))
    if (verdict.kind === 'accepted') {
      assert.ok(done)
      return verdict
    }
  }
}
