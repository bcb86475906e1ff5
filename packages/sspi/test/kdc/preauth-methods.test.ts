import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { bytesEqual, encodeAscii } from '../../src/bytes/index.js'
import { embeddedKdc, KrbRefusal, type KdcPreauthMethod } from '../../src/io/embedded-kdc/index.js'
import {
  decodeDer,
  Enctype,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  PaDataType,
  readKdcRep,
  readKrbError,
  readMethodData,
} from '../../src/kerberos/index.js'
import { asReq, hold, timestamp } from './requests.js'
import { keyOf, NOW, REALM, TestRealm } from './realm.js'

const TYPE = 4_242
const KEY = new Uint8Array(32).fill(7)
const COOKIE = encodeAscii('sealed state of the method')

/** A method of two rounds: \`hello\`, then \`secret\` with the cookie; its reply key is its own. */
const twoRounds: KdcPreauthMethod = {
  type: TYPE,
  hint: () => new Uint8Array(0),
  // eslint-disable-next-line require-yield -- it asks nothing
  *verify({ request }, value) {
    if (bytesEqual(value, encodeAscii('hello'))) {
      const challenge = { padataType: TYPE, padataValue: encodeAscii('and?') }
      return { kind: 'more', padata: [challenge, { padataType: PaDataType.PA_FX_COOKIE, padataValue: COOKIE }] }
    }
    const cookie = request.padata?.find(({ padataType }) => padataType === PaDataType.PA_FX_COOKIE)
    if (cookie === undefined || !bytesEqual(cookie.padataValue, COOKIE)) {
      throw new KrbRefusal(Code.KDC_ERR_PREAUTH_EXPIRED, 'begin again')
    }
    if (!bytesEqual(value, encodeAscii('secret'))) throw new KrbRefusal(Code.KDC_ERR_PREAUTH_FAILED, 'no')
    return { kind: 'proven', padata: [], replyKey: new KerberosKey(Enctype.AES256_CTS_HMAC_SHA1_96, KEY) }
  },
}

suite('a method of pre-authentication that is given', () => {
  const realm = new TestRealm([{ name: 'alice' }])
  const { principals } = realm
  const kdc = embeddedKdc({ realm: REALM, principals, preauthMethods: [twoRounds], now: () => NOW })
  const pa = (text: string) => ({ padataType: TYPE, padataValue: encodeAscii(text) })
  const cookie = { padataType: PaDataType.PA_FX_COOKIE, padataValue: COOKIE }

  async function errorOf(...padata: Parameters<typeof asReq>[3] & object) {
    const reply = await kdc.handle(asReq(realm, 'alice', {}, padata), realm.peer)
    const { errorCode, eData } = decodeDer(reply!, readKrbError)
    const types = eData === undefined ? [] : decodeDer(eData, readMethodData).map(({ padataType }) => padataType)
    return { errorCode, types }
  }

  test('is offered before the built-in ones', async () => {
    const { errorCode, types } = await errorOf()
    assert.equal(errorCode, Code.KDC_ERR_PREAUTH_REQUIRED)
    assert.ok(types.includes(TYPE) && types.indexOf(TYPE) < types.indexOf(PaDataType.PA_ENC_TIMESTAMP))
  })

  test('goes on for several rounds, with a cookie of its own', async () => {
    const { errorCode, types } = await errorOf(pa('hello'))
    assert.equal(errorCode, Code.KDC_ERR_MORE_PREAUTH_DATA_REQUIRED)
    assert.deepEqual(types, [TYPE, PaDataType.PA_FX_COOKIE, PaDataType.PA_ETYPE_INFO2])
  })

  test('has the reply under its own key, whose version is none', async () => {
    const reply = await kdc.handle(asReq(realm, 'alice', {}, [pa('secret'), cookie]), realm.peer)
    const answer = { kind: 'reply', reply: decodeDer(reply!, readKdcRep) } as const
    hold(answer, 'alice', new KerberosKey(Enctype.AES256_CTS_HMAC_SHA1_96, KEY), KeyUsage.AS_REP_ENCPART)
    assert.equal(answer.reply.encPart.kvno, undefined)
  })

  test('refuses what is wrong, and its refusals are told and counted', async () => {
    assert.equal((await errorOf(pa('wrong'), cookie)).errorCode, Code.KDC_ERR_PREAUTH_FAILED)
    assert.equal((await errorOf(pa('secret'))).errorCode, Code.KDC_ERR_PREAUTH_EXPIRED)
    const entry = await principals.lookup({
      principal: { realm: REALM, name: { nameType: 1, nameString: ['alice'] } },
      as: 'client',
    })
    assert.equal(entry?.failures?.count, 1)
  })

  test('leaves the others as they are', async () => {
    const request = asReq(realm, 'alice', {}, [timestamp(await keyOf(realm, 'alice'), NOW)])
    decodeDer((await kdc.handle(request, realm.peer))!, readKdcRep)
  })
})
