import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets } from '../../src/crypto/secret-bytes.js'
import {
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  ISC_REQ_IDENTIFY,
  passwordCredential,
  SECPKG_CRED_BOTH,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type CredentialValue,
  type SecureSession,
  type SecurityFunctionTable,
} from '../../src/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { saslClient, saslServer, type SaslClient, type SaslServer } from '../../src/sasl/index.js'
import { createTestDomain, type TestDomain } from '../../src/testing/index.js'
import { ALICE, Pair } from '../credssp/pair.js'
import { cross } from './cross.js'

const WWW = 'HTTP/www.example.test'
const FILES = 'cifs/files.example.test'

const domainOf = (): TestDomain =>
  createTestDomain({ users: ['alice', 'bob', { name: 'service' }], services: [WWW, FILES] })

/** A client's session at a server; the server's side of it. */
async function arrive(
  domain: TestDomain,
  server: SecurityFunctionTable,
  { user = 'alice', packageName = 'Kerberos', flags = ISC_REQ_DELEGATE } = {},
): Promise<SecureSession> {
  const client = domain
    .sspi()
    .initiate({ package: packageName, credentials: domain.credential(user), target: WWW, flags })
  const credentials = packageName === 'NTLM' ? undefined : domain.serviceCredential(WWW)
  const acceptor = server.accept({ package: packageName, credentials })
  await cross(client, acceptor)
  client.session[Symbol.dispose]()
  return acceptor.session
}

/** Whom another server sees when this one goes there with its default credentials. */
async function seenBy(domain: TestDomain, server: SecurityFunctionTable, packageName = 'Kerberos'): Promise<string> {
  const client = server.initiate({ package: packageName, target: FILES })
  const acceptor = domain.sspi().accept({ package: packageName, credentials: domain.serviceCredential(FILES) })
  await cross(client, acceptor)
  try {
    return acceptor.session.peer?.name ?? 'nobody'
  } finally {
    client.session[Symbol.dispose]()
    acceptor.session[Symbol.dispose]()
  }
}

/** A server that has default credentials of its own: what must never be used for a client. */
const serverOf = (domain: TestDomain): SecurityFunctionTable =>
  domain.sspi({ defaultCredentials: domain.credential('service') })

suite('default credentials inside of an impersonation', () => {
  for (const packageName of ['Kerberos', 'Negotiate']) {
    test(`${packageName}: are the client's, whose ticket goes on to a further server`, async () => {
      await using domain = domainOf()
      const server = serverOf(domain)
      using session = await arrive(domain, server, { packageName })
      assert.equal(await seenBy(domain, server), 'service')
      for (const next of ['Kerberos', 'Negotiate']) {
        assert.equal(await session.impersonate(() => seenBy(domain, server, next)), 'alice')
      }
      assert.equal(await seenBy(domain, server), 'service')
    })
  }

  test('CredSSP: are the password that was delegated, for any package', async () => {
    const server = initSecurityInterface({ accounts: memoryAccounts([ALICE]) })
    using pair = new Pair({ serverTable: server })
    const sessions = await pair.establish()
    const seen = await sessions.server.impersonate(async () => {
      const onward = server.initiate({ package: 'NTLM', target: FILES })
      const acceptor = initSecurityInterface({ accounts: memoryAccounts([ALICE]) }).accept({ package: 'NTLM' })
      await cross(onward, acceptor)
      return acceptor.session.accessToken.qualifiedName
    })
    assert.equal(seen, ALICE.user)
    for (const session of [sessions.client, sessions.server]) session[Symbol.dispose]()
  })

  test('are none where the client delegated none, and never those of the server', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    const refused = { code: 'SEC_E_NO_CREDENTIALS', message: /\\alice is impersonated: the client did not delegate/ }
    for (const packageName of ['Kerberos', 'NTLM']) {
      using session = await arrive(domain, server, { packageName, flags: 0 })
      await session.impersonate(() => assert.rejects(seenBy(domain, server), refused))
      await session.impersonate(() => assert.rejects(seenBy(domain, server, 'NTLM'), refused))
    }
  })

  test('are none for a client that lets itself be identified only, whatever it has delegated', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server, { flags: ISC_REQ_DELEGATE | ISC_REQ_IDENTIFY })
    assert.equal(session.accessToken.impersonationLevel, 'identification')
    await session.impersonate(async () => {
      assert.equal(server.currentAccessToken()?.user.name, 'alice')
      await assert.rejects(seenBy(domain, server), {
        code: 'SEC_E_NO_CREDENTIALS',
        message: /lets itself be identified/,
      })
    })
  })

  test('are none to accept with: those are the server’s own, which reverts, or names them', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    const acquire = (credentialUse: number, authData?: CredentialValue) =>
      server.acquireCredentialsHandle({ package: 'NTLM', credentialUse, authData })
    await session.impersonate(async () => {
      for (const use of [SECPKG_CRED_INBOUND, SECPKG_CRED_BOTH]) {
        await assert.rejects(acquire(use), { code: 'SEC_E_NO_CREDENTIALS', message: /revert/ })
      }
      ;(await server.revertSecurityContext(() => acquire(SECPKG_CRED_INBOUND))).credential[Symbol.dispose]()
    })
  })

  test('named credentials are used as they are', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server, { flags: 0 })
    const request = { package: 'Kerberos', credentialUse: SECPKG_CRED_OUTBOUND, authData: domain.credential('bob') }
    const { credential } = await session.impersonate(() => server.acquireCredentialsHandle(request))
    credential[Symbol.dispose]()
  })

  test('are by revertSecurityContext the server’s own again, inside of it, for as long as that function runs', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    await session.impersonate(async () => {
      assert.equal(await server.revertSecurityContext(() => seenBy(domain, server)), 'service')
      assert.equal(await seenBy(domain, server), 'alice')
    })
  })

  test('belong to whoever began an exchange, wherever its steps are made', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    const drive = async (client: ReturnType<SecurityFunctionTable['initiate']>): Promise<string | undefined> => {
      const acceptor = domain.sspi().accept({ package: 'Kerberos', credentials: domain.serviceCredential(FILES) })
      await cross(client, acceptor)
      return acceptor.session.peer?.name
    }
    const ofServer = server.initiate({ package: 'Kerberos', target: FILES })
    await session.impersonate(async () => {
      const ofAlice = server.initiate({ package: 'Kerberos', target: FILES })
      assert.equal(await drive(ofServer), 'service')
      assert.equal(await server.revertSecurityContext(() => drive(ofAlice)), 'alice')
    })
  })

  for (const mechanism of ['GSSAPI', 'GSS-SPNEGO'] as const) {
    test(`belong to whoever began an exchange of ${mechanism}, wherever its steps are made`, async () => {
      await using domain = domainOf()
      const server = serverOf(domain)
      using session = await arrive(domain, server)
      const begin = (): SaslClient => saslClient(server, { mechanism, target: FILES })
      const drive = async (client: SaslClient): Promise<string | undefined> => {
        const acceptor = saslServer(domain.sspi(), { mechanism, credentials: domain.serviceCredential(FILES) })
        await crossSasl(client, acceptor)
        client.session[Symbol.dispose]()
        using accepted = acceptor.session
        return accepted.peer?.name
      }
      const ofServer = begin()
      await session.impersonate(async () => {
        const ofAlice = begin()
        assert.equal(await drive(ofServer), 'service')
        assert.equal(await server.revertSecurityContext(() => drive(ofAlice)), 'alice')
      })
    })
  }
})

/** Takes both sides of a SASL mechanism to their end. */
async function crossSasl(client: SaslClient, server: SaslServer): Promise<void> {
  let response = await client.step()
  for (;;) {
    const challenge = await server.step(response.token)
    if (challenge.token !== undefined && !response.done) response = await client.step(challenge.token)
    if (challenge.done) return
  }
}

suite('an impersonation', () => {
  test('by impersonateSecurityContext tells whom the caller acts as, and gives back what the function returns or throws', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    assert.equal(server.currentAccessToken(), undefined)
    const token = session.impersonate(() => server.currentAccessToken())
    assert.equal(token?.authenticationId, session.accessToken.authenticationId)
    assert.equal(token.impersonationLevel, 'delegation')
    assert.equal(await session.impersonate(() => Promise.resolve(42)), 42)
    const mistake = new Error('of the function')
    assert.throws(
      () =>
        session.impersonate(() => {
          throw mistake
        }),
      mistake,
    )
    await assert.rejects(
      session.impersonate(() => Promise.reject(mistake)),
      mistake,
    )
    assert.equal(server.currentAccessToken(), undefined)
  })

  test('may stand inside of another: the inner one counts, then the outer one again', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using alice = await arrive(domain, server)
    using bob = await arrive(domain, server, { user: 'bob' })
    await alice.impersonate(async () => {
      assert.equal(await bob.impersonate(() => seenBy(domain, server)), 'bob')
      assert.equal(await seenBy(domain, server), 'alice')
    })
  })

  test('ends with its function: what is left running is nobody, and not the server', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    let goOn = (): void => undefined
    const gate = new Promise<void>((resolve) => (goOn = resolve))
    let left: Promise<void> | undefined
    session.impersonate(() => {
      left = gate.then(async () => {
        assert.throws(() => server.currentAccessToken(), { code: 'SEC_E_NO_IMPERSONATION', message: /has ended/ })
        await assert.rejects(seenBy(domain, server), { code: 'SEC_E_NO_CREDENTIALS', message: /has ended/ })
        assert.equal(await server.revertSecurityContext(() => seenBy(domain, server)), 'service')
      })
    })
    goOn()
    await left
  })

  test('of a context that is deleted meanwhile has no credentials any more, and still knows who it was', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    const session = await arrive(domain, server)
    await session.impersonate(async () => {
      session[Symbol.dispose]()
      assert.equal(server.currentAccessToken()?.user.name, 'alice')
      await assert.rejects(seenBy(domain, server), { code: 'SEC_E_NO_CREDENTIALS', message: /deleted/ })
    })
    assert.throws(() => session.impersonate(() => undefined), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('of a log-on that ends meanwhile has no credentials any more, and cannot be begun again', async () => {
    await using domain = createTestDomain({
      users: ['alice', 'service'],
      services: [WWW, FILES],
      now: new Date('2026-02-03T12:00:00Z'),
    })
    const server = serverOf(domain)
    using session = await arrive(domain, server)
    await session.impersonate(async () => {
      domain.clock.advance((session.expiry.getTime() - domain.clock.now().getTime()) / 1000 + 1)
      await assert.rejects(seenBy(domain, server), { code: 'SEC_E_CONTEXT_EXPIRED' })
    })
    assert.throws(() => session.impersonate(() => undefined), { code: 'SEC_E_CONTEXT_EXPIRED' })
  })

  test('is the server’s affair: the client’s side and half-open contexts have nobody to impersonate', async () => {
    await using domain = domainOf()
    const server = domain.sspi()
    const client = domain.sspi().initiate({ package: 'NTLM', credentials: domain.credential('alice'), target: WWW })
    const acceptor = server.accept({ package: 'NTLM' })
    await cross(client, acceptor)
    const refused = { code: 'SEC_E_NO_IMPERSONATION' }
    assert.throws(() => client.session.impersonate(() => undefined), refused)
    assert.throws(() => client.session.accessToken, refused)
  })

  test('of one interface is nothing to another in the same process', async () => {
    await using domain = domainOf()
    const server = serverOf(domain)
    const other = serverOf(domain)
    using session = await arrive(domain, server)
    await session.impersonate(async () => {
      assert.equal(other.currentAccessToken(), undefined)
      assert.equal(await seenBy(domain, other), 'service')
    })
    assert.throws(() => initSecurityInterface().querySecurityContextToken({} as never), {
      code: 'SEC_E_INVALID_HANDLE',
    })
  })

  test('leaves nothing secret behind', async () => {
    const domain = domainOf()
    const server = serverOf(domain)
    const made: { readonly bytes: Uint8Array; readonly stack: string | undefined }[] = []
    const session = await arrive(domain, server)
    const stop = observeSecrets((bytes) => made.push({ bytes, stack: new Error('made here').stack }))
    try {
      await session.impersonate(() => seenBy(domain, server))
    } finally {
      stop()
    }
    session[Symbol.dispose]()
    await domain[Symbol.asyncDispose]() // its KDC keeps what it has derived
    assert.ok(made.length > 0)
    for (const { bytes, stack } of made) {
      assert.ok(
        bytes.every((byte) => byte === 0),
        stack,
      )
    }
  })
})

test('without default credentials those who initiate must name theirs', async () => {
  await using domain = domainOf()
  await assert.rejects(seenBy(domain, domain.sspi()), { code: 'SEC_E_NO_CREDENTIALS' })
  const named = initSecurityInterface({ defaultCredentials: passwordCredential({ user: 'alice', password: 'x' }) })
  const request = { package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND }
  ;(await named.acquireCredentialsHandle(request)).credential[Symbol.dispose]()
})
