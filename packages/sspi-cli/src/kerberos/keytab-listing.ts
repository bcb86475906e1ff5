import { formatPrincipal, type Keytab, type KeytabEntry } from 'sspi/kerberos'
import { formatTable } from '../terminal/table.js'
import { enctypeName } from './ticket-facts.js'
import { fromSeconds, timeText } from './times.js'

/** What is shown of a keytab beside names and key versions. */
export interface KeytabListingOptions {
  readonly timestamps?: boolean | undefined
  readonly enctypes?: boolean | undefined
  /** The keys themselves: whoever sees them can be the principals. */
  readonly keys?: boolean | undefined
  /** A column with the number of the slot, as in ktutil. */
  readonly slots?: boolean | undefined
}

/** The entries of a keytab as a table. */
export function keytabTable({ entries }: Pick<Keytab, 'entries'>, options: KeytabListingOptions): string {
  const columns: readonly Column[] = [
    ...(options.slots === true ? [SLOT] : []),
    KVNO,
    ...(options.timestamps === true ? [TIMESTAMP] : []),
    PRINCIPAL,
    ...(options.enctypes === true ? [ENCTYPE] : []),
    ...(options.keys === true ? [KEY] : []),
  ]
  const rows = entries.map((entry, index) => columns.map(({ cell }) => cell(entry, index)))
  return formatTable([columns.map(({ title }) => title), ...rows])
}

/** What `--json` says of the entries of a keytab. */
export function keytabJson({ entries }: Pick<Keytab, 'entries'>, showKeys: boolean): readonly object[] {
  return entries.map((entry, index) => ({
    slot: index + 1,
    principal: principalOf(entry),
    kvno: entry.kvno,
    enctype: enctypeName(entry.key.keytype),
    timestamp: fromSeconds(entry.timestamp).toISOString(),
    ...(showKeys ? { key: hex(entry.key.keyvalue) } : {}),
  }))
}

interface Column {
  readonly title: string
  readonly cell: (entry: KeytabEntry, index: number) => string
}

const SLOT: Column = { title: 'slot', cell: (_entry, index) => String(index + 1) }
const KVNO: Column = { title: 'KVNO', cell: ({ kvno }) => String(kvno) }
const TIMESTAMP: Column = { title: 'Timestamp', cell: ({ timestamp }) => timeText(fromSeconds(timestamp)) }
const PRINCIPAL: Column = { title: 'Principal', cell: principalOf }
const ENCTYPE: Column = { title: 'Enctype', cell: ({ key }) => `(${enctypeName(key.keytype)})` }
const KEY: Column = { title: 'Key', cell: ({ key }) => `(0x${hex(key.keyvalue)})` }

function principalOf(entry: KeytabEntry): string {
  return formatPrincipal(entry)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
