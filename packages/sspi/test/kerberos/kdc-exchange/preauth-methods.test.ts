import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { KerberosErrorCode, PaDataType } from '../../../src/kerberos/constants.js'
import { obtainInitialTicket } from '../../../src/kerberos/kdc-exchange/as-exchange.js'
import { encodeDer, writeMethodData, type KrbError, type PaData } from '../../../src/kerberos/messages/index.js'
import type { KerberosOptions } from '../../../src/kerberos/options.js'
import type { PreauthConditions, PreauthContext, PreauthMethod } from '../../../src/kerberos/preauth-method.js'
import { clientOf, drive, FakeKdc, passwordOf } from './fake-kdc.js'

const REALM = 'TEST.EXAMPLE'
const OURS = 0x7001

const padata = (padataType: number, text = ''): PaData => ({ padataType, padataValue: new TextEncoder().encode(text) })
const demand = (errorCode: number, ...wanted: readonly PaData[]): Partial<KrbError> => ({
  errorCode,
  eData: encodeDer(wanted, writeMethodData),
})

/** A method of somebody else, which writes down what it is asked. */
function methodOf(options: { hasRounds?: boolean; usable?: boolean } = {}) {
  const asked: PreauthContext[] = []
  const begun: PreauthConditions[] = []
  let disposed = 0
  const method: PreauthMethod = {
    type: OURS,
    begin: (conditions) => {
      begun.push(conditions)
      if (options.usable === false) return undefined
      return {
        hasRounds: options.hasRounds ?? true,
        *answer(context) {
          asked.push(context)
          // A method may ask for the key, which takes an effect.
          yield* context.key()
          return [padata(OURS, `answer ${asked.length}`)]
        },
        dispose: () => disposed++,
      }
    },
  }
  return { method, asked, begun, ended: () => disposed }
}

/** Asks first for one of the methods, then for more of it, then gives the ticket. */
function kdcWith(...offers: readonly PaData[]): FakeKdc {
  const kdc = new FakeKdc(REALM).user('alice', undefined, { preauth: false })
  const { KDC_ERR_PREAUTH_REQUIRED, KDC_ERR_MORE_PREAUTH_DATA_REQUIRED } = KerberosErrorCode
  kdc.lies.error = (_request, count) => {
    if (count === 1) return demand(KDC_ERR_PREAUTH_REQUIRED, ...offers)
    const cookie = padata(PaDataType.PA_FX_COOKIE, 'cookie')
    return count === 2 ? demand(KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, padata(OURS, 'more'), cookie) : undefined
  }
  return kdc
}

const logOn = (kdc: FakeKdc, options: KerberosOptions) =>
  drive(obtainInitialTicket(clientOf(passwordOf('alice'), { defaultRealm: REALM, ...options })), kdc).value

suite('a method of pre-authentication that was given', () => {
  const offers = [padata(PaDataType.PA_ENC_TIMESTAMP), padata(OURS, 'offer')]

  test('goes before the built-in ones, as often as the KDC wants more, with the cookie', () => {
    const kdc = kdcWith(...offers)
    const { method, asked, begun, ended } = methodOf()
    assert.ok(logOn(kdc, { preauthMethods: [method] }))
    const [conditions] = begun
    assert.equal(conditions!.realm, REALM)
    assert.equal(conditions!.armored, false)
    assert.deepEqual(conditions!.offered, offers)
    assert.deepEqual(
      asked.map(({ methodData }) => methodData.map(({ padataType }) => padataType)),
      [
        [PaDataType.PA_ENC_TIMESTAMP, OURS],
        [OURS, PaDataType.PA_FX_COOKIE],
      ],
    )
    assert.deepEqual(
      kdc.requests.map((request) => request.padata!.map(({ padataType }) => padataType)),
      [
        [PaDataType.PA_REQ_ENC_PA_REP],
        [OURS, PaDataType.PA_REQ_ENC_PA_REP],
        [OURS, PaDataType.PA_FX_COOKIE, PaDataType.PA_REQ_ENC_PA_REP],
      ],
    )
    assert.deepEqual(asked.at(-1)!.body.raw, kdc.requests.at(-1)!.reqBody.raw)
    assert.equal(ended(), 1)
  })

  test('stands back where another is preferred, or where it may not be used', () => {
    for (const [options, { method, asked }] of [
      [{ preferredPreauthTypes: [PaDataType.PA_ENC_TIMESTAMP] }, methodOf()],
      [{}, methodOf({ usable: false })],
    ] as const) {
      const kdc = kdcWith(...offers)
      kdc.lies.error = (_request, count) =>
        count === 1 ? demand(KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED, ...offers) : undefined
      assert.ok(logOn(kdc, { ...options, preauthMethods: [method] }))
      assert.equal(asked.length, 0)
      assert.equal(kdc.requests[1]!.padata![0]!.padataType, PaDataType.PA_ENC_TIMESTAMP)
    }
  })

  test('without rounds is asked once, whatever the KDC wants', () => {
    const { method, asked, ended } = methodOf({ hasRounds: false })
    assert.throws(() => logOn(kdcWith(...offers), { preauthMethods: [method] }), /KDC_ERR_MORE_PREAUTH_DATA_REQUIRED/)
    assert.equal(asked.length, 1)
    assert.equal(ended(), 1)
  })

  test('with rounds is not asked for ever', () => {
    const kdc = kdcWith(...offers)
    const more = demand(KerberosErrorCode.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED, padata(OURS))
    const first = demand(KerberosErrorCode.KDC_ERR_PREAUTH_REQUIRED, ...offers)
    kdc.lies.error = (_request, count) => (count === 1 ? first : more)
    const { method } = methodOf()
    assert.throws(() => logOn(kdc, { preauthMethods: [method] }), /more after 16 requests/)
  })
})
