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
const hotp = 'urn:ietf:params:xml:ns:keyprov:pskc:hotp'
const tokenInfo: m.OtpTokenInfo = {
  flags: 0x7700_0000,
  otpVendor: 'Examplecorp',
  otpChallenge: encodeUtf8('hark!'),
  otpLength: 10,
  otpFormat: 2,
  otpTokenId: encodeUtf8('yourtoken'),
  otpAlgId: hotp,
  supportedHashAlg: [
    { algorithm: '2.16.840.1.101.3.4.2.1', parameters: undefined },
    { algorithm: '1.3.14.3.2.26', parameters: undefined },
  ],
  iterationCount: 1000,
}
const emptyToken: m.OtpTokenInfo = {
  flags: 0,
  otpVendor: undefined,
  otpChallenge: undefined,
  otpLength: undefined,
  otpFormat: undefined,
  otpTokenId: undefined,
  otpAlgId: undefined,
  supportedHashAlg: undefined,
  iterationCount: undefined,
}
/** OCTET STRING "params". */
const algorithm = { algorithm: '1.2.840.113554.1.2.2', parameters: fromHex('0406706172616d73') }
const noParameters = { ...algorithm, parameters: undefined }
const party = m.encodeDer({ realm, principalName: name }, m.writeKrb5PrincipalName)
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
  sam_challenge_2: {
    samBody: fromHex('300b04096368616c6c656e6765'),
    samCksum: [cksum],
  },
  sam_challenge_2_body: {
    samType: 42,
    samFlags: 0x8000_0000,
    samTypeName: encodeUtf8('type name'),
    samTrackId: undefined,
    samChallengeLabel: encodeUtf8('challenge label'),
    samChallenge: encodeUtf8('challenge ipse'),
    samResponsePrompt: encodeUtf8('response_prompt ipse'),
    samPkForSad: undefined,
    samNonce: 0x543210,
    samEtype: 20,
  },
  sam_response_2: {
    samType: 43,
    samFlags: 0x8000_0000,
    samTrackId: encodeUtf8('track data'),
    samEncNonceOrSad: { etype: 20, kvno: 3382, cipher: encodeUtf8('nonce or sad') },
    samNonce: 0x543210,
  },
  enc_sam_response_enc_2: { samNonce: 88, samSad: encodeUtf8('enc_sam_response_enc_2') },
  otp_tokeninfo: tokenInfo,
  pa_otp_challenge: {
    nonce: encodeUtf8('maxnonce'),
    otpService: 'testservice',
    otpTokenInfo: [emptyToken, tokenInfo],
    salt: encodeUtf8('keysalt'),
    s2kparams: encodeUtf8('1234'),
  },
  pa_otp_req: {
    flags: 0x6000_0000,
    nonce: encodeUtf8('nonce'),
    encData: encrypted,
    hashAlg: { algorithm: '2.16.840.1.101.3.4.2.1', parameters: undefined },
    iterationCount: 1000,
    otpValue: encodeUtf8('frogs'),
    otpPin: 'myfirstpin',
    otpChallenge: encodeUtf8('hark!'),
    otpTime: time,
    otpCounter: encodeUtf8('346'),
    otpFormat: 2,
    otpTokenId: encodeUtf8('yourtoken'),
    otpAlgId: hotp,
    otpVendor: 'Examplecorp',
  },
  pa_otp_enc_req: data,
  secure_cookie: { time: 771228197, data: padata },
  pa_pk_as_req: {
    signedAuthPack: data,
    trustedCertifiers: [{ subjectName: data, issuerAndSerialNumber: data, subjectKeyIdentifier: data }],
    kdcPkId: data,
  },
  auth_pack: {
    pkAuthenticator: {
      cusec: usec,
      ctime: time,
      nonce: 42,
      paChecksum: data,
      freshnessToken: data,
      paChecksum2: { checksum: data, algorithm },
    },
    // MIT's example has an OCTET STRING where a SubjectPublicKeyInfo belongs.
    clientPublicValue: fromHex('04067076616c7565'),
    supportedCmsTypes: [algorithm, noParameters],
    clientDhNonce: data,
    // "krb5data" taken for the content of an object identifier.
    supportedKdfs: ['2.27.114.98.53.100.97.116.97'],
  },
  kdc_dh_key_info: { subjectPublicKey: { bytes: data, unusedBits: 0 }, nonce: 42, dhKeyExpiration: time },
  reply_key_pack: { replyKey: key, asChecksum: cksum },
  sp80056a_other_info: {
    algorithmId: noParameters,
    partyUInfo: party,
    partyVInfo: party,
    suppPubInfo: data,
    suppPrivInfo: undefined,
  },
  pkinit_supp_pub_info: { enctype: 20, asReq: data, pkAsRep: data },
  ldap_seqof_key_data: {
    attributeMajorVno: 1,
    attributeMinorVno: 1,
    kvno: 42,
    mkvno: 14,
    keys: [0, 1, 2].map((number) => ({
      salt: { type: number, salt: encodeUtf8(`salt${String(number)}`) },
      key: { keytype: 2, keyvalue: encodeUtf8(`key${String(number)}`) },
      s2kparams: undefined,
    })),
  },
  spake_factor: { type: 2, data: encodeUtf8('fdata') },
}

test('there is a codec for every reference encoding', () => {
  assert.deepEqual(referenceCases.map(({ type }) => type).toSorted(), [...referenceCodecs.keys()].toSorted())
})

for (const { name: caseName, type, der } of referenceCases) {
  test(`${caseName}: every field is read, and written again to the same bytes`, () => {
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
