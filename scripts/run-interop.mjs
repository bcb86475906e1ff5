/** `npm run test:interop`: builds, then lets `lab/run` install and start the peers and run the tests against them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

process.exitCode = run('npm', ['run', '--silent', 'build']) || lab()

function lab() {
  if (existsSync('lab/run')) return run('bash', ['lab/run', ...process.argv.slice(2)])
  console.log('lab/run does not exist')
  return 1
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (error) console.log(String(error))
  return status ?? 1
}
