/** The sections of the specifications that bind an implementation, and the tests that hold each. */
import { readdirSync, readFileSync } from 'node:fs'
import { wrongWith } from './tests.mjs'

const folder = new URL('specifications/', import.meta.url)

/**
 * @typedef {object} Section
 * @property {string} section its number
 * @property {'client' | 'server' | 'both' | 'kdc'} role whom it binds
 * @property {string} asks what it asks of them, in our words
 * @property {readonly string[]} [tests] `file: title` of each test that holds it, the titles of suites before it
 * @property {string} [gap] what is missing, or otherwise, and why
 */

/** @typedef {{ order: number, name: string, title: string, url: string, sections: readonly Section[] }} Specification */

/** @returns {readonly Specification[]} every specification, in the order of the page */
export function specifications() {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')))
    .sort((a, b) => a.order - b.order)
}

/** A reference, taken apart at its first colon. */
export function readReference(reference) {
  const colon = reference.indexOf(': ')
  return { file: reference.slice(0, colon), title: reference.slice(colon + 2) }
}

/** Whether a section is held by tests: wholly, with something missing, or not. */
export function standing({ tests = [], gap }) {
  if (tests.length === 0) return 'gap'
  return gap === undefined ? 'held' : 'partly'
}

const ROLES = ['client', 'server', 'both', 'kdc']

/** What is wrong with the sections: no test and no word why; a test that is not there; a role that is none. */
export function wrongSections(list = specifications()) {
  const wrong = []
  for (const { name, sections } of list) {
    for (const { section, role, asks, tests = [], gap } of sections) {
      const where = `${name} ${section}`
      if (!ROLES.includes(role)) wrong.push(`${where}: ${role} is no role`)
      if (typeof asks !== 'string' || asks === '') wrong.push(`${where}: what does it ask?`)
      if (tests.length === 0 && !gap) wrong.push(`${where}: neither a test nor a word why not`)
      for (const reference of tests) {
        const { file, title } = readReference(reference)
        const missing = wrongWith(file, title)
        if (missing) wrong.push(`${where}: ${missing}`)
      }
    }
  }
  return wrong
}
