/** Finds the tests that a name is met in. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { testsIn } from '../conformance/tests.mjs'

const root = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['packages/sspi/test', 'examples/test', 'lab/test']
/** So many are named; the others are found by searching. */
const MOST = 2

/** Every test file, the library's own first, with its text and the titles in it; and the rules that every package is held to. */
const files = FOLDERS.filter((folder) => existsSync(root + folder))
  .flatMap((folder) =>
    readdirSync(root + folder, { recursive: true })
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .sort(),
  )
  .filter((path) => /\.test\.ts$|\/compliance\/[a-z-]+-rules\.ts$/.test(path))
  .map((path) => {
    const source = readFileSync(root + path, 'utf8')
    return { path, source, titles: testsIn(source) }
  })

/**
 * The tests whose titles have one of the names in them; where none has, the files that use it most.
 *
 * @returns `{ path, title }`, without a title for a file that only uses the name.
 */
export function testsOf(...names) {
  const pattern = new RegExp(`(?<![\\w])(?:${names.join('|')})(?![\\w])`)
  const titled = files.flatMap(({ path, titles }) => {
    const title = titles.find((each) => pattern.test(each))
    return title === undefined ? [] : [{ path, title }]
  })
  if (titled.length > 0) return titled.slice(0, MOST)
  const every = new RegExp(pattern, 'g')
  return files
    .map(({ path, source }) => ({ path, uses: withoutImports(source).match(every)?.length ?? 0 }))
    .filter(({ uses }) => uses > 0)
    .toSorted((one, other) => other.uses - one.uses)
    .slice(0, MOST)
    .map(({ path }) => ({ path }))
}

function withoutImports(source) {
  return source.replace(/^import[\s\S]*?from '[^']*'$/gm, '')
}
