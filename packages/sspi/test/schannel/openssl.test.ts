import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSslCiphers } from '../../src/io/tls/cipher-suites.js'
import { CIPHER_SUITES, SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from '../../src/schannel/index.js'
import {
  SEC_E_OK,
  SEC_I_CONTEXT_EXPIRED,
  SEC_I_RENEGOTIATE,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_APPLICATION_PROTOCOL,
  SECPKG_ATTR_EAP_KEY_BLOCK,
  SECPKG_ATTR_KEYING_MATERIAL,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS,
  SECPKG_ATTR_SUPPORTED_SIGNATURES,
  SECPKG_ATTR_UNIQUE_BINDINGS,
  readSecChannelBindings,
  SecBuffer,
  SecBufferDesc,
} from '../../src/sspi/index.js'
import { credentialOf } from './certificates.js'
import { OpenSslPeer, type PeerOptions } from './openssl-peer.js'
import { Party, type PartyOptions } from './pair.js'

const TEXT = new TextEncoder().encode('from our side')

/** Our client with OpenSSL's server. */
async function clientWith(
  peerOptions: PeerOptions,
  options: PartyOptions,
): Promise<{ party: Party; peer: OpenSslPeer; rest: Uint8Array }> {
  const peer = new OpenSslPeer('server', peerOptions)
  const party = await Party.make(true, options)
  let token = await party.advance()
  while (!party.done) token = await party.advance(await peer.take(token))
  const rest = await peer.take(token)
  assert.equal(peer.error, undefined)
  return { party, peer, rest }
}

/** OpenSSL's client with our server. */
async function serverWith(
  peerOptions: PeerOptions,
  options: PartyOptions,
): Promise<{ party: Party; peer: OpenSslPeer }> {
  const peer = new OpenSslPeer('client', peerOptions)
  const party = await Party.make(false, options)
  let token = await peer.take()
  while (!party.done) token = await peer.take(await party.advance(token))
  await peer.take(token)
  assert.equal(peer.error, undefined)
  return { party, peer }
}

/** Opens all records; the text in them. */
function read(party: Party, records: Uint8Array): string {
  let text = ''
  let rest: Uint8Array | undefined = records
  while (rest !== undefined && rest.length > 0) {
    const { data, extra } = party.open(rest)
    text += new TextDecoder().decode(data)
    rest = extra
  }
  return text
}

async function notice(party: Party): Promise<Uint8Array> {
  const output = new SecBuffer(SECBUFFER_TOKEN)
  assert.equal((await party.call(undefined, new SecBufferDesc([output]))).status, SEC_E_OK)
  return output.bytes
}

async function converse(party: Party, peer: OpenSslPeer, before: Uint8Array = new Uint8Array(0)): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await peer.take(party.seal(TEXT))
    assert.equal(peer.received(), 'from our side')
    const records = await peer.send(`from OpenSSL, ${round}`)
    assert.equal(read(party, Uint8Array.from([...(round === 0 ? before : []), ...records])), `from OpenSSL, ${round}`)
  }
}

for (const suite of CIPHER_SUITES) {
  const certificate = suite.certificate === 'RSA' ? 'server-rsa' : 'server'
  const ciphers = openSslCiphers([suite.name])
  const version = suite.version === 0x0304 ? 'TLSv1.3' : 'TLSv1.2'
  const peerOptions = { ciphers, minVersion: version, maxVersion: version } as const

  test(`our client converses with OpenSSL's server: ${suite.name}`, async () => {
    const options = { credential: credentialOf('client'), protocols: ['http/1.1'] }
    const { party, peer, rest } = await clientWith({ ...peerOptions, certificate, alpn: ['http/1.1'] }, options)
    await converse(party, peer, rest)
    assert.equal(peer.socket.getPeerCertificate().subject.CN, 'alice')
    assert.equal(party.ask(SECPKG_ATTR_APPLICATION_PROTOCOL).protocolId, 'http/1.1')
    await compareWithOpenSsl(party, peer, suite.version === 0x0303)
    await close(party, peer)
  })

  test(`our server converses with OpenSSL's client, which has the same SECPKG_ATTR_EAP_KEY_BLOCK: ${suite.name}`, async () => {
    const { party, peer } = await serverWith(
      { ...peerOptions, certificate: 'client' },
      { credential: credentialOf(certificate) },
    )
    await converse(party, peer)
    assert.ok(peer.socket.authorized)
    assert.equal(party.ask(SECPKG_ATTR_NAMES).userName, 'alice')
    await compareWithOpenSsl(party, peer, suite.version === 0x0303)
    await close(party, peer)
  })
}

/** What both ends derive for themselves. */
async function compareWithOpenSsl(party: Party, peer: OpenSslPeer, unique: boolean): Promise<void> {
  const label = 'EXPORTER-sspi-test'
  for (const contextValue of [Uint8Array.of(1, 2, 3), undefined]) {
    const info = { label, contextValue, keyingMaterialLength: 50 }
    party.table.setContextAttributes(party.ctx, SECPKG_ATTR_KEYING_MATERIAL_INFO, info)
    const ours = party.ask(SECPKG_ATTR_KEYING_MATERIAL).keyingMaterial
    const context = contextValue === undefined ? undefined : Buffer.from(contextValue)
    // Node's types want a context, which it does without.
    const theirs = peer.socket.exportKeyingMaterial(50, label, context as Buffer)
    assert.deepEqual(ours, new Uint8Array(theirs))
  }
  // RFC 5216 section 2.3 for TLS 1.2; RFC 9190 section 2.3, by the type of EAP-TLS.
  const { keys, ivs } = party.ask(SECPKG_ATTR_EAP_KEY_BLOCK)
  const eap = unique
    ? peer.socket.exportKeyingMaterial(128, 'client EAP encryption', undefined as unknown as Buffer)
    : peer.socket.exportKeyingMaterial(128, 'EXPORTER_EAP_TLS_Key_Material', Buffer.of(0x0d))
  assert.deepEqual(keys, new Uint8Array(eap), 'SECPKG_ATTR_EAP_KEY_BLOCK')
  assert.equal(ivs.length, unique ? 64 : 0)
  if (!unique) return
  const { applicationData } = readSecChannelBindings(party.ask(SECPKG_ATTR_UNIQUE_BINDINGS).bindings)
  const first = party.client ? peer.socket.getPeerFinished() : peer.socket.getFinished()
  assert.deepEqual(applicationData, new Uint8Array([...new TextEncoder().encode('tls-unique:'), ...first!]))
}

async function close(party: Party, peer: OpenSslPeer): Promise<void> {
  party.table.applyControlToken(
    party.ctx,
    new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, Uint8Array.of(1, 0, 0, 0))]),
  )
  const farewell = await notice(party)
  let answer = await peer.take(farewell)
  assert.ok(peer.ended && peer.error === undefined)
  peer.socket.end()
  if (answer.length === 0) answer = await peer.take()
  if (answer.length > 0) assert.equal(party.open(answer).status, SEC_I_CONTEXT_EXPIRED)
  peer.destroy()
  party.end()
}

test('a server of TLS 1.2 that asks for a new handshake is told no, and the connection goes on', async () => {
  const options = { credential: credentialOf('client', { enabledProtocols: SP_PROT_TLS1_2 }) }
  const { party, peer } = await clientWith({}, options)
  peer.socket.renegotiate({}, () => undefined)
  const request = await peer.take()
  const { status, data } = party.open(request)
  assert.deepEqual([status, data.length], [SEC_I_RENEGOTIATE, 0])
  assert.throws(() => party.seal(TEXT), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  const refusal = await notice(party)
  assert.equal(refusal[0], 21)
  assert.deepEqual(
    await party.table
      .initializeSecurityContext({
        context: party.ctx,
        contextReq: 0,
        output: new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)]),
      })
      .then(({ status: again }) => again),
    SEC_E_OK,
    'there is nothing more to say',
  )
  await peer.take(refusal)
  await peer.take(party.seal(TEXT))
  peer.destroy()
})

test('a client of TLS 1.2 that begins a new handshake is told no', async () => {
  const options = { credential: credentialOf('server', { enabledProtocols: SP_PROT_TLS1_2 }) }
  const { party, peer } = await serverWith({ certificate: 'client' }, options)
  peer.socket.renegotiate({}, () => undefined)
  const hello = await peer.take()
  assert.equal(party.open(hello).status, SEC_I_RENEGOTIATE)
  await peer.take(await notice(party))
  assert.match(peer.error?.code ?? '', /NO_RENEGOTIATION/)
  peer.destroy()
})

test('tickets of OpenSSL’s server are no data', async () => {
  const { party, peer, rest } = await clientWith(
    {},
    { credential: credentialOf('client', { enabledProtocols: SP_PROT_TLS1_3 }) },
  )
  assert.ok(rest.length > 0)
  assert.equal(read(party, rest), '')
  peer.destroy()
})

for (const [version, protocol] of [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const) {
  /** Both in OpenSSL's spelling and by their numbers, RFC 8446 section 4.2.3. */
  const sigalgs = 'ECDSA+SHA256:RSA-PSS+SHA384'
  const schemes = [0x0403, 0x0805]

  test(`${version}: SECPKG_ATTR_SUPPORTED_SIGNATURES are those that OpenSSL’s client was told to take`, async () => {
    const { party } = await serverWith(
      { sigalgs },
      { credential: credentialOf('server', { enabledProtocols: protocol }) },
    )
    assert.deepEqual(party.ask(SECPKG_ATTR_SUPPORTED_SIGNATURES), { signatureAndHashAlgorithms: schemes })
  })

  test(`${version}: SECPKG_ATTR_SUPPORTED_SIGNATURES are those with which OpenSSL’s server asks for a certificate`, async () => {
    const { party } = await clientWith(
      { sigalgs },
      { credential: credentialOf('client', { enabledProtocols: protocol }) },
    )
    assert.deepEqual(party.ask(SECPKG_ATTR_SUPPORTED_SIGNATURES), { signatureAndHashAlgorithms: schemes })
  })

  test(`${version}: SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS have ALPN if and only if it was agreed on, on both sides`, async () => {
    const ALPN = 16
    const credential = credentialOf('server', { enabledProtocols: protocol })
    const clientCredential = credentialOf('client', { enabledProtocols: protocol })
    for (const alpn of [[], ['h2']]) {
      const protocols = alpn.length === 0 ? {} : { protocols: alpn }
      const ours = await serverWith({ alpn }, { credential, ...protocols })
      const theirs = await clientWith({ alpn }, { credential: clientCredential, ...protocols })
      for (const { party } of [ours, theirs]) {
        const { extensions } = party.ask(SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS)
        assert.equal(extensions.includes(ALPN), alpn.length > 0)
        // supported_versions in TLS 1.3, RFC 8446; extended_master_secret in TLS 1.2, RFC 7627.
        assert.ok(extensions.includes(version === 'TLS 1.3' ? 43 : 23), extensions.join())
      }
    }
  })
}
