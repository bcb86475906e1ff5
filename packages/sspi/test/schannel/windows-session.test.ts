import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SP_PROT_TLS1_2 } from '../../src/schannel/index.js'
import {
  readSecChannelBindings,
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_RENEGOTIATE,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_MISSING,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_ENDPOINT_BINDINGS,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_REMOTE_CERT_CHAIN,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_STREAM_SIZES,
} from '../../src/sspi/index.js'
import { credentialOf, filesOf, trusting } from './certificates.js'
import { OpenSslPeer } from './openssl-peer.js'
import { establish, incoming, Party, type Pair } from './pair.js'

// How Windows answers, by the numbers of vectors/facts/windows-behaviour.json: what is asked of a connection that stands,
// and its messages. Credentials, the handshake and control tokens: windows.test.ts.

const TEXT = new TextEncoder().encode('the quick brown fox')
const SUITE = 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'

/** A connection of TLS 1.2 with the suite that the facts speak of, and so with a server that has an RSA key. */
function rsaPair(): Promise<Pair> {
  const options = { enabledProtocols: SP_PROT_TLS1_2, cipherSuites: [SUITE] }
  return establish({ credential: trusting(options) }, { credential: credentialOf('server-rsa', options) })
}

function derOf(name: string): Uint8Array<ArrayBuffer> {
  const { certificate = '' } = filesOf(name)
  return Uint8Array.from(Buffer.from(certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
}

test('fact 22: a context that was deleted answers nothing but INVALID_HANDLE', async () => {
  const { client } = await establish()
  const { table, ctx } = client
  table.deleteSecurityContext(ctx)
  assert.throws(() => table.queryContextAttributes(ctx, SECPKG_ATTR_REMOTE_CERT_CONTEXT), {
    code: 'SEC_E_INVALID_HANDLE',
  })
})

test('fact 190: SECPKG_ATTR_NEGOTIATION_INFO is unsupported', async () => {
  const { client } = await establish()
  assert.throws(() => client.ask(SECPKG_ATTR_NEGOTIATION_INFO), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
})

test('fact 191: SECPKG_ATTR_STREAM_SIZES: a header of 5 bytes and what the suite adds, four buffers, records of 16384 bytes', async () => {
  const { client } = await rsaPair()
  const { header, maximumMessage, buffers, blockSize, trailer } = client.ask(SECPKG_ATTR_STREAM_SIZES)
  // The trailer is what this suite adds, not Windows' allowance for any: RFC 5288 section 3, 8 bytes of nonce in front.
  assert.deepEqual([header, trailer], [5 + 8, 16])
  assert.deepEqual([maximumMessage, buffers, blockSize], [16_384, 4, 16])
})

test('fact 193: SECPKG_ATTR_REMOTE_CERT_CONTEXT: the certificate of the server, and the chain that it sent, the certificate itself included', async () => {
  const { client } = await rsaPair()
  const leaf = derOf('server-rsa')
  assert.deepEqual(client.ask(SECPKG_ATTR_REMOTE_CERT_CONTEXT).certificate, leaf)
  assert.deepEqual(client.ask(SECPKG_ATTR_REMOTE_CERT_CHAIN).certificates[0], leaf)
})

test('fact 194: SECPKG_ATTR_ENDPOINT_BINDINGS: the structure, "tls-server-end-point:", the hash of the certificate', async () => {
  const { client } = await rsaPair()
  const { bindings } = client.ask(SECPKG_ATTR_ENDPOINT_BINDINGS)
  assert.equal(bindings.length, 32 + 21 + 32)
  const { applicationData } = readSecChannelBindings(bindings)
  assert.equal(new TextDecoder().decode(applicationData.subarray(0, 21)), 'tls-server-end-point:')
  const hash = await crypto.subtle.digest('SHA-256', derOf('server-rsa'))
  assert.deepEqual(applicationData.subarray(21), new Uint8Array(hash))
})

test('fact 199: SECPKG_ATTR_CONNECTION_INFO: 128 bits at least; an AEAD suite has no hash of its own', async () => {
  const { client } = await rsaPair()
  const { cipherStrength, hashStrength } = client.ask(SECPKG_ATTR_CONNECTION_INFO)
  assert.ok(cipherStrength >= 128)
  assert.equal(hashStrength, 0)
})

test('fact 202: SECPKG_ATTR_CIPHER_INFO of AES-256-GCM in TLS 1.2', async () => {
  const { client } = await rsaPair()
  const { protocol, cipherSuite, baseCipherSuite, cipherSuiteName, hash, hashLength } =
    client.ask(SECPKG_ATTR_CIPHER_INFO)
  assert.deepEqual(
    { protocol, cipherSuite, baseCipherSuite, cipherSuiteName, hash, hashLength },
    {
      protocol: 0x303,
      cipherSuite: 0xc030,
      baseCipherSuite: 0xc030,
      cipherSuiteName: SUITE,
      hash: '',
      hashLength: 0,
    },
  )
})

test('fact 205: SECPKG_ATTR_KEY_INFO names the key of a server that has an RSA certificate', async () => {
  const { client } = await rsaPair()
  const { signatureAlgorithm, signatureAlgorithmName, keySize } = client.ask(SECPKG_ATTR_KEY_INFO)
  assert.deepEqual([signatureAlgorithm, signatureAlgorithmName], [0x2400, 'RSA'])
  assert.ok(keySize >= 128)
})

test('fact 206: SECPKG_ATTR_APPLICATION_PROTOCOL after a choice of http/1.1', async () => {
  const { client } = await establish({ protocols: ['http/1.1', 'h2'] }, { protocols: ['http/1.1'] })
  assert.deepEqual(client.ask(SECPKG_ATTR_APPLICATION_PROTOCOL), {
    protoNegoStatus: 1,
    protoNegoExt: 2,
    protocolId: 'http/1.1',
  })
})

test('fact 218: what goes on the wire is the three buffers, as long as they say', async () => {
  const { client, server } = await rsaPair()
  const memory = new Uint8Array(13 + TEXT.length + 16)
  memory.set(TEXT, 13)
  const parts = [
    new SecBuffer(SECBUFFER_STREAM_HEADER, memory.subarray(0, 13)),
    new SecBuffer(SECBUFFER_DATA, memory.subarray(13, 13 + TEXT.length)),
    new SecBuffer(SECBUFFER_STREAM_TRAILER, memory.subarray(13 + TEXT.length)),
    new SecBuffer(SECBUFFER_EMPTY),
  ]
  client.table.encryptMessage(client.ctx, 0, new SecBufferDesc(parts))
  const length = parts.reduce((sum, { cbBuffer }) => sum + cbBuffer, 0)
  assert.deepEqual(server.open(memory.slice(0, length)).data, TEXT)
})

const empties = (count: number): SecBuffer[] => Array.from({ length: count }, () => new SecBuffer(SECBUFFER_EMPTY))

/** DecryptMessage with buffers that are not as it wants them; the record can be opened all the same. */
async function refuseToOpen(parts: (record: Uint8Array) => readonly SecBuffer[]): Promise<void> {
  const { client, server } = await rsaPair()
  const record = client.seal(TEXT)
  assert.throws(() => server.table.decryptMessage(server.ctx, new SecBufferDesc(parts(record))), {
    code: 'SEC_E_INVALID_TOKEN',
  })
  assert.deepEqual(server.open(record).data, TEXT)
}

test('fact 220: DecryptMessage with three buffers is INVALID_TOKEN', async () => {
  await refuseToOpen((record) => [new SecBuffer(SECBUFFER_DATA, record), ...empties(2)])
})

test('fact 221: DecryptMessage without a data buffer is INVALID_TOKEN', async () => {
  await refuseToOpen(() => empties(4))
})

test('fact 223: DecryptMessage with fewer than three empty buffers is INVALID_TOKEN', async () => {
  await refuseToOpen((record) => [new SecBuffer(SECBUFFER_DATA, record), ...empties(2), new SecBuffer(SECBUFFER_EXTRA)])
})

test('fact 224: a record that is 5 bytes short: the data buffer itself says so', async () => {
  const { client, server } = await rsaPair()
  const message = incoming(client.seal(TEXT).slice(0, -5))
  assert.equal(server.table.decryptMessage(server.ctx, message).status, SEC_E_INCOMPLETE_MESSAGE)
  const [first] = message.buffers
  assert.deepEqual([first!.type, first!.cbBuffer], [SECBUFFER_MISSING, 5])
})

test('fact 226: the buffers become header, data, trailer, and what is left over or nothing, in the caller’s memory', async () => {
  const { client, server } = await rsaPair()
  for (const [last, after] of [
    [SECBUFFER_EXTRA, Uint8Array.of(23, 3)],
    [SECBUFFER_EMPTY, new Uint8Array(0)],
  ] as const) {
    const memory = Uint8Array.from([...client.seal(TEXT), ...after])
    const message = incoming(memory)
    assert.equal(server.table.decryptMessage(server.ctx, message).status, SEC_E_OK)
    const types = message.buffers.map(({ type }) => type)
    assert.deepEqual(types, [SECBUFFER_STREAM_HEADER, SECBUFFER_DATA, SECBUFFER_STREAM_TRAILER, last])
    for (const { pvBuffer, type } of message.buffers) {
      if (type !== SECBUFFER_EMPTY) assert.equal(pvBuffer?.buffer, memory.buffer)
    }
    assert.deepEqual(message.buffers[1]!.bytes, TEXT)
  }
})

test('fact 229: a HelloRequest in TLS 1.2 is RENEGOTIATE, without data', async () => {
  const peer = new OpenSslPeer('server')
  const party = await Party.make(true, { credential: credentialOf('client', { enabledProtocols: SP_PROT_TLS1_2 }) })
  let token = await party.advance()
  while (!party.done) token = await party.advance(await peer.take(token))
  await peer.take(token)
  peer.socket.renegotiate({}, () => undefined)
  const message = incoming((await peer.take()).slice())
  const { status } = party.table.decryptMessage(party.ctx, message)
  assert.equal(status, SEC_I_RENEGOTIATE)
  assert.equal(message.find(SECBUFFER_DATA)?.cbBuffer ?? 0, 0)
  peer.destroy()
})
