import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { mergeProfiles, parseProfile, profileValues, readProfileFiles } from '../../../src/io/krb5-conf/index.js'
import { SspiError } from '../../../src/status/index.js'
import { readVectors } from '../../vectors.js'

interface Expected {
  readonly lookups?: readonly { readonly path: readonly string[]; readonly values: readonly string[] }[]
  readonly result?: 'ok' | 'error'
}

const refused = { name: 'SspiError', code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY' }

for (const { name, input, expected } of readVectors<{ text: string }, Expected>('kerberos/krb5-conf.json').cases) {
  test(`krb5.conf as MIT krb5 reads it: ${name}`, () => {
    if (expected.result === 'error') {
      assert.throws(() => parseProfile(input.text), refused)
      return
    }
    const profile = parseProfile(input.text)
    for (const { path, values } of expected.lookups ?? []) {
      // The vectors' look-ups show no empty values, which libprofile has.
      assert.deepEqual(
        profileValues(profile, path).filter((value) => value !== ''),
        values,
        path.join('.'),
      )
    }
  })
}

const read = (text: string, ...path: string[]): readonly string[] => profileValues(parseProfile(text), path)

// Each answer is that of libprofile of MIT krb5 1.20.1 to the same text.
test('values are taken as libprofile takes them', () => {
  const a = (line: string): readonly string[] => read(`[s]\n ${line}\n`, 's', 'a')
  assert.deepEqual(a('a = ""'), [''])
  assert.deepEqual(a('a = 1*'), ['1*'])
  assert.deepEqual(a('a* = 1\n a = 2'), ['1', '2'])
  assert.deepEqual(a('a = { b'), ['{ b'])
  assert.deepEqual(a('a = "x" y'), ['x'])
  assert.deepEqual(a('a = "x'), ['x'])
  assert.deepEqual(a('a = "\\b\\x\\\\"'), ['\bx\\'])
  assert.deepEqual(a('a = x\\ny'), ['x\\ny'])
  assert.deepEqual(a('a = 1 = 2'), ['1 = 2'])
})

test('sections of one name are one, wherever their braces stand', () => {
  const b = (text: string): readonly string[] => read(text, 's', 'a', 'b')
  assert.deepEqual(b('[s]\n a =\n{\n b = 1\n}\n'), ['1'])
  assert.deepEqual(b('[s]\n a =   {   \n b=1\n} x\n'), ['1'])
  assert.deepEqual(b('[s]\na = {\n b = 1\n}\na = {\n b = 2\n}\n'), ['1', '2'])
  assert.deepEqual(b('[s]\na = {\n b = 1\n}*\na = {\n b = 2\n}\n'), ['1', '2'])
  assert.deepEqual(b('[s]\na* = {\n b = 1\n}\n'), ['1'])
})

test('what stands before the first section is a comment', () => {
  assert.deepEqual(read('junk junk\n = \n[s]\na=1\n', 's', 'a'), ['1'])
  assert.deepEqual(read('  [s]\n a=1\n', 's', 'a'), [])
})

test('a byte order mark and a comment behind a section are no harm', () => {
  assert.deepEqual(read('\uFEFF[s] # c\na=1\n', 's', 'a'), ['1'])
})

test('what is no statement is refused, with its line', () => {
  for (const line of ['a b = 1', '= 1', 'junk', '}', '[s', '[s] x', 'x = {\n[t]', 'a =\nb = 1']) {
    const last = 2 + line.split('\n').length
    assert.throws(() => parseProfile(`[s]\n\n${line}\n`), { ...refused, message: new RegExp(`^krb5.conf:${last}: `) })
  }
  assert.throws(() => parseProfile('module /lib/x.so:y\n'), refused)
  assert.throws(() => parseProfile(`[s]\n${'a = {\n'.repeat(1000)}`), refused)
})

test('the path of a file to include may have very many blanks in it', () => {
  const text = `include a${' '.repeat(500_000)}b`
  assert.throws(() => parseProfile(text), refused)
})

test('a text alone includes nothing', () => {
  assert.throws(() => parseProfile('[s]\ninclude /etc/krb5.conf\n'), refused)
})

test('a final section is not added to by later files', () => {
  const merged = (...texts: readonly string[]): readonly string[] =>
    profileValues(mergeProfiles(texts.map((text) => parseProfile(text))), ['s', 'a', 'b'])
  const section = (head: string, tail: string, value: number): string => `[s]${head}\na = {\n b = ${value}\n}${tail}\n`
  assert.deepEqual(merged(section('', '', 1), section('', '', 2)), ['1', '2'])
  assert.deepEqual(merged(section('*', '', 1), section('', '', 2)), ['1'])
  assert.deepEqual(merged(section('', '*', 1), section('', '', 2)), ['1'])
  assert.deepEqual(merged('[s]*\nc = 1\n', section('', '', 2)), [])
  assert.deepEqual(merged(section('', '', 1), section('*', '', 2), section('', '', 3)), ['1', '2'])
})

test('the parser throws nothing but SspiError', () => {
  const pieces = ['[s]', '[', ']', '{', '}', '*', '=', '"', '\\', 'a', ' ', '\n', '#', 'include /x', 'module x', '\r\n']
  let seed = 1
  const next = (below: number): number => (seed = (seed * 48_271) % 0x7fff_ffff) % below
  for (let round = 0; round < 3000; round++) {
    const text = Array.from({ length: next(30) }, () => pieces[next(pieces.length)]!).join('')
    try {
      parseProfile(`[s]\n${text}`)
    } catch (error) {
      assert.ok(error instanceof SspiError, text)
    }
  }
})

async function folderOf(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sspi-krb5-conf-'))
  context.after(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'd'))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text.replaceAll('$', folder))
  return folder
}

test('files include files and folders', async (t) => {
  const folder = await folderOf(t, {
    main: '[s]\na = 1\ninclude $/one\na = 4\nincludedir $/d\n',
    one: 'not in a section\n[s]\na = 2\n[t]\na = 9\n',
    'd/20-b': '[s]\na = 6\n',
    'd/10.x.conf': '[s]\na = 5\n',
    'd/.hidden.conf': '[s]\na = no\n',
    'd/old~': '[s]\na = no\n',
    'd/30.rpmsave': '[s]\na = no\n',
    'd/40-empty': '',
  })
  const profile = await readProfileFiles([join(folder, 'main')])
  assert.deepEqual(profileValues(profile, ['s', 'a']), ['1', '2', '4', '5', '6'])
  assert.deepEqual(profileValues(profile, ['t', 'a']), ['9'])
})

test('of several files those that are missing are passed over, as long as one is there', async (t) => {
  const folder = await folderOf(t, { main: '[s]\na = 1\n', other: '[s]\na = 2\n' })
  const none = join(folder, 'none')
  const profile = await readProfileFiles([none, join(folder, 'main'), join(folder, 'other')])
  assert.deepEqual(profileValues(profile, ['s', 'a']), ['1', '2'])
  await assert.rejects(readProfileFiles([none]), refused)
  await assert.rejects(readProfileFiles([]), refused)
})

test('an included file that is missing, wrong or the file itself is refused, with its place', async (t) => {
  const folder = await folderOf(t, {
    gone: '[s]\ninclude $/nothing\n',
    goneFolder: '[s]\n\nincludedir $/nothing\n',
    round: '[s]\ninclude $/round\n',
    bad: '[s]\ninclude $/worse\n',
    worse: '[s]\nx\n',
    good: '[s]\na = 1\n',
  })
  const rejects = (name: string, message: RegExp): Promise<void> =>
    assert.rejects(readProfileFiles([join(folder, name), join(folder, 'good')]), { ...refused, message })
  await rejects('gone', /gone:2: include .*nothing/)
  await rejects('goneFolder', /goneFolder:3: includedir .*nothing/)
  await rejects('round', /round:2: include: files more than 10 deep/)
  await rejects('bad', /worse:2: /)
})
