import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fc } from '../../property.js'
import { concatBytes, encodeUtf8, fromHex, toHex, Writer } from '../../../src/bytes/index.js'
import {
  ccacheTimeOffset,
  isRemovedCredential,
  makeCcacheConfig,
  makeTimeOffset,
  readCcache,
  readCcacheConfig,
  writeCcache,
  type Ccache,
  type CcacheCredential,
  type CcachePrincipal,
} from '../../../src/kerberos/files/index.js'
import { SspiError } from '../../../src/status/index.js'
import { readVectors } from '../../vectors.js'
import { readSample } from './samples.js'

interface Sample {
  readonly file: string
  readonly sha256: string
}

const invalid = { code: 'SEC_E_INVALID_TOKEN' }

const principalOf = ({ realm, name }: CcachePrincipal): unknown => ({
  nameType: name.nameType,
  realm,
  components: name.nameString,
})

const credentialOf = (credential: CcacheCredential): unknown => ({
  client: principalOf(credential.client),
  server: principalOf(credential.server),
  keyEnctype: credential.key.keytype,
  key: toHex(credential.key.keyvalue),
  authtime: credential.authTime,
  starttime: credential.startTime,
  endtime: credential.endTime,
  renewTill: credential.renewTill,
  isSkey: credential.isSkey,
  ticketFlags: credential.ticketFlags.toString(16).padStart(8, '0'),
  addresses: credential.addresses.map(({ addrType, address }) => ({ type: addrType, data: toHex(address) })),
  authData: credential.authorizationData.map(({ adType, adData }) => ({ type: adType, data: toHex(adData) })),
  ticket: toHex(credential.ticket),
  secondTicket: toHex(credential.secondTicket),
})

/** What came out, in the words of the vectors. */
function summary(ccache: Ccache): unknown {
  const { version, header } = ccache
  return {
    version,
    ...(version === 4 ? { header: header.map(({ tag, value }) => ({ tag, value: toHex(value) })) } : {}),
    defaultPrincipal: principalOf(ccache.defaultPrincipal),
    credentials: ccache.credentials.map(credentialOf),
  }
}

const { cases } = readVectors<Sample, unknown>('kerberos/ccache-files.json')

for (const { name, input, expected } of cases) {
  test(`${name}: every field is read, and from version 3 on written again to the same bytes`, () => {
    const bytes = readSample(input.file)
    assert.equal(createHash('sha256').update(bytes).digest('hex'), input.sha256)
    const ccache = readCcache(bytes)
    assert.deepEqual(summary(ccache), expected)
    if (ccache.version >= 3) assert.equal(toHex(writeCcache(ccache)), toHex(bytes))
    else assert.throws(() => writeCcache(ccache), TypeError)
  })
}

const sample = readCcache(readSample('files/mit-t_marshal-v3'))

/** Writes the sample in the layout of the old versions, which the library only reads. */
function writeOld(version: 1 | 2, little: boolean): Uint8Array {
  const file = new Writer()
  const u16 = (value: number): Writer => (little ? file.u16le(value) : file.u16be(value))
  const u32 = (value: number): Writer => (little ? file.u32le(value) : file.u32be(value))
  const data = (value: Uint8Array): Writer => u32(value.length).bytes(value)
  const principal = ({ realm, name }: CcachePrincipal): void => {
    if (version === 2) u32(name.nameType)
    u32(name.nameString.length + (version === 1 ? 1 : 0))
    for (const text of [realm, ...name.nameString]) data(encodeUtf8(text))
  }
  file.u8(5).u8(version)
  principal(sample.defaultPrincipal)
  for (const credential of sample.credentials) {
    principal(credential.client)
    principal(credential.server)
    u16(credential.key.keytype)
    data(credential.key.keyvalue)
    for (const time of [credential.authTime, credential.startTime, credential.endTime, credential.renewTill]) u32(time)
    file.u8(credential.isSkey)
    u32(credential.ticketFlags)
    u32(credential.addresses.length)
    for (const { addrType, address } of credential.addresses) {
      u16(addrType)
      data(address)
    }
    u32(credential.authorizationData.length)
    for (const { adType, adData } of credential.authorizationData) {
      u16(adType)
      data(adData)
    }
    data(credential.ticket)
    data(credential.secondTicket)
  }
  return file.finish()
}

test('version 1 is laid out as in the sample of MIT', () => {
  assert.equal(toHex(writeOld(1, true)), toHex(readSample('files/mit-t_marshal-v1')))
})

test('versions 1 and 2 are read in either order', () => {
  for (const version of [1, 2] as const) {
    for (const little of [true, false]) {
      const ccache = readCcache(writeOld(version, little))
      assert.equal(ccache.byteOrder, little ? 'little' : 'big')
      const nameless = ccache.credentials.map((credential) => ({ ...credential, client: 0, server: 0 }))
      assert.deepEqual(
        nameless,
        sample.credentials.map((credential) => ({ ...credential, client: 0, server: 0 })),
      )
      if (version === 2) assert.deepEqual(ccache.credentials, sample.credentials)
      assert.equal(ccache.defaultPrincipal.name.nameType, version === 2 ? 1 : 0)
    }
  }
})

test('the time offset of the KDC is read from the header, and made', () => {
  assert.deepEqual(ccacheTimeOffset(readCcache(readSample('files/mit-t_marshal-v4'))), {
    seconds: 300,
    microseconds: 54321,
  })
  const header = [makeTimeOffset({ seconds: -7, microseconds: -1 })]
  const ccache = readCcache(writeCcache({ ...sample, version: 4, header }))
  assert.deepEqual(ccacheTimeOffset(ccache), { seconds: -7, microseconds: -1 })
  assert.equal(ccacheTimeOffset(sample), undefined)
  const short = { ...sample, header: [{ tag: 1, value: fromHex('00000000') }] }
  assert.throws(() => ccacheTimeOffset(short), invalid)
})

test('header fields that we do not know are kept', () => {
  const header = [
    { tag: 7, value: fromHex('aabb') },
    { tag: 1, value: fromHex('0000000000000000') },
  ]
  assert.deepEqual(readCcache(writeCcache({ ...sample, version: 4, header })).header, header)
  assert.throws(() => writeCcache({ ...sample, version: 3, header }), TypeError)
})

test('configuration is found among the credentials', () => {
  const [ticket, fastAvailable, paType] = readCcache(readSample('files/kerby-test.cc')).credentials
  const principal = 'krbtgt/SH.INTEL.COM@SH.INTEL.COM'
  assert.equal(readCcacheConfig(ticket!), undefined)
  assert.deepEqual(readCcacheConfig(fastAvailable!), { key: 'fast_avail', principal, value: encodeUtf8('yes') })
  assert.deepEqual(readCcacheConfig(paType!), { key: 'pa_type', principal, value: encodeUtf8('2') })
})

test('configuration is made as MIT makes it', () => {
  const { credentials, defaultPrincipal } = readCcache(readSample('files/mit-s4u2self-v4'))
  const [credential] = credentials
  assert.deepEqual(makeCcacheConfig(defaultPrincipal, readCcacheConfig(credential!)!), credential)
  const global = { key: 'proxy_impersonator', principal: undefined, value: encodeUtf8('host/www') }
  assert.deepEqual(readCcacheConfig(makeCcacheConfig(defaultPrincipal, global)), global)
})

test('a removed credential is told from the others', () => {
  const [credential] = sample.credentials
  assert.equal(isRemovedCredential(credential!), false)
  assert.equal(isRemovedCredential({ ...credential!, authTime: 0xffff_ffff, endTime: 0 }), true)
  assert.equal(isRemovedCredential(makeCcacheConfig(sample.defaultPrincipal, { key: 'k', value: fromHex('') })), false)
})

test('a cache without credentials is read', () => {
  const empty = { ...sample, credentials: [] }
  assert.deepEqual(readCcache(writeCcache(empty)), empty)
})

test('what is no credential cache is refused', () => {
  for (const hex of [
    '',
    '05',
    '0500',
    '0505',
    '0604',
    '0504',
    '05040000',
    '0504ffff',
    '0503',
    '05010000',
    '050100000000',
  ]) {
    assert.throws(() => readCcache(fromHex(hex)), invalid, hex)
  }
})

test('a cache cut short within a credential is refused', () => {
  for (const file of ['files/mit-t_marshal-v1', 'files/mit-t_marshal-v3', 'files/mit-t_marshal-v4']) {
    const bytes = readSample(file)
    let refused = 0
    for (let length = 0; length < bytes.length; length++) {
      try {
        assert.ok(readCcache(bytes.subarray(0, length)).credentials.length < 2)
      } catch (error) {
        assert.ok(error instanceof SspiError, String(error))
        refused++
      }
    }
    // Behind the default principal and behind the first credential it is a cache of fewer credentials.
    assert.equal(refused, bytes.length - 2)
    assert.throws(() => readCcache(concatBytes(bytes, Uint8Array.of(0))), invalid)
  }
})

test('with any byte changed, a cache is read or refused', () => {
  for (const file of ['files/mit-t_marshal-v1', 'files/mit-t_marshal-v3', 'files/mit-t_marshal-v4']) {
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

test('counts and lengths that lie are refused at once', () => {
  // 2^32-1 components of a principal, bytes of a realm, addresses.
  for (const hex of ['00000001ffffffff00000000', '0000000000000000ffffffff', '00000001ffffffff']) {
    assert.throws(() => readCcache(fromHex(`0503${hex}`)), invalid)
  }
  const principal = '00000001' + '00000000' + '00000000'
  const untilAddresses = principal + principal + '00110011' + '00000000' + '00'.repeat(16) + '00' + '00000000'
  assert.throws(() => readCcache(fromHex(`0503${principal}${untilAddresses}ffffffff`)), invalid)
  assert.throws(() => readCcache(fromHex(`0503${principal}${untilAddresses}00000000ffffffff`)), invalid)
})

test('any bytes are read or refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(1, 2, 3, 4), (noise, version) =>
      readOrRefuse(concatBytes(Uint8Array.of(5, version), noise)),
    ),
  )
})

function readOrRefuse(bytes: Uint8Array): void {
  try {
    readCcache(bytes)
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
  }
}
