/**
 * `npm run tables`: writes docs/functions.md and docs/attributes.md; fails when something in them has neither an answer nor a
 * reason, or no test.
 */
import { writePages } from '../pages.mjs'
import { makePages } from './pages.mjs'

const { pages, wrong } = await makePages()
writePages('tables', pages, wrong)
