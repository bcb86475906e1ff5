import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../../property.js'
import { concatBytes, DerWriter, fromHex, Tag } from '../../../src/bytes/index.js'
import * as m from '../../../src/kerberos/messages/index.js'
import { SspiError } from '../../../src/status/index.js'
import { ownSamples, referenceCases, referenceCodecs, type Codec } from './codecs.js'

const invalid = { code: 'SEC_E_INVALID_TOKEN' }

/** One valid encoding for each codec. */
const samples: readonly { readonly codec: Codec; readonly der: Uint8Array }[] = [
  ...referenceCases.map(({ type, der }) => ({ codec: referenceCodecs.get(type)!, der })),
  ...ownSamples.map(({ codec, value }) => ({ codec, der: codec.write(value) })),
]

/** Reads bytes that may be wrong: what is read can be written, and comes back; what is not, is refused properly. */
function readOrRefuse({ read, write }: Codec, bytes: Uint8Array): void {
  let value: unknown
  try {
    value = read(bytes)
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, 'SEC_E_INVALID_TOKEN')
    return
  }
  assert.deepEqual(read(write(value)), value)
}

for (const { codec, der } of samples) {
  suite(`${codec.name}:`, () => {
    test('cut short, it is refused at every length', () => {
      for (let length = 0; length < der.length; length++) {
        assert.throws(() => codec.read(der.subarray(0, length)), invalid)
      }
    })

    test('a byte more is refused', () => {
      for (const byte of [0x00, 0x30, 0xff]) {
        assert.throws(() => codec.read(concatBytes(der, Uint8Array.of(byte))), invalid)
      }
    })

    test('with any byte changed, it is read or refused', () => {
      for (let at = 0; at < der.length; at++) {
        // Every bit alone, and all of them.
        for (const mask of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
          const changed = der.slice()
          changed[at]! ^= mask
          readOrRefuse(codec, changed)
        }
      }
    })

    test('lengths that lie are refused', () => {
      for (const length of ['80', '8100', '84ffffffff', '84000000ff', '8800000000000000ff', 'ff']) {
        const header = concatBytes(der.subarray(0, 1), fromHex(length))
        assert.throws(() => codec.read(header), invalid)
        assert.throws(() => codec.read(concatBytes(header, der)), invalid)
      }
    })
  })
}

test('any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(samples.length - 1), (noise, which) => {
      const { codec, der } = samples[which]!
      readOrRefuse(codec, noise)
      // Behind a valid beginning the noise gets further.
      readOrRefuse(codec, concatBytes(der.subarray(0, noise[0] ?? 0), noise))
    }),
    { numRuns: 2000 },
  )
})

/** The element under `depth` SEQUENCEs. */
function nested(depth: number): Uint8Array {
  const writer = new DerWriter()
  for (let i = 0; i < depth; i++) writer.wrap(Tag.SEQUENCE, 0)
  return writer.finish()
}

test('ten thousand SEQUENCEs in one another are refused at once, by every type', () => {
  const bomb = nested(10_000)
  for (const { codec } of samples) assert.throws(() => codec.read(bomb), invalid)
})

/** A SEQUENCE OF the same element, many times. */
function repeated(element: Uint8Array, count: number): Uint8Array {
  const writer = new DerWriter(element.length * count + 8)
  for (let i = 0; i < count; i++) writer.raw(element)
  writer.wrap(Tag.SEQUENCE, 0)
  return writer.finish()
}

test('lists have as many elements as documented, and no more', () => {
  const element = { adType: 1, adData: new Uint8Array(0) }
  const address = { addrType: 2, address: new Uint8Array(4) }
  const lists: readonly (readonly [m.ReadDer<readonly unknown[]>, Uint8Array, number])[] = [
    [m.readAuthorizationData, m.encodeDer(element, m.writeAuthorizationDataElement), 256],
    [m.readMethodData, m.encodeDer({ padataType: 1, padataValue: new Uint8Array(0) }, m.writePaData), 256],
    [m.readTypedData, m.encodeDer({ dataType: 1 }, m.writeTypedDataElement), 256],
    [m.readHostAddresses, m.encodeDer(address, m.writeHostAddress), 256],
    [m.readEtypeInfo, m.encodeDer({ etype: 1 }, m.writeEtypeInfoEntry), 256],
    [m.readEtypeInfo2, m.encodeDer({ etype: 1 }, m.writeEtypeInfo2Entry), 256],
    [m.readEtypeList, fromHex('020112'), 256],
    [m.readLastReq, m.encodeDer({ lrType: 0, lrValue: new Date(0) }, m.writeLastReqEntry), 64],
  ]
  for (const [read, item, maximum] of lists) {
    assert.equal(m.decodeDer(repeated(item, maximum), read).length, maximum)
    assert.throws(() => m.decodeDer(repeated(item, maximum + 1), read), invalid)
    assert.throws(() => m.decodeDer(repeated(item, 100_000), read), invalid)
  }
})

test('a name of 64 components is read, one of 65 refused', () => {
  const named = (count: number): Uint8Array =>
    m.encodeDer({ nameType: 1, nameString: Array<string>(count).fill('') }, m.writePrincipalName)
  assert.equal(m.decodeDer(named(64), m.readPrincipalName).nameString.length, 64)
  assert.throws(() => m.decodeDer(named(65), m.readPrincipalName), invalid)
})

test('the frames of passwords, the KDC proxy and Windows refuse other lengths', () => {
  const frames: readonly (readonly [(bytes: Uint8Array) => unknown, Uint8Array])[] = [
    [m.readPasswordRequest, m.writePasswordRequest({ version: 1, apReq: fromHex('6e00'), krbPriv: fromHex('7500') })],
    [
      m.readPasswordReply,
      m.writePasswordReply({ kind: 'reply', version: 1, apRep: fromHex('6f00'), krbPriv: fromHex('7500') }),
    ],
    [m.unframeKdcMessage, m.frameKdcMessage(fromHex('010203'))],
    [m.readKerbExtError, m.writeKerbExtError({ status: 0xc000_0072, flags: 1 })],
    [m.readSupportedEnctypes, m.writeSupportedEnctypes(0x1f)],
  ]
  for (const [read, frame] of frames) {
    read(frame)
    for (let length = 0; length < frame.length; length++) {
      assert.throws(() => read(frame.subarray(0, length)), invalid)
    }
    assert.throws(() => read(concatBytes(frame, Uint8Array.of(0))), invalid)
  }
  assert.throws(() => m.readPasswordRequest(fromHex('000800010003ffff')), invalid)
  assert.throws(() => m.readPasswordResult(fromHex('00')), invalid)
})
