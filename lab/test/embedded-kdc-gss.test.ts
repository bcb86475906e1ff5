// Tickets of the embedded KDC between us and other implementations of GSS-API, and in HTTP.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import { initSecurityInterface, keytabCredential, passwordCredential } from 'sspi'
import { Enctype } from 'sspi/kerberos'
import { loadKrb5Conf } from 'sspi/krb5'
import {
  answerMessages,
  askInfo,
  askMessages,
  ClientFolder,
  commandOf,
  EmbeddedRealm,
  establish,
  GssPeer,
  KerberosSide,
  missing,
  PASSWORD,
  quit,
} from '../src/index.js'

const REALM = 'EMBEDDED.TEST'
const ENTRIES = [
  { name: 'alice', password: PASSWORD },
  { name: 'HTTP/localhost', attributes: { okAsDelegate: true } },
]
const ENCTYPES = [Enctype.AES256_CTS_HMAC_SHA1_96]

const start = async (enctypes: readonly number[] = ENCTYPES) => {
  const realm = await EmbeddedRealm.start({ realm: REALM, entries: ENTRIES, enctypes })
  return { realm, clients: new ClientFolder([realm]) }
}

for (const enctype of [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES256_CTS_HMAC_SHA384_192]) {
  test(
    `MIT's GSS-API accepts our initiator, enctype ${enctype}`,
    { skip: missing('gss-peer', 'mit-kdc') },
    async () => {
      const { realm, clients } = await start([enctype])
      await using _realm = realm
      using _clients = clients
      const keytab = clients.write('http.keytab', await realm.principals.keytab('HTTP/localhost'))
      await using peer = await GssPeer.start({
        role: 'accept',
        args: ['--mech', 'krb5'],
        env: { ...clients.env, KRB5_KTNAME: `FILE:${keytab}` },
      })
      const table = initSecurityInterface({ krb5: await loadKrb5Conf(clients.at('krb5.conf')) })
      using side = new KerberosSide({
        table,
        package: 'Kerberos',
        credential: passwordCredential({ user: `alice@${REALM}`, password: PASSWORD }),
        target: 'HTTP/localhost',
      })
      await establish(peer, 'initiator', (token) => side.step(token))
      assert.equal((await askInfo(peer)).initiator, `alice@${REALM}`)
      await askMessages(peer, side)
      await quit(peer)
    },
  )

  test(`MIT's GSS-API reaches our acceptor, enctype ${enctype}`, { skip: missing('gss-peer', 'mit-kdc') }, async () => {
    const { realm, clients } = await start([enctype])
    await using _realm = realm
    using _clients = clients
    await clients.must('kinit', ['-f', 'alice'], `${PASSWORD}\n`)
    await using peer = await GssPeer.start({
      role: 'init',
      args: ['--mech', 'krb5', '--target', 'HTTP@localhost'],
      env: { ...clients.env },
    })
    const table = initSecurityInterface({ krb5: await loadKrb5Conf(clients.at('krb5.conf')) })
    const credential = keytabCredential({ keytab: await realm.principals.keytab('HTTP/localhost') })
    using side = new KerberosSide({ table, package: 'Kerberos', credential })
    await establish(peer, 'acceptor', (token) => side.step(token))
    await answerMessages(peer, side)
    assert.equal((await peer.exit()).code, 0)
  })
}

test('curl authenticates to a server of ours by Negotiate', { skip: missing('mit-kdc', 'curl') }, async () => {
  const { realm, clients } = await start()
  await using _realm = realm
  using _clients = clients
  const sspi = initSecurityInterface({ krb5: await loadKrb5Conf(clients.at('krb5.conf')) })
  const credentials = keytabCredential({ keytab: await realm.principals.keytab('HTTP/localhost') })
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const [, base64] = /^Negotiate (.+)$/.exec(request.headers.authorization ?? '') ?? []
      if (base64 === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Negotiate' }).end()
        return
      }
      using exchange = sspi.accept({ package: 'Negotiate', credentials })
      const { token = new Uint8Array(0) } = await exchange.step(new Uint8Array(Buffer.from(base64, 'base64')))
      const reply = `Negotiate ${Buffer.from(token).toString('base64')}`
      response.writeHead(200, { 'www-authenticate': reply }).end(exchange.session.peer?.name ?? 'nobody')
    }
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    const address = server.address()
    assert.ok(address !== null && typeof address === 'object')
    const url = `http://localhost:${address.port}/`
    const args = ['--silent', '--noproxy', '*', '--negotiate', '-u', ':', url]
    await clients.must('kinit', ['alice'], `${PASSWORD}\n`)
    assert.match(await clients.must(commandOf('curl'), args), /^alice/)
    await clients.must('kdestroy', [])
    assert.doesNotMatch(await clients.must(commandOf('curl'), args), /alice/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

suite('Java and the embedded KDC', { skip: missing('java') }, () => {
  for (const enctype of [20, 19, 18, 17]) {
    test(`Java logs on and speaks GSS-API with keys of type ${enctype}`, async () => {
      const { realm, clients } = await start([enctype])
      await using _realm = realm
      using _clients = clients
      const keytab = clients.write('http.keytab', await realm.principals.keytab('HTTP/localhost'))
      const args = ['alice', 'HTTP@localhost', `HTTP/localhost@${REALM}`, keytab]
      const said = await clients.must(commandOf('java'), args, `${PASSWORD}\n`)
      assert.match(said, new RegExp(`client alice@${REALM} server krbtgt/${REALM}@${REALM} etype ${enctype}`))
      assert.match(said, new RegExp(`initiator alice@${REALM} acceptor HTTP@localhost`))
      assert.match(said, /between two ends/)
      assert.ok(realm.events.some((event) => event.kind === 'ticket-issued' && event.exchange === 'TGS'))
    })
  }

  test('Java is told of a wrong password', async () => {
    const { realm, clients } = await start()
    await using _realm = realm
    using _clients = clients
    const said = await clients.mustNot(commandOf('java'), ['alice', 'HTTP@localhost', 'x', 'none'], 'wrong\n')
    assert.match(said, /Integrity check|Pre-authentication|\(24\)|\(31\)/)
  })
})
