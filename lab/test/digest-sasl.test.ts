import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  passwordCredential,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_CRED_OUTBOUND,
  type SecureSession,
  type SecurityFunctionTable,
} from 'sspi'
import { memoryAccounts } from 'sspi/accounts'
import {
  digestLayer,
  LdapClient,
  missing,
  ourSide,
  PASSWORD,
  SaslClient,
  SaslSample,
  UTF8_PASSWORD,
} from '../src/index.js'

const skip = missing('cyrus-sasl')
const LEGACY = { insecureAllowLegacyLayers: true }

/** Cyrus SASL's strengths in bits, and what they mean. 112, triple DES, it offers and cannot begin: so it is on OpenSSL 3. */
const LAYERS = [
  [0, 'none', undefined],
  [1, 'integrity', undefined],
  [40, 'confidentiality', 'RC4-40'],
  [56, 'confidentiality', 'RC4-56'],
  [55, 'confidentiality', 'DES'],
  [128, 'confidentiality', 'RC4'],
] as const

function us(now?: () => Date): SecurityFunctionTable {
  const accounts = memoryAccounts([
    { user: 'alice', password: PASSWORD },
    { user: 'utf8user', password: UTF8_PASSWORD },
  ])
  return ourSide({ accounts, now, digest: { realm: 'localhost', ...LEGACY } })
}

const wanted = (layer: string): { integrity: boolean; confidentiality: boolean } => ({
  integrity: layer === 'integrity',
  confidentiality: layer === 'confidentiality',
})

/** Under a layer, each packet has its length in front. */
function protect(session: SecureSession, text: string): Uint8Array {
  const message = new TextEncoder().encode(text)
  const packet = digestLayer(session)?.protect(message)
  if (packet === undefined) return message
  const framed = new Uint8Array(4 + packet.length)
  new DataView(framed.buffer).setUint32(0, packet.length)
  framed.set(packet, 4)
  return framed
}

function unprotect(session: SecureSession, buffer: Uint8Array): string {
  const layer = digestLayer(session)
  return new TextDecoder().decode(layer === undefined ? buffer : layer.unprotect(buffer.slice(4)))
}

const cipherOf = (session: SecureSession): string => session.attribute(SECPKG_ATTR_KEY_INFO).encryptAlgorithmName

suite('our client at the sample server of Cyrus SASL', { skip }, () => {
  for (const [bits, layer, cipher] of LAYERS) {
    test(`${cipher ?? layer}: established, and a message each way`, async () => {
      await using server = SaslSample.start({ role: 'server', bits: [bits, bits] })
      const client = us().initiate({
        package: 'WDigest',
        credentials: passwordCredential({ user: 'alice', password: PASSWORD }),
        target: 'ldap/localhost',
        ...wanted(layer),
      })
      assert.equal(new TextDecoder().decode(await server.receive()), 'DIGEST-MD5')
      server.send(new TextEncoder().encode('DIGEST-MD5'))
      let step = await client.step(await server.receive())
      server.send(step.token!)
      step = await client.step(await server.receive())
      assert.ok(step.done)
      const { session } = client
      assert.ok(session.achieved.includes('mutual authentication'))
      if (cipher !== undefined) assert.equal(cipherOf(session), cipher)
      server.send(new Uint8Array())
      // Its messages have the end of a C string, and it takes no other than this one.
      assert.equal(unprotect(session, await server.receive()), 'srv message 1\0')
      server.send(protect(session, 'client message 1'))
      await server.says(/recieved decoded message 'client message 1'/)
      assert.match(server.text, /Username: alice@localhost/)
      assert.equal(await server.exitCode(), 0)
    })
  }

  test('a wrong password is refused', async () => {
    await using server = SaslSample.start({ role: 'server', bits: [0, 0] })
    const credentials = passwordCredential({ user: 'alice', password: 'wrong' })
    const client = us().initiate({ package: 'WDigest', credentials, target: 'ldap/localhost', ...wanted('none') })
    await server.receive()
    server.send(new TextEncoder().encode('DIGEST-MD5'))
    server.send((await client.step(await server.receive())).token!)
    assert.notEqual(await server.exitCode(), 0)
  })
})

suite('the sample client of Cyrus SASL at our server', { skip }, () => {
  for (const [bits, layer, cipher] of LAYERS) {
    test(`${cipher ?? layer}: established, and a message each way`, async () => {
      await using client = SaslSample.start({ role: 'client', bits: [bits, bits], user: 'alice', password: PASSWORD })
      const server = us().accept({ package: 'WDigest', ...wanted(layer) })
      client.send(new TextEncoder().encode('DIGEST-MD5'))
      assert.match(new TextDecoder().decode(await client.receive()), /^DIGEST-MD5/)
      client.send((await server.step()).token!)
      const last = await server.step(await client.receive())
      assert.ok(last.done)
      client.send(last.token!)
      await client.receive()
      const { session } = server
      assert.equal(session.peer?.name, 'alice')
      if (cipher !== undefined) assert.equal(cipherOf(session), cipher)
      // It takes no other.
      client.send(protect(session, 'srv message 1'))
      await client.says(/recieved decoded message 'srv message 1'/)
      // With the end of its C string.
      assert.equal(unprotect(session, await client.receive()), 'client message 1\0')
      assert.equal(await client.exitCode(), 0)
    })
  }

  test('a name and a password beyond ASCII', async () => {
    await using client = SaslSample.start({ role: 'client', bits: [0, 0], user: 'utf8user', password: UTF8_PASSWORD })
    const server = us().accept({ package: 'WDigest', ...wanted('none') })
    client.send(new TextEncoder().encode('DIGEST-MD5'))
    await client.receive()
    client.send((await server.step()).token!)
    assert.ok((await server.step(await client.receive())).done)
    assert.equal(server.session.peer?.name, 'utf8user')
  })

  test('a wrong password is refused', async () => {
    await using client = SaslSample.start({ role: 'client', bits: [0, 0], user: 'alice', password: 'wrong' })
    const server = us().accept({ package: 'WDigest', ...wanted('none') })
    client.send(new TextEncoder().encode('DIGEST-MD5'))
    await client.receive()
    client.send((await server.step()).token!)
    await assert.rejects(server.step(await client.receive()), { code: 'SEC_E_LOGON_DENIED' })
  })
})

suite('a client of Cyrus SASL that takes up its nonces, at our server', { skip }, () => {
  /** One exchange. @returns the tokens of the client, of which the first is empty where the server begins. */
  const serve = async (table: SecurityFunctionTable, client: SaslClient, layer = 'none'): Promise<Uint8Array[]> => {
    const server = table.accept({ package: 'WDigest', ...wanted(layer) })
    const came = [await client.receive()]
    for (;;) {
      const { token, done } = await server.step(came.at(-1)!.length === 0 ? undefined : came.at(-1))
      client.send(token!)
      came.push(await client.receive())
      if (!done) continue
      using session = server.session
      assert.equal(session.peer?.name, 'alice')
      // It has found our proof right.
      assert.equal(await client.outcome(), 'done')
      return came
    }
  }
  const directive = (token: Uint8Array | undefined, name: string): string | undefined =>
    new RegExp(`(?:^|,)${name}="?([^",]*)`).exec(Buffer.from(token ?? []).toString('latin1'))?.[1]

  test('the second exchange and the third begin with the nonce of the first, without a challenge', async () => {
    const table = us()
    await using client = SaslClient.start({ user: 'alice', password: PASSWORD, bits: 0, times: 3 })
    const [, first] = await serve(table, client)
    for (const count of ['00000002', '00000003']) {
      const [again] = await serve(table, client)
      assert.deepEqual([directive(again, 'nonce'), directive(again, 'nc')], [directive(first, 'nonce'), count])
    }
    assert.equal(await client.exitCode(), 0)
  })

  test('what it has begun with is good for once', async () => {
    const table = us()
    await using client = SaslClient.start({ user: 'alice', password: PASSWORD, bits: 0, times: 2 })
    await serve(table, client)
    const [again] = await serve(table, client)
    await assert.rejects(table.accept({ package: 'WDigest', ...wanted('none') }).step(again), {
      code: 'SEC_E_OUT_OF_SEQUENCE',
    })
  })

  test('a nonce that has become too old is answered by a challenge, and it goes on', async () => {
    let now = Date.now()
    const table = us(() => new Date(now))
    await using client = SaslClient.start({ user: 'alice', password: PASSWORD, bits: 0, times: 2 })
    const [, first] = await serve(table, client)
    now += 400_000
    const [again, anew] = await serve(table, client)
    assert.equal(directive(again, 'nonce'), directive(first, 'nonce'))
    assert.notEqual(directive(anew, 'nonce'), directive(first, 'nonce'))
    assert.equal(await client.exitCode(), 0)
  })

  test('with a layer a nonce is not taken up, as its keys would be the same again: it is asked anew', async () => {
    const table = us()
    await using client = SaslClient.start({ user: 'alice', password: PASSWORD, bits: 1, times: 2 })
    const [, first] = await serve(table, client, 'integrity')
    const [again, anew] = await serve(table, client, 'integrity')
    assert.deepEqual([directive(again, 'nonce'), directive(again, 'nc')], [directive(first, 'nonce'), '00000002'])
    assert.notEqual(directive(anew, 'nonce'), directive(first, 'nonce'))
    assert.equal(await client.exitCode(), 0)
  })
})

suite('our client at OpenLDAP', { skip }, () => {
  const connect = (): Promise<LdapClient> => {
    const [host = '', port = ''] = (process.env['LAB_SLAPD'] ?? '').split(':')
    return LdapClient.connect({ host, port: Number(port) })
  }
  const bound = { mechanism: 'DIGEST-MD5', layer: digestLayer } as const

  for (const [user, password, layer] of [
    ['alice', PASSWORD, 'none'],
    ['alice', PASSWORD, 'integrity'],
    ['alice', PASSWORD, 'confidentiality'],
    ['utf8user', UTF8_PASSWORD, 'confidentiality'],
  ] as const) {
    test(`${user} binds and searches with ${layer === 'none' ? 'no layer' : layer}`, async () => {
      using ldap = await connect()
      const credentials = passwordCredential({ user, password })
      await ldap.bind(
        us().initiate({ package: 'WDigest', credentials, target: 'ldap/localhost', ...wanted(layer) }),
        bound,
      )
      for (let times = 0; times < 3; times++) {
        const found = await ldap.search({ base: 'dc=lab,dc=test', filter: ['uid', 'bob'] })
        assert.deepEqual(
          found.map(({ name }) => name),
          ['uid=bob,dc=lab,dc=test'],
        )
      }
    })
  }

  test('a wrong password is refused', async () => {
    using ldap = await connect()
    const credentials = passwordCredential({ user: 'alice', password: 'wrong' })
    const exchange = us().initiate({ package: 'WDigest', credentials, target: 'ldap/localhost', ...wanted('none') })
    await assert.rejects(ldap.bind(exchange, bound), /result 49/)
  })

  test('a second bind takes up the nonce of the first, without a challenge', async () => {
    const table = ourSide({ digest: { realm: 'localhost', subsequentAuthentication: true } })
    const { credential } = await table.acquireCredentialsHandle({
      package: 'WDigest',
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData: passwordCredential({ user: 'alice', password: PASSWORD }),
    })
    for (const steps of [3, 2, 2]) {
      using ldap = await connect()
      const exchange = table.initiate({
        package: 'WDigest',
        credentials: credential,
        target: 'ldap/localhost',
        ...wanted('none'),
      })
      let taken = 0
      const step = exchange.step.bind(exchange)
      exchange.step = (...args) => {
        taken++
        return step(...args)
      }
      await ldap.bind(exchange, bound)
      assert.equal(taken, steps)
      assert.equal((await ldap.search({ base: 'dc=lab,dc=test', baseOnly: true })).length, 1)
    }
    table.freeCredentialsHandle(credential)
  })
})
