import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../../property.js'
import { fromHex, toHex } from '../../../src/bytes/index.js'
import { Enctype, KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import {
  MAX_PAC_BUFFERS,
  MAX_PAC_BYTES,
  pacBuffer,
  PacBufferType,
  readClientInfo,
  readLogonInfo,
  readPac,
  readSignature,
  readUpnDnsInfo,
  readWholeSid,
  uncheckedSignatures,
  verifyKdcSignature,
  verifyServerSignature,
} from '../../../src/kerberos/pac/index.js'
import { SspiError } from '../../../src/status/index.js'
import { readVectors } from '../../vectors.js'

interface Decoded {
  readonly signatureType: number
  readonly signature: string
  readonly rodcIdentifier: string
}

interface Expected {
  readonly result?: 'reject'
  readonly serverSignatureValid?: boolean
  readonly kdcSignatureValid?: boolean
  readonly buffers?: readonly {
    readonly type: number
    readonly offset: number
    readonly size: number
    readonly decoded?: object
  }[]
}

interface Given {
  readonly pac: string
  readonly serverKey?: string
  readonly kdcKey?: string
}

const pacs = readVectors<Given, Expected>('pac/pac.json').cases
const logonInfos = readVectors<{ readonly ndr: string }, object>('pac/kerb-validation-info.json').cases

/** Signed by HMAC-MD5 under a key of single DES, which is no key here. */
const UNDER_DES = ['heimdal saved_pac2']

suite('a PAC of the vectors', () => {
  for (const { name, input, expected } of pacs) {
    const bytes = fromHex(input.pac)
    if (expected.result === 'reject') {
      test(`${name}: is refused`, () => {
        assert.throws(() => readPac(bytes), { code: 'SEC_E_INVALID_TOKEN' })
      })
      continue
    }
    test(`${name}: is read as it was written`, () => {
      const pac = readPac(bytes)
      assert.deepEqual(
        pac.buffers.map(({ type, offset, bytes }) => ({ type, offset, size: bytes.length })).sort(byOffset),
        expected.buffers?.map(({ type, offset, size }) => ({ type, offset, size })).sort(byOffset),
      )
      for (const { type, decoded } of expected.buffers ?? []) {
        if (decoded === undefined) continue
        const read = READERS.get(type)
        if (read === undefined) continue
        assert.deepEqual(read(pacBuffer(pac, type)!.bytes), decoded, `buffer of type ${type}`)
      }
    })
    const { serverKey, kdcKey } = input
    if (serverKey !== undefined && !UNDER_DES.includes(name)) {
      test(`${name}: the server signature is good under the service's key, and under no other`, () => {
        const pac = readPac(bytes)
        assert.equal(expected.serverSignatureValid, true)
        assert.equal(verifyServerSignature(pac, keyFor(pac, PacBufferType.SERVER_SIGNATURE, serverKey)), pac)
        const other = keyFor(pac, PacBufferType.SERVER_SIGNATURE, serverKey.replace(/^../, '00'))
        assert.throws(() => verifyServerSignature(pac, other), { code: 'SEC_E_MESSAGE_ALTERED' })
      })
    }
    if (kdcKey !== undefined) {
      test(`${name}: the KDC's signature is good under its key, and under no other`, () => {
        const pac = readPac(bytes)
        assert.equal(expected.kdcSignatureValid, true)
        verifyKdcSignature(pac, keyFor(pac, PacBufferType.KDC_SIGNATURE, kdcKey))
        const other = keyFor(pac, PacBufferType.KDC_SIGNATURE, kdcKey.replace(/^../, '00'))
        assert.throws(() => verifyKdcSignature(pac, other), { code: 'SEC_E_MESSAGE_ALTERED' })
      })
    }
  }

  test('no byte of one that is signed can be changed', () => {
    const { input } = pacs.find(({ name }) => name.includes('Windows 2022'))!
    const bytes = fromHex(input.pac)
    const whole = readPac(bytes)
    const key = keyFor(whole, PacBufferType.SERVER_SIGNATURE, input.serverKey!)
    const kdc = pacBuffer(whole, PacBufferType.KDC_SIGNATURE)!
    for (let at = 0; at < bytes.length; at++) {
      // The KDC's signature was not there when the server's was made; it signs that one.
      if (at >= kdc.offset + 4 && at < kdc.offset + kdc.bytes.length) continue
      const changed = bytes.slice()
      changed[at]! ^= 0x40
      assert.throws(() => verifyServerSignature(readPac(changed), key), SspiError, `byte ${at}`)
    }
  })

  test('signatures of KDCs are named as what a service cannot check', () => {
    const unchecked = (part: string): readonly string[] =>
      uncheckedSignatures(readPac(fromHex(pacs.find(({ name }) => name.includes(part))!.input.pac)))
    assert.deepEqual(unchecked('saved_pac'), ['KDC signature'])
    assert.deepEqual(unchecked('Windows 2022'), ['KDC signature', 'ticket signature', 'extended KDC signature'])
  })
})

suite('the logon information of the vectors', () => {
  for (const { name, input, expected } of logonInfos) {
    test(`is read as it was written: ${name}`, () => {
      assert.deepEqual(inWordsOfMsPac(readLogonInfo(fromHex(input.ndr))), expected)
    })
  }

  test('is refused when it is cut short, at every length, and when a count lies', () => {
    const bytes = fromHex(logonInfos[0]!.input.ndr)
    // Windows pads to eight bytes.
    for (let length = 0; length < bytes.length - 7; length++) {
      assert.throws(() => readLogonInfo(bytes.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' }, `${length}`)
    }
    for (let at = 0; at < bytes.length - 3; at++) {
      for (const lie of [0xffff_ffff, 0x7fff_ffff, 0]) {
        const changed = bytes.slice()
        new DataView(changed.buffer).setUint32(at, lie, true)
        try {
          readLogonInfo(changed)
        } catch (error) {
          assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', `byte ${at}`)
        }
      }
    }
  })
})

suite('a PAC that is no PAC', () => {
  const good = fromHex(pacs.find(({ name }) => name === 'mit saved_pac')!.input.pac)
  const invalid = { code: 'SEC_E_INVALID_TOKEN' }

  test('is refused when it is cut short, at every length', () => {
    for (let length = 0; length < good.length - 8; length++) {
      assert.throws(() => verifyServerSignature(readPac(good.subarray(0, length)), ANY_KEY), SspiError, `${length}`)
    }
  })

  test('is refused when it is too long, or of too many buffers', () => {
    const long = new Uint8Array(MAX_PAC_BYTES + 1)
    long.set(good)
    assert.throws(() => readPac(long), { ...invalid, message: /65537 bytes, at most 65536/ })
    const many = new Uint8Array(2048)
    many[0] = MAX_PAC_BUFFERS + 1
    assert.throws(() => readPac(many), { ...invalid, message: /65 buffers, at most 64/ })
  })

  test('is refused with two buffers of a kind, of which the second might be somebody else', () => {
    const twice = good.slice()
    twice.set(twice.subarray(8, 24), 24)
    assert.throws(() => readPac(twice), { ...invalid, message: /two buffers of one kind/ })
  })

  test('is refused without signatures', () => {
    assert.throws(() => verifyServerSignature(readPac(new Uint8Array(8)), ANY_KEY), { code: 'SEC_E_MESSAGE_ALTERED' })
  })

  test('is refused with SspiError whatever it is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(100), (bytes, at) => {
        const mixed = good.slice()
        mixed.set(bytes.subarray(0, mixed.length - at), at)
        for (const input of [bytes, mixed]) {
          try {
            const pac = readPac(input)
            for (const { type, bytes } of pac.buffers) READERS.get(type)?.(bytes)
            verifyServerSignature(pac, ANY_KEY)
          } catch (error) {
            assert.ok(error instanceof SspiError)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

const ANY_KEY = new KerberosKey(Enctype.RC4_HMAC, new Uint8Array(16))

/** The key of the enctype that a signature's type goes with. */
function keyFor(pac: ReturnType<typeof readPac>, buffer: number, hex: string): KerberosKey {
  const { type } = readSignature(pacBuffer(pac, buffer)!.bytes)
  const enctypes = new Map([
    [-138, Enctype.RC4_HMAC],
    [15, Enctype.AES128_CTS_HMAC_SHA1_96],
    [16, Enctype.AES256_CTS_HMAC_SHA1_96],
  ])
  return new KerberosKey(enctypes.get(type)!, fromHex(hex))
}

/** What reads a buffer, and its result as the vectors write it. */
const READERS = new Map<number, (bytes: Uint8Array) => object>([
  [PacBufferType.LOGON_INFO, (bytes) => inWordsOfMsPac(readLogonInfo(bytes))],
  [
    PacBufferType.CLIENT_INFO,
    (bytes) => {
      const { clientId, name } = readClientInfo(bytes)
      return { clientId: clientId.toString(), name }
    },
  ],
  [
    PacBufferType.UPN_DNS_INFO,
    (bytes) => Object.fromEntries(Object.entries(readUpnDnsInfo(bytes)).filter(([, value]) => value !== undefined)),
  ],
  [PacBufferType.REQUESTOR, (bytes) => ({ sid: readWholeSid(bytes) })],
  ...[
    PacBufferType.SERVER_SIGNATURE,
    PacBufferType.KDC_SIGNATURE,
    PacBufferType.TICKET_SIGNATURE,
    PacBufferType.EXTENDED_KDC_SIGNATURE,
  ].map((type): [number, (bytes: Uint8Array) => object] => [
    type,
    (bytes): Decoded => {
      const { type, signature, rodcIdentifier } = readSignature(bytes)
      const rodc = rodcIdentifier === undefined ? '' : toHex(Uint8Array.of(rodcIdentifier & 0xff, rodcIdentifier >> 8))
      return { signatureType: type, signature: toHex(signature), rodcIdentifier: rodc }
    },
  ]),
])

/** The vectors have the names of MS-PAC, times in digits, bytes in hexadecimal, and null where nothing is. */
function inWordsOfMsPac(info: object): object {
  return Object.fromEntries(
    Object.entries(info).map(([name, value]: [string, unknown]) => [capital(name), plain(value)]),
  )
}

function plain(value: unknown): unknown {
  if (value === undefined) return null
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map((entry: object) => inWordsOfMsPac(entry))
  return value
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}

function byOffset(a: { readonly offset: number }, b: { readonly offset: number }): number {
  return a.offset - b.offset
}
