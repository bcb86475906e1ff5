/**
 * `npm run tables`: writes docs/functions.md and docs/attributes.md; fails when something in them has neither an answer nor a
 * reason, or no test. With `--check` nothing is written, and a page that is not what would be written fails.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { makePages } from './pages.mjs'

const check = process.argv.includes('--check')
const { pages, wrong } = await makePages()
for (const { path, file, text } of pages) {
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) wrong.push(`${path} is not what npm run tables makes`)
}
for (const line of wrong) console.log(line)
console.log(`tables: ${wrong.length === 0 ? 'in order' : `${wrong.length} wrong`}`)
process.exitCode = wrong.length === 0 ? 0 : 1
