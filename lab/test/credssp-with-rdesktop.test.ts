// CredSSP with Kerberos within the channel: rdesktop's is by MIT's GSS-API, version 2, without SPNEGO.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import {
  certificateCredential,
  credSspCredential,
  initSecurityInterface,
  keytabCredential,
  SECPKG_ATTR_CONNECTION_INFO,
  SECPKG_ATTR_DELEGATED_CREDENTIAL,
  SECPKG_ATTR_NEGOTIATION_PACKAGE,
  SspiError,
  type CredentialValue,
  type SecureSession,
  type SecurityFunctionTable,
  type SecurityInterfaceOptions,
} from 'sspi'
import { readTsCredentials, type TsCredentials } from 'sspi/credssp'
import { memoryPrincipals } from 'sspi/kdc'
import { keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import { SP_PROT_TLS1_2_SERVER, SP_PROT_TLS1_3_SERVER } from 'sspi/schannel'
import {
  establishOver,
  Inbox,
  listenRdp,
  missing,
  mitKdc,
  PASSWORD,
  rdesktop,
  RdesktopClient,
  relayRdp,
  TicketFolder,
  UTF8_PASSWORD,
  type RdpServer,
  type Wire,
} from '../src/index.js'

const REFUSED = /Failed to connect using NLA/
const LET_IN = /Connection established using CredSSP/

suite('rdesktop at our CredSSP server', { skip: missing('rdesktop', 'mit-kdc') }, () => {
  test('it is let in by its ticket, and what it hands over gets further tickets', async () => {
    await using server = await Server.open({ krb5: await loadKrb5Conf(mitKdc().krb5Conf) }, async (session) => {
      const { accessToken } = session
      assert.equal(accessToken.qualifiedName, `${mitKdc().realm}\\alice`)
      assert.equal(accessToken.impersonationLevel, 'delegation')
      assert.deepEqual(accessToken.origins.name, { source: 'ticket', integrity: 'sealed', unchecked: [] })
      assert.equal(session.attribute(SECPKG_ATTR_NEGOTIATION_PACKAGE).packageInfo.name, 'Kerberos')
      const { credential } = session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL)
      assert.deepEqual([credential?.user, credential?.domain], ['alice', mitKdc().realm])
      assert.equal(await credential?.reveal(), PASSWORD)
      // As the client, by its password: MIT's KDC gives a ticket for a service behind ours.
      const { token } = await session.impersonate(() =>
        server.sspi.initiate({ package: 'Kerberos', target: 'HTTP/localhost' }).step(),
      )
      assert.ok(token)
    })
    assert.match(await visit(server), LET_IN)
    assert.equal(await server.outcome(), 'alice')
  })

  for (const [version, protocol] of [
    ['1.2', SP_PROT_TLS1_2_SERVER],
    ['1.3', SP_PROT_TLS1_3_SERVER],
  ] as const) {
    test(`over TLS ${version}`, async () => {
      await using server = await Server.open({}, (session) => {
        assert.equal(session.attribute(SECPKG_ATTR_CONNECTION_INFO).protocol, protocol)
      })
      // 1.3 is what it takes where it is not told.
      assert.match(await visit(server, { args: version === '1.2' ? ['-V', version] : [] }), LET_IN)
      assert.equal(await server.outcome(), 'alice')
    })
  }

  test('names and passwords beyond ASCII come whole, and short of the zero that it ends them with', async () => {
    const credentials = await handedOver({ user: 'utf8user', password: UTF8_PASSWORD, args: ['-d', 'Übersee'] })
    const expected = { domainName: 'Übersee', userName: 'utf8user', password: UTF8_PASSWORD }
    assert.deepEqual(credentials, { credType: 1, credentials: expected })
  })

  test('an empty password and a long one: lengths in every form that it writes', async () => {
    for (const password of ['', 'x'.repeat(20), 'x'.repeat(60)]) {
      const credentials = await handedOver({ user: 'alice', password })
      assert.deepEqual(credentials.credentials, { domainName: '', userName: 'alice', password })
    }
  })

  test("a smart card's PIN, and where the card is, come as they were given", async () => {
    const names = ['sc-csp-name=Base CSP', 'sc-reader-name=Reader 0', 'sc-card-name=Card', 'sc-container-name=key-1']
    const args = ['-i', ...names.flatMap((name) => ['-o', name]), '-d', 'MIT.TEST']
    assert.deepEqual(await handedOver({ user: 'alice', password: '12345678', args }), {
      credType: 2,
      credentials: {
        pin: '12345678',
        cspData: {
          keySpec: 1,
          cardName: 'Card',
          readerName: 'Reader 0',
          containerName: 'key-1',
          cspName: 'Base CSP',
        },
        userHint: 'alice',
        domainHint: 'MIT.TEST',
      },
    })
  })

  test('without a ticket it sends nothing, and gets nothing', async () => {
    await using server = await Server.open()
    using tickets = TicketFolder.empty()
    await using client = new RdesktopClient({ port: server.port, tickets, user: 'alice', password: PASSWORD })
    await client.exit()
    assert.match(client.said, REFUSED)
    assert.equal(await server.outcome(), 'SEC_E_CONTEXT_EXPIRED')
  })

  test('a ticket under another key than ours is refused', async () => {
    const principals = memoryPrincipals({ realm: mitKdc().realm, entries: [{ name: 'TERMSRV/localhost' }] })
    const identity = keytabCredential({ keytab: await principals.keytab('TERMSRV/localhost') })
    await using server = await Server.open({ identity })
    assert.match(await visit(server), REFUSED)
    assert.equal(await server.outcome(), 'SEC_E_MESSAGE_ALTERED')
  })

  test('a ticket that has expired is refused', async () => {
    const now = (): Date => new Date(Date.now() + 11 * 3_600_000) // MIT's tickets are good for ten hours
    await using server = await Server.open({ now })
    assert.match(await visit(server), REFUSED)
    assert.equal(await server.outcome(), 'SEC_E_CONTEXT_EXPIRED')
  })

  test('somebody in the middle with another key is found out by the public key, and gets no password', async () => {
    await using server = await Server.open()
    await using middle = await relayRdp({ port: server.port, ...pem('middle') })
    using tickets = await TicketFolder.of('alice')
    await using client = new RdesktopClient({ port: middle.port, tickets, user: 'alice', password: PASSWORD })
    assert.equal(await server.outcome(), 'SEC_E_MESSAGE_ALTERED')
    assert.doesNotMatch(client.said, LET_IN)
  })

  test('by default it is refused: it speaks version 2', async () => {
    await using server = await Server.open({ credssp: {} })
    assert.match(await visit(server), REFUSED)
    assert.equal(await server.outcome(), 'SEC_E_UNSUPPORTED_FUNCTION')
  })
})

type VisitOptions = Partial<Pick<ConstructorParameters<typeof RdesktopClient>[0], 'user' | 'password' | 'args'>>

/** Lets rdesktop come and go. @returns what it says. */
async function visit(server: Server, options: VisitOptions = {}): Promise<string> {
  const { user = 'alice', password = PASSWORD, args = ['-d', mitKdc().realm] } = options
  using tickets = await TicketFolder.of('alice')
  await using client = new RdesktopClient({ port: server.port, tickets, user, password, args })
  await client.exit()
  return client.said
}

/** Lets rdesktop come. @returns what it hands over. */
async function handedOver(options: VisitOptions): Promise<TsCredentials> {
  let credentials: TsCredentials | undefined
  await using server = await Server.open({}, (session) => {
    credentials = readTsCredentials(session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).tsCredentials)
  })
  const said = await visit(server, { args: [], ...options })
  assert.equal(await server.outcome(), 'alice')
  assert.match(said, LET_IN)
  assert.ok(credentials)
  return credentials
}

interface ServerOptions extends SecurityInterfaceOptions {
  /** Default: the keys of `TERMSRV/localhost` in MIT's realm. */
  readonly identity?: CredentialValue
}

/** Our server, for clients of version 2; each is closed as soon as it has been let in. */
class Server implements AsyncDisposable {
  readonly sspi: SecurityFunctionTable
  readonly #identity: CredentialValue
  readonly #letIn: (session: SecureSession) => void | Promise<void>
  readonly #outcomes = new Inbox<string>()
  #listener: RdpServer | undefined

  static async open(
    options: ServerOptions = {},
    letIn: (session: SecureSession) => void | Promise<void> = () => {},
  ): Promise<Server> {
    const server = new Server(options, letIn)
    server.#listener = await listenRdp((wire) => server.#serve(wire))
    return server
  }

  private constructor(
    { identity, ...options }: ServerOptions,
    letIn: (session: SecureSession) => void | Promise<void>,
  ) {
    this.#identity = identity ?? keytabFileCredential(mitKdc().keytab, { principal: 'TERMSRV/localhost' })
    this.sspi = initSecurityInterface({ credssp: { minimumVersion: 2 }, ...options })
    this.#letIn = letIn
  }

  get port(): number {
    return this.#listener?.port ?? 0
  }

  /** Who came in, or the code of the failure; of each client in turn. */
  async outcome(): Promise<string> {
    return (await this.#outcomes.next(30_000, () => new Error('no client has come'))) ?? ''
  }

  async #serve(wire: Wire): Promise<void> {
    const tls = certificateCredential({ identity: pem('server') })
    const credentials = credSspCredential({ identity: this.#identity, tls })
    try {
      const session = await establishOver(wire, this.sspi.accept({ package: 'CREDSSP', credentials }))
      try {
        await this.#letIn(session)
        this.#outcomes.push(session.peer?.name ?? '')
      } finally {
        session[Symbol.dispose]()
      }
    } catch (error) {
      this.#outcomes.push(error instanceof SspiError ? error.code : String(error))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener?.[Symbol.asyncDispose]()
  }
}

/** A certificate of the peer's with its key. */
function pem(name: string): { readonly certificate: string; readonly privateKey: string } {
  const read = (ending: string): string => readFileSync(join(rdesktop().certificates, `${name}.${ending}`), 'utf8')
  return { certificate: read('crt'), privateKey: read('key') }
}
