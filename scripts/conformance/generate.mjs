/**
 * `npm run conformance`: writes docs/conformance.md and docs/windows-behaviour.md; fails when they name a test that is not
 * there, or leave something out.
 */
import { writePages } from '../pages.mjs'
import { wrongFacts } from './facts.mjs'
import { pages } from './page.mjs'
import { wrongSections } from './sections.mjs'

writePages('conformance', await pages(), [...wrongSections(), ...wrongFacts()])
