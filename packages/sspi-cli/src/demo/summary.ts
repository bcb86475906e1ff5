import type { Style } from '../terminal/style.js'
import { formatTable } from '../terminal/table.js'

/** What a package's turn in the demo came to. */
export interface DemoResult {
  readonly package: string
  /** The package that did the work: what Negotiate agreed on. Empty when it did not come to that. */
  readonly mechanism: string
  /** How many tokens were exchanged. */
  readonly legs: number
  /** The client as the server authenticated it. */
  readonly client: string
  /** The server as the client named it, and as the server was told so under the protection of the exchange. */
  readonly server: string
  /** Whether the server verified a signature of the client's, and the client one of the server's. TLS has none without encryption. */
  readonly signed: boolean
  /** Whether each decrypted what the other encrypted. */
  readonly sealed: boolean
  /** Whether a message with one changed byte was refused. */
  readonly tamperDetected: boolean
  /** Whether the server has proven itself to the client. */
  readonly mutual: boolean
  /** Whether a service behind the server knew the client by what it had delegated: a ticket, or its password. */
  readonly delegated: boolean
  readonly ok: boolean
  /** Why not. */
  readonly error?: string | undefined
}

/** The results as a table. */
export function summaryTable(results: readonly DemoResult[], style: Style): string {
  const mark = (value: boolean): string => (value ? 'yes' : 'NO')
  const has = (value: boolean): string => (value ? 'yes' : '-')
  const head = [
    'Package',
    'Mechanism',
    'Legs',
    'Client',
    'Server',
    'Signed',
    'Sealed',
    'Tamper detected',
    'Mutual',
    'Delegated',
    'OK',
  ]
  const rows = results.map((each) => [
    each.package,
    each.mechanism,
    String(each.legs),
    each.client,
    each.server,
    has(each.signed),
    mark(each.sealed),
    mark(each.tamperDetected),
    has(each.mutual),
    has(each.delegated),
    mark(each.ok),
  ])
  const paint = (line: string, row: number): string => {
    if (row === 0) return style.bold(line)
    return results[row - 1]?.ok === true ? style.green(line) : style.red(line)
  }
  return `\n${formatTable([head, ...rows], paint)}`
}
