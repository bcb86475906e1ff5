import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { initSecurityInterface } from 'sspi'
import { ccacheCredential, defaultCredential, kcmCaches, loadDefaultKrb5Conf } from 'sspi/krb5'
import { commandOf, missing, mitKdc, PASSWORD } from '../src/index.js'

for (const daemon of ['heimdal-kcm', 'sssd-kcm'] as const) {
  const skip = missing(daemon, 'mit-kdc')

  suite(`the KCM daemon of ${daemon}`, { skip }, () => {
    let folder = ''
    let env: Record<string, string> = {}
    const socket = (): string => commandOf(daemon)

    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'sspi-lab-kcm-'))
      const conf = readFileSync(mitKdc().krb5Conf, 'utf8')
      const path = join(folder, 'krb5.conf')
      writeFileSync(path, conf.replace('[libdefaults]', `[libdefaults]\n kcm_socket = ${socket()}`))
      env = { KRB5_CONFIG: path, KRB5CCNAME: 'KCM:' }
    })
    after(async () => {
      for (const store of await kcmCaches(socket()).list()) await store.destroy()
      rmSync(folder, { recursive: true })
    })

    /** Runs a program of MIT's with this daemon's caches; throws when it fails. */
    const mit = (program: string, args: readonly string[], input = ''): string =>
      execFileSync(program, args, { input, env: { ...process.env, ...env }, encoding: 'utf8', timeout: 30_000 })

    test("we read what MIT's kinit has left, and MIT's klist and kvno what we have left", async () => {
      mit('kinit', ['bob'], `${PASSWORD}\n`)
      const collection = kcmCaches(socket())
      const theirs = await collection.primary()
      const ccache = await theirs.load()
      assert.deepEqual(ccache?.defaultPrincipal.name.nameString, ['bob'])
      assert.ok(ccache.credentials.some(({ server }) => server.name.nameString[0] === 'krbtgt'))

      const ours = await collection.create()
      assert.equal(await ours.load(), undefined)
      await ours.save(ccache)
      // SSSD's daemon gives them in another order.
      const kept = await ours.load()
      assert.deepEqual(new Set(kept?.credentials), new Set(ccache.credentials))
      assert.deepEqual({ ...kept, credentials: [] }, { ...ccache, credentials: [] })
      assert.match(mit('klist', ['-c', ours.name]), /Default principal: bob@MIT\.TEST\n[^]*krbtgt\/MIT\.TEST@MIT\.TEST/)
      assert.match(mit('kvno', ['-c', ours.name, 'HTTP/localhost']), /HTTP\/localhost@MIT\.TEST: kvno = 1/)
      assert.equal((await ours.load())?.credentials.length, ccache.credentials.length + 1)
    })

    test("the primary cache that we choose is MIT's, and the other way round", async () => {
      const collection = kcmCaches(socket())
      for (const store of await collection.list()) {
        await collection.switchTo(store)
        assert.ok(mit('klist', []).includes(`Ticket cache: ${store.name}\n`))
        assert.equal((await collection.primary()).name, store.name)
      }
      const [first] = await collection.list()
      mit('kswitch', ['-c', first!.name])
      assert.equal((await collection.primary()).name, first!.name)
    })

    test('a destroyed cache is gone for both', async () => {
      const collection = kcmCaches(socket())
      const store = await collection.create()
      await store.save((await (await collection.primary()).load())!)
      assert.equal(await store.destroy(), true)
      assert.equal(await store.destroy(), false)
      assert.equal(await store.load(), undefined)
      assert.throws(() => mit('klist', ['-c', store.name]))
      mit('kdestroy', ['-A'])
      assert.deepEqual(await collection.list(), [])
    })

    for (const way of ['named', 'default'] as const) {
      test(`a ticket that a context needed is put back into it (${way})`, async () => {
        mit('kinit', ['alice'], `${PASSWORD}\n`)
        const krb5 = await loadDefaultKrb5Conf({ env })
        const sspi = initSecurityInterface({ krb5 })
        const credentials =
          way === 'named' ? await ccacheCredential('KCM:', { kcmSocket: socket() }) : defaultCredential({ env })
        const target = `${way === 'named' ? 'ldap' : 'HTTP'}/localhost`
        using exchange = sspi.initiate({ package: 'Kerberos', target, credentials })
        assert.ok((await exchange.step()).token)
        assert.ok(mit('klist', []).includes(`${target}@MIT.TEST`))
        mit('kdestroy', ['-A'])
      })
    }

    test('the cache of a collection is chosen by the realm of the service', async () => {
      const { realm2 } = mitKdc()
      mit('kinit', ['alice'], `${PASSWORD}\n`)
      mit('kinit', [`zoe@${realm2}`], `${PASSWORD}\n`)
      const krb5 = await loadDefaultKrb5Conf({ env })
      const sspi = initSecurityInterface({ krb5: { ...krb5, domainRealm: new Map() } })
      for (const [realm, user] of [
        [mitKdc().realm, 'alice'],
        [realm2, 'zoe'],
      ] as const) {
        const target = `HTTP/localhost${realm === realm2 ? '2' : ''}@${realm}`
        using exchange = sspi.initiate({ package: 'Kerberos', target, credentials: defaultCredential({ env }) })
        assert.ok((await exchange.step()).token)
        const stores = await kcmCaches(socket()).list()
        const caches = await Promise.all(stores.map((store) => store.load()))
        const own = caches.find((ccache) => ccache?.defaultPrincipal.name.nameString[0] === user)
        assert.ok(own?.credentials.some(({ server }) => server.name.nameString[0] === 'HTTP'))
      }
    })
  })
}
