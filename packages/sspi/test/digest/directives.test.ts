import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  algorithmOf,
  readHttpChallenges,
  readHttpResponse,
  readSaslChallenge,
  readSaslResponse,
  readServerProof,
  splitChallenges,
  writeHttpChallenges,
  writeResponse,
  writeSaslChallenge,
  writeServerProof,
  type DigestResponse,
  type HttpChallenge,
} from '../../src/digest/index.js'
import { CIPHERS } from '../../src/digest/ciphers.js'
import { SspiError } from '../../src/sspi/index.js'
import { fc } from '../property.js'
import { latin1, textOf } from './sides.js'

const CHALLENGE =
  'realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XX", opaque="FQhe/qaU925"'
const RESPONSE =
  'username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm=MD5, nonce="7ypf/xlj9XX", nc=00000001, ' +
  'cnonce="f2/wE4q74E6z", qop=auth, response="8ca523f5e9506fed4657c9700eebdbec", opaque="FQhe/qaU925"'
const SASL_CHALLENGE =
  'realm="a",realm="b",nonce="OA6MG9tEQGm2hh",qop="auth,auth-int,auth-conf",cipher="rc4,3des",maxbuf=1000,algorithm=md5-sess,charset=utf-8'
const SASL_RESPONSE =
  'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,cnonce="OA6MHXh6VqTrRk",' +
  'digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth'
const PROOF = 'qop=auth, rspauth="1949323746fe6a43ef61f9606e7febea", cnonce="0a4f113b", nc=00000001, nextnonce="1234"'

const READERS: readonly (readonly [string, (token: Uint8Array) => unknown, string])[] = [
  ['a challenge of HTTP', readHttpChallenges, CHALLENGE],
  ['several challenges', readHttpChallenges, `Digest ${CHALLENGE}, Basic realm="x", Negotiate, Digest ${CHALLENGE}`],
  ['a response of HTTP', readHttpResponse, `Digest ${RESPONSE}`],
  ['a challenge of SASL', readSaslChallenge, SASL_CHALLENGE],
  ['a response of SASL', readSaslResponse, SASL_RESPONSE],
  ["a server's proof", readServerProof, PROOF],
]

const refusal = (error: unknown): boolean => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN'

/** Runs a reader on what may be wrong: it answers or refuses, and does nothing else. */
function harmless(read: (token: Uint8Array) => unknown, token: Uint8Array): void {
  try {
    read(token)
  } catch (error) {
    assert.ok(refusal(error), String(error))
  }
}

for (const [what, read, sample] of READERS) {
  suite(what, () => {
    test('is read', () => {
      assert.ok(read(latin1(sample)))
    })

    test('cut short at every length is read or refused with SEC_E_INVALID_TOKEN', () => {
      for (let length = 0; length < sample.length; length++) harmless(read, latin1(sample.slice(0, length)))
    })

    test('with each byte changed is read or refused with SEC_E_INVALID_TOKEN', () => {
      for (let at = 0; at < sample.length; at++) {
        for (const mask of [0x01, 0x20, 0x80, 0xff]) {
          const bytes = latin1(sample)
          bytes[at]! ^= mask // bounded by the loop
          harmless(read, bytes)
        }
      }
    })

    test('with one byte too many is read or refused with SEC_E_INVALID_TOKEN', () => {
      for (const more of ['\0', '"', ',', '=', '\\', 'x', '\x7f', '\xff']) harmless(read, latin1(sample + more))
    })

    test('any bytes are read or refused with SEC_E_INVALID_TOKEN', () => {
      const piece = fc.constantFrom(...sample.split(/(?<=[ ,="])/), '"', '\\', '=', ',', 'Digest ', '\t')
      const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 })
      fc.assert(
        fc.property(
          fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            text.map((pieces) => latin1(pieces.join(''))),
          ),
          (token) => {
            harmless(read, token)
          },
        ),
        { numRuns: 500 },
      )
    })
  })
}

suite('directives', () => {
  const challenge = (text: string): HttpChallenge => {
    const [first] = readHttpChallenges(latin1(text))
    assert.ok(first)
    return first
  }

  test('quoted strings keep what is quoted in them, commas and all', () => {
    assert.equal(challenge('realm="a \\"b\\", c=\\\\d", nonce=""').realm, 'a "b", c=\\d')
    assert.equal(challenge('realm="",nonce="x"').realm, '')
    assert.equal(challenge('realm = "a" , nonce =x').realm, 'a')
    assert.equal(challenge(' , ,realm="a",, nonce=x ,').nonce, 'x')
  })

  test('values may come without quotes, base64 too', () => {
    assert.equal(challenge('realm=a,nonce=7ypf/xlj9XXwfDPE==,algorithm="MD5"').nonce, '7ypf/xlj9XXwfDPE==')
  })

  test('what has no end, a line end or nothing between is refused', () => {
    for (const text of [
      'realm="a',
      'realm="a\\"',
      'realm="a\r\nb",nonce="x"',
      'realm="a" nonce="x"',
      '=x',
      'realm="a"x',
      '"a"',
    ]) {
      assert.throws(() => readHttpChallenges(latin1(text)), refusal, text)
    }
  })

  test('names are read without regard to case, and unknown ones are passed over, however often they come', () => {
    const read = challenge('REALM="a",Nonce="n",x-new=1,x-new=2,domain="/a /b",STALE=TRUE')
    assert.deepEqual([read.realm, read.nonce, read.stale], ['a', 'n', true])
  })

  test('a directive that counts and is there twice is refused', () => {
    for (const [, read, sample] of READERS) {
      if (sample.startsWith('Digest realm')) continue
      for (const name of [
        'nonce',
        'cnonce',
        'qop',
        'response',
        'uri',
        'algorithm',
        'rspauth',
        'nextnonce',
        'username',
      ]) {
        const found = new RegExp(`(?:^|[ ,])(${name}=(?:"[^"]*"|[^,]*))`).exec(sample)
        if (found?.[1] === undefined) continue
        assert.throws(() => read(latin1(`${sample},${found[1]}`)), refusal, `${name} twice`)
      }
    }
  })

  test('more directives than allowed are refused', () => {
    const many = (count: number): string => `realm="a",nonce="x"${',y=z'.repeat(count - 2)}`
    assert.ok(challenge(many(128)))
    assert.throws(() => readHttpChallenges(latin1(many(129))), refusal)
  })

  test('a value with a line end cannot be written', () => {
    const [sample] = readHttpChallenges(latin1(CHALLENGE))
    assert.throws(() => writeHttpChallenges([{ ...sample!, realm: 'a\r\nSet-Cookie: b' }]), {
      code: 'SEC_E_CANNOT_PACK',
    })
  })
})

suite('challenges', () => {
  test('challenges of other schemes and unknown algorithms are passed over', () => {
    const all = `Basic realm="x", Negotiate YIIKzgYGKwYBBQUCoIIK==, Digest ${CHALLENGE}, NTLM, Digest realm="r", nonce="n", algorithm=SHA3-256, Bearer`
    const found = readHttpChallenges(latin1(all))
    assert.deepEqual(
      found.map(({ algorithm }) => algorithm.name),
      ['SHA-256'],
    )
    assert.throws(() => readHttpChallenges(latin1('Basic realm="x"')), refusal)
    assert.throws(() => readHttpChallenges(latin1('realm="r",nonce="n",algorithm=SHA3-256')), refusal)
    assert.throws(() => readHttpChallenges(latin1('realm="r",nonce="n",qop="auth-new"')), refusal)
  })

  test('without an algorithm it is MD5, without qop the form of RFC 2069', () => {
    const [found] = readHttpChallenges(latin1('realm="r",nonce="n"'))
    assert.deepEqual([found?.algorithm.name, found?.qop], ['MD5', []])
  })

  test('a token with several challenges is taken apart into fields', () => {
    const sample = readHttpChallenges(latin1(CHALLENGE))[0]!
    const token = writeHttpChallenges([sample, { ...sample, algorithm: algorithmOf('MD5') }])
    const fields = splitChallenges(token)
    assert.equal(fields.length, 2)
    for (const field of fields) {
      assert.match(field, /^Digest realm="http-auth@example.org", algorithm=(SHA-256|MD5), qop="auth,auth-int"/)
    }
    assert.equal(readHttpChallenges(latin1(fields.join(', '))).length, 2)
  })

  test('SASL: realms, qualities and ciphers that are known, best first', () => {
    const found = readSaslChallenge(latin1(SASL_CHALLENGE))
    assert.deepEqual(found.realms, ['a', 'b'])
    assert.deepEqual(found.qop, ['auth', 'auth-int', 'auth-conf'])
    assert.deepEqual(
      found.ciphers.map(({ name }) => name),
      ['rc4', '3des'],
    )
    assert.equal(found.maxbuf, 1000)
    assert.throws(() => readSaslChallenge(latin1('nonce="x",algorithm=md5')), refusal)
    assert.throws(() => readSaslChallenge(latin1('nonce="x"')), refusal)
    assert.throws(() => readSaslChallenge(latin1('nonce="x",algorithm=md5-sess,maxbuf=many')), refusal)
  })
})

suite('responses', () => {
  test('counts are eight digits from 1 on, digests are lower-case and whole', () => {
    const wrong = [
      RESPONSE.replace('nc=00000001', 'nc=1'),
      RESPONSE.replace('nc=00000001', 'nc=00000000'),
      RESPONSE.replace('nc=00000001', 'nc=0000000g'),
      RESPONSE.replace('nc=00000001, ', ''),
      RESPONSE.replace('8ca523', '8CA523'),
      RESPONSE.replace('8ca523', ''),
      RESPONSE.replace('algorithm=MD5', 'algorithm=SHA-256'),
      RESPONSE.replace('qop=auth', 'qop=auth-all'),
      RESPONSE.replace('qop=auth, ', ''),
      RESPONSE.replace(/cnonce="[^"]*", /, ''),
      RESPONSE.replace(/realm="[^"]*", /, ''),
      `${RESPONSE}, charset=latin1`,
      `${RESPONSE}, username*=UTF-8''Mufasa`,
      RESPONSE.replace(/username="[^"]*", /, ''),
      `${RESPONSE}, Digest ${RESPONSE}`,
      `Basic ${RESPONSE}`,
      '',
    ]
    for (const text of wrong) assert.throws(() => readHttpResponse(latin1(text)), refusal, text)
    assert.ok(readHttpResponse(latin1(RESPONSE.replace('qop=auth', 'qop="auth"'))), 'Windows quotes it')
  })

  test('an extended name is decoded, and one that is not one is refused', () => {
    const extended = (value: string): DigestResponse =>
      readHttpResponse(latin1(RESPONSE.replace('username="Mufasa"', `username*=${value}`)))
    const { user } = extended("UTF-8''J%C3%A4s%C3%B8n%20Doe")
    assert.deepEqual(user, {
      kind: 'name',
      octets: 'J\u00c3\u00a4s\u00c3\u00b8n Doe',
      raw: 'J\u00c3\u00a4s\u00c3\u00b8n Doe',
      extended: true,
    })
    for (const value of ["UTF-8''J%C3%A", "ISO-8859-1''J", 'Mufasa', "UTF-8''a b"]) {
      assert.throws(() => extended(value), refusal)
    }
    assert.throws(
      () => readHttpResponse(latin1(`${RESPONSE.replace('username=', "username*=UTF-8''x,x=")}, userhash=true`)),
      refusal,
    )
  })
})

suite('what is written can be read', () => {
  const octets = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  })
  const token = fc.stringMatching(/^[0-9A-Za-z/+=]{1,30}$/)
  const algorithm = fc
    .constantFrom('MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess')
    .map((name) => algorithmOf(name as 'MD5'))

  test('challenges of HTTP', () => {
    const sample = fc.record({
      realm: octets,
      nonce: token,
      opaque: fc.option(octets, { nil: undefined }),
      stale: fc.boolean(),
      algorithm,
      qop: fc.constantFrom(['auth'] as const, ['auth', 'auth-int'] as const, ['auth-int'] as const),
      utf8: fc.boolean(),
      userhash: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 4 }), (challenges) => {
        assert.deepEqual(
          readHttpChallenges(writeHttpChallenges(challenges)),
          challenges.map((each) => ({ ...each })),
        )
      }),
    )
  })

  test('challenges of SASL', () => {
    const sample = fc.record({
      realms: fc.array(octets, { maxLength: 3 }),
      nonce: token,
      stale: fc.boolean(),
      qop: fc.constantFrom(['auth'] as const, ['auth', 'auth-int', 'auth-conf'] as const),
      utf8: fc.boolean(),
      maxbuf: fc.nat(0xff_ffff),
      ciphers: fc.constantFrom(CIPHERS, CIPHERS.slice(0, 1), []),
    })
    fc.assert(
      fc.property(sample, (challenge) => {
        assert.deepEqual(readSaslChallenge(writeSaslChallenge(challenge)), { ...challenge })
      }),
    )
  })

  test('responses of HTTP and of SASL', () => {
    const digits = (algorithmHexes: number): string => 'ab'.repeat(algorithmHexes)
    const sample = fc.record({
      name: octets,
      realm: octets,
      nonce: token,
      cnonce: token,
      uri: octets,
      count: fc.integer({ min: 1, max: 0xffff_ffff }),
      algorithm,
      sasl: fc.boolean(),
      opaque: octets,
      authzid: octets,
    })
    fc.assert(
      fc.property(sample, ({ name, realm, nonce, cnonce, uri, count, algorithm: chosen, sasl, opaque, authzid }) => {
        const response: DigestResponse = {
          form: sasl ? 'sasl' : 'http',
          user: { kind: 'name', octets: name, raw: name.replace(/["\\]/g, '\\$&'), extended: false },
          realm,
          nonce,
          use: { qop: sasl ? 'auth-conf' : 'auth', cnonce, count },
          uri,
          response: digits(sasl ? 16 : chosen.hashBytes),
          algorithm: sasl ? algorithmOf('MD5-sess') : chosen,
          opaque: sasl ? undefined : opaque,
          utf8: true,
          bound: { hashedDirs: 'service-name,channel-binding', serviceName: 'HTTP/x', channelBinding: '00' },
          maxbuf: sasl ? 70_000 : 65_536,
          cipher: sasl ? CIPHERS[0] : undefined,
          authzid: sasl ? authzid : undefined,
        }
        const read = sasl ? readSaslResponse : readHttpResponse
        assert.deepEqual(read(writeResponse(response)), response)
      }),
    )
  })

  test("a server's proof", () => {
    const sample = fc.record({
      rspauth: token,
      nextnonce: fc.option(token, { nil: undefined }),
      cnonce: token,
      count: fc.integer({ min: 1, max: 0xffff_ffff }),
    })
    fc.assert(
      fc.property(sample, ({ rspauth, nextnonce, cnonce, count }) => {
        const proof = { rspauth, nextnonce, use: { qop: 'auth' as const, cnonce, count } }
        assert.deepEqual(readServerProof(writeServerProof(proof)), proof)
      }),
    )
    assert.equal(textOf(writeServerProof({ rspauth: 'ab', use: undefined, nextnonce: undefined })), 'rspauth=ab')
  })
})
