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
  type ContextStep,
  type CredentialValue,
  type FailureName,
  type SecBufferDesc as Desc,
} from '../../src/sspi/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { credentialOf, filesOf, ROOT } from './certificates.js'
import { meet, Party } from './pair.js'

// How Windows answers, by the numbers of vectors/facts/windows-behaviour.json: credentials, the handshake, control tokens.
// What is asked of a connection that stands, and its messages: windows-session.test.ts.

const empty = (): SecBuffer => new SecBuffer(SECBUFFER_EMPTY)
const token = (memory?: Uint8Array | number): SecBuffer => new SecBuffer(SECBUFFER_TOKEN, memory)
const desc = (...buffers: SecBuffer[]): Desc => new SecBufferDesc(buffers)
const short = { code: 'SEC_E_INSUFFICIENT_MEMORY' }

test('fact 41: both names have the same capabilities', () => {
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

test('fact 145: a client needs no credential', async () => {
  await acquire(SECPKG_CRED_OUTBOUND)
})

test('fact 146: a server needs one, and so does whoever does not say what for', async () => {
  for (const use of [0, SECPKG_CRED_INBOUND, SECPKG_CRED_BOTH]) {
    await assert.rejects(acquire(use), { code: 'SEC_E_NO_CREDENTIALS' }, `credentialUse ${use}`)
  }
  for (const use of [SECPKG_CRED_INBOUND, SECPKG_CRED_BOTH]) {
    await assert.rejects(acquire(use, certificateCredential()), { code: 'SEC_E_NO_CREDENTIALS' })
  }
  await acquire(SECPKG_CRED_BOTH, credentialOf('server'))
})

/** Acquires with an identity that cannot be used, for either side. */
async function refuse(identity: CertificateCredentialOptions['identity'], code: FailureName): Promise<void> {
  for (const use of [SECPKG_CRED_INBOUND, SECPKG_CRED_OUTBOUND]) {
    await assert.rejects(acquire(use, certificateCredential({ identity })), { code }, JSON.stringify(identity))
  }
}

const { certificate = '', privateKey } = filesOf('server')

test('fact 154: a certificate that does not parse is an unknown credential', async () => {
  await refuse({ certificate: 'no certificate', privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS')
  await refuse({ certificate: Uint8Array.of(0x30, 1, 0), privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS')
})

test('fact 155: a good certificate without its key is no credential', async () => {
  await refuse({ certificate }, 'SEC_E_NO_CREDENTIALS')
})

test('fact 158: two certificates, one of them without a key, in either order, are an unknown credential', async () => {
  await refuse([{ certificate, privateKey }, { certificate }], 'SEC_E_UNKNOWN_CREDENTIALS')
  await refuse([{ certificate }, { certificate, privateKey }], 'SEC_E_UNKNOWN_CREDENTIALS')
})

test('a key that is none, of another certificate, or behind another passphrase is an unknown credential', async () => {
  await refuse({ certificate, privateKey: 'no key' }, 'SEC_E_UNKNOWN_CREDENTIALS')
  await refuse({ certificate, privateKey: filesOf('client').privateKey }, 'SEC_E_UNKNOWN_CREDENTIALS')
  await refuse({ ...filesOf('server-encrypted'), certificate, passphrase: 'wrong' }, 'SEC_E_UNKNOWN_CREDENTIALS')
  await assert.rejects(acquire(SECPKG_CRED_OUTBOUND, passwordCredential({ user: 'a', password: 'b' })), {
    code: 'SEC_E_UNKNOWN_CREDENTIALS',
  })
})

/** SSL 3.0, of a server: wherever it is asked for, it is not there. */
const SP_PROT_SSL3_SERVER = 0x10
const mismatch = { code: 'SEC_E_ALGORITHM_MISMATCH' }

function acquireFor(use: number, options: CertificateCredentialOptions): Promise<unknown> {
  return acquire(use, credentialOf('server', options))
}

test('fact 160: protocols of the other side only are a mismatch', async () => {
  await assert.rejects(acquireFor(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_2_SERVER }), mismatch)
  await assert.rejects(acquireFor(SECPKG_CRED_INBOUND, { enabledProtocols: SP_PROT_TLS1_2_CLIENT }), mismatch)
  await acquireFor(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_2_CLIENT })
  await acquireFor(SECPKG_CRED_INBOUND, { enabledProtocols: SP_PROT_TLS1_2_SERVER })
})

test('fact 161: DTLS together with TLS, or SSL 3.0, is a mismatch', async () => {
  for (const [use, enabledProtocols] of [
    [SECPKG_CRED_OUTBOUND, SP_PROT_TLS1_2_CLIENT | SP_PROT_DTLS1_X],
    [SECPKG_CRED_INBOUND, SP_PROT_TLS1_2_SERVER | SP_PROT_DTLS1_X],
    [SECPKG_CRED_INBOUND, SP_PROT_SSL3_SERVER],
    [SECPKG_CRED_OUTBOUND, SP_PROT_OTHERS],
  ] as const) {
    await assert.rejects(acquireFor(use, { enabledProtocols }), mismatch)
  }
})

test('fact 212: DTLS alone is a mismatch, as it is where Windows does not have it', async () => {
  await assert.rejects(acquireFor(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_DTLS1_X }), mismatch)
})

test('cipher suites that none of the protocols has are a mismatch', async () => {
  const cipherSuites = ['TLS_AES_128_GCM_SHA256']
  await assert.rejects(
    acquireFor(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_2_CLIENT, cipherSuites }),
    mismatch,
  )
  const old = ['TLS_RSA_WITH_AES_128_CBC_SHA']
  await assert.rejects(acquireFor(SECPKG_CRED_OUTBOUND, { cipherSuites: old }), mismatch)
  await acquireFor(SECPKG_CRED_OUTBOUND, { enabledProtocols: SP_PROT_TLS1_3_CLIENT, cipherSuites })
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

test('fact 166: a token buffer without room is INSUFFICIENT_MEMORY', async () => {
  const client = await Party.make(true)
  await assert.rejects(client.call(undefined, desc(token(0))), short)
  await assert.rejects(client.call(undefined, desc(new SecBuffer(SECBUFFER_DATA, 9000))), short)
})

test('fact 167: so is an alert buffer without room', async () => {
  const client = await Party.make(true)
  await assert.rejects(client.call(undefined, desc(token(), new SecBuffer(SECBUFFER_ALERT, 0))), short)
})

/** The first call of a client, with a buffer for an alert. */
async function firstCall(input: Desc | undefined): Promise<{ status: number; output: SecBuffer; alert: SecBuffer }> {
  const client = await Party.make(true)
  const output = token(9000)
  const alert = new SecBuffer(SECBUFFER_ALERT, 16)
  const { status } = await client.call(input, desc(output, alert))
  return { status, output, alert }
}

test('fact 169: an alert buffer is emptied where there is no alert', async () => {
  assert.equal((await firstCall(undefined)).alert.cbBuffer, 0)
})

test('fact 170: a first call with an empty input buffer is as one without input', async () => {
  const { status, output } = await firstCall(desc(empty()))
  assert.equal(status, SEC_I_CONTINUE_NEEDED)
  assert.deepEqual([output.bytes[0], output.bytes[5]], [22, 1])
})

test('fact 172: a first call without input gives a ClientHello', async () => {
  const { status, output } = await firstCall(undefined)
  assert.equal(status, SEC_I_CONTINUE_NEEDED)
  assert.deepEqual([output.bytes[0], output.bytes[5]], [22, 1])
})

test('fact 173: garbage on the second call', async () => {
  const client = await Party.make(true)
  await client.advance()
  const output = token(9000)
  const garbage = token(new Uint8Array(8192).fill(0xfa))
  await assert.rejects(client.call(desc(garbage, empty()), desc(output)), { code: 'SEC_E_INVALID_TOKEN' })
  assert.equal(output.cbBuffer, 0)
})

test('fact 175: a second call without room for the token is INSUFFICIENT_MEMORY, and its length stays 0', async () => {
  const { client, server } = await meet()
  const flight = await server.advance(await client.advance())
  const output = token(0)
  await assert.rejects(client.call(desc(token(flight), empty()), desc(output)), short)
  assert.equal(output.cbBuffer, 0)
})

/** A second call with so much of the server's flight, which does not suffice and touches nothing. */
async function secondCall(length: number | undefined): Promise<{ place: SecBuffer; flight: Uint8Array }> {
  const { client, server } = await meet()
  const flight = await server.advance(await client.advance())
  const output = token(9000)
  const place = empty()
  const input = length === undefined ? undefined : desc(token(flight.slice(0, length)), place)
  const step = await client.call(input, desc(output))
  assert.equal(step.status, SEC_E_INCOMPLETE_MESSAGE)
  assert.equal(step.context, client.context)
  assert.deepEqual([output.type, output.cbBuffer], [SECBUFFER_TOKEN, 9000])
  await client.advance(flight)
  assert.ok(client.done)
  return { place, flight }
}

test('fact 176: a second call without input is INCOMPLETE_MESSAGE and touches nothing', async () => {
  await secondCall(undefined)
})

test('fact 178: four bytes of a header: one is missing', async () => {
  const { place } = await secondCall(4)
  assert.deepEqual([place.type, place.cbBuffer], [SECBUFFER_MISSING, 1])
})

test('fact 179: a header alone: the length of its record is missing', async () => {
  const { place, flight } = await secondCall(5)
  assert.deepEqual([place.type, place.cbBuffer], [SECBUFFER_MISSING, (flight[3]! << 8) | flight[4]!])
  assert.ok(place.cbBuffer > 5)
})

test('fact 182: later calls give the context that they were given', async () => {
  const { client, server } = await meet()
  const flight = await server.advance(await client.advance())
  const { context } = client
  await client.advance(flight)
  assert.equal(client.context, context)
})

test('fact 184: what is returned for ISC_REQ_USE_SUPPLIED_CREDS, and what whether asked for or not', async () => {
  const { table, credential } = await Party.make(true)
  const { contextAttr } = await table.initializeSecurityContext({
    credential,
    targetName: 'server.example.com',
    contextReq: ISC_REQ_USE_SUPPLIED_CREDS,
    output: desc(token()),
  })
  assert.equal(contextAttr, 0x0000_809c)
})

test('fact 209: the application protocols as a caller of Windows writes them', () => {
  assert.equal(
    toHex(writeApplicationProtocols(['http/1.1', 'h2'])),
    '12000000' + '02000000' + '0c00' + '08687474702f312e31' + '026832',
  )
})

test('fact 211: the steps of TLS 1.2', async () => {
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

const SHUTDOWN = Uint8Array.of(1, 0, 0, 0)

/** A client whose handshake has begun. */
async function begun(): Promise<{ client: Party; control: (...buffers: SecBuffer[]) => void }> {
  const client = await Party.make(true)
  await client.advance()
  return {
    client,
    control: (...buffers) => {
      client.table.applyControlToken(client.ctx, desc(...buffers))
    },
  }
}

test('fact 232: ApplyControlToken without a context is INVALID_HANDLE, without buffers INTERNAL_ERROR', async () => {
  const { client } = await begun()
  const { table, ctx } = client
  // Programs without types have no such check.
  assert.throws(() => table.applyControlToken(undefined as never, desc(token(SHUTDOWN))), {
    code: 'SEC_E_INVALID_HANDLE',
  })
  assert.throws(() => table.applyControlToken(ctx, undefined as never), { code: 'SEC_E_INTERNAL_ERROR' })
})

test('fact 233: a control token in two buffers is INVALID_TOKEN', async () => {
  const { control } = await begun()
  const invalid = { code: 'SEC_E_INVALID_TOKEN' }
  assert.throws(() => control(token(SHUTDOWN), token(SHUTDOWN)), invalid)
  assert.throws(() => control(token(SHUTDOWN), empty()), invalid)
  assert.throws(() => control(empty()), invalid)
})

const unsupported = { code: 'SEC_E_UNSUPPORTED_FUNCTION' }

test('fact 235: a control token of two bytes is unsupported, and so is any that is not known', async () => {
  const { control } = await begun()
  for (const bytes of [
    [1, 0],
    [9, 0, 0, 0],
    [2, 0, 0, 0],
    [2, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0],
  ]) {
    assert.throws(() => control(token(Uint8Array.from(bytes))), unsupported)
  }
})

test('fact 236: SCHANNEL_RENEGOTIATE before the handshake is complete is unsupported', async () => {
  const { control } = await begun()
  assert.throws(() => control(token(Uint8Array.of(0, 0, 0, 0))), unsupported)
})

/** What shutting down a handshake that has only begun gives: the step, and what it says. */
async function shutDown(): Promise<{ client: Party; step: ContextStep; notice: Uint8Array }> {
  const { client, control } = await begun()
  control(token(SHUTDOWN))
  const output = token(100)
  const step = await client.call(undefined, desc(output))
  return { client, step, notice: output.bytes }
}

test('fact 238: shutting down before a handshake has finished says close_notify, in TLS 1.0', async () => {
  const { client, step, notice } = await shutDown()
  assert.equal(step.status, SEC_E_OK)
  assert.equal(step.context, client.context)
  assert.equal(toHex(notice), '15030100020100')
})

test('fact 239: and says it once', async () => {
  const { client } = await shutDown()
  assert.equal((await client.call(undefined, desc(token(100)))).status, SEC_E_INCOMPLETE_MESSAGE)
})

test('fact 241: an alert of the application before a handshake has finished', async () => {
  const { client, control } = await begun()
  control(token(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 0, 42, 0, 0, 0)))
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
