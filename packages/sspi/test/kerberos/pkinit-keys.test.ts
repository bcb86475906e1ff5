import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { octetString2Key, pkinitKdfKey, pkinitOtherInfo } from '../../src/kerberos/pkinit-keys.js'
import { parsePrincipal, type Principal } from '../../src/kerberos/principals.js'
import { readVectors } from '../vectors.js'

interface KdfInput {
  readonly kdf: string
  readonly enctype: number
  readonly sharedSecret: string
  readonly client: string
  readonly server: string
  readonly asReq: string
  readonly pkAsRep: string
}

function principalOf(text: string, nameType?: number): Principal {
  const { name, realm } = parsePrincipal(text)
  return { realm: realm!, name: { ...name, nameType: nameType ?? name.nameType } }
}

for (const { name, input, expected } of readVectors<KdfInput, { key: string; otherInfo: string }>(
  'kerberos/pkinit-kdf.json',
).cases) {
  // The RFC's example has the ticket-granting service as a name of type 1.
  const query = {
    kdf: input.kdf,
    enctype: input.enctype,
    sharedSecret: fromHex(input.sharedSecret),
    client: principalOf(input.client),
    server: principalOf(input.server, 1),
    asReq: fromHex(input.asReq),
    pkAsRep: fromHex(input.pkAsRep),
  }

  test(`${name}: the reply key is derived as in the example`, () => {
    assert.equal(toHex(pkinitOtherInfo(query)), expected.otherInfo)
    assert.equal(toHex(pkinitKdfKey(query).reveal()), expected.key)
  })

  test(`${name}: a function that is not known is refused`, () => {
    assert.throws(() => pkinitKdfKey({ ...query, kdf: '1.2.3' }), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })
}

for (const { name, input, expected } of readVectors<{ enctype: number; x: string }, { key: string }>(
  'kerberos/pkinit-octetstring2key.json',
).cases) {
  test(`${name}: octetstring2key makes the key of the example, in one piece and in several`, () => {
    const octets = fromHex(input.x)
    assert.equal(toHex(octetString2Key(input.enctype, octets).reveal()), expected.key)
    const pieces = [octets.subarray(0, 100), octets.subarray(100)]
    assert.equal(toHex(octetString2Key(input.enctype, ...pieces).reveal()), expected.key)
  })
}
