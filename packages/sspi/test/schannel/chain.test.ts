import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SP_PROT_TLS1_2, SP_PROT_TLS1_3 } from '../../src/schannel/index.js'
import { judgePeer } from '../../src/schannel/judgement.js'
import { certificateCredential, type CertificateWithKey } from '../../src/sspi/index.js'
import { CRL, filesOf, SERVER, trusting } from './certificates.js'
import { meet, shakeHands } from './pair.js'

/** The first certificate of a name, in DER. */
function derOf(name: string): Buffer {
  const [, first = ''] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(filesOf(name).certificate ?? '') ?? []
  return Buffer.from(first, 'base64')
}

/** With the key of that name. */
function identityOf(name: string, certificate: Uint8Array): CertificateWithKey {
  return { certificate, privateKey: filesOf(name).privateKey }
}

/** A server with these; how its client refuses it, and what the server is told. */
async function refusalOf(
  identity: CertificateWithKey,
  options: Parameters<typeof trusting>[0],
): Promise<{ readonly code: string | undefined; readonly told: string }> {
  const pair = await meet({ credential: trusting(options) }, { credential: certificateCredential({ identity }) })
  let refusal: (Error & { readonly code?: string; readonly token?: Uint8Array }) | undefined
  await assert.rejects(shakeHands(pair), (error: Error) => {
    refusal = error
    return true
  })
  let told = ''
  await assert.rejects(pair.server.advance(refusal?.token), (error: Error) => {
    told = error.message
    return true
  })
  return { code: refusal?.code, told }
}

for (const [version, enabledProtocols] of [
  ['TLS 1.2', SP_PROT_TLS1_2],
  ['TLS 1.3', SP_PROT_TLS1_3],
] as const) {
  test(`${version}: a chain that is not whole ends in no root`, async () => {
    const { code, told } = await refusalOf(identityOf('chained', derOf('chained')), { enabledProtocols })
    assert.equal(code, 'SEC_E_UNTRUSTED_ROOT')
    assert.match(told, /unknown_ca/)
  })

  test(`${version}: a wrong signature of an authority that is trusted`, async () => {
    const forged = derOf('server')
    forged[forged.length - 1]! ^= 1 // the signature is the last field of a certificate
    const { code, told } = await refusalOf(identityOf('server', forged), { enabledProtocols })
    assert.equal(code, 'TRUST_E_CERT_SIGNATURE')
    assert.match(told, /bad_certificate/)
  })

  test(`${version}: with revocation lists, every issuer but the root's needs one`, async () => {
    // The list is that of the root; the issuer of this one is between.
    const identity = { certificate: filesOf('chained').certificate ?? '', privateKey: filesOf('chained').privateKey }
    const { code, told } = await refusalOf(identity, { enabledProtocols, crls: CRL })
    assert.equal(code, 'CRYPT_E_NO_REVOCATION_CHECK')
    assert.match(told, /certificate_unknown/)
  })
}

test('each verdict of OpenSSL’s has its status; one that is not known is a refusal all the same', () => {
  const expected = { side: 'initiator', host: SERVER, fingerprints: undefined, now: new Date() } as const
  for (const [verdict, code] of [
    ['CRL_HAS_EXPIRED', 'CRYPT_E_REVOCATION_OFFLINE'],
    ['CRL_NOT_YET_VALID', 'CRYPT_E_REVOCATION_OFFLINE'],
    ['CRL_SIGNATURE_FAILURE', 'CRYPT_E_REVOCATION_OFFLINE'],
    ['INVALID_CA', 'SEC_E_CERT_UNKNOWN'],
    ['PATH_LENGTH_EXCEEDED', 'SEC_E_CERT_UNKNOWN'],
    ['WHATEVER_COMES_NEXT', 'SEC_E_CERT_UNKNOWN'],
  ] as const) {
    assert.equal(judgePeer({ chain: [derOf('server')], verdict }, expected)?.code, code, verdict)
  }
  assert.equal(judgePeer({ chain: [], verdict: undefined }, expected)?.code, 'SEC_E_CERT_UNKNOWN')
  assert.equal(judgePeer({ chain: [derOf('server')], verdict: undefined }, expected), undefined)
})

test('a certificate that does not parse is refused, whatever OpenSSL says of it', () => {
  const expected = { side: 'initiator', host: SERVER, fingerprints: undefined, now: new Date() } as const
  const refusal = judgePeer({ chain: [Uint8Array.of(0x30, 1, 0)], verdict: undefined }, expected)
  assert.deepEqual([refusal?.code, refusal?.alert], ['SEC_E_CERT_UNKNOWN', 42])
})
