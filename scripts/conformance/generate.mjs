/**
 * `npm run conformance`: writes docs/conformance.md and docs/windows-behaviour.md; fails when they name a test that is not
 * there, or leave something out. With `--check` nothing is written, and a page that is not what would be written fails.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { wrongFacts } from './facts.mjs'
import { pages } from './page.mjs'
import { wrongSections } from './sections.mjs'

const check = process.argv.includes('--check')
const wrong = [...wrongSections(), ...wrongFacts()]
for (const { path, file, text } of await pages()) {
  if (!check) writeFileSync(file, text)
  else if (readFileSync(file, 'utf8') !== text) wrong.push(`${path} is not what npm run conformance makes`)
}
for (const line of wrong) console.log(line)
console.log(`conformance: ${wrong.length === 0 ? 'in order' : `${wrong.length} wrong`}`)
process.exitCode = wrong.length === 0 ? 0 : 1
