import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { ASC_REQ_HTTP } from '../../src/digest/index.js'
import {
  ASC_REQ_PROXY_BINDINGS,
  ASC_RET_MISSING_BINDINGS,
  hashChannelBindings,
  ISC_REQ_USE_HTTP_STYLE,
  SECPKG_ATTR_CLIENT_SPECIFIED_TARGET,
  SspiError,
  type Session,
  type World,
} from '../../src/sspi/index.js'
import { toHex } from '../../src/bytes/index.js'
import { md5 } from '../../src/crypto/index.js'
import { bindingsOf } from '../compliance/suite.js'
import { client, latin1, Server, type Given } from './sides.js'

const SPN = 'HTTP/www.example.com'
const BINDINGS = bindingsOf('one channel')
const NONE = '0'.repeat(32)

/** A request with what its client and its server know of channel and service. */
function request(
  here: Given,
  there: Given,
  options: {
    readonly policy?: Partial<World['policy']>
    readonly contextReq?: number
    readonly change?: (token: string) => string
  } = {},
): Session {
  const server = new Server({ policy: options.policy ?? {}, contextReq: ASC_REQ_HTTP | (options.contextReq ?? 0) })
  const side = client({ target: '/', contextReq: ISC_REQ_USE_HTTP_STYLE })
  const token = side.text(server.accept().text(undefined), { params: ['GET'], ...here })
  const step = server.accept().step(options.change?.(token) ?? token, { params: ['GET', '/'], ...there })
  assert.equal(step.kind, 'done')
  return step.session
}

const refused = (code: string) => (error: unknown) => error instanceof SspiError && error.code === code

suite('channel bindings (MS-DPSP)', () => {
  test('a client of ISC_REQ_USE_HTTP_STYLE puts service and channel into directives, and their hash in front of its nonce', () => {
    const side = client({ target: '/', contextReq: ISC_REQ_USE_HTTP_STYLE })
    const challenge = 'realm="r",nonce="+Upgraded+v1abc",qop="auth"'
    const token = side.text(challenge, { params: ['GET'], targetHost: SPN, bindings: BINDINGS })
    const channel = toHex(hashChannelBindings(BINDINGS))
    assert.ok(
      token.includes(`hashed-dirs="service-name,channel-binding", service-name="${SPN}", channel-binding="${channel}"`),
    )
    assert.ok(token.includes(`cnonce="+Upgraded+v1${toHex(md5(latin1(`${SPN}:${channel}`)))}`))
  })

  test('to a server that does not know of them it says nothing', () => {
    const side = client({ target: '/', contextReq: ISC_REQ_USE_HTTP_STYLE })
    const token = side.text('realm="r",nonce="abc",qop="auth"', {
      params: ['GET'],
      targetHost: SPN,
      bindings: BINDINGS,
    })
    assert.doesNotMatch(token, /hashed-dirs|Upgraded/)
  })

  test('bindings that differ are refused, equal ones and a client without are not', () => {
    assert.equal(request({ bindings: BINDINGS }, { bindings: BINDINGS }).contextAttr & ASC_RET_MISSING_BINDINGS, 0)
    assert.ok(request({}, { bindings: BINDINGS }).contextAttr & ASC_RET_MISSING_BINDINGS)
    assert.ok(request({ targetHost: SPN }, { bindings: BINDINGS }).contextAttr & ASC_RET_MISSING_BINDINGS)
    request({ bindings: BINDINGS }, {})
    const other = { bindings: bindingsOf('another') }
    assert.throws(() => request({ bindings: BINDINGS }, other), refused('SEC_E_BAD_BINDINGS'))
    request({ bindings: BINDINGS }, other, { policy: { channelBindings: 'none' } })
  })

  test('the border between service and channel cannot be moved', () => {
    const change = (token: string): string =>
      token.replace(/service-name="([^":]*):8080", channel-binding="/, 'service-name="$1", channel-binding="8080:')
    assert.throws(() => request({ targetHost: `${SPN}:8080` }, {}, { change }), refused('SEC_E_MESSAGE_ALTERED'))
  })

  test('a policy, or a caller by ASC_REQ_PROXY_BINDINGS, may require them', () => {
    const required = { policy: { channelBindings: 'required' } } as const
    for (const options of [required, { contextReq: ASC_REQ_PROXY_BINDINGS }]) {
      request({ bindings: BINDINGS }, { bindings: BINDINGS }, options)
      assert.throws(() => request({}, { bindings: BINDINGS }, options), refused('SEC_E_BAD_BINDINGS'))
      assert.throws(() => request({ targetHost: SPN }, { bindings: BINDINGS }, options), refused('SEC_E_BAD_BINDINGS'))
    }
  })

  test('directives that the client did not make its nonce of are refused, added, changed or taken away', () => {
    const given = { targetHost: SPN, bindings: BINDINGS }
    const changes: ((token: string) => string)[] = [
      (token) => token.replace(/, hashed-dirs.*$/, ''),
      (token) => token.replace('www.example', 'other.example'),
      (token) => token.replace(/channel-binding="[0-9a-f]{32}"/, `channel-binding="${NONE}"`),
      (token) => token.replace('service-name,channel-binding"', 'channel-binding"'),
    ]
    for (const change of changes) {
      assert.throws(() => request(given, {}, { change }), refused('SEC_E_MESSAGE_ALTERED'))
    }
    const added = (token: string): string =>
      `${token}, hashed-dirs="service-name,channel-binding", service-name="${SPN}", channel-binding="${NONE}"`
    assert.throws(() => request({}, {}, { change: added }), refused('SEC_E_MESSAGE_ALTERED'))
  })

  test('a policy names the services that clients may mean', () => {
    const policy = { targetNames: [SPN.toLowerCase()] }
    const session = request({ targetHost: SPN }, {}, { policy })
    assert.equal(session.query(SECPKG_ATTR_CLIENT_SPECIFIED_TARGET)?.targetName, SPN)
    request({}, {}, { policy })
    assert.throws(() => request({ targetHost: 'HTTP/x' }, {}, { policy }), refused('SEC_E_TARGET_UNKNOWN'))
    assert.throws(
      () => request({}, {}, { policy: { ...policy, targetNameRequired: true } }),
      refused('SEC_E_TARGET_UNKNOWN'),
    )
  })

  test('with SASL the service is the digest-uri', () => {
    const server = new Server({ policy: { targetNames: ['ldap/server.example.com'], targetNameRequired: true } })
    const good = server.accept()
    assert.equal(good.step(client().text(good.text(undefined))).kind, 'done')
    const bad = server.accept()
    const token = client({ target: 'imap/server.example.com' }).text(bad.text(undefined))
    assert.throws(() => bad.step(token), refused('SEC_E_TARGET_UNKNOWN'))
  })
})
