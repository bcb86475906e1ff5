import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, fromHex, toHex } from '../../../src/bytes/index.js'
import { KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import { openProtection } from '../../../src/kerberos/gss/protection.js'
import { hasOldTokens } from '../../../src/kerberos/gss/old-algorithms.js'
import type { MessageParts, MessageProtection } from '../../../src/kerberos/gss/message-protection.js'
import { readVectors } from '../../vectors.js'
import {
  confounderOf,
  recordedContexts,
  sideOf,
  wholeOf,
  type RecordedContext,
  type RecordedMessage,
} from './recorded.js'

const contexts = recordedContexts(
  'kerberos/gss-wrap-mic.json',
  'kerberos/gss-iov-dce.json',
  'kerberos/gss-context.json',
  'spnego/krb5-sessions.json',
)

for (const context of contexts.filter(({ expected }) => expected.messages.length > 0)) {
  test(`MIT's messages open, and ours are the same bytes: ${context.name}`, () => {
    let confounder = new Uint8Array(0)
    const sides = {
      initiator: openProtection(sideOf(context, 'initiator', () => confounder)),
      acceptor: openProtection(sideOf(context, 'acceptor', () => confounder)),
    }
    const next = {
      initiator: context.expected.authenticator.seqNumber,
      acceptor: context.expected.encApRepPart?.seqNumber ?? 0,
    }
    for (const message of context.expected.messages) {
      const { from } = message
      const [sender, receiver] =
        from === 'initiator' ? [sides.initiator, sides.acceptor] : [sides.acceptor, sides.initiator]
      const sequence = next[from]++
      const text = fromHex(message.plaintext)
      if (message.op === 'mic') {
        assert.equal(receiver.verify([text], fromHex(message.token!)), sequence)
        assert.equal(toHex(sender.sign([text], sequence)), message.token)
        continue
      }
      opens(receiver, message, sequence)
      if (message.confidential === true || hasOldTokens(context.expected.contextKey.enctype)) {
        confounder = Uint8Array.from(confounderOf(context, message, sequence))
      }
      makes(sender, context, message, sequence)
    }
  })
}

/** What is signed: in IOV messages something before and something behind the data. */
function partsOf(message: RecordedMessage, data: Uint8Array): MessageParts {
  if (message.op === 'wrap') return { signed: [data], sealed: [data] }
  return { signed: [fromHex(message.signOnly1!), data, fromHex(message.signOnly2!)], sealed: [data] }
}

function opens(receiver: MessageProtection, message: RecordedMessage, sequence: number): void {
  const data = fromHex(message.data ?? message.plaintext)
  const parts = message.op === 'wrap' ? undefined : partsOf(message, data)
  const opened = receiver.unwrap({ whole: wholeOf(message), parts })
  assert.equal(toHex(opened.plaintext), message.plaintext)
  assert.equal(opened.encrypted, message.confidential)
  assert.equal(opened.sequence, sequence)
}

function makes(sender: MessageProtection, context: RecordedContext, message: RecordedMessage, sequence: number): void {
  const parts = partsOf(message, fromHex(message.plaintext))
  const wrapped = sender.wrap(parts, message.confidential === true, sequence)
  const token = concatBytes(...wrapped.token)
  const lengths = sender.wrapLengths(parts.sealed[0]!.length, message.confidential === true)
  assert.deepEqual(lengths, { token: token.length, padding: wrapped.padding.length })
  const whole = concatBytes(token, wrapped.data, wrapped.padding)
  const expected = wholeOf(message)
  if (hasOldTokens(context.expected.contextKey.enctype)) assert.equal(toHex(whole), toHex(expected))
  // MIT rotates in DCE style only; the same is meant by both.
  else if (message.header === undefined || message.trailer !== undefined) {
    assert.equal(toHex(straight(whole)), toHex(straight(expected)))
  }
  if (message.header !== undefined && message.trailer === undefined) {
    assert.equal(toHex(token), message.header)
    assert.equal(toHex(wrapped.data), message.data)
  }
}

/** A Wrap token of RFC 4121 with its rotation taken back. */
function straight(token: Uint8Array): Uint8Array {
  const turn = token[6]! * 256 + token[7]!
  const body = token.subarray(16)
  const head = token.slice(0, 16)
  head.fill(0, 6, 8)
  return concatBytes(head, body.subarray(turn), body.subarray(0, turn))
}

interface TokenInput {
  readonly token: string
  readonly key: string
  readonly enctype: number
  readonly usage: number
}

interface TokenExpected {
  readonly payload: string
  readonly flags: number
  readonly seqNum: number
  readonly ec?: number
}

for (const { name, input, expected } of readVectors<TokenInput, TokenExpected>('kerberos/rfc4121-tokens.json').cases) {
  test(`another implementation's token opens, and ours is the same: ${name}`, () => {
    const key = new KerberosKey(input.enctype, fromHex(input.key))
    const byAcceptor = (expected.flags & 1) !== 0
    const common = { key, acceptorSubkey: false, dceStyle: false, random: () => new Uint8Array(16) }
    const sender = openProtection({ ...common, side: byAcceptor ? 'acceptor' : 'initiator' })
    const receiver = openProtection({ ...common, side: byAcceptor ? 'initiator' : 'acceptor' })
    const payload = fromHex(expected.payload)
    if (expected.ec === undefined) {
      assert.equal(receiver.verify([payload], fromHex(input.token)), expected.seqNum)
      assert.equal(toHex(sender.sign([payload], expected.seqNum)), input.token)
      return
    }
    const opened = receiver.unwrap({ whole: fromHex(input.token), parts: undefined })
    assert.deepEqual([toHex(opened.plaintext), opened.encrypted], [expected.payload, false])
    const { token, data } = sender.wrap({ signed: [payload], sealed: [payload] }, false, expected.seqNum)
    assert.equal(toHex(straight(concatBytes(...token, data))), input.token)
  })
}
