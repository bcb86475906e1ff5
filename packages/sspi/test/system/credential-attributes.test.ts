import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import {
  anonymousCredential,
  credSspCredential,
  KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY,
  passwordCredential,
  SECPKG_ATTR_CIPHER_INFO,
  SECPKG_ATTR_CIPHER_STRENGTHS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_SUPPORTED_ALGS,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS,
  SECPKG_CRED_ATTR_CERT,
  SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS,
  SECPKG_CRED_ATTR_NAMES,
  SECPKG_CRED_ATTR_PAC_BYPASS,
  SECPKG_CRED_BOTH,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  type CredentialValue,
  type CredHandle,
  type KdcQuery,
  type KdcSender,
  type SecurityFunctionTable,
} from '../../src/sspi/index.js'
import {
  SP_PROT_DTLS1_X,
  SP_PROT_TLS1_2,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3,
  SP_PROT_TLS1_3_CLIENT,
} from '../../src/schannel/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { credentialOf, filesOf, trusting } from '../schannel/certificates.js'
import {
  clientCredential,
  domainOfAll,
  meet,
  PACKAGES,
  TARGET,
  type PackageName,
  type Side,
  type Sides,
} from './all-packages.js'

const domain = domainOfAll()
after(() => domain[Symbol.asyncDispose]())

async function acquire(
  sspi: SecurityFunctionTable,
  name: PackageName,
  authData: CredentialValue | undefined,
  credentialUse: number = SECPKG_CRED_OUTBOUND,
): Promise<CredHandle> {
  return (await sspi.acquireCredentialsHandle({ package: name, credentialUse, authData })).credential
}

suite('SECPKG_CRED_ATTR_NAMES', () => {
  const NAMES: Readonly<Record<PackageName, string>> = {
    NTLM: 'alice@EXAMPLE.TEST',
    Kerberos: 'EXAMPLE.TEST\\alice',
    Negotiate: 'EXAMPLE.TEST\\alice',
    WDigest: 'alice@EXAMPLE.TEST',
    Schannel: 'alice',
    CREDSSP: 'EXAMPLE.TEST\\alice',
  }
  for (const name of PACKAGES) {
    test(`queryCredentialsAttributes, queryCredentialsAttributesEx: SECPKG_CRED_ATTR_NAMES of ${name} is whose credential it is`, async () => {
      const sspi = domain.sspi()
      const credential = await acquire(sspi, name, clientCredential(name, domain))
      const { userName } = sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES)
      assert.equal(userName, NAMES[name])
      assert.deepEqual(sspi.queryCredentialsAttributesEx(credential, SECPKG_CRED_ATTR_NAMES), { userName })
      sspi.freeCredentialsHandle(credential)
      assert.throws(() => sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES), {
        code: 'SEC_E_INVALID_HANDLE',
      })
    })
  }

  test('an acceptor of Kerberos is named after its service, where its credential is for one', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Kerberos', domain.serviceCredential(TARGET), SECPKG_CRED_INBOUND)
    assert.deepEqual(sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES), {
      userName: `EXAMPLE.TEST\\${TARGET}`,
    })
    const proxy = (): void =>
      sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, { proxyServer: 'proxy' })
    assert.throws(proxy, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }) // it asks no KDC
  })

  test('a client of Schannel without a certificate names nobody: SEC_E_NO_CREDENTIALS, before and after a handshake', async () => {
    const { client } = await meet('Schannel', domain, { clientCredential: trusting() })
    assert.throws(() => client.sspi.queryCredentialsAttributes(client.credential, SECPKG_CRED_ATTR_NAMES), {
      code: 'SEC_E_NO_CREDENTIALS',
    })
  })

  for (const name of ['NTLM', 'Negotiate'] as const) {
    test(`an anonymous credential of ${name} has the empty name`, async () => {
      const sspi = domain.sspi()
      const credential = await acquire(sspi, name, anonymousCredential())
      assert.deepEqual(sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_NAMES), { userName: '' })
    })
  }

  test('a credential without any attribute of its own still says that it has none', async () => {
    const sspi = domain.sspi()
    for (const name of PACKAGES.filter((each) => each !== 'Schannel' && each !== 'CREDSSP')) {
      const credential = await acquire(sspi, name, clientCredential(name, domain))
      const ask = (): unknown => sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_ALGS)
      assert.throws(ask, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, name)
      const set = (): void =>
        sspi.setCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS, { protocols: SP_PROT_TLS1_2 })
      assert.throws(set, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, name)
    }
  })
})

suite('attributes of Schannel’s credentials', () => {
  test('SECPKG_ATTR_SUPPORTED_PROTOCOLS are those that the credential was acquired with, for its own sides only', async () => {
    const sspi = domain.sspi()
    const cases: readonly (readonly [number, number | undefined, number])[] = [
      [SECPKG_CRED_OUTBOUND, undefined, SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT],
      [SECPKG_CRED_OUTBOUND, SP_PROT_TLS1_2, SP_PROT_TLS1_2_CLIENT],
      [SECPKG_CRED_INBOUND, SP_PROT_TLS1_2, SP_PROT_TLS1_2_SERVER],
      [SECPKG_CRED_BOTH, undefined, SP_PROT_TLS1_2 | SP_PROT_TLS1_3],
    ]
    for (const [use, enabledProtocols, protocols] of cases) {
      const credential = await acquire(sspi, 'Schannel', credentialOf('server', { enabledProtocols }), use)
      assert.deepEqual(sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS), { protocols })
    }
  })

  test('SECPKG_ATTR_SUPPORTED_ALGS and SECPKG_ATTR_CIPHER_STRENGTHS are those of its cipher suites', async () => {
    const sspi = domain.sspi()
    const one = await acquire(sspi, 'Schannel', trusting({ cipherSuites: ['TLS_AES_128_GCM_SHA256'] }))
    // CALG_AES_128, CALG_SHA_256, CALG_ECDH_EPHEM, CALG_RSA_SIGN, CALG_ECDSA of wincrypt.h.
    const { supportedAlgs } = sspi.queryCredentialsAttributes(one, SECPKG_ATTR_SUPPORTED_ALGS)
    assert.deepEqual([...supportedAlgs].sort(), [0x660e, 0x800c, 0xae06, 0x2400, 0x2203].sort())
    assert.deepEqual(sspi.queryCredentialsAttributes(one, SECPKG_ATTR_CIPHER_STRENGTHS), {
      minimumCipherStrength: 128,
      maximumCipherStrength: 128,
    })
    const all = await acquire(sspi, 'Schannel', trusting())
    assert.deepEqual(sspi.queryCredentialsAttributes(all, SECPKG_ATTR_CIPHER_STRENGTHS), {
      minimumCipherStrength: 128,
      maximumCipherStrength: 256,
    })
  })

  test('SECPKG_CRED_ATTR_CERT is the certificate that it authenticates with', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Schannel', credentialOf('client'))
    const { certificate } = sspi.queryCredentialsAttributes(credential, SECPKG_CRED_ATTR_CERT)
    const pem = filesOf('client').certificate!.replace(/-----[^-]+-----|\s/g, '')
    assert.ok(Buffer.from(pem, 'base64').equals(certificate))
    const bare = await acquire(sspi, 'Schannel', trusting())
    assert.throws(() => sspi.queryCredentialsAttributes(bare, SECPKG_CRED_ATTR_CERT), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })

  test('setCredentialsAttributes: SECPKG_ATTR_SUPPORTED_PROTOCOLS decides the version of handshakes that begin afterwards', async () => {
    const before = await meet('Schannel', domain)
    assert.equal(versionOf(before.client), 0x0304)
    const { sspi, credential } = before.client
    sspi.setCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS, { protocols: SP_PROT_TLS1_2 })
    assert.deepEqual(sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS), {
      protocols: SP_PROT_TLS1_2_CLIENT,
    })
    const afterwards = await meet('Schannel', domain, { clientSspi: sspi, clientCredential: credential })
    assert.equal(versionOf(afterwards.client), 0x0303)
    for (const protocols of [SP_PROT_TLS1_2_SERVER, SP_PROT_DTLS1_X]) {
      const set = (): void => sspi.setCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_PROTOCOLS, { protocols })
      assert.throws(set, { code: 'SEC_E_ALGORITHM_MISMATCH' })
    }
  })

  test('setCredentialsAttributes: SECPKG_ATTR_CIPHER_STRENGTHS keeps weaker ciphers out, and what would leave none is refused', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Schannel', trusting())
    const strong = { minimumCipherStrength: 256, maximumCipherStrength: 0 }
    sspi.setCredentialsAttributes(credential, SECPKG_ATTR_CIPHER_STRENGTHS, strong)
    const { supportedAlgs } = sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_SUPPORTED_ALGS)
    assert.ok(!supportedAlgs.includes(0x660e), 'AES with 128 bits is left')
    const none = { minimumCipherStrength: 512, maximumCipherStrength: 0 }
    assert.throws(() => sspi.setCredentialsAttributes(credential, SECPKG_ATTR_CIPHER_STRENGTHS, none), {
      code: 'SEC_E_ALGORITHM_MISMATCH',
    })
    assert.equal(sspi.queryCredentialsAttributes(credential, SECPKG_ATTR_CIPHER_STRENGTHS).minimumCipherStrength, 256)
  })
})

function versionOf({ sspi, context }: Side): number {
  return sspi.queryContextAttributes(context, SECPKG_ATTR_CIPHER_INFO).protocol
}

suite('attributes of Kerberos’ credentials', () => {
  /** A machine whose requests to the KDC are looked at on their way. */
  function watched(): { readonly sspi: SecurityFunctionTable; readonly queries: KdcQuery[] } {
    const queries: KdcQuery[] = []
    const kerberos = domain.kerberosOptions
    const kdc: KdcSender = (query, signal) => {
      queries.push(query)
      return domain.kdc(query, signal)
    }
    return { sspi: initSecurityInterface({ kerberos, kdc, now: domain.clock.now }), queries }
  }

  for (const name of ['Kerberos', 'Negotiate'] as const) {
    test(`SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS of ${name} goes with each request to a KDC`, async () => {
      const { sspi, queries } = watched()
      const credential = await acquire(sspi, name, domain.credential('alice'))
      sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, {
        proxyServer: 'proxy.example.com:8443:Kdc',
        flags: KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY,
      })
      await meet(name, domain, { clientSspi: sspi, clientCredential: credential })
      assert.ok(queries.length >= 2, 'AS and TGS')
      for (const { proxy } of queries) {
        assert.deepEqual(proxy, { url: 'https://proxy.example.com:8443/Kdc', only: true })
      }
    })
  }

  test('a KDC proxy is written as on Windows or as a URL, and anything else is refused', async () => {
    const { sspi, queries } = watched()
    const credential = await acquire(sspi, 'Kerberos', domain.credential('alice'))
    const set = (proxyServer: string, flags?: number): void =>
      sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, { proxyServer, flags })
    const readable: readonly (readonly [string, string | undefined])[] = [
      ['proxy.example.com', 'https://proxy.example.com:443/KdcProxy'],
      ['proxy.example.com:444', 'https://proxy.example.com:444/KdcProxy'],
      ['[2001:db8::1]:444:a/b', 'https://[2001:db8::1]:444/a/b'],
      ['https://proxy.example.com/x', 'https://proxy.example.com/x'],
      ['', undefined],
    ]
    for (const [text, url] of readable) {
      queries.length = 0
      set(text)
      await meet('Kerberos', domain, { clientSspi: sspi, clientCredential: credential })
      for (const { proxy } of queries) assert.deepEqual(proxy, url === undefined ? undefined : { url, only: false })
    }
    for (const text of ['http://proxy', 'proxy:0', 'proxy:99999', 'a b', ':443', 'https://']) {
      assert.throws(() => set(text), { code: 'SEC_E_INVALID_PARAMETER' }, text)
    }
    assert.throws(() => set('proxy', 2), { code: 'SEC_E_INVALID_PARAMETER' })
  })

  test('SECPKG_CRED_ATTR_PAC_BYPASS: an acceptor sees nothing of what the KDC says of the client', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Kerberos', domain.serviceCredential(TARGET), SECPKG_CRED_INBOUND)
    const looked = await meet('Kerberos', domain, { serverSspi: sspi, serverCredential: credential })
    const before = sspi.queryContextAttributes(looked.server.context, SECPKG_ATTR_KERBEROS_TICKET)
    sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_PAC_BYPASS, undefined)
    const bypassed = await meet('Kerberos', domain, { serverSspi: sspi, serverCredential: credential })
    const ticket = sspi.queryContextAttributes(bypassed.server.context, SECPKG_ATTR_KERBEROS_TICKET)
    assert.deepEqual(ticket.authorizationData, [])
    assert.equal(ticket.unverifiedPac, undefined)
    sspi.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_PAC_BYPASS, false)
    const again = await meet('Kerberos', domain, { serverSspi: sspi, serverCredential: credential })
    const after = sspi.queryContextAttributes(again.server.context, SECPKG_ATTR_KERBEROS_TICKET)
    assert.equal(after.authorizationData.length, before.authorizationData.length)
  })
})

suite('addCredentials', () => {
  test('gives Negotiate another identity for one of its packages, for contexts that begin afterwards', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Negotiate', domain.credential('alice'))
    const options = { credential, package: 'Kerberos', credentialUse: SECPKG_CRED_OUTBOUND }
    const first = await meet('Negotiate', domain, { clientSspi: sspi, clientCredential: credential })
    const { expiry } = await sspi.addCredentials({ ...options, authData: domain.credential('bob') })
    assert.ok(expiry > new Date())
    const second = await meet('Negotiate', domain, { clientSspi: sspi, clientCredential: credential })
    const clientOf = ({ server }: Sides): string =>
      server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_NAMES).userName
    assert.equal(clientOf(first), 'EXAMPLE.TEST\\alice')
    assert.equal(clientOf(second), 'EXAMPLE.TEST\\bob')
    sspi.freeCredentialsHandle(credential)
    await assert.rejects(sspi.addCredentials({ ...options, authData: domain.credential('alice') }), {
      code: 'SEC_E_INVALID_HANDLE',
    })
  })

  test('brings Negotiate a package that had no credential', async () => {
    const sspi = domain.sspi()
    const password = domain.credential('alice')
    const onlyNtlm = passwordCredential({ user: 'bob', password: domain.passwordOf('bob'), packageList: 'NTLM' })
    const credential = await acquire(sspi, 'Negotiate', onlyNtlm)
    const request = { credential, package: 'Kerberos', credentialUse: SECPKG_CRED_OUTBOUND, authData: password }
    await sspi.addCredentials(request)
    const { server } = await meet('Negotiate', domain, { clientSspi: sspi, clientCredential: credential })
    assert.equal(server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_NAMES).userName, 'EXAMPLE.TEST\\alice')
  })

  test('gives CredSSP another credential for its TLS channel, but none for somebody else', async () => {
    const sspi = domain.sspi()
    const strangers = credSspCredential({
      identity: domain.credential('alice'),
      tls: trusting({ roots: filesOf('self-signed').certificate }),
    })
    const credential = await acquire(sspi, 'CREDSSP', strangers)
    const attempt = (): Promise<Sides> => meet('CREDSSP', domain, { clientSspi: sspi, clientCredential: credential })
    await assert.rejects(attempt(), { code: 'SEC_E_UNTRUSTED_ROOT' })
    const options = { credential, credentialUse: SECPKG_CRED_OUTBOUND }
    await sspi.addCredentials({ ...options, package: 'Schannel', authData: trusting() })
    const { server } = await attempt()
    assert.equal(server.sspi.queryContextAttributes(server.context, SECPKG_ATTR_NAMES).userName, 'EXAMPLE.TEST\\alice')
    const other = { ...options, package: 'Negotiate', authData: domain.credential('bob') }
    await assert.rejects(sspi.addCredentials(other), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })

  test('refuses one for another use: whoever initiates cannot do with what is for accepting', async () => {
    const sspi = domain.sspi()
    const credential = await acquire(sspi, 'Negotiate', domain.credential('alice'))
    const request = { credential, package: 'Kerberos', authData: domain.serviceCredential(TARGET) }
    const added = sspi.addCredentials({ ...request, credentialUse: SECPKG_CRED_INBOUND })
    await assert.rejects(added, { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
    assert.ok((await sspi.addCredentials({ ...request, credentialUse: SECPKG_CRED_BOTH })).expiry > new Date())
  })

  test('is answered with SEC_E_UNSUPPORTED_FUNCTION by packages that drive no others', async () => {
    const sspi = domain.sspi()
    for (const name of ['NTLM', 'Kerberos', 'WDigest', 'Schannel'] as const) {
      const credential = await acquire(sspi, name, clientCredential(name, domain))
      const request = { credential, package: name, credentialUse: SECPKG_CRED_OUTBOUND }
      const added = sspi.addCredentials({ ...request, authData: clientCredential(name, domain) })
      await assert.rejects(added, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, name)
    }
    const negotiate = await acquire(sspi, 'Negotiate', domain.credential('alice'))
    const request = { credential: negotiate, package: 'WDigest', credentialUse: SECPKG_CRED_OUTBOUND }
    await assert.rejects(sspi.addCredentials({ ...request, authData: domain.credential('alice') }), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })
})
