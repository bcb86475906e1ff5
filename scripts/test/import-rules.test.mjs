import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { cruise } from 'dependency-cruiser'
import config from '../../.dependency-cruiser.mjs'
import { rooms } from '../rooms.mjs'

const base = mkdtempSync(join(tmpdir(), 'sspi-import-rules-'))
after(() => rmSync(base, { recursive: true }))

let trees = 0

/** What a tree of files breaks: the importing file, the rule, the imported file. */
async function violations(files) {
  const baseDir = join(base, String(trees++))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(baseDir, dirname(path)), { recursive: true })
    writeFileSync(join(baseDir, path), text)
  }
  const { output } = await cruise(['packages'], {
    ...config.options,
    ruleSet: { forbidden: config.forbidden },
    validate: true,
    baseDir,
  })
  return output.summary.violations
}

const seen = new Set()

/** The names of the rules that a tree of files breaks, each once. */
async function broken(files) {
  const names = (await violations(files)).map((violation) => violation.rule.name)
  for (const name of names) seen.add(name)
  return [...new Set(names)].sort()
}

const src = (path) => `packages/sspi/src/${path}`
const door = (room) => src(`${room}/index.ts`)

/** Two rooms, the first importing the door of the second; by value or as a type. */
const importing = (from, to, keyword = 'import') => ({
  [door(from)]: `${keyword} { name } from '../${to}/index.js'\nexport const other = 1 as unknown as typeof name\n`,
  [door(to)]: 'export const name = 1\n',
})

/** A tree in which every room imports every other, from a file of its own, and two of Node's modules. */
const all = violations(
  Object.fromEntries(
    rooms.flatMap(({ name }) => [
      [door(name), 'export const name = 1\n'],
      [src(`${name}/node-crypto.ts`), "import { createHash } from 'node:crypto'\ncreateHash('md5')\n"],
      [src(`${name}/node-files.ts`), "import { readFileSync } from 'fs'\nreadFileSync('x')\n"],
      ...rooms
        .filter((other) => other.name !== name)
        .map((other) => [
          src(`${name}/uses-${other.name}.ts`),
          `import { name } from '../${other.name}/index.js'\nexport const x = name\n`,
        ]),
    ]),
  ),
)

/** The rules that these files of the tree break, each with what they import. */
const refusals = async (room, from) =>
  (await all)
    .filter((violation) => from.test(violation.from) && violation.from.startsWith(src(`${room.name}/`)))
    .map(({ rule, to }) => {
      seen.add(rule.name)
      return `${rule.name} ${to}`
    })

for (const room of rooms) {
  test(`${room.name}, row ${room.row}, may import from smaller rows only`, async () => {
    const closed = rooms.filter((other) => other !== room && other.row >= room.row)
    const refused = await refusals(room, /\/uses-/)
    assert.deepEqual(refused.sort(), closed.map(({ name }) => `row-${room.name} ${door(name)}`).sort())
  })

  test(`${room.name} may import of Node: ${room.node}`, async () => {
    const crypto = await refusals(room, /\/node-crypto/)
    assert.deepEqual(crypto, room.node === 'crypto' ? [] : ['crypto-only crypto'])
    const files = await refusals(room, /\/node-files/)
    const refusal = room.node === 'crypto' ? 'no-node-but-crypto' : 'no-node'
    assert.deepEqual(files, room.node === 'all' ? [] : [`${refusal} fs`])
  })
}

test('an import of a type counts as an import', async () => {
  assert.deepEqual(await broken(importing('bytes', 'sspi', 'import type')), ['row-bytes'])
})

test('an export from another room and a dynamic import count as imports', async () => {
  const target = { [door('negotiate')]: 'export const name = 1\n' }
  const reExport = { [door('ntlm')]: "export { name } from '../negotiate/index.js'\n" }
  assert.deepEqual(await broken({ ...target, ...reExport }), ['row-ntlm'])
  const dynamic = { [door('ntlm')]: "export const load = () => import('../negotiate/index.js')\n" }
  assert.deepEqual(await broken({ ...target, ...dynamic }), ['row-ntlm'])
})

test('node:crypto/… and a bare crypto are node:crypto too', async () => {
  assert.deepEqual(await broken({ [door('net')]: "import { createHash } from 'crypto'\ncreateHash('md5')\n" }), [
    'crypto-only',
  ])
})

test('a room is not entered past its door', async () => {
  const files = {
    [src('ntlm/package.ts')]: "import { md4 } from '../crypto/md4.js'\nmd4()\n",
    [src('crypto/md4.ts')]: 'export const md4 = () => 1\n',
  }
  assert.deepEqual(await broken(files), ['door'])
})

test('a door may stand deeper in a room, and imports inside a room are free', async () => {
  const files = {
    [src('system/driver.ts')]: "import { accounts } from '../io/accounts/index.js'\naccounts()\n",
    [src('io/accounts/index.ts')]: "export { accounts } from '../stores/memory.js'\n",
    [src('io/stores/memory.ts')]: 'export const accounts = () => 1\n',
  }
  assert.deepEqual(await broken(files), [])
})

test('a file outside the rooms is refused, as importer and as imported', async () => {
  const files = {
    [src('attic/index.ts')]: "import { name } from '../bytes/index.js'\nname()\n",
    [door('bytes')]: 'export const name = () => 1\n',
  }
  assert.deepEqual(await broken(files), ['known-room-from'])
  const imported = {
    [door('ntlm')]: "import { name } from '../attic/index.js'\nname()\n",
    [src('attic/index.ts')]: 'export const name = () => 1\n',
  }
  assert.deepEqual(await broken(imported), ['known-room'])
})

test('the main entry point opens doors only', async () => {
  const files = {
    [src('index.ts')]: "export { name } from './system/index.js'\n",
    [door('system')]: "export { name } from './driver.js'\n",
    [src('system/driver.ts')]: 'export const name = 1\n',
  }
  assert.deepEqual(await broken(files), [])
  assert.deepEqual(await broken({ ...files, [src('index.ts')]: "export { name } from './system/driver.js'\n" }), [
    'front-door',
  ])
})

test('no room imports the main entry point', async () => {
  const files = {
    [src('testing/index.ts')]: "import { name } from '../index.js'\nname()\n",
    [src('index.ts')]: "export { name } from './system/index.js'\n",
    [door('system')]: 'export const name = () => 1\n',
  }
  assert.deepEqual(await broken(files), ['front-door-from-inside'])
})

test('files that import one another in a circle are refused', async () => {
  const files = {
    [src('ntlm/initiator.ts')]: "import { b } from './session.js'\nexport const a = () => b\n",
    [src('ntlm/session.ts')]: "import { a } from './initiator.js'\nexport const b = () => a\n",
  }
  assert.deepEqual(await broken(files), ['no-cycle'])
})

const redis = {
  'node_modules/redis/package.json': '{ "name": "redis", "version": "1.0.0", "main": "index.js" }',
  'node_modules/redis/index.js': 'exports.createClient = () => 1\n',
}

test('the library imports no package', async () => {
  const files = { ...redis, [src('io/redis.ts')]: "import { createClient } from 'redis'\ncreateClient()\n" }
  assert.deepEqual(await broken(files), ['no-runtime-dependency'])
})

test('an import that resolves to nothing is refused', async () => {
  assert.deepEqual(await broken({ [door('ntlm')]: "import { x } from './missing.js'\nx()\n" }), ['resolvable'])
})

test('the command comes in by the entry points of the library only', async () => {
  const manifest = '{ "name": "sspi-cli", "version": "1.0.0", "dependencies": { "sspi": "1.0.0" } }'
  const files = {
    'packages/sspi-cli/package.json': manifest,
    'packages/sspi-cli/src/main.ts': "import { name } from '../../sspi/src/system/index.js'\nname()\n",
    [door('system')]: 'export const name = () => 1\n',
  }
  assert.deepEqual(await broken(files), ['entry-points-only'])
})

test('the command imports only the packages that it declares', async () => {
  const manifest = (field) => `{ "name": "sspi-cli", "version": "1.0.0", "${field}": { "redis": "1.0.0" } }`
  const main = { 'packages/sspi-cli/src/main.ts': "import { createClient } from 'redis'\ncreateClient()\n" }
  for (const [field, expected] of [
    ['dependencies', []],
    ['devDependencies', ['declared']],
    ['keywords', ['declared']],
  ]) {
    const files = { ...redis, ...main, 'packages/sspi-cli/package.json': manifest(field) }
    assert.deepEqual(await broken(files), expected, field)
  }
})

test('each rule was broken by one of the trees above', () => {
  const names = config.forbidden.map((rule) => rule.name).filter((name) => !name.startsWith('row-'))
  assert.deepEqual([...seen].filter((name) => !name.startsWith('row-')).sort(), names.sort())
})
