import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applicationTag, contextTag, DerWriter, encodeUtf8, fromHex, Tag, toHex } from '../../../src/bytes/index.js'
import { MessageType } from '../../../src/kerberos/constants.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { referenceCases } from './codecs.js'

const invalid = { code: 'SEC_E_INVALID_TOKEN' }

function reference(name: string): Uint8Array {
  const found = referenceCases.find((entry) => entry.name === `reference:${name}`)
  assert.ok(found)
  return found.der
}

/** Writes a SEQUENCE of the fields `[number]`, each with the DER that is given in hex. */
function sequence(...fields: readonly (readonly [number: number, der: string])[]): Uint8Array {
  const writer = new DerWriter()
  for (const [number, der] of fields.toReversed()) {
    const mark = writer.mark()
    writer.raw(fromHex(der))
    writer.wrap(contextTag(number), mark)
  }
  writer.wrap(Tag.SEQUENCE, 0)
  return writer.finish()
}

test('a ticket is embedded byte for byte, also where we would have written it otherwise', () => {
  // Flags and numbers have one form in DER; that of a kvno of 2^31 and more is the sender's choice.
  const encPart = toHex(sequence([0, '020112'], [1, '020480000001'], [2, '040100']))
  const inner = toHex(
    sequence([0, '020105'], [1, '1b0152'], [2, toHex(sequence([0, '020100'], [1, '3000']))], [3, encPart]),
  )
  const writer = new DerWriter()
  writer.raw(fromHex(inner))
  writer.wrap(applicationTag(1), 0)
  const der = writer.finish()
  const ticket = m.decodeDer(der, m.readTicket)
  assert.equal(ticket.encPart.kvno, 0x8000_0001)
  assert.notDeepEqual(m.makeTicket(ticket).raw, der)
  const cred = m.encodeDer({ tickets: [ticket], encPart: ticket.encPart }, m.writeKrbCred)
  assert.ok(toHex(cred).includes(toHex(der)))
  assert.deepEqual(m.decodeDer(cred, m.readKrbCred).tickets[0]?.raw, der)
})

test('a request body is kept byte for byte', () => {
  // Five bits of options, an empty list of etypes, a negative nonce.
  const body = sequence(
    [0, '03020308'],
    [2, '1b0152'],
    [5, '180f31393730303130313030303030305a'],
    [7, '0201ff'],
    [8, '3000'],
  )
  const read = m.decodeDer(body, m.readKdcReqBody)
  assert.equal(read.kdcOptions, 0x0800_0000)
  assert.equal(read.nonce, -1)
  assert.deepEqual(m.encodeDer(read, m.writeKdcReqBody), body)
})

test('a nonce keeps its sign, so that a reply has it as the request had: Heimdal reads no other', () => {
  const part = m.decodeDer(reference('enc_kdc_rep_part'), m.readEncKdcRepPart)
  for (const nonce of [-1, -0x8000_0000, 0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const der = m.encodeDer({ ...part, nonce }, m.writeEncKdcRepPart)
    assert.equal(m.decodeDer(der, m.readEncKdcRepPart).nonce, nonce)
  }
  for (const nonce of [-0x8000_0001, 0x1_0000_0000, 0.5]) {
    assert.throws(() => m.encodeDer({ ...part, nonce }, m.writeEncKdcRepPart), TypeError)
  }
})

test('EncASRepPart and EncTGSRepPart are both taken, and their tag is kept', () => {
  const tgs = reference('enc_kdc_rep_part')
  const as = tgs.slice()
  as[0] = applicationTag(25)
  assert.equal(m.decodeDer(tgs, m.readEncKdcRepPart).type, 'EncTGSRepPart')
  assert.equal(m.decodeDer(as, m.readEncKdcRepPart).type, 'EncASRepPart')
  assert.deepEqual(m.encodeDer(m.decodeDer(as, m.readEncKdcRepPart), m.writeEncKdcRepPart), as)
})

test('sequence numbers, nonces and key versions are taken as negative numbers as well', () => {
  const written = (value: string): Uint8Array => sequence([0, '020112'], [1, value], [2, '0400'])
  assert.equal(m.decodeDer(written('0201ff'), m.readEncryptedData).kvno, 0xffff_ffff)
  assert.equal(m.decodeDer(written('0205 00ffffffff'.replace(' ', '')), m.readEncryptedData).kvno, 0xffff_ffff)
  assert.throws(() => m.decodeDer(written('02050100000000'), m.readEncryptedData), invalid)
  assert.throws(() => m.decodeDer(written('0205ff7fffffff'), m.readEncryptedData), invalid)
})

test('microseconds end at 999999', () => {
  const of = (value: string): Uint8Array => sequence([0, '180f31393934303631303036303331375a'], [1, value])
  assert.equal(m.decodeDer(of('02030f423f'), m.readPaEncTsEnc).pausec, 999_999)
  assert.throws(() => m.decodeDer(of('02030f4240'), m.readPaEncTsEnc), invalid)
  assert.throws(() => m.decodeDer(of('0201ff'), m.readPaEncTsEnc), invalid)
})

test('types that RFC 4120 closes refuse fields of their own making', () => {
  const extended = sequence([0, '020101'], [1, '040100'], [2, '0500'])
  assert.throws(() => m.decodeDer(extended, m.readEncryptionKey), invalid)
  assert.throws(() => m.decodeDer(extended, m.readChecksum), invalid)
})

test('types that RFC 6113 and RFC 9588 leave open pass over later fields', () => {
  const later = [9, '0500'] as const
  const armor = m.decodeDer(sequence([0, '020101'], [1, '040100'], later), m.readKrbFastArmor)
  assert.deepEqual(armor, { armorType: 1, armorValue: fromHex('00') })
  const support = m.decodeDer(sequence([0, '3003020101'], later, [10, '3000']), m.readSpakeSupport)
  assert.deepEqual(support, { groups: [1] })
})

test('types that are left open refuse known fields again, and tags of other classes', () => {
  const again = sequence([0, '020101'], [1, '040100'], [0, '020101'])
  assert.throws(() => m.decodeDer(again, m.readKrbFastArmor), invalid)
  const universal = fromHex('300d a003020101 a103040100 0500'.replaceAll(' ', ''))
  universal[1] = universal.length - 2
  assert.throws(() => m.decodeDer(universal, m.readKrbFastArmor), invalid)
})

test('a message of another version or type is refused', () => {
  const apRep = reference('ap_rep')
  for (const [at, value] of [
    [8, 4],
    [13, 14],
  ] as const) {
    const changed = apRep.slice()
    changed[at] = value
    assert.throws(() => m.decodeDer(changed, m.readApRep), invalid)
  }
  const asReq = reference('as_req').slice()
  asReq[0] = applicationTag(MessageType.KRB_TGS_REQ)
  assert.throws(() => m.decodeDer(asReq, m.readKdcReq), invalid)
})

test('an error keeps its code when its text is not UTF-8', () => {
  const error = m.decodeDer(reference('error'), m.readKrbError)
  const der = m.encodeDer({ ...error, eText: 'Zugriff verweigert??' }, m.writeKrbError)
  const at = Buffer.from(der).indexOf('??')
  der[at] = 0xfc
  const read = m.decodeDer(der, m.readKrbError)
  assert.equal(read.errorCode, 60)
  assert.equal(read.eText, 'Zugriff verweigertü?')
})

test('names and realms are UTF-8, and others are refused', () => {
  const value = { nameType: 1, nameString: ['Jürgen', 'größe', '日本'] }
  assert.deepEqual(m.decodeDer(m.encodeDer(value, m.writePrincipalName), m.readPrincipalName), value)
  assert.throws(() => m.decodeDer(sequence([0, '020101'], [1, '30031b01fc']), m.readPrincipalName), invalid)
})

test('a salt is bytes, be they UTF-8 or not', () => {
  const [entry] = m.decodeDer(m.encodeDer([{ etype: 18, salt: fromHex('fcff') }], m.writeEtypeInfo2), m.readEtypeInfo2)
  assert.deepEqual(entry?.salt, fromHex('fcff'))
})

const element = (adType: number, adData: Uint8Array): m.AuthorizationDataElement => ({ adType, adData })
const ifRelevant = (...elements: readonly m.AuthorizationDataElement[]): m.AuthorizationDataElement =>
  element(1, m.encodeDer(elements, m.writeAuthorizationData))

test('authorization data is found within AD-IF-RELEVANT, and nowhere else', () => {
  const pac = element(128, encodeUtf8('pac'))
  const found = (...elements: readonly m.AuthorizationDataElement[]): readonly Uint8Array[] =>
    m.findAuthorizationData(elements, 128)
  assert.deepEqual(found(ifRelevant(pac)), [pac.adData])
  assert.deepEqual(found(element(5, fromHex('3000')), ifRelevant(ifRelevant(pac)), pac), [pac.adData, pac.adData])
  assert.deepEqual(found(element(4, ifRelevant(pac).adData), element(96, ifRelevant(pac).adData)), [])
  assert.throws(() => found(element(1, fromHex('ff'))), invalid)
})

test('AD-IF-RELEVANT is followed 8 deep, and 256 elements altogether', () => {
  const pac = element(128, encodeUtf8('pac'))
  let nested = pac
  for (let depth = 0; depth < 8; depth++) nested = ifRelevant(nested)
  assert.equal(m.findAuthorizationData([nested], 128).length, 1)
  assert.throws(() => m.findAuthorizationData([ifRelevant(nested)], 128), invalid)
  assert.equal(m.findAuthorizationData([ifRelevant(...Array<typeof pac>(255).fill(pac))], 128).length, 255)
  assert.throws(() => m.findAuthorizationData([ifRelevant(...Array<typeof pac>(256).fill(pac))], 128), invalid)
})

test('a password reply may be a KRB-ERROR, in the frame or, as Windows sends it, without', () => {
  const krbError = reference('error')
  const framed = m.writePasswordReply({ kind: 'error', version: 1, krbError })
  assert.deepEqual(m.readPasswordReply(framed), { kind: 'error', version: 1, krbError })
  assert.deepEqual(m.readPasswordReply(krbError), { kind: 'error', version: 1, krbError })
})

test('values that a type has no room for are the mistake of the caller', () => {
  assert.throws(() => m.encodeDer({ etype: 0x8000_0000, cipher: fromHex('') }, m.writeEncryptedData), TypeError)
  assert.throws(() => m.encodeDer({ etype: 18, kvno: -1, cipher: fromHex('') }, m.writeEncryptedData), TypeError)
  assert.throws(() => m.encodeDer({ patimestamp: new Date(0), pausec: 1_000_000 }, m.writePaEncTsEnc), TypeError)
})

test('Windows says what went wrong in a KERB-EXT-ERROR', () => {
  const data = m.decodeDer(fromHex('3015a103020103a20e040c720000c00000000001000000'), m.readKerbErrorData)
  assert.equal(data.dataType, 3)
  assert.deepEqual(m.readKerbExtError(data.dataValue!), { status: 0xc000_0072, flags: 1 })
})
