import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { KerberosKey, PaDataType, type PaData, type PreauthContext } from 'sspi/kerberos'
import {
  challengeTranscript,
  deriveSpakeKey,
  responseTranscript,
  spakeGroups,
  spakePreauth,
  spakeSecret,
} from '../src/index.js'
import { bytesOf, contextOf, finish, hexOf } from './contexts.js'

interface Vector {
  readonly name: string
  readonly input: {
    readonly enctype: number
    readonly group: number
    readonly initialKey: string
    readonly x: string
    readonly y: string
    readonly support: string
    readonly challenge: string
    readonly reqBody: string
  }
  readonly expected: Readonly<Record<'w' | 'T' | 'S' | 'K' | 'thash' | 'K0' | 'K1' | 'K2' | 'K3', string>>
}

const file = new URL('../../../../vectors/kerberos/spake.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { cases: readonly Vector[] }

test('the example of RFC 9588 has every group', () => {
  assert.deepEqual(new Set(cases.map(({ input }) => input.group)), new Set(spakeGroups.keys()))
})

for (const { name, input, expected } of cases) {
  const group = spakeGroups.get(input.group)!
  const initialKey = new KerberosKey(input.enctype, bytesOf(input.initialKey))
  const [x, y] = [bytesOf(input.x), bytesOf(input.y)]
  const secret = spakeSecret(initialKey, group)
  const challenge = bytesOf(input.challenge)

  suite(name, () => {
    test('the secret comes of the long-term key', () => {
      assert.equal(hexOf(secret), expected.w)
    })

    test('each side sends its value', () => {
      assert.equal(hexOf(group.publicValue('kdc', x, secret)), expected.T)
      assert.equal(hexOf(group.publicValue('client', y, secret)), expected.S)
    })

    test('both sides come to the same element', () => {
      assert.equal(hexOf(group.sharedValue('kdc', x, secret, bytesOf(expected.S))), expected.K)
      assert.equal(hexOf(group.sharedValue('client', y, secret, bytesOf(expected.T))), expected.K)
    })

    test('transcript and keys are those of the example', () => {
      const begun = challengeTranscript(group, bytesOf(input.support), challenge)
      const transcript = responseTranscript(group, begun, bytesOf(expected.S))
      assert.equal(hexOf(transcript), expected.thash)
      const body = bytesOf(input.reqBody)
      const material = { group, initialKey, secret, shared: bytesOf(expected.K), transcript, body }
      for (const number of [0, 1, 2, 3] as const) {
        assert.equal(hexOf(deriveSpakeKey(material, number).reveal()), expected[`K${number}`])
      }
    })

    test('the client that draws the same scalar comes to the same reply key', () => {
      const context = contextOf({ initialKey, body: bytesOf(input.reqBody), random: drawing(y, input.group) })
      const run = spakePreauth({ groups: [group.name] }).begin({
        realm: 'ATHENA.MIT.EDU',
        realmOptions: {},
        armored: false,
        offered: [],
      })!
      const answer = (value: Uint8Array): readonly PaData[] => {
        const said: PaData[] = [{ padataType: PaDataType.PA_SPAKE, padataValue: value }]
        return finish(run.answer({ ...context, methodData: said }))
      }
      if (input.support !== '') {
        const [told] = answer(new Uint8Array(0))
        assert.equal(hexOf(told!.padataValue), input.support)
      }
      answer(challenge)
      assert.equal(hexOf(finish(run.replyKey!(undefined as never, context)).reveal()), expected.K0)
      run.dispose()
    })
  })
}

/** Random bytes of which the group makes a scalar of the example, and zeros for all that is drawn later. */
function drawing(scalar: Uint8Array, group: number): PreauthContext['random'] {
  // The scalars of edwards25519 are multiples of the cofactor, and little-endian.
  const ofCurve = group === 1 ? shiftedRight(scalar.toReversed()) : scalar
  let drawn = false
  return (length) => {
    const bytes = new Uint8Array(length)
    if (!drawn) bytes.set(ofCurve, length - ofCurve.length)
    drawn = true
    return bytes
  }
}

/** An eighth of a big-endian number. */
function shiftedRight(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (byte >> 3) | (((bytes[index - 1] ?? 0) << 5) & 0xff))
}
