import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import {
  applicationTag,
  contextTag,
  decodeOid,
  DerReader,
  DerWriter,
  encodeOid,
  fromHex,
  primitiveContextTag,
  Tag,
  toHex,
  withDer,
  writeDer,
} from '../../src/bytes/index.js'
import { readVectors } from '../vectors.js'

const INVALID = { name: 'SspiError', code: 'SEC_E_INVALID_TOKEN' }

/** What DER of one element one of the writer's methods makes. */
function written(write: (writer: DerWriter) => void): string {
  const writer = new DerWriter(1)
  write(writer)
  return toHex(writer.finish())
}

/** Reads one element by one of the reader's methods, and nothing behind it. */
function readBack<T>(der: string, read: (reader: DerReader) => T): T {
  const reader = new DerReader(fromHex(der))
  const value = read(reader)
  reader.end('vector')
  return value
}

interface Repeated {
  readonly byte: string
  readonly repeat: number
}
interface Primitive {
  readonly kind: string
  readonly value: unknown
}

for (const { name, input, expected } of readVectors<Primitive, { readonly der: string }>('asn1/der-primitives.json')
  .cases) {
  test(`DER primitive: ${name}`, () => {
    const { der } = expected
    const { value } = input
    switch (input.kind) {
      case 'INTEGER':
        assert.ok(typeof value === 'number')
        assert.equal(
          written((writer) => writer.integer(value)),
          der,
        )
        assert.equal(
          written((writer) => writer.integer(BigInt(value))),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.integer('x')),
          value,
        )
        assert.equal(
          readBack(der, (reader) => reader.bigInteger('x')),
          BigInt(value),
        )
        break
      case 'OBJECT IDENTIFIER':
        assert.ok(typeof value === 'string')
        assert.equal(
          written((writer) => writer.oid(value)),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.oid('x')),
          value,
        )
        break
      case 'OCTET STRING': {
        const { byte, repeat } = value as Repeated
        const content = new Uint8Array(repeat).fill(Number.parseInt(byte, 16))
        const whole = written((writer) => writer.octetString(content))
        assert.equal(whole, der + toHex(content))
        assert.deepEqual(
          readBack(whole, (reader) => reader.octetString('x')),
          content,
        )
        break
      }
      case 'GeneralizedTime': {
        assert.ok(typeof value === 'string')
        const time = new Date(value.replace(/^(....)(..)(..)(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))
        assert.equal(
          written((writer) => writer.generalizedTime(time)),
          der,
        )
        assert.deepEqual(
          readBack(der, (reader) => reader.generalizedTime('x')),
          time,
        )
        break
      }
      case 'BIT STRING': {
        assert.ok(typeof value === 'string')
        const flags = Number.parseInt(value, 16)
        assert.equal(
          written((writer) => writer.flags(flags)),
          der,
        )
        assert.equal(
          written((writer) => writer.bitString(fromHex(value))),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.flags('x')),
          flags,
        )
        assert.deepEqual(
          readBack(der, (reader) => reader.bitString('x')),
          { unusedBits: 0, bytes: fromHex(value) },
        )
        break
      }
      case 'BOOLEAN':
        assert.ok(typeof value === 'boolean')
        assert.equal(
          written((writer) => writer.boolean(value)),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.boolean('x')),
          value,
        )
        break
      case 'NULL':
        assert.equal(
          written((writer) => writer.null()),
          der,
        )
        readBack(der, (reader) => reader.null('x'))
        break
      case 'UTF8String':
        assert.ok(typeof value === 'string')
        assert.equal(
          written((writer) => writer.utf8String(value)),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.utf8String('x')),
          value,
        )
        break
      case 'GeneralString':
        assert.ok(typeof value === 'string')
        assert.equal(
          written((writer) => writer.generalString(value)),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.generalString('x')),
          value,
        )
        break
      case 'IA5String':
        assert.ok(typeof value === 'string')
        assert.equal(
          written((writer) => writer.ia5String(value)),
          der,
        )
        assert.equal(
          readBack(der, (reader) => reader.ia5String('x')),
          value,
        )
        break
      case 'CONTEXT':
        // No protocol here has tag numbers over 30; they are refused, not misread.
        assert.throws(() => readBack(der, (reader) => reader.readTlv('x')), INVALID)
        assert.throws(() => contextTag(Number(value)), TypeError)
        break
      default:
        assert.fail(`no primitive for ${input.kind}`)
    }
  })
}

/** AP-REP down to the content of its EncryptedData, as Kerberos will read it. */
function readApRep(reader: DerReader): Uint8Array {
  return reader.within(applicationTag(15), 'AP-REP', (outer) =>
    outer.within(Tag.SEQUENCE, 'AP-REP', (fields) => {
      assertEqual(
        fields.within(contextTag(0), 'pvno', (inner) => inner.int32('pvno')),
        5,
        'pvno',
      )
      assertEqual(
        fields.within(contextTag(1), 'msg-type', (inner) => inner.int32('msg-type')),
        15,
        'msg-type',
      )
      return fields.within(contextTag(2), 'enc-part', (inner) => inner.whole(Tag.SEQUENCE, 'enc-part'))
    }),
  )
}

class WrongValue extends Error {
  readonly code = 'SEC_E_INVALID_TOKEN'
  override readonly name = 'SspiError'
}

function assertEqual(got: number, wanted: number, what: string): void {
  if (got !== wanted) throw new WrongValue(what)
}

const readers: Record<string, (reader: DerReader) => unknown> = {
  'AP-REP': readApRep,
  INTEGER: (reader) => reader.integer('x'),
  'OBJECT IDENTIFIER': (reader) => reader.oid('x'),
  BOOLEAN: (reader) => reader.boolean('x'),
  NULL: (reader) => reader.null('x'),
  'BIT STRING': (reader) => reader.bitString('x'),
  KerberosTime: (reader) => reader.generalizedTime('x'),
  ANY: (reader) => reader.readTlv('x'),
  UTF8String: (reader) => reader.utf8String('x'),
  NegotiationToken: (reader) =>
    reader.within(applicationTag(0), 'token', (token) => {
      token.oid('mechanism')
      return token.within(contextTag(0), 'NegTokenInit', (choice) =>
        choice.within(Tag.SEQUENCE, 'NegTokenInit', (fields) =>
          fields.within(contextTag(0), 'mechTypes', (inner) =>
            inner.sequenceOf('mechTypes', 16, (one) => one.oid('mechType')),
          ),
        ),
      )
    }),
  InitialContextToken: (reader) =>
    reader.within(applicationTag(0), 'token', (token) => {
      token.oid('mechanism')
      return token.rest()
    }),
}

interface Malformed {
  readonly der: string
  readonly decodeAs: string
}

for (const { name, input } of readVectors<Malformed, object>('asn1/malformed.json').cases) {
  test(`malformed DER is refused: ${name}`, () => {
    const read = readers[input.decodeAs]
    assert.ok(read !== undefined, `no reader for ${input.decodeAs}`)
    assert.throws(() => readBack(input.der, read), INVALID)
  })
}

const apRep = fromHex(
  '6f333031a003020105a10302010fa2253023a003020100a103020105a21704156b726241534e2e312074657374206d657373616765',
)

test('an AP-REP reads, and is refused at every length short of its own and with a byte too many', () => {
  assert.equal(toHex(readApRep(new DerReader(apRep))), toHex(apRep.subarray(16)))
  for (let length = 0; length < apRep.length; length++) {
    assert.throws(() => readApRep(new DerReader(apRep.subarray(0, length))), INVALID)
  }
  assert.throws(() => readBack(`${toHex(apRep)}00`, readApRep), INVALID)
})

test('every byte of an AP-REP replaced by every other fails with SspiError only', () => {
  for (let at = 0; at < apRep.length; at++) {
    for (let value = 0; value < 256; value++) {
      const altered = apRep.slice()
      altered[at] = value
      try {
        readApRep(new DerReader(altered))
      } catch (error) {
        assert.equal((error as Error).name, 'SspiError')
      }
    }
  }
})

test('every reader over any bytes fails with SspiError only', () => {
  const start = fc.constantFrom(...Object.values(Tag), 0x60, 0x6f, 0xa0, 0x1f)
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 24 }), fc.boolean(), (tag, tail, fit) => {
      const input = Uint8Array.of(tag, ...(fit ? [tail.length] : []), ...tail)
      for (const method of [
        'skip',
        'readTlv',
        'boolean',
        'integer',
        'int32',
        'uint32',
        'bigInteger',
        'integerBytes',
        'enumerated',
        'bitString',
        'flags',
        'octetString',
        'null',
        'oid',
        'generalString',
        'utf8String',
        'ia5String',
        'generalizedTime',
      ] as const) {
        try {
          new DerReader(input)[method]('x')
        } catch (error) {
          assert.equal((error as Error).name, 'SspiError', method)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

test('integers go round, and their bytes are as few as can be', () => {
  const limit = fc.maxSafeInteger()
  fc.assert(
    fc.property(fc.oneof(limit, fc.integer(), fc.integer({ min: -300, max: 300 })), (value) => {
      const der = written((writer) => writer.integer(value))
      assert.equal(
        der,
        written((writer) => writer.integer(BigInt(value))),
      )
      assert.equal(
        readBack(der, (reader) => reader.integer('x')),
        value,
      )
    }),
  )
  fc.assert(
    fc.property(fc.bigInt(), (value) => {
      const der = written((writer) => writer.integer(value))
      assert.equal(
        readBack(der, (reader) => reader.bigInteger('x')),
        value,
      )
    }),
  )
  for (const value of [-128n, 127n, 128n, -129n, 0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 2048n]) {
    assert.equal(
      readBack(
        written((writer) => writer.integer(value)),
        (reader) => reader.bigInteger('x'),
      ),
      value,
    )
  }
})

test('integers out of their range are refused', () => {
  const over = written((writer) => writer.integer(2n ** 53n))
  assert.throws(() => readBack(over, (reader) => reader.integer('x')), INVALID)
  assert.throws(
    () =>
      readBack(
        written((writer) => writer.integer(-(2n ** 53n))),
        (reader) => reader.integer('x'),
      ),
    INVALID,
  )
  assert.throws(() => readBack('0209010000000000000000', (reader) => reader.integer('x')), INVALID)
  assert.throws(() => readBack('02050080000000', (reader) => reader.int32('x')), INVALID)
  assert.throws(() => readBack('0205ff7fffffff', (reader) => reader.int32('x')), INVALID)
  assert.throws(() => readBack('0201ff', (reader) => reader.uint32('x')), INVALID)
  assert.throws(() => readBack('02050100000000', (reader) => reader.uint32('x')), INVALID)
  assert.equal(
    readBack('020500ffffffff', (reader) => reader.uint32('x')),
    0xffff_ffff,
  )
  assert.equal(
    readBack('020480000000', (reader) => reader.int32('x')),
    -0x8000_0000,
  )
  assert.equal(toHex(readBack('020500ffffffff', (reader) => reader.integerBytes('x'))), '00ffffffff')
  assert.equal(
    readBack('0a0102', (reader) => reader.enumerated('x')),
    2,
  )
  assert.throws(() => written((writer) => writer.integer(1.5)), TypeError)
  assert.throws(() => written((writer) => writer.integer(2 ** 53)), TypeError)
})

test('lengths are definite and minimal, and reach no further than what contains them', () => {
  for (const der of ['0480', '048100', '04817f', '04820080', '0485000000000100', '048201', '04', '0402aa', '1f0100']) {
    assert.throws(() => readBack(der, (reader) => reader.readTlv('x')), INVALID, der)
  }
  const inner = new DerReader(fromHex('30040404aabbccdd')).enter(Tag.SEQUENCE, 'x')
  assert.throws(() => inner.octetString('x'), INVALID)
})

test('a reader of any lengths takes those that are not minimal, at every depth, and nothing else that is not DER', () => {
  for (const ber of ['30820007a1810404820000', '308400000006a18200020400']) {
    const content = DerReader.ofAnyLengths(fromHex(ber)).enter(Tag.SEQUENCE, 'x').enter(0xa1, 'x').octetString('x')
    assert.equal(content.length, 0)
    assert.throws(() => new DerReader(fromHex(ber)).enter(Tag.SEQUENCE, 'x'), INVALID)
  }
  for (const bad of ['0480', '0485000000000100', '048201', '04', '04820003aabb', '0484ffffffff', '1f0100']) {
    assert.throws(() => DerReader.ofAnyLengths(fromHex(bad)).readTlv('x'), INVALID, bad)
  }
  assert.throws(() => DerReader.ofAnyLengths(fromHex('02020001')).integer('x'), INVALID)
})

test('lengths on both sides of every form go round', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000]) {
    const content = new Uint8Array(length).fill(7)
    const der = written((writer) => writer.octetString(content))
    assert.equal(readBack(der, (reader) => reader.octetString('x')).length, length)
  }
})

test('object identifiers go round, 128-bit arcs included', () => {
  const arc = fc.oneof(fc.nat(200), fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }))
  fc.assert(
    fc.property(fc.nat(2), arc, fc.array(arc, { maxLength: 8 }), (first, second, rest) => {
      const text = [first, first < 2 ? BigInt(second) % 40n : second, ...rest].join('.')
      assert.equal(decodeOid(encodeOid(text), 'x'), text)
      encodeOid(text).fill(0) // the caller's own
      assert.equal(decodeOid(encodeOid(text), 'x'), text)
    }),
  )
})

test('object identifiers without end, beginning or measure are refused', () => {
  const endless = new Uint8Array(200).fill(0xff)
  for (const content of [fromHex('2a86'), fromHex('80'), endless, new Uint8Array(256).fill(1), new Uint8Array(0)]) {
    assert.throws(() => decodeOid(content, 'x'), INVALID)
  }
  for (const text of ['', '1', '1.40', '3.1', '1.2.', '1..2', '1.02', '1.2.-3', 'a.b']) {
    assert.throws(() => encodeOid(text), TypeError)
  }
})

test('times go round in whole seconds; days that do not exist are refused', () => {
  const range = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }
  fc.assert(
    fc.property(fc.date(range), (time) => {
      const der = written((writer) => writer.generalizedTime(time))
      const seconds = Math.floor(time.getTime() / 1000)
      assert.equal(readBack(der, (reader) => reader.generalizedTime('x')).getTime(), seconds * 1000)
    }),
  )
  for (const text of [
    '20230229000000Z',
    '20230431000000Z',
    '20230100000000Z',
    '20230001000000Z',
    '20230101240000Z',
    '20230101006000Z',
    '20230101000060Z',
    '20230101000000z',
    '2023010100000 Z',
  ]) {
    const der = `180f${Buffer.from(text).toString('hex')}`
    assert.throws(() => readBack(der, (reader) => reader.generalizedTime('x')), INVALID, text)
  }
  assert.equal(
    readBack(`180f${Buffer.from('20240229235959Z').toString('hex')}`, (reader) =>
      reader.generalizedTime('x'),
    ).getTime(),
    Date.UTC(2024, 1, 29, 23, 59, 59),
  )
  assert.throws(() => written((writer) => writer.generalizedTime(new Date(Number.NaN))), TypeError)
  assert.throws(() => written((writer) => writer.generalizedTime(new Date(Date.UTC(10_000, 0)))), TypeError)
})

test('bit strings go round, and flags are their first 32 bits', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(7), (bytes, unusedBits) => {
      const last = bytes.length - 1
      bytes[last]! &= 0xff << unusedBits
      const der = written((writer) => writer.bitString(bytes, unusedBits))
      assert.deepEqual(
        readBack(der, (reader) => reader.bitString('x')),
        { unusedBits, bytes },
      )
    }),
  )
  assert.equal(
    readBack('03020640', (reader) => reader.flags('x')),
    0x4000_0000,
  )
  assert.equal(
    readBack('030100', (reader) => reader.flags('x')),
    0,
  )
  assert.equal(
    readBack('03060080000001ff', (reader) => reader.flags('x')),
    0x8000_0001,
  )
  for (const der of ['0300', '03020801', '03020101']) {
    assert.throws(() => readBack(der, (reader) => reader.bitString('x')), INVALID, der)
  }
  assert.throws(() => written((writer) => writer.flags(-1)), TypeError)
  assert.throws(() => written((writer) => writer.bitString(Uint8Array.of(1), 1)), TypeError)
  assert.throws(() => written((writer) => writer.bitString(Uint8Array.of(), 1)), TypeError)
  assert.throws(() => written((writer) => writer.bitString(Uint8Array.of(0), 8)), TypeError)
})

test('a writer that wraps from behind nests, grows, and serves again', () => {
  const writer = new DerWriter(2)
  for (let round = 0; round < 2; round++) {
    const all = writer.mark()
    writer.within(contextTag(1), () => writer.octetString(new Uint8Array(200), primitiveContextTag(3)))
    writer.raw(fromHex('0500'))
    writer.within(contextTag(0), () => writer.generalString('EXAMPLE.COM'))
    writer.wrap(Tag.SEQUENCE, all)
    const der = writer.finish()
    assert.equal(der.length, der.buffer.byteLength)
    assert.equal(writer.length, 0)
    readBack(toHex(der), (reader) =>
      reader.within(Tag.SEQUENCE, 'x', (inner) => {
        assert.equal(inner.peekTag(), contextTag(0))
        assert.equal(
          inner.optional(contextTag(5), 'x', () => 1),
          undefined,
        )
        assert.equal(inner.enterIf(contextTag(5), 'x'), undefined)
        assert.equal(
          inner.optional(contextTag(0), 'x', (realm) => realm.generalString('x')),
          'EXAMPLE.COM',
        )
        const nothing = inner.readTlv('x')
        assert.deepEqual([nothing.tag, toHex(nothing.content), toHex(nothing.whole)], [5, '', '0500'])
        const last = inner.enterIf(contextTag(1), 'x')
        assert.equal(last?.octetString('x', primitiveContextTag(3)).length, 200)
        assert.ok(!inner.hasMore)
        assert.equal(inner.peekTag(), undefined)
      }),
    )
  }
  assert.throws(() => writer.wrap(Tag.SEQUENCE, 1), TypeError)
})

test('content that a reader function leaves over is refused', () => {
  assert.throws(
    () => readBack('300405000500', (reader) => reader.within(Tag.SEQUENCE, 'x', (inner) => inner.null('x'))),
    INVALID,
  )
})

test('a sequence of more elements than allowed is refused', () => {
  const der = '3006020101020102'
  assert.deepEqual(
    readBack(der, (reader) => reader.sequenceOf('x', 2, (one) => one.integer('x'))),
    [1, 2],
  )
  assert.throws(() => readBack(der, (reader) => reader.sequenceOf('x', 1, (one) => one.integer('x'))), INVALID)
  assert.throws(() => readBack(der, (reader) => reader.sequenceOf('x', 2, () => 0)), TypeError)
})

test('what is read are views of the input, header included where asked', () => {
  const der = fromHex('3003020105')
  const whole = new DerReader(der).whole(Tag.SEQUENCE, 'x')
  assert.equal(whole.buffer, der.buffer)
  assert.equal(toHex(whole), '3003020105')
  assert.equal(new DerReader(der).content(Tag.SEQUENCE, 'x').byteOffset, 2)
  const reader = new DerReader(der, 2)
  reader.skip('x')
  reader.end('x')
})

suite('the writer that serves one message after the other', () => {
  const one = (value: number) => (writer: DerWriter) => writer.integer(value)

  test('a message is its own, and what was written is overwritten when it has been used', () => {
    let view: Uint8Array = new Uint8Array(0)
    const copy = withDer(one(77), (der) => {
      view = der
      return der.slice()
    })
    assert.deepEqual(copy, Uint8Array.of(2, 1, 77))
    assert.deepEqual(view, new Uint8Array(3))
    assert.deepEqual(writeDer(one(78)), Uint8Array.of(2, 1, 78))
    assert.equal(writeDer(one(78)).buffer.byteLength, 3)
  })

  test('one message may be written while another is', () => {
    const outer = writeDer((writer) => {
      writer.raw(writeDer(one(1)))
      writer.raw(writeDer(one(2)))
      writer.wrap(Tag.SEQUENCE, 0)
    })
    assert.deepEqual(outer, Uint8Array.of(0x30, 6, 2, 1, 2, 2, 1, 1))
  })

  test('a message that failed leaves nothing to the next', () => {
    const failed = (writer: DerWriter): never => {
      writer.raw(new Uint8Array(100).fill(9))
      throw new TypeError('no')
    }
    assert.throws(() => writeDer(failed), TypeError)
    assert.throws(() => withDer(one(1), () => assert.fail('no')))
    assert.deepEqual(writeDer(one(3)), Uint8Array.of(2, 1, 3))
  })

  test('a message may be larger than any before', () => {
    for (const length of [10, 5000, 100_000, 10]) {
      assert.equal(writeDer((writer) => writer.octetString(new Uint8Array(length).fill(7))).at(-1), 7)
    }
  })
})
