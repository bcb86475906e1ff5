// CredSSP with SPNEGO and Kerberos within the channel, both sides, where the other has the security contexts of MIT's GSS-API and
// gss-ntlmssp, and the TLS of Node.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  certificateCredential,
  credSspCredential,
  initSecurityInterface,
  ISC_REQ_DELEGATE,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  passwordCredential,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SECPKG_ATTR_NEGOTIATION_PACKAGE,
  type CredentialValue,
  type SecureSession,
} from 'sspi'
import type { CredSspOptions, TsCredentials } from 'sspi/credssp'
import { keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import {
  establishOver,
  GSS_DOMAIN,
  GssCredSspServer,
  GssPeer,
  Inbox,
  listenWire,
  localhostIdentity,
  missing,
  mitKdc,
  PASSWORD,
  TicketFolder,
  visitByGss,
  Wire,
  type GssCredSspServerOptions,
  type Visitor,
} from '../src/index.js'

const TARGET = 'TERMSRV/localhost'
const ALLOWED = { delegation: { allowFreshCredentials: [TARGET] } }

suite('our CredSSP client at a server with GSS-API within', { skip: missing('gss-peer', 'mit-kdc', 'tls') }, () => {
  for (const [innerPackage, mech, fields] of [
    ['Negotiate', 'spnego', ['negoToken', 'pubKeyAuth', 'authInfo']],
    ['Kerberos', 'krb5', ['negoToken', 'pubKeyAuth', 'authInfo']],
  ] as const) {
    test(`by ${innerPackage}: its ticket lets it in, proves the server, and it hands over the password`, async () => {
      const { by, achieved, visitor } = await visit({ credssp: { ...ALLOWED, innerPackage }, mech })
      assert.equal(by, 'Kerberos')
      assert.ok(achieved.includes('mutual authentication'))
      assert.equal(visitor.info.initiator, `alice@${mitKdc().realm}`)
      assert.deepEqual(visitor.credentials, passwordOf('alice', mitKdc().realm))
      assert.deepEqual(visitor.fields, fields)
    })
  }

  for (const version of [2, 3, 4, 5]) {
    test(`a server of version ${version} is refused, unless that is allowed`, async () => {
      const { visitor } = await visit({ credssp: { ...ALLOWED, minimumVersion: version }, server: { version } })
      assert.deepEqual(visitor.credentials, passwordOf('alice', mitKdc().realm))
      await assert.rejects(visit({ server: { version } }), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    })
  }

  test('without delegation it is known, and hands over nothing (restricted admin mode)', async () => {
    const { visitor } = await visit({ flags: 0 })
    assert.equal(visitor.info.initiator, `alice@${mitKdc().realm}`)
    assert.deepEqual(visitor.credentials, passwordOf('', '', ''))
  })

  test('a server that has bound another key gets no password', async () => {
    const other = (right: Uint8Array): Uint8Array => right.map((byte) => byte ^ 1)
    await assert.rejects(visit({ server: { bind: other } }), { code: 'SEC_E_MESSAGE_ALTERED' })
  })

  test('with NTLM in SPNEGO: the password goes where the policy allows it', async () => {
    const identity = passwordCredential({ user: 'alice', domain: GSS_DOMAIN, password: PASSWORD })
    const { by, visitor } = await visit({ identity, mech: 'spnego', neg: 'ntlm' })
    assert.equal(by, 'NTLM')
    assert.equal(visitor.info.initiator, `${GSS_DOMAIN}/alice`)
    assert.deepEqual(visitor.credentials, passwordOf('alice', GSS_DOMAIN))
    const unchecked = {
      identity,
      mech: 'spnego',
      neg: 'ntlm',
      flags: ISC_REQ_DELEGATE | ISC_REQ_MANUAL_CRED_VALIDATION,
    }
    await assert.rejects(visit(unchecked), { code: 'SEC_E_POLICY_NLTM_ONLY' })
  })
})

suite('a client with GSS-API within at our CredSSP server', { skip: missing('gss-peer', 'mit-kdc', 'tls') }, () => {
  for (const mech of ['spnego', 'krb5']) {
    for (const version of [2, 6]) {
      test(`${mech}, version ${version}: its ticket lets it in, and it hands over the password`, async () => {
        const session = new Inbox<SecureSession>()
        await using server = await listenWire(async (wire) => {
          session.push(await establishOver(wire, await acceptor(version)))
        })
        using tickets = await TicketFolder.of('alice')
        const args = ['--mech', mech, ...(mech === 'spnego' ? ['--neg', 'krb5'] : []), '--target', 'TERMSRV@localhost']
        const info = await visitByGss({
          port: server.port,
          initiate: () => gssPeer('init', [...args, '--answer'], tickets),
          credentials: passwordOf('bob', 'CONTOSO'),
          version,
        })
        assert.equal(info.acceptor, `${TARGET}@${mitKdc().realm}`)
        using stands = await session.next(30_000, () => new Error('no client came in'))
        assert.ok(stands)
        assert.equal(stands.accessToken.qualifiedName, `${mitKdc().realm}\\alice`)
        const { credential } = stands.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
        assert.deepEqual(
          [credential?.user, credential?.domain, await credential?.reveal()],
          ['bob', 'CONTOSO', PASSWORD],
        )
      })
    }
  }
})

interface VisitOptions {
  readonly credssp?: CredSspOptions
  readonly identity?: CredentialValue
  readonly flags?: number
  readonly mech?: string
  readonly neg?: string
  readonly server?: Pick<GssCredSspServerOptions, 'version' | 'bind'>
}

/** What comes of a visit. */
interface Visited extends Pick<SecureSession, 'achieved'> {
  /** The package that has authenticated within the channel. */
  readonly by: string
  readonly visitor: Visitor
}

/** Lets our client visit a server. */
async function visit(options: VisitOptions): Promise<Visited> {
  const { credssp = ALLOWED, mech = 'spnego', neg = 'krb5', flags = ISC_REQ_DELEGATE } = options
  const { cert, key, ca } = localhostIdentity()
  using keytab = TicketFolder.empty()
  await using server = await GssCredSspServer.listen({
    ...{ cert, key, ...options.server },
    accept: () => gssPeer('accept', ['--mech', mech, ...(mech === 'spnego' ? ['--neg', neg] : [])], keytab),
  })
  const identity = options.identity ?? passwordCredential({ user: 'alice', domain: mitKdc().realm, password: PASSWORD })
  const tls = certificateCredential({ roots: ca.toString() })
  const sspi = initSecurityInterface({ krb5: await loadKrb5Conf(mitKdc().krb5Conf), credssp })
  const credentials = credSspCredential({ identity, tls })
  const exchange = sspi.initiate({ package: 'CREDSSP', target: TARGET, credentials, flags })
  using wire = await Wire.connect({ host: '127.0.0.1', port: server.port })
  using session = await establishOver(wire, exchange)
  const { packageInfo } = session.attribute(SECPKG_ATTR_NEGOTIATION_PACKAGE)
  return { by: packageInfo.name, achieved: session.achieved, visitor: await server.visitor() }
}

async function acceptor(minimumVersion: number) {
  const { cert, key } = localhostIdentity()
  const tls = certificateCredential({ identity: { certificate: cert.toString(), privateKey: key.toString() } })
  const identity = keytabFileCredential(mitKdc().keytab, { principal: TARGET })
  const sspi = initSecurityInterface({ credssp: { minimumVersion }, krb5: await loadKrb5Conf(mitKdc().krb5Conf) })
  return sspi.accept({ package: 'CREDSSP', credentials: credSspCredential({ identity, tls }) })
}

/** A side of GSS-API in MIT's realm, with the keys of every service; gss-ntlmssp's accounts are the peer's own. */
function gssPeer(role: 'init' | 'accept', args: readonly string[], { env, path }: TicketFolder): Promise<GssPeer> {
  const { KRB5_CONFIG = '', KRB5CCNAME = '' } = env
  return GssPeer.start({
    role,
    args,
    env: { KRB5_CONFIG, KRB5CCNAME, KRB5RCACHEDIR: path, KRB5_KTNAME: `FILE:${mitKdc().keytab}` },
  })
}

function passwordOf(userName: string, domainName: string, password = PASSWORD): TsCredentials {
  return { credType: 1, credentials: { domainName, userName, password } }
}
