import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeUtf8, fromBase64, toBase64 } from '../../src/bytes/index.js'
import { acceptSaslExternal, saslExternalResponse } from '../../src/sasl/index.js'
import type { Identity } from '../../src/sspi/index.js'

const FRED: Identity = { name: 'fred', domain: 'example.com', sid: undefined, groups: [], source: 'verified' }
/** RFC 4422 appendix A.1: the name in UTF-8, and nothing else. Here in base64, as text protocols carry it. */
const EXAMPLE = 'ZnJlZEBleGFtcGxlLmNvbQ=='

test('saslExternalResponse is the name in UTF-8, or nothing', () => {
  assert.equal(toBase64(saslExternalResponse('fred@example.com')), EXAMPLE)
  assert.deepEqual(saslExternalResponse(), new Uint8Array(0))
})

test('acceptSaslExternal lets a client act as itself, by its name or by none', () => {
  assert.equal(acceptSaslExternal(fromBase64(EXAMPLE), { client: FRED }), 'fred@example.com')
  assert.equal(acceptSaslExternal(encodeUtf8('fred'), { client: FRED }), 'fred')
  assert.equal(acceptSaslExternal(new Uint8Array(0), { client: FRED }), '')
})

test('acceptSaslExternal refuses one that wants to be somebody else, unless the server’s rule lets it', () => {
  const eve = encodeUtf8('eve')
  const denied = { code: 'SEC_E_LOGON_DENIED' } as const
  assert.throws(() => acceptSaslExternal(eve, { client: FRED }), denied)
  assert.equal(
    acceptSaslExternal(eve, { client: FRED, authorize: (client, as) => client === FRED && as === 'eve' }),
    'eve',
  )
  assert.throws(() => acceptSaslExternal(fromBase64(EXAMPLE), { client: FRED, authorize: () => false }), denied)
})

test('acceptSaslExternal refuses whom the channel has not authenticated, whatever the rule', () => {
  for (const response of ['', 'fred']) {
    assert.throws(() => acceptSaslExternal(encodeUtf8(response), { client: undefined, authorize: () => true }), {
      code: 'SEC_E_LOGON_DENIED',
    })
  }
})

test('a name that is none is refused on both sides', () => {
  const long = 'x'.repeat(1025)
  for (const name of ['a\0b', long]) {
    assert.throws(() => saslExternalResponse(name), { code: 'SEC_E_INVALID_PARAMETER' })
    assert.throws(() => acceptSaslExternal(encodeUtf8(name), { client: FRED }), { code: 'SEC_E_INVALID_TOKEN' })
  }
  assert.throws(() => acceptSaslExternal(Uint8Array.of(0xff), { client: FRED }), { code: 'SEC_E_INVALID_TOKEN' })
})
