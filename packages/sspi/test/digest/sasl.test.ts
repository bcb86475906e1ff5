import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_REQ_SEQUENCE_DETECT,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_AUTHORIZATION_ID,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECQOP_WRAP_NO_ENCRYPT,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type Session,
} from '../../src/sspi/index.js'
import { CIPHERS } from '../../src/digest/ciphers.js'
import { digestPackage } from '../../src/digest/index.js'
import { NOON } from '../compliance/suite.js'
import { client, clientCredential, latin1, PASSWORD, Server, textOf, type ExchangeSide } from './sides.js'

const LEGACY = { insecureAllowLegacyLayers: true }

/** Both sides' sessions. */
interface Ends {
  readonly here: Session
  readonly there: Session
}

function established(server: ExchangeSide, side: ExchangeSide, onChallenge = (text: string): string => text): Ends {
  const response = side.step(onChallenge(server.text(undefined)))
  assert.equal(response.kind, 'continue')
  const there = server.step(response.token)
  assert.equal(there.kind, 'done')
  const here = side.step(there.token)
  assert.equal(here.kind, 'done')
  return { here: here.session, there: there.session }
}

function code(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof SspiError) return error.code
    throw error
  }
  return 'nothing was thrown'
}

suite('SASL: the exchange', () => {
  test('a challenge has what RFC 2831 wants, and every context proves the server', () => {
    const server = new Server({ digest: { domains: ['CONTOSO'] }, contextReq: ASC_REQ_SEQUENCE_DETECT })
    const challenge = server.accept().text(undefined)
    assert.match(
      challenge,
      /^realm="testrealm",realm="CONTOSO",nonce="\+Upgraded\+v1[0-9a-f]{80}",qop="auth,auth-int",maxbuf=16777215,charset=utf-8,algorithm=md5-sess$/,
    )
    const { here, there } = established(server.accept(), client())
    for (const session of [here, there]) {
      assert.ok(session.contextAttr & ISC_RET_MUTUAL_AUTH)
      assert.equal(session.contextAttr & ISC_RET_INTEGRITY, 0)
      assert.equal(session.query(SECPKG_ATTR_SIZES)?.maxSignature, 0)
      assert.equal(session.query(SECPKG_ATTR_STREAM_SIZES), undefined)
      const message = new SecBufferDesc([
        new SecBuffer(SECBUFFER_DATA, latin1('x')),
        new SecBuffer(SECBUFFER_TOKEN, 16),
      ])
      assert.equal(
        code(() => session.sign(message, 0, 0)),
        'SEC_E_QOP_NOT_SUPPORTED',
      )
    }
  })

  test('a client may begin with nothing, and the server with it', () => {
    const side = client()
    const first = side.step(undefined)
    assert.ok(first.kind === 'continue' && first.token.length === 0)
    assert.equal(
      code(() => side.step(undefined)),
      'SEC_E_INVALID_TOKEN',
    )
    established(new Server().accept(), client())
  })

  test('the realm is the domain of the user, where the server offers it, and the first one otherwise', () => {
    const accounts = [
      { user: 'alice', domain: 'CONTOSO', password: PASSWORD },
      { user: 'bob', password: PASSWORD },
    ]
    const server = new Server({ accounts, digest: { domains: ['CONTOSO', 'OTHER'] } })
    const inDomain = client({ domain: 'contoso' })
    assert.match(inDomain.text(server.accept().text(undefined)), /username="alice",realm="CONTOSO"/)
    assert.equal(established(server.accept(), client({ domain: 'CONTOSO' })).there.peer?.domain, 'CONTOSO')
    assert.equal(established(server.accept(), client({ user: 'bob' })).there.peer?.domain, '')
    const plain = new Server({ accounts })
    const named = client({ domain: 'CONTOSO' })
    assert.match(named.text(plain.accept().text(undefined)), /username="CONTOSO\\\\alice",realm="testrealm"/)
    assert.equal(established(plain.accept(), client({ domain: 'CONTOSO' })).there.peer?.name, 'alice')
  })

  test('a server that names no realm leaves it to the client, and ours takes none for its own', () => {
    const unnamed = (challenge: string): string => challenge.replace('realm="testrealm",', '')
    assert.equal(established(new Server().accept(), client(), unnamed).there.peer?.name, 'alice')
    assert.match(client({ domain: 'CONTOSO' }).text(unnamed(new Server().accept().text(undefined))), /realm="CONTOSO"/)
  })

  test('a client acts as another only where it is allowed, and SECPKG_ATTR_AUTHORIZATION_ID says as whom', () => {
    const accounts = [{ user: 'alice', domain: 'CONTOSO', password: PASSWORD }]
    const as = (principal: string, authorize?: (identity: object, wanted: string) => boolean): Ends =>
      established(
        new Server({ accounts, digest: { domains: ['CONTOSO'], authorize } }).accept(),
        client({ domain: 'CONTOSO', principal }),
      )
    for (const own of ['alice', 'Contoso\\Alice']) {
      assert.equal(as(own).there.query(SECPKG_ATTR_AUTHORIZATION_ID)?.authorizationId, own)
    }
    assert.equal(
      code(() => as('root')),
      'SEC_E_LOGON_DENIED',
    )
    assert.equal(
      code(() => as('root', () => false)),
      'SEC_E_LOGON_DENIED',
    )
    const { here, there } = as('root', (_, wanted) => wanted === 'root')
    for (const session of [here, there]) {
      assert.equal(session.query(SECPKG_ATTR_AUTHORIZATION_ID)?.authorizationId, 'root')
    }
    assert.equal(there.peer?.name, 'alice')
  })

  test('names and passwords beyond ASCII are hashed in ISO 8859-1 where they have such a form', () => {
    for (const password of ['Gr\u00fc\u00dfe', '\u043f\u0430\u0440\u043e\u043b\u044c']) {
      const server = new Server({ accounts: [{ user: 'J\u00e4s\u00f8n', password }] })
      assert.equal(
        established(server.accept(), client({ user: 'J\u00e4s\u00f8n', password })).there.peer?.name,
        'J\u00e4s\u00f8n',
      )
    }
  })

  const changes: readonly (readonly [string, (text: string) => string, string])[] = [
    ['another nonce', (text) => text.replace(/(,nonce="\+Upgraded\+v1)[0-9a-f]{2}/, '$1zz'), 'SEC_E_INVALID_TOKEN'],
    ['another count', (text) => text.replace('nc=00000001', 'nc=00000002'), 'SEC_E_INVALID_TOKEN'],
    ['another realm', (text) => text.replace('realm="testrealm"', 'realm="x"'), 'SEC_E_TARGET_UNKNOWN'],
    ['a quality that was not offered', (text) => text.replace('qop=auth', 'qop=auth-int'), 'SEC_E_SECURITY_QOS_FAILED'],
    ['a cipher without encryption', (text) => `${text},cipher="rc4"`, 'SEC_E_INVALID_TOKEN'],
    ['another service', (text) => text.replace('ldap/', 'imap/'), 'SEC_E_LOGON_DENIED'],
    ['another buffer', (text) => text.replace(/maxbuf=\d+/, 'maxbuf=16'), 'SEC_E_INVALID_TOKEN'],
    ['another identity', (text) => `${text},authzid="root"`, 'SEC_E_LOGON_DENIED'],
  ]
  for (const [what, change, expected] of changes) {
    test(`a response with ${what} is refused: ${expected}`, () => {
      const server = new Server().accept()
      const response = client().text(server.text(undefined))
      assert.equal(
        code(() => server.step(change(response))),
        expected,
      )
      assert.equal(
        code(() => server.step(response)),
        'SEC_E_OUT_OF_SEQUENCE',
      )
    })
  }

  test('a wrong proof of the server is refused', () => {
    const server = new Server().accept()
    const side = client()
    const proof = server.text(side.text(server.text(undefined)))
    assert.equal(
      code(() => side.step(proof.replace(/rspauth=./, 'rspauth=x'))),
      'SEC_E_MUTUAL_AUTH_FAILED',
    )
    assert.equal(
      code(() => side.step(proof)),
      'SEC_E_OUT_OF_SEQUENCE',
    )
  })

  test('without a service to name there is no response', () => {
    assert.equal(
      code(() => client({ target: '' }).step(new Server().accept().text(undefined))),
      'SEC_E_TARGET_UNKNOWN',
    )
  })

  test('a server that reads next to nothing is refused', () => {
    const challenge = new Server()
      .accept()
      .text(undefined)
      .replace(/maxbuf=\d+/, 'maxbuf=16')
    assert.equal(
      code(() => client().step(challenge)),
      'SEC_E_INVALID_TOKEN',
    )
  })
})

suite('SASL: subsequent authentication (RFC 2831 2.2)', () => {
  const again = { subsequentAuthentication: true }

  test('a client begins with the next count, and the server takes each once', () => {
    const server = new Server()
    const of = digestPackage({ realm: 'r', ...again })
    const credential = clientCredential(of, {})
    const begin = (): ExchangeSide => client({ package: of, credential })
    established(server.accept(), begin())
    const side = begin()
    const response = side.text(undefined)
    assert.match(response, /nc=00000002/)
    const proof = server.accept().step(response)
    assert.equal(proof.kind, 'done')
    assert.equal(side.step(proof.token).kind, 'done')
    assert.match(begin().text(undefined), /nc=00000003/)
    assert.equal(
      code(() => server.accept().step(response)),
      'SEC_E_OUT_OF_SEQUENCE',
    )
  })

  test('where the nonce is too old the server asks anew, and the client answers', () => {
    let now = NOON
    const server = new Server({ now: () => now })
    const of = digestPackage({ realm: 'r', ...again })
    const credential = clientCredential(of, {})
    established(server.accept(), client({ package: of, credential }))
    now = new Date(NOON.getTime() + 400_000)
    const side = client({ package: of, credential })
    const accepting = server.accept()
    const challenge = accepting.text(side.text(undefined))
    assert.match(challenge, /stale=true/)
    const done = accepting.step(side.text(challenge))
    assert.equal(done.kind, 'done')
    assert.equal(side.step(done.token).kind, 'done')
  })

  test('an exchange whose messages are protected is never taken up again: its keys would be the same', () => {
    const server = new Server({ contextReq: ASC_REQ_INTEGRITY })
    const of = digestPackage({ realm: 'r', ...again })
    const credential = clientCredential(of, {})
    const begin = (): ExchangeSide => client({ package: of, credential, contextReq: ISC_REQ_INTEGRITY })
    established(server.accept(), begin())
    assert.equal(begin().text(undefined), '', 'the client asks for a challenge')
    const first = begin()
    const accepting = server.accept()
    const response = first.text(accepting.text(undefined))
    assert.equal(accepting.step(response).kind, 'done')
    assert.equal(server.accept().step(response).kind, 'continue', 'the server asks anew')
  })
})

suite('SASL: messages', () => {
  const ends = (cipher?: string): Ends => {
    if (cipher === undefined) {
      return established(
        new Server({ contextReq: ASC_REQ_INTEGRITY }).accept(),
        client({ contextReq: ISC_REQ_INTEGRITY }),
      )
    }
    const server = new Server({ digest: LEGACY, contextReq: ASC_REQ_CONFIDENTIALITY })
    const only = (challenge: string): string => challenge.replace(/cipher="[^"]*"/, `cipher="${cipher}"`)
    return established(server.accept(), client({ digest: LEGACY, contextReq: ISC_REQ_CONFIDENTIALITY }), only)
  }

  for (const { name, blockBytes } of CIPHERS) {
    test(`${name}: messages of every length go both ways, in parts and in one piece`, () => {
      const { here, there } = ends(name)
      for (const [from, to] of [
        [here, there],
        [there, here],
      ] as const) {
        const { blockSize, securityTrailer } = from.query(SECPKG_ATTR_SIZES)!
        assert.deepEqual([blockSize, securityTrailer], [blockBytes, blockBytes === 1 ? 16 : 24])
        for (let length = 0; length < 40; length++) {
          const text = latin1('x'.repeat(length))
          const data = new SecBuffer(SECBUFFER_DATA, text.slice())
          const padding = new SecBuffer(SECBUFFER_PADDING, blockSize)
          const token = new SecBuffer(SECBUFFER_TOKEN, 16)
          from.seal(new SecBufferDesc([data, padding, token]), 0, 0)
          assert.equal((length + padding.cbBuffer + 10) % blockBytes, 0)
          to.unseal(new SecBufferDesc([data, padding, token]), 0)
          assert.deepEqual(data.bytes, text)
          const trailer = new SecBuffer(SECBUFFER_TOKEN)
          from.seal(new SecBufferDesc([data, trailer]), 0, 0)
          const whole = latin1(textOf(data.bytes) + textOf(trailer.bytes))
          const opened = new SecBuffer(SECBUFFER_DATA)
          to.unseal(new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, whole), opened]), 0)
          assert.deepEqual(opened.bytes, text)
        }
      }
    })
  }

  test('without insecureAllowLegacyLayers nobody offers or asks for encryption', () => {
    assert.equal(
      code(() => new Server({ contextReq: ASC_REQ_CONFIDENTIALITY }).accept().step(undefined)),
      'SEC_E_SECURITY_QOS_FAILED',
    )
    const server = new Server({ digest: LEGACY, contextReq: ASC_REQ_CONFIDENTIALITY })
    const challenge = server.accept().text(undefined)
    assert.match(challenge, /qop="auth-conf",.*cipher="rc4,3des,rc4-56,des,rc4-40"/)
    assert.equal(
      code(() => client({ contextReq: ISC_REQ_CONFIDENTIALITY }).step(challenge)),
      'SEC_E_SECURITY_QOS_FAILED',
    )
    const none = challenge.replace(/cipher="[^"]*"/, 'cipher="aes"')
    assert.equal(
      code(() => client({ digest: LEGACY, contextReq: ISC_REQ_CONFIDENTIALITY }).step(none)),
      'SEC_E_ALGORITHM_MISMATCH',
    )
  })

  test('a side may know fewer ciphers, and takes no other', () => {
    const server = new Server({ digest: { ...LEGACY, ciphers: ['3des', 'des'] }, contextReq: ASC_REQ_CONFIDENTIALITY })
    const accepting = server.accept()
    const challenge = accepting.text(undefined)
    assert.match(challenge, /cipher="3des,des"/)
    const asking = { contextReq: ISC_REQ_CONFIDENTIALITY }
    const picky = client({ digest: { ...LEGACY, ciphers: ['des', 'rc4'] }, ...asking })
    assert.match(picky.text(challenge), /cipher="des"/)
    const stranger = client({ digest: { ...LEGACY, ciphers: ['rc4'] }, ...asking })
    assert.equal(
      code(() => stranger.step(challenge)),
      'SEC_E_ALGORITHM_MISMATCH',
    )
    const forced = client({ digest: LEGACY, ...asking }).text(challenge.replace('3des,des', 'rc4'))
    assert.equal(
      code(() => accepting.step(forced)),
      'SEC_E_ALGORITHM_MISMATCH',
    )
  })

  test('with integrity alone messages are signed, and never taken for sealed ones', () => {
    const { here, there } = ends()
    const data = (): SecBuffer => new SecBuffer(SECBUFFER_DATA, latin1('hello'))
    const token = new SecBuffer(SECBUFFER_TOKEN, 16)
    assert.equal(
      code(() => {
        here.seal(new SecBufferDesc([data(), token]), 0, 0)
      }),
      'SEC_E_QOP_NOT_SUPPORTED',
    )
    here.seal(new SecBufferDesc([data(), token]), SECQOP_WRAP_NO_ENCRYPT, 0)
    const opened = new SecBuffer(SECBUFFER_DATA)
    const whole = latin1(`hello${textOf(token.bytes)}`)
    const unsealed = there.unseal(new SecBufferDesc([new SecBuffer(SECBUFFER_STREAM, whole), opened]), 0)
    assert.deepEqual(unsealed, { kind: 'message', qop: SECQOP_WRAP_NO_ENCRYPT })
    assert.equal(textOf(opened.bytes), 'hello')
    assert.equal(here.query(SECPKG_ATTR_KEY_INFO)?.signatureAlgorithmName, 'HMAC-MD5')
    const conf = ends('rc4').here
    assert.equal(
      code(() => {
        conf.seal(new SecBufferDesc([data(), token]), SECQOP_WRAP_NO_ENCRYPT, 0)
      }),
      'SEC_E_QOP_NOT_SUPPORTED',
    )
  })

  test('whoever asks for sequence detection gets integrity where the other side has it, and nothing where it has not', () => {
    const wishing = client({ contextReq: ISC_REQ_SEQUENCE_DETECT })
    assert.match(wishing.text(new Server({ contextReq: ASC_REQ_INTEGRITY }).accept().text(undefined)), /qop=auth-int/)
    const other = client({ contextReq: ISC_REQ_SEQUENCE_DETECT })
    assert.match(other.text(new Server().accept().text(undefined)), /qop=auth,|qop=auth$/)
  })

  test('a message is never longer than the peer reads', () => {
    const server = new Server({ digest: { maxBufferBytes: 100 }, contextReq: ASC_REQ_INTEGRITY })
    const { here, there } = established(server.accept(), client({ contextReq: ISC_REQ_INTEGRITY }))
    assert.equal(here.query(SECPKG_ATTR_STREAM_SIZES)?.maximumMessage, 100)
    const message = (length: number): SecBufferDesc =>
      new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, length), new SecBuffer(SECBUFFER_TOKEN, 16)])
    here.sign(message(84), 0, 0)
    assert.equal(
      code(() => {
        here.sign(message(85), 0, 0)
      }),
      'SEC_E_INSUFFICIENT_MEMORY',
    )
    there.sign(message(85), 0, 0)
  })
})
