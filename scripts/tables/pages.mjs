/** The pages that are made of a run of every package, and what is wrong with them. */
import { page } from '../pages.mjs'
import { attributeRows, attributesPage, flagRows, wrongAttributes, wrongFlags } from './attributes.mjs'
import { callable, functionsPage, rows, wrongRows } from './functions.mjs'
import { runAll } from './run.mjs'

/** Runs everything once. */
export async function makePages() {
  const results = await runAll()
  const functions = rows(await callable(), results.functions)
  const attributes = attributeRows(results)
  const initiator = flagRows(results, 'ISC')
  const acceptor = flagRows(results, 'ASC')
  const wrong = [...wrongRows(functions), ...wrongAttributes(attributes), ...wrongFlags([...initiator, ...acceptor])]
  const pages = await Promise.all([
    page('docs/functions.md', functionsPage(functions)),
    page('docs/attributes.md', attributesPage(attributes, initiator, acceptor)),
  ])
  return { pages, wrong }
}
