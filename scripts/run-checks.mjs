/**
 * `npm test`: builds, then runs every check that needs Node only. Each check runs even when one before it failed, save
 * that nothing built is run when the build failed.
 */
import { spawnSync } from 'node:child_process'

/** The checks by the name of their npm script. */
const checks = [
  { script: 'build' },
  { script: 'format:check' },
  { script: 'lint' },
  { script: 'rules', built: true },
  { script: 'entry-points', built: true },
  { script: 'test:unit', built: true },
]

const results = []
for (const { script, built } of checks) {
  if (built && results.some((result) => result.script === 'build' && !result.passed)) {
    results.push({ script, passed: false, note: 'not run: the build failed' })
    continue
  }
  console.log(`\n== ${script}`)
  const started = Date.now()
  const { status } = spawnSync('npm', ['run', '--silent', script], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  results.push({ script, passed: status === 0, note: `${((Date.now() - started) / 1000).toFixed(1)} s` })
}

console.log('\n== checks')
for (const { script, passed, note } of results) console.log(`${passed ? 'passed' : 'FAILED'}  ${script} (${note})`)
const failed = results.filter((result) => !result.passed).length
console.log(`checks: ${results.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0
