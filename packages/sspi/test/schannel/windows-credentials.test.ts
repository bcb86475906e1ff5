import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_3_CLIENT } from '../../src/schannel/index.js'
import {
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_EMPTY,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_SUPPORTED_ALGS,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS,
  SECPKG_CRED_ATTR_NAMES,
} from '../../src/sspi/index.js'
import { trusting } from './certificates.js'
import { establish, meet, Party } from './pair.js'

// How Windows answers, by the numbers of vectors/facts/windows-behaviour.json: what is asked of credentials, and a buffer that
// says something else than it is.

const noCredentials = { code: 'SEC_E_NO_CREDENTIALS' }

test('fact 148: SUPPORTED_PROTOCOLS are exactly those that the credential was made with', async () => {
  for (const enabledProtocols of [SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_3_CLIENT]) {
    const { table, credential } = await Party.make(true, { credential: trusting({ enabledProtocols }) })
    const answer = table.queryCredentialsAttributes(credential!, SECPKG_ATTR_SUPPORTED_PROTOCOLS)
    assert.deepEqual(answer, { protocols: enabledProtocols })
  }
})

test('fact 149: SUPPORTED_ALGS is answered', async () => {
  const { table, credential } = await Party.make(true)
  const { supportedAlgs } = table.queryCredentialsAttributes(credential!, SECPKG_ATTR_SUPPORTED_ALGS)
  // CALG_AES_128 and CALG_AES_256 of wincrypt.h are among them.
  assert.ok(supportedAlgs.includes(0x660e) && supportedAlgs.includes(0x6610))
})

test('fact 151: NAMES of a credential without a certificate is NO_CREDENTIALS', async () => {
  const { table, credential } = await Party.make(true)
  assert.throws(() => table.queryCredentialsAttributes(credential!, SECPKG_CRED_ATTR_NAMES), noCredentials)
})

test('fact 208: and it still is when a handshake is done', async () => {
  const { client } = await establish()
  const { table, credential } = client
  assert.throws(() => table.queryCredentialsAttributes(credential!, SECPKG_CRED_ATTR_NAMES), noCredentials)
})

test('fact 181: during the handshake an empty buffer that says that it is not is INVALID_TOKEN, and the call may be repeated', async () => {
  const { client, server } = await meet()
  const flight = await server.advance(await client.advance())
  const empty = new SecBuffer(SECBUFFER_EMPTY)
  empty.cbBuffer = 0xdead_beef
  const input = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, flight), empty])
  const output = (): SecBufferDesc => new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)])
  await assert.rejects(client.call(input, output()), { code: 'SEC_E_INVALID_TOKEN' })
  assert.equal(client.step?.status, SEC_I_CONTINUE_NEEDED)
  await client.advance(flight)
  assert.ok(client.done)
})
