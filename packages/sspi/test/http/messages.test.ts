import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  parameterOf,
  readBasicCredentials,
  readChallenges,
  readCredentials,
  readInfo,
  readTokenLeg,
  writeBasicChallenge,
  writeBasicCredentials,
  writeSchemeValue,
  writeTokenLeg,
  type SchemeValue,
} from '../../src/http/index.js'
import { SspiError } from '../../src/sspi/index.js'
import { fc } from '../property.js'

const refusal = (error: unknown): boolean => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN'

/** Runs a reader on what may be wrong: it answers or refuses, and does nothing else. */
function harmless(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    assert.ok(refusal(error), String(error))
  }
}

/** What a reader answers, or that it refuses. */
function outcome(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    assert.ok(refusal(error), String(error))
    return 'refused'
  }
}

const schemes = (...values: string[]): readonly string[] => readChallenges(values).map(({ scheme }) => scheme)

suite('challenges', () => {
  test('the example of RFC 9110 section 11.6.1 is two challenges', () => {
    const [basic, newauth, ...others] = readChallenges([
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
    ])
    assert.deepEqual(basic, {
      scheme: 'basic',
      token68: undefined,
      parameters: [{ name: 'realm', value: 'simple' }],
    })
    assert.equal(newauth?.scheme, 'newauth')
    assert.equal(parameterOf(newauth.parameters, 'title'), 'Login to "apps"')
    assert.equal(parameterOf(newauth.parameters, 'type'), '1')
    assert.equal(others.length, 0)
  })

  test('several in one field and each in a field of its own are the same', () => {
    const apart = ['Negotiate', 'NTLM', 'Digest realm="a, b", nonce="x"', 'Basic realm="c"']
    assert.deepEqual(readChallenges(apart), readChallenges([apart.join(', ')]))
    assert.deepEqual(schemes(...apart), ['negotiate', 'ntlm', 'digest', 'basic'])
  })

  test('tokens are told from parameters, whatever stands around them', () => {
    assert.deepEqual(
      readChallenges(['Negotiate YII=, NTLM TlRM==, A b, C d=e, F g=, H i = "j"']).map((each) => [
        each.token68,
        each.parameters,
      ]),
      [
        ['YII=', []],
        ['TlRM==', []],
        ['b', []],
        [undefined, [{ name: 'd', value: 'e' }]],
        ['g=', []],
        [undefined, [{ name: 'i', value: 'j' }]],
      ],
    )
    assert.deepEqual(schemes(' ,, Negotiate ,, NTLM , '), ['negotiate', 'ntlm'])
  })

  test('a token alone reads as it does beside others', () => {
    const token = '[0-9A-Za-z\\-._~+/=]{1,40}'
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9]{1,9}$/),
        fc.stringMatching(new RegExp(`^ {1,3}${token}$`)),
        (name, rest) => {
          const alone = outcome(() => readChallenges([name + rest])[0])
          assert.deepEqual(
            alone,
            outcome(() => readChallenges([`${name}${rest}, Basic`])[0]),
          )
        },
      ),
    )
  })

  test('names are read without regard to case', () => {
    assert.deepEqual(readChallenges(['NEGOTIATE, bAsIc REALM="X"'])[1], {
      scheme: 'basic',
      token68: undefined,
      parameters: [{ name: 'realm', value: 'X' }],
    })
  })

  test('parameters without a scheme, or beside a token, are refused', () => {
    for (const value of [
      'realm="x"',
      'Negotiate abc, realm="x"',
      'Basic realm="x" y',
      'Basic realm="x',
      '"x"',
      'A b c',
    ]) {
      assert.throws(() => readChallenges([value]), refusal, value)
    }
  })

  test('a field that is too long, and more parameters than allowed, are refused', () => {
    assert.equal(readChallenges([`Negotiate ${'A'.repeat(131_062)}`])[0]?.token68?.length, 131_062)
    assert.throws(() => readChallenges([`Negotiate ${'A'.repeat(131_063)}`]), refusal)
    const many = (count: number): string => `X ${Array.from({ length: count }, (_, i) => `p${i}=1`).join(',')}`
    assert.equal(readChallenges([many(128)])[0]?.parameters.length, 128)
    assert.throws(() => readChallenges([many(129)]), refusal)
  })

  test('a parameter that is asked for and is there twice is refused', () => {
    const [challenge] = readChallenges(['Basic realm="a", realm="b"'])
    assert.throws(() => parameterOf(challenge?.parameters ?? [], 'realm'), refusal)
  })
})

suite('credentials', () => {
  test('are those of one scheme', () => {
    assert.equal(readCredentials('Negotiate YII=').token68, 'YII=')
    for (const value of ['', 'Negotiate YII=, NTLM TlRM', 'Basic a, Basic b', 'a="b"']) {
      assert.throws(() => readCredentials(value), refusal, value)
    }
  })

  test('a character that no byte stands for is refused, and not taken for another', () => {
    assert.throws(() => readCredentials('Basic user="\u0161"'), refusal)
  })
})

suite('Authentication-Info', () => {
  test('is parameters without a scheme', () => {
    const info = readInfo(['nextnonce="a", qop=auth', 'rspauth="b"'])
    assert.deepEqual([parameterOf(info, 'nextnonce'), parameterOf(info, 'rspauth')], ['a', 'b'])
    assert.throws(() => readInfo(['Digest rspauth="b"']), refusal)
  })
})

suite('tokens in base64', () => {
  test('are there, or the scheme stands alone', () => {
    const leg = (value: string): Uint8Array | undefined => readTokenLeg(readCredentials(value))
    assert.deepEqual(leg('Negotiate AQID'), Uint8Array.of(1, 2, 3))
    assert.equal(leg('Negotiate'), undefined)
    for (const value of ['NTLM AQI', 'NTLM A-_D', 'NTLM AQ==QQ', 'NTLM a="b"']) {
      assert.throws(() => leg(value), refusal, value)
    }
    assert.equal(writeTokenLeg('NTLM', undefined), 'NTLM')
    assert.equal(writeTokenLeg('NTLM', Uint8Array.of(1, 2, 3)), 'NTLM AQID')
  })
})

suite('Basic', () => {
  test('the examples of RFC 7617 are written and read', () => {
    assert.equal(writeBasicCredentials('Aladdin', 'open sesame'), 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
    assert.equal(writeBasicCredentials('test', '123\u00a3'), 'Basic dGVzdDoxMjPCow==')
    assert.deepEqual(readBasicCredentials(readCredentials('Basic dGVzdDoxMjPCow==')), {
      user: 'test',
      password: '123\u00a3',
    })
    assert.equal(writeBasicChallenge('foo'), 'Basic realm="foo", charset="UTF-8"')
  })

  test('a colon in the name, control characters and what is no UTF-8 are refused', () => {
    const packs = (error: unknown): boolean => error instanceof SspiError && error.code === 'SEC_E_CANNOT_PACK'
    assert.throws(() => writeBasicCredentials('a:b', 'c'), packs)
    assert.throws(() => writeBasicCredentials('a', 'c\n'), packs)
    for (const value of ['Basic', 'Basic YQ==', 'Basic /zo=', 'Basic YToK', 'Basic user="a"']) {
      assert.throws(() => readBasicCredentials(readCredentials(value)), refusal, value)
    }
  })
})

suite('what is written', () => {
  const octet = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f)
  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}$/)
  const value = fc.string({ unit: octet.map((code) => String.fromCharCode(code)) })
  const parameter = fc.tuple(name, value).map(([name, value]) => ({ name, value }))
  const challenge = fc
    .tuple(name, fc.array(parameter, { minLength: 1, maxLength: 5 }))
    .map(([scheme, parameters]) => ({ scheme, token68: undefined, parameters }))

  test('can be read, in one field or in many', () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges: readonly SchemeValue[]) => {
        const values = challenges.map(({ scheme, parameters }) => writeSchemeValue(scheme, parameters))
        assert.deepEqual(readChallenges(values), challenges)
        assert.deepEqual(readChallenges([values.join(', ')]), challenges)
      }),
    )
  })

  test('never holds a line end', () => {
    for (const value of ['a\r\nSet-Cookie: b', 'a\0', '\u0161']) {
      assert.throws(() => writeSchemeValue('Basic', [{ name: 'realm', value }]), { code: 'SEC_E_CANNOT_PACK' })
    }
    assert.throws(() => writeSchemeValue('Ba sic'), { code: 'SEC_E_CANNOT_PACK' })
    assert.throws(() => writeSchemeValue('Basic', [{ name: 'a b', value: '' }]), { code: 'SEC_E_CANNOT_PACK' })
  })
})

suite('whatever comes', () => {
  const sample = 'Negotiate YII=, Digest realm="a \\"b\\"", nonce = x/y==, qop="auth,auth-int", NTLM, Basic realm="c"'

  test('is read or refused with SEC_E_INVALID_TOKEN: cut short, changed, or made up', () => {
    for (let length = 0; length < sample.length; length++) harmless(() => readChallenges([sample.slice(0, length)]))
    for (let at = 0; at < sample.length; at++) {
      for (const other of ['\0', '"', ',', '=', '\\', ' ', '\x7f', '\xff']) {
        harmless(() => readChallenges([sample.slice(0, at) + other + sample.slice(at + 1)]))
        harmless(() => readCredentials(sample.slice(0, at) + other + sample.slice(at)))
      }
    }
    const piece = fc.constantFrom(...sample.split(/(?<=[ ,="])/), '"', '\\', '=', ',', 'Digest ', '\t', 'YII')
    const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 })
    fc.assert(
      fc.property(text, (pieces) => {
        const value = pieces.join('')
        for (const read of [
          () => readChallenges([value]).map((each) => readTokenLeg(each)),
          () => readBasicCredentials(readCredentials(value)),
          () => readInfo([value]),
        ]) {
          harmless(read)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('is read in a time that grows with its length alone', () => {
    // Each of these made a reader that goes back and forth run for ever.
    for (const value of [
      `A ${'a'.repeat(100_000)}"`,
      `A b="${'\\"'.repeat(50_000)}`,
      `A b${' '.repeat(100_000)}c`,
      `${','.repeat(100_000)}"`,
      `A ${'b='.repeat(50_000)}`,
    ]) {
      harmless(() => readChallenges([value]))
    }
  })
})
