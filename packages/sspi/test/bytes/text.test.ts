import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import {
  bytesEqual,
  concatBytes,
  decodeAscii,
  decodeUtf8,
  encodeAscii,
  encodeUtf8,
  fromBase64,
  fromHex,
  oemDecode,
  oemEncode,
  toBase64,
  toHex,
  utf16leDecode,
  utf16leEncode,
} from '../../src/bytes/index.js'

const INVALID = { name: 'SspiError', code: 'SEC_E_INVALID_TOKEN' }
const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units))

test('hex is as Node writes it, and reads in either case', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('hex')
      assert.equal(toHex(bytes), text)
      assert.deepEqual(fromHex(text), bytes)
      assert.deepEqual(fromHex(text.toUpperCase()), bytes)
    }),
  )
})

test('hex that is odd or holds anything else is refused without being repeated', () => {
  for (const text of ['a', 'abc', '0g', 'g0', '0x', ' 0', '0/', '0:', '@0', '0`', '0\u0130', '١١']) {
    assert.throws(
      () => fromHex(text, 'key'),
      (error: Error) => error.name === 'SspiError' && error.message.startsWith('key: '),
    )
  }
})

test('base64 is as Node writes it', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const text = Buffer.from(bytes).toString('base64')
      assert.equal(toBase64(bytes), text)
      assert.deepEqual(fromBase64(text), bytes)
    }),
  )
})

test('one value has one base64: any text that reads is written again the same', () => {
  const characters = fc.constantFrom(...'ABab01+/==='.split(''), '-', '_', ' ', '\n', '\u0141')
  fc.assert(
    fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
      const text = parts.join('')
      let bytes
      try {
        bytes = fromBase64(text)
      } catch (error) {
        assert.equal((error as Error).name, 'SspiError')
        return
      }
      assert.equal(toBase64(bytes), text)
    }),
    { numRuns: 2000 },
  )
})

test('base64 without padding, with white space, of the URL alphabet or with stray bits is refused', () => {
  for (const text of [
    'TQ',
    'TQ=',
    'T===',
    '====',
    '=',
    'TQ==TQ==',
    'TR==',
    'TWF=',
    'TW\nE=',
    'T-_=',
    'TWE= ',
    'TWFu\n',
  ]) {
    assert.throws(() => fromBase64(text), INVALID, JSON.stringify(text))
  }
  assert.equal(fromBase64('').length, 0)
})

test('UTF-16 keeps every code unit, lone surrogates included', () => {
  assert.equal(toHex(utf16leEncode('Aé\u{1f511}\ud800')), '4100e9003dd811dd00d8')
  assert.equal(utf16leDecode(fromHex('fffe00d80000'), 'x'), '\ufeff\ud800\0')
  fc.assert(fc.property(anyText, (text) => assert.equal(utf16leDecode(utf16leEncode(text), 'x'), text)))
})

test('UTF-16 longer than any argument list is decoded', () => {
  const text = 'é'.repeat(300_000)
  assert.equal(utf16leDecode(utf16leEncode(text), 'x'), text)
})

test('UTF-16 of an odd number of bytes is refused', () => {
  assert.throws(() => utf16leDecode(new Uint8Array(3), 'user name'), { ...INVALID, message: /^user name: 3 bytes/ })
})

test('OEM text is ASCII and Latin-1, with ? for what it lacks', () => {
  assert.equal(toHex(oemEncode('Aé€')), '41e93f')
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(oemEncode(oemDecode(bytes)), bytes)))
})

test('UTF-8 goes round, byte order mark and long text included; bad bytes and lone surrogates do not pass', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(decodeUtf8(encodeUtf8(text), 'x'), text)))
  const long = 'ASCII and é, '.repeat(20)
  assert.equal(decodeUtf8(encodeUtf8(`\ufeff${long}`), 'x'), `\ufeff${long}`)
  for (const bad of ['c328', 'ff', 'eda080', 'c080']) assert.throws(() => decodeUtf8(fromHex(bad), 'x'), INVALID)
  assert.throws(() => encodeUtf8('a\ud800b'), TypeError)
})

test('ASCII is ASCII', () => {
  assert.equal(decodeAscii(encodeAscii('a@b'), 'x'), 'a@b')
  assert.throws(() => decodeAscii(Uint8Array.of(0x80), 'x'), INVALID)
  assert.throws(() => encodeAscii('é'), TypeError)
})

test('bytes are compared and joined', () => {
  assert.ok(bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
  assert.ok(!bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
  assert.ok(!bytesEqual(Uint8Array.of(1, 2), Uint8Array.of(1)))
  const part = Uint8Array.of(1, 2)
  const joined = concatBytes(part, new Uint8Array(0), Uint8Array.of(3))
  part[0] = 9
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3))
  assert.equal(concatBytes().length, 0)
})
