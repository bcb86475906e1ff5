import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toHex } from '../../src/bytes/index.js'
import { AvFlag, AvId, NegotiateFlag, readAuthenticate, readAvPairs, readChallenge } from '../../src/ntlm/index.js'
import { flagsPair, readTargetInfo, textPair, writeAvPairs, type AvPair } from '../../src/ntlm/av-pairs.js'
import { writeChallenge } from '../../src/ntlm/messages/index.js'
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS,
  ASC_RET_MISSING_BINDINGS,
  hashChannelBindings,
  ISC_REQ_CONFIDENTIALITY,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SspiError,
  type ChannelBindings,
} from '../../src/sspi/index.js'
import {
  acceptor,
  ALICES_ACCOUNT,
  bytesOf,
  establish,
  give,
  initiator,
  sessionOf,
  sign,
  testWorld,
  tokenOf,
  verify,
} from './both-sides.js'
import { answer, type Client, type Server } from './scripted-client.js'

// Someone on the way changes what he likes. He may always break an exchange; nothing that stands may be of his making.

const ALTERED = { code: 'SEC_E_MESSAGE_ALTERED' }
const SEALING = { initiateReq: ISC_REQ_CONFIDENTIALITY }

function changed(token: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = new Uint8Array(token)
  change(copy)
  return copy
}

/** Takes flags out of the number at an offset. */
function without(flags: number): (token: Uint8Array, at: number) => Uint8Array {
  return (token, at) =>
    changed(token, (copy) => {
      const view = new DataView(copy.buffer)
      view.setUint32(at, view.getUint32(at, true) & ~flags, true)
    })
}

suite('no MIC is left out because of someone on the way', () => {
  test('every bit of the CHALLENGE', () => {
    const { length } = establish(SEALING).tokens[1]!
    for (let bit = 0; bit < 8 * length; bit++) {
      const tamper = (token: Uint8Array, index: number): Uint8Array =>
        index === 1 ? changed(token, (copy) => (copy[bit >> 3]! ^= 1 << (bit & 7))) : token
      assert.throws(() => establish({ ...SEALING, tamper }), SspiError, `byte ${bit >> 3}, bit ${bit & 7}`)
    }
  })

  test('a CHALLENGE without timestamp is what the client is shown', () => {
    const tamper = (token: Uint8Array, index: number): Uint8Array => {
      if (index !== 1) return token
      const challenge = readChallenge(token)
      const pairs = readAvPairs(challenge.targetInfo).filter(({ id }) => id !== AvId.MsvAvTimestamp)
      return writeChallenge({ ...challenge, targetInfo: writeAvPairs(pairs) })
    }
    assert.throws(() => establish({ tamper }), { ...ALTERED, message: /what it repeats of the CHALLENGE/ })
  })

  test('a CHALLENGE without any target information is what the client is shown', () => {
    const tamper = (token: Uint8Array, index: number): Uint8Array =>
      index === 1 ? writeChallenge({ ...readChallenge(token), targetInfo: new Uint8Array(0) }) : token
    assert.throws(() => establish({ tamper }), ALTERED)
  })
})

suite('a client without a MIC', () => {
  const old: Client = { announceMic: false }
  const host = [AvId.MsvAvNbDomainName, AvId.MsvAvNbComputerName, AvId.MsvAvDnsDomainName, AvId.MsvAvDnsComputerName]

  test('is let in when it repeats what was sent, in whatever order', () => {
    sessionOf(answer(old).step)
    sessionOf(answer({ ...old, repeat: (pairs) => [...pairs].reverse() }).step)
    sessionOf(answer({ ...old, pairs: [{ id: 0x7777, value: new Uint8Array(3) }] }).step)
  })

  const refusals: readonly [string, (pairs: readonly AvPair[]) => readonly AvPair[]][] = [
    ['nothing of it', () => []],
    ...[...host, AvId.MsvAvTimestamp].map((id): [string, (pairs: readonly AvPair[]) => readonly AvPair[]] => [
      `all of it but pair ${id}`,
      (pairs) => pairs.filter((pair) => pair.id !== id),
    ]),
    ...[...host, AvId.MsvAvTimestamp].map((id): [string, (pairs: readonly AvPair[]) => readonly AvPair[]] => [
      `another value of pair ${id}`,
      (pairs) => pairs.map((pair) => (pair.id === id ? { id, value: new Uint8Array(8) } : pair)),
    ]),
    ['a pair that was not sent', (pairs) => [...pairs, textPair(AvId.MsvAvDnsTreeName, 'elsewhere')]],
    ['a pair twice', (pairs) => [...pairs, pairs[0]!]],
    ['a pair twice, in place of another', (pairs) => [pairs[0]!, pairs[0]!, ...pairs.slice(2)]],
  ]
  for (const [what, repeat] of refusals) {
    test(`is refused when it repeats ${what}`, () => {
      assert.throws(() => answer({ ...old, repeat }), ALTERED)
    })
  }

  test('is refused as such only when its password is right', () => {
    assert.throws(() => answer({ ...old, repeat: () => [], password: 'wrong' }), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('is not believed when its own announcement stands behind one that was planted', () => {
    // A client that puts its pairs behind the server's, and a server's list that someone began with MsvAvFlags.
    const repeat = (pairs: readonly AvPair[]): readonly AvPair[] => [flagsPair(0), ...pairs]
    assert.throws(() => answer({ repeat, announceMic: true, sendMic: false }), ALTERED)
  })

  test('that sends a MIC may repeat what it likes: the MIC covers the CHALLENGE', () => {
    sessionOf(answer({ repeat: () => [] }).step)
  })
})

suite('channel bindings and target names without a MIC may have been planted in the CHALLENGE', () => {
  const OURS: ChannelBindings = { applicationData: bytesOf('tls-server-end-point:ours') }
  const sent = (bindings: ChannelBindings): Client => ({
    announceMic: false,
    pairs: [{ id: AvId.MsvAvChannelBindings, value: hashChannelBindings(bindings) }],
  })
  const required = { policy: { channelBindings: 'required' } } as const
  const named = (name: string): Client => ({ announceMic: false, pairs: [textPair(AvId.MsvAvTargetName, name)] })
  const names = { targetNames: ['HTTP/server01.contoso.com'] }
  const right = 'HTTP/server01.contoso.com'

  test('a raw echo of planted bindings is no proof of the channel', () => {
    assert.throws(() => answer(sent(OURS), { bindings: OURS, world: required }), {
      code: 'SEC_E_BAD_BINDINGS',
      message: /without a MIC/,
    })
    for (const server of [{}, { world: required, contextReq: ASC_REQ_ALLOW_MISSING_BINDINGS }] satisfies Server[]) {
      const { step } = answer(sent(OURS), { ...server, bindings: OURS })
      assert.ok(sessionOf(step).contextAttr & ASC_RET_MISSING_BINDINGS)
    }
    const { step } = answer({ ...sent(OURS), announceMic: true }, { bindings: OURS, world: required })
    assert.equal(sessionOf(step).contextAttr & ASC_RET_MISSING_BINDINGS, 0)
  })

  test('bindings of another channel count against it', () => {
    const others = { applicationData: bytesOf('tls-server-end-point:others') }
    assert.throws(() => answer(sent(others), { bindings: OURS }), { code: 'SEC_E_BAD_BINDINGS' })
  })

  test('a planted target name counts as none, another service’s against it', () => {
    assert.throws(() => answer(named(right), { world: { policy: { ...names, targetNameRequired: true } } }), {
      code: 'SEC_E_TARGET_UNKNOWN',
      message: /without a MIC/,
    })
    const { step } = answer(named(right), { world: { policy: names } })
    assert.equal(sessionOf(step).query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET), undefined, 'it is not quoted either')
    assert.throws(() => answer(named('cifs/elsewhere'), { world: { policy: names } }), { code: 'SEC_E_TARGET_UNKNOWN' })
    const sure = answer({ ...named(right), announceMic: true }, { world: { policy: names } })
    assert.equal(sessionOf(sure.step).query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)?.targetName, right)
  })
})

suite('the client finds out by itself', () => {
  const list = [textPair(AvId.MsvAvNbDomainName, 'A'), textPair(AvId.MsvAvNbComputerName, 'B')]
  const good = writeAvPairs(list)
  const lists: readonly [string, Uint8Array][] = [
    ['an end mark with a length', changed(good, (copy) => (copy[0] = 0))],
    ['something behind the end mark', Uint8Array.from([...good, 7, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0])],
    ['a pair twice', writeAvPairs([...list, list[0]!])],
    ['no end mark', good.subarray(0, good.length - 4)],
  ]
  for (const [what, targetInfo] of lists) {
    test(`${what} in the target information`, () => {
      assert.throws(() => readTargetInfo(targetInfo), { code: 'SEC_E_INVALID_TOKEN' })
      const challenge = readChallenge(establish().tokens[1]!)
      const client = initiator()
      give(client, undefined)
      assert.throws(() => give(client, writeChallenge({ ...challenge, targetInfo })), { code: 'SEC_E_INVALID_TOKEN' })
    })
  }

  test('zeros behind the end mark are nothing, nor is a server without any pairs', () => {
    assert.equal(readTargetInfo(Uint8Array.from([...good, 0, 0, 0, 0])).length, 2)
    assert.deepEqual(readTargetInfo(new Uint8Array(0)), [])
  })

  test('what a server says for the client does not reach the proof', () => {
    const planted = [flagsPair(AvFlag.UNTRUSTED_TARGET_NAME), textPair(AvId.MsvAvTargetName, 'HTTP/planted')]
    const challenge = readChallenge(establish().tokens[1]!)
    const client = initiator({ targetName: 'HTTP/meant' })
    give(client, undefined)
    const targetInfo = writeAvPairs([...planted, ...readAvPairs(challenge.targetInfo)])
    const message = readAuthenticate(tokenOf(give(client, writeChallenge({ ...challenge, targetInfo }))))
    assert.ok(!toHex(message.ntResponse).includes(toHex(textPair(0, 'HTTP/planted').value)))
    assert.ok(toHex(message.ntResponse).includes(toHex(textPair(0, 'HTTP/meant').value)))
  })
})

suite('flags taken out on the way are missed', () => {
  const AT = [12, 20, 60]
  const flags = {
    SIGN: NegotiateFlag.NEGOTIATE_SIGN,
    SEAL: NegotiateFlag.NEGOTIATE_SEAL,
    'SIGN and SEAL': NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL,
    ALWAYS_SIGN: NegotiateFlag.NEGOTIATE_ALWAYS_SIGN,
    128: NegotiateFlag.NEGOTIATE_128,
    '128 and 56': (NegotiateFlag.NEGOTIATE_128 | NegotiateFlag.NEGOTIATE_56) >>> 0,
    EXTENDED_SESSIONSECURITY: NegotiateFlag.NEGOTIATE_EXTENDED_SESSIONSECURITY,
    KEY_EXCH: NegotiateFlag.NEGOTIATE_KEY_EXCH,
    UNICODE: NegotiateFlag.NEGOTIATE_UNICODE,
    TARGET_INFO: NegotiateFlag.NEGOTIATE_TARGET_INFO,
    REQUEST_TARGET: NegotiateFlag.REQUEST_TARGET,
    VERSION: NegotiateFlag.NEGOTIATE_VERSION,
    NTLM: NegotiateFlag.NEGOTIATE_NTLM,
  }
  // With what is asked for, and with nothing asked for, when no missing protection would be noticed.
  for (const initiateReq of [ISC_REQ_CONFIDENTIALITY, 0]) {
    for (const [name, mask] of Object.entries(flags)) {
      test(`${name}, ${initiateReq === 0 ? 'nothing' : 'confidentiality'} asked for`, () => {
        for (let which = 1; which < 8; which++) {
          const altered: number[] = []
          const tamper = (token: Uint8Array, index: number): Uint8Array => {
            const made = (which & (1 << index)) === 0 ? token : without(mask)(token, AT[index]!)
            if (toHex(made) !== toHex(token)) altered.push(index)
            return made
          }
          let failure: unknown
          try {
            establish({ initiateReq, tamper })
          } catch (error) {
            failure = error
          }
          if (altered.length > 0) {
            assert.ok(failure instanceof SspiError, `messages ${which.toString(2)}: ${String(failure)}`)
          } else assert.equal(failure, undefined)
        }
      })
    }
  }

  test('a CHALLENGE of a server that is said to know no NTLMv2 gets nothing', () => {
    const client = initiator()
    give(client, undefined)
    const challenge = readChallenge(establish().tokens[1]!)
    const flagsOfOld = challenge.flags & ~(NegotiateFlag.NEGOTIATE_TARGET_INFO | 0x0008_0000)
    const old = writeChallenge({ ...challenge, flags: flagsOfOld >>> 0, targetInfo: new Uint8Array(0) })
    assert.throws(() => give(client, old), { code: 'SEC_E_ALGORITHM_MISMATCH' })
  })
})

suite('messages of another exchange, or of the same side', () => {
  test('an AUTHENTICATE of another exchange is refused', () => {
    const { tokens } = establish(SEALING)
    const server = acceptor()
    give(server, tokens[0])
    assert.throws(() => give(server, tokens[2], ALICES_ACCOUNT), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('so is one that answers a CHALLENGE of another exchange, though made for this one', () => {
    const client = initiator(SEALING)
    const server = acceptor()
    const other = acceptor()
    const negotiate = tokenOf(give(client, undefined))
    give(server, negotiate)
    const authenticate = tokenOf(give(client, tokenOf(give(other, negotiate))))
    assert.throws(() => give(server, authenticate, ALICES_ACCOUNT), { code: 'SEC_E_LOGON_DENIED' })
    sessionOf(give(other, authenticate, ALICES_ACCOUNT))
  })

  test('an AUTHENTICATE comes once', () => {
    const { tokens } = establish(SEALING)
    const server = acceptor()
    give(server, tokens[0])
    assert.throws(() => give(server, tokens[2], ALICES_ACCOUNT), SspiError)
    assert.throws(() => give(server, tokens[2], ALICES_ACCOUNT), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('no side takes a message that it sent, or that the other should not send now', () => {
    const [negotiate, challenge, authenticate] = establish(SEALING).tokens
    for (const wrong of [negotiate, authenticate]) {
      const client = initiator(SEALING)
      give(client, undefined)
      assert.throws(() => give(client, wrong), { code: 'SEC_E_INVALID_TOKEN' })
    }
    for (const wrong of [challenge, authenticate]) {
      assert.throws(() => give(acceptor(), wrong), { code: 'SEC_E_INVALID_TOKEN' })
    }
    for (const wrong of [negotiate, challenge]) {
      const server = acceptor()
      give(server, negotiate)
      assert.throws(() => give(server, wrong), { code: 'SEC_E_INVALID_TOKEN' })
    }
  })

  test('a client’s own messages, sent back by whoever it talks to, open no session with itself', () => {
    // The same machine accepts too: its CHALLENGE is what the client is shown. The target's name tells.
    const options = { targetName: 'cifs/fileserver.contoso.com', ...SEALING }
    const policy = { targetNames: ['cifs/server01.contoso.com'], targetNameRequired: true }
    assert.throws(() => establish({ ...options, serverWorld: testWorld({ policy }) }), {
      code: 'SEC_E_TARGET_UNKNOWN',
    })
  })

  test('a signature that is sent back to its maker is refused', () => {
    const { client, server } = establish(SEALING)
    const data = bytesOf('hello')
    const signature = sign(client, data)
    assert.throws(() => verify(client, data, signature), ALTERED)
    verify(server, data, signature)
  })
})
