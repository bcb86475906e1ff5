/**
 * `npm run coverage`: the unit tests under c8, which fails below the thresholds of `.c8rc.json`.
 *
 * A file of types alone compiles to nothing that could be run, and c8 would count it as never run: it is left out.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const typesOnly = readdirSync('packages')
  .map((name) => `packages/${name}/dist/src`)
  .flatMap((folder) => readdirSync(folder, { recursive: true }).map((name) => join(folder, name)))
  .filter((file) => file.endsWith('.js') && /^export \{\};\s*(\/\/#.*\s*)?$/.test(readFileSync(file, 'utf8')))
  .map((file) => file.replace(/\bdist[\\/](.*)\.js$/, '$1.ts').replaceAll('\\', '/'))

const exclude = ['**/test/**', ...typesOnly].flatMap((path) => ['--exclude', path])
const { status } = spawnSync('c8', [...exclude, 'node', 'scripts/run-tests.mjs'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
process.exitCode = status ?? 1
