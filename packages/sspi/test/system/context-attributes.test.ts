import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { X509Certificate } from 'node:crypto'
import * as core from '../../src/sspi/index.js'
import {
  CREDSSP_SERVER_AUTH_CERTIFICATE,
  CREDSSP_SERVER_AUTH_NEGOTIATE,
  ISC_REQ_DELEGATE,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  never,
  passwordCredential,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_APP_DATA,
  SECPKG_ATTR_AUTHENTICATION_ID,
  SECPKG_ATTR_AUTHORITY,
  SECPKG_ATTR_CERT_TRUST_STATUS,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_CONNECTION_INFO_EX,
  SECPKG_ATTR_CREDENTIAL_NAME,
  SECPKG_ATTR_CREDS,
  SECPKG_ATTR_DCE_INFO,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECPKG_ATTR_LOCAL_CERT_INFO,
  SECPKG_ATTR_LOGOFF_TIME,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS,
  SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM,
  SECPKG_ATTR_NEGO_KEYS,
  SECPKG_ATTR_NEGO_PKG_INFO,
  SECPKG_ATTR_NEGO_STATUS,
  SECPKG_ATTR_NEGOTIATION_PACKAGE,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_PROTO_INFO,
  SECPKG_ATTR_REMOTE_CERT_CHAIN,
  SECPKG_ATTR_REMOTE_CERT_CONTEXT,
  SECPKG_ATTR_REMOTE_CERTIFICATES,
  SECPKG_ATTR_ROOT_STORE,
  SECPKG_ATTR_SERVER_AUTH_FLAGS,
  SECPKG_ATTR_SESSION_KEY,
  SECPKG_ATTR_TARGET,
  SECPKG_ATTR_USER_FLAGS,
  type ContextAttribute,
  type ContextAttributes,
  type SspiError,
} from '../../src/sspi/index.js'
import { Status } from '../../src/status/index.js'
import { credentialOf, filesOf, ROOT, trusting } from '../schannel/certificates.js'
import { domainOfAll, meet, PACKAGES, TARGET, type PackageName, type Side, type Sides } from './all-packages.js'
import { meetWithPac } from './pac-exchange.js'

const domain = domainOfAll()
after(() => domain[Symbol.asyncDispose]())

function ask<A extends ContextAttribute>({ sspi, context }: Side, attribute: A): ContextAttributes[A] {
  return sspi.queryContextAttributes(context, attribute)
}

function refuses(side: Side, attribute: ContextAttribute): void {
  assert.throws(() => ask(side, attribute), { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, `attribute ${attribute}`)
}

/** Who the client is to each package's server. */
const CLIENT: Readonly<Record<PackageName, string>> = {
  NTLM: 'EXAMPLE\\alice',
  Kerberos: 'EXAMPLE.TEST\\alice',
  Negotiate: 'EXAMPLE.TEST\\alice',
  WDigest: 'EXAMPLE\\alice',
  Schannel: 'alice',
  CREDSSP: 'EXAMPLE.TEST\\alice',
}
const exchanges = new Map<PackageName, Promise<Sides>>(PACKAGES.map((name) => [name, meet(name, domain)]))

for (const name of PACKAGES) {
  suite(`attributes of a context of ${name}`, () => {
    test('SECPKG_ATTR_DCE_INFO: a server decides by the name of the client', async () => {
      const { server } = await exchanges.get(name)!
      // Its client was looked up nowhere.
      if (name === 'Schannel') return refuses(server, SECPKG_ATTR_DCE_INFO)
      assert.deepEqual(ask(server, SECPKG_ATTR_DCE_INFO), { authzSvc: 0, pac: ask(server, SECPKG_ATTR_NAMES).userName })
      assert.equal(ask(server, SECPKG_ATTR_DCE_INFO).pac, CLIENT[name])
    })

    test('SECPKG_ATTR_AUTHENTICATION_ID is the number in the access token, and no two contexts have one', async () => {
      const { client, server } = await exchanges.get(name)!
      const { authenticationId } = ask(server, SECPKG_ATTR_AUTHENTICATION_ID)
      assert.equal(ask(server, SECPKG_ATTR_AUTHENTICATION_ID).authenticationId, authenticationId)
      assert.notEqual(ask(client, SECPKG_ATTR_AUTHENTICATION_ID).authenticationId, authenticationId)
      if (name === 'Schannel') return
      assert.equal(ask(server, SECPKG_ATTR_ACCESS_TOKEN).authenticationId, authenticationId)
    })

    test('SECPKG_ATTR_LOGOFF_TIME is when the context ends', async () => {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) {
        assert.deepEqual(ask(side, SECPKG_ATTR_LOGOFF_TIME), { logoffTime: side.last.expiry })
      }
    })

    test('SECPKG_ATTR_TARGET is the server’s name as the client wrote it', async () => {
      const { client, server } = await exchanges.get(name)!
      const host = name === 'Schannel' || name === 'CREDSSP' ? TARGET.slice('HTTP/'.length) : TARGET
      assert.equal(ask(client, SECPKG_ATTR_TARGET).target, host)
      if (name !== 'WDigest') assert.equal(ask(server, SECPKG_ATTR_TARGET).target, host)
    })

    test('SECPKG_ATTR_CREDENTIAL_NAME is the name of the initiator’s credential', async () => {
      const { client, server } = await exchanges.get(name)!
      refuses(server, SECPKG_ATTR_CREDENTIAL_NAME)
      const { credentialName } = ask(client, SECPKG_ATTR_CREDENTIAL_NAME)
      assert.match(credentialName, /alice/)
    })
  })
}

suite('SECPKG_ATTR_AUTHORITY', () => {
  const AUTHORITY: Readonly<Record<Exclude<PackageName, 'Schannel'>, string>> = {
    NTLM: 'EXAMPLE',
    Kerberos: 'EXAMPLE.TEST',
    Negotiate: 'EXAMPLE.TEST',
    WDigest: 'server.example.test',
    CREDSSP: 'EXAMPLE.TEST',
  }
  for (const [name, authorityName] of Object.entries(AUTHORITY)) {
    test(`SECPKG_ATTR_AUTHORITY of ${name} is the domain or realm that vouches for the client`, async () => {
      const { client, server } = await exchanges.get(name as PackageName)!
      for (const side of [client, server]) assert.deepEqual(ask(side, SECPKG_ATTR_AUTHORITY), { authorityName })
    })
  }

  test('SECPKG_ATTR_AUTHORITY of Schannel is who issued the peer’s certificate', async () => {
    const { client, server } = await meet('Schannel', domain, {
      serverCredential: credentialOf('server', { requireClientCertificate: true }),
    })
    const issuer = new X509Certificate(ROOT).subject.replaceAll('\n', ', ')
    for (const side of [client, server]) assert.equal(ask(side, SECPKG_ATTR_AUTHORITY).authorityName, issuer)
  })
})

suite('SECPKG_ATTR_PROTO_INFO', () => {
  test('is the protocol with its version, where its messages say one', async () => {
    const kerberos = { protocolName: 'Kerberos', majorVersion: 5, minorVersion: 0 }
    const tls = { protocolName: 'TLS', majorVersion: 1, minorVersion: 3 }
    for (const [name, expected] of [
      ['Kerberos', kerberos],
      ['Negotiate', kerberos],
      ['Schannel', tls],
      ['CREDSSP', tls],
    ] as const) {
      const { client, server } = await exchanges.get(name)!
      for (const side of [client, server]) assert.deepEqual(ask(side, SECPKG_ATTR_PROTO_INFO), expected)
    }
    for (const name of ['NTLM', 'WDigest'] as const) {
      refuses((await exchanges.get(name)!).client, SECPKG_ATTR_PROTO_INFO)
    }
  })
})

suite('SECPKG_ATTR_NEGO_KEYS', () => {
  test('are Kerberos’ context key, for both directions, with its encryption type', async () => {
    const { client, server } = await exchanges.get('Kerberos')!
    const keys = ask(client, SECPKG_ATTR_NEGO_KEYS)
    assert.deepEqual(ask(server, SECPKG_ATTR_NEGO_KEYS), keys)
    assert.deepEqual(keys.key, ask(server, SECPKG_ATTR_SESSION_KEY).sessionKey)
    assert.deepEqual(keys.verifyKey, keys.key)
    assert.equal(keys.keyType, ask(server, SECPKG_ATTR_KEY_INFO).encryptAlgorithm)
    assert.equal(keys.verifyKeyType, keys.keyType)
  })
})

suite('how Negotiate came to its package', () => {
  test('SECPKG_ATTR_NEGO_PKG_INFO: without NTLM, where Kerberos applies; without Kerberos, where it does not', async () => {
    const { client, server } = await exchanges.get('Negotiate')!
    assert.equal(ask(client, SECPKG_ATTR_NEGO_PKG_INFO).packageMask, SECPKG_ATTR_NEGO_INFO_FLAG_NO_NTLM)
    assert.equal(ask(server, SECPKG_ATTR_NEGO_PKG_INFO).packageMask, 0)
    const local = passwordCredential({ user: 'alice', password: domain.passwordOf('alice'), packageList: 'ntlm' })
    const byNtlm = await meet('Negotiate', domain, { clientCredential: local })
    assert.equal(ask(byNtlm.client, SECPKG_ATTR_NEGO_PKG_INFO).packageMask, SECPKG_ATTR_NEGO_INFO_FLAG_NO_KERBEROS)
  })

  test('SECPKG_ATTR_NEGO_STATUS is the failure of the package that was passed over, and SEC_E_OK where none was', async () => {
    const { client, server } = await exchanges.get('Negotiate')!
    for (const side of [client, server]) assert.deepEqual(ask(side, SECPKG_ATTR_NEGO_STATUS), { lastStatus: 0 })
    // A service that Kerberos does not know, where NTLM may take over.
    const clientSspi = domain.sspi({ negotiate: { insecureAllowNtlmFallback: ['HTTP/nobody.example.test'] } })
    const fallen = await meet('Negotiate', domain, { clientSspi, targetName: 'HTTP/nobody.example.test' })
    assert.equal(ask(fallen.client, SECPKG_ATTR_NEGO_STATUS).lastStatus, Status.SEC_E_TARGET_UNKNOWN)
    assert.equal(ask(fallen.client, SECPKG_ATTR_NEGO_PKG_INFO).packageMask, 0)
  })
})

suite('what Schannel knows of a connection', () => {
  test('SECPKG_ATTR_LOCAL_CERT_INFO is this side’s certificate in words', async () => {
    const { client, server } = await exchanges.get('Schannel')!
    const certificate = new X509Certificate(filesOf('server').certificate!)
    const { subject, issuer, keySize } = ask(server, SECPKG_ATTR_LOCAL_CERT_INFO)
    assert.equal(subject, certificate.subject.replaceAll('\n', ', '))
    assert.equal(issuer, certificate.issuer.replaceAll('\n', ', '))
    assert.equal(keySize, certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? 256)
    assert.match(ask(client, SECPKG_ATTR_LOCAL_CERT_INFO).subject, /alice/)
    refuses((await meet('Schannel', domain, { clientCredential: trusting() })).client, SECPKG_ATTR_LOCAL_CERT_INFO)
  })

  test('SECPKG_ATTR_CONNECTION_INFO_EX is the connection by names', async () => {
    const { client, server } = await exchanges.get('Schannel')!
    const byNumbers = ask(client, SECPKG_ATTR_CONNECTION_INFO)
    for (const side of [client, server]) {
      const { protocol, cipher, cipherStrength, exchange } = ask(side, SECPKG_ATTR_CONNECTION_INFO_EX)
      assert.deepEqual([protocol, cipher, exchange], ['TLS 1.3', 'AES', 'ECDHE'])
      assert.equal(cipherStrength, byNumbers.cipherStrength)
    }
  })

  test('SECPKG_ATTR_REMOTE_CERTIFICATES and SECPKG_ATTR_REMOTE_CERT_CHAIN are what the peer has shown, its own first', async () => {
    const { client } = await exchanges.get('Schannel')!
    const { certificates } = ask(client, SECPKG_ATTR_REMOTE_CERT_CHAIN)
    assert.deepEqual(ask(client, SECPKG_ATTR_REMOTE_CERTIFICATES), { certificates })
    assert.deepEqual(Buffer.from(certificates[0]!), new X509Certificate(filesOf('server').certificate!).raw)
    assert.deepEqual(ask(client, SECPKG_ATTR_REMOTE_CERT_CONTEXT).certificate, certificates[0])
  })

  test('SECPKG_ATTR_ROOT_STORE are the roots that the credential trusts; the public ones are not listed', async () => {
    const { client } = await exchanges.get('Schannel')!
    const { certificates } = ask(client, SECPKG_ATTR_ROOT_STORE)
    assert.deepEqual(
      certificates.map((each) => Buffer.from(each)),
      [new X509Certificate(ROOT).raw],
    )
    const flags = { clientReq: ISC_REQ_MANUAL_CRED_VALIDATION, clientCredential: trusting({ roots: undefined }) }
    refuses((await meet('Schannel', domain, flags)).client, SECPKG_ATTR_ROOT_STORE)
  })

  test('setContextAttributes: SECPKG_ATTR_APP_DATA keeps what the application wants to keep, as a copy', async () => {
    const { client } = await exchanges.get('Schannel')!
    refuses(client, SECPKG_ATTR_APP_DATA)
    const appData = Uint8Array.of(1, 2, 3)
    client.sspi.setContextAttributes(client.context, SECPKG_ATTR_APP_DATA, { appData })
    appData.fill(0)
    ask(client, SECPKG_ATTR_APP_DATA).appData.fill(0)
    assert.deepEqual(ask(client, SECPKG_ATTR_APP_DATA).appData, Uint8Array.of(1, 2, 3))
  })

  test('setContextAttributes is answered with SEC_E_UNSUPPORTED_FUNCTION by contexts that have nothing to be set', async () => {
    const info = { label: 'EXPORTER-x', keyingMaterialLength: 16 }
    for (const name of ['NTLM', 'Kerberos', 'Negotiate', 'WDigest'] as const) {
      const { client } = await exchanges.get(name)!
      const set = (): void => client.sspi.setContextAttributes(client.context, SECPKG_ATTR_KEYING_MATERIAL_INFO, info)
      assert.throws(set, { code: 'SEC_E_UNSUPPORTED_FUNCTION' }, name)
    }
  })
})

suite('what CredSSP knows of the other side', () => {
  test('SECPKG_ATTR_SERVER_AUTH_FLAGS and SECPKG_ATTR_CERT_TRUST_STATUS: by Negotiate and by its certificate', async () => {
    const { client, server } = await exchanges.get('CREDSSP')!
    const both = CREDSSP_SERVER_AUTH_NEGOTIATE | CREDSSP_SERVER_AUTH_CERTIFICATE
    assert.deepEqual(ask(client, SECPKG_ATTR_SERVER_AUTH_FLAGS), { flags: both })
    assert.deepEqual(ask(client, SECPKG_ATTR_CERT_TRUST_STATUS), { errorStatus: 0, infoStatus: 0 })
    refuses(server, SECPKG_ATTR_SERVER_AUTH_FLAGS)
    const unchecked = await meet('CREDSSP', domain, { clientReq: ISC_REQ_MANUAL_CRED_VALIDATION })
    assert.deepEqual(ask(unchecked.client, SECPKG_ATTR_SERVER_AUTH_FLAGS), { flags: CREDSSP_SERVER_AUTH_NEGOTIATE })
    refuses(unchecked.client, SECPKG_ATTR_CERT_TRUST_STATUS)
  })

  test('SECPKG_ATTR_NEGOTIATION_PACKAGE is what authenticates in the channel', async () => {
    const { client, server } = await exchanges.get('CREDSSP')!
    for (const side of [client, server]) {
      assert.equal(ask(side, SECPKG_ATTR_NEGOTIATION_PACKAGE).packageInfo.name, 'Kerberos')
    }
  })

  test('SECPKG_ATTR_CREDS are the credentials that the client delegated, on the server only', async () => {
    const clientSspi = domain.sspi({ credssp: { delegation: { allowFreshCredentials: ['HTTP/*'] } } })
    const { client, server } = await meet('CREDSSP', domain, { clientSspi, clientReq: ISC_REQ_DELEGATE })
    const { credential } = ask(server, SECPKG_ATTR_CREDS)
    assert.equal(await credential?.reveal(), domain.passwordOf('alice'))
    refuses(client, SECPKG_ATTR_CREDS)
  })
})

suite('what a PAC says of the log-on', () => {
  for (const name of ['Kerberos', 'Negotiate', 'CREDSSP'] as const) {
    test(`SECPKG_ATTR_PASSWORD_EXPIRY and SECPKG_ATTR_USER_FLAGS of a server of ${name} are what the PAC in the ticket says`, async () => {
      const { client, server } = await meetWithPac(name)
      // The administrator of that PAC has a password that does not expire, and groups in the extra SIDs (0x20).
      assert.deepEqual(ask(server, SECPKG_ATTR_PASSWORD_EXPIRY), { passwordExpires: never() })
      assert.equal(ask(server, SECPKG_ATTR_USER_FLAGS).userFlags & 0x20, 0x20)
      const without = (await exchanges.get(name)!).server // whose ticket has none
      for (const attribute of [SECPKG_ATTR_PASSWORD_EXPIRY, SECPKG_ATTR_USER_FLAGS] as const) {
        for (const side of [client, without]) refuses(side, attribute)
      }
    })
  }
})

suite('what has no answer', () => {
  for (const name of PACKAGES) {
    test(`every attribute that ${name} does not answer is refused with SEC_E_UNSUPPORTED_FUNCTION, and nothing else happens`, async () => {
      const { client, server } = await exchanges.get(name)!
      const numbers = Object.entries(core).filter(([each]) => /^SECPKG_ATTR_(?!NEGO_INFO_FLAG)/.test(each))
      assert.ok(numbers.length > 60)
      for (const side of [client, server]) {
        for (const [attribute, number] of numbers) {
          try {
            // Programs without types may ask for any number.
            assert.equal(typeof ask(side, number as ContextAttribute), 'object', attribute)
          } catch (error) {
            assert.equal((error as SspiError).code, 'SEC_E_UNSUPPORTED_FUNCTION', attribute)
          }
        }
        for (const number of [0x7777, -1]) refuses(side, number as ContextAttribute)
        const set = (): void =>
          side.sspi.setContextAttributes(side.context, 0x68 as typeof SECPKG_ATTR_APP_DATA, {
            appData: new Uint8Array(1),
          })
        assert.throws(set, { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
      }
    })
  }
})
