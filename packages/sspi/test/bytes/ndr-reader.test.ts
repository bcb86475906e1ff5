import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, NdrReader, Reader, readSid } from '../../src/bytes/index.js'

const invalid = { code: 'SEC_E_INVALID_TOKEN' }
/** The common header, the private header, and a pointer to the structure: MS-RPCE 2.2.6. */
const HEADER = '01100800cccccccc' + '0000000000000000' + '00000200'

function ndr(content: string): NdrReader {
  return new NdrReader(fromHex(HEADER + content))
}

suite('a security identifier', () => {
  const sid = (hex: string): string => readSid(new Reader(fromHex(hex)))

  test('is read as people write it', () => {
    assert.equal(sid('010100000000000512000000'), 'S-1-5-18')
    assert.equal(sid('0105000000000005150000000100000002000000030000' + '00f4010000'), 'S-1-5-21-1-2-3-500')
    assert.equal(sid('0100ffffffffffff'), 'S-1-281474976710655')
  })

  test('of another revision, of more parts than fifteen, or cut short is refused', () => {
    for (const hex of [
      '0201000000000005' + '12000000',
      '0110000000000005' + '00'.repeat(64),
      '0102000000000005' + '12000000',
    ]) {
      assert.throws(() => sid(hex), invalid)
    }
  })
})

suite('NDR', () => {
  test('begins with headers of its own, and something to point at', () => {
    for (const [at, byte] of [
      [0, 2],
      [1, 0],
      [2, 9],
      [18, 0],
    ] as const) {
      const bytes = fromHex(HEADER)
      bytes[at] = byte
      assert.throws(() => new NdrReader(bytes), invalid)
    }
  })

  test('aligns numbers to their size', () => {
    const reader = ndr('0100' + '0000' + '02000000' + '0300')
    assert.deepEqual([reader.u16('a'), reader.u32('b'), reader.u16('c')], [1, 2, 3])
  })

  test('has strings behind the structure, whose lengths must agree', () => {
    const header = '0400' + '0600' + '04000200'
    const read = (array: string): string => {
      const reader = ndr(header + array)
      return reader.string(reader.stringHeader('name'), 'name')
    }
    assert.equal(read('03000000' + '00000000' + '02000000' + '68006900'), 'hi')
    const lies = [
      '01000000' + '00000000' + '02000000',
      '03000000' + '01000000' + '02000000',
      '03000000' + '00000000' + '01000000',
    ]
    for (const lie of lies) assert.throws(() => read(lie + '68006900'), invalid)
  })

  test('counts nothing that is not there', () => {
    const count = (announced: number, hex: string): number => ndr(hex).count(announced, 8, 'groups')
    assert.equal(count(1, '01000000' + '00'.repeat(8)), 1)
    assert.throws(() => count(2, '01000000' + '00'.repeat(8)), invalid)
    assert.throws(() => count(0xffff_ffff, 'ffffffff' + '00'.repeat(8)), invalid)
  })

  test('says twice how many parts a security identifier has', () => {
    const sid = '010100000000000512000000'
    assert.equal(ndr('01000000' + sid).sid('user'), 'S-1-5-18')
    assert.throws(() => ndr('02000000' + sid).sid('user'), invalid)
  })
})
