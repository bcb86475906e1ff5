import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { LookAside } from '../../src/kdc/look-aside.js'
import { Kdc, type KdcRun } from '../../src/kdc/index.js'
import { KerberosErrorCode as Code, KerberosKey } from '../../src/kerberos/index.js'
import { asReq, errorOf, logOn, send, tgsReq, timestamp } from './requests.js'
import { ENCTYPES, keyOf, NOW, REALM, TestRealm } from './realm.js'

const WWW = 'HTTP/www.example.com'
const realmOf = (): TestRealm => new TestRealm([{ name: 'alice' }, { name: WWW }])

suite('a request that comes again', () => {
  test('gets the same reply, and counts once', async () => {
    const realm = realmOf()
    const tgt = await logOn(realm, 'alice')
    const wrong = asReq(realm, 'alice', {}, [timestamp(KerberosKey.generate(ENCTYPES[0]!), NOW)])
    for (const request of [tgsReq(realm, tgt, WWW), wrong]) {
      const events = realm.events.length
      const first = await realm.kdc.handle(request, realm.peer)
      assert.deepEqual(await realm.kdc.handle(request, realm.peer), first)
      assert.equal(realm.events.length, events + 1)
    }
  })

  test('is a replay when the reply is forgotten: its authenticator is not accepted twice', async () => {
    const realm = realmOf()
    const request = tgsReq(realm, await logOn(realm, 'alice'), WWW)
    assert.equal((await send(realm, request)).kind, 'reply')
    realm.later(121)
    assert.equal(await errorOf(realm, request), Code.KRB_AP_ERR_REPEAT)
    realm.later(240)
    assert.equal(await errorOf(realm, request), Code.KRB_AP_ERR_SKEW)
  })

  test('gets no reply while the first is being answered', () => {
    const kdc = new Kdc({ realm: REALM, world: { now: () => NOW, random: (n) => new Uint8Array(n), emit: () => {} } })
    const request = asReq(realmOf(), 'alice')
    const begin = (): KdcRun => kdc.handle(request, { service: 'kdc' })
    const first = begin()
    assert.equal(first.step().kind, 'ask')
    assert.deepEqual(begin().step(), { kind: 'value', value: undefined })
    first.dispose()
    assert.equal(begin().step().kind, 'ask')
  })

  test('is known by all of its bytes', async () => {
    const realm = realmOf()
    const key = await keyOf(realm, 'alice')
    const one = asReq(realm, 'alice', {}, [timestamp(key, NOW)])
    const other = asReq(realm, 'alice', {}, [timestamp(key, NOW)])
    assert.notDeepEqual(await realm.kdc.handle(one, realm.peer), await realm.kdc.handle(other, realm.peer))
  })
})

suite('what is kept of replies', () => {
  const later = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000)
  const request = (number: number): Uint8Array => new Uint8Array(new Uint32Array([number]).buffer)

  function keep(aside: LookAside, number: number, reply: Uint8Array, now = NOW): void {
    const found = aside.find(request(number), now)
    assert.ok(typeof found === 'object' && 'key' in found)
    aside.keep(found.key, reply)
  }

  const isKept = (aside: LookAside, number: number, now = NOW): boolean => {
    const found = aside.find(request(number), now)
    return typeof found === 'object' && 'reply' in found
  }

  test('is bounded in number: the oldest go', () => {
    const aside = new LookAside()
    for (let i = 0; i <= 1_000; i++) keep(aside, i, Uint8Array.of(1))
    assert.ok(isKept(aside, 1) && isKept(aside, 1_000))
    assert.ok(!isKept(aside, 0))
  })

  test('is bounded in bytes', () => {
    const aside = new LookAside()
    const reply = new Uint8Array(0x20_0000)
    for (let i = 0; i < 5; i++) keep(aside, i, reply)
    assert.ok(isKept(aside, 1) && isKept(aside, 4))
    assert.ok(!isKept(aside, 0))
    keep(aside, 9, new Uint8Array(0x100_0000))
    assert.ok(!isKept(aside, 9))
  })

  test('counts once where a request was forgotten while it was answered, and came again', () => {
    const aside = new LookAside()
    const begun = (number: number): string => {
      const found = aside.find(request(number), NOW)
      assert.ok(typeof found === 'object' && 'key' in found)
      return found.key
    }
    const first = begun(0)
    for (let i = 1; i <= 1_000; i++) keep(aside, i, Uint8Array.of(1))
    const again = begun(0)
    const reply = new Uint8Array(0x50_0000)
    aside.keep(first, reply)
    aside.keep(again, reply)
    assert.ok(isKept(aside, 0) && isKept(aside, 1_000))
  })

  test('goes after two minutes', () => {
    const aside = new LookAside()
    keep(aside, 1, Uint8Array.of(1))
    assert.ok(isKept(aside, 1, later(120)))
    assert.ok(!isKept(aside, 1, later(121)))
  })
})
