import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../check-entry-points.mjs', import.meta.url))
const base = mkdtempSync(join(tmpdir(), 'sspi-entry-points-'))
after(() => rmSync(base, { recursive: true }))

let trees = 0

const fileOf = (room) => (room === '.' ? './dist/src/index.js' : `./dist/src/${room}/index.js`)

/** What the check says of a library made of these built doors. */
function check(doors, exported = Object.keys(doors)) {
  const root = join(base, String(trees++))
  const write = (path, text) => {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  const exports = Object.fromEntries(exported.map((room) => [room === '.' ? '.' : `./${room}`, fileOf(room)]))
  write('packages/sspi/package.json', JSON.stringify({ name: 'sspi', version: '1.0.0', type: 'module', exports }))
  for (const [room, text] of Object.entries(doors)) write(`packages/sspi/${fileOf(room)}`, text)
  const { status, stdout } = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8' })
  return { status, stdout }
}

const bytes = 'export const name = 1\n'
const importing = (room) => `export { name } from '../${room}/index.js'\n`

test('entry points that load what they may pass', () => {
  const doors = {
    bytes,
    ntlm: importing('bytes'),
    kerberos: bytes,
    kdc: importing('kerberos'),
    system: importing('ntlm'),
  }
  assert.equal(check(doors).status, 0)
})

test('the main entry point may load every package', () => {
  const doors = { '.': "export { name } from './ntlm/index.js'\n", ntlm: importing('negotiate'), negotiate: bytes }
  assert.match(check(doors, ['.']).stdout, /passed {2}sspi\n/)
})

test('a package that loads another is refused', () => {
  const { status, stdout } = check({ ntlm: importing('negotiate'), negotiate: bytes })
  assert.equal(status, 1)
  assert.match(stdout, /FAILED {2}sspi\/ntlm\n +loads the package negotiate/)
  assert.match(stdout, /passed {2}sspi\/negotiate/)
})

test('the interface that loads a package, at whatever distance, is refused', () => {
  const { stdout } = check({ sspi: importing('bytes'), bytes: importing('ntlm'), ntlm: bytes }, ['sspi'])
  assert.match(stdout, /FAILED {2}sspi\/sspi\n +loads the package ntlm/)
})

test('an accounts room that loads a package is refused', () => {
  assert.match(check({ io: importing('ntlm'), ntlm: bytes }).stdout, /FAILED {2}sspi\/io\n +loads the package ntlm/)
})

test('an entry point that is not built is refused', () => {
  assert.match(check({}, ['ntlm']).stdout, /does not exist\nentry points: 0 passed, 1 failed/)
})

test('an entry point without exports, and one that throws, are refused', () => {
  assert.match(check({ ntlm: 'export {}\n' }).stdout, /exports nothing/)
  assert.match(check({ ntlm: "throw new Error('broken')\n" }).stdout, /import\('sspi\/ntlm'\) failed/)
})

test(
  'a top-level await is refused, since require() does not take it',
  { skip: !process.features.require_module },
  () => {
    assert.match(check({ ntlm: 'export const name = await 1\n' }).stdout, /require\('sspi\/ntlm'\) failed/)
  },
)
