// examples/src/explicit-identity.ts
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECPKG_CRED_OUTBOUND } from 'sspi'
import { createTestDomain } from 'sspi/testing'

test('an identity is made, restricted, encrypted while it waits, used, and freed', async () => {
  const service = 'HTTP/www.example.test'
  await using domain = createTestDomain({ users: [{ name: 'alice', password: 'correct horse' }], services: [service] })
  const sspi = domain.sspi()
  const identity = sspi.sspiEncodeStringsAsAuthIdentity({
    userName: 'alice',
    domainName: 'EXAMPLE.TEST',
    packedCredentialsString: 'correct horse',
  })
  const withoutNtlm = sspi.sspiExcludePackage(identity, 'NTLM')
  sspi.sspiFreeAuthIdentity(identity)
  sspi.sspiEncryptAuthIdentity(withoutNtlm) // as long as it lies about

  const { credential } = await sspi.acquireCredentialsHandle({
    package: 'Negotiate',
    credentialUse: SECPKG_CRED_OUTBOUND,
    authData: withoutNtlm,
  })
  sspi.sspiFreeAuthIdentity(withoutNtlm)

  using client = sspi.initiate({ package: 'Negotiate', credentials: credential, target: service })
  using server = domain.sspi().accept({ package: 'Negotiate', credentials: domain.serviceCredential(service) })
  let { token } = await client.step()
  while (token) {
    token = (await server.step(token)).token
    token &&= (await client.step(token)).token
  }
  assert.equal(`${server.session.peer?.name} by ${server.session.mechanism}`, 'alice by Kerberos')
  sspi.freeCredentialsHandle(credential)
})
