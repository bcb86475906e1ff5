import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeUtf8 } from '../../src/bytes/index.js'
import { DEFAULT_KDC_ENCTYPES, type KdcPolicyOptions, type PrincipalAttributes } from '../../src/kdc/index.js'
import {
  AddressType,
  decodeDer,
  Enctype,
  KdcOption,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  NameType,
  PaDataType,
  readChecksum,
  readEtypeInfo2,
  readMethodData,
  TicketFlag,
  type KdcReqBodyFields,
  type PaData,
} from '../../src/kerberos/index.js'
import { asReq, errorOf, has, hold, logOn, send, ticketPart, timestamp } from './requests.js'
import { ENCTYPES, keyOf, NOW, principalOf, REALM, TestRealm } from './realm.js'

const ALICE = { name: 'alice' }

function realmOf(attributes: PrincipalAttributes = {}, policy: KdcPolicyOptions = {}): TestRealm {
  return new TestRealm([{ ...ALICE, attributes }, { name: 'HTTP/www.example.com' }], policy)
}

/** The error for a client with the right key. */
async function refusalOf(realm: TestRealm, fields: Partial<KdcReqBodyFields> = {}, client = 'alice'): Promise<number> {
  return errorOf(realm, asReq(realm, client, fields, [timestamp(await keyOf(realm, 'alice'), realm.now)]))
}

async function methodDataOf(realm: TestRealm, request: Uint8Array): Promise<readonly PaData[]> {
  const answer = await send(realm, request)
  assert.ok(answer.kind === 'error' && answer.error.eData !== undefined)
  return decodeDer(answer.error.eData, readMethodData)
}

const DAY = 86_400

suite('an initial ticket', () => {
  test('says of client, service and times what was asked for', async () => {
    const realm = realmOf()
    const held = await logOn(realm, 'alice', { kdcOptions: KdcOption.FORWARDABLE | KdcOption.PROXIABLE })
    const part = ticketPart(held, await keyOf(realm, `krbtgt/${REALM}`))
    assert.deepEqual([part.crealm, part.cname.nameString], [REALM, ['alice']])
    assert.equal(part.endtime.getTime(), NOW.getTime() + 36_000_000)
    assert.equal(part.authtime.getTime(), NOW.getTime())
    assert.equal(part.flags, held.part.flags)
    assert.equal(
      part.flags,
      TicketFlag.INITIAL | TicketFlag.PRE_AUTHENT | TicketFlag.FORWARDABLE | TicketFlag.PROXIABLE,
    )
    assert.equal(part.transited.contents.length, 0)
    assert.equal(part.caddr, undefined)
  })

  test('is for the first of several timestamps that there is a key for; no other is tried', async () => {
    const realm = realmOf()
    const right = await keyOf(realm, 'alice')
    const wrong = KerberosKey.generate(right.enctype)
    const other = timestamp(KerberosKey.generate(Enctype.CAMELLIA128_CTS_CMAC), NOW)
    const answer = await send(realm, asReq(realm, 'alice', {}, [other, timestamp(right, NOW), timestamp(wrong, NOW)]))
    assert.equal(answer.kind, 'reply')
    // One request is one guess.
    const guesses = asReq(realm, 'alice', {}, [timestamp(wrong, NOW), timestamp(right, NOW)])
    assert.equal(await errorOf(realm, guesses), Code.KDC_ERR_PREAUTH_FAILED)
  })

  test('lasts as long as the shortest of request, policy, client and service allows', async () => {
    const seconds = async (realm: TestRealm, fields: Partial<KdcReqBodyFields> = {}): Promise<number> =>
      ((await logOn(realm, 'alice', fields)).part.endtime.getTime() - NOW.getTime()) / 1000
    assert.equal(await seconds(realmOf(), { till: new Date(NOW.getTime() + 60_000) }), 60)
    assert.equal(await seconds(realmOf({ maxLifetimeSeconds: 120 })), 120)
    assert.equal(await seconds(realmOf({}, { maxLifetimeSeconds: 180 })), 180)
    assert.equal(await seconds(realmOf(), { till: new Date(0) }), 36_000)
  })

  test('ends with the year 9999, where nothing else ends it', async () => {
    const last = new Date('9999-12-31T23:59:59Z')
    const policy = { maxLifetimeSeconds: Number.MAX_SAFE_INTEGER, maxRenewSeconds: Number.MAX_SAFE_INTEGER }
    for (const time of [new Date(0), last]) {
      const fields = { kdcOptions: KdcOption.RENEWABLE, till: time, rtime: time }
      const { part } = await logOn(realmOf({}, policy), 'alice', fields)
      assert.deepEqual([part.endtime, part.renewTill], [last, last])
    }
    const postdated = { kdcOptions: KdcOption.POSTDATED, from: last, till: last }
    const open = { ...policy, allowPostdated: true }
    assert.equal(await refusalOf(realmOf({}, open), postdated), Code.KDC_ERR_NEVER_VALID)
  })

  test('is renewable where it was asked for, or where it is cut short and the client takes that instead', async () => {
    const rtime = new Date(NOW.getTime() + 3 * DAY * 1000)
    const asked = await logOn(realmOf(), 'alice', { kdcOptions: KdcOption.RENEWABLE, rtime })
    assert.equal(asked.part.renewTill?.getTime(), rtime.getTime())
    const instead = await logOn(realmOf(), 'alice', { kdcOptions: KdcOption.RENEWABLE_OK })
    assert.equal(instead.part.renewTill?.getTime(), NOW.getTime() + DAY * 1000)
    const long = await logOn(realmOf(), 'alice', { kdcOptions: KdcOption.RENEWABLE, rtime: new Date(0) })
    assert.equal(long.part.renewTill?.getTime(), NOW.getTime() + 7 * DAY * 1000)
    for (const realm of [realmOf({ renewable: false }), realmOf({}, { maxRenewSeconds: 0 })]) {
      const not = await logOn(realm, 'alice', { kdcOptions: KdcOption.RENEWABLE, rtime })
      assert.ok(!has(not, TicketFlag.RENEWABLE) && not.part.renewTill === undefined)
    }
  })

  test('has no flag that the client may not have', async () => {
    const realm = realmOf({ forwardable: false, proxiable: false })
    const held = await logOn(realm, 'alice', { kdcOptions: KdcOption.FORWARDABLE | KdcOption.PROXIABLE })
    assert.ok(!has(held, TicketFlag.FORWARDABLE) && !has(held, TicketFlag.PROXIABLE))
  })

  test('comes all the same where options are asked for that nobody knows (RFC 4120 section 2)', async () => {
    const held = await logOn(realmOf(), 'alice', { kdcOptions: KdcOption.FORWARDABLE | 0x0000_0020 })
    assert.ok(has(held, TicketFlag.FORWARDABLE))
  })

  test('comes for a timestamp, whatever kinds of pre-authentication that nobody knows stand beside it', async () => {
    const realm = realmOf()
    const strange = { padataType: 9999, padataValue: Uint8Array.of(1, 2, 3) }
    const known = timestamp(await keyOf(realm, 'alice'), realm.now)
    assert.equal((await send(realm, asReq(realm, 'alice', {}, [strange, known, strange]))).kind, 'reply')
  })

  test('starts later only where the policy lets it', async () => {
    const from = new Date(NOW.getTime() + 3_600_000)
    const kdcOptions = KdcOption.POSTDATED
    assert.equal(await refusalOf(realmOf(), { from, kdcOptions }), Code.KDC_ERR_CANNOT_POSTDATE)
    assert.equal(await refusalOf(realmOf(), { from }), Code.KDC_ERR_CANNOT_POSTDATE)
    const realm = realmOf({}, { allowPostdated: true })
    const held = await logOn(realm, 'alice', { from, kdcOptions })
    assert.ok(has(held, TicketFlag.INVALID) && has(held, TicketFlag.POSTDATED))
    assert.equal(held.part.starttime?.getTime(), from.getTime())
    const never = realmOf({ postdatable: false }, { allowPostdated: true })
    assert.equal(await refusalOf(never, { from, kdcOptions }), Code.KDC_ERR_CANNOT_POSTDATE)
  })

  test('that would end before it starts is refused', async () => {
    assert.equal(await refusalOf(realmOf(), { till: new Date(NOW.getTime() - 1000) }), Code.KDC_ERR_NEVER_VALID)
  })

  test('is bound to the addresses of the request, and carries what the entry says', async () => {
    const addresses = [{ addrType: AddressType.IPV4, address: Uint8Array.of(10, 0, 0, 1) }]
    const authorizationData = [{ adType: 1, adData: Uint8Array.of(0x30, 0) }]
    const realm = realmOf({ authorizationData })
    const held = await logOn(realm, 'alice', { addresses })
    const part = ticketPart(held, await keyOf(realm, `krbtgt/${REALM}`))
    assert.deepEqual(
      part.caddr?.map(({ address }) => [...address]),
      [[10, 0, 0, 1]],
    )
    assert.deepEqual(
      held.part.caddr?.map(({ address }) => [...address]),
      [[10, 0, 0, 1]],
    )
    assert.equal(part.authorizationData?.length, 1)
  })

  test('for a service says whether clients may delegate to it', async () => {
    const realm = new TestRealm([ALICE, { name: 'cifs/fs', attributes: { okAsDelegate: true } }])
    assert.ok(has(await logOn(realm, 'alice', { sname: principalOf('cifs/fs').name }), TicketFlag.OK_AS_DELEGATE))
  })

  test('proves which request it answers, where that was asked for (RFC 6806)', async () => {
    const realm = realmOf()
    const key = await keyOf(realm, 'alice')
    const wish = { padataType: PaDataType.PA_REQ_ENC_PA_REP, padataValue: new Uint8Array(0) }
    const request = asReq(realm, 'alice', {}, [timestamp(key, NOW), wish])
    const held = hold(await send(realm, request), 'alice', key, KeyUsage.AS_REP_ENCPART)
    assert.ok(has(held, TicketFlag.ENC_PA_REP))
    const found = held.part.encryptedPaData?.find(({ padataType }) => padataType === PaDataType.PA_REQ_ENC_PA_REP)
    const { cksumtype, checksum } = decodeDer(found!.padataValue, readChecksum)
    key.verifyChecksum(KeyUsage.AS_REQ, request, checksum, cksumtype)
    assert.equal((await logOn(realm, 'alice')).part.encryptedPaData, undefined)
  })

  test('says when the password expires', async () => {
    const passwordExpires = new Date(NOW.getTime() + 1_000_000)
    const { part } = await logOn(realmOf({ passwordExpires }), 'alice')
    assert.equal(part.keyExpiration?.getTime(), passwordExpires.getTime())
    assert.deepEqual(part.lastReq, [{ lrType: 6, lrValue: passwordExpires }])
  })
})

suite('encryption types of an initial ticket', () => {
  const mixed = (policy: KdcPolicyOptions = {}): TestRealm =>
    new TestRealm([{ ...ALICE, enctypes: [Enctype.AES128_CTS_HMAC_SHA1_96, Enctype.RC4_HMAC] }], policy)

  test('are the first of the request that the client has a key of, with the salt of that', async () => {
    const realm = new TestRealm([{ name: 'alice', password: 'correct horse' }])
    const etype = [Enctype.AES128_CTS_HMAC_SHA1_96, Enctype.AES256_CTS_HMAC_SHA1_96]
    const methods = await methodDataOf(realm, asReq(realm, 'alice', { etype }))
    const info = methods.find(({ padataType }) => padataType === PaDataType.PA_ETYPE_INFO2)
    const entries = decodeDer(info!.padataValue, readEtypeInfo2)
    assert.deepEqual(
      entries.map((entry) => [entry.etype, decodeUtf8(entry.salt!, 'salt')]),
      etype.map((type) => [type, 'EXAMPLE.COMalice']),
    )
    assert.ok(methods.every(({ padataType }) => padataType !== PaDataType.PA_ETYPE_INFO))
  })

  test('are told in the old way as well to a client that knows old ones only (RFC 4120 section 5.2.7.5)', async () => {
    const realm = mixed({ insecureAllowRc4: true })
    const types = (await methodDataOf(realm, asReq(realm, 'alice', { etype: [Enctype.RC4_HMAC, 3] }))).map(
      ({ padataType }) => padataType,
    )
    assert.ok(types.includes(PaDataType.PA_ETYPE_INFO) && types.includes(PaDataType.PA_ETYPE_INFO2))
  })

  test('that are weak are refused unless they are allowed by name', async () => {
    const etype = [Enctype.RC4_HMAC]
    assert.equal(await errorOf(mixed(), asReq(mixed(), 'alice', { etype })), Code.KDC_ERR_ETYPE_NOSUPP)
    const realm = mixed({ insecureAllowRc4: true })
    assert.equal(await errorOf(realm, asReq(realm, 'alice', { etype })), Code.KDC_ERR_PREAUTH_REQUIRED)
  })

  test('that nobody knows are refused, and so is a client without keys', async () => {
    const realm = new TestRealm([ALICE, { name: 'empty', keys: [] }])
    assert.equal(await errorOf(realm, asReq(realm, 'alice', { etype: [3, 99] })), Code.KDC_ERR_ETYPE_NOSUPP)
    assert.equal(await errorOf(realm, asReq(realm, 'empty')), Code.KDC_ERR_NULL_KEY)
  })

  test('of the session key are those that the service understands', async () => {
    const sessionEnctypes = [Enctype.AES128_CTS_HMAC_SHA1_96]
    const realm = new TestRealm([ALICE, { name: 'old', attributes: { sessionEnctypes } }, { name: 'none', keys: [] }])
    const held = await logOn(realm, 'alice', { sname: principalOf('old').name })
    assert.equal(held.sessionKey.enctype, Enctype.AES128_CTS_HMAC_SHA1_96)
    assert.equal(held.ticket.encPart.etype, ENCTYPES[0])
    assert.equal(await refusalOf(realm, { sname: principalOf('none').name }), Code.KDC_ERR_NULL_KEY)
    const etype = [ENCTYPES[0]!]
    assert.equal(await refusalOf(realm, { sname: principalOf('old').name, etype }), Code.KDC_ERR_ETYPE_NOSUPP)
  })
})

suite('an AS-REQ is refused', () => {
  test('without pre-authentication, which it says how to do', async () => {
    const realm = realmOf()
    const methods = await methodDataOf(realm, asReq(realm, 'alice'))
    assert.deepEqual(
      methods.map(({ padataType }) => padataType),
      [
        PaDataType.PA_ETYPE_INFO2,
        PaDataType.PA_ENC_TIMESTAMP,
        PaDataType.PA_FX_FAST,
        PaDataType.PA_FX_COOKIE,
        PaDataType.PA_REQ_ENC_PA_REP,
      ],
    )
  })

  test('with a wrong key, a wrong clock, or a timestamp of a key that there is not', async () => {
    const realm = realmOf()
    const right = await keyOf(realm, 'alice')
    const wrong = KerberosKey.generate(ENCTYPES[0]!)
    const of = (key: KerberosKey, aheadSeconds = 0): Promise<number> =>
      errorOf(realm, asReq(realm, 'alice', {}, [timestamp(key, new Date(NOW.getTime() + aheadSeconds * 1000))]))
    assert.equal(await of(wrong), Code.KDC_ERR_PREAUTH_FAILED)
    assert.equal(await of(right, 301), Code.KRB_AP_ERR_SKEW)
    assert.equal(await of(right, -301), Code.KRB_AP_ERR_SKEW)
    assert.equal(await of(KerberosKey.generate(Enctype.CAMELLIA128_CTS_CMAC)), Code.KDC_ERR_ETYPE_NOSUPP)
    await send(realm, asReq(realm, 'alice', {}, [timestamp(right, new Date(NOW.getTime() + 300_000))]))
    assert.equal(realm.events.at(-1)?.kind, 'ticket-issued')
  })

  test('of a client or for a service that there is not, or of another realm', async () => {
    const realm = realmOf()
    assert.equal(await errorOf(realm, asReq(realm, 'bob')), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
    assert.equal(await errorOf(realm, asReq(realm, 'alice', { cname: undefined })), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
    assert.equal(await errorOf(realm, asReq(realm, 'alice@OTHER.EXAMPLE')), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
    const sname = principalOf('nobody').name
    assert.equal(await refusalOf(realm, { sname }), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    assert.equal(await refusalOf(realm, { sname: undefined }), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
  })

  test('for what can be had for a ticket only, and anonymously', async () => {
    const options = [
      KdcOption.FORWARDED,
      KdcOption.PROXY,
      KdcOption.RENEW,
      KdcOption.VALIDATE,
      KdcOption.ENC_TKT_IN_SKEY,
      KdcOption.CNAME_IN_ADDL_TKT,
      KdcOption.REQUEST_ANONYMOUS,
    ]
    for (const kdcOptions of options) {
      assert.equal(await refusalOf(realmOf(), { kdcOptions }), Code.KDC_ERR_BADOPTION, String(kdcOptions))
    }
    const anonymous = { nameType: NameType.NT_WELLKNOWN, nameString: ['WELLKNOWN', 'ANONYMOUS'] }
    assert.equal(await refusalOf(realmOf(), { cname: anonymous }), Code.KDC_ERR_BADOPTION)
  })

  test('of a client that may not log on now', async () => {
    const past = new Date(NOW.getTime() - 1)
    const future = new Date(NOW.getTime() + 1)
    const codes: readonly (readonly [PrincipalAttributes, number])[] = [
      [{ disabled: true }, Code.KDC_ERR_CLIENT_REVOKED],
      [{ validFrom: future }, Code.KDC_ERR_CLIENT_NOTYET],
      [{ expires: past }, Code.KDC_ERR_NAME_EXP],
      [{ passwordExpires: past }, Code.KDC_ERR_KEY_EXPIRED],
      [{ mustChangePassword: true }, Code.KDC_ERR_KEY_EXPIRED],
    ]
    for (const [attributes, code] of codes) assert.equal(await refusalOf(realmOf(attributes)), code)
  })

  test('for a service that gets no tickets now', async () => {
    const codes: readonly (readonly [PrincipalAttributes, number])[] = [
      [{ disabled: true }, Code.KDC_ERR_SERVICE_REVOKED],
      [{ validFrom: new Date(NOW.getTime() + 1) }, Code.KDC_ERR_SERVICE_NOTYET],
      [{ expires: new Date(NOW.getTime() - 1) }, Code.KDC_ERR_SERVICE_EXP],
      [{ service: false }, Code.KDC_ERR_MUST_USE_USER2USER],
    ]
    for (const [attributes, code] of codes) {
      const realm = new TestRealm([ALICE, { name: 'svc', attributes }])
      assert.equal(await refusalOf(realm, { sname: principalOf('svc').name }), code)
    }
  })

  test('and an expired password is good for changing it', async () => {
    const realm = realmOf({ mustChangePassword: true })
    const held = await logOn(realm, 'alice', { sname: principalOf('kadmin/changepw').name })
    assert.equal(held.part.endtime.getTime(), NOW.getTime() + 300_000)
  })
})

suite('log-ons that fail', () => {
  const wrong = KerberosKey.generate(ENCTYPES[0]!)
  const policy = { lockout: { failures: 3, windowSeconds: 600, lockSeconds: 900 } }
  const guess = (realm: TestRealm): Promise<number> =>
    errorOf(realm, asReq(realm, 'alice', {}, [timestamp(wrong, realm.now)]))

  test('lock the account for a while, whoever knows the key then', async () => {
    const realm = realmOf({}, policy)
    for (let i = 0; i < 3; i++) assert.equal(await guess(realm), Code.KDC_ERR_PREAUTH_FAILED)
    assert.deepEqual(
      realm.events.filter(({ kind }) => kind === 'account-locked').map((event) => 'client' in event && event.client),
      ['alice@EXAMPLE.COM'],
    )
    assert.equal(await refusalOf(realm), Code.KDC_ERR_CLIENT_REVOKED)
    realm.later(900)
    await logOn(realm, 'alice')
  })

  test('are forgotten after one that succeeds, and when they are old', async () => {
    const realm = realmOf({}, policy)
    await guess(realm)
    await guess(realm)
    await logOn(realm, 'alice')
    await guess(realm)
    await guess(realm)
    realm.later(601)
    await guess(realm)
    await guess(realm)
    await logOn(realm, 'alice')
  })

  test('count although they come all at once: the right guess is lost among the wrong ones', async () => {
    const realm = realmOf({}, policy)
    const right = timestamp(await keyOf(realm, 'alice'), NOW)
    const guesses = [guess(realm), guess(realm), guess(realm), errorOf(realm, asReq(realm, 'alice', {}, [right]))]
    assert.deepEqual(
      await Promise.all(guesses),
      guesses.map(() => Code.KDC_ERR_PREAUTH_FAILED),
    )
  })

  test('are not forgotten for a proof that is shown again', async () => {
    const realm = realmOf({}, policy)
    const seen = timestamp(await keyOf(realm, 'alice'), NOW)
    const show = (...before: PaData[]): ReturnType<typeof send> =>
      send(realm, asReq(realm, 'alice', {}, [...before, seen]))
    await show()
    await guess(realm)
    await guess(realm)
    assert.equal((await show()).kind, 'reply')
    // Nor behind another one, which nobody has a key for.
    const other = timestamp(KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA384_192), NOW)
    assert.equal((await show(other)).kind, 'reply')
    await guess(realm)
    assert.equal(await refusalOf(realm), Code.KDC_ERR_CLIENT_REVOKED)
  })

  test('never lock where the policy does not', async () => {
    const realm = realmOf({}, { lockout: { failures: 0 } })
    for (let i = 0; i < 20; i++) await guess(realm)
    await logOn(realm, 'alice')
  })
})

suite('a KDC that hides its principals', () => {
  const hiding = (attributes: PrincipalAttributes = {}): TestRealm =>
    realmOf(attributes, { hideUnknownPrincipals: true, lockout: { failures: 1 } })
  const wrong = KerberosKey.generate(ENCTYPES[0]!)

  test('answers unknown clients as it does known ones with another password', async () => {
    const realm = hiding()
    const shape = async (client: string, padata: readonly PaData[]): Promise<unknown> => {
      const answer = await send(realm, asReq(realm, client, {}, padata))
      assert.ok(answer.kind === 'error')
      const methods = decodeDer(answer.error.eData!, readMethodData).map(({ padataType }) => padataType)
      return [answer.error.errorCode, answer.error.eText, methods]
    }
    assert.deepEqual(await shape('nobody', []), await shape('alice', []))
    const failed = await shape('alice', [timestamp(wrong, NOW)])
    assert.deepEqual(await shape('nobody', [timestamp(wrong, NOW)]), failed)
    // Locked by now, and the right password makes no difference.
    assert.deepEqual(await shape('alice', [timestamp(await keyOf(realm, 'alice'), NOW)]), failed)
  })

  test('lists the encryption types of unknown clients as those of known ones', async () => {
    const realm = hiding()
    const etypes = async (client: string): Promise<readonly number[]> => {
      const answer = await send(realm, asReq(realm, client, { etype: DEFAULT_KDC_ENCTYPES }))
      assert.ok(answer.kind === 'error')
      const methods = decodeDer(answer.error.eData!, readMethodData)
      const info = methods.find(({ padataType }) => padataType === PaDataType.PA_ETYPE_INFO2)
      return decodeDer(info!.padataValue, readEtypeInfo2).map(({ etype }) => etype)
    }
    assert.deepEqual(await etypes('nobody'), await etypes('alice'))
  })

  test('says that an account is disabled to who knows its password only', async () => {
    const realm = hiding({ disabled: true })
    assert.equal(await errorOf(realm, asReq(realm, 'alice')), Code.KDC_ERR_PREAUTH_REQUIRED)
    assert.equal(await refusalOf(realm), Code.KDC_ERR_CLIENT_REVOKED)
  })
})

suite('names of clients', () => {
  const entry = { ...ALICE, aliases: ['al'], enterpriseNames: ['alice@mail.example'] }
  const enterprise = (text: string) => ({ nameType: NameType.NT_ENTERPRISE, nameString: [text] })
  const realmOfNames = (): TestRealm =>
    new TestRealm([entry], { clientRealms: new Map([['other.example', 'OTHER.EXAMPLE']]) })

  async function clientOf(realm: TestRealm, fields: Partial<KdcReqBodyFields>): Promise<readonly string[]> {
    const answer = await send(realm, asReq(realm, 'alice', fields, [timestamp(await keyOf(realm, 'alice'), NOW)]))
    assert.ok(answer.kind === 'reply', answer.kind === 'error' ? String(answer.error.errorCode) : '')
    return answer.reply.cname.nameString
  }

  test('are changed to the own one where the client lets them be (RFC 6806 section 6)', async () => {
    const realm = realmOfNames()
    const cname = principalOf('al').name
    assert.deepEqual(await clientOf(realm, { cname, kdcOptions: KdcOption.CANONICALIZE }), ['alice'])
    assert.equal(await refusalOf(realm, { cname }), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
  })

  test('are found by enterprise names, whatever their case (RFC 6806 section 5)', async () => {
    const realm = realmOfNames()
    assert.deepEqual(await clientOf(realm, { cname: enterprise('Alice@mail.example') }), ['alice'])
    assert.deepEqual(await clientOf(realm, { cname: enterprise('alice@example.com') }), ['alice'])
    // As `kinit -E alice` of MIT sends it.
    assert.deepEqual(await clientOf(realm, { cname: enterprise('alice') }), ['alice'])
    for (const text of ['', '@', '@EXAMPLE.COM', 'alice@', 'nobody']) {
      assert.equal(await refusalOf(realm, { cname: enterprise(text) }), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN, text)
    }
    const code = await refusalOf(realm, { cname: enterprise('alice@nowhere.example') })
    assert.equal(code, Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
  })

  test('of another realm are referred there (RFC 6806 section 7)', async () => {
    const realm = realmOfNames()
    const answer = await send(realm, asReq(realm, 'alice', { cname: enterprise('bob@Other.Example') }))
    assert.ok(answer.kind === 'error')
    assert.equal(answer.error.errorCode, Code.KDC_ERR_WRONG_REALM)
    assert.equal(answer.error.crealm, 'OTHER.EXAMPLE')
  })
})

suite('the database of a KDC', () => {
  test('that fails makes the KDC unavailable until it works again', async () => {
    const realm = realmOf()
    const { principals } = realm
    const lookup = principals.lookup.bind(principals)
    principals.lookup = () => {
      throw new Error('the disk is gone')
    }
    assert.equal(await errorOf(realm, asReq(realm, 'alice')), Code.KDC_ERR_SVC_UNAVAILABLE)
    principals.lookup = lookup
    assert.equal(await errorOf(realm, asReq(realm, 'alice')), Code.KDC_ERR_PREAUTH_REQUIRED)
  })
})
