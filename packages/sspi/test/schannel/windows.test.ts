import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../src/bytes/index.js'
import {
  SP_PROT_DTLS1_X,
  SP_PROT_OTHERS,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3_CLIENT,
  schannelPackage,
} from '../../src/schannel/index.js'
import {
  certificateCredential,
  ISC_REQ_USE_SUPPLIED_CREDS,
  passwordCredential,
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_ALERT,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_MISSING,
  SECBUFFER_TOKEN,
  SECPKG_CRED_BOTH,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SecBuffer,
  SecBufferDesc,
  UNISP_NAME,
  writeApplicationProtocols,
  type CertificateCredentialOptions,
  type CredentialValue,
  type SecBufferDesc as Desc,
} from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { credentialOf, filesOf, ROOT } from './certificates.js'
import { meet, Party } from './pair.js'

// How Windows answers, by the numbers of the list of facts that this project was built to.

const empty = (): SecBuffer => new SecBuffer(SECBUFFER_EMPTY)
const token = (memory?: Uint8Array | number): SecBuffer => new SecBuffer(SECBUFFER_TOKEN, memory)
const desc = (...buffers: SecBuffer[]): Desc => new SecBufferDesc(buffers)

test('41: both names have the same capabilities', () => {
  const sspi = initSecurityInterface()
  for (const name of ['Schannel', UNISP_NAME]) {
    const info = sspi.querySecurityPackageInfo(name)
    assert.equal(info.capabilities, 0x0001_07b3)
    assert.equal(info.name, name)
  }
  assert.equal(schannelPackage().info.rpcId, 14)
})

test('both names make the same package', async () => {
  const sspi = initSecurityInterface()
  const client = sspi.initiate({
    package: UNISP_NAME,
    credentials: credentialOf('client'),
    target: 'server.example.com',
  })
  const server = sspi.accept({ package: 'Schannel', credentials: credentialOf('server') })
  const hello = await client.step()
  const flight = await server.step(hello.token)
  const finished = await client.step(flight.token)
  assert.ok(finished.done && (await server.step(finished.token)).done)
  assert.deepEqual(server.session.unseal(client.session.seal(Uint8Array.of(1, 2))), Uint8Array.of(1, 2))
})

async function acquire(credentialUse: number, authData?: CredentialValue): Promise<unknown> {
  const { table } = await Party.make(true)
  return table.acquireCredentialsHandle({ package: 'Schannel', credentialUse, authData })
}

test('145, 146: a client needs no credential, a server does', async () => {
  await acquire(SECPKG_CRED_OUTBOUND)
  for (const use of [SECPKG_CRED_INBOUND, SECPKG_CRED_BOTH]) {
    await assert.rejects(acquire(use), { code: 'SEC_E_NO_CREDENTIALS' })
    await assert.rejects(acquire(use, certificateCredential()), { code: 'SEC_E_NO_CREDENTIALS' })
  }
  await acquire(SECPKG_CRED_BOTH, credentialOf('server'))
})

test('154, 155, 158: certificates that cannot be used', async () => {
  const { certificate = '', privateKey } = filesOf('server')
  const good = { certificate, privateKey }
  for (const [identity, code] of [
    [{ certificate: 'no certificate', privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS'],
    [{ certificate: Uint8Array.of(0x30, 1, 0), privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS'],
    [{ certificate }, 'SEC_E_NO_CREDENTIALS'],
    [{ certificate, privateKey: 'no key' }, 'SEC_E_UNKNOWN_CREDENTIALS'],
    [{ certificate, privateKey: filesOf('client').privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS'],
    [{ ...filesOf('server-encrypted'), certificate, passphrase: 'wrong' }, 'SEC_E_UNKNOWN_CREDENTIALS'],
    [[good, { certificate }], 'SEC_E_UNKNOWN_CREDENTIALS'],
    [[{ certificate }, good], 'SEC_E_UNKNOWN_CREDENTIALS'],
  ] as const) {
    for (const use of [SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND]) {
      await assert.rejects(acquire(use, certificateCredential({ identity })), { code }, JSON.stringify(identity))
    }
  }
  await assert.rejects(acquire(SECPKG_CRED_OUTBOUND, passwordCredential({ user: 'a', password: 'b' })), {
    code: 'SEC_E_UNKNOWN_CREDENTIALS',
  })
})

test('160, 161, 212: protocols that are not there for a side', async () => {
  const attempt = (use: number, options: CertificateCredentialOptions): Promise<unknown> =>
    acquire(use, credentialOf('server', options))
  for (const [use, enabledProtocols] of [
    [SECPKG_CRED_OUTBOUND, SP_PROT_TLS1_2_SERVER],
    [SECPKG_CRED_INBOUND, SP_PROT_TLS1_2_CLIENT],
    [SECPKG_CRED_OUTBOUND, SP_PROT_TLS1_2_CLIENT | SP_PROT_DTLS1_X],
    [SECPKG_CRED_OUTBOUND, SP_PROT_DTLS1_X],
    [SECPKG_CRED_OUTBOUND, SP_PROT_OTHERS],
  ] as const) {
    await assert.rejects(attempt(use, { enabledProtocols }), { code: 'SEC_E_ALGORITHM_MISMATCH' })
  }
  await attempt(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_2_CLIENT })
  const suites = ['TLS_AES_128_GCM_SHA256']
  await assert.rejects(
    attempt(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_2_CLIENT, cipherSuites: suites }),
    {
      code: 'SEC_E_ALGORITHM_MISMATCH',
    },
  )
  await assert.rejects(attempt(SECPKG_CRED_OUTBOUND, { cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'] }), {
    code: 'SEC_E_ALGORITHM_MISMATCH',
  })
  await attempt(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_3_CLIENT, cipherSuites: suites })
})

test('flags without a meaning here are refused, and checking revocation needs lists', async () => {
  await assert.rejects(acquire(SECPKG_CRED_OUTBOUND, certificateCredential({ flags: 0x1000 })), {
    code: 'SEC_E_UNSUPPORTED_FUNCTION',
  })
  await assert.rejects(acquire(SECPKG_CRED_OUTBOUND, certificateCredential({ flags: 0x400 })), {
    code: 'SEC_E_UNKNOWN_CREDENTIALS',
  })
  await assert.rejects(acquire(SECPKG_CRED_OUTBOUND, certificateCredential({ requireClientCertificate: true })), {
    code: 'SEC_E_UNKNOWN_CREDENTIALS',
  })
  const der = Uint8Array.from(Buffer.from(ROOT.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
  await acquire(SECPKG_CRED_OUTBOUND, certificateCredential({ roots: [der, ROOT, new TextEncoder().encode(ROOT)] }))
})

test('166, 167: an output buffer without room', async () => {
  const client = await Party.make(true)
  const short = { code: 'SEC_E_INSUFFICIENT_MEMORY' }
  await assert.rejects(client.call(undefined, desc(token(0))), short)
  await assert.rejects(client.call(undefined, desc(token(), new SecBuffer(SECBUFFER_ALERT, 0))), short)
  await assert.rejects(client.call(undefined, desc(new SecBuffer(SECBUFFER_DATA, 9000))), short)
})

test('169, 170, 172: a first call with an empty input buffer, or none; an alert buffer is emptied', async () => {
  for (const input of [desc(empty()), undefined]) {
    const client = await Party.make(true)
    const alert = new SecBuffer(SECBUFFER_ALERT, 16)
    const output = token(9000)
    const { status } = await client.call(input, desc(output, alert))
    assert.equal(status, SEC_I_CONTINUE_NEEDED)
    assert.equal(alert.cbBuffer, 0)
    assert.equal(output.bytes[0], 22)
  }
})

test('173: garbage on the second call', async () => {
  const client = await Party.make(true)
  await client.advance()
  const output = token(9000)
  const garbage = token(new Uint8Array(8192).fill(0xfa))
  await assert.rejects(client.call(desc(garbage, empty()), desc(output)), { code: 'SEC_E_INVALID_TOKEN' })
  assert.equal(output.cbBuffer, 0)
})

test('176, 178, 179, 182: a second call without a whole record asks for more and touches nothing', async () => {
  const { client, server } = await meet()
  const flight = await server.advance(await client.advance())
  for (const [given, missing] of [
    [undefined, undefined],
    [flight.slice(0, 4), 1],
    [flight.slice(0, 5), (flight[3]! << 8) | flight[4]!],
  ] as const) {
    const output = token(9000)
    const place = empty()
    const input = given === undefined ? undefined : desc(token(given), place)
    const step = await client.call(input, desc(output))
    assert.equal(step.status, SEC_E_INCOMPLETE_MESSAGE)
    assert.equal(step.context, client.context)
    assert.deepEqual([output.type, output.cbBuffer], [SECBUFFER_TOKEN, 9000])
    if (missing !== undefined) assert.deepEqual([place.type, place.cbBuffer], [SECBUFFER_MISSING, missing])
  }
  await client.advance(flight)
  assert.ok(client.done)
})

test('184: what is returned whether asked for or not', async () => {
  const { table, credential } = await Party.make(true)
  const { contextAttr } = await table.initializeSecurityContext({
    credential,
    targetName: 'server.example.com',
    contextReq: ISC_REQ_USE_SUPPLIED_CREDS,
    output: desc(token()),
  })
  assert.equal(contextAttr, 0x0000_809c)
})

test('209: the application protocols as a caller of Windows writes them', () => {
  assert.equal(
    toHex(writeApplicationProtocols(['http/1.1', 'h2'])),
    '12000000' + '02000000' + '0c00' + '08687474702f312e31' + '026832',
  )
})

test('211: the steps of TLS 1.2', async () => {
  const { client, server } = await meet({
    credential: certificateCredential({ roots: ROOT, enabledProtocols: SP_PROT_TLS1_2_CLIENT }),
  })
  const statuses: number[] = []
  let bytes: Uint8Array | undefined
  for (const party of [client, server, client, server, client]) {
    const before = party.context
    bytes = await party.advance(bytes)
    statuses.push(party.step!.status)
    if (before !== undefined) assert.equal(party.context, before)
  }
  const { status } = client.step!
  assert.deepEqual(statuses, [SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED, SEC_I_CONTINUE_NEEDED, SEC_E_OK, SEC_E_OK])
  assert.equal(status, SEC_E_OK)
})

test('232, 233, 235, 236: control tokens that are none', async () => {
  const client = await Party.make(true)
  await client.advance()
  const { table, ctx } = client
  const shutdown = Uint8Array.of(1, 0, 0, 0)
  const control = (...buffers: SecBuffer[]): void => table.applyControlToken(ctx, desc(...buffers))
  assert.throws(() => table.applyControlToken(undefined as never, desc(token(shutdown))), {
    code: 'SEC_E_INVALID_HANDLE',
  })
  assert.throws(() => table.applyControlToken(ctx, undefined as never), { code: 'SEC_E_INTERNAL_ERROR' })
  assert.throws(() => control(token(shutdown), token(shutdown)), { code: 'SEC_E_INVALID_TOKEN' })
  assert.throws(() => control(token(shutdown), empty()), { code: 'SEC_E_INVALID_TOKEN' })
  assert.throws(() => control(empty()), { code: 'SEC_E_INVALID_TOKEN' })
  for (const bytes of [
    [1, 0],
    [0, 0, 0, 0],
    [9, 0, 0, 0],
    [2, 0, 0, 0],
    [2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
  ]) {
    assert.throws(() => control(token(Uint8Array.from(bytes))), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  }
})

test('238, 239: shutting down before a handshake has finished, once', async () => {
  const client = await Party.make(true)
  await client.advance()
  client.table.applyControlToken(client.ctx, desc(token(Uint8Array.of(1, 0, 0, 0))))
  const output = token(100)
  const step = await client.call(undefined, desc(output))
  assert.equal(step.status, SEC_E_OK)
  assert.equal(step.context, client.context)
  assert.equal(toHex(output.bytes), '15030100020100')
  assert.equal((await client.call(undefined, desc(token(100)))).status, SEC_E_INCOMPLETE_MESSAGE)
})

test('241: an alert of the application before a handshake has finished', async () => {
  const client = await Party.make(true)
  await client.advance()
  const alert = Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 42, 0, 0, 0)
  client.table.applyControlToken(client.ctx, desc(token(alert)))
  const output = token(100)
  assert.equal((await client.call(undefined, desc(output))).status, SEC_E_OK)
  assert.equal(toHex(output.bytes), '1503010002022a')
})

test('an alert before the handshake has finished is the last word: a second would be under the same nonce', async () => {
  const pair = await meet()
  const hello = await pair.client.advance()
  await pair.server.advance(hello)
  const { table, ctx } = pair.server
  table.applyControlToken(ctx, desc(token(Uint8Array.of(1, 0, 0, 0))))
  const output = token(100)
  assert.equal((await pair.server.call(undefined, desc(output))).status, SEC_E_OK)
  assert.equal(output.bytes[0], 23, 'it is under the keys')
  table.applyControlToken(ctx, desc(token(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 42, 0, 0, 0))))
  await assert.rejects(pair.server.call(undefined, desc(token(100))), { code: 'SEC_E_CONTEXT_EXPIRED' })
})
