import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { endPointHash, readCertificate } from '../../src/crypto/index.js'
import { CIPHER_SUITES, cipherSuite } from '../../src/schannel/cipher-suites.js'
import { expandLabel, exportKey12, exportKey13 } from '../../src/schannel/key-schedule.js'
import {
  keyBlock,
  RecordProtection12,
  RecordProtection13,
  type RecordProtection,
} from '../../src/schannel/record-protection.js'
import { ContentType } from '../../src/schannel/index.js'
import { SspiError } from '../../src/sspi/index.js'
import { fc } from '../property.js'
import { readVectors } from '../vectors.js'

interface RecordInput {
  readonly secret: string
  readonly sequence: number
  readonly record: string
}
interface RecordExpected {
  readonly key: string
  readonly iv: string
  readonly type: number
  readonly content: string
}

const aes128 = cipherSuite('TLS_AES_128_GCM_SHA256')!
const NOTHING = new Uint8Array(0)

for (const { name, input, expected } of readVectors<RecordInput, RecordExpected>('tls/tls13-records.json').cases) {
  test(`RFC 8448: ${name}`, () => {
    const secret = fromHex(input.secret)
    assert.equal(toHex(expandLabel('sha256', secret, 'key', NOTHING, 16)), expected.key)
    assert.equal(toHex(expandLabel('sha256', secret, 'iv', NOTHING, 12)), expected.iv)
    const record = fromHex(input.record)
    const opened = new RecordProtection13(aes128, secret, input.sequence).open(record)
    assert.equal(opened.type, expected.type)
    assert.equal(toHex(record.subarray(opened.start, opened.end)), expected.content)
    const again = sealed(
      new RecordProtection13(aes128, secret, input.sequence),
      opened.type as ContentType,
      fromHex(expected.content),
    )
    assert.equal(toHex(again), input.record)
  })
}

interface ExporterInput {
  readonly tlsVersion: string
  readonly hash: 'sha256' | 'sha384'
  readonly exporterMasterSecret?: string
  readonly masterSecret?: string
  readonly clientRandom?: string
  readonly serverRandom?: string
  readonly label: string
  readonly context: string
  readonly length: number
}

for (const { name, input, expected } of readVectors<ExporterInput, { readonly exporter: string }>(
  'channel-bindings/tls-exporter.json',
).cases) {
  test(`the exporter: ${name}`, () => {
    const { hash, label, length } = input
    const context = fromHex(input.context)
    const key =
      input.exporterMasterSecret === undefined
        ? exportKey12(
            hash,
            fromHex(input.masterSecret!),
            fromHex(input.clientRandom! + input.serverRandom!),
            label,
            context,
            length,
          )
        : exportKey13(hash, fromHex(input.exporterMasterSecret), label, context, length)
    assert.equal(toHex(key), expected.exporter)
  })
}

for (const { name, input, expected } of readVectors<
  { readonly certificate: string },
  { readonly endpointData: string }
>('channel-bindings/tls-server-end-point.json').cases) {
  test(`the end point of a certificate: ${name}`, () => {
    const hash = endPointHash(readCertificate(fromHex(input.certificate)))
    assert.equal(toHex(hash!), expected.endpointData)
  })
}

test('records of every suite open as what they were sealed as, in any number and of any length', () => {
  const record = fc.record({
    type: fc.constantFrom(ContentType.ALERT, ContentType.HANDSHAKE, ContentType.APPLICATION_DATA),
    content: fc.uint8Array({ maxLength: 600 }),
    update: fc.boolean(),
  })
  for (const suite of CIPHER_SUITES) {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const [from, to] = pairOf(suite.name)
        for (const { type, content, update } of records) {
          const whole = sealed(from, type, content)
          const opened = to.open(whole)
          assert.equal(opened.type, type)
          assert.deepEqual(whole.subarray(opened.start, opened.end), content)
          if (!update || suite.version === 0x0303) continue
          from.update()
          to.update()
        }
      }),
      { numRuns: 30, seed: 7 },
    )
  }
})

test('a record that is not the next one, or changed in any byte, is refused and stays as it was', () => {
  for (const { name } of CIPHER_SUITES) {
    const [from, to] = pairOf(name)
    const first = sealed(from, ContentType.APPLICATION_DATA, new Uint8Array(40).fill(7))
    const second = sealed(from, ContentType.APPLICATION_DATA, new Uint8Array(40).fill(7))
    assert.throws(() => to.open(second.slice()), { code: 'SEC_E_MESSAGE_ALTERED' }, name)
    for (let at = 0; at < first.length; at++) {
      const changed = first.slice()
      changed[at]! ^= 1 // bounded by the loop
      const kept = changed.slice()
      // In TLS 1.2 the header's version and length are not what is authenticated: what they should be is.
      if (name.includes('_WITH_') && at > 0 && at < 5) continue
      assert.throws(() => to.open(changed), SspiError, `${name}, byte ${at}`)
      assert.deepEqual(changed, kept)
    }
    to.open(first)
    to.open(second)
    for (let length = 5; length < 30; length++) assert.throws(() => to.open(first.slice(0, length)), SspiError)
  }
})

test('zeros behind the content of a record are padding; a record of nothing else is refused', () => {
  const secret = new Uint8Array(32).fill(3)
  for (const [content, good] of [
    ['616200001700000000', true],
    ['17', true],
    ['0000', false],
    ['00', false],
  ] as const) {
    const inner = fromHex(content)
    // Sealed with its last byte taken for the type, whatever it is.
    const from = new RecordProtection13(aes128, secret)
    const record = sealed(from, inner.at(-1) as ContentType, inner.subarray(0, -1))
    const to = new RecordProtection13(aes128, secret)
    if (good) {
      const opened = to.open(record)
      assert.equal(opened.type, 23)
    } else assert.throws(() => to.open(record), { code: 'SEC_E_ILLEGAL_MESSAGE' })
  }
})

test('keys are worn out when they have protected as many records as they may', () => {
  const protection = new RecordProtection13(aes128, new Uint8Array(32), 0, 2)
  sealed(protection, ContentType.APPLICATION_DATA, NOTHING)
  assert.ok(!protection.worn)
  sealed(protection, ContentType.APPLICATION_DATA, NOTHING)
  assert.ok(protection.worn)
  protection.update()
  assert.ok(!protection.worn)
})

function pairOf(name: string): readonly [RecordProtection, RecordProtection] {
  const suite = cipherSuite(name)!
  if (suite.version === 0x0304) {
    const secret = new Uint8Array(suite.hash === 'sha384' ? 48 : 32).fill(9)
    return [new RecordProtection13(suite, secret), new RecordProtection13(suite, secret)]
  }
  const { client } = keyBlock(suite, new Uint8Array(48).fill(1), new Uint8Array(32).fill(2), new Uint8Array(32).fill(3))
  return [new RecordProtection12(suite, client), new RecordProtection12(suite, client)]
}

function sealed(protection: RecordProtection, type: ContentType, content: Uint8Array): Uint8Array {
  const record = new Uint8Array(protection.header + content.length + protection.trailer)
  const end = protection.header + content.length
  record.set(content, protection.header)
  protection.seal(
    type,
    record.subarray(0, protection.header),
    [record.subarray(protection.header, end)],
    record.subarray(end),
  )
  return record
}
