import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { suite, test } from 'node:test'
import {
  initSecurityInterface,
  passwordCredential,
  SECPKG_ATTR_NEGO_STATUS,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SspiError,
  type AccountDatabase,
  type AuthenticationEvent,
  type InitiatorExchange,
} from '../../src/index.js'
import { decodeToken } from '../../src/decode/index.js'
import { Status } from '../../src/status/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { domainOfAll, meet, TARGET } from './all-packages.js'
import { cross } from './cross.js'

const WWW = 'HTTP/www.example.test'
const NOBODY_ANSWERS = 'SEC_E_NO_AUTHENTICATING_AUTHORITY'

/** A domain whose KDC does not answer, though its servers know the passwords. */
function withoutKdc(): TestDomain {
  const domain = createTestDomain({ users: ['alice'], services: [WWW] })
  domain.faults.down = true
  return domain
}

/** Alice's side of Negotiate, and what is told of it. */
function clientOf(
  domain: TestDomain,
  { allowed = [] as readonly string[], packageList = '' } = {},
): { readonly client: InitiatorExchange; readonly events: AuthenticationEvent[] } {
  const events: AuthenticationEvent[] = []
  const sspi = domain.sspi({
    negotiate: { insecureAllowNtlmFallback: allowed },
    onEvent: (event) => events.push(event),
  })
  const user = `alice@${domain.realm}`
  const credentials = passwordCredential({ user, password: domain.passwordOf('alice'), packageList })
  return { client: sspi.initiate({ package: 'Negotiate', credentials, target: WWW }), events }
}

suite('Negotiate whose KDC does not answer', () => {
  test('does not fall back to NTLM, and says that it did not', async () => {
    await using domain = withoutKdc()
    for (const allowed of [[], ['HTTP/other.example.test', 'cifs/*']]) {
      const { client, events } = clientOf(domain, { allowed })
      await assert.rejects(client.step(), (error: unknown) => {
        assert.ok(error instanceof SspiError)
        assert.equal(error.code, NOBODY_ANSWERS)
        assert.match(
          error.message,
          /NTLM was not tried, since Kerberos applies, and insecureAllowNtlmFallback does not/,
        )
        assert.ok(error.cause instanceof SspiError, 'the failure of Kerberos itself is beneath')
        assert.equal(error.token, undefined, 'the server has heard nothing yet')
        return true
      })
      assert.deepEqual(
        events.map(({ kind }) => kind),
        ['context-refused'],
      )
    }
  })

  test('falls back to NTLM for a target of insecureAllowNtlmFallback, and tells what it passed over', async () => {
    await using domain = withoutKdc()
    const { client, events } = clientOf(domain, { allowed: ['HTTP/*.example.test'] })
    const server = domain.sspi().accept({ package: 'Negotiate', credentials: domain.serviceCredential(WWW) })
    const published: unknown[] = []
    const listener = (event: unknown): number => published.push(event)
    subscribe('sspi:mechanism-passed-over', listener)
    try {
      await cross(client, server)
    } finally {
      unsubscribe('sspi:mechanism-passed-over', listener)
    }
    using session = client.session
    using accepted = server.session
    assert.deepEqual([session.mechanism, accepted.mechanism], ['NTLM', 'NTLM'])
    assert.equal(accepted.peer?.name, 'alice')
    assert.equal(session.attribute(SECPKG_ATTR_NEGO_STATUS).lastStatus, Status[NOBODY_ANSWERS])
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['mechanism-passed-over', 'weak-mechanism-used', 'context-established'],
    )
    const [passedOver] = events
    assert.deepEqual(published, [passedOver])
    assert.ok(passedOver?.kind === 'mechanism-passed-over')
    const { mechanism, side, target, code } = passedOver
    assert.deepEqual([mechanism, side, target, code], ['Kerberos', 'initiator', WWW, NOBODY_ANSWERS])
    assert.doesNotMatch(passedOver.message, new RegExp(domain.passwordOf('alice')))
  })

  test('has nothing to fall back to where the identity forbids NTLM, whatever the interface allows', async () => {
    await using domain = withoutKdc()
    const { client, events } = clientOf(domain, { allowed: ['*/*'], packageList: '!ntlm' })
    const refused = {
      code: NOBODY_ANSWERS,
      message: /NTLM is not available \(the identity's package list excludes it\)/,
    }
    await assert.rejects(client.step(), refused)
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['context-refused'],
    )
  })

  test('falls back, or says that it does not, within CredSSP as well', async () => {
    await using domain = domainOfAll()
    domain.faults.down = true
    await assert.rejects(meet('CREDSSP', domain), { code: NOBODY_ANSWERS, message: /NTLM was not tried/ })
    const clientSspi = domain.sspi({ negotiate: { insecureAllowNtlmFallback: [TARGET] } })
    const { client, server } = await meet('CREDSSP', domain, { clientSspi })
    for (const { sspi, context } of [client, server]) {
      assert.equal(sspi.queryContextAttributes(context, SECPKG_ATTR_NEGOTIATION_INFO).packageInfo.name, 'NTLM')
    }
  })

  test('is given up by its caller: no other mechanism is tried then', async () => {
    const [domain, abort] = [createTestDomain({ users: ['alice'], services: [WWW] }), new AbortController()]
    await using _domain = domain
    const events: AuthenticationEvent[] = []
    const sspi = initSecurityInterface({
      krb5: undefined,
      kerberos: { defaultRealm: domain.realm },
      kdc: () => {
        abort.abort(new SspiError('SEC_E_CONTEXT_EXPIRED', 'the caller has waited long enough'))
        return new Promise(() => undefined)
      },
      negotiate: { insecureAllowNtlmFallback: ['*/*'] },
      onEvent: (event) => events.push(event),
    })
    const credentials = passwordCredential({ user: `alice@${domain.realm}`, password: domain.passwordOf('alice') })
    const client = sspi.initiate({ package: 'Negotiate', credentials, target: WWW })
    await assert.rejects(client.step(undefined, abort.signal), { code: 'SEC_E_CONTEXT_EXPIRED' })
    assert.ok(!events.some(({ kind }) => kind === 'mechanism-passed-over' || kind === 'weak-mechanism-used'))
  })
})

test('a server of Negotiate whose account database fails tells its client that it refuses', async () => {
  const accounts: AccountDatabase = {
    lookup: () => {
      throw new Error('the database is away')
    },
  }
  const client = initSecurityInterface().initiate({
    package: 'Negotiate',
    credentials: passwordCredential({ user: 'CORP\\alice', password: 'of alice' }),
    target: WWW,
  })
  const server = initSecurityInterface({ accounts }).accept({ package: 'Negotiate' })
  const challenge = await server.step((await client.step()).token)
  const authenticate = await client.step(challenge.token)
  let token: Uint8Array | undefined
  await assert.rejects(server.step(authenticate.token), (error: unknown) => {
    assert.ok(error instanceof SspiError)
    assert.equal(error.code, NOBODY_ANSWERS)
    token = error.token
    return true
  })
  assert.ok(token, 'there is a token for the client')
  assert.match(JSON.stringify(decodeToken(token)), /reject/)
  await assert.rejects(client.step(token), { code: 'SEC_E_LOGON_DENIED', message: /the acceptor rejected NTLM/ })
})
