import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { algorithmOf, type CipherName, type DigestAlgorithmName } from '../../src/digest/index.js'
import { hashA1, responseDigits, sessionA1, type Qop } from '../../src/digest/computations.js'
import { clientNonce } from '../../src/digest/channel-bindings.js'
import {
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  type Session,
} from '../../src/sspi/index.js'
import { SaslSession } from '../../src/digest/sasl-session.js'
import { findCipher } from '../../src/digest/ciphers.js'
import { digestPackage } from '../../src/digest/index.js'
import { secretFrom } from '../../src/crypto/index.js'
import { readVectors } from '../vectors.js'
import { client, latin1, textOf } from './sides.js'

interface HttpInput {
  readonly algorithm: DigestAlgorithmName
  readonly username: string
  readonly realm: string
  readonly password: string
  readonly nonce: string
  readonly method: string
  readonly uri: string
  readonly qop: Qop | null
  readonly nc: string | null
  readonly cnonce: string | null
}

interface HttpExpected {
  readonly HA1: string
  readonly HA2: string
  readonly response: string
  readonly rspauth?: string
  readonly usernameHash?: string
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

suite('the computations of RFC 2617 and RFC 7616', () => {
  for (const { name, input, expected } of readVectors<HttpInput, HttpExpected>('digest/http.json').cases) {
    test(name, () => {
      const algorithm = algorithmOf(input.algorithm)
      const { nonce, method, uri } = input
      const cnonce = input.cnonce ?? ''
      const base = hashA1(algorithm, utf8(input.username), utf8(input.realm), utf8(input.password))
      const ha1 = sessionA1(algorithm, base, { nonce, cnonce }, 'http')
      assert.equal(toHex(ha1), expected.HA1)
      const use =
        input.qop === null ? undefined : { qop: input.qop, cnonce, count: Number.parseInt(input.nc ?? '', 16) }
      assert.equal(textOf(responseDigits(algorithm, ha1, { nonce, use, method, uri })), expected.response)
      assert.equal(toHex(algorithm.hash(utf8(`${method}:${uri}`))), expected.HA2)
      if (expected.rspauth !== undefined) {
        assert.equal(textOf(responseDigits(algorithm, ha1, { nonce, use, method: '', uri })), expected.rspauth)
      }
      if (expected.usernameHash !== undefined) {
        const hashed = algorithm.hash(utf8(`${input.username}:${input.realm}`))
        assert.equal(toHex(hashed), expected.usernameHash)
      }
    })
  }
})

interface SaslInput {
  readonly challenge: string
  readonly password: string
  readonly cnonce: string
  readonly username: string
  readonly realm: string | null
  readonly qop: Qop
  readonly digestUri: string
  readonly authzid: string | null
  readonly cipher: CipherName | null
}

interface SaslExpected {
  readonly clientResponse: string
  readonly HA1: string
  readonly response: string
  readonly rspauth: string
  readonly keys?: object
  readonly messages?: readonly {
    readonly from: 'client' | 'server'
    readonly plaintext: string
    readonly wrapped: string
  }[]
}

/** Fields of a response without the client's own nonce and what is made of it, which the machine draws anew. */
const fieldsOf = (response: string): readonly string[] =>
  response.replace(/(cnonce="|response=)[^",]*/g, '$1').split(',')

const nonceOf = (text: string): string => /(?:^|,)nonce="([^"]*)"/.exec(text)?.[1] ?? ''

suite('the exchanges of RFC 2831 and of the JDK', () => {
  for (const { name, input, expected } of readVectors<SaslInput, SaslExpected>('digest/sasl.json').cases) {
    // Where the server's first nonce was too old, the response that was recorded answers its second challenge.
    const nonce = nonceOf(expected.clientResponse)
    const stale = nonceOf(input.challenge) !== nonce
    const realm = input.realm ?? ''
    const md5Sess = algorithmOf('MD5-sess')
    const base = hashA1(md5Sess, latin1(input.username), latin1(realm), latin1(input.password))
    const authzid = input.authzid ?? undefined
    const ha1 = sessionA1(md5Sess, base, { nonce, cnonce: input.cnonce, authzid }, 'sasl')

    test(`${name}: the keys and both proofs`, () => {
      assert.equal(toHex(ha1), expected.HA1)
      const use = { qop: input.qop, cnonce: input.cnonce, count: 1 }
      const parts = { nonce, use, uri: input.digestUri, entityHash: '0'.repeat(32) }
      assert.equal(textOf(responseDigits(md5Sess, ha1, { ...parts, method: 'AUTHENTICATE' })), expected.response)
      assert.equal(textOf(responseDigits(md5Sess, ha1, { ...parts, method: '' })), expected.rspauth)
    })

    test(`${name}: the client's response`, () => {
      const flags = input.qop === 'auth' ? 0 : input.qop === 'auth-int' ? ISC_REQ_INTEGRITY : ISC_REQ_CONFIDENTIALITY
      // The JDK takes triple DES first.
      const ciphers = input.cipher === null ? undefined : [input.cipher]
      const side = client({
        user: input.username,
        domain: realm,
        password: input.password,
        target: input.digestUri,
        principal: authzid ?? '',
        contextReq: flags,
        digest: { maxBufferBytes: 65_536, insecureAllowLegacyLayers: true, ciphers },
      })
      if (stale) side.step(input.challenge)
      const challenge = stale
        ? `${input.challenge.replace(nonceOf(input.challenge), nonce)},stale=true`
        : input.challenge
      assert.deepEqual(fieldsOf(side.text(challenge)), fieldsOf(expected.clientResponse))
    })

    if (expected.messages === undefined) continue
    const messages = expected.messages
    const session = (side: 'initiator' | 'acceptor'): Session =>
      new SaslSession(
        {
          side,
          contextAttr: 0,
          qop: input.qop,
          start: new Date(0),
          userName: '',
          realm,
          targetName: '',
          peer: undefined,
          ha1: secretFrom(ha1),
          cipher: input.cipher === null ? undefined : findCipher(input.cipher),
          peerMaxbuf: 65_536,
          authorizationId: '',
        },
        digestPackage({ realm: 'r' }).info,
      )

    test(`${name}: the messages, made and opened`, () => {
      const ends = { client: session('initiator'), server: session('acceptor') }
      for (const { from, plaintext, wrapped } of messages) {
        const data = new SecBuffer(SECBUFFER_DATA, fromHex(plaintext))
        const padding = new SecBuffer(SECBUFFER_PADDING, 8)
        const token = new SecBuffer(SECBUFFER_TOKEN, 16)
        const message = new SecBufferDesc([data, padding, token])
        if (input.cipher === null) ends[from].sign(message, 0, 0)
        else ends[from].seal(message, 0, 0)
        assert.equal(toHex(data.bytes) + toHex(padding.bytes) + toHex(token.bytes), wrapped)
        const opened = new SecBuffer(SECBUFFER_DATA)
        const stream = new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, fromHex(wrapped)), opened])
        assert.equal(ends[from === 'client' ? 'server' : 'client'].unseal(stream, 0).kind, 'message')
        assert.equal(toHex(opened.bytes), plaintext)
      }
    })
  }
})

test('a nonce that is bound to nothing is random alone', () => {
  assert.equal(clientNonce(undefined, fromHex('0102')), '0102')
})
