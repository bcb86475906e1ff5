import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KerberosErrorCode, PaDataType } from '../../../src/kerberos/constants.js'
import { writeKeytab } from '../../../src/kerberos/files/index.js'
import { KdcError } from '../../../src/kerberos/kdc-exchange/kdc-errors.js'
import { changePassword } from '../../../src/kerberos/kdc-exchange/change-password.js'
import type { KdcClient } from '../../../src/kerberos/kdc-client.js'
import type { KdcReq } from '../../../src/kerberos/messages/index.js'
import type { KerberosOptions } from '../../../src/kerberos/options.js'
import { formatPrincipal, parsePrincipal } from '../../../src/kerberos/principals.js'
import { obtainServiceTicket, obtainTgt } from '../../../src/kerberos/tickets.js'
import { keytabCredential, ticketCacheCredential } from '../../../src/sspi/index.js'
import { SspiError, type FailureName } from '../../../src/status/index.js'
import { clientOf, drive, FakeKdc, NOW, PASSWORD, passwordOf } from '../kdc-exchange/fake-kdc.js'

const REALM = 'TEST.EXAMPLE'
const HOST = 'host/box.test.example'

function fastKdc(): FakeKdc {
  const kdc = new FakeKdc(REALM).user('alice').user(HOST).service('HTTP/www.test.example')
  kdc.fast = {}
  return kdc
}

/** The host's keytab at a KDC, as armour. */
function hostKeytab(kdc: FakeKdc) {
  const { key } = kdc.users.get(HOST)!
  const { name } = parsePrincipal(HOST)
  const entry = { realm: REALM, name, timestamp: 0, kvno: 1, key: { keytype: key.enctype, keyvalue: key.reveal() } }
  const keytab = writeKeytab({ version: 2, byteOrder: 'big', entries: [entry] })
  return keytabCredential({ principal: `${HOST}@${REALM}`, keytab })
}

/** The host's tickets, as armour. */
function hostCache(kdc: FakeKdc) {
  const host = clientOf(passwordOf(HOST), { defaultRealm: REALM, fast: 'never' })
  drive(obtainTgt(host), kdc)
  return ticketCacheCredential({ cache: host.credential.outbound.store.toCcache() })
}

function alice(options: KerberosOptions, password = PASSWORD): KdcClient {
  return clientOf(passwordOf('alice', password), { defaultRealm: REALM, ...options })
}

const typesOf = ({ padata = [] }: KdcReq): readonly number[] => padata.map(({ padataType }) => padataType)

function refusal(code: FailureName, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

suite('a log-on under armour', () => {
  test("comes for a keytab of the host, whose own log-on is the first; nothing of alice's is outside", () => {
    const kdc = fastKdc()
    const { value: ticket } = drive(obtainTgt(alice({ armor: hostKeytab(kdc) })), kdc)
    assert.equal(formatPrincipal(ticket.client), `alice@${REALM}`)
    const [host, armoured] = [kdc.requests.slice(0, 2), kdc.requests.slice(2)]
    assert.ok(host.every(({ reqBody }) => reqBody.cname!.nameString[0] === 'host'))
    assert.equal(armoured.length, 2)
    for (const request of armoured) assert.deepEqual(typesOf(request), [PaDataType.PA_FX_FAST])
    assert.deepEqual(kdc.insides.map(typesOf), [
      [PaDataType.PA_REQ_ENC_PA_REP],
      [PaDataType.PA_ENCRYPTED_CHALLENGE, PaDataType.PA_REQ_ENC_PA_REP],
    ])
  })

  test('comes for a ticket cache of the host', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    const before = kdc.requests.length
    assert.ok(drive(obtainTgt(alice({ armor })), kdc).value)
    for (const request of kdc.requests.slice(before)) assert.deepEqual(typesOf(request), [PaDataType.PA_FX_FAST])
  })

  test('opens the armour credential once for as long as its ticket lasts', () => {
    const kdc = fastKdc()
    const client = alice({ armor: hostKeytab(kdc) })
    const asked = [1, 2].map(() => {
      const { asks } = drive(obtainTgt(client), kdc)
      const { store } = client.credential.outbound
      for (const ticket of [...store.tickets]) store.remove(ticket)
      return asks.filter(({ effect }) => effect === 'reveal').length
    })
    assert.deepEqual(asked, [1, 0])
    assert.ok(client.credential.armor)
    client.credential.dispose()
  })

  test('begins without armour where that is enough, and goes on with it when the KDC offers it', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    const before = kdc.requests.length
    drive(obtainTgt(alice({ armor, fast: 'available' })), kdc)
    assert.deepEqual(kdc.requests.slice(before).map(typesOf), [
      [PaDataType.PA_REQ_ENC_PA_REP],
      [PaDataType.PA_FX_FAST],
      [PaDataType.PA_FX_FAST],
    ])
  })

  test('goes to kpasswd as well', () => {
    const kdc = fastKdc()
    drive(changePassword(alice({ armor: hostKeytab(kdc) }), 'Next-1'), kdc)
    assert.deepEqual(kdc.passwords, ['Next-1'])
    assert.equal(kdc.insides.length, 2)
  })

  test('is set right by the clock of the KDC, with new armour', () => {
    const kdc = fastKdc()
    const client = alice({ armor: hostKeytab(kdc) })
    kdc.clock = () => new Date(NOW.getTime() + 3_600_000)
    assert.equal(drive(obtainTgt(client), kdc).value.kdcTimeOffsetMs, 3_600_000)
  })

  test('with a wrong password is refused by the error inside, whatever stands outside', () => {
    const kdc = fastKdc()
    assert.throws(
      () => drive(obtainTgt(alice({ armor: hostKeytab(kdc) }, 'wrong')), kdc),
      (error: unknown) => {
        assert.ok(refusal('SEC_E_LOGON_DENIED', /KDC_ERR_PREAUTH_FAILED/)(error))
        assert.ok(error instanceof SspiError && error.cause instanceof KdcError)
        assert.equal(error.cause.errorCode, KerberosErrorCode.KDC_ERR_PREAUTH_FAILED)
        assert.doesNotMatch(error.message, /outside/)
        return true
      },
    )
  })
})

suite('a downgrade of FAST', () => {
  test('to a KDC without FAST is refused where FAST is required, and taken where it is not', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.fast = undefined
    assert.throws(
      () => drive(obtainTgt(alice({ armor })), kdc),
      refusal('SEC_E_UNSUPPORTED_PREAUTH', /without the armour/),
    )
    assert.ok(drive(obtainTgt(alice({ armor, fast: 'available' })), kdc).value)
  })

  test('without armour to put on is refused where FAST is required', () => {
    const kdc = fastKdc()
    assert.throws(
      () => drive(obtainTgt(alice({ fast: 'required' })), kdc),
      refusal('SEC_E_UNSUPPORTED_PREAUTH', /give `armor`/),
    )
    assert.equal(kdc.requests.length, 0)
  })

  test('by armour that cannot be had is refused where FAST is required, and taken where it is not', () => {
    const kdc = fastKdc()
    const armor = hostKeytab(kdc)
    kdc.users.delete(HOST)
    assert.throws(
      () => drive(obtainTgt(alice({ armor })), kdc),
      refusal('SEC_E_UNSUPPORTED_PREAUTH', /armour cannot be had: .*KDC_ERR_C_PRINCIPAL_UNKNOWN/),
    )
    assert.ok(drive(obtainTgt(alice({ armor, fast: 'available' })), kdc).value)
  })

  test('by taking the offer out of the error shows in the reply', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.offersFast = false
    assert.throws(
      () => drive(obtainTgt(alice({ armor, fast: 'available' })), kdc),
      refusal('SEC_E_MESSAGE_ALTERED', /taken its offer out of an error/),
    )
    assert.ok(drive(obtainTgt(alice({ armor, fast: 'never' })), kdc).value)
  })

  test('by an error without armour in the midst of an armoured exchange is refused', () => {
    for (const errorCode of [
      KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED,
      KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED,
      KerberosErrorCode.KDC_ERR_WRONG_REALM,
    ]) {
      const kdc = fastKdc()
      const armor = hostCache(kdc)
      const before = kdc.requests.length
      kdc.lies.error = (_request, count) => (count === before + 1 ? { errorCode } : undefined)
      assert.throws(() => drive(obtainTgt(alice({ armor })), kdc), /without the armour/)
      assert.equal(kdc.requests.length, before + 1)
    }
  })
})

suite('a KDC that lies inside of FAST is refused', () => {
  const lies: Readonly<Record<string, readonly [FakeKdc['fast'], RegExp]>> = {
    'another nonce': [{ response: (response) => ({ ...response, nonce: 1 }) }, /answers another request/],
    'a ticket without an end of the exchange': [
      { response: ({ finished: _, ...response }) => response },
      /not the end of the exchange|no error in it/,
    ],
    'a checksum of another ticket': [
      {
        response: (response) => {
          const { finished } = response
          if (finished === undefined) return response
          const checksum = new Uint8Array(12)
          return { ...response, finished: { ...finished, ticketChecksum: { cksumtype: 16, checksum } } }
        },
      },
      /another ticket/,
    ],
    'an error without one inside': [
      {
        response: (response) => ({
          ...response,
          padata: response.padata.filter(({ padataType }) => padataType !== PaDataType.PA_FX_ERROR),
        }),
      },
      /has no error in it/,
    ],
    'armour of another key': [
      { sealed: (padata) => ({ ...padata, padataValue: padata.padataValue.with(-1, padata.padataValue.at(-1)! ^ 1) }) },
      /does not open under the armour key/,
    ],
  }
  for (const [name, [lie, message]] of Object.entries(lies)) {
    test(name, () => {
      const kdc = fastKdc()
      const armor = hostCache(kdc)
      kdc.fast = lie
      assert.throws(() => drive(obtainTgt(alice({ armor })), kdc), refusal('SEC_E_MESSAGE_ALTERED', message))
    })
  }

  test('a reply without armour', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.lies.reply = (reply) => ({ ...reply, padata: [] })
    assert.throws(() => drive(obtainTgt(alice({ armor })), kdc), refusal('SEC_E_MESSAGE_ALTERED', /without the armour/))
  })

  test('another client in the armour', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.fast = {
      response: (response) => {
        const { finished } = response
        if (finished === undefined) return response
        return { ...response, finished: { ...finished, cname: parsePrincipal('root').name } }
      },
    }
    assert.throws(() => drive(obtainTgt(alice({ armor })), kdc), refusal('SEC_E_MESSAGE_ALTERED', /is for root@/))
  })

  test('a strengthening key that is not the one of the reply', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.fast = {
      response: (response) => ({
        ...response,
        strengthenKey: response.strengthenKey && { keytype: 18, keyvalue: new Uint8Array(32) },
      }),
    }
    assert.throws(() => drive(obtainTgt(alice({ armor })), kdc), refusal('SEC_E_LOGON_DENIED', /does not open/))
  })

  for (const challenge of ['none', 'echo'] as const) {
    test(`for a challenge of its own: ${challenge}`, () => {
      const kdc = fastKdc()
      const armor = hostCache(kdc)
      kdc.lies.challenge = challenge
      assert.throws(
        () => drive(obtainTgt(alice({ armor })), kdc),
        refusal('SEC_E_MESSAGE_ALTERED', /has not proved itself/),
      )
    })
  }

  test('but not Heimdal 7.8, whose challenge is under the key of the client', () => {
    const kdc = fastKdc()
    const armor = hostCache(kdc)
    kdc.lies.challenge = 'client-key'
    assert.ok(drive(obtainTgt(alice({ armor })), kdc).value)
  })
})

suite('a request for a service ticket', () => {
  const request = (options: KerberosOptions) => ({ ...alice(options), targetName: 'HTTP/www.test.example' })

  test('is armoured by its ticket-granting ticket, and the reply by a stronger key', () => {
    const kdc = fastKdc()
    assert.ok(drive(obtainServiceTicket(request({})), kdc).value)
    assert.deepEqual(typesOf(kdc.requests.at(-1)!), [PaDataType.PA_TGS_REQ, PaDataType.PA_FX_FAST])
    assert.equal(kdc.insides.length, 1)
  })

  test('is not armoured where FAST is never to be', () => {
    const kdc = fastKdc()
    assert.ok(drive(obtainServiceTicket(request({ fast: 'never' })), kdc).value)
    assert.deepEqual(typesOf(kdc.requests.at(-1)!), [PaDataType.PA_TGS_REQ])
  })

  test('is answered without armour by a KDC that has none there (Heimdal 7), also where log-ons require FAST', () => {
    const kdc = fastKdc()
    const client = alice({ armor: hostCache(kdc) })
    drive(obtainTgt(client), kdc)
    kdc.fast = undefined
    assert.ok(drive(obtainServiceTicket({ ...client, targetName: 'HTTP/www.test.example' }), kdc).value)
  })

  test('is refused by the error inside', () => {
    const kdc = fastKdc()
    const unknown = { ...alice({}), targetName: 'HTTP/nowhere.test.example' }
    assert.throws(
      () => drive(obtainServiceTicket(unknown), kdc),
      refusal('SEC_E_TARGET_UNKNOWN', /KDC_ERR_S_PRINCIPAL_UNKNOWN/),
    )
  })

  test('is refused for armour of another ticket', () => {
    const kdc = fastKdc()
    const client = alice({})
    drive(obtainTgt(client), kdc)
    kdc.fast = { response: (response) => ({ ...response, nonce: response.nonce ^ 1 }) }
    assert.throws(
      () => drive(obtainServiceTicket({ ...client, targetName: 'HTTP/www.test.example' }), kdc),
      refusal('SEC_E_MESSAGE_ALTERED', /answers another request/),
    )
  })
})
