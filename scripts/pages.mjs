/** What the scripts that make pages of the documentation have in common. */
import { writeFileSync } from 'node:fs'
import { format, resolveConfig } from 'prettier'

/** A page as Prettier wants it, with where it belongs. */
export async function page(path, text) {
  const file = new URL(`../${path}`, import.meta.url)
  const options = await resolveConfig(file)
  return { path, file, text: await format(text, { ...options, parser: 'markdown' }) }
}

/** The title of a test with what is filled in taken out. */
export function withoutFilledIn(title) {
  return title.replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
}

/** Writes the pages, says what is wrong with what they are made of, and fails then. */
export function writePages(name, pages, wrong) {
  for (const { file, text } of pages) writeFileSync(file, text)
  for (const line of wrong) console.log(line)
  console.log(`${name}: ${wrong.length === 0 ? 'in order' : `${wrong.length} wrong`}`)
  process.exitCode = wrong.length === 0 ? 0 : 1
}
