import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../run-tests.mjs', import.meta.url))
const base = mkdtempSync(join(tmpdir(), 'sspi-run-tests-'))
after(() => rmSync(base, { recursive: true }))

let trees = 0

/** The last line and the exit code of a run over a tree of files. */
function run(files, args = []) {
  const root = join(base, String(trees++))
  for (const [path, text] of Object.entries({ 'packages/sspi/package.json': '{ "type": "module" }', ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  // The runner refuses to run inside itself, and knows by this variable.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const { status, stdout } = spawnSync(process.execPath, [script, ...args], { cwd: root, env, encoding: 'utf8' })
  return { status, last: stdout.trim().split('\n').at(-1).replace(/ \(.*/, '') }
}

const built = (name, text) => ({
  [`packages/sspi/dist/test/${name}.test.js`]: text,
  [`packages/sspi/test/${name}.test.ts`]: '',
})
const body = (line) => `import { test } from 'node:test'\n${line}\n`

test('the run counts what passed, failed and was skipped, in files at any depth', () => {
  const files = {
    ...built('ntlm/session', body("test('a', () => {})\ntest('b', () => { throw new TypeError('b') })")),
    ...built('bytes', body("test('c', { skip: 'for a reason' }, () => {})\ntest('d', () => {})")),
  }
  assert.deepEqual(run(files), { status: 1, last: 'unit tests: 2 passed, 1 failed, 1 skipped' })
})

test('a run in which all passes ends well', () => {
  const result = run(built('bytes', body("test('a', () => {})")))
  assert.deepEqual(result, { status: 0, last: 'unit tests: 1 passed, 0 failed, 0 skipped' })
})

test('a file that does not load has failed', () => {
  assert.deepEqual(run(built('bytes', "import './missing.js'\n")), {
    status: 1,
    last: 'unit tests: 0 passed, 1 failed, 0 skipped',
  })
})

test('a file that is left running by a test is ended, and has failed', () => {
  const leaving = "test('a', () => { setInterval(() => {}, 1000) })"
  const { status, last } = run(built('bytes', body(leaving)), ['--most-seconds', '3'])
  assert.equal(status, 1)
  assert.match(last, / [1-9] failed, /)
})

test('a run without test files has failed', () => {
  assert.deepEqual(run({}), { status: 1, last: 'unit tests: 0 passed, 1 failed, 0 skipped' })
})

test('a Node that cannot be started has failed', () => {
  const result = run(built('bytes', body("test('a', () => {})")), ['--node', join(base, 'no-such-node')])
  assert.deepEqual(result, { status: 1, last: 'unit tests: 0 passed, 1 failed, 0 skipped' })
})

test('a built test whose source is gone is not run', () => {
  const files = { ...built('bytes', body("test('a', () => {})")), 'packages/sspi/dist/test/old.test.js': 'bad syntax' }
  assert.equal(run(files).status, 0)
})
