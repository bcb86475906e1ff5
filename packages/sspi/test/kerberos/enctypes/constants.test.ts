import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ChecksumType, Enctype, KeyUsage } from '../../../src/kerberos/enctypes/index.js'

type Numbers = Readonly<Record<string, number>>

// Seen from dist/test/kerberos/enctypes, where this file runs.
const vectors = JSON.parse(
  readFileSync(new URL('../../../../../../vectors/constants/kerberos.json', import.meta.url), 'utf8'),
) as {
  readonly enctypes: Numbers
  readonly checksumTypes: Numbers
  readonly keyUsages: Numbers
  readonly mit: { readonly checksumTypes: Numbers; readonly keyUsages: Numbers }
}

/** Says that the numbers are those of the registry, where a name of ours is another than its name there. */
function check(ours: Numbers, theirs: Numbers, names: Readonly<Record<string, string>>): void {
  for (const [name, number] of Object.entries(ours)) assert.equal(number, theirs[names[name] ?? name], name)
}

test('encryption types have the numbers of the registry', () => {
  check(Enctype, vectors.enctypes, {})
})

test('checksum types have the numbers of the registry', () => {
  check(
    ChecksumType,
    { ...vectors.mit.checksumTypes, ...vectors.checksumTypes },
    { SHA1: 'SHA1_ID14', HMAC_MD5: 'KERB_CHECKSUM_HMAC_MD5', MD5_HMAC: 'CKSUMTYPE_MD5_HMAC_ARCFOUR' },
  )
})

test('key usages have the numbers of the RFCs', () => {
  check(
    KeyUsage,
    { ...vectors.mit.keyUsages, ...vectors.keyUsages },
    {
      TGS_REQ_AUTHDATA_SESSION_KEY: 'TGS_REQ_KDC_REQ_BODY_AUTHDATA_SESSION_KEY',
      TGS_REQ_AUTHDATA_SUBKEY: 'TGS_REQ_KDC_REQ_BODY_AUTHDATA_SUB_KEY',
      TGS_REQ_AUTHENTICATOR_CHKSUM: 'TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR_CHKSUM',
      TGS_REQ_AUTHENTICATOR: 'TGS_REQ_PA_TGS_REQ_AP_REQ_AUTHENTICATOR',
      TGS_REP_ENCPART_SUBKEY: 'TGS_REP_ENCPART_AUTHENTICATOR_SUB_KEY',
      NON_KERB_SALT: 'KERB_NON_KERB_SALT',
      NON_KERB_CKSUM_SALT: 'KERB_NON_KERB_CKSUM_SALT',
      GSS_ACCEPTOR_SEAL: 'GSSAPI_ACCEPTOR_SEAL',
      GSS_ACCEPTOR_SIGN: 'GSSAPI_ACCEPTOR_SIGN',
      GSS_INITIATOR_SEAL: 'GSSAPI_INITIATOR_SEAL',
      GSS_INITIATOR_SIGN: 'GSSAPI_INITIATOR_SIGN',
      PA_S4U_X509_USER_REQUEST: 'KRB5_KEYUSAGE_PA_S4U_X509_USER_REQUEST',
      PA_S4U_X509_USER_REPLY: 'KRB5_KEYUSAGE_PA_S4U_X509_USER_REPLY',
      IAKERB_FINISHED: 'KRB5_KEYUSAGE_IAKERB_FINISHED',
      PA_PKINIT_KX: 'KRB5_KEYUSAGE_PA_PKINIT_KX',
      PA_OTP_REQUEST: 'KRB5_KEYUSAGE_PA_OTP_REQUEST',
      FAST_REQ_CHKSUM: 'KEY_USAGE_FAST_REQ_CHKSUM',
      FAST_ENC: 'KEY_USAGE_FAST_ENC',
      FAST_REP: 'KEY_USAGE_FAST_REP',
      FAST_FINISHED: 'KEY_USAGE_FAST_FINISHED',
      ENC_CHALLENGE_CLIENT: 'KEY_USAGE_ENC_CHALLENGE_CLIENT',
      ENC_CHALLENGE_KDC: 'KEY_USAGE_ENC_CHALLENGE_KDC',
      AS_REQ: 'KEY_USAGE_AS_REQ',
      CAMMAC: 'KRB5_KEYUSAGE_CAMMAC',
      SPAKE: 'KRB5_KEYUSAGE_SPAKE',
    },
  )
})
