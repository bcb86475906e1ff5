import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { suite, test } from 'node:test'
import { encodeUtf8, fromHex } from '../../../src/bytes/index.js'
import { secretFrom } from '../../../src/crypto/index.js'
import { KdcOption, KerberosErrorCode, MessageType, NameType, PaDataType } from '../../../src/kerberos/constants.js'
import { EffectRun } from '../../../src/kerberos/effect-run.js'
import { Enctype, KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import { obtainInitialTicket } from '../../../src/kerberos/kdc-exchange/as-exchange.js'
import { KdcError } from '../../../src/kerberos/kdc-exchange/kdc-errors.js'
import {
  encodeDer,
  makeTicket,
  writeMethodData,
  type EncKdcRepPart,
  type KrbError,
} from '../../../src/kerberos/messages/index.js'
import type { KerberosOptions } from '../../../src/kerberos/options.js'
import { formatPrincipal } from '../../../src/kerberos/principals.js'
import { SspiError, type FailureName } from '../../../src/status/index.js'
import { clientOf, drive, FakeKdc, keyFromPassword, NOW, PASSWORD, passwordOf } from './fake-kdc.js'

const REALM = 'TEST.EXAMPLE'
const OPTIONS: KerberosOptions = { defaultRealm: REALM }

function kdcOf(user = 'alice', preauth = true): FakeKdc {
  return new FakeKdc(REALM).user(user, PASSWORD, { preauth })
}

function logOn(kdc: FakeKdc, options: KerberosOptions = {}, user = 'alice', password = PASSWORD) {
  return drive(obtainInitialTicket(clientOf(passwordOf(user, password), { ...OPTIONS, ...options })), kdc)
}

function refusal(code: FailureName, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

suite('an initial ticket', () => {
  test('comes without pre-authentication where the KDC wants none', () => {
    const kdc = kdcOf('alice', false)
    const { ticket } = logOn(kdc).value
    assert.equal(kdc.requests.length, 1)
    assert.equal(formatPrincipal(ticket.client), 'alice@TEST.EXAMPLE')
    assert.equal(formatPrincipal(ticket.server), 'krbtgt/TEST.EXAMPLE@TEST.EXAMPLE')
    assert.equal(ticket.endTime.getTime(), NOW.getTime() + 86_400_000)
    assert.equal(ticket.kdcTimeOffsetMs, 0)
  })

  test('comes after an encrypted timestamp where the KDC wants one, with one stretch for both keys', () => {
    const kdc = kdcOf()
    const { asks } = logOn(kdc)
    assert.deepEqual(
      asks.map(({ effect }) => effect),
      ['kdc', 'stretch', 'kdc'],
    )
    const types = kdc.requests.map(({ padata = [] }) => padata.map(({ padataType }) => padataType))
    assert.deepEqual(types, [
      [PaDataType.PA_REQ_ENC_PA_REP],
      [PaDataType.PA_ENC_TIMESTAMP, PaDataType.PA_REQ_ENC_PA_REP],
    ])
    assert.ok(kdc.requests.every(({ msgType }) => msgType === MessageType.KRB_AS_REQ))
  })

  test('is asked for as the settings say', () => {
    const kdc = kdcOf('alice', false)
    const options = { forwardable: true, proxiable: true, renewLifetimeSeconds: 604_800, ticketLifetimeSeconds: 3600 }
    const { ticket } = logOn(kdc, options).value
    const { kdcOptions, till, rtime } = kdc.requests[0]!.reqBody
    const wanted = KdcOption.FORWARDABLE | KdcOption.PROXIABLE | KdcOption.RENEWABLE | KdcOption.RENEWABLE_OK
    assert.equal(kdcOptions, wanted)
    assert.equal(till.getTime(), NOW.getTime() + 3_600_000)
    assert.deepEqual(rtime, ticket.renewTill)
  })

  test('is asked for from a later time on, and for its lifetime from then on', () => {
    const kdc = kdcOf('alice', false)
    const startTime = new Date(NOW.getTime() + 7_200_000)
    drive(obtainInitialTicket({ ...clientOf(passwordOf('alice'), OPTIONS), startTime, lifetimeSeconds: 3600 }), kdc)
    const { kdcOptions, from, till } = kdc.requests[0]!.reqBody
    const wanted = KdcOption.ALLOW_POSTDATE | KdcOption.POSTDATED
    assert.equal(kdcOptions & wanted, wanted)
    assert.deepEqual([from, till], [startTime, new Date(startTime.getTime() + 3_600_000)])
  })

  test('is asked for until the end of the year 9999 at the latest, which messages have room for', () => {
    const last = new Date('9999-12-31T23:59:59Z')
    const kdc = kdcOf('alice', false)
    const settings = { ...OPTIONS, ticketLifetimeSeconds: 1e12, renewLifetimeSeconds: Number.MAX_SAFE_INTEGER }
    drive(obtainInitialTicket({ ...clientOf(passwordOf('alice'), settings) }), kdc)
    drive(obtainInitialTicket({ ...clientOf(passwordOf('alice'), OPTIONS), startTime: last }), kdc)
    const [long, late] = kdc.requests
    assert.deepEqual([long?.reqBody.till, long?.reqBody.rtime], [last, last])
    assert.deepEqual([late?.reqBody.from, late?.reqBody.till], [last, last])
  })

  test('comes for a password outside of ASCII', () => {
    const kdc = new FakeKdc(REALM).user('alice', 'Pässwörd-€1')
    assert.ok(logOn(kdc, {}, 'alice', 'Pässwörd-€1').value)
  })

  test('comes for a salt and iterations of the KDC', () => {
    const kdc = kdcOf()
    const key = keyFromPassword(PASSWORD, 'another salt')
    const s2kparams = fromHex('00001000')
    kdc.users.set('alice', { key, hints: [{ etype: key.enctype, salt: encodeUtf8('another salt'), s2kparams }] })
    assert.ok(logOn(kdc).value)
  })

  test('is of the first encryption type of the KDC that may be used', () => {
    const kdc = kdcOf()
    const { key } = kdc.users.get('alice')!
    const salt = encodeUtf8(`${REALM}alice`)
    const rc4 = { etype: Enctype.RC4_HMAC, salt }
    kdc.users.set('alice', { key, hints: [rc4, { etype: key.enctype, salt }] })
    assert.ok(logOn(kdc).value)
    kdc.users.set('alice', { key, hints: [rc4] })
    assert.throws(() => logOn(kdc), refusal('SEC_E_KDC_UNKNOWN_ETYPE', /encryption types 23 there/))
  })

  test('says when the password expires', () => {
    const kdc = kdcOf()
    const expires = new Date('2026-12-01T00:00:00Z')
    kdc.lies.part = (part) => ({ ...part, lastReq: [{ lrType: 6, lrValue: expires }] })
    assert.deepEqual(logOn(kdc).value.passwordExpires, expires)
  })

  test('comes for the RC4 key of an NT hash, where RC4 is allowed', () => {
    const key = new KerberosKey(Enctype.RC4_HMAC, new Uint8Array(16).fill(7))
    const kdc = new FakeKdc(REALM).user('alice', '', { key, hints: [{ etype: Enctype.RC4_HMAC }] })
    const hash = {
      kind: 'nt-hash',
      user: 'alice',
      domain: REALM,
      packageList: undefined,
      ntHash: key.reveal(),
    } as const
    const options = { ...OPTIONS, insecureAllowRc4: true, permittedEnctypes: [18, 23] }
    assert.ok(drive(obtainInitialTicket(clientOf(hash, options)), kdc).value)
    assert.throws(() => clientOf(hash, OPTIONS), refusal('SEC_E_UNKNOWN_CREDENTIALS', /insecureAllowRc4/))
  })
})

suite('a clock that is off', () => {
  test('is learned from the error, and from the reply', () => {
    const kdc = kdcOf()
    kdc.clock = () => new Date(NOW.getTime() + 3_600_000)
    const { ticket } = logOn(kdc).value
    assert.equal(ticket.kdcTimeOffsetMs, 3_600_000)
    assert.equal(kdc.requests.length, 3)
  })

  test('ends the exchange where the KDC is not followed', () => {
    const kdc = kdcOf()
    kdc.clock = () => new Date(NOW.getTime() + 3_600_000)
    assert.throws(
      () => logOn(kdc, { kdcTimesync: false }),
      refusal('SEC_E_TIME_SKEW', /KRB_AP_ERR_SKEW.*set the clock/),
    )
    const trusting = kdcOf('alice', false)
    trusting.clock = kdc.clock
    assert.throws(() => logOn(trusting, { kdcTimesync: false }), refusal('SEC_E_TIME_SKEW', /3600 s ahead/))
  })

  test('is not believed where no clock shows such a time', () => {
    for (const stime of [
      '9999-12-31T23:59:59Z',
      '2130-01-01T00:00:00Z',
      '1969-12-31T23:59:59Z',
      '0000-01-01T00:00:00Z',
    ]) {
      const kdc = kdcOf()
      kdc.lies.error = () => ({ errorCode: KerberosErrorCode.KRB_AP_ERR_SKEW, stime: new Date(stime) })
      assert.throws(() => logOn(kdc), refusal('SEC_E_TIME_SKEW', /KRB_AP_ERR_SKEW/))
      assert.equal(kdc.requests.length, 1)
    }
  })

  test('made up in an error leaves no trace in what comes later', () => {
    const kdc = kdcOf()
    const client = clientOf(passwordOf('alice', PASSWORD), OPTIONS)
    const stime = new Date(NOW.getTime() + 30 * 86_400_000)
    const skew = { errorCode: KerberosErrorCode.KRB_AP_ERR_SKEW, stime }
    kdc.lies.error = (_request, count) => (count === 1 ? skew : undefined)
    assert.throws(() => drive(obtainInitialTicket(client), kdc), refusal('SEC_E_TIME_SKEW', /KRB_AP_ERR_SKEW/))
    kdc.lies = {}
    const { ticket } = drive(obtainInitialTicket(client), kdc).value
    assert.equal(ticket.kdcTimeOffsetMs, 0)
  })

  test('is not believed twice', () => {
    const kdc = kdcOf()
    kdc.lies.error = () => ({ errorCode: KerberosErrorCode.KRB_AP_ERR_SKEW })
    assert.throws(() => logOn(kdc), refusal('SEC_E_TIME_SKEW', /KRB_AP_ERR_SKEW/))
    assert.equal(kdc.requests.length, 2)
  })
})

suite('a KDC that lies is refused', () => {
  const other = (name: string) => ({ nameType: NameType.NT_PRINCIPAL, nameString: [name] })
  const parts: Readonly<Record<string, readonly [Partial<EncKdcRepPart>, RegExp]>> = {
    'another nonce': [{ nonce: 1 }, /nonce/],
    'another service': [{ sname: other('somebody') }, /another server/],
    'another realm of the service': [{ srealm: 'EVIL.EXAMPLE' }, /another server/],
    'a session key of RC4': [
      { key: { keytype: 23, keyvalue: new Uint8Array(16) } },
      /type 23, which was not asked for/,
    ],
    'a longer life': [{ endtime: new Date(NOW.getTime() + 86_401_000) }, /longer than was asked for/],
    'a renewable life that nobody asked for': [{ renewTill: new Date('2027-01-01T00:00:00Z') }, /renewed for longer/],
    'an end in the past': [{ endtime: new Date(NOW.getTime() - 3_600_000) }, /expired already/],
    'an end before its start': [{ starttime: new Date(NOW.getTime() + 86_400_000) }, /before it starts/],
    'a start in the future': [{ starttime: new Date(NOW.getTime() + 3_600_000) }, /not valid yet/],
    'no checksum of the request': [{ encryptedPaData: [] }, /no checksum of the request/],
  }
  for (const [name, [lie, message]] of Object.entries(parts)) {
    test(name, () => {
      const kdc = kdcOf()
      kdc.lies.part = (part) => ({ ...part, ...lie })
      assert.throws(() => logOn(kdc), refusal('SEC_E_MESSAGE_ALTERED', message))
    })
  }

  test('another client', () => {
    const kdc = kdcOf()
    kdc.lies.reply = (reply) => ({ ...reply, cname: other('root') })
    assert.throws(
      () => logOn(kdc),
      refusal('SEC_E_MESSAGE_ALTERED', /is for root@TEST.EXAMPLE, alice@TEST.EXAMPLE asked/),
    )
  })

  test('another realm of the client', () => {
    const kdc = kdcOf()
    kdc.lies.reply = (reply) => ({ ...reply, crealm: 'EVIL.EXAMPLE' })
    assert.throws(() => logOn(kdc), refusal('SEC_E_MESSAGE_ALTERED', /alice@EVIL.EXAMPLE/))
  })

  test('another ticket beside it', () => {
    const kdc = kdcOf()
    const encPart = { etype: 18, cipher: new Uint8Array(64) }
    kdc.lies.reply = (reply) => ({ ...reply, ticket: makeTicket({ realm: REALM, sname: other('http'), encPart }) })
    assert.throws(() => logOn(kdc), refusal('SEC_E_MESSAGE_ALTERED', /another server/))
  })

  test('a request that was changed on its way', () => {
    const kdc = kdcOf('alice', false)
    const run = new EffectRun(obtainInitialTicket(clientOf(passwordOf('alice'), OPTIONS)))
    const progress = run.step()
    assert.ok(progress.kind === 'ask' && progress.ask.effect === 'kdc')
    const request = new Uint8Array(progress.ask.query.request)
    const at = request.findIndex((_, index) => String(request.subarray(index, index + 3)) === String([2, 1, 18]))
    request[at + 2] = 17 // an encryption type of the list
    const stretch = run.step({ effect: 'kdc', value: kdc.answer(request) })
    assert.ok(stretch.kind === 'ask' && stretch.ask.effect === 'stretch')
    const { password, salt, iterations, length, hash } = stretch.ask.query
    const value = secretFrom(pbkdf2Sync(password, salt, iterations, length, hash))
    assert.throws(
      () => run.step({ effect: 'stretch', value }),
      refusal('SEC_E_MESSAGE_ALTERED', /the request was changed on its way/),
    )
  })

  test('every byte of a reply', () => {
    const honest = kdcOf('alice', false)
    logOn(honest)
    let length = 0
    honest.lies.bytes = (bytes) => {
      ;({ length } = bytes)
      return bytes
    }
    logOn(honest)
    for (let at = 0; at < length; at += 7) {
      const kdc = kdcOf('alice', false)
      kdc.lies.bytes = (bytes) => bytes.map((byte, index) => (index === at ? byte ^ 1 : byte))
      try {
        logOn(kdc)
      } catch (error) {
        assert.ok(error instanceof SspiError, `byte ${at}: ${String(error)}`)
      }
    }
  })

  test('a reply cut short, with a byte too many, or too long', () => {
    for (const bytes of [
      (whole: Uint8Array) => whole.subarray(0, -1),
      (whole: Uint8Array) => Uint8Array.from([...whole, 0]),
      () => new Uint8Array(0),
      () => new Uint8Array(0x10_0001),
    ]) {
      const kdc = kdcOf('alice', false)
      kdc.lies.bytes = bytes
      assert.throws(() => logOn(kdc), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })

  for (const [name, s2kparams] of Object.entries({
    'too many': '7fffffff',
    'too few': '00000001',
    '2^32': '00000000',
  })) {
    test(`iterations of the password that are ${name}`, () => {
      const kdc = kdcOf()
      const { key } = kdc.users.get('alice')!
      kdc.users.set('alice', { key, hints: [{ etype: key.enctype, s2kparams: fromHex(s2kparams) }] })
      assert.throws(() => logOn(kdc), refusal('SEC_E_INVALID_TOKEN', /iterations/))
    })
  }

  test('a reply encrypted by an encryption type that was not asked for', () => {
    const kdc = kdcOf()
    kdc.lies.reply = (reply) => ({ ...reply, encPart: { ...reply.encPart, etype: 23 } })
    assert.throws(() => logOn(kdc), refusal('SEC_E_MESSAGE_ALTERED', /encryption type 23, which was not asked for/))
  })

  test('pre-authentication demanded again and again', () => {
    const kdc = kdcOf()
    kdc.lies.error = () => ({ errorCode: KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED })
    assert.throws(() => logOn(kdc), refusal('SEC_E_KDC_INVALID_REQUEST', /MORE_PREAUTH/))
    const endless = kdcOf()
    endless.lies.error = (_, count) =>
      count === 1 ? undefined : { errorCode: KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED }
    assert.throws(() => logOn(endless), refusal('SEC_E_KDC_INVALID_REQUEST', /MORE_PREAUTH/))
    assert.equal(endless.requests.length, 2, 'an encrypted timestamp is sent once')
  })
})

suite('a KRB-ERROR becomes', () => {
  const expected: Readonly<Partial<Record<keyof typeof KerberosErrorCode, FailureName>>> = {
    KDC_ERR_C_PRINCIPAL_UNKNOWN: 'SEC_E_LOGON_DENIED',
    KDC_ERR_PREAUTH_FAILED: 'SEC_E_LOGON_DENIED',
    KDC_ERR_CLIENT_REVOKED: 'SEC_E_LOGON_DENIED',
    KDC_ERR_KEY_EXPIRED: 'SEC_E_LOGON_DENIED',
    KDC_ERR_NAME_EXP: 'SEC_E_LOGON_DENIED',
    KDC_ERR_POLICY: 'SEC_E_LOGON_DENIED',
    KDC_ERR_S_PRINCIPAL_UNKNOWN: 'SEC_E_TARGET_UNKNOWN',
    KDC_ERR_ETYPE_NOSUPP: 'SEC_E_KDC_UNKNOWN_ETYPE',
    KDC_ERR_PADATA_TYPE_NOSUPP: 'SEC_E_UNSUPPORTED_PREAUTH',
    KDC_ERR_SVC_UNAVAILABLE: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
    KDC_ERR_WRONG_REALM: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
    KDC_ERR_BADOPTION: 'SEC_E_KDC_INVALID_REQUEST',
    KRB_ERR_GENERIC: 'SEC_E_KDC_INVALID_REQUEST',
  }
  for (const [name, code] of Object.entries(expected)) {
    test(`${name}: ${code}, naming client, realm and error`, () => {
      const kdc = kdcOf()
      const errorCode = KerberosErrorCode[name as keyof typeof KerberosErrorCode]
      kdc.lies.error = () => ({ errorCode, eText: 'so\u001b[1m' })
      assert.throws(
        () => logOn(kdc),
        (error) => {
          const message = new RegExp(
            `^KDC of TEST.EXAMPLE: ${name} .*"so\\?\\[1m".*alice@TEST.EXAMPLE asked for krbtgt/`,
          )
          refusal(code, message)(error)
          assert.ok(error instanceof SspiError && error.cause instanceof KdcError)
          assert.equal(error.cause.errorCode, errorCode)
          return true
        },
      )
    })
  }

  test('SEC_E_LOGON_DENIED for a wrong password, with and without pre-authentication', () => {
    assert.throws(() => logOn(kdcOf(), {}, 'alice', 'wrong'), refusal('SEC_E_LOGON_DENIED', /PREAUTH_FAILED/))
    const open = kdcOf('alice', false)
    assert.throws(() => logOn(open, {}, 'alice', 'wrong'), refusal('SEC_E_LOGON_DENIED', /does not open/))
  })

  test('SEC_E_UNSUPPORTED_PREAUTH when the KDC offers nothing that is there, or what is there is disabled', () => {
    const kdc = kdcOf()
    const pkinit = encodeDer([{ padataType: PaDataType.PA_PK_AS_REQ, padataValue: new Uint8Array(0) }], writeMethodData)
    kdc.lies.error = () => ({ errorCode: KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED, eData: pkinit })
    assert.throws(() => logOn(kdc), refusal('SEC_E_UNSUPPORTED_PREAUTH', /PREAUTH_REQUIRED/))
    const realms = new Map([[REALM, { disableEncryptedTimestamp: true }]])
    assert.throws(() => logOn(kdcOf(), { realms }), refusal('SEC_E_UNSUPPORTED_PREAUTH', /PREAUTH_REQUIRED/))
  })
})

suite('a client of another name', () => {
  const away = (crealm: string): Partial<KrbError> => ({ errorCode: KerberosErrorCode.KDC_ERR_WRONG_REALM, crealm })

  test('is found by its enterprise name, in the realm that the KDC refers to', () => {
    const there = new FakeKdc('CORP.EXAMPLE')
    const salt = encodeUtf8('CORP.EXAMPLEalice')
    const key = keyFromPassword(PASSWORD, 'CORP.EXAMPLEalice')
    there.users.set('alice\\@example.com', { key, hints: [{ etype: key.enctype, salt }] })
    there.lies.reply = (reply) => ({ ...reply, cname: { nameType: 1, nameString: ['alice'] } })
    const here = new FakeKdc(REALM)
    here.lies.error = () => away('CORP.EXAMPLE')
    const { value } = drive(obtainInitialTicket(clientOf(passwordOf('alice@example.com'), OPTIONS)), here, there)
    assert.equal(formatPrincipal(value.ticket.client), 'alice@CORP.EXAMPLE')
    const { cname, kdcOptions } = here.requests[0]!.reqBody
    assert.deepEqual(cname, { nameType: NameType.NT_ENTERPRISE, nameString: ['alice@example.com'] })
    assert.ok((kdcOptions & KdcOption.CANONICALIZE) !== 0)
  })

  test('is not looked for where canonicalisation was not asked for', () => {
    const kdc = kdcOf()
    kdc.lies.error = () => away('CORP.EXAMPLE')
    assert.throws(() => logOn(kdc), refusal('SEC_E_NO_AUTHENTICATING_AUTHORITY', /WRONG_REALM/))
  })

  test('is not looked for in what is no name of a realm: errors are not signed, and are told', () => {
    for (const crealm of ['', 'CORP\r\u001b[2J', 'X'.repeat(1000)]) {
      const kdc = kdcOf()
      kdc.lies.error = () => away(crealm)
      const run = obtainInitialTicket(clientOf(passwordOf('alice'), { ...OPTIONS, canonicalize: true }))
      assert.throws(() => drive(run, kdc), refusal('SEC_E_NO_AUTHENTICATING_AUTHORITY', /^[ -~]{1,500}$/))
    }
  })

  test('is not looked for in a circle', () => {
    const here = new FakeKdc(REALM)
    const there = new FakeKdc('CORP.EXAMPLE')
    here.lies.error = () => away('CORP.EXAMPLE')
    there.lies.error = () => away(REALM)
    const run = obtainInitialTicket(clientOf(passwordOf('alice'), { ...OPTIONS, canonicalize: true }))
    assert.throws(
      () => drive(run, here, there),
      refusal('SEC_E_MAX_REFERRALS_EXCEEDED', /TEST.EXAMPLE to CORP.EXAMPLE to TEST.EXAMPLE/),
    )
  })
})
