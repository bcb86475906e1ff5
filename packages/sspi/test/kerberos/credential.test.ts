import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { suite, test } from 'node:test'
import { acquireKerberosCredential } from '../../src/kerberos/credential.js'
import { Enctype } from '../../src/kerberos/enctypes/index.js'
import { writeKeytab, type KeytabEntry } from '../../src/kerberos/files/index.js'
import { KeyTable } from '../../src/kerberos/key-table.js'
import { readOptions } from '../../src/kerberos/options.js'
import { formatPrincipal, parsePrincipal } from '../../src/kerberos/principals.js'
import type { CredentialRequest, RevealedCredential } from '../../src/sspi/index.js'

const settings = readOptions({ defaultRealm: 'A.EXAMPLE' })

function entry(name: string, kvno: number, keytype: number, length: number, realm = 'A.EXAMPLE'): KeytabEntry {
  const keyvalue = new Uint8Array(length).fill(kvno)
  return { realm, name: parsePrincipal(name).name, timestamp: 0, kvno, key: { keytype, keyvalue } }
}

const keytab = writeKeytab({
  version: 2,
  byteOrder: 'big',
  entries: [
    entry('HTTP/www', 1, Enctype.AES256_CTS_HMAC_SHA1_96, 32),
    entry('HTTP/www', 2, Enctype.AES256_CTS_HMAC_SHA1_96, 32),
    entry('HTTP/www', 2, Enctype.AES128_CTS_HMAC_SHA1_96, 16),
    entry('HTTP/www', 2, 3, 8), // single DES
    entry('alice', 5, Enctype.AES256_CTS_HMAC_SHA1_96, 32),
    entry('bob', 5, Enctype.AES256_CTS_HMAC_SHA1_96, 32, 'B.EXAMPLE'),
  ],
})

const ofKeytab = (principal?: string): RevealedCredential => ({
  kind: 'keytab',
  principal,
  packageList: undefined,
  keytab,
})

function acquire(value: RevealedCredential | undefined, use: CredentialRequest['use'], principal?: string) {
  return acquireKerberosCredential({ use, principal, value }, settings)
}

suite('a key table', () => {
  const table = KeyTable.fromKeytab(keytab)
  const www = { realm: 'A.EXAMPLE', name: parsePrincipal('HTTP/www').name }

  test('leaves out keys of encryption types that are not known', () => {
    assert.equal(table.keys.length, 5)
  })

  test('gives the version that was asked for, else all, the newest first', () => {
    const enctype = Enctype.AES256_CTS_HMAC_SHA1_96
    const versions = (kvno?: number) => table.find({ principal: www, enctype, kvno }).map((found) => found.kvno)
    assert.deepEqual(versions(1), [1])
    assert.deepEqual(versions(), [2, 1])
    assert.deepEqual(versions(77), [2, 1])
    assert.deepEqual(table.find({ principal: { ...www, realm: 'B' } }), [])
  })

  test('overwrites its keys', () => {
    const mine = KeyTable.fromKeytab(keytab)
    mine.dispose()
    assert.throws(() => mine.keys[0]!.key.reveal(), TypeError)
  })
})

suite('a credential', () => {
  test('of a keytab initiates as the principal that is named, or the first', () => {
    const name = (value: RevealedCredential, principal?: string): string =>
      formatPrincipal(acquire(value, 'outbound', principal).outbound.principal)
    assert.equal(name(ofKeytab()), 'HTTP/www@A.EXAMPLE')
    assert.equal(name(ofKeytab('alice')), 'alice@A.EXAMPLE')
    assert.equal(name(ofKeytab('bob@B.EXAMPLE')), 'bob@B.EXAMPLE')
    assert.equal(name(ofKeytab(), 'alice'), 'alice@A.EXAMPLE')
    assert.throws(() => name(ofKeytab('bob')), { code: 'SEC_E_NO_CREDENTIALS' })
  })

  test('of a keytab accepts, for one principal or for all', () => {
    const credential = acquire(ofKeytab('HTTP/www'), 'inbound')
    assert.deepEqual(credential.inbound.principal?.name.nameString, ['HTTP', 'www'])
    assert.equal(acquire(ofKeytab(), 'inbound').inbound.principal, undefined)
    assert.throws(() => credential.outbound, { code: 'SEC_E_NO_CREDENTIALS' })
    const both = acquire(ofKeytab(), 'both')
    assert.ok(both.canAccept && both.canInitiate)
  })

  test('of a password initiates only', () => {
    const value = { kind: 'password', user: 'alice', domain: '', packageList: undefined, password: 'secret-1' } as const
    const credential = acquire(value, 'both')
    assert.ok(credential.canInitiate && !credential.canAccept)
    assert.throws(() => acquire(value, 'inbound'), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
    assert.doesNotMatch(inspect(credential, { depth: 9 }) + JSON.stringify(credential), /secret-1/)
  })

  test('is not made of nothing, nor of nobody', () => {
    assert.throws(() => acquire(undefined, 'outbound'), { code: 'SEC_E_NO_CREDENTIALS' })
    assert.throws(() => acquire(undefined, 'inbound'), { code: 'SEC_E_NO_CREDENTIALS' })
    assert.throws(() => acquire({ kind: 'anonymous' }, 'outbound'), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
  })

  test('wipes its keys when it is disposed', () => {
    const credential = acquire(ofKeytab(), 'both')
    credential.dispose()
    assert.throws(() => credential.inbound.keys.keys[0]!.key.reveal(), TypeError)
    const { keys } = credential.outbound
    assert.throws(() => (keys.kind === 'keys' ? keys.keys.keys[0]!.key.reveal() : undefined), TypeError)
  })
})

suite('options', () => {
  test('leave RC4 and triple DES out unless they are allowed', () => {
    assert.deepEqual(readOptions().permittedEnctypes, [20, 19, 18, 17])
    const all = [26, 18, 23, 16]
    assert.deepEqual(readOptions({ permittedEnctypes: all }).permittedEnctypes, [26, 18])
    const allowed = { permittedEnctypes: all, insecureAllowRc4: true, insecureAllowDes3: true }
    assert.deepEqual(readOptions(allowed).permittedEnctypes, all)
    assert.deepEqual(readOptions({ tktEnctypes: [23, 17] }).tktEnctypes, [17])
    assert.throws(() => readOptions({ permittedEnctypes: [23] }), TypeError)
  })

  test('are numbers that make sense', () => {
    assert.throws(() => readOptions({ clockSkewSeconds: -1 }), TypeError)
    assert.throws(() => readOptions({ ticketLifetimeSeconds: Number.NaN }), TypeError)
  })
})
