// Requests that are well made, by who has the right keys, and ask for what they should not, or say what none should.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { KdcPolicyOptions } from '../../src/kdc/index.js'
import {
  encodeDer,
  Enctype,
  KdcOption,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  makeTicket,
  MessageType,
  NameType,
  PaDataType,
  writeEncTicketPart,
  writeKdcReq,
  type EncTicketPart,
  type KdcReqBodyFields,
  type PaData,
} from '../../src/kerberos/index.js'
import { fastPaData, makeArmor } from './armored.js'
import {
  apReqOf,
  asReq,
  bodyOf,
  errorOf,
  logOn,
  obtain,
  send,
  tgsReq,
  ticketPart,
  timestamp,
  type Held,
} from './requests.js'
import { ENCTYPES, keyOf, NOW, principalOf, REALM, TestRealm } from './realm.js'

const WWW = 'HTTP/www.example.com'
const LAST = new Date('9999-12-31T23:59:59Z')
const FIRST = new Date('0000-01-01T00:00:00Z')

async function begin(policy: KdcPolicyOptions = {}): Promise<{ readonly realm: TestRealm; readonly tgt: Held }> {
  const realm = new TestRealm([{ name: 'alice' }, { name: WWW }], policy)
  return { realm, tgt: await logOn(realm, 'alice') }
}

/** A ticket-granting ticket that says something else, as nobody but the KDC could make it. */
async function forged(realm: TestRealm, tgt: Held, change: Partial<EncTicketPart>, kvno?: number): Promise<Held> {
  const key = await keyOf(realm, `krbtgt/${REALM}`)
  const part = encodeDer({ ...ticketPart(tgt, key), ...change }, writeEncTicketPart)
  const cipher = key.encrypt(KeyUsage.KDC_REP_TICKET, part)
  const { realm: where, sname } = tgt.ticket
  return { ...tgt, ticket: makeTicket({ realm: where, sname, encPart: { etype: key.enctype, kvno, cipher } }) }
}

suite('tickets in the name of others (MS-SFU), which are not made here, are refused', () => {
  const forUser = (padataType: number): PaData => ({ padataType, padataValue: Uint8Array.of(0x30, 0) })

  test('to oneself, by PA-FOR-USER and PA-S4U-X509-USER: KDC_ERR_PADATA_TYPE_NOSUPP', async () => {
    const { realm, tgt } = await begin()
    for (const type of [PaDataType.PA_FOR_USER, PaDataType.PA_FOR_X509_USER]) {
      const padata = [forUser(type)]
      assert.equal(await errorOf(realm, tgsReq(realm, tgt, 'alice', {}, { padata })), Code.KDC_ERR_PADATA_TYPE_NOSUPP)
    }
  })

  test('to oneself, within FAST', async () => {
    const { realm, tgt } = await begin()
    const subkey = KerberosKey.generate(tgt.sessionKey.enctype)
    const armor = makeArmor(realm, tgt, subkey)
    const reqBody = bodyOf(realm, { sname: principalOf(WWW).name })
    const cksum = {
      cksumtype: tgt.sessionKey.profile.checksumType,
      checksum: tgt.sessionKey.checksum(KeyUsage.TGS_REQ_AUTHENTICATOR_CHKSUM, reqBody.raw),
    }
    const part = { cksum, subkey: { keytype: subkey.enctype, keyvalue: subkey.reveal() } }
    const apReq = apReqOf(realm, tgt, KeyUsage.TGS_REQ_AUTHENTICATOR, part)
    const inside = [forUser(PaDataType.PA_FOR_USER)]
    const fast = fastPaData(armor, reqBody, inside, apReq, { armor: undefined })
    const padata = [{ padataType: PaDataType.PA_TGS_REQ, padataValue: apReq }, fast]
    const request = encodeDer({ msgType: MessageType.KRB_TGS_REQ, padata, reqBody }, writeKdcReq)
    assert.equal(await errorOf(realm, request), Code.KDC_ERR_PADATA_TYPE_NOSUPP)
  })

  test('to others, by a ticket of the user: KDC_ERR_BADOPTION', async () => {
    const { realm, tgt } = await begin()
    const evidence = await obtain(realm, tgt, WWW)
    const fields = { kdcOptions: KdcOption.CNAME_IN_ADDL_TKT, additionalTickets: [evidence.ticket] }
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, fields)), Code.KDC_ERR_BADOPTION)
  })
})

suite('a ticket-granting ticket', () => {
  const cases: readonly (readonly [
    what: string,
    change: Partial<EncTicketPart>,
    kvno: number | undefined,
    code: number,
  ])[] = [
    ['under a version of the key that is not there', {}, 257, Code.KRB_AP_ERR_BADKEYVER],
    ['under a version that takes all bits', {}, 0xffff_ffff, Code.KRB_AP_ERR_BADKEYVER],
    ['that ended in the year 0', { endtime: FIRST }, 1, Code.KRB_AP_ERR_TKT_EXPIRED],
    ['that starts in the year 9999', { starttime: LAST, endtime: LAST }, 1, Code.KRB_AP_ERR_TKT_NYV],
    ['of a client that there is not', { cname: principalOf('nobody').name }, 1, Code.KRB_AP_ERR_BADMATCH],
    [
      'with a session key of a type that nobody knows',
      { key: { keytype: 9999, keyvalue: new Uint8Array(32) } },
      1,
      Code.KDC_ERR_ETYPE_NOSUPP,
    ],
    [
      'with a session key of RC4',
      { key: { keytype: Enctype.RC4_HMAC, keyvalue: new Uint8Array(16) } },
      1,
      Code.KDC_ERR_ETYPE_NOSUPP,
    ],
    [
      'with a session key that is too short',
      { key: { keytype: ENCTYPES[0]!, keyvalue: new Uint8Array(31) } },
      1,
      Code.KRB_ERR_GENERIC,
    ],
  ]
  for (const [what, change, kvno, code] of cases) {
    test(`${what} is refused`, async () => {
      const { realm, tgt } = await begin()
      const held = await forged(realm, tgt, change, kvno)
      assert.equal(await errorOf(realm, tgsReq(realm, held, WWW)), code)
    })
  }

  test('that says no version of its key, or that lasts until the year 9999, is taken', async () => {
    const { realm, tgt } = await begin()
    const held = await forged(realm, tgt, { endtime: LAST, renewTill: LAST, starttime: FIRST, authtime: FIRST })
    const { part } = await obtain(realm, held, WWW)
    assert.equal(part.endtime.getTime(), NOW.getTime() + 36_000_000)
  })

  test('counts once in a request that has it twice, and its checksum is of the first', async () => {
    const { realm, tgt } = await begin()
    const again = { padataType: PaDataType.PA_TGS_REQ, padataValue: Uint8Array.of(0x6e, 0) }
    assert.equal((await send(realm, tgsReq(realm, tgt, WWW, {}, { padata: [again] }))).kind, 'reply')
  })
})

suite('an authenticator', () => {
  const cases = [
    ['of the year 9999', { ctime: LAST }, Code.KRB_AP_ERR_SKEW],
    ['of the year 0', { ctime: FIRST }, Code.KRB_AP_ERR_SKEW],
    [
      'with a subkey of a type that nobody knows',
      { subkey: { keytype: -1, keyvalue: new Uint8Array(0) } },
      Code.KDC_ERR_ETYPE_NOSUPP,
    ],
    [
      'with a subkey that is too short',
      { subkey: { keytype: ENCTYPES[0]!, keyvalue: new Uint8Array(1) } },
      Code.KRB_ERR_GENERIC,
    ],
    ['of a client of another realm', { crealm: 'OTHER.EXAMPLE' }, Code.KRB_AP_ERR_BADMATCH],
  ] as const
  for (const [what, authenticator, code] of cases) {
    test(`${what} is refused`, async () => {
      const { realm, tgt } = await begin()
      assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, {}, { authenticator })), code)
    })
  }
})

suite('a request', () => {
  const good = async (realm: TestRealm, fields: Partial<KdcReqBodyFields>): Promise<Uint8Array> =>
    asReq(realm, 'alice', fields, [timestamp(await keyOf(realm, 'alice'), NOW)])

  test('for names of any type is answered for the names', async () => {
    const { realm } = await begin()
    for (const nameType of [-1, 0, NameType.NT_SRV_HST, NameType.NT_WELLKNOWN, 0x7fff_ffff]) {
      const answer = await send(realm, await good(realm, { cname: { nameType, nameString: ['alice'] } }))
      assert.equal(answer.kind, 'reply', String(nameType))
    }
  })

  test('for names that are none finds nobody', async () => {
    const { realm, tgt } = await begin()
    const names = [
      [],
      [''],
      ['alice', ''],
      ['alice\0'],
      ['../alice'],
      ['\u001b[2J'],
      Array<string>(64).fill('x'.repeat(200)),
    ]
    for (const nameString of names) {
      const name = { nameType: 1, nameString }
      assert.equal(await errorOf(realm, await good(realm, { cname: name })), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
      assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, { sname: name })), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
    }
  })

  test('has the nonce of its reply, whatever that is', async () => {
    const { realm, tgt } = await begin()
    for (const nonce of [0, -1, -0x8000_0000, 0xffff_ffff]) {
      assert.equal((await obtain(realm, tgt, WWW, { nonce })).part.nonce, nonce)
    }
  })

  test('with encryption types over and over, or that are none, is answered by one that is', async () => {
    const { realm, tgt } = await begin()
    const etype = [...Array<number>(200).fill(-2_147_483_648), ...Array<number>(50).fill(0), ENCTYPES[1]!, ...ENCTYPES]
    assert.equal((await obtain(realm, tgt, WWW, { etype })).sessionKey.enctype, ENCTYPES[1])
    for (const none of [[], [0], [Enctype.RC4_HMAC]]) {
      assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, { etype: none })), Code.KDC_ERR_ETYPE_NOSUPP)
    }
  })

  test('for times at their ends is answered within the policy, or refused', async () => {
    const { realm, tgt } = await begin()
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, { till: FIRST })), Code.KDC_ERR_NEVER_VALID)
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, { from: LAST })), Code.KDC_ERR_CANNOT_POSTDATE)
    const { part } = await obtain(realm, tgt, WWW, { from: FIRST, till: LAST, rtime: LAST })
    assert.equal(part.endtime.getTime(), NOW.getTime() + 36_000_000)
  })

  test('with every option at once is refused by one of them', async () => {
    const { realm, tgt } = await begin({ allowPostdated: true })
    assert.equal(await errorOf(realm, tgsReq(realm, tgt, WWW, { kdcOptions: 0xffff_ffff })), Code.KDC_ERR_BADOPTION)
    assert.equal(await errorOf(realm, await good(realm, { kdcOptions: 0xffff_ffff })), Code.KDC_ERR_BADOPTION)
  })

  test('without a body that fits its kind is refused', async () => {
    const { realm } = await begin()
    const reqBody = bodyOf(realm, { cname: undefined, sname: undefined })
    const request = encodeDer({ msgType: MessageType.KRB_AS_REQ, padata: undefined, reqBody }, writeKdcReq)
    assert.equal(await errorOf(realm, request), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
  })
})
