import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { readCertificate } from '../../src/crypto/index.js'
import { CIPHER_SUITES, SCH_CRED_DISABLE_RECONNECTS, SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from '../../src/schannel/index.js'
import {
  ASC_REQ_SESSION_TICKET,
  ASC_RET_MUTUAL_AUTH,
  ASC_RET_SESSION_TICKET,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  ISC_RET_MANUAL_CRED_VALIDATION,
  ISC_RET_MUTUAL_AUTH,
  readSecChannelBindings,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SECPKG_ATTR_EXPORTER_BINDINGS,
  SECPKG_ATTR_ISSUER_LIST_EX,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_KEYING_MATERIAL,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECPKG_ATTR_LOCAL_CERT_CONTEXT,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_REMOTE_CERT_CHAIN,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_SESSION_INFO,
  SECPKG_ATTR_UNIQUE_BINDINGS,
} from '../../src/sspi/index.js'
import { certificateCases, CRL, credentialOf, ROOT, SERVER, trusting } from './certificates.js'
import { establish, meet, Party, shakeHands, type Pair } from './pair.js'

const TEXT = new TextEncoder().encode('the quick brown fox')
const VERSIONS = [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const

for (const [version, enabledProtocols] of VERSIONS) {
  const only = { enabledProtocols }

  for (const { name, expected } of certificateCases) {
    if (expected.asClient === undefined) continue
    test(`${version}: a client with the certificate '${name}' is answered with ${expected.asClient}`, async () => {
      const crls = expected.asClient === 'CRYPT_E_REVOKED' ? CRL : undefined
      const pair = await meet(
        { credential: credentialOf(name, only) },
        { credential: credentialOf('server', { crls }) },
      )
      if (expected.asClient !== 'SEC_E_OK') {
        let alert: Uint8Array | undefined
        await assert.rejects(shakeHands(pair), (error: Error & { code?: string; token?: Uint8Array }) => {
          alert = error.token
          return error.code === expected.asClient
        })
        const told = pair.client.done ? async () => pair.client.open(alert!) : () => pair.client.advance(alert)
        await assert.rejects(told, { code: expected.asClient })
        return
      }
      await shakeHands(pair)
      const { client, server } = pair
      assert.ok(client.step!.contextAttr & ISC_RET_MUTUAL_AUTH && server.step!.contextAttr & ASC_RET_MUTUAL_AUTH)
      assert.equal(server.ask(SECPKG_ATTR_NAMES).userName, expected.name)
      assert.equal(server.ask(SECPKG_ATTR_ACCESS_TOKEN).user.source, 'verified')
      const { certificate } = server.ask(SECPKG_ATTR_REMOTE_CERT_CONTEXT)
      assert.deepEqual(certificate, client.ask(SECPKG_ATTR_LOCAL_CERT_CONTEXT).certificate)
      const names = client.ask(SECPKG_ATTR_ISSUER_LIST_EX).issuers
      assert.ok(names.length > 0)
      const [, root] = server.ask(SECPKG_ATTR_REMOTE_CERT_CHAIN).certificates
      assert.deepEqual(names[0], readCertificate(root!).subject)
    })
  }

  test(`${version}: a client without a certificate comes in as nobody, or not at all where one is required`, async () => {
    const { client, server } = await establish({ credential: trusting(only) })
    assert.ok(client.step!.contextAttr & ISC_RET_MUTUAL_AUTH)
    assert.equal(server.step!.contextAttr & ASC_RET_MUTUAL_AUTH, 0)
    for (const attribute of [SECPKG_ATTR_ACCESS_TOKEN, SECPKG_ATTR_NAMES, SECPKG_ATTR_REMOTE_CERT_CONTEXT] as const) {
      assert.throws(() => server.ask(attribute), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    }
    const strict = credentialOf('server', { requireClientCertificate: true })
    await assert.rejects(establish({ credential: trusting(only) }, { credential: strict }), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  test(`${version}: a server asks no certificate of clients unless it says whom it trusts, and SECPKG_ATTR_ISSUER_LIST_EX tells them`, async () => {
    const server = credentialOf('server', { roots: undefined })
    const pair = await establish({ credential: credentialOf('client', only) }, { credential: server })
    assert.throws(() => pair.server.ask(SECPKG_ATTR_REMOTE_CERT_CONTEXT), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    assert.throws(() => pair.client.ask(SECPKG_ATTR_ISSUER_LIST_EX), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    const asks = await establish({ credential: credentialOf('client', only) }, { credential: credentialOf('server') })
    const { subject } = readCertificate(new Uint8Array(new X509Certificate(ROOT).raw))
    assert.deepEqual(asks.client.ask(SECPKG_ATTR_ISSUER_LIST_EX).issuers, [subject])
  })

  test(`${version}: a server never sees the certificate of a client that does not want it`, async () => {
    const stranger = { credential: credentialOf('stranger') }
    const pair = await meet({ credential: credentialOf('client', only) }, stranger)
    const hello = await pair.client.advance()
    const flight = await pair.server.advance(hello)
    await assert.rejects(pair.client.advance(flight), (error: Error & { token?: Uint8Array }) => {
      assert.ok(error.token !== undefined && error.token.length < 40, 'an alert and nothing else')
      return true
    })
  })

  test(`${version}: a client's certificate is mapped to an account, and refused where it is nobody's`, async () => {
    const credential = credentialOf('server', { mapToAccount: true })
    const { server } = await establish({ credential: credentialOf('client', only) }, { credential })
    assert.equal(server.ask(SECPKG_ATTR_ACCESS_TOKEN).user.name, 'alice')
    const pair = await meet({ credential: credentialOf('client-revoked', only) }, { credential })
    let alert: Uint8Array | undefined
    await assert.rejects(shakeHands(pair), (error: Error & { code?: string; token?: Uint8Array }) => {
      alert = error.token
      return error.code === 'SEC_E_LOGON_DENIED'
    })
    const told = pair.client.done ? async () => pair.client.open(alert!) : () => pair.client.advance(alert)
    await assert.rejects(told, /access_denied/)
  })

  test(`${version}: without validation nothing is checked, and the attributes say so`, async () => {
    for (const client of [
      { credential: trusting({ ...only, manualValidation: true }) },
      { credential: trusting(only), flags: ISC_REQ_MANUAL_CRED_VALIDATION },
    ]) {
      const pair = await establish({ ...client, target: 'nobody.example' }, { credential: credentialOf('stranger') })
      const { contextAttr } = pair.client.step!
      assert.ok(contextAttr & ISC_RET_MANUAL_CRED_VALIDATION)
      assert.equal(contextAttr & ISC_RET_MUTUAL_AUTH, 0)
    }
  })

  test(`${version}: application protocols are agreed on; without one in common there is an alert`, async () => {
    const client = { credential: trusting(only), protocols: ['http/1.1', 'h2'] }
    const pair = await establish(client, { protocols: ['h2', 'http/1.1'] })
    for (const party of [pair.client, pair.server]) {
      const { protoNegoStatus, protoNegoExt, protocolId } = party.ask(SECPKG_ATTR_APPLICATION_PROTOCOL)
      assert.deepEqual([protoNegoStatus, protoNegoExt, protocolId], [1, 2, 'h2'])
    }
    const none = await establish({ credential: trusting(only) }, { protocols: ['h2'] })
    assert.equal(none.client.ask(SECPKG_ATTR_APPLICATION_PROTOCOL).protoNegoStatus, 0)
    const strange = await meet(client, { protocols: ['ftp'] })
    let alert: Uint8Array | undefined
    await assert.rejects(shakeHands(strange), (error: Error & { code?: string; token?: Uint8Array }) => {
      alert = error.token
      return error.code === 'SEC_E_APPLICATION_PROTOCOL_MISMATCH'
    })
    await assert.rejects(strange.client.advance(alert), { code: 'SEC_E_APPLICATION_PROTOCOL_MISMATCH' })
  })

  test(`${version}: the handshake goes on in pieces of any size`, async () => {
    for (const split of [1, 2, 7, 100, 1000]) {
      const pair = await meet({ credential: credentialOf('client', only) })
      await shakeHands(pair, split)
      assert.deepEqual(pair.server.open(pair.client.seal(TEXT)).data, TEXT)
    }
  })

  test(`${version}: what follows the handshake in the same bytes is left over`, async () => {
    const { client, server } = await meet({ credential: trusting(only) })
    const first = await client.advance(await server.advance(await client.advance()))
    const [last, from, to] = client.done ? [first, client, server] : [await server.advance(first), server, client]
    await to.advance(Uint8Array.from([...last, ...from.seal(TEXT)]))
    assert.ok(client.done && server.done)
    assert.deepEqual(to.open(to.extra!).data, TEXT)
    assert.deepEqual(server.open(client.seal(TEXT)).data, TEXT)
  })

  test(`${version}: SECPKG_ATTR_UNIQUE_BINDINGS, SECPKG_ATTR_EXPORTER_BINDINGS, SECPKG_ATTR_KEYING_MATERIAL_INFO, SECPKG_ATTR_KEYING_MATERIAL: both sides have the same bindings and the same exported keys`, async () => {
    const { client, server } = await establish({ credential: trusting(only) })
    const info = { label: 'EXPORTER-sspi-test', contextValue: TEXT, keyingMaterialLength: 77 }
    const [mine, theirs] = [client, server].map((party) => {
      party.table.setContextAttributes(party.ctx, SECPKG_ATTR_KEYING_MATERIAL_INFO, info)
      return {
        key: toHex(party.ask(SECPKG_ATTR_KEYING_MATERIAL).keyingMaterial),
        endPoint: toHex(party.ask(SECPKG_ATTR_ENDPOINT_BINDINGS).bindings),
        exporter: toHex(party.ask(SECPKG_ATTR_EXPORTER_BINDINGS).bindings),
        unique: version === 'TLS 1.2' ? toHex(party.ask(SECPKG_ATTR_UNIQUE_BINDINGS).bindings) : '',
      }
    })
    assert.deepEqual(mine, theirs)
    assert.equal(mine!.key.length, 2 * 77)
    // Windows fact 194: the structure, the prefix, SHA-256 of the certificate.
    assert.equal(mine!.endPoint.length, 2 * (32 + 21 + 32))
    const { applicationData } = readSecChannelBindings(fromHex(mine!.exporter))
    assert.equal(new TextDecoder().decode(applicationData.subarray(0, 13)), 'tls-exporter:')
    if (version === 'TLS 1.3') {
      assert.throws(() => client.ask(SECPKG_ATTR_UNIQUE_BINDINGS), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    }
    assert.throws(() => client.ask(SECPKG_ATTR_NEGOTIATION_INFO), { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, 'fact 190')
    const bad = { label: 'x', keyingMaterialLength: 9000 }
    assert.throws(() => client.table.setContextAttributes(client.ctx, SECPKG_ATTR_KEYING_MATERIAL_INFO, bad), {
      code: 'SEC_E_INVALID_PARAMETER',
    })
  })

  test(`${version}: a session goes on with the same credentials, for the same server only, as SECPKG_ATTR_SESSION_INFO says`, async () => {
    const first = await meet({ credential: credentialOf('client', only) }, { flags: ASC_REQ_SESSION_TICKET })
    const tickets = await shakeHands(first)
    for (let rest: Uint8Array | undefined = tickets; rest !== undefined && rest.length > 0;) {
      const { status, data, extra } = first.client.open(rest)
      assert.deepEqual([status, data.length], [0, 0], 'tickets are no data')
      rest = extra
    }
    assert.equal((first.server.step!.contextAttr & ASC_RET_SESSION_TICKET) !== 0, version === 'TLS 1.3')
    const again = async (target: string): Promise<readonly number[]> => {
      const client = await Party.make(true, { like: first.client, target })
      const server = await Party.make(false, { like: first.server, flags: ASC_REQ_SESSION_TICKET })
      const more = await shakeHands({ client, server })
      const left = more.length > 0 ? client.open(more).extra : undefined
      if (left !== undefined) client.open(left)
      assert.deepEqual(server.open(client.seal(TEXT)).data, TEXT)
      assert.deepEqual(client.open(server.seal(TEXT)).data, TEXT)
      assert.equal(server.ask(SECPKG_ATTR_NAMES).userName, 'alice')
      return [client, server].map((party) => party.ask(SECPKG_ATTR_SESSION_INFO).flags)
    }
    assert.deepEqual(await again('a.wild.example.com'), [0, 0])
    assert.deepEqual(await again(SERVER), [1, 1])
    assert.deepEqual(await again(SERVER), [1, 1])
    assert.deepEqual(await again('a.wild.example.com'), [1, 1])
  })

  test(`${version}: ASC_REQ_SESSION_TICKET, ASC_RET_SESSION_TICKET: tickets come behind the handshake if and only if the server says so`, async () => {
    for (const flags of [0, ASC_REQ_SESSION_TICKET]) {
      const pair = await meet({ credential: credentialOf('client', only) }, { flags })
      const tickets = await shakeHands(pair)
      // In TLS 1.2 they are part of the handshake, or the session has a number.
      const sent = flags !== 0 && version === 'TLS 1.3'
      assert.equal(tickets.length > 0, sent)
      assert.equal((pair.server.step!.contextAttr & ASC_RET_SESSION_TICKET) !== 0, sent)
    }
  })

  test(`${version}: no session goes on where either side keeps none`, async () => {
    const flags = SCH_CRED_DISABLE_RECONNECTS
    for (const [client, server, serverKeepsNone] of [
      [credentialOf('client', only), credentialOf('server', { flags }), true],
      [credentialOf('client', { ...only, flags }), credentialOf('server'), false],
    ] as const) {
      const first = await meet({ credential: client }, { credential: server, flags: ASC_REQ_SESSION_TICKET })
      let parties: Pair = first
      for (let time = 0; time < 3; time++) {
        const tickets = await shakeHands(parties)
        if (serverKeepsNone) assert.equal(tickets.length, 0)
        for (const party of [parties.client, parties.server]) assert.equal(party.ask(SECPKG_ATTR_SESSION_INFO).flags, 0)
        parties = {
          client: await Party.make(true, { like: first.client }),
          server: await Party.make(false, { like: first.server, flags: ASC_REQ_SESSION_TICKET }),
        }
      }
    }
  })

  test(`${version}: a certificate that has run out since is refused, though the session could go on`, async () => {
    let now = new Date('2026-02-03T12:00:00Z')
    const first = await meet({ credential: trusting(only), now: () => now }, { flags: ASC_REQ_SESSION_TICKET })
    const tickets = await shakeHands(first)
    if (tickets.length > 0) first.client.open(tickets)
    now = new Date('2126-02-03T12:00:00Z')
    const client = await Party.make(true, { like: first.client })
    const server = await Party.make(false, { like: first.server })
    await assert.rejects(shakeHands({ client, server }), { code: 'SEC_E_CERT_EXPIRED' })
  })

  test(`${version}: the attributes name what protects the connection`, async () => {
    const { client, server } = await establish({ credential: trusting(only), target: 'a.wild.example.com' })
    const info = client.ask(SECPKG_ATTR_CIPHER_INFO)
    const suite = CIPHER_SUITES.find(({ name }) => name === info.cipherSuiteName)!
    assert.deepEqual(
      [info.protocol, info.cipherSuite, info.baseCipherSuite, info.hash, info.hashLength],
      [suite.version, suite.number, suite.number, '', 0],
    )
    const connection = client.ask(SECPKG_ATTR_CONNECTION_INFO)
    assert.equal(connection.protocol, version === 'TLS 1.2' ? 0x800 : 0x2000)
    assert.equal(server.ask(SECPKG_ATTR_CONNECTION_INFO).protocol, version === 'TLS 1.2' ? 0x400 : 0x1000)
    assert.ok(connection.cipherStrength >= 128 && connection.hashStrength === 0)
    assert.ok(client.ask(SECPKG_ATTR_KEY_INFO).keySize >= 128)
    assert.equal(server.ask(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET).targetName, 'a.wild.example.com')
  })
}

test('versions that have nothing in common end with an alert on both sides', async () => {
  const pair = await meet(
    { credential: trusting({ enabledProtocols: SP_PROT_TLS1_2 }) },
    { credential: credentialOf('server', { enabledProtocols: SP_PROT_TLS1_3 }) },
  )
  let alert: Uint8Array | undefined
  await assert.rejects(shakeHands(pair), (error: Error & { code?: string; token?: Uint8Array }) => {
    alert = error.token
    return error.code === 'SEC_E_ALGORITHM_MISMATCH'
  })
  await assert.rejects(pair.client.advance(alert), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
})
