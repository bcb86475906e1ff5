import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCertificate } from '../../src/crypto/index.js'
import { SspiError } from '../../src/sspi/index.js'
import { filesOf } from '../schannel/certificates.js'

const der = derOf('client-upn')

test('a certificate is told with its subject, its issuer and the names in it', () => {
  const certificate = readCertificate(der)
  assert.equal(certificate.subjectName, 'CN=Alice Adams')
  assert.equal(certificate.issuerName, 'CN=Lab Root')
  assert.deepEqual(certificate.userPrincipalNames, ['alice@contoso.com'])
  assert.deepEqual(certificate.mailAddresses, ['alice@example.com'])
  assert.deepEqual([certificate.keyType, certificate.keyBits], ['ec', 256])
})

test('a certificate that is cut short, or changed in any byte, is read or refused with a status', () => {
  const attempt = (bytes: Uint8Array): void => {
    try {
      readCertificate(bytes)
    } catch (error) {
      assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', String(error))
    }
  }
  for (let at = 0; at < der.length; at++) {
    attempt(der.subarray(0, at))
    for (const mask of [0x01, 0x80, 0xff]) {
      const changed = der.slice()
      changed[at]! ^= mask // bounded by the loop
      attempt(changed)
    }
  }
})

function derOf(name: string): Uint8Array {
  const pem = filesOf(name).certificate ?? ''
  return new Uint8Array(Buffer.from(pem.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64'))
}
