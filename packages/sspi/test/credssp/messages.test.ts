import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { concatBytes, fromHex, toHex } from '../../src/bytes/index.js'
import {
  lengthOfTsRequest,
  readTsCredentials,
  readTsRequest,
  writeTsCredentials,
  writeTsRequest,
  type TsCredentials,
  type TsRequest,
} from '../../src/credssp/messages/index.js'
import { SspiError } from '../../src/status/index.js'
import { readVectors } from '../vectors.js'

interface RequestFields {
  readonly version: number
  readonly negoTokens?: readonly string[]
  readonly authInfo?: string
  readonly pubKeyAuth?: string
  readonly errorCode?: number
  readonly clientNonce?: string
}

const requests = readVectors<{ tsRequest: string }, RequestFields>('credssp/ts-request.json').cases
const flow = readVectors<{ tsRequests: readonly string[] }, unknown>('credssp/ntlm-flow.json').cases[0]!
const ofRdesktop = readVectors<{ tsRequest?: string; tsCredentials?: string }, object>('credssp/rdesktop.json').cases
const credentials = readVectors<{ tsCredentials: string }, { credType: number }>('credssp/ts-credentials.json').cases

/** What came out, in the words of the vectors. */
function summary(request: TsRequest): RequestFields {
  const hex = (bytes: Uint8Array | undefined): string | undefined => (bytes === undefined ? undefined : toHex(bytes))
  const fields = {
    version: request.version,
    negoTokens: request.negoTokens.length === 0 ? undefined : request.negoTokens.map(toHex),
    authInfo: hex(request.authInfo),
    pubKeyAuth: hex(request.pubKeyAuth),
    errorCode: request.errorCode,
    clientNonce: hex(request.clientNonce),
  }
  return JSON.parse(JSON.stringify(fields)) as RequestFields
}

suite('TSRequest', () => {
  for (const { name, input, expected } of requests) {
    test(`${name}: every field is read, and written again to the same bytes`, () => {
      const bytes = fromHex(input.tsRequest)
      const request = readTsRequest(bytes)
      assert.deepEqual(summary(request), expected)
      assert.equal(toHex(writeTsRequest(request)), input.tsRequest)
      assert.equal(lengthOfTsRequest(bytes), bytes.length)
    })
  }

  test('every message of a recorded exchange is written again to the same bytes', () => {
    assert.ok(flow.input.tsRequests.length >= 4)
    for (const hex of flow.input.tsRequests) assert.equal(toHex(writeTsRequest(readTsRequest(fromHex(hex)))), hex)
  })

  test('its length is known from its first bytes, as soon as they are there', () => {
    for (const { input } of requests) {
      const bytes = fromHex(input.tsRequest)
      const headerBytes = bytes[1]! < 0x80 ? 2 : 2 + (bytes[1]! & 0x7f)
      for (let length = 0; length < headerBytes; length++) {
        assert.equal(lengthOfTsRequest(bytes.subarray(0, length)), undefined)
      }
      assert.equal(lengthOfTsRequest(bytes.subarray(0, headerBytes)), bytes.length)
    }
  })

  test('what is no SEQUENCE, or of a length beyond any bound, is refused by its first bytes', () => {
    for (const hex of ['31', '00', '3080', '308400000001']) {
      assert.throws(() => lengthOfTsRequest(fromHex(hex)), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })

  test('a nonce that is not 32 bytes long, and a version before 2, are refused', () => {
    const short = writeTsRequest({ version: 6, clientNonce: new Uint8Array(31) })
    assert.throws(() => readTsRequest(short), { code: 'SEC_E_INVALID_TOKEN', message: /31 bytes instead of 32/ })
    assert.throws(() => readTsRequest(writeTsRequest({ version: 1 })), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test('a version that is not known yet is read: the peer comes down to ours', () => {
    assert.equal(readTsRequest(writeTsRequest({ version: 99 })).version, 99)
  })

  test('more tokens than anybody sends are refused', () => {
    const negoTokens = Array.from({ length: 9 }, () => Uint8Array.of(1))
    assert.throws(() => readTsRequest(writeTsRequest({ version: 6, negoTokens })), { code: 'SEC_E_INVALID_TOKEN' })
  })
})

suite('TSCredentials', () => {
  for (const { name, input, expected } of credentials) {
    test(`${name}: every field is read, and written again to the same bytes`, () => {
      const value = readTsCredentials(fromHex(input.tsCredentials))
      assert.deepEqual(inWords(value), expected)
      assert.equal(toHex(writeTsCredentials(value)), input.tsCredentials)
    })
  }

  test('what it does not know is refused without a byte of it in the message', () => {
    const value = { credType: 1, credentials: { domainName: '', userName: 'a', password: 'hunter2' } } as const
    const bytes = writeTsCredentials(value)
    const at = toHex(bytes).indexOf('a003020101') / 2 + 4
    bytes[at] = 9
    assert.throws(
      () => readTsCredentials(bytes),
      (error: unknown) =>
        error instanceof SspiError && error.message.includes('credType 9') && !error.message.includes('hunter'),
    )
  })

  test('a text that is a terminating zero alone is empty: so nothing that is delegated is nothing', () => {
    const nothing = { domainName: '\0', userName: '\0', password: '\0' }
    const bytes = writeTsCredentials({ credType: 1, credentials: nothing })
    assert.deepEqual(readTsCredentials(bytes).credentials, { domainName: '', userName: '', password: '' })
  })
})

suite('rdesktop, whose lengths and texts are its own', () => {
  for (const { name, input, expected } of ofRdesktop) {
    test(`${name} is read`, () => {
      if (input.tsRequest !== undefined) assert.deepEqual(summary(readTsRequest(fromHex(input.tsRequest))), expected)
      else assert.deepEqual(inWords(readTsCredentials(fromHex(input.tsCredentials ?? ''))), expected)
    })
  }
})

function inWords({ credType, credentials: fields }: TsCredentials): unknown {
  const key = { 1: 'passwordCreds', 2: 'smartCardCreds', 6: 'remoteGuardCreds' }[credType]
  const plain: unknown = JSON.parse(
    JSON.stringify({ [key]: fields }, (_key, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value)),
  )
  return { credType, ...(plain as object) }
}

const samples = [
  ...[...requests.map(({ input }) => input.tsRequest), ...flow.input.tsRequests].map((hex) => ({
    read: (bytes: Uint8Array): unknown => readTsRequest(bytes),
    bytes: fromHex(hex),
  })),
  ...credentials.map(({ input }) => ({
    read: (bytes: Uint8Array): unknown => readTsCredentials(bytes),
    bytes: fromHex(input.tsCredentials),
  })),
  ...ofRdesktop.map(({ input: { tsRequest, tsCredentials } }) => ({
    read: tsRequest === undefined ? readTsCredentials : readTsRequest,
    bytes: fromHex(tsRequest ?? tsCredentials ?? ''),
  })),
]

suite('bad bytes', () => {
  const refused = { code: 'SEC_E_INVALID_TOKEN' }

  test('cut short, or with a byte more, a message is refused at every length', () => {
    for (const { read, bytes } of samples) {
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => read(bytes.subarray(0, length)), refused)
      }
      assert.throws(() => read(concatBytes(bytes, Uint8Array.of(0))), refused)
    }
  })

  test('with any byte changed, a message is read or refused', () => {
    for (const { read, bytes } of samples) {
      for (let at = 0; at < bytes.length; at++) {
        for (const mask of [1, 0x20, 0x80, 0xff]) {
          const changed = bytes.slice()
          changed[at]! ^= mask
          readOrRefuse(read, changed)
        }
      }
    }
  })

  test('any bytes are read or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(samples.length - 1), (noise, which) => {
        const { read, bytes } = samples[which]!
        readOrRefuse(read, noise)
        readOrRefuse(read, concatBytes(bytes.subarray(0, noise[0] ?? 0), noise))
      }),
      { numRuns: 2000 },
    )
  })

  function readOrRefuse(read: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
    try {
      read(bytes)
    } catch (error) {
      assert.ok(error instanceof SspiError, String(error))
      assert.equal(error.code, 'SEC_E_INVALID_TOKEN')
    }
  }
})
