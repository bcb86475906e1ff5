// SPAKE (RFC 9588) at MIT's KDC, which begins with a challenge of edwards25519 before it knows what the client has.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { passwordCredential, type CredentialValue } from 'sspi'
import { MessageType, PaDataType, type KerberosOptions } from 'sspi/kerberos'
import { keytabFileCredential } from 'sspi/krb5'
import { spakeGroups, spakePreauth } from 'sspi-spake'
import { missing, mitKdc, padataTypesOf, PASSWORD, requestsOf, UTF8_PASSWORD } from '../src/index.js'

const userOf = (user: string, password = PASSWORD): CredentialValue =>
  passwordCredential({ user: `${user}@MIT.TEST`, password })

async function logOn(
  user: string,
  password: string,
  groups: readonly string[] | undefined,
  options: KerberosOptions = {},
): Promise<readonly (readonly number[])[]> {
  const preauthMethods = [spakePreauth(groups === undefined ? {} : { groups })]
  const requests = await requestsOf(mitKdc(), userOf(user, password), { ...options, preauthMethods })
  return padataTypesOf(requests, MessageType.KRB_AS_REQ, user)
}

suite("SPAKE at MIT's KDC", { skip: missing('mit-kdc') }, () => {
  test('a log-on takes its challenge, and no encrypted timestamp goes out', async () => {
    for (const [user, password] of [
      ['alice', PASSWORD],
      ['utf8user', UTF8_PASSWORD],
    ] as const) {
      const [first, second, ...rest] = await logOn(user, password, undefined)
      assert.ok(!first!.includes(PaDataType.PA_SPAKE))
      assert.equal(second![0], PaDataType.PA_SPAKE)
      assert.ok(!second!.includes(PaDataType.PA_ENC_TIMESTAMP))
      assert.equal(rest.length, 0)
    }
  })

  for (const { name, number } of spakeGroups.values()) {
    test(`a log-on goes by ${name}${number === 1 ? '' : ', which the client asks for'}`, async () => {
      const types = await logOn('alice', PASSWORD, [name])
      assert.equal(types.length, number === 1 ? 2 : 3)
      for (const request of types.slice(1)) assert.equal(request[0], PaDataType.PA_SPAKE)
    })
  }

  for (const enctype of [
    'aes256-cts-hmac-sha384-192',
    'aes128-cts-hmac-sha256-128',
    'aes128-cts-hmac-sha1-96',
    'camellia256-cts-cmac',
    'arcfour-hmac',
    'des3-cbc-sha1',
  ]) {
    test(`a log-on goes by a long-term key of ${enctype}`, async () => {
      const options = {
        insecureAllowRc4: true,
        insecureAllowDes3: true,
        permittedEnctypes: [20, 19, 18, 17, 26, 23, 16],
      }
      const types = await logOn(`user-${enctype}`, PASSWORD, undefined, options)
      assert.equal(types[1]![0], PaDataType.PA_SPAKE)
    })
  }

  test('a wrong password is refused', async () => {
    for (const groups of [undefined, ['P-256']]) {
      await assert.rejects(logOn('alice', 'wrong', groups), { code: 'SEC_E_LOGON_DENIED' })
    }
  })

  test('a log-on goes by SPAKE inside of FAST', async () => {
    const armor = keytabFileCredential(mitKdc().keytab, { principal: 'host/localhost@MIT.TEST' })
    for (const groups of [undefined, ['P-384']]) {
      const types = await logOn('alice', PASSWORD, groups, { armor })
      assert.ok(types.length > 1)
      for (const request of types) assert.deepEqual(request, [PaDataType.PA_FX_FAST])
    }
  })
})
