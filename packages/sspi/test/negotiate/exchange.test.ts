import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fc } from '../property.js'
import {
  ASC_REQ_INTEGRITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_NO_INTEGRITY,
  ISC_REQ_NULL_SESSION,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_NEGOTIATION_DIRECT,
  SECPKG_NEGOTIATION_IN_PROGRESS,
  SECPKG_NEGOTIATION_OPTIMISTIC,
  SspiError,
  type AuthenticationEvent,
  type Input,
} from '../../src/sspi/index.js'
import { HINT_NAME, NegState } from '../../src/negotiate/constants.js'
import { negotiatePackage } from '../../src/negotiate/index.js'
import {
  readNegotiationToken,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegTokenInit,
  type NegTokenResp,
} from '../../src/negotiate/messages.js'
import { accept, doneOf, establish, initiate, stepThrough, talk, token, tokenOf } from './both-sides.js'
import { fakeMechanism, type FakeOptions, type FakePackage } from './fake-mechanism.js'

const A: FakeOptions = { name: 'A', oid: '1.3.9.1' }
const B: FakeOptions = { name: 'B', oid: '1.3.9.2', lastResort: true }
const C: FakeOptions = { name: 'C', oid: '1.3.9.3' }
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const utf8 = (words: string): Uint8Array => new TextEncoder().encode(words)
const bindings = { applicationData: Uint8Array.of(1) }

function readInit(bytes: Uint8Array | undefined): NegTokenInit {
  assert.ok(bytes)
  const message = readNegotiationToken(bytes)
  assert.equal(message.kind, 'negTokenInit')
  return message
}

function readResp(bytes: Uint8Array | undefined): NegTokenResp {
  assert.ok(bytes)
  const message = readNegotiationToken(bytes)
  assert.equal(message.kind, 'negTokenResp')
  return message
}

function refused(call: () => unknown, code: string): SspiError {
  let caught: unknown
  assert.throws(
    () => {
      try {
        call()
      } catch (error) {
        caught = error
        throw error
      }
    },
    { code },
  )
  assert.ok(caught instanceof SspiError)
  return caught
}

// ------------------------------------------------------------------ one mechanism

for (const tokens of [1, 2, 3, 4, 5]) {
  for (const micRequired of [false, true]) {
    for (const asks of [false, true]) {
      const name = `${tokens} tokens${micRequired ? ', MICs required' : ''}${asks ? ', asking' : ''}`
      test(`both sides: ${name}`, () => {
        const options = { ...A, tokens, micRequired, asks }
        const ours = fakeMechanism(options)
        const theirs = fakeMechanism(options)
        const { initiator, acceptor, wire } = establish(initiate([ours]), accept([theirs]))
        assert.equal(initiator.session, ours.log.sessions[0])
        assert.equal(initiator.by, ours)
        assert.equal(acceptor.session, theirs.log.sessions[0])
        assert.equal(acceptor.by, theirs)
        const mics = wire.filter(({ token: sent }) => readNegotiationToken(sent).mechListMic !== undefined)
        assert.equal(mics.length, micRequired ? 2 : 0)
        for (const log of [ours.log, theirs.log]) {
          assert.deepEqual(log.sessions[0]?.resets.toSorted(), micRequired ? ['received', 'sent'] : [])
        }
      })
    }
  }
}

test('the first token is framed, lists every OID, and carries the optimistic token of the first', () => {
  const a = fakeMechanism({ ...A, oidAliases: ['1.3.9.11'] })
  const step = initiate([a, fakeMechanism(C)]).step(token(undefined))
  const init = readInit(tokenOf(step))
  assert.equal(init.framed, true)
  assert.deepEqual(init.mechTypes, ['1.3.9.1', '1.3.9.11', '1.3.9.3'])
  assert.equal(text(init.mechToken), 'A#1')
})

test('the first reply names the mechanism, later ones do not', () => {
  const { wire } = establish(
    initiate([fakeMechanism({ ...A, tokens: 5 })]),
    accept([fakeMechanism({ ...A, tokens: 5 })]),
  )
  const replies = wire.filter(({ from }) => from === 'acceptor').map(({ token: sent }) => readResp(sent))
  assert.deepEqual(
    replies.map(({ negState, supportedMech }) => [negState, supportedMech]),
    [
      [NegState.ACCEPT_INCOMPLETE, '1.3.9.1'],
      [NegState.ACCEPT_INCOMPLETE, undefined],
      [NegState.ACCEPT_COMPLETED, undefined],
    ],
  )
})

test('questions of the mechanism are handed on, and their answers to it', () => {
  const initiator = initiate([fakeMechanism({ ...A, asks: true })])
  const asked: string[] = []
  stepThrough(initiator, token(undefined), asked)
  assert.deepEqual(asked, ['A'])
})

test('channel bindings are handed to the mechanism, to one that begins later too', () => {
  const ours = [fakeMechanism(A), fakeMechanism(C)] as const
  const initiator = initiate(ours)
  const acceptor = accept([fakeMechanism({ ...A, canAccept: false }), fakeMechanism(C)])
  const first = stepThrough(initiator, token(undefined, bindings))
  const reply = stepThrough(acceptor, token(tokenOf(first)))
  stepThrough(initiator, token(tokenOf(reply)))
  assert.deepEqual(ours[0].log.exchanges[0]?.bindings, ['given'])
  assert.deepEqual(ours[1].log.exchanges[0]?.bindings, ['given'])
})

test('integrity is asked of the mechanism, so that a MIC can be made, unless the caller forbids it by ISC_REQ_NO_INTEGRITY', () => {
  const requested = (contextReq: number): number | undefined => {
    const a = fakeMechanism(A)
    initiate([a], { contextReq }).step(token(undefined))
    return a.log.exchanges[0]?.contextReq
  }
  assert.equal(requested(0), ISC_REQ_INTEGRITY)
  assert.equal(requested(ISC_REQ_NO_INTEGRITY), ISC_REQ_NO_INTEGRITY)
})

test('contextAttr is what the mechanism says', () => {
  const initiator = initiate([fakeMechanism(A)])
  assert.equal(initiator.contextAttr, 0)
  initiator.step(token(undefined))
  assert.equal(initiator.contextAttr, 0x10)
})

test('a half-open negotiation says how far it is', () => {
  const initiator = initiate([fakeMechanism({ ...A, tokens: 4 })])
  const acceptor = accept([fakeMechanism({ ...A, tokens: 4 })])
  const states: (readonly [number | undefined, string | undefined])[] = []
  const note = (): void => {
    const info = initiator.query(SECPKG_ATTR_NEGOTIATION_INFO)
    states.push([info?.negotiationState, info?.packageInfo.name])
  }
  note()
  const first = initiator.step(token(undefined))
  note()
  initiator.step(token(tokenOf(acceptor.step(token(tokenOf(first))))))
  note()
  assert.deepEqual(states, [
    [SECPKG_NEGOTIATION_IN_PROGRESS, 'Negotiate'],
    [SECPKG_NEGOTIATION_OPTIMISTIC, 'A'],
    [SECPKG_NEGOTIATION_IN_PROGRESS, 'A'],
  ])
  assert.equal(initiator.query(SECPKG_ATTR_PACKAGE_INFO)?.name, 'Negotiate')
})

// ------------------------------------------------------------------ the choice among several

for (const [tokens, micRequired] of [1, 2, 3, 4].flatMap((n) => [[n, false] as const, [n, true] as const])) {
  test(`an acceptor without the first mechanism gets the second, with MICs: ${tokens} tokens, ${micRequired}`, () => {
    const options = { ...C, tokens, micRequired }
    const ours = [fakeMechanism(A), fakeMechanism(options)] as const
    const theirs = fakeMechanism(options)
    const { initiator, wire } = establish(initiate(ours), accept([theirs]))
    assert.equal(initiator.by, ours[1])
    const reply = readResp(wire[1]?.token)
    assert.deepEqual(reply, {
      kind: 'negTokenResp',
      negState: NegState.REQUEST_MIC,
      supportedMech: '1.3.9.3',
      responseToken: undefined,
      mechListMic: undefined,
    })
    assert.equal(ours[0].log.exchanges[0]?.disposed, true)
    assert.deepEqual(theirs.log.sessions[0]?.resets.toSorted(), ['received', 'sent'])
  })
}

test('the acceptor goes by the order of the initiator', () => {
  const { initiator } = establish(
    initiate([fakeMechanism(C), fakeMechanism(A)]),
    accept([fakeMechanism(A), fakeMechanism(C)]),
  )
  assert.equal(initiator.by?.info.name, 'C')
})

test('an alias is answered with the OID that stood in the list', () => {
  const acceptor = accept([fakeMechanism({ ...A, oid: '1.3.9.99', oidAliases: ['1.3.9.1'] })])
  const { wire } = establish(initiate([fakeMechanism(A)]), acceptor)
  assert.equal(readResp(wire[1]?.token).supportedMech, '1.3.9.1')
})

test('an answer with an alias of an offered mechanism is accepted', () => {
  const a = fakeMechanism({ ...A, oidAliases: ['1.3.9.11'] })
  const { initiator } = establish(initiate([a]), accept([fakeMechanism(A)]), {
    tamper: (sent, number) => {
      if (number !== 1) return sent
      return writeNegTokenResp({ ...readResp(sent), negState: NegState.ACCEPT_COMPLETED, supportedMech: '1.3.9.11' })
    },
  })
  assert.equal(initiator.by, a)
})

for (const tokens of [1, 2, 3]) {
  test(`an acceptor that knows the first mechanism by its alias alone gets it begun anew: ${tokens} tokens`, () => {
    const a = fakeMechanism({ ...A, oidAliases: ['1.3.9.11'], tokens })
    const { initiator, wire } = establish(initiate([a]), accept([fakeMechanism({ ...A, oid: '1.3.9.11', tokens })]))
    assert.equal(initiator.by, a)
    assert.equal(a.log.exchanges.length, 2)
    assert.equal(readResp(wire[1]?.token).negState, NegState.REQUEST_MIC)
  })
}

test('no common mechanism: a reject, and both lists in the message', () => {
  const { failure } = talk(initiate([fakeMechanism(A)]), accept([fakeMechanism(C)]))
  assert.equal(failure?.at, 'acceptor')
  assert.equal(failure.error.code, 'SEC_E_UNSUPPORTED_FUNCTION')
  assert.match(failure.error.message, /1\.3\.9\.1\b.*1\.3\.9\.3/)
  assert.equal(readResp(failure.error.token).negState, NegState.REJECT)
})

// ------------------------------------------------------------------ mechanisms of last resort

const names = (bytes: Uint8Array): readonly string[] => readInit(bytes).mechTypes
const offered = (list: readonly FakeOptions[], options: Parameters<typeof initiate>[1] = {}): readonly string[] =>
  names(
    tokenOf(
      stepThrough(
        initiate(
          list.map((each) => fakeMechanism(each)),
          options,
        ),
        token(undefined),
      ),
    ),
  )

test('a mechanism of last resort is not offered where a better one applies', () => {
  assert.deepEqual(offered([B, A]), ['1.3.9.1'])
})

test('a mechanism of last resort is offered where no better one applies', () => {
  assert.deepEqual(offered([{ ...A, applies: (target) => target.includes('.') }, B], { targetName: 'HTTP/10' }), [
    '1.3.9.2',
  ])
  assert.deepEqual(offered([{ ...A, failsToAcquire: true }, B]), ['1.3.9.2'])
})

test('insecureAllowNtlmFallback offers it last, for the targets that it names', () => {
  const insecureAllowNtlmFallback = ['http/*.example.com']
  assert.deepEqual(offered([B, A, C], { insecureAllowNtlmFallback }), ['1.3.9.1', '1.3.9.3', '1.3.9.2'])
  for (const targetName of [
    'HTTP/www.example.org',
    'HTTP/www.example.com.evil.org',
    'LDAP/x.example.com',
    'HTTP/x/y.example.com',
    '',
  ]) {
    assert.deepEqual(offered([B, A], { insecureAllowNtlmFallback, targetName }), ['1.3.9.1'], targetName)
  }
  assert.deepEqual(offered([B, A], { insecureAllowNtlmFallback: ['HTTP/www+example.com'] }), ['1.3.9.1'])
  assert.deepEqual(offered([A, B], { insecureAllowNtlmFallback: (target) => target.startsWith('HTTP/') }), [
    '1.3.9.1',
    '1.3.9.2',
  ])
})

for (const failsToStart of ['at once', 'answered', 'unanswered', 'constructor'] as const) {
  const failing = { ...A, failsToStart, asks: failsToStart === 'answered' || failsToStart === 'unanswered' }

  test(`a better mechanism that applies and fails (${failsToStart}) is not replaced by one of last resort`, () => {
    const b = fakeMechanism(B)
    const call = (): unknown => stepThrough(initiate([fakeMechanism(failing), b]), token(undefined))
    const error = refused(call, 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
    assert.match(
      error.message,
      /A: no KDC answers; B was not tried, since A applies, and insecureAllowNtlmFallback does not name/,
    )
    assert.equal(error.token, undefined)
    assert.equal(b.log.exchanges.length, 0)
  })

  test(`a mechanism that fails (${failsToStart}) is replaced by the next that may be offered, which an event tells`, () => {
    const events: AuthenticationEvent[] = []
    const emit = (event: AuthenticationEvent): number => events.push(event)
    assert.deepEqual(offered([failing, C], { emit }), ['1.3.9.3'])
    assert.deepEqual(offered([failing, B], { insecureAllowNtlmFallback: ['*/*'], emit }), ['1.3.9.2'])
    const passedOver = {
      kind: 'mechanism-passed-over',
      mechanism: 'A',
      side: 'initiator',
      target: 'HTTP/www.example.com',
      code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY',
      message: 'A: no KDC answers',
    }
    assert.deepEqual(events, [passedOver, passedOver])
  })

  test(`a mechanism that fails (${failsToStart}) is passed over by nobody where there is no other`, () => {
    const events: AuthenticationEvent[] = []
    const call = (): unknown =>
      stepThrough(
        initiate([fakeMechanism(failing), fakeMechanism(B)], { emit: (e) => events.push(e) }),
        token(undefined),
      )
    refused(call, 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
    assert.deepEqual(events, [])
  })
}

test('a mechanism that knows how to go on without an answer does so, and is not replaced', () => {
  const list = [fakeMechanism({ ...A, asks: true, unanswered: 'always', hearsFailure: true }), fakeMechanism(C)]
  assert.equal(establish(initiate(list), accept([fakeMechanism(A)])).initiator.by, list[0])
  assert.equal(list[1]!.log.exchanges.length, 0)
})

test('what was not tried is named with its reason: the package list, the credential, the server', () => {
  const failing = fakeMechanism({ ...A, failsToStart: 'at once' })
  const start = (list: readonly FakePackage[], options: Parameters<typeof initiate>[1], hints?: Uint8Array): string =>
    refused(() => initiate(list, options).step(token(hints)), 'SEC_E_NO_AUTHENTICATING_AUTHORITY').message
  const b = fakeMechanism(B)
  assert.match(start([failing, b], { value: identity('!b') }), /A: no KDC answers; B is not available \(the identity's/)
  const unfit = fakeMechanism({ ...B, failsToAcquire: true })
  assert.match(start([failing, unfit], {}), /; B is not available \(SEC_E_UNKNOWN_CREDENTIALS: B: not this kind\)/)
  const hints = tokenOf(accept([fakeMechanism(A)]).step(token(undefined)))
  const allowed = { insecureAllowNtlmFallback: ['*/*'] }
  assert.match(start([failing, b], allowed, hints), /; B was not tried, since the server does not have it/)
})

for (const side of ['initiator', 'acceptor'] as const) {
  test(`the ${side}'s question that has no answer later on ends the exchange, and the peer hears of it`, () => {
    const other = { ...A, tokens: 3 }
    const lost = { ...other, asks: true, unanswered: 'later' } as const
    const { failure } = talk(
      initiate([fakeMechanism(side === 'initiator' ? lost : other)]),
      accept([fakeMechanism(side === 'acceptor' ? lost : other)]),
    )
    assert.equal(failure?.at, side)
    assert.equal(failure.error.code, 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
    assert.equal(readResp(failure.error.token).negState, NegState.REJECT)
  })
}

test('when every mechanism fails, the first failure counts and the others are named', () => {
  const list = [A, C].map((each) => fakeMechanism({ ...each, failsToStart: 'at once' }))
  const error = refused(() => initiate(list).step(token(undefined)), 'SEC_E_NO_AUTHENTICATING_AUTHORITY')
  assert.match(error.message, /A: no KDC answers; C: C: no KDC answers/)
})

test('a target to which nothing applies: SEC_E_NO_CREDENTIALS, saying why', () => {
  const list = [fakeMechanism({ ...A, applies: () => false }), fakeMechanism({ ...C, failsToAcquire: true })]
  const error = refused(() => initiate(list).step(token(undefined)), 'SEC_E_NO_CREDENTIALS')
  assert.match(error.message, /A is not available \(it does not apply.*C is not available \(SEC_E_UNKNOWN_CREDENTIALS/)
})

// ------------------------------------------------------------------ credentials

const identity = (packageList: string) =>
  ({ kind: 'password', user: 'alice', domain: '', password: 'x', packageList }) as const

test("the identity's package list leaves packages out", () => {
  assert.deepEqual(offered([A, C], { value: identity('!a') }), ['1.3.9.3'])
  assert.deepEqual(offered([A, C], { value: identity('a') }), ['1.3.9.1'])
  assert.deepEqual(offered([{ ...A, applies: () => false }, B, C], { value: identity('!b') }), ['1.3.9.3'])
})

test('!b forbids the mechanism of last resort even where the fallback is allowed', () => {
  const insecureAllowNtlmFallback = ['*/*']
  assert.deepEqual(offered([A, B], { value: identity('!b'), insecureAllowNtlmFallback }), ['1.3.9.1'])
  const none = (): unknown => initiate([fakeMechanism(B)], { value: identity('!B'), insecureAllowNtlmFallback })
  assert.match(refused(none, 'SEC_E_NO_CREDENTIALS').message, /B is not available \(the identity's package list/)
})

test('no package at all, or none that works: SEC_E_NO_CREDENTIALS', () => {
  assert.match(refused(() => initiate([]), 'SEC_E_NO_CREDENTIALS').message, /no package that can be negotiated/)
  refused(() => initiate([fakeMechanism({ ...A, failsToAcquire: true })]), 'SEC_E_NO_CREDENTIALS')
  refused(() => accept([fakeMechanism({ ...A, canAccept: false })]), 'SEC_E_NO_CREDENTIALS')
})

test('the credential ends with the first of its parts, and disposing it disposes them all', () => {
  const sooner = new Date('2027-01-01T00:00:00Z')
  const list = [fakeMechanism(A, new Date('2028-01-01T00:00:00Z')), fakeMechanism(C, sooner)]
  const packages = { find: () => undefined, [Symbol.iterator]: () => list[Symbol.iterator]() }
  const request = { use: 'outbound', principal: undefined, value: undefined, packages } as const
  const credential = negotiatePackage().acquire(request, {
    now: () => sooner,
    random: (length) => new Uint8Array(length),
    policy: { channelBindings: 'none', targetNames: undefined, targetNameRequired: false },
    emit: () => undefined,
  })
  assert.deepEqual(credential.expiry, sooner)
  assert.equal(credential.identity, undefined)
  credential.dispose()
  assert.deepEqual(
    list.map(({ log }) => log.acquired[0]?.disposed),
    [true, true],
  )
})

// ------------------------------------------------------------------ the server first, and tokens without negotiation

test('a server that speaks first sends hints, and the client chooses among them', () => {
  const a = fakeMechanism(A)
  const initiator = initiate([fakeMechanism({ ...C, oid: '1.3.9.33' }), a])
  const { initiator: client, wire } = establish(initiator, accept([fakeMechanism(C), fakeMechanism(A)]), {
    serverFirst: true,
  })
  const hints = readInit(wire[0]?.token)
  assert.deepEqual(hints.mechTypes, ['1.3.9.3', '1.3.9.1'])
  assert.equal(hints.negHints?.hintName, HINT_NAME)
  assert.deepEqual(readInit(wire[1]?.token).mechTypes, ['1.3.9.1'])
  assert.equal(client.by, a)
})

test('hints never bring a mechanism of last resort back', () => {
  const hints = writeNegTokenInit({
    mechTypeList: writeMechTypeList(['1.3.9.2']),
    negHints: { hintName: HINT_NAME, hintAddress: undefined },
  })
  const call = (): unknown => initiate([fakeMechanism(A), fakeMechanism(B)]).step(token(hints))
  assert.match(refused(call, 'SEC_E_UNSUPPORTED_FUNCTION').message, /the server has 1\.3\.9\.2; here are 1\.3\.9\.1/)
})

test('a client’s hints change nothing', () => {
  const sent = { mechTypeList: writeMechTypeList(['1.3.9.1']), mechToken: utf8('A#1') }
  const reply = (negHints?: { hintName: string; hintAddress: Uint8Array | undefined }): NegTokenResp =>
    readResp(tokenOf(accept([fakeMechanism(A)]).step(token(writeNegTokenInit({ ...sent, negHints })))))
  assert.deepEqual(reply({ hintName: 'elsewhere', hintAddress: Uint8Array.of(1) }), reply())
})

test('hints without a list change nothing', () => {
  const step = initiate([fakeMechanism(A)]).step(token(Uint8Array.of(0xa0, 2, 0x30, 0)))
  assert.deepEqual(names(tokenOf(step)), ['1.3.9.1'])
})

test('at the start the initiator takes hints only', () => {
  const resp = writeNegTokenResp({ negState: NegState.ACCEPT_COMPLETED })
  refused(() => initiate([fakeMechanism(A)]).step(token(resp)), 'SEC_E_OUT_OF_SEQUENCE')
  refused(() => initiate([fakeMechanism(A)]).step(token(utf8('A#1'))), 'SEC_E_INVALID_TOKEN')
})

test("a mechanism's own first token is taken without negotiation, and so are those that follow", () => {
  const theirs = fakeMechanism({ ...A, tokens: 3 })
  for (const hintsFirst of [false, true]) {
    const acceptor = accept([fakeMechanism(C), theirs])
    if (hintsFirst) acceptor.step(token(undefined))
    const step = acceptor.step(token(utf8('A#1')))
    assert.equal(text(tokenOf(step)), 'A#2')
    assert.deepEqual(acceptor.query(SECPKG_ATTR_NEGOTIATION_INFO)?.negotiationState, SECPKG_NEGOTIATION_DIRECT)
    assert.equal(acceptor.contextAttr, 0x10)
    const done = doneOf(acceptor.step(token(utf8('A#3'))))
    assert.equal(done.by, theirs)
  }
  assert.equal(theirs.log.exchanges[0]?.contextReq, 0)
})

test("a mechanism's own token is refused by its own error token, without negotiation around it", () => {
  const acceptor = accept([fakeMechanism({ ...A, refuses: true })])
  const error = refused(() => acceptor.step(token(utf8('A#1'))), 'SEC_E_LOGON_DENIED')
  assert.equal(text(error.token), 'A#no')
})

test("a mechanism's own token is not taken when its credential is not available", () => {
  refused(
    () => accept([fakeMechanism(A), fakeMechanism(C)], { value: identity('!a') }).step(token(utf8('A#1'))),
    'SEC_E_INVALID_TOKEN',
  )
})

test('a list without an optimistic token is answered with the choice alone', () => {
  const acceptor = accept([fakeMechanism(A)])
  const step = acceptor.step(token(writeNegTokenInit({ mechTypeList: writeMechTypeList(['1.3.9.1', '1.3.9.3']) })))
  const reply = readResp(tokenOf(step))
  assert.equal(reply.negState, NegState.ACCEPT_INCOMPLETE)
  assert.equal(reply.supportedMech, '1.3.9.1')
  assert.equal(reply.responseToken, undefined)
  const next = writeNegTokenResp({ negState: NegState.ACCEPT_INCOMPLETE, responseToken: utf8('A#1') })
  doneOf(acceptor.step(token(next)))
})

// ------------------------------------------------------------------ failures

test('the acceptor wraps the error token of its mechanism in a reject, and the initiator hands it to its own', () => {
  const { failure } = talk(initiate([fakeMechanism(A)]), accept([fakeMechanism({ ...A, refuses: true })]))
  assert.equal(failure?.at, 'acceptor')
  assert.equal(failure.error.code, 'SEC_E_LOGON_DENIED')
  const reject = readResp(failure.error.token)
  assert.equal(reject.negState, NegState.REJECT)
  assert.equal(text(reject.responseToken), 'A#no')

  const initiator = initiate([fakeMechanism(A)])
  initiator.step(token(undefined))
  const error = refused(() => initiator.step(token(failure.error.token)), 'SEC_E_LOGON_DENIED')
  assert.match(error.message, /A: refused/)
})

test('a reject without a token: SEC_E_LOGON_DENIED, whenever it comes, to either side', () => {
  const reject = writeNegTokenResp({ negState: NegState.REJECT })
  const initiator = initiate([fakeMechanism(A)])
  initiator.step(token(undefined))
  assert.match(refused(() => initiator.step(token(reject)), 'SEC_E_LOGON_DENIED').message, /rejected A/)

  const acceptor = accept([fakeMechanism({ ...A, tokens: 4 })])
  const first = stepThrough(initiate([fakeMechanism({ ...A, tokens: 4 })]), token(undefined))
  acceptor.step(token(tokenOf(first)))
  refused(() => acceptor.step(token(reject)), 'SEC_E_LOGON_DENIED')
})

test('bytes behind the token of the mechanism are refused', () => {
  const acceptor = accept([{ ...fakeMechanism(A), accept: () => greedy }])
  const greedy = {
    contextAttr: 0,
    step: () => ({ kind: 'continue', token: Uint8Array.of(1), consumed: 1 }) as const,
    query: () => undefined,
    dispose: () => undefined,
  }
  const init = writeNegTokenInit({ mechTypeList: writeMechTypeList(['1.3.9.1']), mechToken: utf8('A#1') })
  refused(() => acceptor.step(token(init)), 'SEC_E_INVALID_TOKEN')
})

test('a mechanism that finds its token cut short, or needs the message, cannot be negotiated', () => {
  const steps = [
    [{ kind: 'incomplete', missing: 3 }, 'SEC_E_INVALID_TOKEN'],
    [{ kind: 'complete', token: Uint8Array.of(1), consumed: 3 }, 'SEC_E_UNSUPPORTED_FUNCTION'],
  ] as const
  for (const [step, code] of steps) {
    const odd = { contextAttr: 0, step: () => step, query: () => undefined, dispose: () => undefined }
    const acceptor = accept([{ ...fakeMechanism(A), accept: () => odd }])
    const init = writeNegTokenInit({ mechTypeList: writeMechTypeList(['1.3.9.1']), mechToken: utf8('A#1') })
    refused(() => acceptor.step(token(init)), code)
  }
})

test('after a failure, and after the end, nothing is received any more', () => {
  const initiator = initiate([fakeMechanism(A)])
  initiator.step(token(undefined))
  refused(() => initiator.step(token(utf8('garbage'))), 'SEC_E_INVALID_TOKEN')
  assert.equal(refused(() => initiator.step(token(undefined)), 'SEC_E_OUT_OF_SEQUENCE').token, undefined)

  const [client, server] = [initiate([fakeMechanism(A)]), accept([fakeMechanism(A)])]
  establish(client, server)
  for (const side of [client, server]) {
    assert.equal(refused(() => side.step(token(undefined)), 'SEC_E_OUT_OF_SEQUENCE').token, undefined)
  }
})

test('an exchange that is given up wipes its mechanism, and a session that was not handed out yet', () => {
  const a = fakeMechanism({ ...A, tokens: 3, micRequired: true })
  const initiator = initiate([a])
  const acceptor = accept([fakeMechanism({ ...A, tokens: 3, micRequired: true })])
  const first = stepThrough(initiator, token(undefined))
  stepThrough(initiator, token(tokenOf(stepThrough(acceptor, token(tokenOf(first))))))
  assert.equal(a.log.sessions[0]?.disposed, false)
  initiator.dispose()
  assert.equal(a.log.sessions[0].disposed, true)
  assert.equal(a.log.exchanges[0]?.disposed, true)
})

test('a session that was handed out outlives its exchange', () => {
  const a = fakeMechanism(A)
  const initiator = initiate([a])
  establish(initiator, accept([fakeMechanism(A)]))
  initiator.dispose()
  assert.equal(a.log.sessions[0]?.disposed, false)
  assert.equal(a.log.exchanges[0]?.disposed, true)
})

test('calls in any order end in SspiErrors, never in a session', () => {
  const inputs = fc.array(
    fc.constantFrom<Input>(
      token(undefined),
      token(utf8('garbage')),
      token(writeNegTokenInit({ mechTypeList: writeMechTypeList(['1.3.9.1']), mechToken: utf8('A#2') })),
      token(writeNegTokenInit({ mechTypeList: writeMechTypeList(['1.3.9.9', '1.3.9.1']) })),
      token(writeNegTokenResp({ negState: NegState.ACCEPT_COMPLETED, supportedMech: '1.3.9.1' })),
      token(writeNegTokenResp({ negState: NegState.REQUEST_MIC, supportedMech: '1.3.9.3' })),
      token(writeNegTokenResp({ negState: NegState.ACCEPT_INCOMPLETE, mechListMic: new Uint8Array(20) })),
      { kind: 'answer', answer: { effect: 'account', value: undefined } },
      { kind: 'complete', message: utf8('message') },
    ),
    { maxLength: 8 },
  )
  const options = { ...A, tokens: 4, micRequired: true }
  fc.assert(
    fc.property(inputs, fc.boolean(), fc.boolean(), (calls, asks, initiating) => {
      const list = [fakeMechanism({ ...options, asks }), fakeMechanism({ ...C, tokens: 4, asks })]
      const side = initiating ? initiate(list) : accept(list)
      for (const input of calls) {
        try {
          assert.notEqual(side.step(input).kind, 'done')
        } catch (error) {
          assert.ok(error instanceof SspiError, String(error))
        }
        side.query(SECPKG_ATTR_NEGOTIATION_INFO)
      }
    }),
    { numRuns: 1000 },
  )
})

test('the acceptor demands integrity only of a mechanism whose MIC it will demand', () => {
  const theirs = fakeMechanism(C)
  establish(initiate([fakeMechanism(A), fakeMechanism(C)]), accept([theirs]))
  establish(initiate([fakeMechanism(C)]), accept([theirs]))
  assert.deepEqual(
    theirs.log.exchanges.map(({ contextReq }) => contextReq),
    [ASC_REQ_INTEGRITY, 0],
  )
})

test('integrity is not asked in the name of nobody', () => {
  const nobody = [
    { value: { kind: 'anonymous' } },
    { value: { kind: 'password', user: '', domain: '', packageList: undefined, password: '' } },
    { contextReq: ISC_REQ_NULL_SESSION },
  ] as const
  for (const options of nobody) {
    const a = fakeMechanism(A)
    initiate([a], options).step(token(undefined))
    assert.equal(a.log.exchanges[0]?.contextReq, 'contextReq' in options ? options.contextReq : 0)
  }
})
