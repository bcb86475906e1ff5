import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { encodeAscii } from '../../src/bytes/index.js'
import {
  ChecksumType,
  decodeDer,
  decodePadded,
  encodeDer,
  Enctype,
  FastOption,
  KdcOption,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  krbFxCf2,
  makeTicket,
  MessageType,
  NO_TRANSITED,
  PaDataType,
  readChecksum,
  readEncKdcRepPart,
  readEncryptedData,
  readKrbError,
  readKrbFastResponse,
  readMethodData,
  readPaEncTsEnc,
  readPaFxFastReply,
  TicketFlag,
  writeEncTicketPart,
  writeKdcReq,
  type KdcReqBodyFields,
  type KdcRep,
  type KrbError,
  type KrbFastResponse,
  type PaData,
} from '../../src/kerberos/index.js'
import type { KdcPolicyOptions } from '../../src/kdc/index.js'
import { armoredAsReq, challenge, fastPaData, makeArmor, type ArmoredOptions, type TestArmor } from './armored.js'
import { apReqOf, bodyOf, errorOf, logOn, obtain, send, timestamp, type Held, type Shown } from './requests.js'
import { ENCTYPES, keyOf, NOW, principalOf, TestRealm } from './realm.js'

const WWW = 'HTTP/www.example.com'
const HOST = 'host/ws.example.com'

interface Begun {
  readonly realm: TestRealm
  readonly host: Held
  readonly armor: TestArmor
}

async function begin(policy: KdcPolicyOptions = {}): Promise<Begun> {
  const realm = new TestRealm([{ name: 'alice' }, { name: WWW }, { name: HOST }], policy)
  const host = await logOn(realm, HOST)
  return { realm, host, armor: makeArmor(realm, host) }
}

function responseOf(padata: readonly PaData[] | undefined, { key }: TestArmor): KrbFastResponse {
  const found = padata?.find(({ padataType }) => padataType === PaDataType.PA_FX_FAST)
  assert.ok(found !== undefined, 'the answer is armored')
  const { cipher } = decodeDer(found.padataValue, readPaFxFastReply).encFastRep
  return decodePadded(key.decrypt(KeyUsage.FAST_REP, cipher), readKrbFastResponse)
}

async function replyTo({ realm, host, armor }: Begun, options: ArmoredOptions = {}): Promise<KdcRep> {
  const answer = await send(realm, await armoredAsReq(realm, host, 'alice', { armor, ...options }))
  assert.ok(answer.kind === 'reply', answer.kind === 'error' ? `${answer.error.errorCode} ${answer.error.eText}` : '')
  return answer.reply
}

/** The error inside, and what is beside it. */
async function innerErrorOf(
  { realm, host, armor }: Begun,
  options: ArmoredOptions = {},
): Promise<{ readonly outer: KrbError; readonly inner: KrbError; readonly padata: readonly PaData[] }> {
  const answer = await send(realm, await armoredAsReq(realm, host, 'alice', { armor, ...options }))
  assert.ok(answer.kind === 'error')
  const { padata } = responseOf(decodeDer(answer.error.eData!, readMethodData), armor)
  const found = padata.find(({ padataType }) => padataType === PaDataType.PA_FX_ERROR)
  return { outer: answer.error, inner: decodeDer(found!.padataValue, readKrbError), padata }
}

function openPart(reply: KdcRep, key: KerberosKey, strengthen: KrbFastResponse['strengthenKey'], usage: number) {
  assert.ok(strengthen !== undefined)
  const stronger = new KerberosKey(strengthen.keytype, strengthen.keyvalue)
  const replyKey = krbFxCf2(stronger, key, encodeAscii('strengthenkey'), encodeAscii('replykey'))
  return decodePadded(replyKey.decrypt(usage, reply.encPart.cipher), readEncKdcRepPart)
}

suite('an armored AS-REQ (RFC 6113)', () => {
  test('is answered in armor, by a key that is stronger, and the KDC proves itself', async () => {
    const begun = await begin()
    const { realm, armor } = begun
    const reply = await replyTo(begun)
    const { padata, strengthenKey, finished } = responseOf(reply.padata, armor)
    assert.deepEqual(finished?.cname.nameString, ['alice'])
    const { cksumtype, checksum } = finished.ticketChecksum
    armor.key.verifyChecksum(KeyUsage.FAST_FINISHED, reply.ticket.raw, checksum, cksumtype)
    const key = await keyOf(realm, 'alice')
    const part = openPart(reply, key, strengthenKey, KeyUsage.AS_REP_ENCPART)
    assert.ok(part.flags & TicketFlag.PRE_AUTHENT)
    const proof = padata.find(({ padataType }) => padataType === PaDataType.PA_ENCRYPTED_CHALLENGE)
    const { cipher } = decodeDer(proof!.padataValue, readEncryptedData)
    const kdcKey = krbFxCf2(armor.key, key, encodeAscii('kdcchallengearmor'), encodeAscii('challengelongterm'))
    const { patimestamp } = decodeDer(kdcKey.decrypt(KeyUsage.ENC_CHALLENGE_KDC, cipher), readPaEncTsEnc)
    assert.equal(patimestamp.getTime(), NOW.getTime())
  })

  test('is told in armor what is wanted, which is the challenge and no timestamp', async () => {
    const wish = { padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }
    const { outer, inner, padata } = await innerErrorOf(await begin(), { padata: [wish] })
    assert.equal(outer.errorCode, Code.KDC_ERR_PREAUTH_REQUIRED)
    assert.equal(inner.errorCode, Code.KDC_ERR_PREAUTH_REQUIRED)
    assert.deepEqual(
      padata.map(({ padataType }) => padataType),
      [
        PaDataType.PA_FX_ERROR,
        PaDataType.PA_ETYPE_INFO2,
        PaDataType.PA_ENCRYPTED_CHALLENGE,
        PaDataType.PA_FX_FAST,
        PaDataType.PA_FX_COOKIE,
        PaDataType.PA_REQ_ENC_PA_REP,
      ],
    )
  })

  test('is refused for a wrong key, and for a wrong clock', async () => {
    const begun = await begin()
    const { armor, realm } = begun
    const of = async (key: KerberosKey, time: Date): Promise<number> =>
      (await innerErrorOf(begun, { padata: [challenge(armor.key, key, time)] })).inner.errorCode
    assert.equal(await of(KerberosKey.generate(ENCTYPES[0]!), NOW), Code.KDC_ERR_PREAUTH_FAILED)
    const late = new Date(NOW.getTime() + 301_000)
    assert.equal(await of(await keyOf(realm, 'alice'), late), Code.KRB_AP_ERR_SKEW)
  })

  test('takes a timestamp as well, and any of the keys of the client', async () => {
    const begun = await begin()
    const key = await keyOf(begun.realm, 'alice')
    await replyTo(begun, { padata: [timestamp(key, NOW)] })
    const entry = await begun.realm.principals.lookup({ principal: principalOf('alice'), as: 'client' })
    const second = entry!.keys.find((known) => known.key.enctype === ENCTYPES[1])!.key
    await replyTo(begun, { padata: [challenge(begun.armor.key, second, NOW)] })
  })

  test('after a timestamp or nothing is answered in the plain key, where that is allowed; after a challenge never', async () => {
    for (const allowed of [false, true]) {
      const begun = await begin({ insecureAllowUnstrengthenedFast: allowed, requirePreauth: false })
      const key = await keyOf(begun.realm, 'alice')
      const challenged = responseOf((await replyTo(begun)).padata, begun.armor)
      assert.equal(challenged.strengthenKey?.keytype, key.enctype, 'RFC 6113 section 5.4.6: "MUST strengthen"')
      for (const padata of [[timestamp(key, NOW)], []]) {
        const reply = await replyTo(begun, { padata })
        const { strengthenKey, finished } = responseOf(reply.padata, begun.armor)
        assert.equal(strengthenKey === undefined, allowed)
        assert.ok(finished !== undefined, 'the rest is said all the same')
        if (!allowed) continue
        const part = decodePadded(key.decrypt(KeyUsage.AS_REP_ENCPART, reply.encPart.cipher), readEncKdcRepPart)
        assert.ok(part.key.keyvalue.length > 0)
      }
    }
  })

  test('proves which request it was, armor and all, where that was asked for (RFC 6806)', async () => {
    const begun = await begin()
    const { realm, host, armor } = begun
    const key = await keyOf(realm, 'alice')
    const wish = { padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }
    const padata = [challenge(armor.key, key, NOW), wish]
    const request = await armoredAsReq(realm, host, 'alice', { armor, padata })
    const answer = await send(realm, request)
    assert.ok(answer.kind === 'reply')
    const { strengthenKey } = responseOf(answer.reply.padata, armor)
    const part = openPart(answer.reply, key, strengthenKey, KeyUsage.AS_REP_ENCPART)
    const found = part.encryptedPaData?.find(({ padataType }) => padataType === PaDataType.PA_REQ_ENC_PA_REP)
    const stronger = new KerberosKey(strengthenKey!.keytype, strengthenKey!.keyvalue)
    const replyKey = krbFxCf2(stronger, key, encodeAscii('strengthenkey'), encodeAscii('replykey'))
    const { checksum, cksumtype } = decodeDer(found!.padataValue, readChecksum)
    replyKey.verifyChecksum(KeyUsage.AS_REQ, request, checksum, cksumtype)
  })

  test('hides the client outside where it is to, and is refused for options that must be understood', async () => {
    const begun = await begin()
    const reply = await replyTo(begun, { tweaks: { fastOptions: FastOption.HIDE_CLIENT_NAMES } })
    assert.deepEqual([reply.crealm, reply.cname.nameString], ['WELLKNOWN:ANONYMOUS', ['WELLKNOWN', 'ANONYMOUS']])
    assert.deepEqual(responseOf(reply.padata, begun.armor).finished?.cname.nameString, ['alice'])
    await replyTo(begun, { tweaks: { fastOptions: FastOption.KDC_FOLLOW_REFERRALS } })
    const request = await armoredAsReq(begun.realm, begun.host, 'alice', { tweaks: { fastOptions: 0x8000_0000 } })
    assert.equal(await errorOf(begun.realm, request), Code.KDC_ERR_UNKNOWN_CRITICAL_FAST_OPTION)
  })

  test('is refused whose armor is none, or does not fit', async () => {
    const { realm, host, armor } = await begin()
    const of = async (options: ArmoredOptions, held = host): Promise<number> =>
      errorOf(realm, await armoredAsReq(realm, held, 'alice', options))
    assert.equal(await of({ tweaks: { armor: undefined } }), Code.KDC_ERR_PREAUTH_FAILED)
    const { armorValue } = armor.explicit
    assert.equal(await of({ tweaks: { armor: { armorType: 2, armorValue } } }), Code.KDC_ERR_PREAUTH_FAILED)
    const bare = { armorType: 1, armorValue: apReqOf(realm, host, KeyUsage.AP_REQ_AUTHENTICATOR) }
    assert.equal(await of({ tweaks: { armor: bare } }), Code.KDC_ERR_PREAUTH_FAILED)
    assert.equal(await of({}, await obtain(realm, host, WWW)), Code.KRB_AP_ERR_NOT_US)
    assert.equal(await of({ tweaks: { checksum: { checksum: new Uint8Array(12) } } }), Code.KRB_AP_ERR_MODIFIED)
    const unkeyed = { cksumtype: ChecksumType.SHA1, checksum: new Uint8Array(20) }
    assert.equal(await of({ tweaks: { checksum: unkeyed } }), Code.KRB_AP_ERR_MODIFIED)
    assert.equal(await of({ tweaks: { etype: Enctype.CAMELLIA128_CTS_CMAC } }), Code.KDC_ERR_ETYPE_NOSUPP)
    const other = { key: KerberosKey.generate(ENCTYPES[0]!), explicit: armor.explicit }
    assert.equal(await of({ armor: other }), Code.KRB_AP_ERR_MODIFIED)
  })

  test('outside of it no encrypted challenge is taken', async () => {
    const { realm, armor } = await begin()
    const padata = [challenge(armor.key, await keyOf(realm, 'alice'), NOW)]
    const reqBody = bodyOf(realm, { cname: principalOf('alice').name })
    const request = encodeDer({ msgType: MessageType.KRB_AS_REQ, padata, reqBody }, writeKdcReq)
    assert.equal(await errorOf(realm, request), Code.KDC_ERR_PREAUTH_FAILED)
  })
})

suite('an armored TGS-REQ (RFC 6113)', () => {
  interface Tweaks {
    readonly armorIsExplicit?: boolean
    readonly fastOptions?: number
    /** What the request says outside. */
    readonly outside?: Partial<KdcReqBodyFields>
  }

  async function request(realm: TestRealm, held: Shown, { armorIsExplicit, fastOptions, outside }: Tweaks = {}) {
    const subkey = KerberosKey.generate(ENCTYPES[0]!)
    const { key, explicit } = makeArmor(realm, held, subkey)
    const inner = bodyOf(realm, { sname: principalOf(WWW).name })
    const outer = bodyOf(realm, outside)
    const cksum = {
      cksumtype: held.sessionKey.profile.checksumType,
      checksum: held.sessionKey.checksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, outer.raw),
    }
    const apReq = apReqOf(realm, held, KeyUsage.TGS_REQ_AUTHENTICATOR, {
      cksum,
      subkey: { keytype: subkey.enctype, keyvalue: subkey.reveal() },
    })
    const armor = armorIsExplicit === true ? explicit : undefined
    const padata = [
      { padataType: PaDataType.PA_TGS_REQ, padataValue: apReq },
      fastPaData({ key, explicit }, inner, [], apReq, { armor, fastOptions: fastOptions ?? 0 }),
    ]
    const bytes = encodeDer({ msgType: MessageType.KRB_TGS_REQ, padata, reqBody: outer }, writeKdcReq)
    return { bytes, armor: { key, explicit }, subkey }
  }

  test('is armored by its own ticket, and what is inside counts', async () => {
    const { realm } = await begin()
    const { bytes, armor, subkey } = await request(realm, await logOn(realm, 'alice'))
    const answer = await send(realm, bytes)
    assert.ok(answer.kind === 'reply')
    assert.deepEqual(answer.reply.ticket.sname.nameString, WWW.split('/'))
    const { strengthenKey } = responseOf(answer.reply.padata, armor)
    openPart(answer.reply, subkey, strengthenKey, KeyUsage.TGS_REP_ENCPART_SUBKEY)
  })

  test('is refused in armor', async () => {
    const { realm } = await begin()
    realm.principals.remove(WWW)
    const { bytes, armor } = await request(realm, await logOn(realm, 'alice'))
    const answer = await send(realm, bytes)
    assert.ok(answer.kind === 'error')
    assert.equal(answer.error.errorCode, Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    const { padata } = responseOf(decodeDer(answer.error.eData!, readMethodData), armor)
    assert.equal(decodeDer(padata[0]!.padataValue, readKrbError).errorCode, Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
  })

  test('hides the client outside of an error, too, where it is to (RFC 6113 section 5.4.2)', async () => {
    const { realm } = await begin()
    realm.principals.remove(WWW)
    const tgt = await logOn(realm, 'alice')
    const { bytes, armor } = await request(realm, tgt, { fastOptions: FastOption.HIDE_CLIENT_NAMES })
    const answer = await send(realm, bytes)
    assert.ok(answer.kind === 'error')
    const { crealm, cname, eData } = answer.error
    assert.deepEqual([crealm, cname?.nameString], ['WELLKNOWN:ANONYMOUS', ['WELLKNOWN', 'ANONYMOUS']])
    const { padata } = responseOf(decodeDer(eData!, readMethodData), armor)
    assert.deepEqual(decodeDer(padata[0]!.padataValue, readKrbError).cname?.nameString, ['alice'])
  })

  test('with other armor than its own ticket is refused', async () => {
    const { realm } = await begin()
    const { bytes } = await request(realm, await logOn(realm, 'alice'), { armorIsExplicit: true })
    assert.equal(await errorOf(realm, bytes), Code.KDC_ERR_PREAUTH_FAILED)
  })

  test('with a ticket for a service is refused, whatever it asks for outside', async () => {
    // Who has a service's key makes tickets of anybody for it. Renewing them gives what he has; anything else must not be had.
    const { realm } = await begin()
    const key = await keyOf(realm, HOST)
    const sessionKey = KerberosKey.generate(ENCTYPES[0]!)
    const { name: cname, realm: crealm } = principalOf('alice')
    const { name: sname } = principalOf(HOST)
    const part = {
      flags: TicketFlag.RENEWABLE,
      key: { keytype: sessionKey.enctype, keyvalue: sessionKey.reveal() },
      crealm,
      cname,
      transited: NO_TRANSITED,
      authtime: NOW,
      endtime: new Date(NOW.getTime() + 60_000),
      renewTill: new Date(NOW.getTime() + 120_000),
    }
    const cipher = key.encrypt(KeyUsage.KDC_REP_TICKET, encodeDer(part, writeEncTicketPart))
    const ticket = makeTicket({ realm: crealm, sname, encPart: { etype: key.enctype, kvno: 1, cipher } })
    const forged = { ticket, sessionKey, client: 'alice' }
    for (const kdcOptions of [KdcOption.RENEW, KdcOption.VALIDATE]) {
      const { bytes } = await request(realm, forged, { outside: { kdcOptions, sname } })
      assert.equal(await errorOf(realm, bytes), Code.KRB_AP_ERR_NOT_US)
    }
  })

  test('with a ticket that must be validated first is refused, whatever it asks for outside', async () => {
    const realm = new TestRealm([{ name: 'alice' }, { name: WWW }], { allowPostdated: true })
    const from = new Date(NOW.getTime() + 3_600_000)
    const held = await logOn(realm, 'alice', { kdcOptions: KdcOption.POSTDATED, from })
    realm.later(3_600)
    const { bytes } = await request(realm, held, { outside: { kdcOptions: KdcOption.VALIDATE } })
    assert.equal(await errorOf(realm, bytes), Code.KRB_AP_ERR_TKT_NYV)
  })
})
