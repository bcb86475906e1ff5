import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fc } from '../property.js'
import { bytesEqual, contextTag, DerReader, DerWriter, Tag } from '../../src/bytes/index.js'
import { readNegotiationToken, writeNegTokenInit, type NegTokenInit } from '../../src/negotiate/messages.js'
import { readGssToken, SspiError } from '../../src/sspi/index.js'
import { assertAgreed, runExchange, type Both, type Kind, type OnTheWay } from './tampered-exchange.js'

// Somebody on the way changes whole exchanges. Whatever he does: nothing but SspiError is thrown, and when both sides think
// that they are done, they agree on everything that matters.

/** One thing that is done to a token. Places and lengths count modulo what is there. */
type Change =
  | { readonly kind: 'flip'; readonly at: number; readonly mask: number }
  | { readonly kind: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'number'; readonly at: number; readonly value: number }
  /** Another token in its place: of this exchange so far, or of another one. */
  | { readonly kind: 'other'; readonly number: number; readonly foreign: boolean }
  /** A piece of a token of another exchange, where it stands there. */
  | { readonly kind: 'splice'; readonly at: number; readonly count: number }

const place = fc.nat(600)
const some = fc.uint8Array({ minLength: 1, maxLength: 12 })
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: place, mask: fc.integer({ min: 1, max: 255 }) }),
  fc.record({ kind: fc.constant('write' as const), at: place, bytes: some }),
  fc.record({ kind: fc.constant('insert' as const), at: place, bytes: some }),
  fc.record({ kind: fc.constant('remove' as const), at: place, count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  // Lengths and offsets: the borders are where it hurts.
  fc.record({
    kind: fc.constant('number' as const),
    at: place,
    value: fc.constantFrom(0, 1, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_fff0, 0xffff_ffff),
  }),
  fc.record({ kind: fc.constant('other' as const), number: fc.nat(4), foreign: fc.boolean() }),
  fc.record({ kind: fc.constant('splice' as const), at: place, count: fc.integer({ min: 1, max: 200 }) }),
)
const attack = fc.array(fc.record({ token: fc.nat(3), change }), { minLength: 1, maxLength: 3 })
type Attack = readonly { readonly token: number; readonly change: Change }[]

function apply(
  token: Uint8Array,
  what: Change,
  sent: readonly Uint8Array[],
  foreign: readonly Uint8Array[],
): Uint8Array {
  const at = 'at' in what ? what.at % (token.length + 1) : 0
  const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
  const overwrite = (bytes: Uint8Array): Uint8Array => {
    const end = Math.min(token.length, at + bytes.length)
    return join(token.subarray(0, at), bytes.subarray(0, end - at), token.subarray(end))
  }
  switch (what.kind) {
    case 'flip':
      return token.map((byte, index) => (index === at ? byte ^ what.mask : byte))
    case 'write':
      return overwrite(what.bytes)
    case 'insert':
      return join(token.subarray(0, at), what.bytes, token.subarray(at))
    case 'remove':
      return join(token.subarray(0, at), token.subarray(at + what.count))
    case 'cut':
      return token.subarray(0, at)
    case 'number':
      return overwrite(new Uint8Array(Uint32Array.of(what.value).buffer))
    case 'other': {
      const from = what.foreign ? foreign : sent
      return from[what.number % from.length]!
    }
    case 'splice': {
      const other = foreign[sent.length - 1] ?? token
      return overwrite(other.subarray(at, at + what.count))
    }
  }
}

/** What differs between what was sent and what came; by token. */
interface Changed {
  readonly sent: Uint8Array
  readonly came: Uint8Array
}

function outcomeOf(kind: Kind, plan: Attack, foreign: readonly Uint8Array[]): [Both | undefined, readonly Changed[]] {
  const sent: Uint8Array[] = []
  const changed: Changed[] = []
  const onTheWay: OnTheWay = (token, number) => {
    sent.push(token)
    let came = token
    for (const each of plan) {
      if (each.token === number) came = apply(came, each.change, sent, foreign)
    }
    if (!bytesEqual(came, token)) changed.push({ sent: token, came })
    return new Uint8Array(came)
  }
  try {
    return [runExchange(kind, onTheWay), changed]
  } catch (error) {
    assert.ok(error instanceof SspiError)
    return [undefined, changed]
  }
}

suite('exchanges with somebody on the way', () => {
  test('without anybody, both sides agree', () => {
    assertAgreed(runExchange('NTLM')!)
    assertAgreed(runExchange('Negotiate')!)
  })

  test('NTLM: any change to any message is noticed', () => {
    const foreign = runExchange('NTLM')!.tokens
    fc.assert(
      fc.property(attack, (plan) => {
        const [both, changed] = outcomeOf('NTLM', plan, foreign)
        if (both === undefined) return
        assert.deepEqual(changed, [], 'both sides are done though a message was changed')
        assertAgreed(both)
      }),
      { numRuns: 600 },
    )
  })

  test('Negotiate: what goes unnoticed is harmless', () => {
    const foreign = runExchange('Negotiate')!.tokens
    fc.assert(
      fc.property(attack, (plan) => {
        const [both, changed] = outcomeOf('Negotiate', plan, foreign)
        if (both === undefined) return
        for (const { sent, came } of changed) assert.deepEqual(essence(came), essence(sent))
        assertAgreed(both)
      }),
      { numRuns: 600 },
    )
  })

  test('Negotiate: tokens inside of their frames, changed with lengths that are right', () => {
    const foreign = runExchange('Negotiate')!.tokens
    fc.assert(
      fc.property(attack, (plan) => {
        let touched = false
        const onTheWay: OnTheWay = (token, number) => {
          if (number !== 0) return token
          const init = readInit(token)
          let mechToken = init.mechToken!
          for (const each of plan) mechToken = apply(mechToken, each.change, [mechToken], foreign)
          touched = !bytesEqual(mechToken, init.mechToken!)
          return writeNegTokenInit({ mechTypeList: init.mechTypeList, mechToken })
        }
        try {
          const outcome = runExchange('Negotiate', onTheWay)
          if (outcome !== undefined) assert.ok(!touched)
        } catch (error) {
          assert.ok(error instanceof SspiError)
        }
      }),
      { numRuns: 200 },
    )
  })
})

/**
 * What of a token of Negotiate must come as it was sent. The rest RFC 4178 leaves open to anybody, and nothing hangs on it:
 *
 * - `negState`: a side that is told to wait, or that all is done, still finishes only with the peer's mechListMIC.
 * - `reqFlags` and `negHints`, which are not looked at.
 * - Fields that a later version may append, which are passed over.
 * - Whether a first token stands in the frame of RFC 2743.
 */
function essence(token: Uint8Array): unknown {
  const read = readNegotiationToken(token)
  if (read.kind === 'negTokenInit') {
    const { mechTypeList, mechToken, mechListMic } = read
    return { mechTypeList, mechToken, mechListMic }
  }
  const { supportedMech, responseToken, mechListMic } = read
  return { supportedMech, responseToken, mechListMic }
}

suite('changes to Negotiate that go unnoticed, and why they may', () => {
  const harmless: readonly [string, OnTheWay][] = [
    ['reqFlags that the initiator did not send', onlyFirst((init) => writeWithReqFlags(init))],
    [
      'hints that the initiator did not send',
      onlyFirst((init) => writeNegTokenInit({ ...init, negHints: { hintName: 'x', hintAddress: undefined } })),
    ],
    ['a first token without its frame', (token, number) => (number === 0 ? readGssToken(token).inner : token)],
    ['a field of a later version', (token, number) => (number === 0 ? token : appendField(token))],
  ]
  for (const [what, onTheWay] of harmless) {
    test(what, () => {
      const both = runExchange('Negotiate', onTheWay)
      assert.ok(both !== undefined)
      assertAgreed(both)
    })
  }

  test('negState: whatever it becomes, no side is done without the other’s MIC', () => {
    let established = 0
    for (const number of [1, 2, 3]) {
      for (const negState of [0, 1, 2, 3, 4, 255]) {
        const onTheWay: OnTheWay = (token, at) => {
          // The first element of each of these messages: a1 .. 30 .. a0 03 0a 01 xx
          if (at === number) token[Buffer.from(token).indexOf('a0030a01', 'hex') + 4] = negState
          return token
        }
        let both: Both | undefined
        try {
          both = runExchange('Negotiate', onTheWay)
        } catch (error) {
          assert.ok(error instanceof SspiError)
        }
        if (both === undefined) continue
        established++
        assertAgreed(both)
      }
    }
    assert.ok(established >= 3, 'those that were not changed')
  })

  test('the MIC taken out of either last token is missed', () => {
    for (const number of [2, 3]) {
      const onTheWay: OnTheWay = (token, at) => (at === number ? withoutMic(token) : token)
      assert.throws(() => runExchange('Negotiate', onTheWay), { code: 'SEC_E_MESSAGE_ALTERED' })
    }
  })
})

function readInit(token: Uint8Array): NegTokenInit {
  const init = readNegotiationToken(token)
  assert.ok(init.kind === 'negTokenInit')
  return init
}

function onlyFirst(change: (init: NegTokenInit) => Uint8Array): OnTheWay {
  return (token, number) => (number === 0 ? change(readInit(token)) : token)
}

function writeWithReqFlags({ mechTypeList, mechToken }: NegTokenInit): Uint8Array {
  const writer = new DerWriter(512)
  writer.within(contextTag(2), () => writer.octetString(mechToken!))
  writer.within(contextTag(1), () => writer.octetString(Uint8Array.of(1, 0xfe), Tag.BIT_STRING))
  writer.within(contextTag(0), () => writer.raw(mechTypeList))
  writer.wrap(Tag.SEQUENCE, 0)
  writer.wrap(contextTag(0), 0)
  return writer.finish()
}

/** The fields of a NegTokenResp, each as it stands. */
function fieldsOf(token: Uint8Array): Uint8Array[] {
  const fields = new DerReader(token).enter(contextTag(1), 'NegTokenResp').enter(Tag.SEQUENCE, 'NegTokenResp')
  const found: Uint8Array[] = []
  while (fields.hasMore) found.push(fields.readTlv('field').whole)
  return found
}

function writeFields(fields: readonly Uint8Array[]): Uint8Array {
  const writer = new DerWriter(512)
  for (const field of fields.toReversed()) writer.raw(field)
  writer.wrap(Tag.SEQUENCE, 0)
  writer.wrap(contextTag(1), 0)
  return writer.finish()
}

function appendField(token: Uint8Array): Uint8Array {
  return writeFields([...fieldsOf(token), Uint8Array.of(contextTag(9), 2, 5, 0)])
}

function withoutMic(token: Uint8Array): Uint8Array {
  return writeFields(fieldsOf(token).filter((field) => field[0] !== contextTag(3)))
}
