import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { RELATIONS, SECTIONS, type Relation } from '../../../src/io/krb5-conf/index.js'

const page = readFileSync(new URL('../../../../../../docs/krb5-conf.md', import.meta.url), 'utf8')

const tables: Readonly<Record<string, Readonly<Record<string, Relation>>>> = { sections: SECTIONS, ...RELATIONS }

for (const [name, table] of Object.entries(tables)) {
  test(`docs/krb5-conf.md has the table of ${name} to the letter`, () => {
    const [, written] = new RegExp(`<!-- ${name} -->\\n\\n([^]*?)\\n\\n<!-- end -->`).exec(page) ?? []
    assert.equal(written, markdown(table))
  })
}

/** A table as the formatter leaves it: each column as wide as its widest cell. */
function markdown(table: Readonly<Record<string, Relation>>): string {
  const rows = Object.entries(table).map(([name, relation]) => [`\`${name}\``, ...cells(relation)])
  const all = [['Name', 'Status', 'Field', 'Default', 'What'], ...rows]
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`
  const [head, ...body] = all.map(line)
  return [head, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body].join('\n')
}

function cells(relation: Relation): readonly string[] {
  switch (relation.status) {
    case 'honoured':
      return ['honoured', relation.field, relation.default, relation.note ?? '']
    case 'ignored':
      return ['ignored', '', '', relation.why]
    case 'refused':
      return ['refused', '', relation.unless === undefined ? '' : `${relation.unless}`, relation.why]
  }
}
