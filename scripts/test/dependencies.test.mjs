import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const workspaces = ['.', 'packages/sspi', 'packages/sspi-cli', 'packages/sspi-spake', 'examples', 'lab', 'bench']
const manifests = workspaces.map((folder) => ({ folder, manifest: JSON.parse(read(`${folder}/package.json`)) }))
const lock = JSON.parse(read('package-lock.json'))

test('each dependency is pinned exactly, and docs/dependencies.md has its row with that version', () => {
  const page = read('docs/dependencies.md')
  for (const { folder, manifest } of manifests) {
    for (const [name, named] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      // Two majors of one package: the other goes by a name of its own.
      const version = named.replace(/^npm:.+@/, '')
      assert.match(version, /^\d+\.\d+\.\d+$/, `${folder}: ${name}`)
      if (name.startsWith('sspi')) continue
      const row = page.split('\n').find((line) => line.startsWith(`| [${name}](`))
      assert.equal(row?.split('|')[2]?.trim(), version, `${folder}: ${name}`)
    }
  }
})

test('the library has no runtime dependency', () => {
  const { manifest } = manifests.find(({ folder }) => folder === 'packages/sspi')
  for (const field of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
    assert.deepEqual(Object.keys(manifest[field] ?? {}), [], field)
  }
})

test('no package of ours has an install script', () => {
  for (const { folder, manifest } of manifests) {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      assert.equal(manifest.scripts?.[script], undefined, `${folder}: ${script}`)
    }
  }
})

test('the lock file names no registry, and nothing in it runs an install script', () => {
  for (const [path, entry] of Object.entries(lock.packages)) {
    assert.ok(entry.resolved === undefined || entry.link, path)
    assert.ok(entry.hasInstallScript === undefined, path)
    // Without an address the hash is all that says what is installed.
    if (path.includes('node_modules/') && !entry.link && !entry.inBundle) assert.ok(entry.integrity, path)
  }
})
