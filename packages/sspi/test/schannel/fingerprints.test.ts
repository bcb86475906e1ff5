import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from '../../src/schannel/index.js'
import {
  ASC_RET_MUTUAL_AUTH,
  certificateCredential,
  ISC_REQ_MUTUAL_AUTH,
  ISC_RET_MUTUAL_AUTH,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_SESSION_INFO,
} from '../../src/sspi/index.js'
import { credentialOf, filesOf, SERVER } from './certificates.js'
import { establish } from './pair.js'

/** As `openssl x509 -fingerprint -sha256` prints it. */
function fingerprintOf(name: string): string {
  const pem = filesOf(name).certificate ?? ''
  const der = Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  const digits = createHash('sha256').update(der).digest('hex').toUpperCase()
  return digits.replace(/..(?!$)/g, '$&:')
}

for (const [version, enabledProtocols] of [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const) {
  test(`${version}: a server with the very certificate that is expected needs nobody to vouch for it`, async () => {
    for (const name of ['self-signed', 'stranger', 'wrong-usage', 'server']) {
      const fingerprints = [fingerprintOf('client'), fingerprintOf(name)]
      const credential = certificateCredential({ fingerprints, enabledProtocols })
      for (const target of [SERVER, 'nobody.example']) {
        const pair = await establish(
          { credential, target, flags: ISC_REQ_MUTUAL_AUTH },
          { credential: credentialOf(name) },
        )
        assert.ok(pair.client.step!.contextAttr & ISC_RET_MUTUAL_AUTH, name)
      }
    }
  })

  test(`${version}: any other certificate is refused, be its chain as good as it may, and so is an expired one`, async () => {
    const roots = filesOf('ca').certificate
    for (const [name, expected, code] of [
      ['server', 'self-signed', 'SEC_E_UNTRUSTED_ROOT'],
      ['server', 'ca', 'SEC_E_UNTRUSTED_ROOT'],
      ['expired', 'expired', 'SEC_E_CERT_EXPIRED'],
      ['early', 'early', 'SEC_E_CERT_EXPIRED'],
    ] as const) {
      const credential = certificateCredential({ roots, fingerprints: [fingerprintOf(expected)], enabledProtocols })
      await assert.rejects(establish({ credential }, { credential: credentialOf(name) }), { code }, name)
    }
  })

  test(`${version}: a session that goes on is held against the fingerprint of then`, async () => {
    const credential = certificateCredential({ fingerprints: [fingerprintOf('self-signed')], enabledProtocols })
    const first = await establish({ credential }, { credential: credentialOf('self-signed') })
    const second = await establish({ like: first.client }, { like: first.server })
    assert.equal(second.client.ask(SECPKG_ATTR_SESSION_INFO).flags, enabledProtocols === SP_PROT_TLS1_2 ? 1 : 0)
  })

  test(`${version}: a server takes clients by their fingerprints`, async () => {
    const options = { roots: undefined, fingerprints: [fingerprintOf('stranger')], requireClientCertificate: true }
    const credential = credentialOf('server', options)
    const pair = await establish({ credential: credentialOf('stranger', { enabledProtocols }) }, { credential })
    assert.equal(pair.server.ask(SECPKG_ATTR_NAMES).userName, SERVER)
    assert.equal(pair.server.step!.contextAttr & ASC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH)
    await assert.rejects(establish({ credential: credentialOf('client', { enabledProtocols }) }, { credential }), {
      code: 'SEC_E_UNTRUSTED_ROOT',
    })
  })
}

test('what is no fingerprint is refused, and so is one that nobody would look at', async () => {
  for (const [fingerprint, manualValidation] of [
    ['', false],
    ['ab'.repeat(20), false],
    [`${fingerprintOf('server').slice(0, -1)}g`, false],
    [fingerprintOf('server'), true],
  ] as const) {
    const credential = certificateCredential({ fingerprints: [fingerprint], manualValidation })
    await assert.rejects(establish({ credential }), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
  }
})
