import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fc } from '../../property.js'
import { concatBytes, fromHex, toHex } from '../../../src/bytes/index.js'
import { readKeytab, writeKeytab, type Keytab, type KeytabEntry } from '../../../src/kerberos/files/index.js'
import { SspiError } from '../../../src/status/index.js'
import { readVectors } from '../../vectors.js'
import { readSample } from './samples.js'

interface Sample {
  readonly file: string
  readonly sha256: string
}
interface Expected {
  readonly entries: readonly unknown[]
}

const invalid = { code: 'SEC_E_INVALID_TOKEN' }

/** Written by tools that leave out the 32 bits of the key's version, or with bytes behind them. */
const notCanonical = [
  'gokrb5-keytab_syshttp_test_gokrb5.keytab',
  'kerberosnet-sample.keytab',
  'kerberosnet-padding.keytab',
  'kerby-sample.keytab',
  'kerby-test.keytab',
  'gokrb5-keytab_testuser1_test_gokrb5_wrongpasswd.keytab',
]

const summary = ({ realm, name, timestamp, kvno, key }: KeytabEntry): unknown => ({
  realm,
  components: name.nameString,
  nameType: name.nameType,
  timestamp,
  kvno,
  enctype: key.keytype,
  key: toHex(key.keyvalue),
})

const { cases } = readVectors<Sample, Expected>('kerberos/keytab-files.json')

for (const { name, input, expected } of cases) {
  const canonical = !notCanonical.includes(name)
  test(`${name}: every entry is read, and written ${canonical ? 'to the same bytes' : 'and read'} again`, () => {
    const bytes = readSample(input.file)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), input.sha256)
    const keytab = readKeytab(bytes)
    assert.deepEqual(keytab.entries.map(summary), expected.entries)
    const again = writeKeytab(keytab)
    if (canonical) assert.equal(toHex(again), toHex(bytes))
    assert.deepEqual(readKeytab(again), keytab)
  })
}

// realm R, component c, type 1, time 2, kvno 3, key type 17, key aa
const body = '0001' + '000152' + '000163' + '00000001' + '00000002' + '03' + '0011' + '0001aa'
const record = (tail = ''): string => ((body.length + tail.length) / 2).toString(16).padStart(8, '0') + body + tail
const entriesOf = (hex: string): readonly KeytabEntry[] => readKeytab(fromHex(hex)).entries

test('an empty keytab has no entries', () => {
  assert.deepEqual(entriesOf('0502'), [])
  assert.deepEqual(writeKeytab({ version: 2, byteOrder: 'big', entries: [] }), fromHex('0502'))
})

test('holes are passed over, at the beginning, in between and at the end', () => {
  const hole = 'fffffffc' + 'deadbeef'
  assert.equal(entriesOf(`0502${hole}${record()}${hole}${hole}${record()}${hole}`).length, 2)
})

test('a length of zero is the end', () => {
  assert.equal(entriesOf(`0502${record()}00000000ffff`).length, 1)
})

test('a key version of 32 bits counts unless it is zero', () => {
  assert.equal(entriesOf(`0502${record()}`)[0]?.kvno, 3)
  assert.equal(entriesOf(`0502${record('00000103')}`)[0]?.kvno, 0x103)
  assert.equal(entriesOf(`0502${record('00000000')}`)[0]?.kvno, 3)
  assert.equal(entriesOf(`0502${record('ffffffff0000')}`)[0]?.kvno, 0xffff_ffff)
  assert.equal(entriesOf(`0502${record('000001')}`)[0]?.kvno, 3)
})

test('encryption and name types may be negative', () => {
  const entry: KeytabEntry = {
    realm: 'R',
    name: { nameType: -128, nameString: [] },
    timestamp: 0,
    kvno: 1,
    key: { keytype: -135, keyvalue: fromHex('00') },
  }
  const keytab: Keytab = { version: 2, byteOrder: 'big', entries: [entry] }
  assert.deepEqual(readKeytab(writeKeytab(keytab)), keytab)
})

test('version 1 is read and written in either order', () => {
  const entry: KeytabEntry = {
    realm: 'EXAMPLE.COM',
    name: { nameType: 1, nameString: ['host', 'www.example.com'] },
    timestamp: 1_000_000_000,
    kvno: 255,
    key: { keytype: 23, keyvalue: fromHex('000102030405060708090a0b0c0d0e0f') },
  }
  for (const byteOrder of ['little', 'big'] as const) {
    const keytab: Keytab = { version: 1, byteOrder, entries: [entry, entry] }
    assert.deepEqual(readKeytab(writeKeytab(keytab)), keytab)
  }
  assert.throws(() => writeKeytab({ version: 1, byteOrder: 'big', entries: [{ ...entry, kvno: 256 }] }), TypeError)
  assert.throws(() => writeKeytab({ version: 2, byteOrder: 'little', entries: [] }), TypeError)
})

test('what is no keytab is refused', () => {
  for (const hex of ['', '05', '0500', '0503', '0602', '050200', '0502000000ff', '050280000000', '0501000000020000']) {
    assert.throws(() => readKeytab(fromHex(hex)), invalid, hex)
  }
})

test('a keytab cut short within an entry is refused', () => {
  const bytes = readSample('files/mit-krbtgt.keytab')
  // Behind the header, and behind the first of the two entries, it is a keytab of fewer entries.
  const whole = [2, 2 + 4 + 85]
  for (let length = 0; length < bytes.length; length++) {
    if (whole.includes(length)) readKeytab(bytes.subarray(0, length))
    else assert.throws(() => readKeytab(bytes.subarray(0, length)), invalid)
  }
  assert.throws(() => readKeytab(concatBytes(bytes, Uint8Array.of(0))), invalid)
})

test('with any byte changed, a keytab is read or refused', () => {
  for (const file of ['files/handmade-v1-little-endian.keytab', 'files/kerberosnet-padding.keytab']) {
    const bytes = readSample(file)
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [0x01, 0x10, 0x80, 0xff]) {
        const changed = bytes.slice()
        changed[at]! ^= mask
        readOrRefuse(changed)
      }
    }
  }
})

test('any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(1, 2), (noise, version) =>
      readOrRefuse(concatBytes(Uint8Array.of(5, version), noise)),
    ),
  )
})

function readOrRefuse(bytes: Uint8Array): void {
  try {
    readKeytab(bytes)
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
  }
}
