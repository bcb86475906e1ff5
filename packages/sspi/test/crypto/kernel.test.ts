import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createCipheriv, createHash, createHmac, randomBytes as drawn } from 'node:crypto'
import { afterEach, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { Cbc, CbcCts, Hmac, md5, Rc4, sha256 } from '../../src/crypto/index.js'
import { kernel, switchKernel, type Kernel } from '../../src/crypto/kernel/instance.js'
import {
  kernelCheckMac,
  kernelDecrypt,
  kernelDeriveKey,
  kernelDigest,
  kernelEncrypt,
  kernelHmac,
  kernelOpenGcm,
  kernelOuterMac,
  kernelRc4,
  kernelSealGcm,
  prepareCtsHmac,
  prepareGcm,
  prepareHmac,
  type CtsHmacFacts,
} from '../../src/crypto/kernel/operations.js'
import { observeSecrets, secretBytes } from '../../src/crypto/secret-bytes.js'
import { readVectors } from '../vectors.js'

const hashes = ['md5', 'sha1', 'sha256', 'sha384'] as const
const bytes = (length: number, seed = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => i * 7 + (i >> 8) + seed)
const random = (length: number): Uint8Array => new Uint8Array(drawn(length))

/** Every length up to some thousand, then random ones up to what the kernel takes. */
function* lengths(from: number, to: number): Generator<number> {
  for (let length = from; length <= to; length++) yield length
  for (let i = 0; i < 20; i++) yield to + (new DataView(drawn(2).buffer, 0).getUint16(0) % (60_000 - to))
}

/** A key under one of the pads of HMAC, RFC 2104 section 2. */
function padded(key: Uint8Array, block: number, pad: number): Uint8Array {
  return Uint8Array.from({ length: block }, (_, i) => (key[i] ?? 0) ^ pad)
}

/** The kernel of this process, which every Node that is supported can run. */
function theKernel(): Kernel {
  const found = kernel()
  assert.ok(found !== undefined)
  return found
}

/** Everything secret in the kernel's memory. */
const secretMemory = (): Uint8Array => theKernel().bytes.subarray(theKernel().SECRETS)
const isZero = (memory: Uint8Array): boolean => memory.every((byte) => byte === 0)

afterEach(() => {
  assert.ok(isZero(secretMemory()), 'the kernel keeps something of a call')
})

suite('the kernel against Node', () => {
  for (const name of hashes) {
    test(`${name}: digests of every length, in one part and in several`, () => {
      for (const length of lengths(0, 2100)) {
        const data = bytes(length, length)
        const expected = createHash(name).update(data).digest('hex')
        assert.equal(toHex(kernelDigest(name, [data], length)!), expected, `${length} bytes`)
        const parts = [data.subarray(0, length >> 1), new Uint8Array(0), data.subarray(length >> 1)]
        assert.equal(toHex(kernelDigest(name, parts, length)!), expected, `${length} bytes in parts`)
      }
    })

    test(`${name}: HMAC of every length, under keys of every length that there may be`, () => {
      const block = name === 'sha384' ? 128 : 64
      for (const length of lengths(0, 2100)) {
        const key = random(length % (block + 1))
        const data = bytes(length, length)
        const states = prepareHmac(name, key)!
        const expected = createHmac(name, key).update(data).digest('hex')
        const macBytes = expected.length / 2
        const inner = createHash(name)
          .update(padded(key, block, 0x36))
          .update(data)
          .digest('binary')
        assert.equal(toHex(kernelOuterMac(name, states, inner, macBytes)!), expected, `${length} bytes, inner by Node`)
        const mac = fromHex(expected)
        assert.equal(kernelCheckMac(name, states, [data], length, mac), true)
        mac[length % macBytes]! ^= 1 << (length % 8)
        assert.equal(kernelCheckMac(name, states, [data], length, mac), false)
        assert.equal(toHex(kernelHmac(name, states, [data], length, macBytes)!), expected, `${length} bytes`)
      }
    })
  }

  for (const [keyBytes, cipher] of [
    [16, 'aes128'],
    [32, 'aes256'],
  ] as const) {
    for (const order of ['mac-and-encrypt', 'encrypt-then-mac'] as const) {
      for (const hash of hashes) {
        const facts: CtsHmacFacts = { order, hash, macBytes: hash === 'sha384' ? 24 : 12 }
        test(`${cipher} and HMAC-${hash}, ${order}: messages of every length, both ways`, () => {
          for (const length of lengths(16, 700)) {
            const [cipherKey, macKey, data] = [random(keyBytes), random(1 + (length % 64)), random(length)]
            const expanded = prepareCtsHmac(facts, cipherKey, macKey)!
            const sealed = kernelEncrypt(facts, keyBytes / 4 + 6, expanded, [data], length)!
            const encrypted = new CbcCts(cipher, cipherKey).encrypt(data, new Uint8Array(length))
            const covered = order === 'mac-and-encrypt' ? data : Buffer.concat([new Uint8Array(16), encrypted])
            const mac = createHmac(hash, macKey)
              .update(covered)
              .digest('hex')
              .slice(0, 2 * facts.macBytes)
            assert.equal(toHex(sealed), toHex(encrypted) + mac, `${length} bytes`)
            const opened = kernelDecrypt(facts, keyBytes / 4 + 6, expanded, [sealed], length, 16)
            assert.deepEqual(opened, data.subarray(16), `${length} bytes`)
          }
        })
      }
    }

    test(`${cipher}: keys are derived as by encrypting block after block`, () => {
      for (let i = 0; i < 300; i++) {
        const [key, block] = [random(keyBytes), random(16)]
        const expected = new Uint8Array(keyBytes)
        const cbc = new Cbc(cipher, key)
        for (let at = 0, work = block.slice(); at < keyBytes; at += 16) expected.set(cbc.encrypt(work), at)
        assert.deepEqual(kernelDeriveKey(key, block, keyBytes), expected)
        assert.deepEqual(kernelDeriveKey(key, block, 16), expected.subarray(0, 16))
      }
    })
  }

  for (const [keyBytes, cipher] of [
    [16, 'aes-128-gcm'],
    [32, 'aes-256-gcm'],
  ] as const) {
    test(`${cipher}: messages of every length, in parts, both ways; a tag that is wrong in any bit opens nothing`, () => {
      for (const length of lengths(0, 700)) {
        const [key, nonce, data] = [random(keyBytes), random(12), random(length)]
        const associatedData = random(length % 17)
        const node = createCipheriv(cipher, key, nonce).setAAD(associatedData)
        const expected = Buffer.concat([node.update(data), node.final(), node.getAuthTag()])
        const facts = { rounds: keyBytes / 4 + 6, nonce, associatedData }
        const expanded = prepareGcm(key)!
        const [sealed, tag] = [data.slice(), new Uint8Array(16)]
        const middle = length >> 1
        const parts = [sealed.subarray(0, middle), new Uint8Array(0), sealed.subarray(middle)]
        assert.ok(kernelSealGcm(facts, expanded, parts, length, tag))
        assert.equal(toHex(sealed) + toHex(tag), expected.toString('hex'), `${length} bytes`)
        const forged = tag.slice()
        forged[length % 16]! ^= 1 << (length % 8)
        const kept = sealed.slice()
        assert.equal(kernelOpenGcm(facts, expanded, kept, forged), 'altered')
        assert.deepEqual(kept, sealed)
        assert.equal(kernelOpenGcm(facts, expanded, sealed, tag), 'opened')
        assert.deepEqual(sealed, data)
      }
    })
  }

  test('RC4: the stream goes on from call to call, whichever engine it is', () => {
    const key = bytes(16)
    const one = new Rc4(key)
    const state = new Rc4(key).exportState()
    for (const length of [0, 1, 7, 8, 9, 255, 1023, 1024, 65_535, 65_536, 65_537, 200_001]) {
      const data = random(length)
      const out = new Uint8Array(length)
      assert.ok(kernelRc4(state, data, out))
      switchKernel(false)
      try {
        assert.deepEqual(one.apply(data, new Uint8Array(length)), out, `${length} bytes`)
      } finally {
        switchKernel(true)
      }
      assert.deepEqual(one.exportState(), state)
    }
  })
})

suite('the kernel against what was published', () => {
  test('AES-GCM: test cases 2 and 14 of its specification by McGrew and Viega', () => {
    for (const [keyBytes, ciphertext, expected] of [
      [16, '0388dace60b6a392f328c2b971b2fe78', 'ab6e47d42cec13bdf53a67b21257bddf'],
      [32, 'cea7403d4d606b6e074ec5d3baf39d18', 'd0d1c8a799996bf0265b98b5d48ab919'],
    ] as const) {
      const facts = { rounds: keyBytes / 4 + 6, nonce: new Uint8Array(12), associatedData: new Uint8Array(0) }
      const [block, tag] = [new Uint8Array(16), new Uint8Array(16)]
      assert.ok(kernelSealGcm(facts, prepareGcm(new Uint8Array(keyBytes))!, [block], 16, tag))
      assert.deepEqual([toHex(block), toHex(tag)], [ciphertext, expected])
    }
  })

  test('AES: the examples of FIPS 197, appendix C', () => {
    const block = fromHex('00112233445566778899aabbccddeeff')
    const derived = (key: string): string => toHex(kernelDeriveKey(fromHex(key), block, 16)!)
    assert.equal(derived('000102030405060708090a0b0c0d0e0f'), '69c4e0d86a7b0430d8cdb78070b4c55a')
    assert.equal(
      derived('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
      '8ea2b7ca516745bfeafc49904b496089',
    )
  })

  for (const { name, input, expected } of readVectors<
    { readonly cipher: string; readonly key: string; readonly iv: string; readonly plaintext: string },
    { readonly ciphertext: string }
  >('crypto/cbc-cts.json').cases) {
    if (!input.cipher.startsWith('aes') || !/^0*$/.test(input.iv)) continue
    test(`CBC with ciphertext stealing: ${name}`, () => {
      const facts: CtsHmacFacts = { order: 'mac-and-encrypt', hash: 'sha1', macBytes: 12 }
      const [key, data] = [fromHex(input.key), fromHex(input.plaintext)]
      const expanded = prepareCtsHmac(facts, key, key)!
      const sealed = kernelEncrypt(facts, key.length / 4 + 6, expanded, [data], data.length)!
      assert.equal(toHex(sealed.subarray(0, data.length)), expected.ciphertext)
    })
  }
})

suite('messages that were altered', () => {
  for (const order of ['mac-and-encrypt', 'encrypt-then-mac'] as const) {
    test(`${order}: each byte counts, and nothing of the plaintext comes out`, () => {
      const facts: CtsHmacFacts = { order, hash: 'sha1', macBytes: 12 }
      const expanded = prepareCtsHmac(facts, bytes(32), bytes(20))!
      for (const length of [16, 17, 31, 32, 33, 100]) {
        const sealed = kernelEncrypt(facts, 14, expanded, [bytes(length)], length)!
        for (let at = 0; at < sealed.length; at++) {
          for (const flip of [1, 0x80, 0xff]) {
            sealed[at]! ^= flip
            assert.equal(kernelDecrypt(facts, 14, expanded, [sealed], length, 16), 'altered')
            sealed[at]! ^= flip
          }
        }
        assert.ok(isZero(secretMemory()))
      }
    })
  }
})

suite('the memory of the kernel', () => {
  test('it is the tables and zeros, in the beginning and after every kind of call', () => {
    const facts: CtsHmacFacts = { order: 'encrypt-then-mac', hash: 'sha384', macBytes: 24 }
    const calls: Record<string, () => unknown> = {
      digest: () => kernelDigest('sha384', [bytes(1000)], 1000),
      'prepare a MAC': () => prepareHmac('sha1', bytes(64)),
      MAC: () => kernelHmac('sha384', secretBytes(128), [bytes(1000)], 1000, 48),
      'outer MAC': () => kernelOuterMac('sha256', secretBytes(128), 'x'.repeat(32), 32),
      'check a MAC': () => kernelCheckMac('sha1', secretBytes(128), [bytes(1000)], 1000, bytes(20)),
      'derive a key': () => kernelDeriveKey(bytes(32), bytes(16), 32),
      'prepare keys': () => prepareCtsHmac(facts, bytes(32), bytes(128)),
      encrypt: () => kernelEncrypt(facts, 14, secretBytes(608), [bytes(999)], 999),
      'decrypt what is altered': () => kernelDecrypt(facts, 14, secretBytes(608), [bytes(999)], 975, 16),
      decrypt: () => {
        const expanded = prepareCtsHmac(facts, bytes(32), bytes(24))!
        const sealed = kernelEncrypt(facts, 14, expanded, [bytes(999)], 999)!
        return kernelDecrypt(facts, 14, expanded, [sealed], 999, 16)
      },
      RC4: () => kernelRc4(new Rc4(bytes(16)).exportState(), bytes(100_000), new Uint8Array(100_000)),
      'a longest message': () => kernelDigest('md5', [bytes(theKernel().MESSAGE_BYTES)], theKernel().MESSAGE_BYTES),
    }
    const tables = theKernel().bytes.slice(0, theKernel().SECRETS)
    for (const [what, call] of Object.entries(calls)) {
      call()
      assert.ok(isZero(secretMemory()), what)
      assert.deepEqual(theKernel().bytes.subarray(0, theKernel().SECRETS), tables, what)
    }
  })

  test('it has room for the longest message with what is written before and behind it', () => {
    const { bytes: memory, MESSAGE, MESSAGE_BYTES, BEHIND_BYTES } = theKernel()
    assert.ok(MESSAGE + MESSAGE_BYTES + BEHIND_BYTES <= memory.length)
  })
})

suite('without the kernel', () => {
  test('everything comes out the same', () => {
    const all = (): readonly string[] =>
      [0, 1, 63, 64, 100, 300, 3000].flatMap((length) => {
        const data = bytes(length)
        const macs = hashes.map((name) => new Hmac(name, bytes(20)).mac(data))
        return [md5(data), sha256(data), ...macs, new Rc4(bytes(5)).apply(data)].map(toHex)
      })
    const withKernel = all()
    switchKernel(false)
    try {
      assert.equal(kernel(), undefined)
      assert.equal(kernelDigest('sha1', [], 0), undefined)
      assert.deepEqual(all(), withKernel)
    } finally {
      switchKernel(true)
    }
  })

  test('a MAC that is cut begins as the whole one, whichever engine makes it', () => {
    for (const length of [10, 10_000]) {
      for (const name of hashes) {
        const whole = new Hmac(name, bytes(20)).mac(bytes(length))
        assert.deepEqual(new Hmac(name, bytes(20), 12).mac(bytes(length)), whole.subarray(0, 12))
      }
    }
  })

  test('a MAC that the kernel has begun goes on when there is none', () => {
    const keyed = new Hmac('sha1', bytes(20))
    const expected = keyed.mac(bytes(40))
    switchKernel(false)
    try {
      assert.deepEqual(keyed.mac(bytes(40)), expected)
    } finally {
      switchKernel(true)
    }
  })

  test('a MAC is known again by both engines, and no other is', () => {
    for (const engine of ['kernel', 'node']) {
      switchKernel(engine === 'kernel')
      try {
        for (const length of [10, 10_000]) {
          const keyed = new Hmac('sha1', bytes(20), 12)
          const mac = keyed.mac(bytes(length))
          assert.ok(keyed.matches(mac, bytes(length)))
          assert.ok(keyed.matches(mac, bytes(length).subarray(0, 4), bytes(length).subarray(4)))
          assert.ok(!keyed.matches(mac, bytes(length + 1)))
          for (const other of [
            mac.subarray(0, 11),
            new Uint8Array(0),
            new Hmac('sha1', bytes(20)).mac(bytes(length)),
          ]) {
            assert.ok(!keyed.matches(other, bytes(length)))
          }
          for (let at = 0; at < mac.length; at++) {
            mac[at]! ^= 0x80
            assert.ok(!keyed.matches(mac, bytes(length)))
            mac[at]! ^= 0x80
          }
        }
      } finally {
        switchKernel(true)
      }
    }
  })

  test('its keys are zero after disposal, whichever engines were used', () => {
    const made: Uint8Array[] = []
    const stop = observeSecrets((secret) => made.push(secret))
    try {
      for (const name of hashes) {
        const keyed = new Hmac(name, bytes(200))
        keyed.mac(bytes(10))
        keyed.mac(bytes(10_000))
        keyed.dispose()
      }
    } finally {
      stop()
    }
    assert.ok(made.length > 8)
    for (const secret of made) assert.ok(isZero(secret))
  })

  // Under --jitless there is no WebAssembly: Node does all of it.
  for (const file of ['./hashes.test.js', './rc4.test.js', '../kerberos/enctypes/vectors.test.js']) {
    test(`the published vectors come out under --jitless: ${file}`, () => {
      const path = fileURLToPath(new URL(file, import.meta.url))
      const env = { ...process.env, NODE_TEST_CONTEXT: undefined, NODE_V8_COVERAGE: undefined }
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--jitless', path], { env, encoding: 'utf8' })
      assert.equal(status, 0, `${stdout}\n${stderr}`)
      assert.match(stdout, /^[#ℹ] pass [1-9]/mu)
    })
  }
})
