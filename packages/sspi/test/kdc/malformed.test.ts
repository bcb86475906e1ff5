import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { fromHex } from '../../src/bytes/index.js'
import { MOST_REQUEST_BYTES, type KdcPeer } from '../../src/kdc/index.js'
import {
  decodeDer,
  encodeDer,
  KdcOption,
  KERBEROS_ERRORS,
  KerberosErrorCode as Code,
  readKrbError,
  writeKrbError,
} from '../../src/kerberos/index.js'
import { armoredAsReq } from './armored.js'
import { passwordRequest } from './passwords.js'
import { asReq, errorOf, logOn, send, tgsReq, timestamp } from './requests.js'
import { keyOf, NOW, principalOf, TestRealm } from './realm.js'

const WWW = 'HTTP/www.example.com'
const realmOf = (): TestRealm => new TestRealm([{ name: 'alice' }, { name: WWW }])

suite('what is no request', () => {
  test('of Kerberos is answered by its type, its version or its length', async () => {
    const realm = realmOf()
    const request = asReq(realm, 'alice')
    // 6a LL 30 LL a1 03 02 01 05: the version.
    const at = request.findIndex((byte, i) => byte === 0xa1 && request[i + 2] === 2 && request[i + 4] === 5)
    const other = request.map((byte, index) => (index === at + 4 ? 4 : byte))
    assert.equal(await errorOf(realm, other), Code.KDC_ERR_BAD_PVNO)
    assert.equal(await errorOf(realm, Uint8Array.of(0x6e, 0)), Code.KRB_AP_ERR_MSG_TYPE)
    assert.equal(await errorOf(realm, fromHex('474554202f')), Code.KRB_AP_ERR_MSG_TYPE)
    assert.equal(await errorOf(realm, new Uint8Array(MOST_REQUEST_BYTES + 1).fill(0x6a)), Code.KRB_ERR_FIELD_TOOLONG)
    assert.equal(await errorOf(realm, Uint8Array.of(0x6a, 0)), Code.KRB_ERR_GENERIC)
  })

  test('but a reply gets no answer: two servers would never stop', async () => {
    const realm = realmOf()
    const answer = await realm.kdc.handle(asReq(realm, 'alice'), realm.peer)
    for (const bytes of [answer!, Uint8Array.of(0x6b, 0), Uint8Array.of(0x6d, 0), new Uint8Array(0)]) {
      assert.equal(await realm.kdc.handle(bytes, realm.peer), undefined)
    }
  })

  test('by its type gets no answer in a datagram, which may come from anybody (RFC 4120 section 5.1.4)', async () => {
    const realm = realmOf()
    const datagram = { service: 'kdc', maxReplyBytes: 1400 } as const
    for (const bytes of [Uint8Array.of(0x6e, 0), fromHex('474554202f'), new Uint8Array(MOST_REQUEST_BYTES + 1)]) {
      assert.equal(await realm.kdc.handle(bytes, datagram), undefined)
    }
    assert.equal(await errorOf(realm, Uint8Array.of(0x6a, 0), datagram), Code.KRB_ERR_GENERIC)
  })

  test('whose answer is longer than the transport takes is told to come by another', async () => {
    const realm = realmOf()
    const request = asReq(realm, 'alice', {}, [timestamp(await keyOf(realm, 'alice'), NOW)])
    assert.equal(await errorOf(realm, request, { service: 'kdc', maxReplyBytes: 300 }), Code.KRB_ERR_RESPONSE_TOO_BIG)
    // By the other one the ticket is there already.
    assert.equal((await send(realm, request)).kind, 'reply')
    assert.equal(realm.events.length, 1)
  })
})

/** Requests of every kind, all of them good. */
async function goodRequests(realm: TestRealm): Promise<readonly (readonly [KdcPeer['service'], Uint8Array])[]> {
  const key = await keyOf(realm, 'alice')
  const tgt = await logOn(realm, 'alice', { kdcOptions: KdcOption.FORWARDABLE })
  const u2u = { kdcOptions: KdcOption.ENC_TKT_IN_SKEY, additionalTickets: [tgt.ticket] }
  const changepw = await logOn(realm, 'alice', { sname: principalOf('kadmin/changepw').name })
  return [
    ['kdc', asReq(realm, 'alice', {}, [timestamp(key, NOW)])],
    ['kdc', tgsReq(realm, tgt, WWW)],
    ['kdc', tgsReq(realm, tgt, 'alice', u2u)],
    ['kdc', await armoredAsReq(realm, tgt, 'alice')],
    ['kpasswd', passwordRequest(realm, changepw, 'a new password')],
  ]
}

/** Nothing but replies and errors that have a name comes back, whatever is sent. */
async function isAnswered(realm: TestRealm, service: KdcPeer['service'], bytes: Uint8Array): Promise<void> {
  const reply = await realm.kdc.handle(bytes, { service })
  if (service !== 'kdc' || reply?.[0] !== 0x7e) return
  const { errorCode } = decodeDer(reply, readKrbError)
  assert.ok(KERBEROS_ERRORS.has(errorCode) && errorCode !== Code.KDC_ERR_NONE, String(errorCode))
}

suite('a request that was tampered with', () => {
  test('is answered, at every byte', async () => {
    const realm = realmOf()
    for (const [service, request] of await goodRequests(realm)) {
      for (let i = 0; i < request.length; i++) {
        await isAnswered(
          realm,
          service,
          request.map((byte, index) => (index === i ? byte ^ 0x41 : byte)),
        )
      }
    }
    assert.ok(realm.events.some((event) => event.kind === 'request-refused'))
  })

  test('is answered, cut short anywhere', async () => {
    const realm = realmOf()
    for (const [service, request] of await goodRequests(realm)) {
      for (let length = 0; length < request.length; length++) {
        await isAnswered(realm, service, request.slice(0, length))
      }
    }
  })

  test('is answered with bytes put in, taken out and exchanged', async () => {
    const realm = realmOf()
    const requests = await goodRequests(realm)
    const edits = fc.array(
      fc.record({ at: fc.nat(2_000), remove: fc.nat(8), insert: fc.uint8Array({ maxLength: 8 }) }),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(requests.length - 1), edits, async (index, list) => {
        const [service, request] = requests[index]!
        let bytes = [...request]
        for (const { at, remove, insert } of list) {
          const place = at % bytes.length
          bytes = [...bytes.slice(0, place), ...insert, ...bytes.slice(place + remove)]
          if (bytes.length === 0) bytes = [0]
        }
        await isAnswered(realm, service, Uint8Array.from(bytes))
      }),
      { numRuns: 500 },
    )
  })

  test('is answered when it is no more than bytes behind the right beginning', async () => {
    const realm = realmOf()
    const service = fc.constantFrom('kdc' as const, 'kpasswd' as const)
    await fc.assert(
      fc.asyncProperty(
        service,
        fc.constantFrom(0x6a, 0x6c, 0x6e, 0),
        fc.uint8Array({ maxLength: 300 }),
        (to, tag, rest) => isAnswered(realm, to, Uint8Array.of(tag, ...rest)),
      ),
      { numRuns: 500 },
    )
  })
})

suite('a request that is made to cost', () => {
  /** A chain of so many sequences in one another. */
  const nested = (depth: number): Uint8Array => {
    let bytes = new Uint8Array(0)
    for (let i = 0; i < depth; i++) {
      const header = bytes.length < 128 ? [0x30, bytes.length] : [0x30, 0x82, bytes.length >> 8, bytes.length & 0xff]
      bytes = Uint8Array.from([...header, ...bytes])
    }
    return bytes
  }

  test('by its depth is refused at once', async () => {
    const realm = realmOf()
    const deep = nested(1_000)
    const wrapped = Uint8Array.from([0x6a, 0x82, deep.length >> 8, deep.length & 0xff, ...deep])
    assert.equal(await errorOf(realm, wrapped), Code.KRB_ERR_GENERIC)
  })

  test('by its lists is refused beyond their bounds', async () => {
    const realm = realmOf()
    const etype = Array.from({ length: 257 }, () => 18)
    assert.throws(() => asReq(realm, 'alice', { etype }))
    const many = asReq(realm, 'alice', { etype: Array.from({ length: 256 }, () => 18) })
    assert.equal(await errorOf(realm, many), Code.KDC_ERR_PREAUTH_REQUIRED)
    const padata = Array.from({ length: 257 }, () => ({ padataType: 149, padataValue: new Uint8Array(0) }))
    assert.equal(await errorOf(realm, asReq(realm, 'alice', {}, padata)), Code.KRB_ERR_GENERIC)
  })

  test('by its names looks up one after the other at most', async () => {
    const realm = realmOf()
    let lookUps = 0
    const { principals } = realm
    const lookup = principals.lookup.bind(principals)
    principals.lookup = (query) => {
      lookUps++
      return lookup(query)
    }
    const tgt = await logOn(realm, 'alice')
    lookUps = 0
    const sname = principalOf(`krbtgt/${'A.'.repeat(5_000)}COM`).name
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, undefined, { sname })), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    assert.ok(lookUps < 20, String(lookUps))
  })

  test('and an error that was made up is not echoed', async () => {
    const realm = realmOf()
    const { name } = principalOf('alice')
    const error = encodeDer({ stime: NOW, susec: 0, errorCode: 60, realm: 'X', sname: name }, writeKrbError)
    assert.equal(await realm.kdc.handle(error, realm.peer), undefined)
  })
})
