import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** The repository, as seen from the compiled test in `examples/dist/test`. */
const root = new URL('../../../', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, root), 'utf8')

/** The rule: a code block that begins with `// examples/…` is the whole file of that name, letter by letter. */
function examplesIn(page: string): { file: string; text: string }[] {
  const blocks = read(page).matchAll(/^```\w*\n(\/\/ (examples\/\S+)\n[\s\S]*?)^```$/gm)
  return [...blocks].map(([, text = '', file = '']) => ({ file, text }))
}

test('the programs that the pages show are those that are tested', () => {
  const pages = [
    'README.md',
    'packages/sspi/README.md',
    ...readdirSync(new URL('docs', root)).map((name) => `docs/${name}`),
  ]
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    for (const { file, text } of examplesIn(page)) assert.equal(text, read(file), `${page} shows another ${file}`)
  }
})

test('the README shows the first program, which is short and does what it says', async () => {
  const file = 'examples/src/first-program.ts'
  for (const page of ['README.md', 'packages/sspi/README.md']) {
    assert.deepEqual(
      examplesIn(page).map((example) => example.file),
      [file],
    )
  }
  assert.ok(read(file).split('\n').length <= 25)
  const program = new URL('../src/first-program.js', import.meta.url)
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(program)])
  assert.equal(stdout, 'alice says: attack at dawn\n')
})
