/** What the pages have in common. */
import { withoutFilledIn } from '../pages.mjs'

/** Text in which nothing means anything to Markdown, inside of a table. */
export function escaped(plain) {
  return plain.replace(/[\\|*_<>]/g, '\\$&')
}

/** A table. */
export function cells(head, lines) {
  return [head, head.map(() => '-'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** Reasons, by numbers that lead to them. */
export class Notes {
  #reasons = []

  /** The number of a reason, the same for the same. */
  of(reason) {
    let at = this.#reasons.indexOf(reason)
    if (at < 0) at = this.#reasons.push(reason) - 1
    return `(${at + 1})`
  }

  /** All of them, in their order. */
  list() {
    return this.#reasons.map((reason, at) => `${at + 1}. ${reason}`).join('\n')
  }
}

/** Where a test stands: the title is found by searching the file for it. */
export function testCell(tests) {
  return tests
    .map(({ path, title }) => {
      const link = `[${path.replace(/^packages\/sspi\/test\//, '').replace(/(?:\.test)?\.ts$/, '')}](../${path})`
      return title === undefined ? link : `${link}: ${escaped(lastOf(title))}`
    })
    .join('; ')
}

/** The title itself, without its suites, and with what is filled in taken out. */
function lastOf(title) {
  return withoutFilledIn(title.split(' › ').at(-1))
}
