import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KdcPolicyOptions } from '../../src/kdc/index.js'
import type { PrincipalEntry } from '../../src/io/principals/index.js'
import {
  AddressType,
  AuthorizationDataType,
  ChecksumType,
  encodeDer,
  Enctype,
  KdcOption,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  krbtgt,
  makeTicket,
  MessageType,
  TicketFlag,
  writeAuthorizationData,
  writeEncTicketPart,
  writeKdcReq,
  type AuthorizationDataElement,
  type Authenticator,
  type KdcReqBodyFields,
} from '../../src/kerberos/index.js'
import {
  bodyOf,
  errorOf,
  has,
  hold,
  logOn,
  obtain,
  send,
  tgsReq,
  ticketPart,
  type Held,
  type TgsTweaks,
} from './requests.js'
import { ENCTYPES, keyOf, NOW, principalOf, REALM, TestRealm } from './realm.js'

const WWW = 'HTTP/www.example.com'
const ENTRIES: readonly PrincipalEntry[] = [{ name: 'alice' }, { name: 'bob' }, { name: WWW }]
const ALL_FLAGS = KdcOption.FORWARDABLE | KdcOption.PROXIABLE | KdcOption.RENEWABLE

interface Begun {
  readonly realm: TestRealm
  readonly tgt: Held
}

async function begin(
  fields: Partial<KdcReqBodyFields> = {},
  policy: KdcPolicyOptions = {},
  more: readonly PrincipalEntry[] = [],
): Promise<Begun> {
  const realm = new TestRealm([...ENTRIES, ...more], policy)
  return { realm, tgt: await logOn(realm, 'alice', fields) }
}

async function refusalOf(
  { realm, tgt }: Begun,
  service: string | undefined = WWW,
  fields: Partial<KdcReqBodyFields> = {},
  tweaks: TgsTweaks = {},
): Promise<number> {
  return errorOf(realm, tgsReq(realm, tgt, service, fields, tweaks))
}

/** The same ticket with other contents: as only who has the key of the ticket-granting service could make it. */
async function forged(
  { realm, tgt }: Begun,
  change: (part: ReturnType<typeof ticketPart>) => Partial<ReturnType<typeof ticketPart>>,
  server = krbtgt(REALM),
): Promise<Held> {
  const key = await keyOf(realm, `krbtgt/${REALM}`)
  const part = ticketPart(tgt, key)
  const cipher = key.encrypt(KeyUsage.KDC_REP_TICKET, encodeDer({ ...part, ...change(part) }, writeEncTicketPart))
  const ticket = makeTicket({
    realm: server.realm,
    sname: server.name,
    encPart: { etype: key.enctype, kvno: 1, cipher },
  })
  return { ...tgt, ticket }
}

suite('a service ticket', () => {
  test('is no longer good than the ticket that it was granted by, and not an initial one', async () => {
    const { realm, tgt } = await begin({ kdcOptions: ALL_FLAGS, till: new Date(NOW.getTime() + 3_600_000) })
    realm.later(600)
    const held = await obtain(realm, tgt, WWW, { kdcOptions: ALL_FLAGS })
    const part = ticketPart(held, await keyOf(realm, WWW))
    assert.equal(part.endtime.getTime(), NOW.getTime() + 3_600_000)
    assert.equal(part.authtime.getTime(), NOW.getTime())
    assert.equal(part.starttime?.getTime(), NOW.getTime() + 600_000)
    const expected = [TicketFlag.FORWARDABLE, TicketFlag.PROXIABLE, TicketFlag.RENEWABLE, TicketFlag.PRE_AUTHENT]
    assert.equal(
      part.flags,
      expected.reduce<number>((all, flag) => all | flag, TicketFlag.TRANSITED_POLICY_CHECKED),
    )
  })

  test('has no flag that the ticket has not that it was granted by', async () => {
    const { realm, tgt } = await begin()
    const held = await obtain(realm, tgt, WWW, { kdcOptions: ALL_FLAGS })
    assert.equal(held.part.flags, TicketFlag.PRE_AUTHENT | TicketFlag.TRANSITED_POLICY_CHECKED)
  })

  test('comes under the subkey of the authenticator, where there is one', async () => {
    const { realm, tgt } = await begin()
    const subkey = KerberosKey.generate(ENCTYPES[1]!)
    const authenticator = { subkey: { keytype: subkey.enctype, keyvalue: subkey.reveal() } }
    const answer = await send(realm, tgsReq(realm, tgt, WWW, {}, { authenticator }))
    hold(answer, 'alice', subkey, KeyUsage.TGS_REP_ENCPART_SUBKEY)
  })

  test('carries what the client adds, but for what only a KDC may say', async () => {
    const { realm, tgt } = await begin()
    const ifRelevant = (...elements: readonly AuthorizationDataElement[]): AuthorizationDataElement => ({
      adType: AuthorizationDataType.AD_IF_RELEVANT,
      adData: encodeDer(elements, writeAuthorizationData),
    })
    const pac = { adType: AuthorizationDataType.AD_WIN2K_PAC, adData: Uint8Array.of(1) }
    const own = { adType: 77, adData: Uint8Array.of(2) }
    const plain = encodeDer([ifRelevant(own), ifRelevant(pac), pac], writeAuthorizationData)
    const sealed = (usage: number) => ({
      etype: tgt.sessionKey.enctype,
      cipher: tgt.sessionKey.encrypt(usage, plain),
    })
    const encAuthorizationData = sealed(KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY)
    const held = await obtain(realm, tgt, WWW, { encAuthorizationData })
    const { authorizationData } = ticketPart(held, await keyOf(realm, WWW))
    assert.deepEqual(
      authorizationData?.map(({ adData }) => adData),
      [ifRelevant(own).adData],
    )
    const wrong = { encAuthorizationData: sealed(KeyUsage.TGS_REQ_AUTHDATA_SUBKEY) }
    assert.equal(await refusalOf({ realm, tgt }, WWW, wrong), Code.KRB_AP_ERR_BAD_INTEGRITY)
  })

  test('with what the KDC must understand, and with too much, is refused', async () => {
    const adData = new Uint8Array(20_000)
    const begun = await begin({}, {}, [{ name: 'laden', attributes: { authorizationData: [{ adType: 77, adData }] } }])
    const of = ({ sessionKey: key }: Held, element: AuthorizationDataElement): Partial<KdcReqBodyFields> => {
      const cipher = key.encrypt(KeyUsage.TGS_REQ_AUTHDATA_SESSION_KEY, encodeDer([element], writeAuthorizationData))
      return { encAuthorizationData: { etype: key.enctype, cipher } }
    }
    const mandatory = { adType: AuthorizationDataType.AD_MANDATORY_FOR_KDC, adData: Uint8Array.of(0x30, 0) }
    assert.equal(await refusalOf(begun, WWW, of(begun.tgt, mandatory)), Code.KDC_ERR_POLICY)
    const laden = { ...begun, tgt: await logOn(begun.realm, 'laden') }
    assert.equal(await refusalOf(laden, WWW, of(laden.tgt, { adType: 77, adData })), Code.KDC_ERR_POLICY)
    await obtain(begun.realm, begun.tgt, WWW, of(begun.tgt, { adType: 77, adData }))
  })
})

suite('a ticket-granting ticket', () => {
  const again = `krbtgt/${REALM}`

  test('is renewed until the time that it says, and not afterwards', async () => {
    const rtime = new Date(NOW.getTime() + 50_000_000)
    const { realm, tgt } = await begin({ kdcOptions: KdcOption.RENEWABLE, rtime })
    realm.later(35_000)
    const renewed = await obtain(realm, tgt, again, { kdcOptions: KdcOption.RENEW })
    assert.equal(renewed.part.endtime.getTime(), rtime.getTime())
    assert.ok(!has(renewed, TicketFlag.INITIAL) && has(renewed, TicketFlag.RENEWABLE))
    realm.later(15_000)
    assert.equal(
      await refusalOf({ realm, tgt: renewed }, again, { kdcOptions: KdcOption.RENEW }),
      Code.KRB_AP_ERR_TKT_EXPIRED,
    )
  })

  test('that lasts beyond the time until which it can be renewed is not renewed then', async () => {
    const begun = await begin({ kdcOptions: KdcOption.RENEWABLE, rtime: new Date(NOW.getTime() + 60_000) })
    begun.realm.later(60)
    assert.equal(await refusalOf(begun, again, { kdcOptions: KdcOption.RENEW }), Code.KRB_AP_ERR_TKT_EXPIRED)
  })

  test('is validated when its time has come', async () => {
    const from = new Date(NOW.getTime() + 3_600_000)
    const { realm, tgt } = await begin({ kdcOptions: KdcOption.POSTDATED, from }, { allowPostdated: true })
    assert.equal(await refusalOf({ realm, tgt }, WWW), Code.KRB_AP_ERR_TKT_NYV)
    const kdcOptions = KdcOption.VALIDATE
    assert.equal(await refusalOf({ realm, tgt }, again, { kdcOptions }), Code.KRB_AP_ERR_TKT_NYV)
    realm.later(3_600)
    assert.equal(await refusalOf({ realm, tgt }, WWW), Code.KRB_AP_ERR_TKT_NYV)
    const valid = await obtain(realm, tgt, again, { kdcOptions })
    assert.ok(!has(valid, TicketFlag.INVALID))
    await obtain(realm, valid, WWW)
    assert.equal(await refusalOf({ realm, tgt: valid }, again, { kdcOptions }), Code.KDC_ERR_BADOPTION)
  })

  test('is postdated itself where it says that it may be', async () => {
    const from = new Date(NOW.getTime() + 3_600_000)
    const fields = { kdcOptions: KdcOption.POSTDATED, from }
    const may = await begin({ kdcOptions: KdcOption.ALLOW_POSTDATE }, { allowPostdated: true })
    assert.ok(has(await obtain(may.realm, may.tgt, WWW, fields), TicketFlag.POSTDATED))
    const not = await begin({}, { allowPostdated: true })
    assert.equal(await refusalOf(not, WWW, fields), Code.KDC_ERR_CANNOT_POSTDATE)
  })

  test('is forwarded to other addresses, and its children say so', async () => {
    const addresses = [{ addrType: AddressType.IPV4, address: Uint8Array.of(10, 0, 0, 2) }]
    const { realm, tgt } = await begin({ kdcOptions: KdcOption.FORWARDABLE })
    const kdcOptions = KdcOption.FORWARDED | KdcOption.FORWARDABLE
    const forwarded = await obtain(realm, tgt, again, { kdcOptions, addresses })
    assert.ok(has(forwarded, TicketFlag.FORWARDED) && has(forwarded, TicketFlag.FORWARDABLE))
    assert.deepEqual(forwarded.part.caddr, addresses)
    const child = await obtain(realm, forwarded, WWW)
    assert.ok(has(child, TicketFlag.FORWARDED))
    assert.deepEqual(child.part.caddr, addresses)
  })

  test('makes proxies for services only', async () => {
    const { realm, tgt } = await begin({ kdcOptions: KdcOption.PROXIABLE })
    assert.ok(has(await obtain(realm, tgt, WWW, { kdcOptions: KdcOption.PROXY }), TicketFlag.PROXY))
    assert.equal(await refusalOf({ realm, tgt }, again, { kdcOptions: KdcOption.PROXY }), Code.KDC_ERR_BADOPTION)
  })

  test('that allows none of this is refused for it', async () => {
    const begun = await begin()
    for (const kdcOptions of [KdcOption.FORWARDED, KdcOption.PROXY]) {
      assert.equal(await refusalOf(begun, WWW, { kdcOptions }), Code.KDC_ERR_BADOPTION)
    }
    for (const kdcOptions of [KdcOption.RENEW, KdcOption.VALIDATE]) {
      assert.equal(await refusalOf(begun, again, { kdcOptions }), Code.KDC_ERR_BADOPTION)
    }
  })

  test('is good from its own addresses only', async () => {
    const address = { addrType: AddressType.IPV4, address: Uint8Array.of(10, 0, 0, 1) }
    const { realm, tgt } = await begin({ addresses: [address] })
    const from = (last: number) => ({
      service: 'kdc' as const,
      address: { ...address, address: Uint8Array.of(10, 0, 0, last) },
    })
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW), from(2)), Code.KRB_AP_ERR_BADADDR)
    assert.equal((await send(realm, tgsReq(realm, tgt, WWW), from(1))).kind, 'reply')
  })

  test('ends with its client', async () => {
    const begun = await begin()
    begun.realm.principals.setAttributes('alice', { disabled: true })
    assert.equal(await refusalOf(begun), Code.KDC_ERR_TGT_REVOKED)
    begun.realm.principals.remove('alice')
    assert.equal(await refusalOf(begun), Code.KDC_ERR_TGT_REVOKED)
  })

  test('outlives a new key of the ticket-granting service', async () => {
    const { realm, tgt } = await begin()
    await realm.principals.setPassword(again, 'a new key')
    await obtain(realm, tgt, WWW)
    assert.equal((await logOn(realm, 'alice')).ticket.encPart.kvno, 2)
  })
})

suite('user-to-user', () => {
  const fieldsOf = (held: Held): Partial<KdcReqBodyFields> => ({
    kdcOptions: KdcOption.ENC_TKT_IN_SKEY,
    additionalTickets: [held.ticket],
  })

  test('makes a ticket under the session key of the other, even for who takes no other tickets', async () => {
    const { realm, tgt } = await begin({}, {}, [{ name: 'carol', attributes: { service: false } }])
    const carol = await logOn(realm, 'carol')
    for (const service of ['carol', undefined]) {
      const held = await obtain(realm, tgt, service, fieldsOf(carol))
      assert.equal(held.ticket.encPart.kvno, undefined)
      assert.deepEqual(ticketPart(held, carol.sessionKey).cname.nameString, ['alice'])
      assert.deepEqual(held.ticket.sname.nameString, ['carol'])
    }
    assert.equal(await refusalOf({ realm, tgt }, 'carol'), Code.KDC_ERR_MUST_USE_USER2USER)
  })

  test('is refused without a ticket, with that of somebody else, with one for a service, and with an old one', async () => {
    const begun = await begin({ till: new Date(NOW.getTime() + 36_000_000) })
    const bob = await logOn(begun.realm, 'bob', { till: new Date(NOW.getTime() + 60_000) })
    const kdcOptions = KdcOption.ENC_TKT_IN_SKEY
    assert.equal(await refusalOf(begun, 'bob', { kdcOptions }), Code.KDC_ERR_BADOPTION)
    assert.equal(await refusalOf(begun, WWW, fieldsOf(bob)), Code.KDC_ERR_SERVER_NOMATCH)
    const service = await obtain(begun.realm, bob, WWW)
    assert.equal(await refusalOf(begun, 'bob', fieldsOf(service)), Code.KDC_ERR_POLICY)
    const etype = [Enctype.AES128_CTS_HMAC_SHA1_96]
    assert.equal(await refusalOf(begun, 'bob', { ...fieldsOf(bob), etype }), Code.KDC_ERR_ETYPE_NOSUPP)
    begun.realm.later(60)
    assert.equal(await refusalOf(begun, 'bob', fieldsOf(bob)), Code.KRB_AP_ERR_TKT_EXPIRED)
  })
})

suite('a TGS-REQ is refused', () => {
  const changed = async (authenticator: Partial<Authenticator>): Promise<number> =>
    refusalOf(await begin(), WWW, {}, { authenticator })

  test('without a ticket', async () => {
    const realm = new TestRealm()
    const request = encodeDer({ msgType: MessageType.KRB_TGS_REQ, reqBody: bodyOf(realm) }, writeKdcReq)
    assert.equal(await errorOf(realm, request), Code.KDC_ERR_PADATA_TYPE_NOSUPP)
  })

  test('when its authenticator is of somebody else, of another time, or under another usage', async () => {
    assert.equal(await changed({ cname: principalOf('bob').name }), Code.KRB_AP_ERR_BADMATCH)
    assert.equal(await changed({ ctime: new Date(NOW.getTime() + 302_000) }), Code.KRB_AP_ERR_SKEW)
    assert.equal(await changed({ ctime: new Date(NOW.getTime() - 302_000) }), Code.KRB_AP_ERR_SKEW)
    const usage = KeyUsage.AP_REQ_AUTHENTICATOR
    assert.equal(await refusalOf(await begin(), WWW, {}, { usage }), Code.KRB_AP_ERR_BAD_INTEGRITY)
  })

  test('when its checksum is not there, of no use, of another type, or of another request', async () => {
    assert.equal(await changed({ cksum: undefined }), Code.KRB_AP_ERR_INAPP_CKSUM)
    const of = (cksumtype: number): Promise<number> => changed({ cksum: { cksumtype, checksum: new Uint8Array(16) } })
    assert.equal(await of(ChecksumType.RSA_MD5), Code.KRB_AP_ERR_INAPP_CKSUM)
    assert.equal(await of(ChecksumType.HMAC_SHA1_96_AES128), Code.KRB_AP_ERR_INAPP_CKSUM)
    assert.equal(await of(99), Code.KDC_ERR_SUMTYPE_NOSUPP)
    const signed = Uint8Array.of(0x30, 0)
    assert.equal(await refusalOf(await begin(), WWW, {}, { signed }), Code.KRB_AP_ERR_MODIFIED)
  })

  test('when its authenticator was made for armor (RFC 6113 section 5.4.1.1)', async () => {
    const armor = { adType: AuthorizationDataType.AD_FX_FAST_ARMOR, adData: new Uint8Array(0) }
    assert.equal(await changed({ authorizationData: [armor] }), Code.KDC_ERR_POLICY)
  })

  test('when its subkey is of a type that is not permitted', async () => {
    const subkey = { keytype: Enctype.RC4_HMAC, keyvalue: new Uint8Array(16) }
    assert.equal(await changed({ subkey }), Code.KDC_ERR_ETYPE_NOSUPP)
  })

  test('when its ticket is altered, of an unknown key, for somebody else, or over', async () => {
    const begun = await begin()
    const { realm, tgt } = begun
    const withPart = (change: object, fields: object = {}): Held => {
      const { realm: where, sname, encPart } = tgt.ticket
      return { ...tgt, ticket: makeTicket({ realm: where, sname, encPart: { ...encPart, ...change }, ...fields }) }
    }
    const of = (held: Held): Promise<number> => refusalOf({ realm, tgt: held })
    const cipher = tgt.ticket.encPart.cipher.map((byte, index) => (index === 20 ? byte ^ 1 : byte))
    assert.equal(await of(withPart({ cipher })), Code.KRB_AP_ERR_BAD_INTEGRITY)
    assert.equal(await of(withPart({ kvno: 7 })), Code.KRB_AP_ERR_BADKEYVER)
    assert.equal(await of(withPart({ etype: Enctype.CAMELLIA256_CTS_CMAC })), Code.KRB_AP_ERR_NOKEY)
    assert.equal(await of(withPart({ etype: Enctype.RC4_HMAC })), Code.KDC_ERR_ETYPE_NOSUPP)
    const sname = krbtgt('NOWHERE.EXAMPLE').name
    assert.equal(await of(withPart({}, { sname })), Code.KRB_AP_ERR_NOT_US)
    const www = await obtain(realm, tgt, WWW)
    assert.equal(await refusalOf({ realm, tgt: www }), Code.KRB_AP_ERR_NOT_US)
    realm.later(36_000)
    assert.equal(await of(tgt), Code.KRB_AP_ERR_TKT_EXPIRED)
  })

  test('when a ticket for a service is to be renewed as one for another', async () => {
    const { realm, tgt } = await begin({ kdcOptions: ALL_FLAGS }, {}, [{ name: 'other' }])
    const www = await obtain(realm, tgt, WWW, { kdcOptions: KdcOption.RENEWABLE })
    const kdcOptions = KdcOption.RENEW
    assert.equal(await refusalOf({ realm, tgt: www }, 'other', { kdcOptions }), Code.KDC_ERR_SERVER_NOMATCH)
    await obtain(realm, www, WWW, { kdcOptions })
  })

  test('for a service that there is not, that has its tickets for passwords only, or none', async () => {
    const begun = await begin()
    assert.equal(await refusalOf(begun, 'nobody'), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    assert.equal(await refusalOf(begun, undefined, { sname: undefined }), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    assert.equal(await refusalOf(begun, 'kadmin/changepw'), Code.KDC_ERR_POLICY)
    begun.realm.principals.setAttributes(WWW, { disabled: true })
    assert.equal(await refusalOf(begun), Code.KDC_ERR_SERVICE_REVOKED)
  })

  test('for what is not done here: anonymous tickets', async () => {
    const begun = await begin()
    assert.equal(await refusalOf(begun, WWW, { kdcOptions: KdcOption.REQUEST_ANONYMOUS }), Code.KDC_ERR_BADOPTION)
  })

  test('when the ticket came through realms without measure, or in an encoding that nobody knows', async () => {
    const begun = await begin()
    const through = (trType: number, contents: Uint8Array): Promise<Held> =>
      forged(begun, () => ({ transited: { trType, contents }, crealm: 'FAR.EXAMPLE' }), krbtgt(REALM))
    // A client of another realm in a ticket of ours, as after a referral.
    const authenticator = { crealm: 'FAR.EXAMPLE' }
    const of = async (held: Held): Promise<number> => refusalOf({ ...begun, tgt: held }, WWW, {}, { authenticator })
    assert.equal(await of(await through(7, Uint8Array.of(65))), Code.KDC_ERR_TRTYPE_NOSUPP)
    assert.equal(await of(await through(1, new Uint8Array(5_000).fill(65))), Code.KDC_ERR_PATH_NOT_ACCEPTED)
    assert.equal(await of(await through(1, new Uint8Array(100).fill(44))), Code.KDC_ERR_PATH_NOT_ACCEPTED)
    assert.equal(await of(await through(1, Uint8Array.of(0xff))), Code.KDC_ERR_PATH_NOT_ACCEPTED)
    assert.equal(await of(await through(1, Uint8Array.of(65))), Code.KDC_ERR_PATH_NOT_ACCEPTED)
  })
})
