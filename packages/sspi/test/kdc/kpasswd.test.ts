import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeUtf8 } from '../../src/bytes/index.js'
import type { KdcPolicyOptions } from '../../src/kdc/index.js'
import type { PrincipalEntry } from '../../src/io/principals/index.js'
import {
  decodeDer,
  decodePadded,
  KerberosErrorCode as Code,
  KeyUsage,
  obtainInitialTicket,
  PasswordResultCode as Result,
  readApRep,
  readEncApRepPart,
  readEncKrbPrivPart,
  readKrbError,
  readKrbPriv,
  readPasswordReply,
  readPasswordResult,
} from '../../src/kerberos/index.js'
import { passwordRequest, type PasswordTweaks } from './passwords.js'
import { logOn, obtain, type Held } from './requests.js'
import { keyOf, NOW, principalOf, TestRealm } from './realm.js'

const ADMIN: PrincipalEntry = { name: 'admin', attributes: { maySetPasswords: true } }
const FROM = { service: 'kpasswd' } as const

interface Begun {
  readonly realm: TestRealm
  readonly held: Held
}

async function begin(client = 'alice', policy: KdcPolicyOptions = {}): Promise<Begun> {
  const realm = new TestRealm([{ name: 'alice' }, { name: 'bob' }, ADMIN], policy)
  return { realm, held: await logOn(realm, client, { sname: principalOf('kadmin/changepw').name }) }
}

interface Outcome {
  readonly code: number
  readonly text: string
  /** Of the KRB-ERROR around it; `undefined` for a reply that is protected. */
  readonly errorCode: number | undefined
}

async function outcomeOf({ realm, held }: Begun, password: string, tweaks: PasswordTweaks = {}): Promise<Outcome> {
  return read(await realm.kdc.handle(passwordRequest(realm, held, password, tweaks), FROM), held)
}

function read(bytes: Uint8Array | undefined, { sessionKey: key }: Held): Outcome {
  assert.ok(bytes !== undefined)
  const reply = readPasswordReply(bytes)
  assert.equal(reply.version, 1)
  const of = (userData: Uint8Array, errorCode?: number): Outcome => {
    const { resultCode, resultString } = readPasswordResult(userData)
    return { code: resultCode, text: decodeUtf8(resultString, 'result'), errorCode }
  }
  if (reply.kind === 'error') {
    const { eData, errorCode } = decodeDer(reply.krbError, readKrbError)
    return of(eData!, errorCode)
  }
  const rep = key.decrypt(KeyUsage.AP_REP_ENCPART, decodeDer(reply.apRep, readApRep).encPart.cipher)
  const { seqNumber } = decodePadded(rep, readEncApRepPart)
  const priv = key.decrypt(KeyUsage.KRB_PRIV_ENCPART, decodeDer(reply.krbPriv, readKrbPriv).encPart.cipher)
  const part = decodePadded(priv, readEncKrbPrivPart)
  // What MIT's client holds a reply to.
  assert.equal(part.seqNumber, seqNumber)
  return of(part.userData)
}

suite('a password', () => {
  test('is changed by its owner: a new version of keys, of the same types', async () => {
    const begun = await begin()
    const { realm } = begun
    assert.deepEqual(await outcomeOf(begun, 'a new password'), { code: 0, text: '', errorCode: undefined })
    const entry = await realm.principals.lookup({ principal: principalOf('alice'), as: 'client' })
    assert.deepEqual(
      entry?.keys.map(({ kvno, key }) => [kvno, key.enctype]),
      [
        [2, 18],
        [2, 17],
        [1, 18],
        [1, 17],
      ],
    )
    assert.equal(entry.passwordChanged?.getTime(), NOW.getTime())
    await realm.run(obtainInitialTicket(realm.client('alice', 'a new password')))
    const event = realm.events.find(({ kind }) => kind === 'password-changed')
    assert.ok(event?.kind === 'password-changed')
    assert.deepEqual([event.target, event.by], ['alice@EXAMPLE.COM', 'alice@EXAMPLE.COM'])
  })

  test('is set for others by who may', async () => {
    const begun = await begin('admin')
    assert.equal((await outcomeOf(begun, 'a new password', { target: 'bob' })).code, Result.KRB5_KPASSWD_SUCCESS)
    await begun.realm.run(obtainInitialTicket(begun.realm.client('bob', 'a new password')))
    assert.equal(
      (await outcomeOf(begun, 'a new password', { target: 'nobody' })).code,
      Result.KRB5_KPASSWD_ACCESSDENIED,
    )
    const elsewhere = await outcomeOf(begun, 'a new password', { target: 'bob@OTHER.EXAMPLE' })
    assert.equal(elsewhere.code, Result.KRB5_KPASSWD_ACCESSDENIED)
  })

  test('is set by nobody for the services of the realm itself', async () => {
    const begun = await begin('admin')
    const nobody = await outcomeOf(begun, 'a new password', { target: 'nobody' })
    for (const target of ['krbtgt/EXAMPLE.COM', 'kadmin/changepw']) {
      assert.deepEqual(await outcomeOf(begun, 'a new password', { target }), nobody)
      const entry = await begun.realm.principals.lookup({ principal: principalOf(target), as: 'service' })
      assert.ok(entry?.keys.every(({ kvno }) => kvno === 1))
    }
  })

  test('is not set for others by who may not, with the same words whether there is somebody or not', async () => {
    const begun = await begin()
    const bob = await outcomeOf(begun, 'a new password', { target: 'bob' })
    assert.equal(bob.code, Result.KRB5_KPASSWD_ACCESSDENIED)
    assert.deepEqual(await outcomeOf(begun, 'a new password', { target: 'nobody' }), bob)
    const own = { target: 'alice' }
    assert.equal((await outcomeOf(begun, 'a new password', own)).code, Result.KRB5_KPASSWD_SUCCESS)
    const withoutName = { version: 0xff80, data: { targname: undefined, targrealm: undefined } }
    assert.equal((await outcomeOf(begun, 'another password', withoutName)).code, Result.KRB5_KPASSWD_SUCCESS)
  })

  test('that is against the policy is refused in words', async () => {
    const passwords = { minimumLength: 6, minimumClasses: 3 }
    const begun = await begin('alice', { passwords })
    const of = async (password: string): Promise<string> => {
      const { code, text } = await outcomeOf(begun, password)
      assert.equal(code, Result.KRB5_KPASSWD_SOFTERROR)
      return text
    }
    assert.match(await of('Ab1'), /6 characters at least/)
    assert.match(await of(''), /6 characters at least/)
    assert.match(await of('Ab1'.repeat(400)), /1024 characters at most/)
    assert.match(await of('abcdef12'), /3 kinds/)
    const named = await begin('alice', { passwords: { minimumLength: 0 } })
    assert.match((await outcomeOf(named, 'Alice')).text, /must not be the name/)
  })

  test('that was one of the last is refused, as far as it is remembered', async () => {
    const begun = await begin('alice', { passwords: { history: 2 } })
    const of = async (password: string): Promise<number> => (await outcomeOf(begun, password)).code
    assert.equal(await of('password one'), Result.KRB5_KPASSWD_SUCCESS)
    assert.equal(await of('password two'), Result.KRB5_KPASSWD_SUCCESS)
    assert.equal(await of('password one'), Result.KRB5_KPASSWD_SOFTERROR)
    assert.equal(await of('password three'), Result.KRB5_KPASSWD_SUCCESS)
    assert.equal(await of('password one'), Result.KRB5_KPASSWD_SUCCESS)
  })

  test('is kept for as long as the policy says, unless it must be changed', async () => {
    const begun = await begin('alice', { passwords: { minimumAgeSeconds: 200, maximumAgeSeconds: 1_000 } })
    const { realm } = begun
    assert.equal((await outcomeOf(begun, 'password one')).code, Result.KRB5_KPASSWD_SUCCESS)
    assert.match((await outcomeOf(begun, 'password two')).text, /too short a time/)
    realm.principals.setAttributes('alice', { mustChangePassword: true })
    assert.equal((await outcomeOf(begun, 'password two')).code, Result.KRB5_KPASSWD_SUCCESS)
    realm.later(200)
    assert.equal((await outcomeOf(begun, 'password three')).code, Result.KRB5_KPASSWD_SUCCESS)
    const { passwordExpires } = await realm.run(obtainInitialTicket(realm.client('alice', 'password three')))
    assert.equal(passwordExpires?.getTime(), realm.now.getTime() + 1_000_000)
  })
})

suite('a password request is refused', () => {
  test('in a version that is not known, and when it is none', async () => {
    const begun = await begin()
    const other = await outcomeOf(begun, 'a new password', { version: 2 })
    assert.equal(other.code, Result.KRB5_KPASSWD_BAD_VERSION)
    assert.equal(other.errorCode, Code.KRB_ERR_GENERIC)
    const { realm, held } = begun
    assert.equal(read(await realm.kdc.handle(Uint8Array.of(1, 2, 3), FROM), held).code, Result.KRB5_KPASSWD_MALFORMED)
  })

  test('with a ticket for something else, or one that is not good', async () => {
    const { realm, held } = await begin()
    const tgt = await logOn(realm, 'alice')
    const other = await outcomeOf({ realm, held: tgt }, 'a new password')
    assert.deepEqual([other.code, other.errorCode], [Result.KRB5_KPASSWD_AUTHERROR, Code.KRB_AP_ERR_NOT_US])
    realm.later(300)
    const old = await outcomeOf({ realm, held }, 'a new password')
    assert.deepEqual([old.code, old.errorCode], [Result.KRB5_KPASSWD_AUTHERROR, Code.KRB_AP_ERR_TKT_EXPIRED])
  })

  test('with a ticket that was not had for the password', async () => {
    const { realm } = await begin()
    realm.principals.setAttributes('kadmin/changepw', { initialOnly: false })
    const held = await obtain(realm, await logOn(realm, 'alice'), 'kadmin/changepw')
    const { code } = await outcomeOf({ realm, held }, 'a new password')
    assert.equal(code, Result.KRB5_KPASSWD_INITIAL_FLAG_NEEDED)
  })

  test('of an account that may not be used, and for one that is gone', async () => {
    const begun = await begin()
    begun.realm.principals.setAttributes('alice', { disabled: true })
    assert.equal((await outcomeOf(begun, 'a new password')).code, Result.KRB5_KPASSWD_ACCESSDENIED)
    begun.realm.principals.remove('alice')
    assert.equal((await outcomeOf(begun, 'a new password')).code, Result.KRB5_KPASSWD_ACCESSDENIED)
  })

  test('whose parts do not belong together, do not decrypt, or are no text', async () => {
    const begun = await begin()
    for (const tweaks of [{ priv: { seqNumber: 8 } }, { usage: 14 }, { priv: { userData: Uint8Array.of(0xff) } }]) {
      assert.equal((await outcomeOf(begun, 'a new password', tweaks)).code, Result.KRB5_KPASSWD_MALFORMED)
    }
  })

  test('when it comes again in other bytes: its authenticator is not accepted twice', async () => {
    const { realm, held } = await begin()
    const request = passwordRequest(realm, held, 'a new password')
    const first = await realm.kdc.handle(request, FROM)
    assert.deepEqual(await realm.kdc.handle(request, FROM), first)
    realm.later(121)
    const again = read(await realm.kdc.handle(request, FROM), held)
    assert.deepEqual([again.code, again.errorCode], [Result.KRB5_KPASSWD_AUTHERROR, Code.KRB_AP_ERR_REPEAT])
  })

  test('when the database fails, in words that say nothing of it', async () => {
    const begun = await begin()
    begun.realm.principals.update = () => {
      throw new Error('disk full at /secret')
    }
    const { code, text } = await outcomeOf(begun, 'a new password')
    assert.equal(code, Result.KRB5_KPASSWD_HARDERROR)
    assert.doesNotMatch(text, /disk/)
  })

  test('and a reply gets no answer', async () => {
    const begun = await begin()
    const { realm, held } = begun
    const reply = await realm.kdc.handle(passwordRequest(realm, held, 'a new password'), FROM)
    assert.equal(await realm.kdc.handle(reply!, FROM), undefined)
    const error = await realm.kdc.handle(Uint8Array.of(1, 2, 3), FROM)
    assert.equal(await realm.kdc.handle(error!, FROM), undefined)
  })

  test('and whoever listens is told no secret', async () => {
    const begun = await begin()
    await outcomeOf(begun, 'a new password')
    await outcomeOf(begun, 'short')
    const told = JSON.stringify(begun.realm.events)
    assert.doesNotMatch(told, /a new password|"short"/)
    const key = (await keyOf(begun.realm, 'alice')).reveal()
    assert.ok(!told.includes(Buffer.from(key).toString('hex')))
  })
})
