/** Where tests stand, and whether there is one of a name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const OWN = 'packages/sspi/test/'
/** Folders of tests, by how a reference to one of their files begins. The library's own need no word. */
const FOLDERS = { 'lab/': 'lab/test/', 'cli/': 'packages/sspi-cli/test/', 'spake/': 'packages/sspi-spake/test/' }

/** The path of a test file, from `ntlm/facts.test.ts` or `lab/dns.test.ts`. */
export function pathOf(file) {
  const prefix = Object.keys(FOLDERS).find((each) => file.startsWith(each))
  return prefix === undefined ? OWN + file : FOLDERS[prefix] + file.slice(prefix.length)
}

/** A call of `suite` or `test`: how far it is indented, which it is, and its title as it is written, or what stands in its place. */
const CALL = /^([ \t]*)(?:[^\n]*[ \t])?(suite|test)\(\s*(?:(['"`])((?:\\.|(?!\3)[^\\])*)\3|(\w[\w.]*))/gm

/**
 * The tests of a file as `suite › suite › title`, titles as they are written. A test whose title is not written there, as it is
 * that of a case of some table, is `*`.
 */
export function testsIn(source) {
  const open = []
  const found = []
  for (const [, indent, kind, , title = '*'] of source.matchAll(CALL)) {
    while (open.length > 0 && open.at(-1).indent >= indent.length) open.pop()
    if (kind === 'suite') open.push({ indent: indent.length, title })
    else found.push([...open.map((each) => each.title), title].join(' › '))
  }
  return found
}

const sources = new Map()

function sourceOf(path) {
  if (!sources.has(path)) sources.set(path, existsSync(root + path) ? readFileSync(root + path, 'utf8') : undefined)
  return sources.get(path)
}

/**
 * What is wrong with a reference to a test; `undefined` when it is there. The title is as {@link testsIn} gives it; in place of
 * `*` it may be that of one case, which then is a string of the file.
 */
export function wrongWith(file, title) {
  const source = sourceOf(pathOf(file))
  if (source === undefined) return `${pathOf(file)} is not there`
  const tests = testsIn(source)
  if (tests.includes(title)) return undefined
  const suites = title.split(' › ')
  const own = suites.pop()
  const written = ["'", '"', '`'].some((quote) => source.includes(quote + own + quote))
  const ofTable = tests.some((each) => {
    const path = each.split(' › ')
    return /^(\*$|\$\{)/.test(path.pop()) && path.join(' › ') === suites.join(' › ')
  })
  return written && ofTable ? undefined : `${pathOf(file)} has no test '${title}'`
}

/** The tests that are named by the number of a fact (`fact 7: …`), with the file each stands in, by number. */
export function testsOfFacts() {
  const found = []
  for (const name of readdirSync(root + OWN, { recursive: true })) {
    const file = name.replaceAll('\\', '/')
    if (!file.endsWith('.test.ts')) continue
    for (const [, , title] of sourceOf(OWN + file).matchAll(/(['"`])(fact \d+: (?:(?!\1).)*)\1/g)) {
      found.push({ fact: Number(/\d+/.exec(title)[0]), file, title })
    }
  }
  return found
}
