/**
 * Imports each entry point of the library in a process of its own and looks at what it loaded: an entry point of the
 * lower rows loads no security package, the one of a package loads no other. Also that `require()` takes each of them
 * (no top-level await anywhere below), and that each exports something.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entryPoints, extensionEntryPoints } from './entry-points.mjs'
import { packageRow, rooms } from './rooms.mjs'

const packages = rooms.filter((room) => room.row === packageRow).map((room) => room.name)

/** The security packages that an entry point may load. */
function allowedPackages(name, room) {
  // An extension of Kerberos, which loads no other.
  if (name === 'sspi-spake') return ['kerberos']
  // Keytabs and ticket caches are Kerberos' own formats.
  if (name === 'sspi/krb5') return ['kerberos']
  if (packages.includes(room)) return [room]
  // The embedded KDC speaks the protocol of the room kerberos.
  if (room === 'kdc' || name === 'sspi/kdc') return ['kerberos']
  // The main entry point, the composition root and what stands on it load the packages; the rooms below it none.
  return rooms.some((other) => other.name === room && other.row < 8) ? [] : packages
}

const all = [...entryPoints, ...extensionEntryPoints]
let failed = 0
for (const { name, room, built } of all) {
  const problems = existsSync(built) ? check(name, room) : [`${built} does not exist`]
  if (problems.length > 0) failed++
  console.log(
    problems.length === 0
      ? `passed  ${name}`
      : `FAILED  ${name}\n${problems.map((line) => `        ${line}`).join('\n')}`,
  )
}
console.log(`entry points: ${all.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function check(name, room) {
  const imported = loaded(
    `const door = await import('${name}'); process.exitCode = Object.keys(door).length > 0 ? 0 : 3`,
    'module',
  )
  if (imported.status === 3) return ['exports nothing']
  if (imported.status !== 0) return [`import('${name}') failed: ${imported.stderr}`]
  if (room !== undefined && !imported.rooms.has(room)) return [`did not load its own room ${room}`]
  const allowed = allowedPackages(name, room)
  const problems = packages
    .filter((other) => imported.rooms.has(other) && !allowed.includes(other))
    .map((other) => `loads the package ${other}`)
  if (process.features.require_module) {
    const required = loaded(`require('${name}')`, 'commonjs')
    if (required.status !== 0) problems.push(`require('${name}') failed: ${required.stderr}`)
  }
  return problems
}

/** Runs a text in a fresh process and answers the rooms whose files it loaded: V8's coverage names every script. */
function loaded(text, type) {
  const folder = mkdtempSync(join(tmpdir(), 'sspi-loaded-'))
  const { status, stderr } = spawnSync(process.execPath, [`--input-type=${type}`, '--eval', text], {
    encoding: 'utf8',
    // Inside a package its own name resolves by its `exports`, as it does for its users.
    cwd: 'packages/sspi',
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  })
  const urls = readdirSync(folder).flatMap((file) =>
    JSON.parse(readFileSync(join(folder, file), 'utf8')).result.map((script) => script.url),
  )
  rmSync(folder, { recursive: true })
  const seen = urls.map((url) => /\/packages\/sspi\/dist\/src\/([^/]+)\//.exec(url)?.[1]).filter((room) => room)
  return { status, stderr, rooms: new Set(seen) }
}
