// Our Kerberos and Negotiate against MIT's GSS-API, raw and inside SPNEGO, in both roles, with tickets of MIT's KDC.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  initSecurityInterface,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_DELEGATE,
  ISC_REQ_INTEGRITY,
  ISC_REQ_MUTUAL_AUTH,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_USE_DCE_STYLE,
  ISC_RET_DELEGATE,
  ISC_RET_MUTUAL_AUTH,
  keytabCredential,
  passwordCredential,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SESSION_KEY,
  ticketCacheCredential,
  type ChannelBindings,
  type Policy,
  type SecurityFunctionTable,
} from 'sspi'
import { Enctype, type KerberosOptions } from 'sspi/kerberos'
import {
  answerMessages,
  askInfo,
  askMessages,
  establish,
  GssPeer,
  GssPeerError,
  GssPeerExit,
  KerberosSide,
  missing,
  mitKdc,
  PASSWORD,
  quit,
} from '../src/index.js'

interface TransportRoom {
  readonly sendToKdc: (
    query: { readonly realm: string; readonly service: 'kdc' | 'kpasswd'; readonly request: Uint8Array },
    options: { readonly config: object; readonly servers: (realm: string, service: string) => readonly string[] },
  ) => Promise<Uint8Array>
}

interface ConfigRoom {
  readonly parseKrb5Conf: (text: string) => object
}

const skip = missing('gss-peer', 'mit-kdc')
const SIZES = [0, 1, 15, 16, 1000, 70_000]
const folder = mkdtempSync(join(tmpdir(), 'sspi-kerberos-gss-'))
after(() => {
  rmSync(folder, { recursive: true, force: true })
})

const ENCTYPES = [
  { name: 'aes256-cts-hmac-sha384-192', weak: {} },
  { name: 'aes128-cts-hmac-sha256-128', weak: {} },
  { name: 'aes256-cts-hmac-sha1-96', weak: {} },
  { name: 'aes128-cts-hmac-sha1-96', weak: {} },
  { name: 'camellia256-cts-cmac', weak: {} },
  { name: 'camellia128-cts-cmac', weak: {} },
  { name: 'des3-cbc-sha1', weak: { insecureAllowDes3: true } },
  { name: 'arcfour-hmac', weak: { insecureAllowRc4: true } },
] as const

for (const { name, weak } of ENCTYPES) {
  const options: KerberosOptions = { ...weak, permittedEnctypes: Object.values(Enctype) }
  // MIT has no associated data in the tokens of RFC 1964.
  const kinds = name === 'arcfour-hmac' || name === 'des3-cbc-sha1' ? 'WwM' : 'WwMAa'

  test(`our client, MIT's server, ${name}`, { skip }, async () => {
    await using peer = await acceptor('krb5', `svc-${name}`)
    using client = await clientSide({ target: `svc-${name}/localhost`, options })
    await establish(peer, 'initiator', (token) => client.step(token))
    const info = await askInfo(peer)
    assert.equal(info.initiator, `alice@${mitKdc().realm}`)
    assert.equal(info.sessionKey, sessionKey(client))
    assert.ok(client.contextAttr & ISC_RET_MUTUAL_AUTH)
    assert.equal(await askMessages(peer, client, { sizes: SIZES, kinds }), SIZES.length * kinds.length)
    await quit(peer)
    assert.equal((await peer.exit()).code, GssPeerExit.OK)
  })

  test(`MIT's client, our server, ${name}`, { skip }, async () => {
    await using peer = await initiator(`svc-${name}@localhost`, ['--kinds', kinds])
    using server = await serverSide({ keytab: `svc-${name}`, options })
    await establish(peer, 'acceptor', (token) => server.step(token))
    assert.equal(server.query(SECPKG_ATTR_NAMES).userName, `${mitKdc().realm}\\alice`)
    const answered = await answerMessages(peer, server)
    assert.deepEqual(answered, { messages: SIZES.length * kinds.length, refused: [], quit: true })
    const { code, reports, stderr } = await peer.exit()
    assert.equal(code, GssPeerExit.OK, stderr)
    assert.equal(reports[0]?.established?.sessionKey, sessionKey(server))
  })
}

test('inside SPNEGO, both roles', { skip }, async () => {
  await using peer = await acceptor('spnego', 'HTTP')
  using client = await clientSide({ package: 'Negotiate' })
  await establish(peer, 'initiator', (token) => client.step(token))
  assert.equal(client.query(SECPKG_ATTR_PACKAGE_INFO).name, 'Kerberos')
  assert.equal(await askMessages(peer, client, { sizes: SIZES }), SIZES.length * 3)
  await quit(peer)

  await using other = await initiator('HTTP@localhost', ['--mech', 'spnego', '--neg', 'krb5'])
  using server = await serverSide({ package: 'Negotiate' })
  await establish(other, 'acceptor', (token) => server.step(token))
  assert.equal(server.query(SECPKG_ATTR_PACKAGE_INFO).name, 'Kerberos')
  assert.deepEqual((await answerMessages(other, server)).refused, [])
  assert.equal((await other.exit()).code, GssPeerExit.OK)
})

test('without mutual authentication, both roles', { skip }, async () => {
  const contextReq = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT
  await using peer = await acceptor('krb5', 'HTTP')
  using client = await clientSide({ contextReq })
  assert.deepEqual(await establish(peer, 'initiator', (token) => client.step(token)), { sent: 1, received: 0 })
  assert.equal(client.contextAttr & ISC_RET_MUTUAL_AUTH, 0)
  assert.equal(await askMessages(peer, client, { sizes: SIZES }), SIZES.length * 3)
  await quit(peer)

  await using other = await initiator('HTTP@localhost', ['--flags', 'integ,conf,replay,sequence'])
  using server = await serverSide({})
  await establish(other, 'acceptor', (token) => server.step(token))
  assert.deepEqual((await answerMessages(other, server)).refused, [])
  assert.equal((await other.exit()).code, GssPeerExit.OK)
})

test('DCE style: three legs and messages with parts that are only signed, both roles', { skip }, async () => {
  const contextReq =
    ISC_REQ_USE_DCE_STYLE |
    ISC_REQ_MUTUAL_AUTH |
    ISC_REQ_INTEGRITY |
    ISC_REQ_CONFIDENTIALITY |
    ISC_REQ_REPLAY_DETECT |
    ISC_REQ_SEQUENCE_DETECT
  const sizes = [16, 48, 1024, 65_536]
  await using peer = await acceptor('krb5', 'HTTP', ['--iov'])
  using client = await clientSide({ contextReq })
  assert.deepEqual(await establish(peer, 'initiator', (token) => client.step(token)), { sent: 2, received: 1 })
  assert.equal(await askMessages(peer, client, { sizes, kinds: 'IiM' }), sizes.length * 3)
  await quit(peer)
  assert.equal((await peer.exit()).code, GssPeerExit.OK)

  const flags = ['--flags', 'mutual,replay,sequence,conf,integ,dce', '--iov', '--kinds', 'IiM', '--sizes', sizes.join()]
  await using other = await initiator('HTTP@localhost', flags)
  using server = await serverSide({})
  await establish(other, 'acceptor', (token) => server.step(token))
  assert.deepEqual((await answerMessages(other, server)).refused, [])
  assert.equal((await other.exit()).code, GssPeerExit.OK)
})

test('channel bindings: the same are accepted, others refused, both roles', { skip }, async () => {
  const right = bindingsOf('one channel')
  for (const [theirs, fits] of [
    ['one channel', true],
    ['another', false],
  ] as const) {
    await using peer = await acceptor('krb5', 'HTTP', ['--cb-text', `tls-server-end-point:${theirs}`])
    using client = await clientSide({ channelBindings: right })
    const ours = establish(peer, 'initiator', (token) => client.step(token))
    if (fits) {
      await ours
      await quit(peer)
    } else await assert.rejects(ours)

    await using other = await initiator('HTTP@localhost', ['--cb-text', `tls-server-end-point:${theirs}`])
    using server = await serverSide({ channelBindings: right, policy: { channelBindings: 'required' } })
    const accepted = establish(other, 'acceptor', (token) => server.step(token))
    if (fits) await accepted
    else await assert.rejects(accepted, { code: 'SEC_E_BAD_BINDINGS' })
  }
})

test('delegation: the ticket arrives and can be used, both roles', { skip }, async () => {
  const contextReq = ISC_REQ_DELEGATE | ISC_REQ_MUTUAL_AUTH | ISC_REQ_INTEGRITY
  await using peer = await acceptor('krb5', 'HTTP')
  using client = await clientSide({ contextReq, options: { forwardable: true } })
  await establish(peer, 'initiator', (token) => client.step(token))
  assert.ok(client.contextAttr & ISC_RET_DELEGATE)
  assert.equal((await askInfo(peer)).delegated, true)
  await quit(peer)

  await using other = await initiator('HTTP@localhost', ['--flags', 'mutual,integ,conf,deleg', '--no-messages'], ['-f'])
  using server = await serverSide({})
  await establish(other, 'acceptor', (token) => server.step(token))
  const { cache } = server.query(SECPKG_ATTR_DELEGATED_TICKETS)

  // Acting for the client towards another server.
  await using further = await acceptor('krb5', 'ldap')
  const table = await interfaceOf({})
  const credential = ticketCacheCredential({ cache })
  using onward = new KerberosSide({ table, package: 'Kerberos', credential, target: 'ldap/localhost' })
  await establish(further, 'initiator', (token) => onward.step(token))
  assert.equal((await askInfo(further)).initiator, `alice@${mitKdc().realm}`)
})

for (const packageName of ['Kerberos', 'Negotiate']) {
  test(
    `${packageName}: impersonating a client of MIT's gets further tickets with what it has delegated`,
    { skip },
    async () => {
      const mech = packageName === 'Kerberos' ? [] : ['--mech', 'spnego', '--neg', 'krb5']
      const flags = ['--flags', 'mutual,integ,conf,deleg', '--no-messages']
      const table = await interfaceOf({})
      await using peer = await initiator('HTTP@localhost', [...mech, ...flags], ['-f'])
      using server = await serverSide({ package: packageName, table })
      await establish(peer, 'acceptor', (token) => server.step(token))
      assert.equal(table.querySecurityContextToken(server.context).impersonationLevel, 'delegation')

      // Without a credential named: the client's, and MIT's server sees it.
      await using further = await acceptor(packageName === 'Kerberos' ? 'krb5' : 'spnego', 'ldap')
      await table.impersonateSecurityContext(server.context, async () => {
        using onward = new KerberosSide({ table, package: packageName, target: 'ldap/localhost' })
        await establish(further, 'initiator', (token) => onward.step(token))
        assert.equal((await askInfo(further)).initiator, `alice@${mitKdc().realm}`)
        await quit(further)
      })
      using own = new KerberosSide({ table, package: packageName, target: 'ldap/localhost' })
      await assert.rejects(own.step(undefined), { code: 'SEC_E_NO_CREDENTIALS' })
    },
  )
}

test('a client of MIT that delegates nothing can be impersonated, and gets no further', { skip }, async () => {
  const table = await interfaceOf({})
  await using peer = await initiator('HTTP@localhost', ['--no-messages'])
  using server = await serverSide({ table })
  await establish(peer, 'acceptor', (token) => server.step(token))
  await table.impersonateSecurityContext(server.context, async () => {
    assert.equal(table.currentAccessToken()?.qualifiedName, `${mitKdc().realm}\\alice`)
    using onward = new KerberosSide({ table, package: 'Kerberos', target: 'ldap/localhost' })
    await assert.rejects(onward.step(undefined), { code: 'SEC_E_NO_CREDENTIALS', message: /did not delegate/ })
  })
})

test("the PAC of MIT's KDC is checked, where a ticket has one", { skip }, async () => {
  await using peer = await initiator('HTTP@localhost', ['--no-messages'])
  using server = await serverSide({ options: { pac: 'required' } })
  await establish(peer, 'acceptor', (token) => server.step(token))
  assert.ok(server.query(SECPKG_ATTR_KERBEROS_TICKET).verifiedPac !== undefined)
})

test('replays, gaps and messages out of order are refused by our server', { skip }, async () => {
  await using peer = await initiator('HTTP@localhost', ['--replay-test', '--no-messages'])
  using server = await serverSide({})
  await establish(peer, 'acceptor', (token) => server.step(token))
  const { refused } = await answerMessages(peer, server)
  assert.ok(refused.length > 0)
  for (const reason of refused) assert.match(reason, /message \d+, \d+ expected/)
})

test('a token that comes twice is refused', { skip }, async () => {
  await using peer = await initiator('HTTP@localhost', ['--no-messages'])
  const table = await interfaceOf({})
  using server = await serverSide({ table })
  let seen: Uint8Array | undefined
  await establish(peer, 'acceptor', (token) => {
    seen = token?.slice()
    return server.step(token)
  })
  using again = await serverSide({ table })
  await assert.rejects(again.step(seen), { code: 'SEC_E_LOGON_DENIED', message: /replay/ })
})

test("the keys of another service do not open a ticket; the client learns of it by MIT's words", { skip }, async () => {
  await using peer = await initiator('HTTP@localhost', ['--no-messages'])
  using server = await serverSide({ keytab: 'ldap' })
  await assert.rejects(
    establish(peer, 'acceptor', (token) => server.step(token)),
    { code: 'SEC_E_WRONG_PRINCIPAL' },
  )

  await using other = await acceptor('krb5', 'ldap')
  using client = await clientSide({})
  await assert.rejects(
    establish(other, 'initiator', (token) => client.step(token)),
    (error) => error instanceof GssPeerError || (error as { code?: string }).code === 'SEC_E_WRONG_PRINCIPAL',
  )
})

interface OurOptions {
  readonly package?: string
  readonly table?: SecurityFunctionTable
  readonly target?: string
  readonly contextReq?: number
  readonly channelBindings?: ChannelBindings
  readonly options?: KerberosOptions
  readonly policy?: Partial<Policy>
  /** The service whose keys an acceptor has. */
  readonly keytab?: string
}

async function clientSide(ours: OurOptions): Promise<KerberosSide> {
  const { realm } = mitKdc()
  const credential = passwordCredential({ user: 'alice', domain: realm, password: PASSWORD })
  return new KerberosSide({ ...(await common(ours)), credential, target: ours.target ?? 'HTTP/localhost' })
}

async function serverSide(ours: OurOptions): Promise<KerberosSide> {
  const credential = keytabCredential({ keytab: readFileSync(keytabOf(ours.keytab ?? 'HTTP')) })
  return new KerberosSide({ ...(await common(ours)), credential })
}

async function common(ours: OurOptions) {
  const { contextReq, channelBindings } = ours
  return {
    table: ours.table ?? (await interfaceOf(ours)),
    package: ours.package ?? 'Kerberos',
    ...(contextReq === undefined ? {} : { contextReq }),
    ...(channelBindings === undefined ? {} : { channelBindings }),
  }
}

async function interfaceOf({ options, policy }: OurOptions): Promise<SecurityFunctionTable> {
  const { kdc, realm } = mitKdc()
  const { sendToKdc } = await built<TransportRoom>('io/kdc')
  const { parseKrb5Conf } = await built<ConfigRoom>('io/krb5-conf')
  const config = parseKrb5Conf('')
  return initSecurityInterface({
    kerberos: { defaultRealm: realm, ...options },
    kdc: (query) => sendToKdc(query, { config, servers: () => [kdc] }),
    policy,
  })
}

function keytabOf(service: string): string {
  return join(mitKdc().keytab, '..', `${service}.keytab`)
}

function acceptor(mech: 'krb5' | 'spnego', service: string, more: readonly string[] = []): Promise<GssPeer> {
  const args = ['--mech', mech, '--keytab', keytabOf(service), '--krb5-config', mitKdc().krb5Conf, ...more]
  return GssPeer.start({ role: 'accept', args, env: { KRB5RCACHENAME: 'none:' } })
}

let caches = 0

/** MIT's client, with alice's tickets. */
function initiator(target: string, more: readonly string[], kinit: readonly string[] = []): Promise<GssPeer> {
  const { krb5Conf, realm } = mitKdc()
  const ccache = `FILE:${join(folder, `cache-${caches++}`)}`
  const env = { ...process.env, KRB5_CONFIG: krb5Conf }
  execFileSync('kinit', [...kinit, '-c', ccache, `alice@${realm}`], { env, input: `${PASSWORD}\n`, stdio: 'pipe' })
  const mech = more.includes('--mech') ? [] : ['--mech', 'krb5']
  const sizes = more.includes('--sizes') ? [] : ['--sizes', SIZES.join()]
  const args = [...mech, '--target', target, '--ccache', ccache, '--krb5-config', krb5Conf, ...sizes, ...more]
  return GssPeer.start({ role: 'init', args })
}

function sessionKey(side: KerberosSide): string {
  return Buffer.from(side.query(SECPKG_ATTR_SESSION_KEY).sessionKey).toString('hex')
}

function bindingsOf(text: string): ChannelBindings {
  return { applicationData: new TextEncoder().encode(`tls-server-end-point:${text}`) }
}

/** A room without an entry point of its own. */
async function built<Room>(room: string): Promise<Room> {
  const url = new URL(`${room}/index.js`, import.meta.resolve('sspi'))
  return (await import(url.href)) as Room
}
