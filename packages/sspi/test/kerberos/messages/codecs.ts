import { applicationTag, fromHex } from '../../../src/bytes/index.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { readVectors } from '../../vectors.js'

/** A type's reader and writer, the type itself forgotten. */
export interface Codec {
  readonly name: string
  readonly read: (bytes: Uint8Array) => unknown
  readonly write: (value: unknown) => Uint8Array
}

/** Pairs a reader with its writer. What `write` is given must be what `read` has made. */
export function codec<T>(name: string, read: m.ReadDer<T>, write: m.WriteDer<T>): Codec {
  return {
    name,
    read: (bytes) => m.decodeDer(bytes, read),
    write: (value) => m.encodeDer(value as T, write),
  }
}

const byTag = new Map<number, Codec>([
  [applicationTag(1), codec('Ticket', m.readTicket, m.writeTicket)],
  [applicationTag(2), codec('Authenticator', m.readAuthenticator, m.writeAuthenticator)],
  [applicationTag(3), codec('EncTicketPart', m.readEncTicketPart, m.writeEncTicketPart)],
  [applicationTag(10), codec('AS-REQ', m.readKdcReq, m.writeKdcReq)],
  [applicationTag(11), codec('AS-REP', m.readKdcRep, m.writeKdcRep)],
  [applicationTag(12), codec('TGS-REQ', m.readKdcReq, m.writeKdcReq)],
  [applicationTag(13), codec('TGS-REP', m.readKdcRep, m.writeKdcRep)],
  [applicationTag(14), codec('AP-REQ', m.readApReq, m.writeApReq)],
  [applicationTag(15), codec('AP-REP', m.readApRep, m.writeApRep)],
  [applicationTag(20), codec('KRB-SAFE', m.readKrbSafe, m.writeKrbSafe)],
  [applicationTag(21), codec('KRB-PRIV', m.readKrbPriv, m.writeKrbPriv)],
  [applicationTag(22), codec('KRB-CRED', m.readKrbCred, m.writeKrbCred)],
  [applicationTag(25), codec('EncASRepPart', m.readEncKdcRepPart, m.writeEncKdcRepPart)],
  [applicationTag(26), codec('EncTGSRepPart', m.readEncKdcRepPart, m.writeEncKdcRepPart)],
  [applicationTag(27), codec('EncAPRepPart', m.readEncApRepPart, m.writeEncApRepPart)],
  [applicationTag(28), codec('EncKrbPrivPart', m.readEncKrbPrivPart, m.writeEncKrbPrivPart)],
  [applicationTag(29), codec('EncKrbCredPart', m.readEncKrbCredPart, m.writeEncKrbCredPart)],
  [applicationTag(30), codec('KRB-ERROR', m.readKrbError, m.writeKrbError)],
])

/** The codec of a message that says by its tag what it is; `undefined` for other bytes. */
export function codecOf(message: Uint8Array): Codec | undefined {
  return byTag.get(message[0] ?? 0)
}

/** Codecs of the reference encodings, by the case's name behind the colon. */
export const referenceCodecs: ReadonlyMap<string, Codec> = new Map(
  [
    codec('authenticator', m.readAuthenticator, m.writeAuthenticator),
    codec('ticket', m.readTicket, m.writeTicket),
    codec('keyblock', m.readEncryptionKey, m.writeEncryptionKey),
    codec('enc_tkt_part', m.readEncTicketPart, m.writeEncTicketPart),
    codec('enc_kdc_rep_part', m.readEncKdcRepPart, m.writeEncKdcRepPart),
    codec('as_rep', m.readKdcRep, m.writeKdcRep),
    codec('tgs_rep', m.readKdcRep, m.writeKdcRep),
    codec('ap_req', m.readApReq, m.writeApReq),
    codec('ap_rep', m.readApRep, m.writeApRep),
    codec('ap_rep_enc_part', m.readEncApRepPart, m.writeEncApRepPart),
    codec('as_req', m.readKdcReq, m.writeKdcReq),
    codec('tgs_req', m.readKdcReq, m.writeKdcReq),
    codec('kdc_req_body', m.readKdcReqBody, m.writeKdcReqBody),
    codec('safe', m.readKrbSafe, m.writeKrbSafe),
    codec('priv', m.readKrbPriv, m.writeKrbPriv),
    codec('enc_priv_part', m.readEncKrbPrivPart, m.writeEncKrbPrivPart),
    codec('cred', m.readKrbCred, m.writeKrbCred),
    codec('enc_cred_part', m.readEncKrbCredPart, m.writeEncKrbCredPart),
    codec('error', m.readKrbError, m.writeKrbError),
    codec('authorization_data', m.readAuthorizationData, m.writeAuthorizationData),
    codec('padata_sequence', m.readMethodData, m.writeMethodData),
    codec('typed_data', m.readTypedData, m.writeTypedData),
    codec('etype_info', m.readEtypeInfo, m.writeEtypeInfo),
    codec('etype_info2', m.readEtypeInfo2, m.writeEtypeInfo2),
    codec('pa_enc_ts', m.readPaEncTsEnc, m.writePaEncTsEnc),
    codec('enc_data', m.readEncryptedData, m.writeEncryptedData),
    codec('pa_for_user', m.readPaForUser, m.writePaForUser),
    codec('pa_s4u_x509_user', m.readPaS4uX509User, m.writePaS4uX509User),
    codec('ad_kdcissued', m.readAdKdcIssued, m.writeAdKdcIssued),
    codec('iakerb_header', m.readIakerbHeader, m.writeIakerbHeader),
    codec('iakerb_finished', m.readIakerbFinished, m.writeIakerbFinished),
    codec('fast_response', m.readKrbFastResponse, m.writeKrbFastResponse),
    codec('pa_fx_fast_reply', m.readPaFxFastReply, m.writePaFxFastReply),
    codec('kkdcp_message', m.readKdcProxyMessage, m.writeKdcProxyMessage),
    codec('cammac', m.readAdCammac, m.writeAdCammac),
    codec('spake_factor', m.readSpakeSecondFactor, m.writeSpakeSecondFactor),
    codec('sam_challenge_2', m.readPaSamChallenge2, m.writePaSamChallenge2),
    codec('sam_challenge_2_body', m.readPaSamChallenge2Body, m.writePaSamChallenge2Body),
    codec('sam_response_2', m.readPaSamResponse2, m.writePaSamResponse2),
    codec('enc_sam_response_enc_2', m.readPaEncSamResponseEnc, m.writePaEncSamResponseEnc),
    codec('otp_tokeninfo', m.readOtpTokenInfo, m.writeOtpTokenInfo),
    codec('pa_otp_challenge', m.readPaOtpChallenge, m.writePaOtpChallenge),
    codec('pa_otp_req', m.readPaOtpRequest, m.writePaOtpRequest),
    codec('pa_otp_enc_req', m.readPaOtpEncRequest, m.writePaOtpEncRequest),
    codec('secure_cookie', m.readMitSecureCookie, m.writeMitSecureCookie),
    codec('pa_pk_as_req', m.readPaPkAsReq, m.writePaPkAsReq),
    codec('auth_pack', m.readAuthPack, m.writeAuthPack),
    codec('kdc_dh_key_info', m.readKdcDhKeyInfo, m.writeKdcDhKeyInfo),
    codec('reply_key_pack', m.readReplyKeyPack, m.writeReplyKeyPack),
    codec('sp80056a_other_info', m.readPkinitOtherInfo, m.writePkinitOtherInfo),
    codec('pkinit_supp_pub_info', m.readPkinitSuppPubInfo, m.writePkinitSuppPubInfo),
    codec('ldap_seqof_key_data', m.readMitKeySet, m.writeMitKeySet),
  ].map((entry) => [entry.name, entry]),
)

/** A reference encoding of MIT: the type's name and the bytes. */
export interface ReferenceCase {
  /** `reference:ticket`: which of MIT's tests it is of, and of what type. */
  readonly name: string
  /** The type alone. */
  readonly type: string
  readonly der: Uint8Array
}

/** All reference encodings. */
export const referenceCases: readonly ReferenceCase[] = readVectors<unknown, { der: string }>(
  'asn1/kerberos-der.json',
).cases.map(({ name, expected }) => ({ name, type: name.replace(/^[a-z]+:/, ''), der: fromHex(expected.der) }))

/** Types without a reference encoding: a sample of each, made here. */
export const ownSamples: readonly { readonly codec: Codec; readonly value: unknown }[] = [
  sample('AD-AND-OR', m.readAdAndOr, m.writeAdAndOr, {
    conditionCount: 1,
    elements: [{ adType: 1, adData: fromHex('3000') }],
  }),
  sample('KERB-ERROR-DATA', m.readKerbErrorData, m.writeKerbErrorData, {
    dataType: 3,
    dataValue: fromHex('720000c00000000001000000'),
  }),
  sample('KERB-PA-PAC-REQUEST', m.readPaPacRequest, m.writePaPacRequest, { includePac: true }),
  sample('PA-PAC-OPTIONS', m.readPaPacOptions, m.writePaPacOptions, { flags: 0x9000_0000 }),
  sample('KERB-SUPERSEDED-BY-USER', m.readKerbSupersededByUser, m.writeKerbSupersededByUser, {
    name: { nameType: 1, nameString: ['svc$'] },
    realm: 'EXAMPLE.COM',
  }),
  sample('KERB-KEY-LIST-REQ', m.readKerbKeyListReq, m.writeKerbKeyListReq, [23, 18, -128]),
  sample('KERB-KEY-LIST-REP', m.readKerbKeyListRep, m.writeKerbKeyListRep, [
    { keytype: 23, keyvalue: fromHex('00112233445566778899aabbccddeeff') },
  ]),
  sample('KERB-AD-RESTRICTION-ENTRY', m.readKerbAdRestrictions, m.writeKerbAdRestrictions, [
    { restrictionType: 0, restriction: fromHex('0000000000200000') },
  ]),
  sample('ChangePasswdData', m.readChangePasswdData, m.writeChangePasswdData, {
    newpasswd: fromHex('50772d32'),
    targname: { nameType: 1, nameString: ['bob'] },
    targrealm: 'EXAMPLE.COM',
  }),
  sample('S4UUserID', m.readS4uUserId, m.writeS4uUserId, {
    nonce: 0xffff_fffe,
    cname: undefined,
    crealm: 'EXAMPLE.COM',
    subjectCertificate: fromHex('3000'),
    options: 0x2000_0000,
  }),
  sample('PA-FX-FAST-REQUEST', m.readPaFxFastRequest, m.writePaFxFastRequest, {
    armor: { armorType: 1, armorValue: fromHex('6e00') },
    reqChecksum: { cksumtype: 16, checksum: fromHex('010203') },
    encFastReq: { etype: 18, kvno: undefined, cipher: fromHex('040506') },
  }),
  sample('KrbFastReq', m.readKrbFastReq, m.writeKrbFastReq, {
    fastOptions: 0x4000_0000,
    padata: [],
    reqBody: m.makeKdcReqBody({
      kdcOptions: 0x4081_0010,
      realm: 'EXAMPLE.COM',
      till: new Date('2037-09-13T02:48:05Z'),
      nonce: 0xffff_ffff,
      etype: [18, 17, -135],
    }),
  }),
  sample('PA-SPAKE support', m.readPaSpake, m.writePaSpake, { kind: 'support', support: { groups: [4, 1] } }),
  sample('PA-SPAKE challenge', m.readPaSpake, m.writePaSpake, {
    kind: 'challenge',
    challenge: { group: 1, pubkey: fromHex('aabb'), factors: [{ type: 1, data: undefined }] },
  }),
  sample('PA-SPAKE response', m.readPaSpake, m.writePaSpake, {
    kind: 'response',
    response: { pubkey: fromHex('ccdd'), factor: { etype: 18, kvno: undefined, cipher: fromHex('00') } },
  }),
  sample('PA-SPAKE encdata', m.readPaSpake, m.writePaSpake, {
    kind: 'encdata',
    encdata: { etype: 18, kvno: undefined, cipher: fromHex('00') },
  }),
  sample('KERB-TGT-REQUEST', m.readKerbTgtRequest, m.writeKerbTgtRequest, {
    serverName: { nameType: 2, nameString: ['HTTP', 'www'] },
    realm: 'EXAMPLE.COM',
  }),
  sample('EtypeList', m.readEtypeList, m.writeEtypeList, [18, 17]),
  sample('PA-PK-AS-REP with Diffie-Hellman', m.readPaPkAsRep, m.writePaPkAsRep, {
    kind: 'dhInfo',
    dhSignedData: fromHex('3000'),
    serverDhNonce: fromHex('00112233'),
    kdf: '1.3.6.1.5.2.3.6.2',
  }),
  sample('PA-PK-AS-REP with a key', m.readPaPkAsRep, m.writePaPkAsRep, {
    kind: 'encKeyPack',
    encKeyPack: fromHex('3000'),
  }),
  sample('LastReq', m.readLastReq, m.writeLastReq, [{ lrType: -1, lrValue: new Date(0) }]),
  sample('HostAddresses', m.readHostAddresses, m.writeHostAddresses, [
    { addrType: 24, address: fromHex('fe800000000000000000000000000001') },
  ]),
]

function sample<T>(name: string, read: m.ReadDer<T>, write: m.WriteDer<T>, value: T): { codec: Codec; value: T } {
  return { codec: codec(name, read, write), value }
}
