import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { readGssToken } from '../../../src/sspi/index.js'
import { readVectors } from '../../vectors.js'
import { codecOf } from './codecs.js'

interface Name {
  readonly nameType: number
  readonly name: readonly string[]
}
type Fields = Readonly<Record<string, unknown>>

const nameOf = (name: m.PrincipalName | undefined): Name | undefined =>
  name && { nameType: name.nameType, name: name.nameString }
const timeOf = (time: Date | undefined): string | undefined =>
  time
    ?.toISOString()
    .replace(/\.000Z$/, 'Z')
    .replaceAll(/[-:T]/g, '')
const padataOf = (padata: readonly m.PaData[] | undefined): unknown =>
  (padata ?? []).map(({ padataType, padataValue }) => ({ type: padataType, value: toHex(padataValue) }))
const flagsOf = (flags: number): string => flags.toString(16).padStart(8, '0')

/** What came out, in the words of the vectors: as much of it as they tell of. */
function assertFields(actual: Fields, expected: Fields): void {
  for (const [field, value] of Object.entries(expected)) {
    assert.ok(field in actual, `the test does not know ${field}`)
    assert.deepEqual(actual[field], value, field)
  }
}

function requestFields(request: m.KdcReq): Fields {
  const body = request.reqBody
  return {
    appTag: request.msgType,
    padata: padataOf(request.padata),
    kdcOptions: flagsOf(body.kdcOptions),
    realm: body.realm,
    nonce: body.nonce,
    till: timeOf(body.till),
    etypes: body.etype,
    cname: nameOf(body.cname),
    sname: nameOf(body.sname),
  }
}

function replyFields(reply: m.KdcRep): Fields {
  return {
    crealm: reply.crealm,
    cname: nameOf(reply.cname),
    ticketRealm: reply.ticket.realm,
    ticketSname: nameOf(reply.ticket.sname),
    ticketEtype: reply.ticket.encPart.etype,
    ticketKvno: reply.ticket.encPart.kvno,
    encPartEtype: reply.encPart.etype,
    padata: padataOf(reply.padata),
  }
}

function errorFields(error: m.KrbError): Fields {
  return {
    stime: timeOf(error.stime),
    susec: error.susec,
    errorCode: error.errorCode,
    realm: error.realm,
    sname: nameOf(error.sname),
    crealm: error.crealm,
    cname: nameOf(error.cname),
    edata: error.eData && toHex(error.eData),
    etext: error.eText,
  }
}

function fieldsOf(message: Uint8Array): Fields {
  const type = message[0]! & 0x1f
  if (type === 10 || type === 12) return requestFields(m.decodeDer(message, m.readKdcReq))
  if (type === 11 || type === 13) return replyFields(m.decodeDer(message, m.readKdcRep))
  return errorFields(m.decodeDer(message, m.readKrbError))
}

for (const { name, input, expected } of readVectors<{ message: string }, Fields>('kerberos/kdc-messages-parse.json')
  .cases) {
  test(`${name}: every field is read`, () => assertFields(fieldsOf(fromHex(input.message)), expected))
}

interface Flow {
  readonly request: string
  readonly reply: string
}
interface FlowExpected {
  readonly messages: readonly { readonly request?: Fields; readonly krbError?: Fields }[]
}

for (const file of ['kerberos/kdc-flows.json', 'kerberos/kpasswd.json']) {
  for (const { name, input, expected } of readVectors<{ messages: readonly Flow[] }, FlowExpected>(file).cases) {
    test(`${name}: requests and errors of the exchange are read`, () => {
      for (const [i, { request, krbError }] of expected.messages.entries()) {
        const messages = input.messages[i]!
        if (request) assertFields(fieldsOf(fromHex(messages.request)), request)
        if (krbError) assertFields(fieldsOf(fromHex(messages.reply)), krbError)
      }
    })
  }
}

/** Every message in a vector file that says by its tag what it is. */
function* messagesIn(value: unknown): Generator<Uint8Array> {
  if (typeof value === 'string') {
    if (/^(?:[0-9a-f]{2}){8,}$/.test(value) && isMessage(fromHex(value))) yield fromHex(value)
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) yield* messagesIn(inner)
  }
}

/** Keys and ciphertexts may begin like a message, but not have its length and a SEQUENCE as well. */
function isMessage(bytes: Uint8Array): boolean {
  const header = bytes[1]! < 0x80 ? 2 : 2 + (bytes[1]! & 0x7f)
  const length = bytes[1]! < 0x80 ? bytes[1]! : Number.parseInt(toHex(bytes.subarray(2, header)), 16)
  return codecOf(bytes) !== undefined && header + length === bytes.length && bytes[header] === 0x30
}

for (const [file, least] of [
  ['kerberos/kdc-messages-parse.json', 11],
  ['kerberos/kdc-flows.json', 60],
  ['kerberos/kdc-exchange-decrypt.json', 15],
  ['kerberos/kpasswd.json', 10],
  ['kerberos/ccache-files.json', 10],
  ['kerberos/ap-req.json', 1],
] as const) {
  test(`${file}: what Windows, MIT and Heimdal wrote is written again to the same bytes`, () => {
    let count = 0
    for (const message of messagesIn(readVectors(file).cases)) {
      const codec = codecOf(message)!
      const again = codec.write(codec.read(message))
      assert.equal(toHex(again), toHex(message), codec.name)
      count++
    }
    assert.ok(count >= least, `only ${String(count)} messages found`)
  })
}

interface FastFlow {
  readonly messages: readonly {
    readonly fast?: { readonly encFastReq?: { readonly plaintext: string; readonly padata?: unknown } }
    readonly fastReply?: {
      readonly plaintext: string
      readonly padata: unknown
      readonly strengthenKey?: { readonly enctype: number; readonly key: string }
      readonly finished?: { readonly timestamp: string; readonly usec: number; readonly ticketChecksum: string }
    }
    readonly request?: { readonly padata?: readonly { readonly type: number; readonly value: string }[] }
  }[]
}

test('FAST and SPAKE of an MIT client and KDC are read, and written again to the same bytes', () => {
  const counts = { requests: 0, replies: 0, armored: 0, spake: 0 }
  for (const file of ['kerberos/kdc-flows.json', 'kerberos/kpasswd.json']) {
    for (const { expected } of readVectors<unknown, FastFlow>(file).cases) {
      for (const { fast, fastReply, request } of expected.messages) {
        if (fast?.encFastReq !== undefined) {
          const der = fromHex(fast.encFastReq.plaintext)
          const value = m.decodeDer(der, m.readKrbFastReq)
          if (fast.encFastReq.padata !== undefined) assert.deepEqual(padataOf(value.padata), fast.encFastReq.padata)
          assert.deepEqual(m.encodeDer(value, m.writeKrbFastReq), der)
          counts.requests++
        }
        if (fastReply !== undefined) {
          const der = fromHex(fastReply.plaintext)
          const value = m.decodeDer(der, m.readKrbFastResponse)
          assert.deepEqual(padataOf(value.padata), fastReply.padata)
          const { strengthenKey, finished } = value
          if (fastReply.strengthenKey) {
            assert.equal(toHex(strengthenKey!.keyvalue), fastReply.strengthenKey.key)
            assert.equal(strengthenKey!.keytype, fastReply.strengthenKey.enctype)
          }
          if (fastReply.finished) {
            assert.equal(timeOf(finished!.timestamp), fastReply.finished.timestamp)
            assert.equal(finished!.usec, fastReply.finished.usec)
            assert.equal(toHex(finished!.ticketChecksum.checksum), fastReply.finished.ticketChecksum)
          }
          assert.deepEqual(m.encodeDer(value, m.writeKrbFastResponse), der)
          counts.replies++
        }
        for (const { type, value } of request?.padata ?? []) {
          const der = fromHex(value)
          if (type === 136 && der.length > 0) {
            assert.deepEqual(m.encodeDer(m.decodeDer(der, m.readPaFxFastRequest), m.writePaFxFastRequest), der)
            counts.armored++
          } else if (type === 151) {
            assert.deepEqual(m.encodeDer(m.decodeDer(der, m.readPaSpake), m.writePaSpake), der)
            counts.spake++
          }
        }
      }
    }
  }
  assert.ok(counts.requests > 5 && counts.replies > 5 && counts.armored > 5 && counts.spake > 0, JSON.stringify(counts))
})

test('SPAKE support and challenge of RFC 9588 appendix B are read, and written again to the same bytes', () => {
  for (const { input } of readVectors<{ support: string; challenge: string }, unknown>('kerberos/spake.json').cases) {
    for (const hex of [input.support, input.challenge].filter((text) => text !== '')) {
      assert.equal(toHex(m.encodeDer(m.decodeDer(fromHex(hex), m.readPaSpake), m.writePaSpake)), hex)
    }
  }
})

interface ProxyInput {
  readonly kerbMessage: string
  readonly targetDomain: string | null
  readonly dclocatorHint: number | null
}

for (const { name, input, expected } of readVectors<ProxyInput, { kdcProxyMessage: string }>('kerberos/kdc-proxy.json')
  .cases) {
  test(`KDC proxy, ${name}: read, and written to the same bytes`, () => {
    const value = {
      kerbMessage: m.frameKdcMessage(fromHex(input.kerbMessage)),
      targetDomain: input.targetDomain ?? undefined,
      dclocatorHint: input.dclocatorHint ?? undefined,
    }
    const der = fromHex(expected.kdcProxyMessage)
    assert.equal(toHex(m.encodeDer(value, m.writeKdcProxyMessage)), expected.kdcProxyMessage)
    assert.deepEqual(m.decodeDer(der, m.readKdcProxyMessage), value)
    assert.equal(toHex(m.unframeKdcMessage(m.decodeDer(der, m.readKdcProxyMessage).kerbMessage)), input.kerbMessage)
  })
}

interface UserToUser {
  readonly mech: string
  readonly tokenId: string
  readonly msgType: number
  readonly serverName?: Name
  readonly realm?: string
  readonly ticket?: { readonly realm: string; readonly sname: Name; readonly etype: number; readonly kvno: number }
}

for (const { name, input, expected } of readVectors<{ token: string }, UserToUser>('kerberos/u2u-tgt-tokens.json')
  .cases) {
  test(`user-to-user, ${name}: every field is read, and written again to the same bytes`, () => {
    const { oid, inner } = readGssToken(fromHex(input.token))
    assert.equal(oid, expected.mech)
    assert.equal(toHex(inner.subarray(0, 2)), expected.tokenId)
    const der = inner.subarray(2)
    if (expected.msgType === 16) {
      const request = m.decodeDer(der, m.readKerbTgtRequest)
      assert.deepEqual(nameOf(request.serverName), expected.serverName)
      assert.equal(request.realm, expected.realm)
      assert.deepEqual(m.encodeDer(request, m.writeKerbTgtRequest), der.slice())
    } else {
      const reply = m.decodeDer(der, m.readKerbTgtReply)
      const { realm, sname, encPart } = reply.ticket
      const ticket = { realm, sname: nameOf(sname), etype: encPart.etype, kvno: encPart.kvno }
      assert.deepEqual(ticket, expected.ticket)
      assert.deepEqual(m.encodeDer(reply, m.writeKerbTgtReply), der.slice())
    }
  })
}

interface PasswordExchange {
  readonly messages: readonly {
    readonly requestHeader?: { readonly length: number; readonly version: number; readonly apReqLength: number }
    readonly replyHeader?: { readonly length: number; readonly version: number; readonly apRepLength: number }
    readonly krbPriv?: { readonly plaintext: string; readonly userData: string }
    readonly replyKrbPriv?: { readonly plaintext: string; readonly userData: string }
    readonly resultCode?: number
    readonly resultString?: string
  }[]
}

test('a password change of MIT is read on both sides, and written again to the same bytes', () => {
  const [exchange] = readVectors<{ messages: readonly Flow[] }, PasswordExchange>('kerberos/kpasswd.json').cases
  assert.ok(exchange)
  const wire = exchange.input.messages.at(-1)!
  const expected = exchange.expected.messages.at(-1)!
  const request = m.readPasswordRequest(fromHex(wire.request))
  assert.equal(request.version, expected.requestHeader?.version)
  assert.equal(request.apReq.length, expected.requestHeader?.apReqLength)
  assert.equal(m.decodeDer(request.apReq, m.readApReq).ticket.realm, 'VEC.EXAMPLE')
  m.decodeDer(request.krbPriv, m.readKrbPriv)
  assert.equal(toHex(m.writePasswordRequest(request)), wire.request)

  const reply = m.readPasswordReply(fromHex(wire.reply))
  assert.ok(reply.kind === 'reply')
  assert.equal(reply.apRep.length, expected.replyHeader?.apRepLength)
  m.decodeDer(reply.apRep, m.readApRep)
  m.decodeDer(reply.krbPriv, m.readKrbPriv)
  assert.equal(toHex(m.writePasswordReply(reply)), wire.reply)

  const sent = m.decodeDer(fromHex(expected.krbPriv!.plaintext), m.readEncKrbPrivPart)
  assert.equal(toHex(sent.userData), expected.krbPriv!.userData)
  const answered = m.decodeDer(fromHex(expected.replyKrbPriv!.plaintext), m.readEncKrbPrivPart)
  const result = m.readPasswordResult(answered.userData)
  assert.equal(result.resultCode, expected.resultCode)
  assert.equal(toHex(result.resultString), expected.resultString)
  assert.equal(toHex(m.writePasswordResult(result)), expected.replyKrbPriv!.userData)
})
