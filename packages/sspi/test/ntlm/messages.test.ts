import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { fromHex, toHex, utf16leEncode } from '../../src/bytes/index.js'
import {
  AvId,
  flagNames,
  NegotiateFlag,
  readAuthenticate,
  readAvPairs,
  readChallenge,
  readNegotiate,
  readNtResponse,
  readSingleHost,
  readVersion,
  writeAuthenticate,
  writeAvPairs,
  writeChallenge,
  writeNegotiate,
  writeVersion,
} from '../../src/ntlm/index.js'
import { SspiError } from '../../src/sspi/index.js'
import { readVectors } from '../vectors.js'

interface Expected {
  readonly messageType: number
  readonly flags: number
  readonly version: string
  readonly domain?: string
  readonly workstation?: string
  readonly user?: string
  readonly lmResponse?: string
  readonly ntResponse?: string
  readonly encryptedRandomSessionKey?: string
  readonly mic?: string
  readonly targetName?: string
  readonly serverChallenge?: string
  readonly targetInfo?: readonly (readonly [number, string])[]
}

interface Exchange {
  readonly negotiateMessage: string | null
  readonly challengeMessage: string
  readonly authenticateMessage: string
}

const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : toHex(bytes))

/**
 * In these the vector gives the eight bytes where a Version would be, and they are payload: the header ends before them.
 */
const VERSION_IS_PAYLOAD = new Set(['davenport-type1', 'davenport-type2'])

suite('real messages are read', () => {
  for (const { name, input, expected } of readVectors<{ message: string }, Expected>('ntlm/parse-messages.json')
    .cases) {
    test(name, () => {
      const message = fromHex(input.message)
      const version = VERSION_IS_PAYLOAD.has(name) ? '' : expected.version
      if (expected.messageType === 1) {
        const read = readNegotiate(message)
        assert.deepEqual(
          { flags: read.flags, domain: read.domain, workstation: read.workstation, version: hex(read.version) },
          { flags: expected.flags, domain: expected.domain, workstation: expected.workstation, version },
        )
      } else if (expected.messageType === 2) {
        const read = readChallenge(message)
        assert.equal(read.flags, expected.flags)
        assert.equal(read.targetName, expected.targetName)
        assert.equal(toHex(read.serverChallenge), expected.serverChallenge)
        assert.equal(hex(read.version), version)
        assert.deepEqual(pairs(read.targetInfo), expected.targetInfo)
      } else {
        const read = readAuthenticate(message)
        const { flags, domain, user, workstation } = expected
        assert.deepEqual(
          { flags: read.flags, domain: read.domain, user: read.user, workstation: read.workstation },
          { flags, domain, user, workstation },
        )
        assert.equal(toHex(read.lmResponse), expected.lmResponse)
        assert.equal(toHex(read.ntResponse), expected.ntResponse)
        assert.equal(toHex(read.encryptedRandomSessionKey), expected.encryptedRandomSessionKey)
        assert.equal(hex(read.version), version)
        assert.equal(hex(read.mic), expected.mic)
      }
    })
  }
})

function pairs(targetInfo: Uint8Array): readonly (readonly [number, string])[] {
  return [...readAvPairs(targetInfo).map(({ id, value }): [number, string] => [id, toHex(value)]), [AvId.MsvAvEOL, '']]
}

suite('malformed messages', () => {
  interface Malformed {
    readonly message: string
    readonly as: 'negotiate' | 'challenge' | 'authenticate'
  }
  const file = readVectors<Malformed, { result: string; why: string }>('ntlm/malformed.json')
  for (const { name, input, expected } of file.cases) {
    test(`${name}: ${expected.result}`, () => {
      const read = (): void => {
        const message = fromHex(input.message)
        if (input.as === 'negotiate') readNegotiate(message)
        else if (input.as === 'challenge') readAvPairs(readChallenge(message).targetInfo)
        else readNtResponse(readAuthenticate(message).ntResponse)
      }
      if (expected.result === 'reject') assert.throws(read, { code: 'SEC_E_INVALID_TOKEN' })
      else onlySspiError(read)
    })
  }
})

const exchanges = readVectors<Exchange, unknown>('ntlm/exchanges.json').cases
const specified = readVectors<unknown, { challengeMessage?: string; authenticateMessage?: string }>('ntlm/ms-nlmp.json')

suite('Windows’ layout is written byte for byte', () => {
  // What was read is written again. Other clients and servers lay the payload out in other orders, so theirs are not here.
  const windows = exchanges.filter(({ name }) => /sspi_ntlm|smblibrary|gss-ntlmssp-NTLMv2-CBT/.test(name))
  for (const { name, input } of windows) {
    test(name, () => {
      if (input.negotiateMessage !== null) {
        assert.equal(toHex(writeNegotiate(readNegotiate(fromHex(input.negotiateMessage)))), input.negotiateMessage)
      }
      const { challengeMessage, authenticateMessage } = input
      assert.equal(toHex(writeChallenge(readChallenge(fromHex(challengeMessage)))), challengeMessage)
      assert.equal(toHex(writeAuthenticate(readAuthenticate(fromHex(authenticateMessage)))), authenticateMessage)
    })
  }
  for (const { name, expected } of specified.cases) {
    test(`MS-NLMP ${name}`, () => {
      const { challengeMessage = '', authenticateMessage } = expected
      assert.equal(toHex(writeChallenge(readChallenge(fromHex(challengeMessage)))), challengeMessage)
      if (authenticateMessage === undefined) return
      assert.equal(toHex(writeAuthenticate(readAuthenticate(fromHex(authenticateMessage)))), authenticateMessage)
    })
  }
})

suite('every message cut, changed or lying about its lengths', () => {
  const messages: readonly [string, string, (message: Uint8Array) => unknown][] = exchanges.flatMap(
    ({ name, input }) => [
      [`${name} NEGOTIATE`, input.negotiateMessage ?? '', readNegotiate],
      [`${name} CHALLENGE`, input.challengeMessage, readWholeChallenge],
      [`${name} AUTHENTICATE`, input.authenticateMessage, readWholeAuthenticate],
    ],
  )
  for (const [name, message, read] of messages) {
    test(name, () => {
      const bytes = fromHex(message)
      for (let length = 0; length < bytes.length; length++) onlySspiError(() => read(bytes.subarray(0, length)))
      for (let at = 0; at < bytes.length; at++) {
        for (const value of [0x00, 0x7f, 0x80, 0xff, bytes[at]! ^ 1]) {
          const changed = bytes.slice()
          changed[at] = value
          onlySspiError(() => read(changed))
        }
      }
      for (let at = 12; at + 8 <= Math.min(bytes.length, 64); at += 4) {
        for (const lie of ['ffffffff', '0000ffff', 'ffff0000', '00000080', 'fffffffe']) {
          const changed = bytes.slice()
          changed.set(fromHex(lie), at)
          onlySspiError(() => read(changed))
        }
      }
    })
  }

  test('any bytes at all', () => {
    const readers = [
      readNegotiate,
      readWholeChallenge,
      readWholeAuthenticate,
      readAvPairs,
      readNtResponse,
      readSingleHost,
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...readers),
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 3 }),
        (read, tail, type) => {
          onlySspiError(() => read(tail))
          onlySspiError(() => read(Uint8Array.of(0x4e, 0x54, 0x4c, 0x4d, 0x53, 0x53, 0x50, 0, type, 0, 0, 0, ...tail)))
        },
      ),
    )
  })
})

test('a header is refused at every length before its end', () => {
  const { challengeMessage, authenticateMessage, negotiateMessage } = exchanges[0]!.input
  const invalid = { code: 'SEC_E_INVALID_TOKEN' }
  for (let length = 0; length < 16; length++) {
    assert.throws(() => readNegotiate(fromHex(negotiateMessage!).subarray(0, length)), invalid)
  }
  for (let length = 0; length < 48; length++) {
    assert.throws(() => readChallenge(fromHex(challengeMessage).subarray(0, length)), invalid)
  }
  for (let length = 0; length < 64; length++) {
    assert.throws(() => readAuthenticate(fromHex(authenticateMessage).subarray(0, length)), invalid)
  }
})

test('a NEGOTIATE of 16 bytes, of 32 and of 40 is read', () => {
  const whole = fromHex('4e544c4d5353500001000000b78208e2000000000000000000000000000000000a0063450000000f')
  assert.equal(readNegotiate(whole.subarray(0, 16)).version, undefined)
  assert.equal(readNegotiate(whole.subarray(0, 32)).version, undefined)
  assert.deepEqual(readVersion(readNegotiate(whole).version!), { major: 10, minor: 0, build: 17763, ntlmRevision: 15 })
  assert.equal(readNegotiate(whole.subarray(0, 16)).flags, 0xe20882b7)
})

test('names of a NEGOTIATE that its flags do not announce are not looked at', () => {
  const lying = fromHex('4e544c4d535350000100000007020000ffffffffffffffffffffffffffffffff')
  assert.deepEqual(readNegotiate(lying), { flags: 0x207, domain: '', workstation: '', version: undefined })
  const announced = fromHex('4e544c4d535350000100000007120000ffffffffffffffffffffffffffffffff')
  assert.throws(() => readNegotiate(announced), { code: 'SEC_E_INVALID_TOKEN', message: /DomainName/ })
})

test('the second lengths of fields and what is reserved are not looked at', () => {
  const { negotiateMessage, challengeMessage, authenticateMessage } = exchanges.find(({ name }) =>
    name.startsWith('pyspnego-sspi'),
  )!.input
  const changed = (message: string, ...places: readonly (readonly [number, number])[]): Uint8Array => {
    const bytes = fromHex(message)
    for (const [at, length] of places) bytes.fill(0xa5, at, at + length)
    return bytes
  }
  assert.deepEqual(
    readNegotiate(changed(negotiateMessage!, [18, 2], [26, 2])),
    readNegotiate(fromHex(negotiateMessage!)),
  )
  const read = readChallenge(changed(challengeMessage, [14, 2], [32, 8], [42, 2]))
  assert.deepEqual(read, readChallenge(fromHex(challengeMessage)))
  const maxima = [14, 22, 30, 38, 46, 54].map((at) => [at, 2] as const)
  assert.deepEqual(
    readAuthenticate(changed(authenticateMessage, ...maxima)),
    readAuthenticate(fromHex(authenticateMessage)),
  )
  // The reserved fields of NTLMv2_CLIENT_CHALLENGE: 2 bytes behind the versions, 4 behind them, 4 behind the challenge.
  const { ntResponse } = readAuthenticate(fromHex(authenticateMessage))
  const response = readNtResponse(changed(toHex(ntResponse), [18, 2], [20, 4], [40, 4]))
  const expected = readNtResponse(ntResponse)
  assert.ok(response.kind === 'v2' && expected.kind === 'v2')
  assert.deepEqual(response.avPairs, expected.avPairs)
  assert.equal(response.timestamp, expected.timestamp)
})

test('what is reserved in a CHALLENGE is zero', () => {
  const challenge = {
    targetName: 'SERVER',
    flags: 0xa28a_8235,
    serverChallenge: new Uint8Array(8).fill(1),
    version: undefined,
  }
  const message = writeChallenge({ ...challenge, targetInfo: writeAvPairs([]) })
  assert.deepEqual(message.subarray(32, 40), new Uint8Array(8))
})

test('target information of a CHALLENGE that its flags do not announce is not looked at', () => {
  const { challengeMessage } = exchanges[0]!.input
  const lying = fromHex(challengeMessage)
  const view = new DataView(lying.buffer)
  view.setUint32(20, view.getUint32(20, true) & ~NegotiateFlag.NEGOTIATE_TARGET_INFO, true)
  lying.fill(0xff, 40, 48)
  const { targetName, targetInfo } = readChallenge(lying)
  const told = readChallenge(fromHex(challengeMessage))
  assert.deepEqual([targetName, targetInfo.length], [told.targetName, 0])
})

test('messages survive writing and reading, in either character set', () => {
  const name = fc.string({ maxLength: 40 })
  fc.assert(
    fc.property(
      fc.boolean(),
      name,
      name,
      name,
      fc.uint8Array({ maxLength: 300 }),
      (unicode, user, domain, workstation, response) => {
        const flags = unicode ? NegotiateFlag.NEGOTIATE_UNICODE : NegotiateFlag.NEGOTIATE_OEM
        const version = writeVersion({ major: 6, minor: 1, build: 7601, ntlmRevision: 15 })
        const message = {
          ntResponse: response,
          lmResponse: new Uint8Array(24),
          domain,
          user,
          workstation,
          encryptedRandomSessionKey: new Uint8Array(16),
          flags,
          version,
          mic: new Uint8Array(16).fill(7),
        }
        const read = readAuthenticate(writeAuthenticate(message))
        assert.deepEqual({ ...read }, message)
      },
    ),
  )
  const challenge = {
    targetName: 'SERVER',
    flags: (NegotiateFlag.NEGOTIATE_OEM | NegotiateFlag.NEGOTIATE_TARGET_INFO) >>> 0,
    serverChallenge: new Uint8Array(8).fill(1),
    targetInfo: writeAvPairs([{ id: AvId.MsvAvNbComputerName, value: utf16leEncode('SERVER') }]),
    version: undefined,
  }
  assert.deepEqual(readChallenge(writeChallenge(challenge)), challenge)
})

test('the flags and the numbers are those of the specification', () => {
  interface Named {
    readonly name: string
    readonly value: number
  }
  // This file has its lists under their own names.
  const file = readConstants()
  const mine = Object.entries(NegotiateFlag).map(([name, value]) => [`NTLMSSP_${name}`, value])
  const theirs = file.negotiateFlags.map(({ name, value }: Named) => [
    name.replace('NTLM_NEGOTIATE_OEM', 'NTLMSSP_NEGOTIATE_OEM'),
    value,
  ])
  assert.deepEqual(new Map(mine as [string, number][]), new Map(theirs as [string, number][]))
  assert.deepEqual(new Map(Object.entries(AvId)), new Map(file.avIds.map(({ name, value }: Named) => [name, value])))
  assert.deepEqual(flagNames(0xa0000201), ['NEGOTIATE_UNICODE', 'NEGOTIATE_NTLM', 'NEGOTIATE_128', 'NEGOTIATE_56'])
  assert.deepEqual(flagNames(0x8), ['0x8'])
})

function readConstants(): {
  negotiateFlags: { name: string; value: number }[]
  avIds: { name: string; value: number }[]
} {
  return JSON.parse(
    readFileSync(new URL('../../../../../vectors/constants/ntlm.json', import.meta.url), 'utf8'),
  ) as never
}

function readWholeChallenge(message: Uint8Array): void {
  readAvPairs(readChallenge(message).targetInfo)
}

function readWholeAuthenticate(message: Uint8Array): void {
  const response = readNtResponse(readAuthenticate(message).ntResponse)
  if (response.kind !== 'v2') return
  const host = response.avPairs.find(({ id }) => id === AvId.MsvAvSingleHost)
  if (host !== undefined) readSingleHost(host.value)
}

/** Whatever comes in, nothing but an `SspiError` for what does not parse comes out. */
function onlySspiError(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, 'SEC_E_INVALID_TOKEN')
  }
}
