import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { secretFrom } from '../../src/crypto/index.js'
import { NegotiateFlag, sealKey, signKey, type Sender } from '../../src/ntlm/index.js'
import { hasFlag } from '../../src/ntlm/flags.js'
import { DatagramStream, ExtendedStream, OldStream, type MessageStream } from '../../src/ntlm/message-streams.js'
import { readVectors } from '../vectors.js'

interface Keys {
  readonly flags: number
  readonly sealKey?: string
  readonly signKey?: string
  readonly exportedSessionKey?: string
  readonly mode?: Sender
}

interface Message {
  readonly op: 'sign' | 'seal'
  readonly seqNum: number
  readonly plaintext: string
}

type Input = Keys & { readonly messages: readonly Message[] }

interface Expected {
  readonly messages: readonly { readonly sealed?: string; readonly signature: string }[]
}

const at = (sequence: number): { sequence: number; rc4State: undefined } => ({ sequence, rc4State: undefined })

function open(input: Keys, sequence: number): MessageStream {
  const { flags, mode = 'client' } = input
  const exported = fromHex(input.exportedSessionKey ?? '')
  const extended = hasFlag(flags, NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY)
  const seal = input.sealKey === undefined ? sealKey(flags, exported, mode) : secretFrom(fromHex(input.sealKey))
  if (!extended) return new OldStream(seal, at(sequence))
  const sign = input.signKey === undefined ? signKey(flags, exported, mode)! : secretFrom(fromHex(input.signKey))
  return new ExtendedStream({ sign, seal }, hasFlag(flags, NegotiateFlag.NEGOTIATE_KEY_EXCH), at(sequence))
}

/** Protects, and gives what goes over the wire. */
function protect(
  stream: MessageStream,
  { op, plaintext, seqNum }: Message,
): { sealed: Uint8Array; signature: Uint8Array } {
  const sealed = fromHex(plaintext)
  const signature = new Uint8Array(16)
  stream.protect({ signed: [sealed], sealed: op === 'seal' ? [sealed] : [] }, signature, seqNum)
  return { sealed, signature }
}

function unprotect(
  stream: MessageStream,
  op: Message['op'],
  data: Uint8Array,
  signature: Uint8Array,
  sequence = 0,
): void {
  stream.unprotect({ signed: [data], sealed: op === 'seal' ? [data] : [] }, signature, sequence)
}

const file = readVectors<Input, Expected>('ntlm/sign-seal.json')

suite('MAC and SEAL', () => {
  for (const { name, input, expected } of file.cases) {
    test(name, () => {
      const first = input.messages[0]!.seqNum
      const sender = open(input, first)
      const receiver = open(input, first)
      for (const [index, message] of input.messages.entries()) {
        const want = expected.messages[index]!
        const { sealed, signature } = protect(sender, message)
        if (want.sealed !== undefined) assert.equal(toHex(sealed), want.sealed)
        assert.equal(toHex(signature), want.signature)
        unprotect(receiver, message.op, sealed, signature)
        assert.equal(toHex(sealed), message.plaintext)
      }
    })
  }
})

suite('GSS_WrapEx of MS-NLMP 4.2', () => {
  interface Wrap {
    readonly seqNum: number
    readonly plaintext: string
    readonly sealed: string
    readonly signature: string
    readonly signatureRandomPadZero?: string
    readonly sealKey?: string
    readonly signKey?: string
  }
  interface Specified {
    readonly flags: number
    readonly randomSessionKey: string
  }
  for (const { name, input, expected } of readVectors<Specified, { wrap: Wrap; keyExchangeKey: string }>(
    'ntlm/ms-nlmp.json',
  ).cases) {
    test(name, () => {
      const { wrap } = expected
      const keyExchange = hasFlag(input.flags, NegotiateFlag.NEGOTIATE_KEY_EXCH)
      const exportedSessionKey = keyExchange ? input.randomSessionKey : expected.keyExchangeKey
      const keys = { flags: input.flags, exportedSessionKey }
      const message = { op: 'seal', ...wrap } as const
      const { sealed, signature } = protect(open(keys, wrap.seqNum), message)
      assert.equal(toHex(sealed), wrap.sealed)
      assert.equal(toHex(signature), wrap.signatureRandomPadZero ?? wrap.signature)
      // The random pad may hold anything.
      unprotect(open(keys, wrap.seqNum), 'seal', sealed, fromHex(wrap.signature))
      assert.equal(toHex(sealed), wrap.plaintext)
    })
  }
})

suite('mechListMIC', () => {
  interface MicInput extends Keys {
    readonly mechTypeListDer: string
    readonly seqNum: number
  }
  const mics = readVectors<MicInput, { mechListMIC: string }>('spnego/mechlistmic-ntlm.json')
  for (const { name, input, expected } of mics.cases) {
    test(name, () => {
      const message = { op: 'sign', seqNum: input.seqNum, plaintext: input.mechTypeListDer } as const
      assert.equal(toHex(protect(open(input, input.seqNum), message).signature), expected.mechListMIC)
    })
  }
})

const EXTENDED = 0x6008_0030
const VARIANTS: readonly [string, number][] = [
  ['with key exchange', EXTENDED],
  ['without key exchange', EXTENDED & ~NegotiateFlag.NEGOTIATE_KEY_EXCH],
  ['without extended session security', 0x2000_0030],
]

suite('a refused message leaves no trace', () => {
  for (const [name, flags] of VARIANTS) {
    test(name, () => {
      const keys = { flags, exportedSessionKey: '000102030405060708090a0b0c0d0e0f' }
      const sender = open(keys, 0)
      const receiver = open(keys, 0)
      for (const op of ['seal', 'sign', 'seal'] as const) {
        const { sealed, signature } = protect(sender, { op, seqNum: 0, plaintext: '68656c6c6f20776f726c64' })
        for (let bit = 0; bit < 8 * (16 + sealed.length); bit++) {
          const forged = Uint8Array.from([...signature, ...sealed])
          forged[bit >>> 3]! ^= 1 << (bit & 7)
          // MS-NLMP: the random pad is not looked at.
          if (flags === 0x2000_0030 && bit >= 32 && bit < 64) continue
          const data = forged.slice(16)
          assert.throws(() => unprotect(receiver, op, data, forged.subarray(0, 16)), {
            code: /^SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)$/,
          })
          assert.deepEqual(data, forged.subarray(16), 'the ciphertext is in place again')
        }
        unprotect(receiver, op, sealed, signature)
        assert.equal(toHex(sealed), '68656c6c6f20776f726c64')
      }
    })
  }
})

test('another number than the expected one is named before anything else is looked at', () => {
  const keys = { flags: EXTENDED, exportedSessionKey: '000102030405060708090a0b0c0d0e0f' }
  const nonsense = fromHex('01000000ffffffffffffffff05000000')
  assert.throws(() => unprotect(open(keys, 3), 'sign', new Uint8Array(4), nonsense), {
    code: 'SEC_E_OUT_OF_SEQUENCE',
    message: 'NTLM: message 5 came, 3 expected',
  })
})

test('numbers wrap at 32 bits', () => {
  const keys = { flags: EXTENDED, exportedSessionKey: '000102030405060708090a0b0c0d0e0f' }
  const sender = open(keys, 0xffff_ffff)
  const receiver = open(keys, 0xffff_ffff)
  for (const number of ['ffffffff', '00000000', '01000000']) {
    const { sealed, signature } = protect(sender, { op: 'seal', seqNum: 0, plaintext: 'aabbcc' })
    assert.equal(toHex(signature.subarray(12)), number)
    unprotect(receiver, 'seal', sealed, signature)
  }
  assert.equal(sender.sequence, 2)
})

test('datagrams open in any order, each under its own number', () => {
  const key = fromHex('000102030405060708090a0b0c0d0e0f')
  const stream = (): DatagramStream =>
    new DatagramStream({ sign: signKey(EXTENDED, key, 'client')!, seal: sealKey(EXTENDED, key, 'client') }, true)
  const sender = stream()
  const receiver = stream()
  const messages = [9, 3, 0xffff_ffff].map((seqNum) => ({
    seqNum,
    ...protect(sender, { op: 'seal', seqNum, plaintext: '0102030405' }),
  }))
  assert.notDeepEqual(messages[0]!.sealed, messages[1]!.sealed)
  for (const { seqNum, sealed, signature } of messages.reverse()) {
    assert.throws(() => unprotect(receiver, 'seal', sealed.slice(), signature, (seqNum + 1) >>> 0), {
      code: 'SEC_E_OUT_OF_SEQUENCE',
    })
    unprotect(receiver, 'seal', sealed, signature, seqNum)
    assert.equal(toHex(sealed), '0102030405')
  }
})
