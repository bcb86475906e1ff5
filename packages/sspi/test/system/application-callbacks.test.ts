import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  initSecurityInterface,
  passwordCredential,
  SspiError,
  type InitiatorExchange,
  type SecurityInterfaceOptions,
  type SecurityFunctionTable,
} from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { saslClient, saslServer, acceptSaslExternal } from '../../src/sasl/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { cross } from './cross.js'

// What the application gives may fail, or answer in a way that nobody meant. It gets its own failure back, in an SspiError; nothing is
// let in by it.

const TARGET = 'ldap/dc1.example.test'
const BROKEN = new Error('a bug of the application')
const fails = (): never => {
  throw BROKEN
}
/** What a program without types may give where a yes or no is wanted: a promise counts as yes in a condition. */
const later = (() => Promise.resolve(false)) as unknown as () => boolean
const forgets = (() => undefined) as unknown as () => boolean

const isBroken = (code: string) => (error: unknown) => {
  assert.ok(error instanceof SspiError, String(error))
  assert.equal(error.code, code)
  let { cause } = error as { cause?: unknown }
  while (cause instanceof SspiError) cause = (cause as { cause?: unknown }).cause
  assert.equal(cause, BROKEN)
  return true
}

const domainOf = (): TestDomain => createTestDomain({ users: ['alice'], services: [TARGET] })

/** Alice, who wants to act as somebody else by SASL. */
async function actAs(domain: TestDomain, authorize: () => boolean): Promise<string> {
  const credentials = domain.credential('alice')
  using client = saslClient(domain.sspi(), {
    mechanism: 'GSSAPI',
    credentials,
    target: TARGET,
    authorizationId: 'root',
  })
  using server = saslServer(domain.sspi(), {
    mechanism: 'GSSAPI',
    credentials: domain.serviceCredential(TARGET),
    authorize,
  })
  let response = await client.step()
  let challenge = await server.step(response.token)
  while (!challenge.done) {
    response = await client.step(challenge.token)
    challenge = await server.step(response.token)
  }
  using there = server.session
  return there.authorizationId
}

suite('a rule that decides whom a client may act as', () => {
  test('says yes by true alone', async () => {
    await using domain = domainOf()
    assert.equal(await actAs(domain, () => true), 'root')
    for (const no of [() => false, forgets, (() => 'yes') as unknown as () => boolean]) {
      await assert.rejects(actAs(domain, no), { code: 'SEC_E_LOGON_DENIED' })
    }
    await assert.rejects(actAs(domain, later), { name: 'TypeError', message: /SASL: authorize must answer .* at once/ })
  })

  test('that fails lets nobody in', async () => {
    await using domain = domainOf()
    await assert.rejects(actAs(domain, fails), isBroken('SEC_E_INTERNAL_ERROR'))
    const own = new SspiError('SEC_E_CONTEXT_EXPIRED', 'of the application')
    const throwsOwn = (): never => {
      throw own
    }
    await assert.rejects(actAs(domain, throwsOwn), (error) => error === own)
  })

  test('of EXTERNAL is held to the same', () => {
    const client = { name: 'alice', domain: '', sid: undefined, groups: [], source: 'verified' } as const
    const root = new TextEncoder().encode('root')
    assert.throws(() => acceptSaslExternal(root, { client, authorize: later }), TypeError)
    assert.throws(() => acceptSaslExternal(root, { client, authorize: fails }), isBroken('SEC_E_INTERNAL_ERROR'))
    assert.throws(() => acceptSaslExternal(root, { client, authorize: forgets }), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('of Digest is held to the same', async () => {
    const actAsByDigest = async (authorize: () => boolean): Promise<void> => {
      const server = initSecurityInterface({
        accounts: memoryAccounts([{ user: 'alice', password: 'of alice' }]),
        digest: { realm: 'example.test', authorize },
      })
      using client = saslClient(initSecurityInterface(), {
        mechanism: 'DIGEST-MD5',
        credentials: passwordCredential({ user: 'alice', password: 'of alice' }),
        target: TARGET,
        authorizationId: 'root',
        confidentiality: false,
      })
      using acceptor = saslServer(server, { mechanism: 'DIGEST-MD5', confidentiality: false })
      const challenge = await acceptor.step()
      const response = await client.step(challenge.token)
      await acceptor.step(response.token)
      acceptor.session[Symbol.dispose]()
    }
    await actAsByDigest(() => true)
    await assert.rejects(actAsByDigest(forgets), { code: 'SEC_E_LOGON_DENIED' })
    await assert.rejects(actAsByDigest(later), TypeError)
    await assert.rejects(actAsByDigest(fails), isBroken('SEC_E_INTERNAL_ERROR'))
  })
})

suite('insecureAllowNtlmFallback as a function', () => {
  const begin = (domain: TestDomain, insecureAllowNtlmFallback: () => boolean): InitiatorExchange => {
    const credentials = domain.credential('alice')
    const sspi = domain.sspi({ negotiate: { insecureAllowNtlmFallback } })
    return sspi.initiate({ package: 'Negotiate', credentials, target: 'ldap/nobody.example.test' })
  }

  test('allows by true alone, and nothing when it fails', async () => {
    await using domain = domainOf()
    await begin(domain, () => true).step()
    await assert.rejects(begin(domain, forgets).step(), { message: /NTLM was not tried/ })
    await assert.rejects(begin(domain, later).step(), TypeError)
    await assert.rejects(begin(domain, fails).step(), isBroken('SEC_E_INTERNAL_ERROR'))
  })
})

suite('a part of the interface that fails', () => {
  test('is told of by the status that fits, with the failure beneath: the directory of hosts', async () => {
    await using domain = domainOf()
    const hosts = { canonicalName: fails, realmOf: fails }
    const credentials = domain.credential('alice')
    for (const kerberos of [{ dnsCanonicalizeHostname: true }, { dnsLookupRealm: true }]) {
      const sspi = domain.sspi({ hosts, kerberos })
      const client = sspi.initiate({ package: 'Kerberos', credentials, target: 'ldap/elsewhere.example.org' })
      await assert.rejects(client.step(), isBroken('SEC_E_NO_AUTHENTICATING_AUTHORITY'))
    }
  })

  test('keeps a context from being imported: the memory of what was', async () => {
    const key = new Uint8Array(32).fill(7)
    const accounts = memoryAccounts([{ user: 'alice', password: 'of alice' }])
    const tableOf = (options: SecurityInterfaceOptions = {}): SecurityFunctionTable =>
      initSecurityInterface({ accounts, ...options })
    const credentials = passwordCredential({ user: 'alice', password: 'of alice' })
    const client = tableOf().initiate({ package: 'NTLM', credentials })
    const server = tableOf().accept({ package: 'NTLM' })
    await cross(client, server)
    client.session[Symbol.dispose]()
    const blob = server.session.export({ key })
    for (const remember of [fails, () => Promise.reject(BROKEN)]) {
      const broken = tableOf({ imports: { remember } })
      const taken = broken.importSecurityContext({ package: 'NTLM', blob, key })
      await assert.rejects(taken, isBroken('SEC_E_INTERNAL_ERROR'))
    }
    const session = await tableOf().importSession({ package: 'NTLM', blob, key })
    session[Symbol.dispose]()
  })
})
