import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SspiError } from '../../src/sspi/index.js'
import { NegState } from '../../src/negotiate/constants.js'
import {
  readNegotiationToken,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegTokenInit,
  type NegTokenResp,
} from '../../src/negotiate/messages.js'
import {
  accept,
  establish,
  initiate,
  stepThrough,
  talk,
  token,
  tokenOf,
  type Outcome,
  type Tamper,
} from './both-sides.js'
import { fakeMechanism, type FakeOptions } from './fake-mechanism.js'

// Someone on the way changes what he likes. He may always break an exchange; he must never choose the mechanism.

const A: FakeOptions = { name: 'A', oid: '1.3.9.1', tokens: 3 }
const B: FakeOptions = { name: 'B', oid: '1.3.9.2', tokens: 3 }
const D: FakeOptions = { name: 'D', oid: '1.3.9.4', tokens: 3 }

function changeInit(
  change: (init: NegTokenInit) => { mechTypes?: readonly string[]; mechToken?: Uint8Array | undefined },
): Tamper {
  return (sent, number) => {
    if (number !== 0) return sent
    const init = readNegotiationToken(sent)
    assert.equal(init.kind, 'negTokenInit')
    const { mechTypes, ...rest } = { ...init, ...change(init) }
    return writeNegTokenInit({ ...rest, mechTypeList: writeMechTypeList(mechTypes) })
  }
}

function changeResp(which: number, change: (resp: NegTokenResp) => Partial<NegTokenResp>): Tamper {
  return (sent, number) => {
    if (number !== which) return sent
    const resp = readNegotiationToken(sent)
    assert.equal(resp.kind, 'negTokenResp')
    const { negState, ...rest } = { ...resp, ...change(resp) }
    return writeNegTokenResp({ negState: negState ?? NegState.ACCEPT_INCOMPLETE, ...rest })
  }
}

function between(list: readonly FakeOptions[], theirs: readonly FakeOptions[], tamper: Tamper): Outcome {
  return talk(initiate(list.map((each) => fakeMechanism(each))), accept(theirs.map((each) => fakeMechanism(each))), {
    tamper,
  })
}

/** The exchange must fail, and neither side may have taken a session for good before the other's refusal. */
function assertRefused(outcome: Outcome, at: 'initiator' | 'acceptor', code: string): void {
  assert.equal(outcome.failure?.at, at)
  assert.equal(outcome.failure.error.code, code, outcome.failure.error.message)
  assert.equal(outcome[at], undefined)
  const reject = outcome.failure.error.token
  assert.ok(reject !== undefined)
  const told = readNegotiationToken(reject)
  assert.ok(told.kind === 'negTokenResp' && told.negState === NegState.REJECT)
}

for (const tokens of [1, 2, 3, 4]) {
  const list = [A, B].map((each) => ({ ...each, tokens }))
  const later = tokens % 2 === 0 ? 'initiator' : 'acceptor'

  test(`${tokens} tokens: the list reordered on the way is refused by the MIC`, () => {
    const tamper = changeInit(() => ({ mechTypes: ['1.3.9.2', '1.3.9.1'], mechToken: undefined }))
    assertRefused(between(list, list, tamper), later, 'SEC_E_MESSAGE_ALTERED')
  })

  test(`${tokens} tokens: the better mechanism taken out of the list is refused by the MIC`, () => {
    const tamper = changeInit(() => ({ mechTypes: ['1.3.9.2'], mechToken: undefined }))
    assertRefused(between(list, list, tamper), later, 'SEC_E_MESSAGE_ALTERED')
  })

  test(`${tokens} tokens: a mechanism put before the others is refused`, () => {
    const tamper = changeInit(({ mechTypes }) => ({ mechTypes: ['1.3.9.9', ...mechTypes] }))
    // The acceptor chooses the first one we have, yet does not look at its token, since it thinks it is another's.
    assertRefused(between(list, list, tamper), tokens === 1 ? 'acceptor' : 'initiator', 'SEC_E_INVALID_TOKEN')
  })
}

test('a mechanism added behind the one that is agreed on is refused where MICs are exchanged', () => {
  const tamper = changeInit(({ mechTypes }) => ({ mechTypes: [...mechTypes, '1.3.9.9'] }))
  for (const tokens of [2, 3]) {
    const list = [{ ...A, tokens, micRequired: true }]
    assert.equal(between(list, list, tamper).failure?.error.code, 'SEC_E_MESSAGE_ALTERED')
  }
})

test('a mechanism that the acceptor has and the initiator did not offer is refused', () => {
  const tamper = changeInit(() => ({ mechTypes: ['1.3.9.4', '1.3.9.1'], mechToken: undefined }))
  assertRefused(between([A], [A, D], tamper), 'initiator', 'SEC_E_INVALID_TOKEN')
})

test('supportedMech swapped: the initiator begins another mechanism, and the acceptor refuses its token', () => {
  const tamper = changeResp(1, () => ({ supportedMech: '1.3.9.2', responseToken: undefined }))
  assertRefused(between([A, B], [A, B], tamper), 'acceptor', 'SEC_E_LOGON_DENIED')
})

test('supportedMech swapped beside a token for the mechanism that was begun is refused', () => {
  const tamper = changeResp(1, () => ({ supportedMech: '1.3.9.2' }))
  assertRefused(between([A, B], [A, B], tamper), 'initiator', 'SEC_E_INVALID_TOKEN')
})

test('supportedMech in a later reply must be what was agreed on', () => {
  const five = (each: FakeOptions): FakeOptions => ({ ...each, tokens: 5 })
  const tamper = changeResp(3, () => ({ supportedMech: '1.3.9.2' }))
  assertRefused(between([five(A), five(B)], [five(A), five(B)], tamper), 'initiator', 'SEC_E_INVALID_TOKEN')
})

test('the MIC of the initiator taken out is refused by the acceptor', () => {
  const list = [{ ...A, micRequired: true }]
  assertRefused(
    between(
      list,
      list,
      changeResp(2, () => ({ mechListMic: undefined })),
    ),
    'acceptor',
    'SEC_E_MESSAGE_ALTERED',
  )
  const second = changeResp(2, () => ({ mechListMic: undefined }))
  const third = changeResp(4, () => ({ mechListMic: undefined }))
  const both: Tamper = (sent, number) => third(number === 2 ? sent : second(sent, -1), number)
  assertRefused(between([A, B], [B], both), 'acceptor', 'SEC_E_MESSAGE_ALTERED')
})

test('the MIC of the acceptor taken out is refused by the initiator', () => {
  for (const tokens of [2, 3]) {
    const list = [{ ...A, tokens, micRequired: true }]
    const outcome = between(
      list,
      list,
      changeResp(tokens === 2 ? 1 : 3, () => ({ mechListMic: undefined, negState: NegState.ACCEPT_COMPLETED })),
    )
    assertRefused(outcome, 'initiator', 'SEC_E_MESSAGE_ALTERED')
  }
})

test('MICs taken out on both ways of a choice that is not the first are refused', () => {
  const tamper: Tamper = (sent, number) =>
    number < 2 ? sent : changeResp(number, () => ({ mechListMic: undefined }))(sent, number)
  for (const tokens of [1, 2, 3, 4]) {
    const list = [
      { ...A, tokens },
      { ...B, tokens },
    ]
    assert.equal(between(list, list.slice(1), tamper).failure?.error.code, 'SEC_E_MESSAGE_ALTERED')
  }
})

test('request-mic changed to accept-incomplete changes nothing: both sides know that it is not the first choice', () => {
  for (const tokens of [1, 2, 3, 4]) {
    const list = [
      { ...A, tokens },
      { ...B, tokens },
    ].map((each) => fakeMechanism(each))
    const theirs = fakeMechanism({ ...B, tokens })
    const tamper = changeResp(1, () => ({ negState: NegState.ACCEPT_INCOMPLETE }))
    establish(initiate(list), accept([theirs]), { tamper })
    assert.deepEqual(theirs.log.sessions[0]?.resets.toSorted(), ['received', 'sent'])
  }
})

test('accept-completed before the mechanism is done is refused', () => {
  const tamper = changeResp(1, () => ({ negState: NegState.ACCEPT_COMPLETED }))
  assertRefused(between([A], [A], tamper), 'initiator', 'SEC_E_INVALID_TOKEN')
  assertRefused(between([A, B], [B], tamper), 'initiator', 'SEC_E_INVALID_TOKEN')
})

test('accept-completed changed to reject is a failure, whatever else was there', () => {
  const outcome = between(
    [A],
    [A],
    changeResp(3, () => ({ negState: NegState.REJECT })),
  )
  assertRefused(outcome, 'initiator', 'SEC_E_LOGON_DENIED')
})

test('a MIC before the mechanism is done is refused on both sides', () => {
  const mechListMic = new Uint8Array(20)
  assertRefused(
    between(
      [A],
      [A],
      changeResp(1, () => ({ mechListMic })),
    ),
    'initiator',
    'SEC_E_INVALID_TOKEN',
  )
  const five = [{ ...A, tokens: 5 }]
  assertRefused(
    between(
      five,
      five,
      changeResp(2, () => ({ mechListMic })),
    ),
    'acceptor',
    'SEC_E_INVALID_TOKEN',
  )
})

test('a MIC that came though nobody needed one must be right', () => {
  const mechListMic = new Uint8Array(20)
  assertRefused(
    between(
      [A],
      [A],
      changeResp(3, () => ({ mechListMic })),
    ),
    'initiator',
    'SEC_E_MESSAGE_ALTERED',
  )
  assertRefused(
    between(
      [A],
      [A],
      changeResp(2, () => ({ mechListMic })),
    ),
    'acceptor',
    'SEC_E_MESSAGE_ALTERED',
  )
})

test('every bit of both MICs counts', () => {
  const list = [{ ...A, micRequired: true }]
  for (const which of [2, 3]) {
    for (let bit = 0; bit < 160; bit++) {
      const tamper = changeResp(which, ({ mechListMic }) => ({
        mechListMic: mechListMic?.with(bit >> 3, mechListMic[bit >> 3]! ^ (1 << (bit & 7))),
      }))
      assert.equal(between(list, list, tamper).failure?.error.code, 'SEC_E_MESSAGE_ALTERED')
    }
  }
})

test('a mechanism that is not the first choice and cannot sign is refused', () => {
  for (const tokens of [1, 2, 3]) {
    const list = [
      { ...A, tokens },
      { ...B, tokens, integrity: false },
    ]
    assert.equal(between(list, list.slice(1), (sent) => sent).failure?.error.code, 'SEC_E_DOWNGRADE_DETECTED')
  }
})

test('a first choice that cannot sign goes without MICs (RFC 4178 §5)', () => {
  const list = [{ ...A, integrity: false }]
  const { failure } = between(list, list, (sent) => sent)
  assert.equal(failure, undefined)
})

test('every byte of every token changed: an SspiError, or an exchange in which both sides agree', () => {
  const list = [
    { ...A, tokens: 4 },
    { ...B, tokens: 4 },
  ]
  const plain = between(list, list.slice(1), (sent) => sent)
  assert.equal(plain.failure, undefined)
  for (const [which, { token: sent }] of plain.wire.entries()) {
    for (let at = 0; at < sent.length; at++) {
      for (const flip of [0x01, 0x02, 0x80]) {
        const tamper: Tamper = (bytes, number) => (number === which ? bytes.with(at, bytes[at]! ^ flip) : bytes)
        const outcome = between(list, list.slice(1), tamper)
        if (outcome.failure !== undefined) continue
        assert.equal(outcome.initiator?.by?.info.name, 'B')
        assert.equal(outcome.acceptor?.by?.info.name, 'B')
      }
    }
  }
})

test('tokens cut short at every length end both kinds of side', () => {
  const list = [{ ...A, micRequired: true }]
  const { wire } = between(list, list, (sent) => sent)
  for (const [which, { token: sent }] of wire.entries()) {
    for (let length = 0; length < sent.length; length++) {
      const tamper: Tamper = (bytes, number) => (number === which ? bytes.slice(0, length) : bytes)
      assert.equal(between(list, list, tamper).failure?.error.code, 'SEC_E_INVALID_TOKEN')
    }
  }
})

// ------------------------------------------------------------------ peers with habits of their own

test('a Java acceptor that answers with a responseToken alone means the optimistic mechanism', () => {
  const a = fakeMechanism({ ...A, tokens: 2 })
  const initiator = initiate([a])
  initiator.step(token(undefined))
  const responseToken = new TextEncoder().encode('A#2')
  // a1 { 30 { a2 { 04 "A#2" } } }
  const step = initiator.step(token(Uint8Array.of(0xa1, 9, 0x30, 7, 0xa2, 5, 4, 3, ...responseToken)))
  assert.equal(step.kind, 'done')
})

test('Windows 2000 repeats the responseToken as mechListMIC: it counts as none', () => {
  const two = { ...A, tokens: 2 }
  const repeat = changeResp(1, ({ responseToken }) => ({ mechListMic: responseToken }))
  assert.equal(between([two], [two], repeat).failure, undefined)
  const required = { ...two, micRequired: true }
  const finished = changeResp(1, ({ responseToken }) => ({
    mechListMic: responseToken,
    negState: NegState.ACCEPT_COMPLETED,
  }))
  assertRefused(between([required], [required], finished), 'initiator', 'SEC_E_MESSAGE_ALTERED')
})

test('an empty responseToken or mechListMIC counts as none', () => {
  const empty = changeResp(3, () => ({ responseToken: new Uint8Array(0), mechListMic: new Uint8Array(0) }))
  assert.equal(between([A], [A], empty).failure, undefined)
})

test('an initiator that has sent its MIC and does not say accept-completed hears the end', () => {
  const two = { ...A, tokens: 2, micRequired: true }
  const initiator = initiate([fakeMechanism(two)])
  const acceptor = accept([fakeMechanism(two)])
  const reply = stepThrough(acceptor, token(tokenOf(stepThrough(initiator, token(undefined)))))
  const last = tokenOf(stepThrough(initiator, token(tokenOf(reply))))
  const open = changeResp(0, () => ({ negState: NegState.ACCEPT_INCOMPLETE }))(last, 0)
  const step = stepThrough(acceptor, token(open))
  const end = readNegotiationToken(tokenOf(step))
  assert.ok(end.kind === 'negTokenResp' && end.negState === NegState.ACCEPT_COMPLETED)
})

test('an acceptor that asks for a MIC gets one, though nobody else needs it', () => {
  const ours = fakeMechanism(A)
  const initiator = initiate([ours])
  const acceptor = accept([fakeMechanism(A)])
  const asking = changeResp(1, () => ({ negState: NegState.REQUEST_MIC }))
  const { failure, wire } = talk(initiator, acceptor, { tamper: asking })
  assert.equal(failure, undefined)
  assert.deepEqual(
    wire.map((sent) => readNegotiationToken(sent.token).mechListMic !== undefined),
    [false, false, true, true],
  )
  assert.deepEqual(ours.log.sessions[0]?.resets, ['sent', 'received'])
})

test('a token while an answer is waited for ends the exchange, of which the peer has not heard yet', () => {
  assert.throws(
    () => {
      const initiator = initiate([fakeMechanism({ ...A, asks: true })])
      assert.equal(initiator.step(token(undefined)).kind, 'ask')
      initiator.step(token(undefined))
    },
    (error) => error instanceof SspiError && error.code === 'SEC_E_OUT_OF_SEQUENCE' && error.token === undefined,
  )
})
