// The Kerberos commands as far as they need files only; lab/test/kerberos-commands.test.ts has the rest.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run, type Finished } from './command.js'

const FILES = fileURLToPath(new URL('../../../../vectors/files/', import.meta.url))
/** A password that must be in no output. */
const PASSWORD = 'Secret-Öl-42'

let folder = ''
let env: Record<string, string> = {}

function command(args: readonly string[], input = '', more: Readonly<Record<string, string>> = {}): Promise<Finished> {
  return run(args, { input, env: { ...env, ...more } })
}

function succeeded({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 0, stderr)
  return stdout
}

function failed({ code, stdout, stderr }: Finished, expected: RegExp): void {
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, expected)
}

suite('commands of Kerberos on files', () => {
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sspi-cli-'))
    writeFileSync(join(folder, 'krb5.conf'), '[libdefaults]\ndefault_realm = TEST.EXAMPLE\ndns_lookup_kdc = false\n')
    env = {
      KRB5_CONFIG: join(folder, 'krb5.conf'),
      KRB5CCNAME: join(folder, 'cache'),
      KRB5_KTNAME: join(folder, 'keytab'),
      TZ: 'UTC',
    }
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })

  test('klist lists a cache of MIT, with what is asked for', async () => {
    const plain = succeeded(await command(['klist', join(FILES, 'mit-alice-v4')]))
    assert.match(plain, /^Ticket cache: FILE:.*mit-alice-v4\nDefault principal: alice@VEC\.EXAMPLE\n\nValid starting/)
    assert.match(plain, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\d{4}.* {2}krbtgt\/VEC\.EXAMPLE@VEC\.EXAMPLE$/m)
    assert.doesNotMatch(plain, /Flags|Etype|config/)
    const full = succeeded(await command(['klist', '-feaC', join(FILES, 'mit-alice-v4')]))
    assert.match(full, /Flags: [FRPIA]+/)
    assert.match(full, /Etype \(skey, tkt\): aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha1-96/)
    assert.match(full, /Addresses: \(none\)/)
    const noted = succeeded(await command(['klist', '-C', join(FILES, 'mit-s4u2self-v4')]))
    assert.match(noted, /^config: fast_avail\(krbtgt\/VEC\.EXAMPLE@VEC\.EXAMPLE\) = yes$/m)
  })

  test('klist lists every cache and keytab of the vectors, whoever wrote it, and never a key', async () => {
    const caches = ['gokrb5-ccache-v4', 'kerberosnet-krb5cc', 'kerby-test.cc', 'mit-s4u2self-v4', 'mit-t_marshal-v1']
    for (const name of caches) {
      const { tickets } = JSON.parse(succeeded(await command(['klist', '--json', join(FILES, name)]))) as {
        readonly tickets: readonly unknown[]
      }
      assert.ok(tickets.length > 0, name)
    }
    for (const name of ['mit-all-enctypes.keytab', 'kerby-sample.keytab', 'handmade-v1-little-endian.keytab']) {
      const listed = succeeded(await command(['klist', '-kte', join(FILES, name)]))
      assert.match(listed, /^Keytab name: FILE:.*\nKVNO +Timestamp +Principal +Enctype\n/)
      assert.doesNotMatch(listed, /0x/)
    }
  })

  test('klist -s tells by its exit code alone', async () => {
    const old = await command(['klist', '-s', join(FILES, 'mit-alice-v4')])
    const none = await command(['klist', '-s', join(folder, 'nothing')])
    const odd = await command(['klist', '-s', 'KEYRING:user:1000'])
    for (const { code, stdout, stderr } of [old, none, odd]) assert.deepEqual([code, stdout, stderr], [1, '', ''])
  })

  test('keys are shown when --show-keys says so, and -K alone is refused', async () => {
    const keytab = join(FILES, 'mit-krbtgt.keytab')
    failed(await command(['klist', '-kK', keytab]), /--show-keys/)
    const digits = /[0-9a-f]{32}/
    assert.match(succeeded(await command(['klist', '-kK', '--show-keys', keytab])), digits)
    assert.doesNotMatch(succeeded(await command(['klist', '-k', '--json', keytab])), digits)
    assert.match(succeeded(await command(['klist', '-kK', '--json', '--show-keys', keytab])), digits)
    assert.match(succeeded(await command(['ktutil', 'list', '--show-keys', keytab])), digits)
  })

  test('ktutil adds a key of a password to a keytab, once', async () => {
    const path = join(folder, 'one.keytab')
    const args = ['ktutil', 'add', path, '-p', 'alice', '-k', '3', '-e', 'aes256-sha1', '--password-fd', '0']
    succeeded(await command(args, `${PASSWORD}\n`))
    const [entry] = JSON.parse(succeeded(await command(['ktutil', 'list', '--json', path]))) as Record<
      string,
      unknown
    >[]
    assert.deepEqual(
      [entry?.['principal'], entry?.['kvno'], entry?.['enctype']],
      ['alice@TEST.EXAMPLE', 3, 'aes256-cts-hmac-sha1-96'],
    )
    // The same entry is not added twice.
    succeeded(await command(args, `${PASSWORD}\n`))
    assert.equal((JSON.parse(succeeded(await command(['ktutil', 'list', '--json', path]))) as unknown[]).length, 1)
  })

  test("ktutil's dialogue knows MIT's requests, and its exit code tells when one failed", async () => {
    const [one, two] = [join(folder, 'a.keytab'), join(folder, 'b.keytab')]
    const script = [
      'addent -password -p alice -k 1 -e aes256-cts',
      PASSWORD,
      'addent -key -p HTTP/x -k 2 -e aes128-cts',
      '000102030405060708090a0b0c0d0e0f',
      'list -e -t',
      'delent 1',
      `wkt ${one}`,
      'clear',
      `rkt ${one}`,
      `write_kt ${two}`,
      'lr',
      'quit',
    ]
    const { code, stdout, stderr } = await command(['ktutil'], `${script.join('\n')}\n`)
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(
      stdout,
      /^slot +KVNO +Timestamp +Principal +Enctype\n1 +1 .*alice@TEST\.EXAMPLE.*\n2 +2 .*HTTP\/x@TEST\.EXAMPLE/,
    )
    assert.equal(stdout.includes(PASSWORD), false)
    const keys = succeeded(await command(['ktutil', 'list', '--show-keys', two]))
    assert.match(keys, /^1 +2 +HTTP\/x@TEST\.EXAMPLE +\(0x000102030405060708090a0b0c0d0e0f\)$/m)
    const wrong = await command(['ktutil'], 'rkt /nowhere/at/all\nrst x\naddent -p\ndelent 9\nfoo\n')
    assert.equal(wrong.code, 1)
    for (const words of [/no such keytab/, /Kerberos 4/, /usage: addent/, /no slot 9/, /no such request/]) {
      assert.match(wrong.stderr, words)
    }
  })

  test('wrong arguments have exit code 2 where MIT has it, else 1', async () => {
    for (const [args, code, expected] of [
      [['kinit', '-l', 'soon', 'alice'], 2, /duration expected/i],
      [['kinit', 'alice', 'bob'], 2, /too many arguments/],
      [['kinit', '-R', '-v'], 2, /two things/],
      [['kdestroy', '-Z'], 2, /unknown option/],
      [['kdestroy', '-A', '-c', 'x'], 2, /give one/],
      [['kswitch'], 2, /say which cache/],
      [['klist', '-Z'], 1, /unknown option/],
      [['kvno'], 1, /missing required argument/],
      [['kpasswd', 'alice', 'bob'], 1, /too many arguments/],
    ] as const) {
      const ended = await command(args)
      assert.deepEqual([ended.code, ended.stdout], [code, ''], args.join(' '))
      assert.match(ended.stderr, expected)
    }
  })

  test('no cache to destroy is said, and is no failure', async () => {
    const told = await command(['kdestroy'])
    assert.deepEqual([told.code, told.stdout], [0, ''])
    assert.match(told.stderr, /no credentials cache found/)
    assert.deepEqual(await command(['kdestroy', '-q']), { code: 0, stdout: '', stderr: '' })
    assert.deepEqual(JSON.parse(succeeded(await command(['kdestroy', '--json']))), { destroyed: [] })
  })

  test('what goes wrong has exit code 1, whatever it is', async () => {
    failed(await command(['klist']), /no credentials cache found/)
    failed(await command(['kinit', '--password-fd', '0', 'alice'], 'x\n'), /TEST\.EXAMPLE/)
    failed(await command(['kinit', '-R']), /log on first/)
    failed(await command(['kvno', '-e', 'rot13', 'HTTP/x']), /encryption type expected/)
    failed(await command(['kvno', '-e', 'rc4-hmac', 'HTTP/x'], '', {}), /no credentials cache|not permitted/)
    failed(await command(['kswitch', '-c', join(FILES, 'mit-alice-v4')]), /belongs to no collection/)
    failed(await command(['klist', 'KEYRING:user:1000']), /keyrings cannot be reached/)
    failed(await command(['kinit', '--password-fd', '0', 'alice@@X'], 'x\n'), /no name of a principal/)
  })

  test('options of MIT that cannot be honoured are refused with a sentence', async () => {
    for (const [args, words] of [
      [['kinit', '-a', 'alice'], /kinit -a: tickets are not bound to addresses/],
      [['kinit', '-fa', 'alice'], /kinit -a: /],
      [['kinit', '-n'], /kinit -n: /],
      [['kvno', '-U', 'bob', 'HTTP/x'], /kvno -U: /],
      [['kvno', '--u2u', 'cache', 'HTTP/x'], /kvno --u2u: /],
    ] as const) {
      failed(await command(args), words)
    }
  })
})
