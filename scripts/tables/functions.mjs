/** docs/functions.md: every function of sspi.h, and what there is of it here. */
import { readFileSync } from 'node:fs'
import { cells, escaped, Notes, testCell } from './markdown.mjs'
import { testsOf } from './tests.mjs'

const manifest = JSON.parse(readFileSync(new URL('../../packages/sspi/package.json', import.meta.url), 'utf8'))
export const list = JSON.parse(readFileSync(new URL('functions.json', import.meta.url), 'utf8'))

/** Every function that can be called: of the entry points, and of what their classes make. By name, with the entry point. */
export async function callable() {
  const found = new Map()
  for (const [subpath, file] of Object.entries(manifest.exports)) {
    if (!file.endsWith('.js')) continue
    const entry = subpath.replace('.', 'sspi')
    const module = await import(new URL(`../../packages/sspi/${file}`, import.meta.url))
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'function') continue
      const methods = methodsOf(value.prototype)
      for (const method of [name, ...methods]) if (!found.has(method)) found.set(method, entry)
    }
  }
  return found
}

function methodsOf(prototype) {
  if (prototype === undefined || prototype === null || prototype === Object.prototype) return []
  return [...Object.getOwnPropertyNames(prototype), ...methodsOf(Object.getPrototypeOf(prototype))]
}

/** The name of a function here: as in the header, beginning small. */
export function nameHere(name) {
  return name[0].toLowerCase() + name.slice(1)
}

/** One row for each function. */
export function rows(found, results) {
  return list.groups.flatMap(({ name: group, functions }) =>
    functions.map(({ name, per, why }) => {
      const here = nameHere(name)
      const entry = found.get(here)
      const tests = entry === undefined ? [] : testsOf(here, name)
      const packages = per === undefined || entry === undefined ? undefined : packagesOf(name, results)
      return { group, name, here, entry, why: entry === undefined ? why : undefined, packages, tests }
    }),
  )
}

function packagesOf(name, results) {
  return Object.entries(results).map(([of, functions]) => {
    const reasons = list.packages[name]
    return { of, has: functions[name], why: functions[name] ? undefined : (reasons?.[of] ?? reasons?.['*']) }
  })
}

/** What is wrong: a function that is neither there nor explained, one without a test, a package without a reason. */
export function wrongRows(all) {
  return all.flatMap(({ name, entry, why, packages = [], tests }) => {
    const wrong = packages
      .filter(({ has, why }) => !has && !why)
      .map(({ of }) => `${name}: ${of} does not have it, and no reason is given`)
    if (packages.some(({ has }) => has === undefined)) wrong.push(`${name}: it was not tried`)
    if (entry === undefined) return why ? wrong : [...wrong, `${name}: neither there nor explained`]
    if (!tests.some(({ title }) => title !== undefined)) wrong.push(`${name}: no test has it in its title`)
    return wrong
  })
}

/** The page. */
export function functionsPage(all) {
  const notes = new Notes()
  const groups = list.groups.map(({ name }) => {
    const lines = all.filter(({ group }) => group === name).map((row) => line(row, notes))
    return `## ${name}\n\n${cells(['sspi.h', 'Here', 'Packages', 'Tests'], lines)}`
  })
  const there = all.filter(({ entry }) => entry !== undefined).length
  return `# The functions of sspi.h

${all.length} functions, without counting the forms for wide and narrow characters apart; ${there} of them are here, of the others it is said why not. Made by
\`npm run tables\` from the code, from a run of every package, and from \`scripts/tables\`; \`npm test\` fails when this page is not what comes of it.

Functions of \`sspi\` are methods of what \`initSecurityInterface()\` gives, but for that itself. Where packages differ, each was tried. Tests are those whose
titles name the function; those of \`compliance\` run for every package.

${groups.join('\n\n')}

## Why not

${notes.list()}
`
}

function line({ name, here, entry, why, packages, tests }, notes) {
  if (entry === undefined) return [`\`${name}\``, '—', notes.of(why), '—']
  return [
    `\`${name}\``,
    `\`${here}\`${entry === 'sspi' ? '' : ` of \`${entry}\``}`,
    packageCell(packages, notes),
    testCell(tests),
  ]
}

function packageCell(packages, notes) {
  if (packages === undefined) return 'no matter which'
  const having = packages.filter(({ has }) => has).map(({ of }) => escaped(of))
  const missing = packages.filter(({ has }) => !has).map(({ of, why }) => `${escaped(of)} ${notes.of(why)}`)
  if (missing.length === 0) return 'all'
  return `${having.join(', ') || 'none of these'}; not ${missing.join(', ')}`
}
