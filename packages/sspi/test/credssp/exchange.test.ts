import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { concatBytes } from '../../src/bytes/index.js'
import {
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SspiError,
  type ExchangeStep,
  keytabCredential,
  passwordCredential,
} from '../../src/index.js'
import {
  SCH_CRED_NO_SERVERNAME_CHECK,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3_CLIENT,
  SP_PROT_TLS1_3_SERVER,
} from '../../src/schannel/index.js'
import { createTestDomain } from '../../src/testing/index.js'
import { filesOf, SERVER } from '../schannel/certificates.js'
import { errorCodeOf, failureOf } from '../../src/credssp/error-codes.js'
import type { TsRequest, TsRequestFields } from '../../src/credssp/index.js'
import { relay } from './middle.js'
import { ALICE, ALLOWED, Pair, TARGET } from './pair.js'
import { withVersion } from './versions.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array): string => new TextDecoder().decode(data)

/** Gives a side the beginning of a token, then more and more of it, as a stream does, until nothing is left. */
async function inPieces(
  side: { step(token: Uint8Array): Promise<ExchangeStep> },
  token: Uint8Array,
): Promise<Uint8Array | undefined> {
  let start = 0
  for (let end = 1; ; end += end < start + 12 ? 2 : 97) {
    const given = token.subarray(start, Math.min(end, token.length))
    const step = await side.step(given)
    if (!step.incomplete) start += given.length - (step.extra?.length ?? 0)
    if (start === token.length) return step.token
    assert.equal(step.token, undefined, 'an answer to half a token')
    assert.ok(end < token.length, 'the whole token is not incomplete')
  }
}

suite('CredSSP', () => {
  for (const [version, cipherSuites, protocols] of [
    ['TLS 1.3', ['TLS_AES_256_GCM_SHA384'], [SP_PROT_TLS1_3_CLIENT, SP_PROT_TLS1_3_SERVER]],
    ['TLS 1.2', ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'], [SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_2_SERVER]],
  ] as const) {
    test(`over ${version}: the server knows the client, and gets its password`, async () => {
      using pair = new Pair({ tls: { cipherSuites } })
      const { client, server } = await pair.establish()
      assert.equal(server.peer?.name, 'alice')
      assert.equal(server.peer.domain, 'LAB')
      const { credential } = server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
      assert.equal(credential?.user, 'alice')
      assert.equal(credential.domain, 'LAB')
      assert.equal(await credential.reveal(), ALICE.password)
      assert.ok(client.achieved.includes('delegation') && server.achieved.includes('delegation'))
      assert.equal(text(server.unseal(client.seal(bytes('hello')))), 'hello')
      assert.equal(text(client.unseal(server.seal(bytes('well met')))), 'well met')
      assert.deepEqual(
        [client, server].map((side) => side.attribute(SECPKG_ATTR_CONNECTION_INFO).protocol),
        protocols,
      )
    })
  }

  test('with Kerberos: the server is who the ticket says, whatever its certificate', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [TARGET] })
    const machine = { kdc: domain.kdc, kerberos: { ...domain.kerberosOptions, defaultRealm: domain.realm } }
    using pair = new Pair({
      client: { ...machine, credssp: ALLOWED },
      server: machine,
      identity: domain.credential('alice'),
      serverIdentity: keytabCredential({ keytab: await domain.keytab(TARGET) }),
      serverTls: 'self-signed',
      flags: ISC_REQ_DELEGATE | ISC_REQ_MANUAL_CRED_VALIDATION,
    })
    const { client, server } = await pair.establish()
    assert.equal(server.peer?.name, 'alice')
    assert.ok(client.achieved.includes('mutual authentication'))
    assert.equal(
      await server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).credential?.reveal(),
      domain.passwordOf('alice'),
    )
  })

  test('each phase has its fields, and no others: a client’s last token goes with the key', async () => {
    // Within SPNEGO the server has the last word, its mechListMIC.
    const spnego = [
      ['negoToken'],
      ['negoToken'],
      ['negoToken'],
      ['negoToken'],
      ['pubKeyAuth'],
      ['pubKeyAuth'],
      ['authInfo'],
    ]
    const ntlm = [['negoToken'], ['negoToken'], ['negoToken', 'pubKeyAuth'], ['pubKeyAuth'], ['authInfo']]
    for (const [innerPackage, expected] of [
      ['Negotiate', spnego],
      ['NTLM', ntlm],
    ] as const) {
      const seen: string[][] = []
      const nonces: unknown[] = []
      const change = (request: TsRequest): TsRequestFields => {
        const { negoTokens, pubKeyAuth, authInfo } = request
        const sealed = Object.entries({ pubKeyAuth, authInfo }).filter(([, value]) => value !== undefined)
        seen.push([...negoTokens.map(() => 'negoToken'), ...sealed.map(([name]) => name)])
        if (pubKeyAuth !== undefined) nonces.push(request.clientNonce?.length)
        return request
      }
      const credssp = { ...ALLOWED, innerPackage }
      await relay({ client: { credssp }, server: { credssp } }, { certificate: 'server', change })
      assert.deepEqual(seen, expected, innerPackage)
      assert.equal(nonces[0], 32)
    }
  })

  test('what was delegated, SECPKG_ATTR_DELEGATED_CREDENTIAL, is a credential that another package takes', async () => {
    using pair = new Pair()
    const { server } = await pair.establish()
    const { credential } = server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
    using next = new Pair(credential === undefined ? {} : { identity: credential })
    assert.equal((await next.establish()).server.peer?.name, 'alice')
  })

  test('without delegation the server knows the client, and gets nothing (restricted admin mode)', async () => {
    using pair = new Pair({ client: { credssp: {} }, flags: 0 })
    const { client, server } = await pair.establish()
    assert.equal(server.peer?.name, 'alice')
    assert.throws(() => server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.ok(!client.achieved.includes('delegation') && !server.achieved.includes('delegation'))
  })

  test('nothing is delegated unless the policy names the target, and nothing is sent', async () => {
    using pair = new Pair({ client: { credssp: {} } })
    await assert.rejects(pair.client.step(), { code: 'SEC_E_DELEGATION_POLICY' })
  })

  test('a server that only NTLM vouches for gets no password', async () => {
    const flags = ISC_REQ_DELEGATE | ISC_REQ_MANUAL_CRED_VALIDATION
    using refused = new Pair({ serverTls: 'self-signed', flags })
    await assert.rejects(refused.establish(), { code: 'SEC_E_POLICY_NLTM_ONLY' })
    const delegation = { allowFreshCredentialsWhenNtlmOnly: [TARGET] }
    using allowed = new Pair({ serverTls: 'self-signed', flags, client: { credssp: { delegation } } })
    assert.equal((await allowed.establish()).server.peer?.name, 'alice')
  })

  test('a server with the very certificate that is expected is vouched for by that', async () => {
    const pem = filesOf('self-signed').certificate ?? ''
    const fingerprint = new X509Certificate(pem).fingerprint256
    using pair = new Pair({ serverTls: 'self-signed', tls: { fingerprints: [fingerprint] } })
    const { client, server } = await pair.establish()
    assert.ok(client.achieved.includes('mutual authentication'))
    assert.equal(server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).credential?.kind, 'password')
    using other = new Pair({ tls: { fingerprints: [fingerprint] } })
    await assert.rejects(other.establish(), { code: 'SEC_E_UNTRUSTED_ROOT' })
  })

  test('a certificate that was not checked, or not for whose it is, vouches for nobody', async () => {
    for (const tls of [{ manualValidation: true }, { flags: SCH_CRED_NO_SERVERNAME_CHECK }]) {
      using pair = new Pair({ tls, target: 'TERMSRV/other.example.com' })
      await assert.rejects(pair.establish(), { code: 'SEC_E_POLICY_NLTM_ONLY' })
    }
  })

  test('a server with a bad certificate is not talked to, unless the application judges it itself', async () => {
    using pair = new Pair({ serverTls: 'self-signed' })
    await assert.rejects(pair.establish(), { code: 'SEC_E_UNTRUSTED_ROOT' })
  })

  test('a wrong password is refused, and the client is told so by the server', async () => {
    using pair = new Pair({ identity: passwordCredential({ ...ALICE, password: 'wrong' }) })
    let told: Uint8Array | undefined
    await assert.rejects(pair.establish(), (error) => {
      assert.ok(error instanceof SspiError)
      assert.equal(error.code, 'SEC_E_LOGON_DENIED')
      told = error.token
      return true
    })
    assert.ok(told)
    await assert.rejects(pair.client.step(told), { code: 'SEC_E_LOGON_DENIED', message: /0xc000006d/ })
  })

  test('somebody in the middle with a certificate of its own is found out, and gets no password', async () => {
    // Two channels: the client's to the middle, the middle's to the server. What is in them goes through.
    const flags = ISC_REQ_DELEGATE | ISC_REQ_MANUAL_CRED_VALIDATION
    const delegation = { allowFreshCredentialsWhenNtlmOnly: ['*'] }
    const client = { credssp: { delegation } }
    // By two means, of which either would do: NTLM's channel bindings, and the binding of the public key.
    await assert.rejects(relay({ client, flags }), { code: 'SEC_E_BAD_BINDINGS' })
    await assert.rejects(relay({ client, flags, server: { policy: { channelBindings: 'none' } } }), {
      code: 'SEC_E_MESSAGE_ALTERED',
      message: /another TLS channel/,
    })
  })

  test('tokens in any pieces: what is cut short is waited for', async () => {
    for (const cipherSuites of [['TLS_AES_256_GCM_SHA384'], ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384']]) {
      using pair = new Pair({ tls: { cipherSuites } })
      let { token } = await pair.client.step()
      for (let toServer = true; token !== undefined; toServer = !toServer) {
        token = await inPieces(toServer ? pair.server : pair.client, token)
      }
      assert.equal(pair.server.session.peer?.name, 'alice')
    }
  })

  test('what comes behind the last token belongs to the application: its first message, in the same segment', async () => {
    using pair = new Pair()
    let asked = await pair.client.step()
    while (!asked.done) asked = await pair.client.step((await pair.server.step(asked.token)).token)
    assert.ok(asked.token)
    // The client is done with its last token, so it may go on at once.
    const { done, extra } = await pair.server.step(concatBytes(asked.token, pair.client.session.seal(bytes('hello'))))
    assert.ok(done && extra)
    assert.equal(text(pair.server.session.unseal(extra)), 'hello')
  })

  test('a server that says why and closes at once is heard, as that of FreeRDP is', async () => {
    using pair = new Pair({ identity: passwordCredential({ ...ALICE, password: 'wrong' }) })
    const refusal = await pair.establish().then(
      () => assert.fail('was let in'),
      (error: unknown) => error,
    )
    assert.ok(refusal instanceof SspiError && refusal.token)
    const closing = Uint8Array.of(0x17, 3, 3, 0, 19, ...new Uint8Array(19)) // never opened
    await assert.rejects(pair.client.step(concatBytes(refusal.token, closing)), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('with NTLM alone within the channel: a server with Negotiate takes that too', async () => {
    using pair = new Pair({ client: { credssp: { ...ALLOWED, innerPackage: 'NTLM' } } })
    const { server } = await pair.establish()
    assert.equal(server.peer?.name, 'alice')
    using other = new Pair({ client: { credssp: { ...ALLOWED, innerPackage: 'Another' } } })
    await assert.rejects(other.client.step(), { code: 'SEC_E_SECPKG_NOT_FOUND', message: /Another/ })
  })

  test('any token that is changed ends the exchange, on both sides', async () => {
    using model = new Pair()
    await model.establish()
    for (let which = 0; which < model.tokens.length; which++) {
      for (const where of [0.3, 0.6, 0.95]) {
        using pair = new Pair()
        const change = (token: Uint8Array, index: number): Uint8Array => {
          if (index !== which) return token
          const changed = token.slice()
          changed[Math.floor(changed.length * where)]! ^= 0x40
          return changed
        }
        await assert.rejects(pair.establish(change), SspiError, `token ${which} at ${where}`)
      }
    }
  })

  test('a peer that speaks an older version is refused, unless that is allowed', async () => {
    for (const version of [2, 3, 4, 5]) {
      await assert.rejects(withVersion(version, {}), { code: 'SEC_E_UNSUPPORTED_FUNCTION', message: /minimumVersion/ })
      const { server } = await withVersion(version, { minimumVersion: version })
      assert.equal(server.peer?.name, 'alice', `version ${version}`)
      assert.ok(server.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).credential)
    }
  })

  test('a version that is not spoken is told as STATUS_NOT_SUPPORTED', async () => {
    const refused = await withVersion(5, {}).catch((error: unknown) => error)
    assert.ok(refused instanceof SspiError && refused.code === 'SEC_E_UNSUPPORTED_FUNCTION')
    assert.equal(refused.token?.[0], 0x17, 'within the channel')
    const notSupported = 0xc000_00bb
    assert.equal(errorCodeOf(refused), notSupported)
    assert.equal(failureOf(notSupported).code, 'SEC_E_UNSUPPORTED_FUNCTION')
  })

  test('no exchange but with a certificate: a server without one has no credential', async () => {
    await assert.rejects(initSecurityInterface().acquireCredentialsHandle({ package: 'CREDSSP', credentialUse: 1 }), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  test('the target names the host that the certificate must be of', async () => {
    using pair = new Pair({ target: 'TERMSRV/other.example.com' })
    await assert.rejects(pair.establish(), { code: 'SEC_E_WRONG_PRINCIPAL' })
    assert.notEqual(SERVER, 'other.example.com')
  })
})
