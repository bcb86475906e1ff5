import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type AuthIdentity,
  type SecureSession,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import { createTestDomain } from '../../src/testing/index.js'

const TARGET = 'HTTP/www.example.test'
const domain = createTestDomain({ users: ['alice'], services: [TARGET] })
const client = domain.sspi()
const server = domain.sspi()

function alice(password = domain.passwordOf('alice')): AuthIdentity {
  return client.sspiEncodeStringsAsAuthIdentity({
    userName: `alice@${domain.realm}`,
    packedCredentialsString: password,
  })
}

async function keytabIdentity(of: SecurityFunctionTable): Promise<AuthIdentity> {
  return of.encodeKeytabAsAuthIdentity(TARGET, domain.realm, await domain.keytab(TARGET))
}

async function establish(packageName: string, identity: AuthIdentity): Promise<SecureSession> {
  const initiator = client.initiate({ package: packageName, credentials: identity, target: TARGET })
  const acceptor = server.accept({ package: packageName, credentials: await keytabIdentity(server) })
  let token: Uint8Array | undefined
  do {
    const asked = await initiator.step(token)
    token = asked.token === undefined ? undefined : (await acceptor.step(asked.token)).token
  } while (token !== undefined)
  return acceptor.session
}

suite('an identity as authData', () => {
  test('a user with a password is authenticated, the server by a keytab', async () => {
    const session = await establish('Kerberos', alice())
    assert.equal(session.peer?.name, 'alice')
    assert.equal(session.peer.domain, domain.realm)
  })

  for (const name of ['Kerberos', 'NTLM', 'WDigest', 'Negotiate', 'CREDSSP']) {
    test(`${name} takes it to initiate with`, async () => {
      const request = { package: name, credentialUse: SECPKG_CRED_OUTBOUND, authData: alice() }
      client.freeCredentialsHandle((await client.acquireCredentialsHandle(request)).credential)
    })
  }

  test('a wrong password is refused', async () => {
    await assert.rejects(establish('Kerberos', alice('wrong')), { code: 'SEC_E_LOGON_DENIED' })
  })

  test('encrypted by sspiEncryptAuthIdentity it is good at the same security interface, and stays encrypted', async () => {
    const identity = alice()
    client.sspiEncryptAuthIdentity(identity)
    assert.equal((await establish('Kerberos', identity)).peer?.name, 'alice')
    assert.equal(client.sspiIsAuthIdentityEncrypted(identity), true)
  })

  test('encrypted by another security interface it is refused', async () => {
    const identity = alice()
    server.sspiEncryptAuthIdentity(identity)
    await assert.rejects(establish('Kerberos', identity), { code: 'SEC_E_MESSAGE_ALTERED' })
  })

  test('freed while nobody needs it any more, its credential lives on', async () => {
    const identity = alice()
    const { credential } = await client.acquireCredentialsHandle({
      package: 'Kerberos',
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData: identity,
    })
    client.sspiFreeAuthIdentity(identity)
    const initiator = client.initiate({ package: 'Kerberos', credentials: credential, target: TARGET })
    assert.ok((await initiator.step()).token)
    client.freeCredentialsHandle(credential)
    await assert.rejects(establish('Kerberos', identity), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('one that names nobody, or of an unknown kind, is refused', async () => {
    const nobody = client.sspiExcludePackage(undefined, 'NTLM')
    const strange = client.sspiMarshalAuthIdentity(await keytabIdentity(client))
    const type = strange.length - (await domain.keytab(TARGET)).length - 24
    strange[type]! ^= 1
    for (const authData of [nobody, client.sspiUnmarshalAuthIdentity(strange)]) {
      const request = { package: 'Kerberos', credentialUse: SECPKG_CRED_INBOUND, authData }
      await assert.rejects(client.acquireCredentialsHandle(request), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
    }
  })
})

suite('sspiExcludePackage, and Negotiate', () => {
  const chosenOf = (session: SecureSession): string => session.attribute(SECPKG_ATTR_PACKAGE_INFO).name

  test('without it Kerberos is chosen', async () => {
    assert.equal(chosenOf(await establish('Negotiate', alice())), 'Kerberos')
  })

  test('with NTLM excluded it is Kerberos, and nothing else is offered', async () => {
    const identity = client.sspiExcludePackage(alice(), 'NTLM')
    assert.equal(chosenOf(await establish('Negotiate', identity)), 'Kerberos')
    const elsewhere = { package: 'Negotiate', target: 'HTTP/127.0.0.1' } as const
    assert.ok((await client.initiate({ ...elsewhere, credentials: alice() }).step()).token)
    // There is no ticket for an address, and nobody else is left.
    await assert.rejects(client.initiate({ ...elsewhere, credentials: identity }).step(), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  test('with Kerberos excluded, however it is spelt, it is NTLM', async () => {
    const identity = client.sspiExcludePackage(alice(), 'kerberos')
    const initiator = client.initiate({ package: 'Negotiate', credentials: identity, target: TARGET })
    const acceptor = server.accept({ package: 'Negotiate' })
    let token: Uint8Array | undefined
    do {
      const asked = await initiator.step(token)
      token = asked.token === undefined ? undefined : (await acceptor.step(asked.token)).token
    } while (token !== undefined)
    assert.equal(chosenOf(acceptor.session), 'NTLM')
  })

  test('with both excluded there is nothing to authenticate with', async () => {
    const identity = client.sspiExcludePackage(client.sspiExcludePackage(alice(), 'NTLM'), 'Kerberos')
    await assert.rejects(establish('Negotiate', identity), { code: 'SEC_E_NO_CREDENTIALS' })
  })
})
