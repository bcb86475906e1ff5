import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import {
  AvFlag,
  AvId,
  messageIntegrityCode,
  NegotiateFlag,
  ntowfv1,
  readAuthenticate,
  readAvPairs,
  readChallenge,
  withoutMic,
  writeAuthenticate,
  writeNegotiate,
  type AvPair,
} from '../../src/ntlm/index.js'
import { flagsPair, textPair } from '../../src/ntlm/av-pairs.js'
import {
  ASC_REQ_ALLOW_NULL_SESSION,
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_RET_INTEGRITY,
  identityFrom,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY,
  type Account,
  type Exchange,
  type Step,
} from '../../src/sspi/index.js'
import { readVectors } from '../vectors.js'
import { acceptor, ALICES_ACCOUNT, give, NOW, sessionOf, testWorld, tokenOf } from './both-sides.js'
import { answer, authenticate, ORDINARY, PASSWORD, type Client, type Server } from './scripted-client.js'

const DENIED = { code: 'SEC_E_LOGON_DENIED', message: 'NTLM: unknown user, wrong password, or the account is disabled' }

function keyOf(step: Step): Uint8Array {
  return sessionOf(step).query(SECPKG_ATTR_SESSION_KEY)!.sessionKey
}

suite('clients that are let in', () => {
  const clients: readonly [string, Client, Server?][] = [
    ['an ordinary one', {}],
    [
      'one whose account is kept as an NT hash',
      {},
      { account: { ...ALICES_ACCOUNT, secret: { kind: 'nt-hash', ntHash: ntowfv1(PASSWORD) } } },
    ],
    ['one by its UPN', { user: 'alice@contoso.com', domain: '' }],
    ['one with another case in its name', { user: 'ALICE' }],
    ['one that leaves the domain out of its key', { keyDomain: '' }],
    ['one without a MIC', { announceMic: false }],
    [
      'one with a place for a MIC that it does not announce',
      { announceMic: false, sendMic: true, tamper: (token) => token.fill(9, 72, 88) },
    ],
    ['Windows’ HTTP client, without key exchange', { offered: 0xa208_8207 }],
    ['curl, in OEM and without 128 bits', { offered: 0x0008_8206, announceMic: false }],
    [
      'one that neither signs nor seals and sends no key',
      { offered: 0xe208_8207, key: new Uint8Array(0), announceMic: false },
    ],
    ['one whose clock is a day off', { time: new Date(NOW.getTime() - 86_400_000) }],
    ['NTLMv1, where that is allowed', { response: 'v1' }, { options: { insecureAllowNtlmV1: true } }],
    [
      'NTLMv1 without extended session security, where that is allowed',
      { response: 'v1', offered: 0x6200_8237 },
      { options: { insecureAllowNtlmV1: true } },
    ],
    ['LMv2 alone, where that is allowed', { response: 'lmv2' }, { options: { insecureAllowNtlmV1: true } }],
    ['40 bits, where that is allowed', { offered: 0x4208_8237 }, { options: { insecureAllowNtlmV1: true } }],
  ]
  for (const [name, client, server] of clients) {
    test(name, () => {
      const { step, key } = answer(client, server)
      const session = sessionOf(step)
      if (client.key === undefined) assert.equal(toHex(keyOf(step)), toHex(key))
      assert.deepEqual(session.peer, identityFrom(ALICES_ACCOUNT.identity, 'account-database', 'local'))
      assert.deepEqual(session.query(SECPKG_ATTR_NAMES), { userName: 'CONTOSO\\alice' })
    })
  }
})

suite('clients that are refused', () => {
  const target = { policy: { targetNames: ['HTTP/server01.contoso.com'] } }
  const strict = { policy: { ...target.policy, targetNameRequired: true } }
  const named = (name: string): readonly AvPair[] => [textPair(AvId.MsvAvTargetName, name)]
  const untrusted = [...named('HTTP/server01.contoso.com'), flagsPair(AvFlag.UNTRUSTED_TARGET_NAME)]
  const refusals: readonly [string, Client, Server, { code: string; message?: string | RegExp }][] = [
    ['a wrong password', { password: 'passw0rd!' }, {}, DENIED],
    ['an unknown user', {}, { account: undefined }, DENIED],
    ['a disabled account', {}, { account: { ...ALICES_ACCOUNT, enabled: false } }, DENIED],
    ['another domain in the key', { keyDomain: 'FABRIKAM' }, {}, DENIED],
    ['NTLMv1', { response: 'v1' }, {}, { code: 'SEC_E_LOGON_DENIED', message: /insecureAllowNtlmV1/ }],
    ['LMv2 alone', { response: 'lmv2' }, {}, { code: 'SEC_E_LOGON_DENIED', message: /insecureAllowNtlmV1/ }],
    ['LM alone, always', { response: 'lm' }, { options: { insecureAllowNtlmV1: true } }, DENIED],
    ['a wrong NTLMv1 response', { response: 'v1', password: 'x' }, { options: { insecureAllowNtlmV1: true } }, DENIED],
    ['a name without any response', { response: 'none' }, {}, { code: 'SEC_E_LOGON_DENIED' }],
    ['a MIC that was announced and left out', { sendMic: false }, {}, { code: 'SEC_E_MESSAGE_ALTERED' }],
    ['a MIC that is wrong', { tamper: (token) => (token[80]! ^= 1) }, {}, { code: 'SEC_E_MESSAGE_ALTERED' }],
    [
      'a workstation changed on the way',
      { tamper: (token) => (token[113]! ^= 1) },
      {},
      { code: /SEC_E_(MESSAGE_ALTERED|LOGON_DENIED)/ as never },
    ],
    [
      'a clock two days ahead',
      { time: new Date(NOW.getTime() + 2 * 86_400_000) },
      {},
      { code: 'SEC_E_TIME_SKEW', message: /172800 s off, 129600 s allowed/ },
    ],
    [
      'a clock beyond what was set',
      { time: new Date(NOW.getTime() - 61_000) },
      { options: { maxTimestampSkewSeconds: 60 } },
      { code: 'SEC_E_TIME_SKEW' },
    ],
    [
      'a session key of 8 bytes',
      { key: new Uint8Array(8) },
      {},
      { code: 'SEC_E_INVALID_TOKEN', message: /EncryptedRandomSessionKey/ },
    ],
    ['a session key left out', { key: new Uint8Array(0) }, {}, { code: 'SEC_E_INVALID_TOKEN' }],
    [
      'another service',
      { pairs: named('cifs/server01.contoso.com') },
      { world: target },
      { code: 'SEC_E_TARGET_UNKNOWN' },
    ],
    ['no service where one is required', {}, { world: strict }, { code: 'SEC_E_TARGET_UNKNOWN' }],
    [
      'signing with 40 bits',
      { offered: 0x4208_8237 },
      {},
      { code: 'SEC_E_ALGORITHM_MISMATCH', message: /NTLMSSP_NEGOTIATE_128/ },
    ],
    ['signing without extended session security', { offered: 0xe200_8237 }, {}, { code: 'SEC_E_ALGORITHM_MISMATCH' }],
    [
      '128 bits taken back',
      { flags: (flags) => flags & ~NegotiateFlag.NEGOTIATE_128 },
      {},
      { code: 'SEC_E_ALGORITHM_MISMATCH' },
    ],
    [
      'no signing where it was demanded',
      { offered: 0xe208_8207 },
      { contextReq: ASC_REQ_INTEGRITY },
      { code: 'SEC_E_SECURITY_QOS_FAILED', message: /integrity/ },
    ],
    [
      'no sealing where it was demanded',
      { offered: 0xe208_8217 },
      { contextReq: ASC_REQ_CONFIDENTIALITY },
      { code: 'SEC_E_SECURITY_QOS_FAILED' },
    ],
    [
      'sealing taken back',
      { flags: (flags) => flags & ~0x20 },
      { contextReq: ASC_REQ_CONFIDENTIALITY },
      { code: 'SEC_E_SECURITY_QOS_FAILED' },
    ],
    ['no character set', { offered: 0xe208_8234 }, {}, { code: 'SEC_E_INVALID_TOKEN' }],
  ]
  for (const [name, client, server, error] of refusals) {
    test(name, () => assert.throws(() => answer(client, server), error))
  }

  test('a service that is right, or an untrusted one where none is required, is let in', () => {
    sessionOf(answer({ pairs: named('http/SERVER01.contoso.com') }, { world: strict }).step)
    // MsvAvFlags are the client's first pair of that kind.
    sessionOf(answer({ pairs: untrusted, announceMic: false }, { world: target }).step)
    assert.throws(() => answer({ pairs: untrusted, announceMic: false }, { world: strict }), {
      code: 'SEC_E_TARGET_UNKNOWN',
    })
  })
})

test('a refusal tells nothing apart, and nothing is computed less', () => {
  const drawn = (account: Account | undefined, password = PASSWORD): readonly number[] => {
    const world = testWorld()
    const side = acceptor({}, world)
    const negotiate = writeNegotiate({ flags: ORDINARY, domain: '', workstation: '', version: undefined })
    const challenge = tokenOf(give(side, negotiate))
    const { token } = authenticate({ password }, negotiate, challenge)
    assert.equal(
      side.step({ kind: 'token', token, channelBindings: undefined }).kind,
      'ask',
      'the account is asked for',
    )
    assert.throws(() => side.step({ kind: 'answer', answer: { effect: 'account', value: account } }), DENIED)
    return world.drawn
  }
  const wrongPassword = drawn(ALICES_ACCOUNT, 'wrong')
  assert.deepEqual(drawn(undefined), wrongPassword)
  assert.deepEqual(drawn({ ...ALICES_ACCOUNT, enabled: false }), wrongPassword)
  assert.deepEqual(wrongPassword, [8, 16])
})

test('what is wrong beyond the password shows only to those who know it', () => {
  const late = { time: new Date(0), sendMic: false, password: 'wrong', pairs: [textPair(AvId.MsvAvTargetName, 'x/y')] }
  assert.throws(() => answer(late, { world: { policy: { targetNames: [], targetNameRequired: true } } }), DENIED)
})

test('flags that the server did not agree to count for nothing', () => {
  const { step } = answer({ offered: 0xe208_8207, flags: (flags) => flags | 0x30 })
  assert.equal(sessionOf(step).contextAttr & ASC_RET_INTEGRITY, 0)
})

test('the MIC of gss-ntlmssp, which stands where it left the Version out, is found and checked', () => {
  const world = testWorld()
  for (const broken of [false, true]) {
    const side = acceptor({}, world)
    const negotiate = fromHex('4e544c4d5353500001000000378208e000000000000000000000000000000000')
    const challenge = tokenOf(give(side, negotiate))
    const { token, key } = authenticate(
      { flags: (flags) => flags & ~NegotiateFlag.NEGOTIATE_VERSION },
      negotiate,
      challenge,
    )
    // Takes the eight bytes of the Version out, and moves each field up.
    const moved = Uint8Array.from([...token.subarray(0, 64), ...token.subarray(72)])
    const view = new DataView(moved.buffer)
    for (let at = 16; at < 60; at += 8) view.setUint32(at, view.getUint32(at, true) - 8, true)
    const message = readAuthenticate(moved)
    assert.equal(message.version, undefined)
    assert.equal(message.mic?.byteOffset, 64)
    message.mic.set(messageIntegrityCode(key, negotiate, challenge, withoutMic(moved, message)))
    if (broken) moved[70]! ^= 1
    const run = (): Step => give(side, moved, ALICES_ACCOUNT)
    if (broken) assert.throws(run, { code: 'SEC_E_MESSAGE_ALTERED' })
    else assert.equal(toHex(keyOf(run())), toHex(key))
  }
})

suite('anonymous clients', () => {
  const anonymous = (side: Exchange): Step => {
    const negotiate = writeNegotiate({ flags: ORDINARY, domain: '', workstation: '', version: undefined })
    const { flags } = readChallenge(tokenOf(give(side, negotiate)))
    const token = writeAuthenticate({
      ntResponse: new Uint8Array(0),
      lmResponse: new Uint8Array(1),
      domain: '',
      user: '',
      workstation: '',
      encryptedRandomSessionKey: new Uint8Array(0),
      flags: (flags | NegotiateFlag.ANONYMOUS) >>> 0,
      version: undefined,
      mic: undefined,
    })
    return side.step({ kind: 'token', token, channelBindings: undefined })
  }

  test('are refused', () => {
    assert.throws(() => anonymous(acceptor()), { code: 'SEC_E_LOGON_DENIED', message: /allowAnonymous/ })
  })

  test('are let in where that is allowed, and have no protection to speak of', () => {
    for (const side of [
      acceptor({ server: { allowAnonymous: true } }),
      acceptor({ acceptReq: ASC_REQ_ALLOW_NULL_SESSION }),
    ]) {
      const session = sessionOf(anonymous(side))
      assert.equal(session.contextAttr, 0x0010_0000)
      assert.deepEqual([session.peer?.name, session.peer?.sid, session.peer?.source], ['', 'S-1-5-7', 'asserted'])
    }
    assert.throws(() => anonymous(acceptor({ server: { allowAnonymous: true }, acceptReq: ASC_REQ_INTEGRITY })), {
      code: 'SEC_E_SECURITY_QOS_FAILED',
    })
  })

  test('a user of that flag who gives a name is no anonymous', () => {
    const flags = (given: number): number => given | NegotiateFlag.ANONYMOUS
    assert.throws(() => answer({ flags, password: 'wrong' }), DENIED)
  })
})

suite('the CHALLENGE', () => {
  test('names the server, gives its time, and a challenge out of the world’s randomness', () => {
    const world = testWorld({ random: ['0102030405060708'] })
    const side = acceptor(
      {
        server: {
          host: {
            netbiosName: 'SRV',
            netbiosDomain: 'CORP',
            dnsName: 'srv.corp.example',
            dnsDomain: 'corp.example',
            dnsTree: 'example',
          },
        },
      },
      world,
    )
    const challenge = readChallenge(
      tokenOf(give(side, fromHex('4e544c4d53535000010000000782080000000000000000000000000000000000'))),
    )
    assert.equal(toHex(challenge.serverChallenge), '0102030405060708')
    assert.equal(challenge.targetName, 'CORP')
    assert.ok(challenge.flags & NegotiateFlag.TARGET_TYPE_DOMAIN)
    assert.deepEqual(
      readAvPairs(challenge.targetInfo).map(({ id }) => id),
      [2, 1, 4, 3, 5, 7],
    )
  })

  test('of a machine in no domain names the machine', () => {
    const host = { netbiosName: 'SRV', netbiosDomain: 'SRV', dnsName: 'srv', dnsDomain: '' }
    const challenge = readChallenge(
      tokenOf(give(acceptor({ server: { host } }), fromHex('4e544c4d5353500001000000078208a0'))),
    )
    assert.equal(challenge.targetName, 'SRV')
    assert.ok(challenge.flags & NegotiateFlag.TARGET_TYPE_SERVER)
  })

  test('returns to a client what it has asked for of signing, sealing and key lengths', () => {
    const { NEGOTIATE_SIGN, NEGOTIATE_SEAL, NEGOTIATE_ALWAYS_SIGN, NEGOTIATE_56, NEGOTIATE_128 } = NegotiateFlag
    const basic = NegotiateFlag.NEGOTIATE_UNICODE | NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY
    const wanted = [NEGOTIATE_SIGN, NEGOTIATE_SEAL, NEGOTIATE_ALWAYS_SIGN, NEGOTIATE_56, NEGOTIATE_128]
    for (let which = 0; which < 1 << wanted.length; which++) {
      const asked = wanted.reduce((flags, flag, at) => (which & (1 << at) ? flags | flag : flags), 0)
      const negotiate = writeNegotiate({
        flags: (basic | asked) >>> 0,
        domain: '',
        workstation: '',
        version: undefined,
      })
      const side = acceptor({ server: { insecureAllowNtlmV1: true } })
      const { flags } = readChallenge(tokenOf(give(side, negotiate)))
      const all = wanted.reduce((sum, flag) => sum | flag, 0)
      assert.equal((flags & all) >>> 0, asked >>> 0, `asked for 0x${(asked >>> 0).toString(16)}`)
    }
  })

  test('never agrees to LM keys', () => {
    const challenge = readChallenge(tokenOf(give(acceptor(), fromHex('4e544c4d5353500001000000b782c8e2'))))
    assert.equal(challenge.flags & (NegotiateFlag.NEGOTIATE_LM_KEY | NegotiateFlag.REQUEST_NON_NT_SESSION_KEY), 0)
  })
})

test('malformed AUTHENTICATE messages end the exchange', () => {
  const malformed = readVectors<{ message: string; as: string }, unknown>('ntlm/malformed.json').cases.filter(
    ({ input }) => input.as === 'authenticate',
  )
  for (const { input } of malformed) {
    const side = acceptor()
    give(side, fromHex('4e544c4d5353500001000000378208e2'))
    assert.throws(() => give(side, fromHex(input.message)), { code: /SEC_E_(INVALID_TOKEN|LOGON_DENIED)/ as never })
    assert.throws(() => give(side, fromHex(input.message)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  }
})

test('the state of a half-open acceptor answers little', () => {
  const side = acceptor()
  assert.equal(side.query(SECPKG_ATTR_PACKAGE_INFO)?.name, 'NTLM')
  assert.equal(side.query(SECPKG_ATTR_NAMES), undefined)
})
