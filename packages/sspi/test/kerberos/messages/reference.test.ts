import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8, fromHex, toHex } from '../../../src/bytes/index.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { readVectors } from '../../vectors.js'
import { ownSamples, referenceCases, referenceCodecs } from './codecs.js'

const realm = 'ATHENA.MIT.EDU'
const name = { nameType: 1, nameString: ['hftsai', 'extra'] }
const time = new Date('1994-06-10T06:03:17Z')
const usec = 123456
const key = { keytype: 1, keyvalue: encodeUtf8('12345678') }
const cksum = { cksumtype: 1, checksum: encodeUtf8('1234') }
const address = { addrType: 2, address: fromHex('12d00023') }
const encrypted = { etype: 0, kvno: 5, cipher: encodeUtf8('krbASN.1 test message') }
const padata = Array(2).fill({ padataType: 13, padataValue: encodeUtf8('pa-data') }) as m.PaData[]
const authorizationData = Array(2).fill({ adType: 1, adData: encodeUtf8('foobar') }) as m.AuthorizationDataElement[]
const data = encodeUtf8('krb5data')
const flags = 0xfedc_ba98
const ticket = m.makeTicket({ realm, sname: name, encPart: encrypted })
const reqBody = m.makeKdcReqBody({
  kdcOptions: 0xfedc_ba90,
  cname: name,
  realm,
  sname: name,
  from: time,
  till: time,
  rtime: time,
  nonce: 42,
  etype: [0, 1],
  addresses: [address, address],
  encAuthorizationData: encrypted,
  additionalTickets: [ticket, ticket],
})
const kdcRep = { padata, crealm: realm, cname: name, ticket, encPart: encrypted }
const secured: m.SecuredData = {
  userData: data,
  timestamp: time,
  usec,
  seqNumber: 17,
  sAddress: address,
  rAddress: address,
}
const credInfo: m.KrbCredInfo = {
  key,
  prealm: realm,
  pname: name,
  flags,
  authtime: time,
  starttime: time,
  endtime: time,
  renewTill: time,
  srealm: realm,
  sname: name,
  caddr: [address, address],
}
const info = (etype: number): Uint8Array => encodeUtf8(`Morton's #${String(etype)}`)
const s2k = (etype: number): Uint8Array => encodeUtf8(`s2k: ${String(etype)}`)
const verifier = (mac: string): m.VerifierMac => ({
  identifier: name,
  kvno: 5,
  enctype: 16,
  mac: { cksumtype: 1, checksum: encodeUtf8(mac) },
})

/** What MIT's reference encodings hold, by the sample values that the vectors' note and trees give. */
const expected: Readonly<Record<string, unknown>> = {
  authenticator: {
    crealm: realm,
    cname: name,
    cksum,
    cusec: usec,
    ctime: time,
    subkey: key,
    seqNumber: 17,
    authorizationData,
  },
  ticket,
  keyblock: key,
  enc_tkt_part: {
    flags,
    key,
    crealm: realm,
    cname: name,
    transited: { trType: 1, contents: encodeUtf8('EDU,MIT.,ATHENA.,WASHINGTON.EDU,CS.') },
    authtime: time,
    starttime: time,
    endtime: time,
    renewTill: time,
    caddr: [address, address],
    authorizationData,
  },
  enc_kdc_rep_part: {
    type: 'EncTGSRepPart',
    key,
    lastReq: [
      { lrType: -5, lrValue: time },
      { lrType: -5, lrValue: time },
    ],
    nonce: 42,
    keyExpiration: time,
    flags,
    authtime: time,
    starttime: time,
    endtime: time,
    renewTill: time,
    srealm: realm,
    sname: name,
    caddr: [address, address],
    encryptedPaData: undefined,
  },
  as_rep: { msgType: 11, ...kdcRep },
  tgs_rep: { msgType: 13, ...kdcRep },
  ap_req: { apOptions: flags, ticket, authenticator: encrypted },
  ap_rep: { encPart: encrypted },
  ap_rep_enc_part: { ctime: time, cusec: usec, subkey: key, seqNumber: 17 },
  as_req: { msgType: 10, padata, reqBody },
  tgs_req: { msgType: 12, padata, reqBody },
  kdc_req_body: reqBody,
  safe: { safeBody: m.encodeDer(secured, m.writeKrbSafeBody), cksum },
  priv: { encPart: encrypted },
  enc_priv_part: secured,
  cred: { tickets: [ticket, ticket], encPart: encrypted },
  enc_cred_part: {
    ticketInfo: [credInfo, credInfo],
    nonce: 42,
    timestamp: time,
    usec,
    sAddress: address,
    rAddress: address,
  },
  error: {
    ctime: time,
    cusec: usec,
    stime: time,
    susec: usec,
    errorCode: 60,
    crealm: realm,
    cname: name,
    realm,
    sname: name,
    eText: 'krb5data',
    eData: data,
  },
  authorization_data: authorizationData,
  padata_sequence: padata,
  typed_data: padata.map(({ padataType, padataValue }) => ({ dataType: padataType, dataValue: padataValue })),
  etype_info: [
    { etype: 0, salt: info(0) },
    { etype: 1, salt: undefined },
    { etype: 2, salt: info(2) },
  ],
  etype_info2: [
    { etype: 0, salt: info(0), s2kparams: s2k(0) },
    { etype: 1, salt: undefined, s2kparams: s2k(1) },
    { etype: 2, salt: info(2), s2kparams: s2k(2) },
  ],
  pa_enc_ts: { patimestamp: time, pausec: usec },
  enc_data: encrypted,
  pa_for_user: { userName: name, userRealm: realm, cksum, authPackage: 'krb5data' },
  pa_s4u_x509_user: {
    userId: m.encodeDer(
      {
        nonce: 13243546,
        cname: name,
        crealm: realm,
        subjectCertificate: encodeUtf8('pa_s4u_x509_user'),
        options: 0x8000_0000,
      },
      m.writeS4uUserId,
    ),
    checksum: cksum,
  },
  ad_kdcissued: {
    adChecksum: cksum,
    iRealm: realm,
    iSname: name,
    elements: m.encodeDer(authorizationData, m.writeAuthorizationData),
  },
  iakerb_header: { targetRealm: 'krb5data', cookie: data },
  iakerb_finished: { gssMic: cksum },
  fast_response: {
    padata,
    strengthenKey: key,
    finished: { timestamp: time, usec, crealm: realm, cname: name, ticketChecksum: cksum },
    nonce: 42,
  },
  pa_fx_fast_reply: { encFastRep: encrypted },
  kkdcp_message: {
    kerbMessage: m.encodeDer(
      { msgType: 10, padata, reqBody: m.makeKdcReqBody({ ...reqBody, kdcOptions: flags }) },
      m.writeKdcReq,
    ),
    targetDomain: 'krb5data',
    dclocatorHint: undefined,
  },
  cammac: {
    elements: m.encodeDer(
      [
        { adType: 1, adData: encodeUtf8('ad1') },
        { adType: 2, adData: encodeUtf8('ad2') },
      ],
      m.writeAuthorizationData,
    ),
    kdcVerifier: verifier('cksumkdc'),
    svcVerifier: verifier('cksumsvc'),
    otherVerifiers: [
      {
        identifier: undefined,
        kvno: undefined,
        enctype: undefined,
        mac: { cksumtype: 1, checksum: encodeUtf8('cksum1') },
      },
      verifier('cksum2'),
    ],
  },
  spake_factor: { type: 2, data: encodeUtf8('fdata') },
}

/** What nothing here reads, and why. */
const leftOut: readonly (readonly [of: RegExp, why: string])[] = [
  [/^reference:.*sam_/, 'SAM-2 never became a standard'],
  [/^reference:.*otp_/, 'RFC 6560 is not spoken'],
  [/^reference:secure_cookie$/, "a private format of MIT's KDC"],
  [/^ldap:/, "a private format of MIT's database"],
  [/^pkinit:/, 'PKINIT needs CMS, which the core has not'],
]

const isLeftOut = (caseName: string): boolean => leftOut.some(([of]) => of.test(caseName))

test('of the reference encodings, those of other protocols are left out', () => {
  assert.equal(referenceCases.filter(({ name: caseName }) => isLeftOut(caseName)).length, 16)
  assert.equal(referenceCases.length, 16 + referenceCodecs.size)
})

for (const { name: caseName, der } of referenceCases.filter((entry) => !isLeftOut(entry.name))) {
  test(`${caseName}: every field is read, and written again to the same bytes`, () => {
    const type = caseName.replace('reference:', '')
    const codec = referenceCodecs.get(type)
    assert.ok(codec, `no codec for ${caseName}`)
    const value = codec.read(der)
    assert.deepEqual(value, expected[type])
    assert.equal(toHex(codec.write(value)), toHex(der))
    assert.equal(toHex(codec.write(expected[type])), toHex(der))
  })
}

for (const { codec, value } of ownSamples) {
  test(`${codec.name}: what is written is read, and written again to the same bytes`, () => {
    const der = codec.write(value)
    assert.deepEqual(codec.read(der), value)
    assert.deepEqual(codec.write(codec.read(der)), der)
  })
}

test('what checksums cover is read from the bytes that were kept', () => {
  const of = (caseName: string): Uint8Array =>
    referenceCases.find((entry) => entry.name === `reference:${caseName}`)!.der
  const safe = m.decodeDer(of('safe'), m.readKrbSafe)
  assert.deepEqual(m.decodeDer(safe.safeBody, m.readKrbSafeBody), secured)
  const user = m.decodeDer(of('pa_s4u_x509_user'), m.readPaS4uX509User)
  assert.equal(m.decodeDer(user.userId, m.readS4uUserId).nonce, 13243546)
  const issued = m.decodeDer(of('ad_kdcissued'), m.readAdKdcIssued)
  assert.deepEqual(m.decodeDer(issued.elements, m.readAuthorizationData), authorizationData)
})

interface Malformed {
  readonly der: string
  readonly decodeAs: string
}

for (const { name: caseName, input, expected: verdict } of readVectors<Malformed, { why: string }>(
  'asn1/malformed.json',
).cases) {
  if (input.decodeAs === 'AP-REP') {
    test(`malformed AP-REP: ${caseName} is refused, since ${verdict.why}`, () => {
      assert.throws(() => m.decodeDer(fromHex(input.der), m.readApRep), { code: 'SEC_E_INVALID_TOKEN' })
    })
  }
}
