import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from '../../src/schannel/index.js'
import { credentialOf, filesOf, ROOT, trusting } from './certificates.js'
import { establish } from './pair.js'

const ELSEWHERE = filesOf('self-signed').certificate ?? ''
const untrusted = { code: 'SEC_E_UNTRUSTED_ROOT' }

for (const [version, enabledProtocols] of [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const) {
  test(`${version}: an authority that comes along in a server's PKCS#12 box vouches for no client`, async () => {
    for (const roots of [ELSEWHERE, ROOT]) {
      const credential = credentialOf('server-pkcs12-chain', { roots, requireClientCertificate: true })
      const met = establish({ credential: credentialOf('client', { enabledProtocols }) }, { credential })
      if (roots === ROOT) await met
      else await assert.rejects(met, untrusted)
    }
  })

  test(`${version}: an authority that comes along in a client's PKCS#12 box vouches for no server`, async () => {
    for (const roots of [ELSEWHERE, undefined]) {
      const credential = credentialOf('server-pkcs12-chain', { roots, enabledProtocols })
      await assert.rejects(
        establish({ credential }, { credential: credentialOf('chained', { roots: undefined }) }),
        untrusted,
      )
    }
    const credential = credentialOf('server-pkcs12-chain', { enabledProtocols })
    await establish({ credential }, { credential: credentialOf('chained', { roots: undefined }) })
  })

  test(`${version}: a session that goes on is held against the same roots`, async () => {
    const pair = await establish(
      { credential: trusting({ enabledProtocols }) },
      { credential: credentialOf('server-pkcs12-chain') },
    )
    await establish({ like: pair.client }, { like: pair.server })
  })
}

test('whoever checks certificates himself cannot have them mapped to accounts before', async () => {
  const credential = credentialOf('server', { manualValidation: true, mapToAccount: true })
  await assert.rejects(establish({}, { credential }), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
})
