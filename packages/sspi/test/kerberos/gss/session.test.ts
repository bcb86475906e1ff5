import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concatBytes, fromHex } from '../../../src/bytes/index.js'
import { KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { GssFlag } from '../../../src/kerberos/gss/authenticator-checksum.js'
import { readSession, writeSession } from '../../../src/kerberos/gss/session-export.js'
import type { SessionParts } from '../../../src/kerberos/gss/session-parts.js'
import { KerberosSession } from '../../../src/kerberos/gss/session.js'
import { kerberosPackage } from '../../../src/kerberos/index.js'
import {
  SecBuffer,
  SecBufferDesc,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SECQOP_WRAP_NO_ENCRYPT,
  SspiError,
  type Side,
} from '../../../src/sspi/index.js'
import { countingRandom, NOON } from '../../compliance/suite.js'

const TEXT = new TextEncoder().encode('Attack at dawn, or a little later.')
const ALL = GssFlag.CONFIDENTIALITY | GssFlag.INTEGRITY | GssFlag.SEQUENCE | GssFlag.REPLAY

function partsOf(side: Side, parts: Partial<SessionParts> & { readonly enctype?: number } = {}): SessionParts {
  const { enctype = 18, ...rest } = parts
  return {
    side,
    flags: ALL,
    contextAttr: 0,
    datagram: false,
    key: KerberosKey.generate(enctype, (length) => new Uint8Array(length).fill(0x42)),
    acceptorSubkey: true,
    client: { realm: 'EXAMPLE.COM', name: { nameType: 1, nameString: ['alice'] } },
    server: { realm: 'EXAMPLE.COM', name: { nameType: 2, nameString: ['HTTP', 'www.example.com'] } },
    peer: undefined,
    targetName: 'HTTP/www.example.com',
    ticket: {
      flags: 0x4080_0000,
      authTime: NOON,
      startTime: NOON,
      endTime: new Date(NOON.getTime() + 3_600_000),
      renewTill: undefined,
      authorizationData: [{ adType: 128, adData: fromHex('0102') }],
      clientAuthorizationData: [{ adType: -5, adData: fromHex('03') }],
      pacVerified: false,
    },
    delegated: undefined,
    ...rest,
  }
}

function sessionOf(
  side: Side,
  parts?: Partial<SessionParts> & { readonly enctype?: number },
  start = 0,
): KerberosSession {
  const at = { sent: start, received: { next: start, seen: 0n } }
  return new KerberosSession(partsOf(side, parts), at, kerberosPackage().info, { random: countingRandom() })
}

function sealed(from: KerberosSession, qop = 0, sequence = 0): SecBufferDesc {
  const buffers = [SECBUFFER_TOKEN, SECBUFFER_DATA, SECBUFFER_PADDING].map((type) => new SecBuffer(type))
  buffers[1] = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
  const message = new SecBufferDesc(buffers)
  from.seal(message, qop, sequence)
  return message
}

suite('sessions', () => {
  test('the sizes for AES are those of Windows', () => {
    assert.deepEqual(sessionOf('initiator').query(SECPKG_ATTR_SIZES), {
      maxToken: 48_000,
      maxSignature: 28,
      blockSize: 1,
      securityTrailer: 60,
    })
    const dceStyle = sessionOf('initiator', { flags: ALL | GssFlag.DCE_STYLE })
    assert.equal(dceStyle.query(SECPKG_ATTR_SIZES)?.securityTrailer, 76)
  })

  test('a message that is only signed says so to the receiver', () => {
    const [client, server] = [sessionOf('initiator'), sessionOf('acceptor')]
    const message = sealed(client, SECQOP_WRAP_NO_ENCRYPT)
    assert.deepEqual(message.buffers[1]!.bytes, TEXT)
    assert.deepEqual(server.unseal(message, 0), { kind: 'message', qop: SECQOP_WRAP_NO_ENCRYPT })
  })

  test('encryption is refused where it was not asked for, signing is not', () => {
    const client = sessionOf('initiator', { flags: GssFlag.INTEGRITY })
    assert.throws(() => sealed(client), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    sealed(client, SECQOP_WRAP_NO_ENCRYPT)
  })

  test('in a datagram context the numbers are those of the caller', () => {
    const datagram = { datagram: true }
    const [client, server] = [sessionOf('initiator', datagram), sessionOf('acceptor', datagram)]
    const message = sealed(client, 0, 77)
    const copy = message.buffers.map(({ bufferType, bytes }) => new SecBuffer(bufferType, bytes.slice()))
    assert.throws(() => server.unseal(new SecBufferDesc(copy), 78), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    server.unseal(message, 77)
    assert.deepEqual(message.buffers[1]!.bytes, TEXT)
  })

  for (const enctype of [16, 23]) {
    test(`numbers of 32 bits wrap with encryption type ${enctype}`, () => {
      const [client, server] = [0xffff_fffe, 0xffff_fffe].map((start, index) =>
        sessionOf(index === 0 ? 'initiator' : 'acceptor', { enctype }, start),
      ) as [KerberosSession, KerberosSession]
      for (let count = 0; count < 5; count++) {
        const message = sealed(client)
        server.unseal(message, 0)
        assert.deepEqual(message.buffers[1]!.bytes, TEXT)
      }
    })

    test(`encryption type ${enctype} needs room for its padding`, () => {
      const message = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN), new SecBuffer(SECBUFFER_DATA, TEXT.slice())])
      assert.throws(() => sessionOf('initiator', { enctype }).seal(message, 0, 0), { code: 'SEC_E_BUFFER_TOO_SMALL' })
      assert.deepEqual(message.buffers[1]!.bytes, TEXT)
    })
  }

  test('an exported session comes back as it was; spoiled, it leads to nothing but SspiError', () => {
    const parts = partsOf('acceptor', { datagram: true })
    const at = { sent: 7, received: { next: 9, seen: 5n } }
    const blob = writeSession(parts, at)
    const read = readSession(blob)
    assert.deepEqual(read.at, at)
    assert.deepEqual({ ...read.parts, key: undefined }, { ...parts, key: undefined })
    assert.ok(read.parts.key.equals(parts.key))
    for (let length = 0; length < blob.length; length++) {
      assert.throws(() => readSession(blob.subarray(0, length)), SspiError)
    }
    for (let index = 0; index < blob.length; index++) {
      const changed = new Uint8Array(blob)
      changed[index]! ^= 0xff
      try {
        readSession(changed).parts.key.dispose()
      } catch (error) {
        assert.ok(error instanceof SspiError, String(error))
      }
    }
  })
})

test('a token that was rotated by any count opens, by more than its length too (RFC 4121 section 4.2.5)', () => {
  for (const qop of [0, SECQOP_WRAP_NO_ENCRYPT]) {
    const whole = (): Uint8Array =>
      concatBytes(...sealed(sessionOf('initiator'), qop).buffers.map(({ bytes }) => bytes))
    const token = whole()
    const body = token.subarray(16)
    const turned = token[6]! * 256 + token[7]!
    const straight = concatBytes(body.subarray(turned), body.subarray(0, turned))
    for (const count of [0, 1, 27, body.length - 1, body.length, body.length + 5, 3 * body.length + 2, 0xffff]) {
      const at = body.length - (count % body.length)
      const header = token.slice(0, 16)
      header.set([count >> 8, count & 0xff], 6)
      const rotated = concatBytes(header, straight.subarray(at), straight.subarray(0, at))
      const data = new SecBuffer(SECBUFFER_DATA)
      const message = new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, rotated), data])
      sessionOf('acceptor').unseal(message, 0)
      assert.deepEqual(data.bytes, TEXT, `rotated by ${count}`)
    }
  }
})

test('a flag of a token that nobody has defined is passed over, where the checksum covers it', () => {
  const parts = partsOf('initiator')
  const verify = (flags: number, signedFlags: number): number => {
    const header = (value: number): Uint8Array =>
      Uint8Array.of(4, 4, value, ...new Array<number>(5).fill(255), ...new Uint8Array(8))
    const mac = parts.key.checksum(KeyUsage.GSS_INITIATOR_SIGN, [TEXT, header(signedFlags)])
    const token = concatBytes(header(flags), mac)
    return sessionOf('acceptor').verify(
      new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, TEXT), new SecBuffer(SECBUFFER_TOKEN, token)]),
      0,
    )
  }
  assert.equal(verify(0x84, 0x84), 0)
  assert.throws(() => verify(0x84, 0x04), { code: 'SEC_E_MESSAGE_ALTERED' })
  assert.throws(() => verify(0x85, 0x85), { code: 'SEC_E_INVALID_TOKEN' })
})
