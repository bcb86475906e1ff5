// The examples of two pages are tests themselves: they run as they are, and stand on their pages letter by letter.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import '../src/explicit-identity.js'
import '../src/sasl-pair.js'
import { root } from './shell-blocks.js'

for (const [page, file] of [
  ['docs/auth-identity.md', 'examples/src/explicit-identity.ts'],
  ['docs/sasl.md', 'examples/src/sasl-pair.ts'],
] as const) {
  test(`${page} shows ${file}`, () => {
    const example = readFileSync(join(root, file), 'utf8')
    assert.ok(readFileSync(join(root, page), 'utf8').includes(`\`\`\`ts\n${example}\`\`\`\n`))
  })
}
