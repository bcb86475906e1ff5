// The Kerberos commands of `sspi` and those of MIT on the same files and the same KDC.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { commandOf, missing, mitKdc, PASSWORD, runProgram, runSspi, UTF8_PASSWORD, type Ended } from '../src/index.js'

const skip = missing('mit-kdc')

let folder = ''
let cache = ''
let env: NodeJS.ProcessEnv = {}

const inFolder = (name: string): string => join(folder, name)

/** Runs our command. */
const sspi = (args: readonly string[], input?: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  runSspi(args, { env: { ...env, ...more }, input })

/** Runs MIT's. */
const mit = (args: readonly string[], input?: string, more: NodeJS.ProcessEnv = {}): Promise<Ended> =>
  runProgram(args[0] ?? '', args.slice(1), { env: { ...env, ...more }, input })

/** Runs our kinit with the password on its standard input. */
const kinit = (args: readonly string[], password = PASSWORD, more?: NodeJS.ProcessEnv): Promise<Ended> =>
  sspi(['kinit', '--password-fd', '0', ...args], `${password}\n`, more)

function succeeded({ code, stdout, stderr }: Ended): string {
  assert.equal(code, 0, stderr)
  return stdout
}

function failed({ code, stderr }: Ended, expected: RegExp, exitCode = 1): void {
  assert.equal(code, exitCode, stderr)
  assert.match(stderr, expected)
}

suite("commands of Kerberos beside MIT's", { skip }, () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sspi-krb5-'))
    cache = inFolder('cache')
    env = {
      ...process.env,
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`,
      KRB5_CONFIG: mitKdc().krb5Conf,
      KRB5CCNAME: `FILE:${cache}`,
      KRB5_KTNAME: mitKdc().keytab,
      TZ: 'UTC',
      LC_ALL: 'C',
      NODE_DEBUG: '',
    }
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  test("MIT's klist reads what our kinit has written, flags and times among it", async () => {
    succeeded(await kinit(['-l', '2h', '-r', '1d', '-f', '-p', 'alice']))
    const listed = succeeded(await mit(['klist', '-fe']))
    assert.match(listed, /Default principal: alice@MIT\.TEST/)
    assert.match(listed, /krbtgt\/MIT\.TEST@MIT\.TEST/)
    assert.match(listed, /Flags: FPRIA/)
    assert.match(listed, /aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96/)
    const [ticket] = (JSON.parse(succeeded(await sspi(['klist', '--json']))) as { tickets: Record<string, string>[] })
      .tickets
    const seconds = (Date.parse(ticket?.['endTime'] ?? '') - Date.parse(ticket?.['startTime'] ?? '')) / 1000
    assert.equal(seconds, 7200)
    assert.equal((await mit(['klist', '-s'])).code, 0)
    // And MIT's kvno uses it.
    assert.match(succeeded(await mit(['kvno', 'HTTP/localhost'])), /HTTP\/localhost@MIT\.TEST: kvno = 1/)
  })

  test("our klist reads what MIT's kinit and kvno have written", async () => {
    succeeded(await mit(['kinit', '-r', '1d', '-F', 'bob'], `${PASSWORD}\n`))
    succeeded(await mit(['kvno', '-q', 'HTTP/localhost']))
    const listed = succeeded(await sspi(['klist', '-fe']))
    assert.match(listed, /Ticket cache: FILE:.*\nDefault principal: bob@MIT\.TEST\n/)
    assert.match(listed, /HTTP\/localhost@MIT\.TEST\n/)
    assert.match(listed, /Flags: PRI|Flags: RI/)
    assert.match(listed, /Etype \(skey, tkt\): aes256-cts-hmac-sha1-96, /)
    assert.doesNotMatch(listed, /X-CACHECONF/)
    assert.match(succeeded(await sspi(['klist', '-C'])), /config: pa_type|config: fast_avail/)
    assert.equal((await sspi(['klist', '-s'])).code, 0)
    assert.match(succeeded(await sspi(['kvno', 'ldap/localhost'])), /^ldap\/localhost@MIT\.TEST: kvno = 1\n$/)
    assert.match(succeeded(await mit(['klist'])), /ldap\/localhost@MIT\.TEST/)
  })

  test('a ticket is renewed', async () => {
    succeeded(await kinit(['-r', '1d', '-l', '10m', 'alice']))
    const before = succeeded(await sspi(['klist', '--json']))
    await new Promise((resolve) => setTimeout(resolve, 1100)) // times are in whole seconds
    succeeded(await sspi(['kinit', '-R']))
    const renewed = succeeded(await sspi(['klist', '--json']))
    assert.notEqual(renewed, before)
    succeeded(await mit(['klist', '-s']))
    succeeded(await kinit(['-l', '10m', 'alice']))
    failed(await sspi(['kinit', '-R']), /not renewable/)
  })

  test('a postdated ticket is invalid until it is validated', async () => {
    succeeded(await kinit(['-s', '1s', 'alice']))
    assert.match(succeeded(await mit(['klist', '-f'])), /Flags: [A-Za-z]*d[A-Za-z]*i/)
    await new Promise((resolve) => setTimeout(resolve, 1500))
    succeeded(await sspi(['kinit', '-v']))
    assert.doesNotMatch(succeeded(await mit(['klist', '-f'])), /Flags: [A-Za-z]*i/)
    assert.match(succeeded(await mit(['kvno', 'HTTP/localhost'])), /kvno = 1/)
    failed(await sspi(['kinit', '-v']), /no ticket in it that is to be validated/)
  })

  test('a keytab logs on, by default with the first key of the client keytab', async () => {
    succeeded(await sspi(['kinit', '-k', 'HTTP/localhost']))
    assert.match(succeeded(await mit(['klist'])), /Default principal: HTTP\/localhost@MIT\.TEST/)
    const client = { KRB5_CLIENT_KTNAME: join(mitKdc().keytab, '..', 'alice.keytab') }
    succeeded(await sspi(['kinit', '-k', '-i'], '', client))
    assert.match(succeeded(await mit(['klist'])), /Default principal: alice@MIT\.TEST/)
    failed(await sspi(['kinit', '-kt', client.KRB5_CLIENT_KTNAME, 'bob']), /no key of bob@MIT\.TEST/)
  })

  test('a service is logged on to directly', async () => {
    succeeded(await kinit(['-S', 'HTTP/localhost', 'alice']))
    const listed = succeeded(await mit(['klist']))
    assert.match(listed, /HTTP\/localhost@MIT\.TEST/)
    assert.doesNotMatch(listed, /krbtgt/)
  })

  test('canonical and enterprise names, and names outside of ASCII in passwords', async () => {
    succeeded(await kinit(['-C', 'alice']))
    succeeded(await kinit(['utf8user'], UTF8_PASSWORD))
    assert.match(succeeded(await mit(['klist'])), /utf8user@MIT\.TEST/)
    failed(await kinit(['-E', 'nobody@mail.example.com']), /KDC of MIT\.TEST.*nobody/s)
  })

  test('refusals name the KDC, the principal and a cure, with exit code 1', async () => {
    failed(await kinit(['alice'], 'wrong'), /KDC of MIT\.TEST: .*alice@MIT\.TEST.*check the password/)
    failed(await kinit(['nobody']), /nobody@MIT\.TEST.*check the spelling/)
    failed(await kinit(['disabled']), /disabled@MIT\.TEST.*disabled, locked or expired/)
    failed(await kinit(['expired']), /expired@MIT\.TEST/)
    failed(await kinit(['alice@NOWHERE.TEST']), /NOWHERE\.TEST/)
    const { stderr } = await kinit(['--json', 'alice'], 'wrong')
    const { error } = JSON.parse(stderr) as { error: Record<string, unknown> }
    assert.equal(error['code'], 'SEC_E_LOGON_DENIED')
    assert.equal(error['exitCode'], 1)
  })

  test("what MIT's options ask for and cannot be had here is refused, never passed over", async () => {
    for (const args of [['-a'], ['-n'], ['-I', 'x'], ['-X', 'a=b'], ['--request-pac']]) {
      failed(await sspi(['kinit', ...args, 'alice']), new RegExp(`kinit -?${args[0] ?? ''}: `))
    }
    for (const args of [['-U', 'bob'], ['-P'], ['--u2u', 'x']]) {
      failed(await sspi(['kvno', ...args, 'HTTP/localhost']), new RegExp(`kvno ${args[0] ?? ''}: `))
    }
  })

  test('a log-on is hidden under the tickets of another cache, as by -T of MIT', async () => {
    const armor = inFolder('armor')
    succeeded(await mit(['kinit', '-k', '-c', armor, 'host/localhost']))
    succeeded(await kinit(['-T', armor, 'alice']))
    assert.match(succeeded(await mit(['klist', '-f'])), /Default principal: alice@MIT\.TEST[^]*Flags: [A-Z]*A/)
    failed(await kinit(['-T', armor, 'alice'], 'wrong'), /check the password/)
    failed(await kinit(['-T', inFolder('nothing'), 'alice']), /no credentials cache found/)
  })

  test('a password that has expired is changed on the way, and MIT takes the new one', async () => {
    for (const [user, password] of [
      ['cli-pwexpired', 'Another-Pass-1'],
      ['cli-mustchange', 'Another-Pass-2'],
    ] as const) {
      writeFileSync(inFolder('new'), `${password}\n`, { mode: 0o600 })
      const changed = await kinit(['--new-password-file', inFolder('new'), user])
      succeeded(changed)
      assert.match(changed.stderr, /has expired/)
      assert.match(succeeded(await mit(['klist'])), new RegExp(`${user}@MIT\\.TEST`))
      succeeded(await mit(['kinit', user], `${password}\n`))
    }
  })

  test("kpasswd changes a password at MIT's kadmind, and says 2 when that refuses", async () => {
    writeFileSync(inFolder('new'), 'Fresh-Pass-3\n', { mode: 0o600 })
    const args = ['kpasswd', '--password-fd', '0', '--new-password-file', inFolder('new'), 'cli-changer']
    succeeded(await sspi(args, `${PASSWORD}\n`))
    succeeded(await mit(['kinit', 'cli-changer'], 'Fresh-Pass-3\n'))
    failed(await sspi(args, `${PASSWORD}\n`), /check the password/)
    writeFileSync(inFolder('new'), '\n', { mode: 0o600 })
    failed(await sspi(args, 'Fresh-Pass-3\n'), /was not changed/, 2)
    // The owner of the cache is who it is about.
    writeFileSync(inFolder('new'), 'Fresh-Pass-4\n', { mode: 0o600 })
    succeeded(await sspi(args.slice(0, -1), 'Fresh-Pass-3\n'))
    succeeded(await mit(['kinit', 'cli-changer'], 'Fresh-Pass-4\n'))
  })

  test('kvno crosses realms, tries keytabs, and asks for encryption types', async () => {
    succeeded(await kinit(['alice']))
    assert.match(succeeded(await sspi(['kvno', 'HTTP/localhost2'])), /^HTTP\/localhost2@MIT2\.TEST: kvno = 1\n$/)
    assert.match(succeeded(await mit(['klist'])), /HTTP\/localhost2@MIT2\.TEST/)
    const opened = succeeded(await sspi(['kvno', '-k', mitKdc().keytab, '-S', 'HTTP', 'localhost']))
    assert.match(opened, /^HTTP\/localhost@MIT\.TEST: kvno = 1, keytab entry valid\n$/)
    const alices = join(mitKdc().keytab, '..', 'alice.keytab')
    failed(await sspi(['kvno', '-k', alices, 'HTTP/localhost']), /keytab entry invalid/)
    succeeded(await sspi(['kvno', '-q', '-e', 'aes128-sha1', 'ldap/localhost']))
    assert.match(succeeded(await mit(['klist', '-e'])), /ldap\/localhost[^\n]*\n\tEtype \(skey, tkt\): aes128-cts/)
    const partly = await sspi(['kvno', 'nobody/localhost', 'imap/localhost'])
    failed(partly, /nobody\/localhost.*setspn, kadmin/)
    assert.match(partly.stdout, /imap\/localhost@MIT\.TEST: kvno = 1/)
  })

  test('kvno keeps tickets where it is told to', async () => {
    succeeded(await kinit(['alice']))
    succeeded(await sspi(['kvno', '-q', '--no-store', 'HTTP/localhost']))
    assert.doesNotMatch(succeeded(await mit(['klist'])), /HTTP/)
    failed(await sspi(['kvno', '--cached-only', 'HTTP/localhost']), /no ticket for it in the cache/)
    succeeded(await sspi(['kvno', '-q', '--out-cache', inFolder('out'), 'HTTP/localhost']))
    assert.match(succeeded(await mit(['klist', inFolder('out')])), /alice@MIT\.TEST[^]*HTTP\/localhost@MIT\.TEST/)
    succeeded(await sspi(['kvno', '-q', 'HTTP/localhost']))
    succeeded(await sspi(['kvno', '-q', '--cached-only', 'HTTP/localhost']))
  })

  test('a folder of caches is the same collection to both: list, switch, destroy', async () => {
    const collection = { KRB5CCNAME: `DIR:${inFolder('caches')}` }
    succeeded(await kinit(['alice'], PASSWORD, collection))
    succeeded(await kinit(['bob'], PASSWORD, collection))
    const listed = succeeded(await mit(['klist', '-l'], '', collection))
    assert.match(listed, /bob@MIT\.TEST[^]*alice@MIT\.TEST/)
    succeeded(await sspi(['kswitch', '-p', 'alice'], '', collection))
    assert.match(succeeded(await mit(['klist'], '', collection)), /Default principal: alice/)
    succeeded(await mit(['kinit', 'utf8user'], `${UTF8_PASSWORD}\n`, collection))
    const ours = succeeded(await sspi(['klist', '-l'], '', collection))
    assert.match(ours, /utf8user@MIT\.TEST[^]*alice@MIT\.TEST|utf8user/)
    assert.match(succeeded(await sspi(['klist', '-A'], '', collection)), /bob@MIT\.TEST/)
    succeeded(await sspi(['kdestroy', '-p', 'bob'], '', collection))
    assert.doesNotMatch(succeeded(await mit(['klist', '-l'], '', collection)), /bob/)
    succeeded(await sspi(['kdestroy', '-A'], '', collection))
    failed(await mit(['klist', '-l', '-s'], '', collection), /^/)
  })

  test('the caches of a KCM daemon are the same to both', { skip: missing('sssd-kcm') }, async () => {
    const conf = inFolder('kcm.conf')
    const socket = `[libdefaults]\n kcm_socket = ${commandOf('sssd-kcm')}`
    writeFileSync(conf, readFileSync(mitKdc().krb5Conf, 'utf8').replace('[libdefaults]', socket))
    const daemon = { KRB5_CONFIG: conf, KRB5CCNAME: 'KCM:' }
    succeeded(await kinit(['alice'], PASSWORD, daemon))
    succeeded(await kinit(['bob'], PASSWORD, daemon))
    assert.match(succeeded(await mit(['klist'], '', daemon)), /Default principal: bob@MIT\.TEST/)
    succeeded(await sspi(['kswitch', '-p', 'alice'], '', daemon))
    assert.match(succeeded(await mit(['kvno', 'HTTP/localhost'], '', daemon)), /kvno = 1/)
    assert.match(succeeded(await sspi(['klist'], '', daemon)), /alice@MIT\.TEST[^]*HTTP\/localhost@MIT\.TEST/)
    assert.match(succeeded(await sspi(['klist', '-l'], '', daemon)), /alice@MIT\.TEST[^]*bob@MIT\.TEST/)
    succeeded(await sspi(['kdestroy', '-A'], '', daemon))
    failed(await mit(['klist', '-s'], '', daemon), /^$/)
  })

  test('the client keytab is looked for where MIT of this machine looks', async () => {
    const place = /\/[^' :]*client\.keytab/
    const [ours, theirs] = [await sspi(['klist', '-ki']), await mit(['klist', '-ki'])]
    assert.equal(place.exec(ours.stderr)?.[0], place.exec(theirs.stderr)?.[0])
    assert.match(ours.stderr, place)
  })

  test('kdestroy takes the cache away, and says so when there is none', async () => {
    succeeded(await kinit(['alice']))
    succeeded(await sspi(['kdestroy']))
    assert.equal(existsSync(cache), false)
    const [ours, theirs] = [await sspi(['kdestroy']), await mit(['kdestroy'])]
    assert.deepEqual([ours.code, ours.stdout], [theirs.code, theirs.stdout])
    assert.match(ours.stderr, /no credentials cache found/i)
    assert.match(theirs.stderr, /no credentials cache found/i)
    assert.match(succeeded(await sspi(['kdestroy', '-q'])), /^$/)
    failed(await sspi(['klist']), /no credentials cache found/)
    failed(await sspi(['klist', '-s']), /^$/)
    failed(await mit(['klist', '-s']), /^$/)
  })

  test("keytabs go both ways between MIT's ktutil and ours", async () => {
    const [theirs, ours] = [inFolder('theirs.keytab'), inFolder('ours.keytab')]
    const script = `addent -password -p alice@MIT.TEST -k 1 -e aes256-cts-hmac-sha1-96\n${PASSWORD}\nwkt ${theirs}\nquit\n`
    succeeded(await mit(['ktutil'], script))
    // The same script at ours makes the same keys.
    succeeded(await sspi(['ktutil'], script.replace(theirs, ours)))
    const keysOf = async (program: typeof mit, path: string): Promise<string> =>
      succeeded(await program(['klist', '-keK', ...(program === sspi ? ['--show-keys'] : []), path]))
        .split('\n')
        .filter((line) => line.includes('alice'))
        .map((line) => line.replace(/\s+/g, ' ').trim())
        .join()
    const key = await keysOf(mit, theirs)
    assert.match(key, /1 alice@MIT\.TEST \(aes256-cts-hmac-sha1-96\) \(0x[0-9a-f]{64}\)/)
    assert.equal(await keysOf(mit, ours), key)
    assert.equal(await keysOf(sspi, theirs), key)
    succeeded(await sspi(['kinit', '-kt', ours, 'alice']))
    succeeded(await mit(['kinit', '-kt', ours, 'alice']))
  })

  test('ktutil by subcommands: add, list, copy, remove, change-salt', async () => {
    const path = inFolder('made.keytab')
    const password = ['--password-fd', '0']
    succeeded(
      await sspi(
        ['ktutil', 'add', path, '-p', 'alice', '-e', 'aes256-sha1', '-e', 'aes128-sha1', ...password],
        PASSWORD,
      ),
    )
    succeeded(await mit(['kinit', '-kt', path, 'alice']))
    succeeded(await sspi(['ktutil', 'add', path, '-p', 'HTTP/x', '-k', '7', '-e', 'aes256-sha2', '--random']))
    const listed = succeeded(await mit(['klist', '-ke', path]))
    assert.match(listed, /7 HTTP\/x@MIT\.TEST \(aes256-cts-hmac-sha384-192\)/)
    copyFileSync(path, inFolder('copy.keytab'))
    succeeded(await sspi(['ktutil', 'copy', path, inFolder('copy.keytab')]))
    assert.equal(
      (JSON.parse(succeeded(await sspi(['ktutil', 'list', '--json', inFolder('copy.keytab')]))) as []).length,
      3,
    )
    succeeded(await sspi(['ktutil', 'remove', path, '-p', 'alice', '-e', 'aes128-sha1']))
    assert.doesNotMatch(succeeded(await mit(['klist', '-ke', path])), /aes128/)
    failed(await sspi(['ktutil', 'remove', path, '-p', 'bob']), /no such entry of bob/)
    // This user's key has another salt than the default one; the KDC says which, and nobody else can tell.
    const salted = inFolder('salted.keytab')
    succeeded(
      await sspi(['ktutil', 'add', salted, '-p', 'alice', '-e', 'aes256-sha1', '-s', 'wrong', ...password], PASSWORD),
    )
    failed(await sspi(['kinit', '-kt', salted, 'alice']), /alice@MIT\.TEST/)
    succeeded(
      await sspi(['ktutil', 'change-salt', salted, '-p', 'alice', '-s', 'MIT.TESTalice', ...password], PASSWORD),
    )
    succeeded(await sspi(['kinit', '-kt', salted, 'alice']))
  })

  test('keys are shown when that is said twice, and never otherwise', async () => {
    failed(await sspi(['klist', '-kK']), /--show-keys/)
    assert.doesNotMatch(succeeded(await sspi(['klist', '-kte'])), /0x/)
    assert.doesNotMatch(succeeded(await sspi(['klist', '-k', '--json'])), /"key"/)
    failed(await sspi(['ktutil'], 'list -k\n'), /--show-keys/)
  })
})
