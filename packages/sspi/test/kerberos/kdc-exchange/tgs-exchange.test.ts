import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KdcOption, KerberosErrorCode, TicketFlag } from '../../../src/kerberos/constants.js'
import { readCcache } from '../../../src/kerberos/files/index.js'
import { Enctype } from '../../../src/kerberos/enctypes/index.js'
import { changePassword, PasswordChangeError } from '../../../src/kerberos/kdc-exchange/change-password.js'
import { verifyKdc } from '../../../src/kerberos/kdc-exchange/verify-kdc.js'
import type { KdcClient } from '../../../src/kerberos/kdc-client.js'
import { KeyTable } from '../../../src/kerberos/key-table.js'
import { readPasswordReply, readPasswordRequest, writePasswordReply } from '../../../src/kerberos/messages/index.js'
import type { KerberosOptions } from '../../../src/kerberos/options.js'
import { formatPrincipal, parsePrincipal } from '../../../src/kerberos/principals.js'
import {
  obtainForwardedTgt,
  obtainServiceTicket,
  obtainTgt,
  renewTgt,
  type ServiceTicket,
} from '../../../src/kerberos/tickets.js'
import { SspiError, type FailureName } from '../../../src/status/index.js'
import { encodeUtf8 } from '../../../src/bytes/index.js'
import { clientOf, drive, FakeKdc, NOW, passwordOf } from './fake-kdc.js'

const A = 'A.EXAMPLE'
const OPTIONS: KerberosOptions = { defaultRealm: A }
const WEB = 'HTTP/www.a.example'

function kdcOf(realm = A): FakeKdc {
  return new FakeKdc(realm).user('alice').service(WEB)
}

function alice(options: KerberosOptions = {}, now?: () => Date): KdcClient {
  return clientOf(passwordOf('alice'), { ...OPTIONS, ...options }, now)
}

function ticketFor(client: KdcClient, targetName: string, ...kdcs: readonly FakeKdc[]): ServiceTicket {
  return drive(obtainServiceTicket({ ...client, targetName }), ...kdcs).value
}

function refusal(code: FailureName, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

suite('a service ticket', () => {
  test('comes for a ticket-granting ticket, and both are kept', () => {
    const kdc = kdcOf()
    const client = alice()
    const ticket = ticketFor(client, WEB, kdc)
    assert.equal(formatPrincipal(ticket.server), 'HTTP/www.a.example@A.EXAMPLE')
    assert.equal(kdc.requests.length, 3)
    const again = ticketFor(client, WEB, kdc)
    assert.equal(kdc.requests.length, 3)
    assert.deepEqual(again.ticket.raw, ticket.ticket.raw)
    ticket.sessionKey.dispose()
    assert.equal(again.sessionKey.reveal().length, 32)
  })

  test('is asked for anew when the kept one is about to end', () => {
    let now = NOW
    const kdc = kdcOf()
    kdc.clock = () => now
    const client = alice({}, () => now)
    ticketFor(client, WEB, kdc)
    now = new Date(NOW.getTime() + 86_400_000 - 10_000)
    ticketFor(client, WEB, kdc)
    assert.equal(kdc.requests.length, 6)
  })

  test('ends with the credential that keeps it', () => {
    const client = alice()
    const given = drive(obtainTgt(client), kdcOf()).value
    const [kept] = client.credential.outbound.store.tickets
    client.credential.dispose()
    assert.throws(() => kept!.sessionKey.reveal(), TypeError)
    assert.equal(given.sessionKey.reveal().length, 32)
  })

  test('is handed over for keeping as a cache, once for each change', () => {
    const client = alice()
    const { cache, saved } = cacheOf(client, kdcOf())
    const fromCache = clientOf({ kind: 'ticket-cache', packageList: undefined, cache, save: saved }, OPTIONS)
    const kdc = cacheKdc!
    ticketFor(fromCache, WEB, kdc)
    ticketFor(fromCache, WEB, kdc)
    assert.equal(saves.length, 1)
    const kept = readCcache(saves[0]!)
    assert.deepEqual(
      kept.credentials.map(({ server }) => formatPrincipal(server)),
      ['krbtgt/A.EXAMPLE@A.EXAMPLE', 'HTTP/www.a.example@A.EXAMPLE'],
    )
  })

  test('may be asked for with other encryption types than the key of the ticket-granting ticket has', () => {
    const { cache } = cacheOf(alice(), kdcOf())
    const value = { kind: 'ticket-cache', packageList: undefined, cache, save: undefined } as const
    const tgsEnctypes = [Enctype.AES128_CTS_HMAC_SHA1_96]
    const kdc = cacheKdc!
    kdc.lies.part = (part) => ({ ...part, key: { keytype: tgsEnctypes[0]!, keyvalue: new Uint8Array(16) } })
    const { sessionKey } = ticketFor(clientOf(value, { ...OPTIONS, tgsEnctypes }), WEB, kdc)
    assert.equal(sessionKey.enctype, Enctype.AES128_CTS_HMAC_SHA1_96)
    assert.deepEqual(kdc.requests.at(-1)!.reqBody.etype, tgsEnctypes)
  })

  test('is not to be had from a cache whose tickets have ended', () => {
    const { cache } = cacheOf(alice(), kdcOf())
    const later = (): Date => new Date(NOW.getTime() + 90_000_000)
    const value = { kind: 'ticket-cache', packageList: undefined, cache, save: undefined } as const
    const client = clientOf(value, OPTIONS, later)
    assert.throws(
      () => ticketFor(client, WEB, cacheKdc!),
      refusal('SEC_E_NO_CREDENTIALS', /ended at 2026-11-23T12:00:00.000Z.*kinit/),
    )
  })

  test('that no KDC knows is remembered for a while', () => {
    let now = NOW
    const kdc = kdcOf()
    const client = alice({}, () => now)
    const unknown = refusal('SEC_E_TARGET_UNKNOWN', /HTTP\/nowhere/)
    assert.throws(() => ticketFor(client, 'HTTP/nowhere', kdc), unknown)
    const asked = kdc.requests.length
    assert.throws(() => ticketFor(client, 'HTTP/nowhere', kdc), refusal('SEC_E_TARGET_UNKNOWN', /remembered/))
    assert.equal(kdc.requests.length, asked)
    now = new Date(NOW.getTime() + 61_000)
    kdc.service('HTTP/nowhere')
    assert.ok(ticketFor(client, 'HTTP/nowhere', kdc))
  })

  test('may have the canonical name of the service, and is found under the other one', () => {
    const kdc = kdcOf().service('HTTP/server1.a.example')
    kdc.aliases.set(WEB, 'HTTP/server1.a.example')
    const client = alice()
    assert.equal(formatPrincipal(ticketFor(client, WEB, kdc).server), 'HTTP/server1.a.example@A.EXAMPLE')
    const asked = kdc.requests.length
    ticketFor(client, WEB, kdc)
    assert.equal(kdc.requests.length, asked)
  })

  test('is not one for another service beside what the reply says', () => {
    const kdc = kdcOf()
    const client = alice()
    drive(obtainTgt(client), kdc)
    kdc.lies.part = (part) => ({ ...part, sname: parsePrincipal('HTTP/server1.a.example').name })
    assert.throws(() => ticketFor(client, WEB, kdc), refusal('SEC_E_MESSAGE_ALTERED', /another server/))
  })

  test('never stands for a ticket-granting ticket', () => {
    const kdc = kdcOf()
    const client = alice({ forwardable: true })
    drive(obtainTgt(client), kdc)
    kdc.aliases.set('krbtgt/A.EXAMPLE', WEB)
    assert.throws(
      () => drive(obtainForwardedTgt(client), kdc),
      refusal('SEC_E_MESSAGE_ALTERED', /HTTP\/www.a.example@A.EXAMPLE, krbtgt\/A.EXAMPLE@A.EXAMPLE was asked for/),
    )
  })

  test('is not asked for under a wrong clock twice', () => {
    const kdc = kdcOf()
    const client = alice()
    drive(obtainTgt(client), kdc)
    kdc.clock = () => new Date(NOW.getTime() + 600_000)
    assert.equal(ticketFor(client, WEB, kdc).kdcTimeOffsetMs, 600_000)
  })

  test('comes after a new log-on when the old ticket-granting ticket is refused', () => {
    const kdc = kdcOf()
    const client = alice()
    drive(obtainTgt(client), kdc)
    let once = true
    kdc.lies.error = () => {
      const error = once ? { errorCode: KerberosErrorCode.KRB_AP_ERR_BADKEYVER } : undefined
      once = false
      return error
    }
    assert.ok(ticketFor(client, WEB, kdc))
  })

  const lies: Readonly<Record<string, readonly [FakeKdc['lies'], RegExp]>> = {
    'another nonce': [{ part: (part) => ({ ...part, nonce: 3 }) }, /nonce/],
    'another client': [{ reply: (reply) => ({ ...reply, cname: parsePrincipal('root').name }) }, /root@A.EXAMPLE/],
    'another realm': [{ reply: (reply) => ({ ...reply, crealm: 'EVIL' }) }, /alice@EVIL/],
    'a longer life than its parent': [
      { part: (part) => ({ ...part, endtime: new Date(NOW.getTime() + 86_401_000) }) },
      /longer than was asked for/,
    ],
    'a weak session key': [
      { part: (part) => ({ ...part, key: { keytype: 23, keyvalue: new Uint8Array(16) } }) },
      /type 23/,
    ],
    'a reply under another key': [
      { reply: (reply) => ({ ...reply, encPart: { ...reply.encPart, cipher: new Uint8Array(80) } }) },
      /checksum is wrong/,
    ],
  }
  for (const [name, [lie, message]] of Object.entries(lies)) {
    test(`with ${name} is refused`, () => {
      const kdc = kdcOf()
      const client = alice()
      drive(obtainTgt(client), kdc)
      kdc.lies = lie
      assert.throws(() => ticketFor(client, WEB, kdc), refusal('SEC_E_MESSAGE_ALTERED', message))
    })
  }
})

const saves: Uint8Array[] = []
let cacheKdc: FakeKdc | undefined

/** The cache of a client that has logged on. */
function cacheOf(client: KdcClient, kdc: FakeKdc) {
  drive(obtainTgt(client), kdc)
  cacheKdc = kdc
  saves.length = 0
  const saved = (bytes: Uint8Array): void => {
    saves.push(new Uint8Array(bytes))
  }
  return { cache: client.credential.outbound.store.toCcache(), saved }
}

suite('over realms', () => {
  function chain(...names: readonly string[]): readonly FakeKdc[] {
    const kdcs = names.map((name) => new FakeKdc(name))
    kdcs.forEach((kdc, index) => {
      const next = kdcs[index + 1]
      if (next !== undefined) kdc.trust(next)
    })
    kdcs[0]!.user('alice')
    return kdcs
  }

  test('a ticket comes from the realm that the name says', () => {
    const [a, b] = chain(A, 'B.EXAMPLE')
    b!.service('HTTP/www.b.example')
    const ticket = ticketFor(alice(), 'HTTP/www.b.example@B.EXAMPLE', a!, b!)
    assert.equal(formatPrincipal(ticket.server), 'HTTP/www.b.example@B.EXAMPLE')
    assert.equal(formatPrincipal(ticket.client), 'alice@A.EXAMPLE')
  })

  test('a ticket comes from the realm that the configuration says, or that the KDCs refer to', () => {
    const [a, b, c] = chain(A, 'B.EXAMPLE', 'C.EXAMPLE')
    c!.service('HTTP/www.c.example')
    a!.referrals.set('krbtgt/C.EXAMPLE', 'B.EXAMPLE')
    const domainRealm = new Map([['.c.example', 'C.EXAMPLE']])
    const byMap = ticketFor(alice({ domainRealm }), 'HTTP/www.c.example', a!, b!, c!)
    assert.equal(byMap.server.realm, 'C.EXAMPLE')
    a!.referrals.set('HTTP/www.c.example', 'B.EXAMPLE')
    b!.referrals.set('HTTP/www.c.example', 'C.EXAMPLE')
    const client = alice()
    const byReferral = ticketFor(client, 'HTTP/www.c.example', a!, b!, c!)
    assert.equal(byReferral.server.realm, 'C.EXAMPLE')
    // What the KDCs call otherwise is found again under the name that was asked for.
    const asked = a!.requests.length
    ticketFor(client, 'HTTP/www.c.example', a!, b!, c!)
    assert.equal(a!.requests.length, asked)
  })

  test('ticket-granting tickets of other realms are kept', () => {
    const [a, b] = chain(A, 'B.EXAMPLE')
    b!.service('HTTP/www.b.example').service('ldap/www.b.example')
    const client = alice()
    ticketFor(client, 'HTTP/www.b.example@B.EXAMPLE', a!, b!)
    const asked = a!.requests.length
    ticketFor(client, 'ldap/www.b.example@B.EXAMPLE', a!, b!)
    assert.equal(a!.requests.length, asked)
  })

  test('a ticket of a realm that was named is not taken where no realm is named', () => {
    const [a, b] = chain(A, 'B.EXAMPLE')
    a!.service(WEB)
    b!.service(WEB)
    const client = alice()
    assert.equal(ticketFor(client, `${WEB}@B.EXAMPLE`, a!, b!).server.realm, 'B.EXAMPLE')
    assert.equal(ticketFor(client, WEB, a!, b!).server.realm, A)
  })

  test('what the KDCs found without a realm is found again in the cache file', () => {
    const [a, b] = chain(A, 'B.EXAMPLE')
    a!.referrals.set('HTTP/www.b.example', 'B.EXAMPLE')
    b!.service('HTTP/www.b.example')
    const client = alice()
    ticketFor(client, 'HTTP/www.b.example', a!, b!)
    const cache = client.credential.outbound.store.toCcache()
    const again = clientOf({ kind: 'ticket-cache', packageList: undefined, cache, save: undefined }, OPTIONS)
    assert.equal(ticketFor(again, 'HTTP/www.b.example').server.realm, 'B.EXAMPLE')
  })

  test('a circle of referrals has an end', () => {
    const a = kdcOf(A)
    const b = new FakeKdc('B.EXAMPLE')
    a.trust(b)
    b.trust(a)
    a.referrals.set('HTTP/round', 'B.EXAMPLE')
    b.referrals.set('HTTP/round', A)
    assert.throws(
      () => ticketFor(alice(), 'HTTP/round', a, b),
      refusal('SEC_E_MAX_REFERRALS_EXCEEDED', /circle, from A.EXAMPLE to B.EXAMPLE to A.EXAMPLE/),
    )
  })

  test('a long way has an end', () => {
    const kdcs = chain(A, ...Array.from({ length: 6 }, (_, index) => `R${index}`))
    kdcs.forEach((kdc, index) => kdc.referrals.set('HTTP/far', `R${index}`))
    assert.throws(
      () => ticketFor(alice({ maxReferrals: 3 }), 'HTTP/far', ...kdcs),
      refusal('SEC_E_MAX_REFERRALS_EXCEEDED', /3 times allowed/),
    )
  })

  test('the configured path is taken, and no other', () => {
    const [a, b, c] = chain(A, 'B.EXAMPLE', 'C.EXAMPLE')
    c!.service('HTTP/www.c.example')
    const path = (...between: readonly string[]) => ({ capaths: new Map([[A, new Map([['C.EXAMPLE', between]])]]) })
    const target = 'HTTP/www.c.example@C.EXAMPLE'
    assert.ok(ticketFor(alice(path('B.EXAMPLE')), target, a!, b!, c!))
    a!.referrals.set('krbtgt/C.EXAMPLE', 'B.EXAMPLE')
    assert.throws(
      () => ticketFor(alice(path('.')), target, a!, b!, c!),
      refusal('SEC_E_KDC_UNABLE_TO_REFER', /A.EXAMPLE to B.EXAMPLE, which capaths does not allow/),
    )
  })
})

suite('ticket-granting tickets', () => {
  test('are forwarded when they are forwardable', () => {
    const kdc = kdcOf()
    const forwarded = drive(obtainForwardedTgt(alice({ forwardable: true })), kdc).value
    assert.ok((forwarded.flags & TicketFlag.FORWARDED) !== 0)
    assert.equal(kdc.requests.at(-1)!.reqBody.kdcOptions, KdcOption.FORWARDED | KdcOption.FORWARDABLE)
    assert.throws(
      () => drive(obtainForwardedTgt(alice()), kdc),
      refusal('SEC_E_DELEGATION_REQUIRED', /not forwardable/),
    )
  })

  test('are renewed when they are renewable', () => {
    const kdc = kdcOf()
    const client = alice({ renewLifetimeSeconds: 604_800 })
    const renewed = drive(renewTgt(client), kdc).value
    assert.equal(kdc.requests.at(-1)!.reqBody.kdcOptions, KdcOption.RENEW | KdcOption.RENEWABLE)
    assert.deepEqual(
      client.credential.outbound.store.tickets.map(({ ticket }) => ticket.raw),
      [renewed.ticket.raw],
    )
    assert.throws(() => drive(renewTgt(alice()), kdc), refusal('SEC_E_NO_CREDENTIALS', /not renewable/))
  })
})

suite('a KDC that took a password', () => {
  const keysOf = (kdc: FakeKdc, name = WEB): KeyTable =>
    new KeyTable([{ principal: { realm: A, name: parsePrincipal(name).name }, kvno: 1, key: kdc.services.get(name)! }])

  test('is proven by a ticket for a key of ours', () => {
    const kdc = kdcOf()
    assert.equal(formatPrincipal(drive(verifyKdc(alice(), keysOf(kdc)), kdc).value), 'alice@A.EXAMPLE')
  })

  test('is refused when it does not know our key', () => {
    const real = kdcOf()
    const liar = kdcOf()
    assert.throws(
      () => drive(verifyKdc(alice(), keysOf(real)), liar),
      refusal('SEC_E_LOGON_DENIED', /did not prove itself/),
    )
  })

  test('is refused when its ticket is for somebody else', () => {
    const kdc = kdcOf()
    const client = alice()
    drive(obtainTgt(client), kdc)
    kdc.lies.ticketPart = (part) => ({ ...part, cname: parsePrincipal('root').name })
    assert.throws(() => drive(verifyKdc(client, keysOf(kdc)), kdc), refusal('SEC_E_LOGON_DENIED', /prove itself/))
  })

  test('is not believed without a key', () => {
    const none = new KeyTable([])
    assert.throws(() => drive(verifyKdc(alice(), none), kdcOf()), refusal('SEC_E_NO_KERB_KEY', /no key of a service/))
  })
})

suite('a password', () => {
  test('is changed, in UTF-8', () => {
    const kdc = kdcOf()
    drive(changePassword(alice(), 'Näu-1'), kdc)
    assert.deepEqual(kdc.passwords, ['Näu-1'])
  })

  test('is not changed against the policy, and the words of the server are passed on', () => {
    const kdc = kdcOf()
    kdc.passwordResult = { resultCode: 4, resultString: encodeUtf8('Password is too short') }
    assert.throws(
      () => drive(changePassword(alice(), 'x'), kdc),
      (error: unknown) => {
        const words = /alice@A.EXAMPLE was not changed.*policy: Password is too short/
        refusal('SEC_E_LOGON_DENIED', words)(error)
        return error instanceof SspiError && error.cause instanceof PasswordChangeError && error.cause.resultCode === 4
      },
    )
  })

  test('is not shown in the error when it is sent back in the place of the result', () => {
    const kdc = kdcOf()
    const client = alice()
    let sent: Uint8Array | undefined
    const answer = kdc.changePassword.bind(kdc)
    kdc.changePassword = (bytes) => {
      sent = readPasswordRequest(bytes).krbPriv
      const reply = readPasswordReply(answer(bytes))
      assert.ok(reply.kind === 'reply')
      return writePasswordReply({ ...reply, krbPriv: sent })
    }
    assert.throws(
      () => drive(changePassword(client, 'correct horse'), kdc),
      (error) => {
        assert.ok(refusal('SEC_E_MESSAGE_ALTERED', /sent back/)(error))
        assert.doesNotMatch(String(error), /rrect horse/)
        return true
      },
    )
  })

  test('is not taken for changed by an altered reply', () => {
    for (const bytes of [(whole: Uint8Array) => flip(whole, -1), (whole: Uint8Array) => flip(whole, 60)]) {
      const kdc = kdcOf()
      const client = alice()
      kdc.lies.bytes = (whole) => (whole[0] === 0x6b || whole[0] === 0x7e ? whole : bytes(whole))
      assert.throws(() => drive(changePassword(client, 'new'), kdc), { code: 'SEC_E_MESSAGE_ALTERED' })
    }
  })
})

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, bytes.at(at)! ^ 1)
}
