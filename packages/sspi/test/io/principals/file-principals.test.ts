import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { encodeUtf8, toHex } from '../../../src/bytes/index.js'
import { embeddedKdc } from '../../../src/io/embedded-kdc/index.js'
import {
  createPrincipalFile,
  filePrincipals,
  type FilePrincipals,
  type FilePrincipalsOptions,
} from '../../../src/io/principals/index.js'
import type { KdcPrincipal } from '../../../src/kdc/index.js'
import {
  Enctype,
  KerberosErrorCode,
  KerberosKey,
  NameType,
  parsePrincipal,
  readKeytab,
} from '../../../src/kerberos/index.js'
import { asReq, errorOf } from '../kdc-listener/clients.js'

const REALM = 'EXAMPLE.COM'
const QUICK: FilePrincipalsOptions = {
  enctypes: [Enctype.AES256_CTS_HMAC_SHA1_96, Enctype.AES128_CTS_HMAC_SHA1_96],
  checkMilliseconds: 0,
}
const unusable = (message: RegExp) => ({ code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message })

function pathFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-principals-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'principals')
}

async function found(principals: FilePrincipals, text: string): Promise<KdcPrincipal | undefined> {
  const { name, realm = REALM } = parsePrincipal(text)
  return principals.lookup({ principal: { name, realm }, as: 'client' })
}

function keysOf(principal: KdcPrincipal | undefined): readonly string[] {
  return (principal?.keys ?? []).map(({ kvno, key }) => `${kvno} ${key.enctype} ${toHex(key.reveal())}`)
}

test('a new realm has krbtgt and kadmin/changepw with random keys, in files for their owner alone', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  assert.equal(await principals.load(), REALM)
  const list = await principals.list()
  assert.deepEqual(
    list.map(({ name, kvno, enctypes }) => [name, kvno, enctypes]),
    [
      [`krbtgt/${REALM}@${REALM}`, 1, [18, 17]],
      [`kadmin/changepw@${REALM}`, 1, [18, 17]],
    ],
  )
  assert.equal(list[1]?.attributes.changesPasswords, true)
  if (process.platform !== 'win32') {
    for (const file of [path, `${path}.key`]) assert.equal(statSync(file).mode & 0o777, 0o600)
  }
  await assert.rejects(createPrincipalFile(path, REALM), unusable(/there is one already/))
  const other = await createPrincipalFile(pathFor(t), REALM, QUICK)
  assert.notDeepEqual(keysOf(await found(other, `krbtgt/${REALM}`)), keysOf(await found(principals, `krbtgt/${REALM}`)))
})

test('what one process writes another one reads: names, keys, attributes', async (t) => {
  const path = pathFor(t)
  const writer = await createPrincipalFile(path, REALM, QUICK)
  const attributes = {
    disabled: true,
    validFrom: new Date('2026-01-01T00:00:00Z'),
    expires: new Date('2030-01-02T03:04:05Z'),
    passwordExpires: new Date('2029-01-02T03:04:05Z'),
    mustChangePassword: false,
    requirePreauth: false,
    service: false,
    initialOnly: true,
    changesPasswords: false,
    forwardable: false,
    proxiable: true,
    renewable: false,
    postdatable: true,
    okAsDelegate: true,
    maxLifetimeSeconds: 3600,
    maxRenewSeconds: 7200,
    sessionEnctypes: [18, 26],
    maySetPasswords: true,
    authorizationData: [{ adType: 1, adData: Uint8Array.of(1, 2, 3) }],
  }
  await writer.add({
    name: 'álice/ä b',
    password: 'correct horse',
    aliases: ['ali'],
    enterpriseNames: ['alice@example.com'],
    attributes,
    passwordChanged: new Date('2026-02-03T04:05:06Z'),
  })
  const salt = Uint8Array.of(0x25, 0x20, 0xff, 0x41)
  const key = new Uint8Array(32).fill(7)
  await writer.add({
    name: 'HTTP/www',
    keys: [{ enctype: 18, key, kvno: 5, salt, s2kparams: Uint8Array.of(0, 0, 16, 0) }],
  })
  const reader = filePrincipals(path, QUICK)
  const alice = await found(reader, 'álice/ä b')
  assert.deepEqual(alice?.attributes, attributes)
  assert.deepEqual(alice.passwordChanged, new Date('2026-02-03T04:05:06Z'))
  assert.deepEqual(keysOf(alice), keysOf(await found(writer, 'álice/ä b')))
  assert.deepEqual(alice.keys[0]?.salt, encodeUtf8('EXAMPLE.COMáliceä b'))
  assert.deepEqual(await found(reader, 'ali'), alice)
  const name = { nameType: NameType.NT_ENTERPRISE, nameString: ['ALICE@example.com'] }
  assert.deepEqual(await reader.lookup({ principal: { name, realm: REALM }, as: 'client' }), alice)
  const www = await found(reader, 'HTTP/www')
  assert.deepEqual(keysOf(www), [`5 18 ${toHex(key)}`])
  assert.deepEqual(www?.keys[0]?.salt, salt)
  assert.deepEqual(www.keys[0].s2kparams, Uint8Array.of(0, 0, 16, 0))
})

test('neither passwords nor keys are in the file, or in what is printed', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  await principals.add({ name: 'alice', password: 'correct horse' })
  const alice = await found(principals, 'alice')
  const printed = [readFileSync(path, 'utf8'), inspect(principals, { depth: 9, showHidden: true }), inspect(alice)]
  const secrets = [
    'correct horse',
    ...(alice?.keys ?? []).flatMap(({ key }) => {
      const bytes = Buffer.from(key.reveal())
      return [bytes.toString('hex'), bytes.toString('base64')]
    }),
  ]
  for (const text of printed) for (const secret of secrets) assert.ok(!text.includes(secret))
})

test('a new password is the next version of the keys, and old ones stay for a while', async (t) => {
  const principals = await createPrincipalFile(pathFor(t), REALM, QUICK)
  await principals.add({ name: 'alice', password: 'one', attributes: { mustChangePassword: true } })
  const first = keysOf(await found(principals, 'alice'))
  for (const password of ['two', 'three', undefined, 'five']) await principals.setPassword('alice', password)
  const alice = await found(principals, 'alice')
  const versions = new Set(alice?.keys.map(({ kvno }) => kvno))
  assert.deepEqual([...versions], [5, 4, 3, 2])
  assert.equal(alice?.attributes.mustChangePassword, undefined)
  assert.ok(alice !== undefined && keysOf(alice).every((key) => !first.includes(key)))
  const [random] = alice.keys.filter(({ kvno }) => kvno === 4)
  assert.ok(random !== undefined)
  assert.equal(random.salt, undefined)
})

test('the KDC puts a changed password into the file', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  await principals.add({ name: 'alice', password: 'one', attributes: { mustChangePassword: true } })
  const principal = { name: { nameType: 1, nameString: ['alice'] }, realm: REALM }
  const key = KerberosKey.generate(18)
  const time = new Date('2026-05-06T07:08:09Z')
  const passwordExpires = new Date('2027-05-06T07:08:09Z')
  await principals.update({ principal, keys: [{ key, salt: encodeUtf8('salt') }], time, passwordExpires })
  const alice = await found(filePrincipals(path, QUICK), 'alice')
  assert.equal(keysOf(alice)[0], `2 18 ${toHex(key.reveal())}`)
  assert.deepEqual(alice?.passwordChanged, time)
  assert.deepEqual(alice.attributes, { passwordExpires })
  assert.equal(alice.keys.length, 3)
})

test('a change by another process is seen, and what did not change keeps its keys and its failures', async (t) => {
  const path = pathFor(t)
  const writer = await createPrincipalFile(path, REALM, QUICK)
  await writer.add({ name: 'alice', password: 'one' })
  const kdc = filePrincipals(path, QUICK)
  const before = await found(kdc, 'alice')
  const time = new Date()
  const forgetBefore = new Date(0)
  const attempt = { principal: before!.principal, succeeded: false, time, forgetBefore }
  assert.equal(await kdc.attempt(attempt), 1)
  assert.equal(await kdc.attempt(attempt), 2)
  await writer.add({ name: 'bob', password: 'two' })
  assert.notEqual(await found(kdc, 'bob'), undefined)
  const after = await found(kdc, 'alice')
  assert.equal(after?.keys[0]?.key, before?.keys[0]?.key)
  assert.equal(after?.failures?.count, 2)
  await writer.setAttributes('alice', { disabled: true })
  const disabled = await found(kdc, 'alice')
  assert.equal(disabled?.attributes.disabled, true)
  assert.equal(disabled.failures, undefined)
  await writer.setAttributes('alice', { disabled: undefined })
  assert.deepEqual((await found(kdc, 'alice'))?.attributes, {})
  assert.equal(await writer.remove('bob'), true)
  assert.equal(await writer.remove('bob'), false)
  assert.equal(await found(kdc, 'bob'), undefined)
})

test('where no look at the file is due, nobody has to wait', async (t) => {
  const path = pathFor(t)
  await createPrincipalFile(path, REALM, QUICK)
  const kdc = filePrincipals(path, { ...QUICK, checkMilliseconds: 60_000 })
  const principal = { name: { nameType: 2, nameString: ['krbtgt', REALM] }, realm: REALM }
  // A file that has just been written is not trusted to be the last one of its time.
  let answer = kdc.lookup({ principal, as: 'service' })
  while (answer instanceof Promise) {
    await answer
    await new Promise(setImmediate)
    answer = kdc.lookup({ principal, as: 'service' })
  }
  assert.equal(answer?.keys.length, 2)
})

test('names that are taken are refused, and the file stays as it is', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  await principals.add({ name: 'alice', password: 'x', aliases: ['ali'] })
  const before = readFileSync(path, 'utf8')
  const refused = { code: 'SEC_E_INVALID_PARAMETER' }
  await assert.rejects(principals.add({ name: 'alice', password: 'y' }), refused)
  await assert.rejects(principals.add({ name: 'ali' }), refused)
  await assert.rejects(principals.add({ name: 'bob', aliases: ['alice'] }), refused)
  await assert.rejects(principals.add({ name: 'bob', aliases: ['b\nkey: 1'] }), refused)
  await assert.rejects(principals.add({ name: '' }), refused)
  await assert.rejects(principals.setPassword('nobody', 'x'), refused)
  await assert.rejects(principals.setAttributes('nobody', {}), refused)
  assert.equal(readFileSync(path, 'utf8'), before)
  assert.equal(existsSync(`${path}.new`), false)
})

test('keys that are altered, moved to another principal, or under another master key let nobody in', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  await principals.add({ name: 'alice', password: 'x' })
  await principals.add({ name: 'mallory', password: 'y' })
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n')
  const keyLine = (name: string): number => lines.findIndex((line) => line === `principal: ${name}@${REALM}`) + 1
  const [alice, mallory] = [keyLine('alice'), keyLine('mallory')]
  assert.match(lines[alice] ?? '', /^ {2}key: 1 aes256-cts-hmac-sha1-96 /)
  const altered = (lines[alice] ?? '').replace(
    / ([A-Za-z0-9+/])([A-Za-z0-9+/]{20})/,
    (_, first: string, rest: string) => {
      return ` ${first === 'A' ? 'B' : 'A'}${rest}`
    },
  )
  const attempts = [
    lines.with(alice, altered),
    lines.with(alice, (lines[mallory] ?? '').replace('mallory', 'alice')),
    lines.with(alice, (lines[alice] ?? '').replace('key: 1', 'key: 2')),
  ]
  for (const attempt of attempts) {
    writeFileSync(path, attempt.join('\n'))
    await assert.rejects(
      found(filePrincipals(path, QUICK), 'mallory'),
      unusable(/alice@EXAMPLE.COM: a key was altered/),
    )
    // One that has read the good file does not go on with it.
    await assert.rejects(found(principals, 'mallory'), unusable(/altered/))
  }
  writeFileSync(path, text)
  assert.notEqual(await found(principals, 'alice'), undefined)
  const other = pathFor(t)
  await createPrincipalFile(other, REALM, QUICK)
  const mixed = filePrincipals(path, { ...QUICK, masterKeyFile: `${other}.key` })
  await assert.rejects(found(mixed, 'alice'), unusable(/or the master key is another/))
})

test('keys are overwritten by its end, those of a file that was spoiled meanwhile among them', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  await principals.add({ name: 'alice', password: 'x' })
  const good = readFileSync(path, 'utf8')
  const before = await found(principals, 'alice')
  writeFileSync(path, good.replace(/^principal: krbtgt/m, 'principal: other'))
  await assert.rejects(found(principals, 'alice'), unusable(/there is no krbtgt/))
  assert.ok(before?.keys[0]?.key.reveal(), 'a request may be under way')
  writeFileSync(path, good)
  const after = await found(principals, 'alice')
  await principals.dispose()
  for (const entry of [before, after]) assert.throws(() => entry?.keys[0]?.key.reveal(), TypeError)
})

test('files that are not in order are refused with their line, and without what stands in it', async (t) => {
  const path = pathFor(t)
  await createPrincipalFile(path, REALM, QUICK)
  const good = readFileSync(path, 'utf8')
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /principals:1: /],
    ['\n', /principals:1: a principal file begins/],
    [good.slice(0, -2), /principals:\d+: the line has no end/],
    [good.slice(0, -40), /principals:\d+: the line has no end/],
    ['#sspi-principals 2 EXAMPLE.COM\n', /principals:1: /],
    [good.replace('\n\n', '\nstray\n'), /principals:2: a line before the first/],
    [`${good}  hunter2\n`, /principals:\d+: not of the form/],
    [`${good}  disbled: yes\n`, /principals:\d+: disbled: no such line/],
    [`${good}  disabled: maybe\n`, /principals:\d+: disabled: .*form/],
    [`${good}  expires: tomorrow\n`, /principals:\d+: expires/],
    [`${good}  key: 1 aes999 AAAA\n`, /principals:\d+: key: an encryption type/],
    [`${good}  key: hunter2\n`, /principals:\d+: key: not of the form/],
    [`${good}  key: 1 aes256-cts AAA\n`, /principals:\d+: key: not base64/],
    [`${good}  key: 1 aes256-cts AAAA salt=%g1\n`, /principals:\d+: key: /],
    [`${good}  principal: twice\n`, /principals:\d+: principal: no such line/],
    [`${good}  session-enctypes: aes256-cts nothing\n`, /session-enctypes/],
    [`${good}  authorization-data: AAAA\n`, /authorization-data/],
    [good.replace(/^principal: krbtgt/m, 'principal: other'), /there is no krbtgt/],
  ]
  for (const [text, message] of wrong) {
    writeFileSync(path, text)
    await assert.rejects(filePrincipals(path, QUICK).load(), (error: Error) => {
      assert.match(error.message, message)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  }
  writeFileSync(path, good.replace('principal:', '# a comment\n\nprincipal:'))
  assert.equal(await filePrincipals(path, QUICK).load(), REALM)
  if (process.platform !== 'win32') {
    chmodSync(path, 0o644)
    await assert.rejects(filePrincipals(path, QUICK).load(), unusable(/mode 644.*chmod 600/))
    chmodSync(path, 0o600)
    chmodSync(`${path}.key`, 0o640)
    await assert.rejects(filePrincipals(path, QUICK).load(), unusable(/mode 640/))
  }
  await assert.rejects(filePrincipals(`${path}.none`, QUICK).load(), unusable(/ENOENT/))
})

test('comments between principals outlive changes of others', async (t) => {
  const path = pathFor(t)
  const principals = await createPrincipalFile(path, REALM, QUICK)
  const text = readFileSync(path, 'utf8').replace('\n\n', '\n# who runs this: ops\n')
  writeFileSync(path, text)
  await principals.add({ name: 'alice', password: 'x' })
  assert.ok(
    readFileSync(path, 'utf8').startsWith(`#sspi-principals 1 ${REALM}\n# who runs this: ops\nprincipal: krbtgt`),
  )
})

test('many writers at once lose nothing', async (t) => {
  const path = pathFor(t)
  await createPrincipalFile(path, REALM, QUICK)
  const writers = [filePrincipals(path, QUICK), filePrincipals(path, QUICK)]
  const names = Array.from({ length: 20 }, (_, at) => `host/h${at}`)
  await Promise.all(names.map((name, at) => writers[at % 2]!.add({ name })))
  const list = (await writers[0]!.list()).map(({ name }) => name)
  for (const name of names) assert.ok(list.includes(`${name}@${REALM}`), name)
})

test('a keytab has every version of the keys', async (t) => {
  const principals = await createPrincipalFile(pathFor(t), REALM, QUICK)
  await principals.add({ name: 'HTTP/www' })
  await principals.setPassword('HTTP/www', undefined)
  const { entries } = readKeytab(await principals.keytab('HTTP/www'))
  assert.deepEqual(
    entries.map(({ kvno, key, name, realm }) => [kvno, key.keytype, name.nameString.join('/'), realm]),
    [2, 1].flatMap((kvno) => [18, 17].map((enctype) => [kvno, enctype, 'HTTP/www', REALM])),
  )
})

test('a file that cannot be used is a service that is not available, not an unknown client', async (t) => {
  const path = pathFor(t)
  await createPrincipalFile(path, REALM, QUICK)
  // Another KDC each time: one KDC gives the same reply to the same request.
  const ask = async (): Promise<number> => {
    const kdc = embeddedKdc({ realm: REALM, principals: filePrincipals(path, QUICK) })
    const reply = await kdc.handle(asReq(REALM, ['krbtgt', REALM]), { service: 'kdc' })
    return errorOf(reply ?? new Uint8Array(0)).errorCode
  }
  assert.equal(await ask(), KerberosErrorCode.KDC_ERR_C_PRINCIPAL_UNKNOWN)
  writeFileSync(path, 'broken')
  assert.equal(await ask(), KerberosErrorCode.KDC_ERR_SVC_UNAVAILABLE)
})
