import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dateToFileTime, fromHex, toHex, utf16leEncode } from '../../src/bytes/index.js'
import {
  avFlags,
  AvFlag,
  AvId,
  avText,
  NegotiateFlag,
  ntowfv1,
  readAuthenticate,
  readNegotiate,
  readNtResponse,
  writeAvPairs,
  writeChallenge,
  type AuthenticateMessage,
  type AvPair,
  type ChallengeMessage,
} from '../../src/ntlm/index.js'
import { flagsPair, textPair, timestampPair } from '../../src/ntlm/av-pairs.js'
import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DATAGRAM,
  ISC_REQ_IDENTIFY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_NULL_SESSION,
  ISC_REQ_UNVERIFIED_TARGET_NAME,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_NULL_SESSION,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS,
  type RevealedCredential,
  type Step,
} from '../../src/sspi/index.js'
import { ALICE, give, initiator, NOW, sessionOf, testWorld, tokenOf, type PairOptions } from './both-sides.js'

const AGREES = 0xe28a_8235

const TIME = timestampPair(dateToFileTime(NOW))
const NAME = textPair(AvId.MsvAvNbComputerName, 'SERVER')

function challengeWith(changes: Partial<ChallengeMessage> = {}, pairs: readonly AvPair[] = [NAME, TIME]): Uint8Array {
  return writeChallenge({
    targetName: 'SERVER',
    flags: AGREES,
    serverChallenge: fromHex('0123456789abcdef'),
    targetInfo: writeAvPairs(pairs),
    version: undefined,
    ...changes,
  })
}

function respond(
  challenge: Uint8Array,
  options: PairOptions = {},
): { step: Step; message: AuthenticateMessage; pairs: readonly AvPair[] } {
  const side = initiator(options)
  give(side, undefined)
  const step = give(side, challenge)
  const message = readAuthenticate(tokenOf(step))
  const response = readNtResponse(message.ntResponse)
  return { step, message, pairs: response.kind === 'v2' ? response.avPairs : [] }
}

test('the NEGOTIATE offers what is safe, and its Version', () => {
  const { flags, version, domain, workstation } = readNegotiate(tokenOf(give(initiator(), undefined)))
  assert.equal(flags, 0xe288_8205)
  assert.equal(toHex(version!), '0a0063450000000f')
  assert.deepEqual([domain, workstation], ['', ''])
})

suite('a server that offers too little is refused, and let in with insecureAllowNtlmV1', () => {
  const without = [
    ['extended session security', NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY],
    ['128 bits', NegotiateFlag.NEGOTIATE_128],
    ['target information', NegotiateFlag.NEGOTIATE_TARGET_INFO],
  ] as const
  for (const [name, flag] of without) {
    test(`without ${name}`, () => {
      const challenge = challengeWith({ flags: (AGREES & ~flag) >>> 0 })
      assert.throws(() => respond(challenge), {
        code: 'SEC_E_ALGORITHM_MISMATCH',
        message: /NTLMSSP_NEGOTIATE_.*insecureAllowNtlmV1/,
      })
      const { message, step } = respond(challenge, { client: { insecureAllowNtlmV1: true } })
      const kind = readNtResponse(message.ntResponse).kind
      assert.equal(kind, flag === NegotiateFlag.NEGOTIATE_TARGET_INFO ? 'v1' : 'v2')
      sessionOf(step)
    })
  }

  test('without Unicode', () => {
    const challenge = challengeWith({ flags: ((AGREES & ~1) | 2) >>> 0 })
    assert.throws(() => respond(challenge), { code: 'SEC_E_ALGORITHM_MISMATCH', message: /UNICODE/ })
    assert.equal(respond(challenge, { client: { insecureAllowNtlmV1: true } }).message.user, 'alice')
    const neither = challengeWith({ flags: (AGREES & ~1) >>> 0 })
    assert.throws(() => respond(neither, { client: { insecureAllowNtlmV1: true } }), { code: 'SEC_E_INVALID_TOKEN' })
  })
})

suite('protection that was demanded', () => {
  test('is insisted on', () => {
    for (const [initiateReq, flag] of [
      [ISC_REQ_INTEGRITY, NegotiateFlag.NEGOTIATE_SIGN],
      [ISC_REQ_CONFIDENTIALITY, NegotiateFlag.NEGOTIATE_SEAL],
    ] as const) {
      const challenge = challengeWith({ flags: (AGREES & ~flag) >>> 0 })
      assert.throws(() => respond(challenge, { initiateReq }), { code: 'SEC_E_SECURITY_QOS_FAILED' })
    }
  })

  test('and what was only wished for is not claimed', () => {
    const { step } = respond(challengeWith(), { initiateReq: ISC_REQ_MUTUAL_AUTH })
    assert.equal(sessionOf(step).contextAttr & ISC_RET_MUTUAL_AUTH, 0)
    assert.equal(sessionOf(step).contextAttr, 0)
  })
})

suite('the client’s AV pairs', () => {
  test('a server’s words for the client are left out', () => {
    const forged = [
      NAME,
      flagsPair(AvFlag.MIC_PRESENT | AvFlag.CONSTRAINED),
      { id: AvId.MsvAvChannelBindings, value: new Uint8Array(16).fill(1) },
      { id: AvId.MsvAvSingleHost, value: new Uint8Array(48) },
      textPair(AvId.MsvAvTargetName, 'cifs/other'),
    ]
    const { pairs, message } = respond(challengeWith({}, forged), { targetName: 'HTTP/server' })
    assert.deepEqual(
      pairs.map(({ id }) => id),
      [AvId.MsvAvNbComputerName, AvId.MsvAvFlags, AvId.MsvAvChannelBindings, AvId.MsvAvTargetName],
    )
    assert.equal(avFlags(pairs), AvFlag.CONSTRAINED)
    assert.equal(avText(pairs, AvId.MsvAvTargetName), 'HTTP/server')
    assert.equal(message.mic, undefined)
  })

  test('the target is named, with a mark where its name is not to be trusted (ISC_REQ_UNVERIFIED_TARGET_NAME)', () => {
    const { pairs } = respond(challengeWith(), { targetName: 'HTTP/x', initiateReq: ISC_REQ_UNVERIFIED_TARGET_NAME })
    assert.equal(avFlags(pairs), AvFlag.MIC_PRESENT | AvFlag.UNTRUSTED_TARGET_NAME)
    assert.equal(avText(respond(challengeWith()).pairs, AvId.MsvAvTargetName), '')
  })

  test('unknown pairs are kept as they come', () => {
    const strange = { id: 0x1234, value: fromHex('0102') }
    assert.deepEqual(respond(challengeWith({}, [strange, TIME])).pairs[0], strange)
  })

  test('a server that sends its time gets a MIC and no LM response; another gets LMv2 and none', () => {
    const modern = respond(challengeWith()).message
    assert.deepEqual(modern.lmResponse, new Uint8Array(24))
    assert.equal(modern.mic?.length, 16)
    const old = respond(challengeWith({}, [NAME])).message
    assert.ok(old.lmResponse.some((byte) => byte !== 0))
    assert.equal(old.mic, undefined)
  })

  test('target information that is flagged and empty is borne with, malformed one is not', () => {
    assert.equal(respond(challengeWith({ targetInfo: new Uint8Array(0) })).message.user, 'alice')
    for (const targetInfo of ['01', '0100ff00', '07000400000000000000', '060002000000' + '00000000']) {
      assert.throws(() => respond(challengeWith({ targetInfo: fromHex(targetInfo) })), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })
})

suite('anonymous', () => {
  const credentials: readonly [string, RevealedCredential, number][] = [
    ['by its credential', { kind: 'anonymous' }, 0],
    [
      'by neither name nor password',
      { kind: 'password', user: '', domain: '', packageList: undefined, password: '' },
      0,
    ],
    ['by ISC_REQ_NULL_SESSION', ALICE, ISC_REQ_NULL_SESSION],
  ]
  for (const [name, credential, initiateReq] of credentials) {
    test(name, () => {
      const { message, step } = respond(challengeWith(), { credential, initiateReq })
      assert.deepEqual([message.user, message.domain, message.ntResponse.length], ['', '', 0])
      assert.deepEqual(message.lmResponse, new Uint8Array(1))
      assert.ok(message.flags & NegotiateFlag.ANONYMOUS)
      assert.equal(sessionOf(step).contextAttr, ISC_RET_NULL_SESSION)
    })
  }
  test('and protected at once is not possible', () => {
    assert.throws(
      () => respond(challengeWith(), { credential: { kind: 'anonymous' }, initiateReq: ISC_REQ_INTEGRITY }),
      {
        code: 'SEC_E_SECURITY_QOS_FAILED',
        message: /anonymous/,
      },
    )
  })
})

suite('the exchange', () => {
  const over = { code: 'SEC_E_OUT_OF_SEQUENCE' }

  test('begins without a token', () => {
    assert.throws(() => give(initiator(), challengeWith()), over)
  })

  test('is over after its end, and after any failure', () => {
    const side = initiator()
    give(side, undefined)
    give(side, challengeWith())
    assert.throws(() => give(side, challengeWith()), over)
    const failed = initiator()
    give(failed, undefined)
    assert.throws(() => give(failed, fromHex('00')), { code: 'SEC_E_INVALID_TOKEN' })
    assert.throws(() => give(failed, challengeWith()), over)
    const empty = initiator()
    give(empty, undefined)
    assert.throws(() => give(empty, undefined), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test('takes no answers and no messages to complete', () => {
    assert.throws(() => initiator().step({ kind: 'answer', answer: { effect: 'account', value: undefined } }), over)
    const side = initiator()
    give(side, undefined)
    assert.throws(() => side.step({ kind: 'complete', message: new Uint8Array(1) }), over)
  })

  test('tells its target, and that there is another token to come', () => {
    const side = initiator({ targetName: 'HTTP/server' })
    assert.deepEqual(side.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), { targetName: 'HTTP/server' })
    assert.deepEqual(side.query(SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS), { lastClientTokenStatus: 'no' })
  })

  test('a name too long for its field is refused', () => {
    const user = 'x'.repeat(40_000)
    const credential = { kind: 'password', user, domain: '', packageList: undefined, password: 'p' } as const
    assert.throws(() => respond(challengeWith(), { credential }), { code: 'SEC_E_CANNOT_PACK', message: /UserName/ })
  })

  test('its use is told, by whom and where to', () => {
    const world = testWorld()
    const side = initiator({ targetName: 'HTTP/server' }, world)
    give(side, undefined)
    assert.deepEqual(world.events, [])
    give(side, challengeWith())
    assert.deepEqual(world.events, [
      {
        kind: 'weak-mechanism-used',
        mechanism: 'NTLM',
        side: 'initiator',
        user: 'CONTOSO\\alice',
        target: 'HTTP/server',
      },
    ])
  })

  test('flags say what was asked for', () => {
    const flags = (initiateReq: number): number =>
      readNegotiate(tokenOf(give(initiator({ initiateReq }), undefined))).flags
    assert.ok(flags(ISC_REQ_IDENTIFY) & NegotiateFlag.NEGOTIATE_IDENTIFY)
    assert.equal(flags(ISC_REQ_CONFIDENTIALITY) & 0x30, 0x30)
  })

  test('a datagram client waits for the server, with an empty token', () => {
    const side = initiator({ initiateReq: ISC_REQ_DATAGRAM })
    assert.deepEqual(give(side, undefined), { kind: 'continue', token: new Uint8Array(0), consumed: 0 })
    assert.throws(() => give(side, challengeWith()), { code: 'SEC_E_ALGORITHM_MISMATCH', message: /DATAGRAM/ })
  })
})

test('an NT hash does what the password does', () => {
  const random = ['0102030405060708', '000102030405060708090a0b0c0d0e0f']
  const withPassword = initiator({}, testWorld({ random }))
  const credential = { ...ALICE, kind: 'nt-hash', ntHash: ntowfv1('Passw0rd!') } as const
  const withHash = initiator({ credential }, testWorld({ random }))
  give(withPassword, undefined)
  give(withHash, undefined)
  const challenge = challengeWith({}, [{ id: AvId.MsvAvNbDomainName, value: utf16leEncode('D') }, TIME])
  assert.equal(toHex(tokenOf(give(withHash, challenge))), toHex(tokenOf(give(withPassword, challenge))))
})
