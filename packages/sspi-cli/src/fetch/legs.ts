import type { HttpLeg } from 'sspi/http'
import { decodeToken } from 'sspi/decode'
import { styleFor } from '../terminal/style.js'
import { formatTree } from '../terminal/tree.js'
import type { Reporter } from '../transfer/reporter.js'
import { spelled } from './schemes.js'

/** Shows each message of an authentication as it goes by: for people as a tree on the standard error, for programs as an event. */
export class LegReporter {
  readonly #reporter: Reporter | undefined
  #count = 0

  /** @param reporter - Of programs; `undefined` for people. */
  constructor(reporter: Reporter | undefined) {
    this.#reporter = reporter
  }

  /** Shows one. */
  tell(leg: HttpLeg): void {
    this.#count += 1
    const { party, direction, token, status, url } = leg
    const scheme = spelled(leg.scheme)
    const tree = token === undefined || token.length === 0 ? undefined : decodeToken(token)
    if (this.#reporter !== undefined) {
      const base64 = token === undefined ? undefined : Buffer.from(token).toString('base64')
      this.#reporter.event('leg', { party, direction, scheme, status, url, base64, tree }, '')
      return
    }
    const style = styleFor(process.stderr)
    const arrow = direction === 'sent' ? '>' : '<'
    const other = party === 'proxy' ? 'the proxy' : new URL(url).host
    const way = direction === 'sent' ? `to ${other}` : `from ${other}${status === undefined ? '' : `, ${status}`}`
    const size = tree === undefined ? 'without a token' : `${tree.length} bytes`
    const title = `${arrow} leg ${this.#count} ${way}: ${scheme}, ${size}`
    process.stderr.write(`${style.bold(title)}\n${tree === undefined ? '' : formatTree(tree, { style, full: false })}`)
  }
}
