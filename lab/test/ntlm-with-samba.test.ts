// Our NTLM and Negotiate against Samba's ntlm_auth, raw and inside its SPNEGO, in both roles.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordCredential, SECPKG_ATTR_SESSION_KEY, type ExchangeStep, type SecureSession } from 'sspi'
import {
  missing,
  NtlmAuthClient,
  NtlmAuthServer,
  ourSide,
  PASSWORD,
  UTF8_PASSWORD,
  WINBIND_DOMAIN,
  type NtlmAuthVerdict,
} from '../src/index.js'

const skip = missing('winbind')
const TARGET = 'HTTP/localhost'
const PACKAGES = [
  { name: 'NTLM', client: 'ntlmssp-client-1', server: 'squid-2.5-ntlmssp' },
  { name: 'Negotiate', client: 'gss-spnego-client', server: 'gss-spnego' },
] as const

for (const { name, client: clientProtocol, server: serverProtocol } of PACKAGES) {
  for (const [user, password] of [
    ['alice', PASSWORD],
    ['utf8user', UTF8_PASSWORD],
  ] as const) {
    test(`${name}: our client, Samba's server: ${user}`, { skip }, async () => {
      await using peer = await NtlmAuthServer.start({ protocol: serverProtocol })
      const credentials = passwordCredential({ user, domain: WINBIND_DOMAIN, password })
      using client = ourSide().initiate({ package: name, target: TARGET, credentials })
      const verdict = await toServer(client, peer)
      assert.equal(verdict.kind === 'accepted' && verdict.user, `${WINBIND_DOMAIN}\\${user}`)
      assert.deepEqual(Buffer.from(await peer.sessionKey()), sessionKey(client.session))
    })

    test(`${name}: Samba's client, our server: ${user}`, { skip }, async () => {
      await using peer = await NtlmAuthClient.start({ protocol: clientProtocol, username: user, password })
      using server = ourSide().accept({ package: name })
      await toClient(server, peer)
      assert.deepEqual([server.session.peer?.name, server.session.peer?.domain], [user, WINBIND_DOMAIN])
      assert.deepEqual(Buffer.from(await peer.sessionKey()), sessionKey(server.session))
    })
  }

  test(`${name}: Samba refuses our client's wrong password`, { skip }, async () => {
    await using peer = await NtlmAuthServer.start({ protocol: serverProtocol })
    const credentials = passwordCredential({ user: 'alice', domain: WINBIND_DOMAIN, password: 'wrong' })
    using client = ourSide().initiate({ package: name, target: TARGET, credentials })
    const verdict = await toServer(client, peer)
    assert.equal(verdict.kind === 'refused' && verdict.status, 'NT_STATUS_LOGON_FAILURE')
  })

  test(`${name}: our server refuses the wrong password of Samba's client`, { skip }, async () => {
    const wrong = { protocol: clientProtocol, username: 'alice', password: 'wrong' } as const
    await using peer = await NtlmAuthClient.start(wrong)
    using server = ourSide().accept({ package: name })
    await assert.rejects(toClient(server, peer), { code: 'SEC_E_LOGON_DENIED' })
  })

  test(`${name}: Samba's client signs where it was not asked to seal`, { skip }, async () => {
    const user = { protocol: clientProtocol, username: 'alice', password: PASSWORD, features: ['SIGN'] } as const
    await using peer = await NtlmAuthClient.start(user)
    using server = ourSide().accept({ package: name, confidentiality: false })
    await toClient(server, peer)
    assert.ok(server.session.achieved.includes('integrity'))
    assert.ok(!server.session.achieved.includes('confidentiality'))
  })
}

interface Steps {
  step(token?: Uint8Array): Promise<ExchangeStep>
}

/** Carries tokens between our client and ntlm_auth as server, to the verdict. */
async function toServer(client: Steps, peer: NtlmAuthServer): Promise<Exclude<NtlmAuthVerdict, { kind: 'continue' }>> {
  let ours = await client.step()
  for (;;) {
    assert.ok(ours.token, 'our client had no token though the server waits for one')
    const verdict = await peer.step(ours.token)
    if (verdict.kind === 'continue') {
      ours = await client.step(verdict.token)
      continue
    }
    if (verdict.kind === 'accepted' && verdict.token !== undefined && !ours.done) await client.step(verdict.token)
    return verdict
  }
}

/** Carries tokens between ntlm_auth as client and our server, until both are done. */
async function toClient(server: Steps, peer: NtlmAuthClient): Promise<void> {
  let theirs = await peer.step()
  for (;;) {
    const ours = await server.step(theirs.token)
    if (ours.token !== undefined) theirs = await peer.step(ours.token)
    if (ours.done) return
  }
}

function sessionKey(session: SecureSession): Buffer {
  return Buffer.from(session.attribute(SECPKG_ATTR_SESSION_KEY).sessionKey)
}
