import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CIPHER_SUITES } from '../../src/schannel/index.js'
import { SECPKG_ATTR_CIPHER_INFO } from '../../src/sspi/index.js'
import { certificateCases, CRL, credentialOf, SERVER, trusting } from './certificates.js'
import { establish, meet, shakeHands } from './pair.js'

const TEXT = new TextEncoder().encode('the quick brown fox')

for (const suite of CIPHER_SUITES) {
  test(`both sides establish with ${suite.name}, and records go both ways`, async () => {
    const cipherSuites = [suite.name]
    const server = suite.certificate === 'RSA' ? 'server-rsa' : 'server'
    const pair = await establish(
      { credential: trusting({ cipherSuites }) },
      { credential: credentialOf(server, { cipherSuites }) },
    )
    for (const [from, to] of [
      [pair.client, pair.server],
      [pair.server, pair.client],
    ] as const) {
      assert.equal(from.ask(SECPKG_ATTR_CIPHER_INFO).cipherSuiteName, suite.name)
      for (const length of [0, 1, 19, 255, 16_384]) {
        const message = new Uint8Array(length).fill(length)
        assert.deepEqual(to.open(from.seal(message)), { status: 0, data: message, extra: undefined })
      }
    }
    pair.client.end()
    pair.server.end()
  })
}

/** With a key that is not for signatures OpenSSL's own server has no suite of TLS 1.2; in TLS 1.3 it does not look. */
const TLS_1_3_ONLY = ['no-signature']

for (const { name, expected } of certificateCases) {
  if (expected.asServer === undefined) continue
  test(`a server with the certificate '${name}' is answered with ${expected.asServer}`, async () => {
    for (const version of ['TLS_ECDHE', 'TLS_AES_']) {
      if (version === 'TLS_ECDHE' && TLS_1_3_ONLY.includes(name)) continue
      const cipherSuites = CIPHER_SUITES.map((each) => each.name).filter((each) => each.startsWith(version))
      const crls = name === 'revoked' ? CRL : undefined
      const pair = await meet({ credential: trusting({ cipherSuites, crls }) }, { credential: credentialOf(name) })
      if (expected.asServer === 'SEC_E_OK') {
        await shakeHands(pair)
        assert.deepEqual(pair.server.open(pair.client.seal(TEXT)).data, TEXT)
        continue
      }
      let alert: Uint8Array | undefined
      await assert.rejects(shakeHands(pair), (error: Error & { code?: string; token?: Uint8Array }) => {
        alert = error.token
        return error.code === expected.asServer || assert.fail(`${version}: ${error.code ?? ''} ${error.message}`)
      })
      assert.ok(alert !== undefined)
      await assert.rejects(pair.server.advance(alert), (error: Error) => {
        assert.match(error.message, new RegExp(`alert ${expected.alert ?? ''}`), version)
        return true
      })
    }
  })
}

test('a name that the certificate does not have is refused', async () => {
  for (const [target, good] of [
    [SERVER, true],
    ['SERVER.example.com', true],
    [`HTTP/${SERVER}:443`, true],
    ['a.wild.example.com', true],
    ['a.b.wild.example.com', false],
    ['wild.example.com', false],
    ['127.0.0.1', true],
    ['::1', true],
    ['[::1]:443', true],
    ['127.0.0.2', false],
    ['.wild.example.com', false],
    ['999.0.0.1', false],
    ['a:b:c', false],
    ['other.example.com', false],
    ['', false],
  ] as const) {
    const made = establish({ target })
    if (good) await made
    else await assert.rejects(made, { code: 'SEC_E_WRONG_PRINCIPAL' }, target)
  }
})
