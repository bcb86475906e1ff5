import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SspiError, type FailureName } from 'sspi'
import {
  decodeDer,
  encodeDer,
  Enctype,
  KerberosKey,
  PaDataType,
  readPaSpake,
  writePaSpake,
  type PaData,
  type PaSpake,
  type PreauthContext,
  type PreauthRun,
} from 'sspi/kerberos'
import {
  chooseSpakeGroup,
  makeSpakeChallenge,
  openSpakeResponse,
  spakeGroups,
  spakeGroupsByName,
  spakePreauth,
  spakeSecret,
  type SpakeGroup,
  type SpakeKdcChallenge,
} from '../src/index.js'
import { contextOf, countingRandom, finish } from './contexts.js'

const groups = [...spakeGroups.values()]
const ed25519 = spakeGroups.get(1)!
const key = KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96)
const EMPTY = new Uint8Array(0)
const spake = (padataValue: Uint8Array): readonly PaData[] => [{ padataType: PaDataType.PA_SPAKE, padataValue }]

/** A client of one log-on. */
class Client {
  readonly run: PreauthRun
  readonly context: PreauthContext

  constructor(names?: readonly string[], initialKey = key) {
    const conditions = { realm: 'TEST.EXAMPLE', realmOptions: {}, armored: false, offered: spake(EMPTY) }
    this.run = spakePreauth(names === undefined ? {} : { groups: names }).begin(conditions)!
    this.context = contextOf({ initialKey, random: countingRandom(7) })
  }

  answer(said: Uint8Array): Uint8Array {
    const padata = finish(this.run.answer({ ...this.context, methodData: spake(said) }))
    assert.equal(padata.length, 1)
    assert.equal(padata[0]!.padataType, PaDataType.PA_SPAKE)
    return padata[0]!.padataValue
  }

  replyKey(): KerberosKey {
    return finish(this.run.replyKey!(undefined as never, this.context))
  }
}

function challengeFor(group: SpakeGroup, support?: Uint8Array, initialKey = key): SpakeKdcChallenge {
  return makeSpakeChallenge({ group, initialKey, support, random: countingRandom(3) })
}

function open(client: Client, { state }: SpakeKdcChallenge, response: Uint8Array, initialKey = key): KerberosKey {
  return openSpakeResponse({ state, initialKey, response, body: client.context.body.raw })
}

const kindOf = (message: Uint8Array): PaSpake => decodeDer(message, readPaSpake)

function refusal(code: FailureName, message: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof SspiError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, message)
    return true
  }
}

suite('client and KDC', () => {
  for (const group of groups) {
    test(`come to the same reply key by ${group.name}, when the client tells its groups first`, () => {
      const client = new Client([group.name])
      const support = client.answer(EMPTY)
      assert.equal(chooseSpakeGroup(support, groups), group)
      const challenge = challengeFor(group, support)
      const replyKey = open(client, challenge, client.answer(challenge.challenge))
      assert.ok(replyKey.equals(client.replyKey()))
      assert.ok(!replyKey.equals(key))
    })

    test(`come to the same reply key by ${group.name}, when the KDC does not wait`, () => {
      const client = new Client()
      const challenge = challengeFor(group)
      assert.ok(open(client, challenge, client.answer(challenge.challenge)).equals(client.replyKey()))
    })

    test(`do not, by ${group.name}, when the password is another`, () => {
      const client = new Client(undefined, KerberosKey.generate(key.enctype))
      const challenge = challengeFor(group)
      const response = client.answer(challenge.challenge)
      assert.throws(() => open(client, challenge, response), refusal('SEC_E_LOGON_DENIED', /is wrong/))
    })
  }

  for (const enctype of [Enctype.AES128_CTS_HMAC_SHA256_128, Enctype.DES3_CBC_SHA1_KD, Enctype.RC4_HMAC]) {
    test(`come to the same reply key for a long-term key of encryption type ${enctype}`, () => {
      const initialKey = KerberosKey.generate(enctype)
      const client = new Client(undefined, initialKey)
      const challenge = challengeFor(ed25519, undefined, initialKey)
      const replyKey = open(client, challenge, client.answer(challenge.challenge), initialKey)
      assert.ok(replyKey.equals(client.replyKey()))
    })
  }

  test('tell the groups when the KDC has begun with one that the client does not take', () => {
    const client = new Client(['P-256', 'P-384'])
    const support = client.answer(challengeFor(ed25519).challenge)
    const message = kindOf(support)
    assert.ok(message.kind === 'support')
    assert.deepEqual(message.support.groups, [2, 3])
    const chosen = chooseSpakeGroup(support, groups)!
    const challenge = challengeFor(chosen, support)
    assert.ok(open(client, challenge, client.answer(challenge.challenge)).equals(client.replyKey()))
  })

  test('have nothing in common where their groups have nothing', () => {
    const support = new Client(['P-521']).answer(EMPTY)
    assert.equal(chooseSpakeGroup(support, [ed25519]), undefined)
  })

  test('do not agree when somebody changes the groups on the way', () => {
    const client = new Client()
    client.answer(EMPTY)
    const weaker = encodeDer({ kind: 'support', support: { groups: [2] } }, writePaSpake)
    const challenge = challengeFor(spakeGroups.get(2)!, weaker)
    const response = client.answer(challenge.challenge)
    assert.throws(() => open(client, challenge, response), refusal('SEC_E_LOGON_DENIED', /is wrong/))
  })

  test('do not agree when the request is another', () => {
    const client = new Client()
    const challenge = challengeFor(ed25519)
    const response = client.answer(challenge.challenge)
    const body = client.context.body.raw.with(-1, 0)
    assert.throws(
      () => openSpakeResponse({ state: challenge.state, initialKey: key, response, body }),
      refusal('SEC_E_LOGON_DENIED', /is wrong/),
    )
  })
})

suite('a client refuses', () => {
  const challengeOf = (change: Partial<Extract<PaSpake, { kind: 'challenge' }>['challenge']>): Uint8Array => {
    const message = kindOf(challengeFor(ed25519).challenge)
    assert.ok(message.kind === 'challenge')
    return encodeDer({ kind: 'challenge', challenge: { ...message.challenge, ...change } }, writePaSpake)
  }

  test('a second factor', () => {
    assert.throws(
      () => new Client().answer(challengeOf({ factors: [{ type: 2 }] })),
      refusal('SEC_E_UNSUPPORTED_PREAUTH', /wants a second factor \(2\)/),
    )
    assert.ok(new Client().answer(challengeOf({ factors: [{ type: 2 }, { type: 1 }] })))
  })

  test('a group that it has not offered, once it has told its own', () => {
    const client = new Client(['P-256'])
    client.answer(EMPTY)
    assert.throws(() => client.answer(challengeFor(ed25519).challenge), refusal('SEC_E_INVALID_TOKEN', /not offered/))
  })

  test('a second challenge: whoever plays the KDC has one guess', () => {
    const client = new Client()
    const { challenge } = challengeFor(ed25519)
    client.answer(challenge)
    assert.throws(() => client.answer(challenge), refusal('SEC_E_UNSUPPORTED_PREAUTH', /more after the answer/))
  })

  test('a reply before its answer', () => {
    const client = new Client()
    client.answer(EMPTY)
    assert.throws(() => client.replyKey(), refusal('SEC_E_MESSAGE_ALTERED', /before its challenge was answered/))
  })

  test('another message than a challenge', () => {
    const encdata = encodeDer({ kind: 'encdata', encdata: { etype: 18, cipher: EMPTY } }, writePaSpake)
    assert.throws(() => new Client().answer(encdata), refusal('SEC_E_INVALID_TOKEN', /not encdata/))
  })

  test('a challenge cut short, or with a byte too many, at every length', () => {
    const { challenge } = challengeFor(spakeGroups.get(2)!)
    for (let length = 1; length < challenge.length; length++) {
      assert.throws(() => new Client().answer(challenge.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
    }
    const longer = Uint8Array.from([...challenge, 0])
    assert.throws(() => new Client().answer(longer), { code: 'SEC_E_INVALID_TOKEN' })
  })

  test('values that are no element, or the wrong length, or lead to nothing, in every group', () => {
    for (const group of groups) {
      const secret = spakeSecret(key, group)
      const scalar = group.randomScalar(countingRandom())
      // T of the scalar 0: what is left without the blinding is the neutral element.
      const nothing = group.publicValue('kdc', new Uint8Array(group.scalarBytes), secret)
      const wrong = [
        nothing,
        new Uint8Array(group.elementBytes).fill(0xff),
        new Uint8Array(group.elementBytes),
        group.publicValue('kdc', scalar, secret).subarray(1),
        EMPTY,
      ]
      for (const value of wrong) {
        // All zeros are an element of edwards25519, of small order; blinded, it is one like any other.
        if (group === ed25519 && value === wrong[2]) continue
        assert.throws(() => group.sharedValue('client', scalar, secret, value), { code: 'SEC_E_INVALID_TOKEN' })
      }
    }
  })
})

suite('a KDC refuses', () => {
  test('every answer of which a byte was changed', () => {
    const client = new Client()
    const challenge = challengeFor(ed25519)
    const response = client.answer(challenge.challenge)
    for (let at = 0; at < response.length; at++) {
      const altered = response.with(at, response[at]! ^ 1)
      assert.throws(
        () => open(client, challenge, altered),
        (error: unknown) => error instanceof SspiError,
      )
    }
  })

  test('an answer to another challenge', () => {
    const client = new Client()
    const response = client.answer(challengeFor(ed25519).challenge)
    const other = makeSpakeChallenge({ group: ed25519, initialKey: key, random: countingRandom(99) })
    assert.throws(() => open(client, other, response), refusal('SEC_E_LOGON_DENIED', /is wrong/))
  })

  test('another message than an answer, and another than the groups', () => {
    const challenge = challengeFor(ed25519)
    const client = new Client()
    assert.throws(
      () => open(client, challenge, challenge.challenge),
      refusal('SEC_E_INVALID_TOKEN', /answer expected, not a challenge/),
    )
    assert.throws(
      () => chooseSpakeGroup(challenge.challenge, groups),
      refusal('SEC_E_INVALID_TOKEN', /groups expected, not a challenge/),
    )
  })
})

test('groups are named as in krb5.conf, without regard to case; none that is known is a mistake', () => {
  assert.deepEqual(
    spakeGroupsByName(['p-521', 'unknown', 'EDWARDS25519']).map(({ number }) => number),
    [4, 1],
  )
  assert.throws(() => spakePreauth({ groups: ['P-224'] }), TypeError)
})

test('an answer leaves no secret behind when it is over', () => {
  const client = new Client()
  client.answer(challengeFor(ed25519).challenge)
  const replyKey = client.replyKey()
  client.run.dispose()
  assert.throws(() => replyKey.reveal(), TypeError)
})
