import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concatBytes, fromHex } from '../../../src/bytes/index.js'
import { Enctype, KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import { makeApRep, openApRep } from '../../../src/kerberos/gss/ap-messages.js'
import {
  GssFlag,
  readAuthenticatorChecksum,
  writeAuthenticatorChecksum,
} from '../../../src/kerberos/gss/authenticator-checksum.js'
import { isFirstToken, readContextToken } from '../../../src/kerberos/gss/context-tokens.js'
import { openProtection } from '../../../src/kerberos/gss/protection.js'
import { SequenceWindow, type SequencePolicy } from '../../../src/kerberos/gss/sequence-window.js'
import { SspiError } from '../../../src/sspi/index.js'
import { NOON } from '../../compliance/suite.js'
import { recordedContexts, sideOf } from './recorded.js'

const contexts = recordedContexts('kerberos/gss-wrap-mic.json')

/** Every proper prefix, each bit of each byte flipped, one byte too many, and lengths that lie. */
function* spoiled(bytes: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < bytes.length; length++) yield bytes.slice(0, length)
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [1, 0x80, 0xff]) {
      const changed = bytes.slice()
      changed[at]! ^= mask
      yield changed
    }
  }
  yield concatBytes(bytes, Uint8Array.of(0))
}

function onlySspiError(call: () => unknown, mustFail: boolean): void {
  try {
    call()
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
    return
  }
  assert.ok(!mustFail, 'it was taken')
}

suite('spoiled input leads to nothing but SspiError', () => {
  for (const context of contexts) {
    test(`messages of ${context.name}`, () => {
      const receiver = openProtection(sideOf(context, 'acceptor'))
      const messages = context.expected.messages.filter(({ from }) => from === 'initiator')
      for (const message of messages) {
        const text = fromHex(message.plaintext)
        for (const token of spoiled(fromHex(message.token!))) {
          const open = (): unknown =>
            message.op === 'mic' ? receiver.verify([text], token) : receiver.unwrap({ whole: token, parts: undefined })
          // RFC 4121 section 4.2.5: a rotation by a multiple of the length is the same.
          onlySspiError(open, token.length < message.token!.length / 2)
        }
      }
    })
  }

  test('context tokens', () => {
    for (const { input } of contexts) {
      for (const { token } of input.tokens) {
        for (const changed of spoiled(fromHex(token))) {
          onlySspiError(() => readContextToken(changed), false)
          isFirstToken(changed)
        }
      }
    }
  })

  test('authenticator checksums', () => {
    const checksum = {
      bindings: new Uint8Array(16).fill(7),
      flags: GssFlag.DELEGATE | GssFlag.MUTUAL,
      delegation: new Uint8Array(40).fill(9),
      extensions: new Uint8Array(0),
    }
    const bytes = writeAuthenticatorChecksum(checksum)
    assert.deepEqual(readAuthenticatorChecksum(bytes), checksum)
    const tooLong = { ...checksum, delegation: new Uint8Array(65_536) }
    assert.throws(() => writeAuthenticatorChecksum(tooLong), { code: 'SEC_E_CANNOT_PACK' })
    for (const changed of spoiled(bytes)) {
      onlySspiError(() => readAuthenticatorChecksum(changed), changed.length < bytes.length)
    }
    for (const { expected } of recordedContexts('kerberos/gss-context.json')) {
      const recorded = fromHex(expected.authenticator.cksum.checksum)
      const read = readAuthenticatorChecksum(recorded)
      assert.equal(read.flags, expected.gssChecksum.flags)
      assert.deepEqual(writeAuthenticatorChecksum(read), recorded)
    }
  })
})

test('an AP-REP is an answer to its own request, under the session key (RFC 4120 section 3.2.5)', () => {
  const key = new KerberosKey(Enctype.AES256_CTS_HMAC_SHA1_96, new Uint8Array(32).fill(1))
  const time = { seconds: NOON, microseconds: 17 }
  const message = makeApRep(key, { time, subkey: undefined, seqNumber: 5 }, (length) => new Uint8Array(length))
  assert.equal(openApRep(key, message, time).seqNumber, 5)
  for (const other of [
    { ...time, microseconds: 18 },
    { ...time, seconds: new Date(NOON.getTime() + 1000) },
  ]) {
    assert.throws(() => openApRep(key, message, other), {
      code: 'SEC_E_MESSAGE_ALTERED',
      message: /another authenticator/,
    })
  }
  const stranger = new KerberosKey(Enctype.AES256_CTS_HMAC_SHA1_96, new Uint8Array(32).fill(2))
  assert.throws(() => openApRep(stranger, message, time), { code: 'SEC_E_MESSAGE_ALTERED' })
})

suite('the order of messages', () => {
  const outcome = (policy: SequencePolicy, ...numbers: readonly number[]): string => {
    const window = new SequenceWindow(policy, 100)
    return numbers
      .map((number) => {
        try {
          window.accept(number)
          return '+'
        } catch (error) {
          assert.ok(error instanceof SspiError && error.code === 'SEC_E_OUT_OF_SEQUENCE')
          return '-'
        }
      })
      .join('')
  }

  test('in order: each once, none left out, and a refused one changes nothing', () => {
    assert.equal(outcome('in-order', 100, 101, 101, 100, 103, 102, 103, 99), '++---++-')
  })

  test('no replay: any order within a window of 64, none twice', () => {
    assert.equal(outcome('no-replay', 100, 102, 101, 101, 100, 102), '+++---')
    assert.equal(outcome('no-replay', 163, 100, 100, 164, 100, 101, 400, 337, 336), '++-+-+++-')
  })

  test('any: everything', () => {
    assert.equal(outcome('any', 100, 100, 7, 2 ** 40), '++++')
  })

  test('a window goes on where another stood', () => {
    const window = new SequenceWindow('no-replay', 0)
    window.accept(0)
    window.accept(2)
    const moved = new SequenceWindow('no-replay', window.position)
    moved.accept(1)
    assert.throws(() => moved.accept(2), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })
})
