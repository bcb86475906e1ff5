/**
 * Runs tests with Node's runner, whose oldest supported form does not expand globs itself.
 *
 *   node scripts/run-tests.mjs [--node <path>] [--tools] [--most-seconds <number>] [file or folder …]
 *
 * Without files: every built `*.test.js` of the packages and examples; `--tools` adds the tests of `scripts/`. A file that
 * takes longer than `--most-seconds` is ended. The last line is always `unit tests: N passed, N failed, N skipped (…)`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    node: { type: 'string', default: process.execPath },
    tools: { type: 'boolean', default: false },
    // Ten times what the longest file takes on an idle machine.
    'most-seconds': { type: 'string', default: '300' },
  },
})

const files = (positionals.length > 0 ? positionals : unitTests()).flatMap(testsIn)
process.exitCode = run(files)

function unitTests() {
  const packages = readdirSync('packages').map((name) => `packages/${name}/dist/test`)
  return [...packages, 'examples/dist/test', ...(values.tools ? ['scripts/test'] : [])].filter((path) =>
    existsSync(path),
  )
}

/** The test files under a path, in order. A built file whose source is gone is a left-over of an earlier build. */
function testsIn(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .filter((file) => /\.test\.m?js$/.test(file))
    .filter((file) => existsSync(file.replace(/\bdist[\\/](.*)\.js$/, '$1.ts')))
    .sort()
}

function run(files) {
  if (files.length === 0) {
    console.log(`no test file found\nunit tests: 0 passed, 1 failed, 0 skipped`)
    return 1
  }
  const folder = mkdtempSync(join(tmpdir(), 'sspi-tests-'))
  const counts = join(folder, 'counts.tap')
  const reporters = ['spec', 'stdout', 'tap', counts].map(
    (value, at) => `--test-reporter${at % 2 === 0 ? '' : '-destination'}=${value}`,
  )
  const started = Date.now()
  // By itself the runner leaves one core idle, which is half of a machine with two.
  const concurrency = `--test-concurrency=${availableParallelism()}`
  // A test that fails before it closes its server would keep its file, and with it the run, from ever ending. The runners of
  // Node 20 and 22 end the file, too, after the time that a test has; later ones leave that to what each file loads first.
  const milliseconds = Number(values['most-seconds']) * 1000
  const limits = [
    `--test-timeout=${Math.round(milliseconds * 0.8)}`,
    `--import=${new URL(`test-file-limit.mjs?${milliseconds}`, import.meta.url).href}`,
  ]
  const { status, error } = spawnSync(values.node, [...limits, '--test', concurrency, ...reporters, ...files], {
    stdio: 'inherit',
  })
  if (error) console.log(String(error))
  const tap = existsSync(counts) ? readFileSync(counts, 'utf8') : ''
  rmSync(folder, { recursive: true })

  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(tap)?.[1] ?? 0)
  const passed = count('pass')
  // A runner that ended badly without a failed test to show for it has failed all the same.
  const failed = Math.max(count('fail') + count('cancelled'), status === 0 && passed > 0 ? 0 : 1)
  const { stdout } = spawnSync(values.node, ['--version'], { encoding: 'utf8' })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  const where = `Node ${String(stdout).trim()}, ${files.length} files, ${seconds} s`
  console.log(`unit tests: ${passed} passed, ${failed} failed, ${count('skipped')} skipped (${where})`)
  return failed > 0 ? 1 : 0
}
