/** How Windows answers, fact by fact: the tests that hold each, or why there is none. */
import { readFileSync } from 'node:fs'
import { testsOfFacts, wrongWith } from './tests.mjs'

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'))

/** Why a fact has no test of its number. */
export const KINDS = {
  'no meaning': 'has no meaning off Windows',
  otherwise: 'answered otherwise here, for a reason',
  'older Windows': 'of versions of Windows that nothing here stands for',
  absent: 'of something that is not here',
  'a remark': 'says what may be, not what is',
}

/** Every fact with what is known of it here. */
export function facts(
  list = read('../../vectors/facts/windows-behaviour.json').cases,
  untested = read('facts.json').facts,
  tests = testsOfFacts(),
) {
  return list.map(({ name, input, expected }) => {
    const number = Number(name.replace('fact ', ''))
    return {
      number,
      section: input.section,
      says: expected,
      tests: tests.filter(({ fact }) => fact === number),
      untested: untested.filter(({ fact }) => fact === number),
    }
  })
}

/** What is wrong: a fact that is neither tested nor listed, or twice; a number that is none; a test that is not there. */
export function wrongFacts(known = facts(), untested = read('facts.json').facts, tests = testsOfFacts()) {
  const numbers = new Set(known.map(({ number }) => number))
  const wrong = []
  for (const fact of known) {
    const times = fact.tests.length + fact.untested.length
    if (times === 1) continue
    wrong.push(`fact ${fact.number}: ${times === 0 ? 'neither tested nor listed' : `${times} times tested or listed`}`)
  }
  for (const { fact } of [...untested, ...tests]) {
    if (!numbers.has(fact)) wrong.push(`fact ${fact}: there is no such fact`)
  }
  for (const { fact, kind, why, test } of untested) {
    if (!(kind in KINDS)) wrong.push(`fact ${fact}: ${kind} is no reason`)
    if (typeof why !== 'string' || why === '') wrong.push(`fact ${fact}: no word why`)
    if (kind === 'otherwise' && test === undefined) wrong.push(`fact ${fact}: no test of how it is answered here`)
    const missing = test && wrongWith(test.file, test.title)
    if (missing) wrong.push(`fact ${fact}: ${missing}`)
  }
  return wrong
}
