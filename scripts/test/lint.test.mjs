import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ESLint } from 'eslint'
import tseslint from 'typescript-eslint'
import { rooms } from '../rooms.mjs'

// The rules of ours look at syntax only: the text need not be a file of a project.
const eslint = new ESLint({
  overrideConfig: [
    {
      files: ['**/*.ts'],
      ...tseslint.configs.disableTypeChecked,
      languageOptions: { parserOptions: { projectService: false } },
    },
  ],
})

/** The rules that a text breaks as a file of a room. */
async function lint(room, text) {
  const [result] = await eslint.lintText(text, { filePath: `packages/sspi/src/${room}/sample.ts` })
  return result.messages.map(({ ruleId }) => ruleId)
}

const refused = [
  ['a default export', 'export default 1\n', 'no-restricted-syntax'],
  ['a default export by name', 'const x = 1\nexport { x as default }\n', 'no-restricted-syntax'],
  ['an enum', 'export enum E { A }\n', 'no-restricted-syntax'],
  ['a throw of Error', "throw new Error('x')\n", 'no-restricted-syntax'],
  ['a throw of RangeError', "throw new RangeError('x')\n", 'no-restricted-syntax'],
  ['a star export', "export * from './x.js'\n", 'no-restricted-syntax'],
  ['any', 'export const f = (x: any): unknown => x\n', '@typescript-eslint/no-explicit-any'],
  ['console', "console.log('x')\n", 'no-console'],
  ['fast-check past its door', "import fc from 'fast-check'\nexport const x = fc\n", 'no-restricted-imports'],
]

for (const [what, text, rule] of refused) {
  test(`the lint refuses ${what} in every room`, async () => {
    for (const { name } of rooms) assert.deepEqual(await lint(name, text), [rule], name)
  })
}

const coreOnly = [
  ['the clock', 'export const now = new Date()\n', 'no-restricted-syntax'],
  ['the clock as a number', 'export const now = Date.now()\n', 'no-restricted-syntax'],
  ['entropy', 'export const x = Math.random()\n', 'no-restricted-syntax'],
  ['the environment', 'export const x = process.env\n', 'no-restricted-globals'],
  ['a timer', 'setTimeout(() => 1, 1)\n', 'no-restricted-globals'],
]

for (const [what, text, rule] of coreOnly) {
  test(`the lint refuses ${what} in the cores`, async () => {
    for (const { name, row } of rooms) assert.deepEqual(await lint(name, text), row <= 6 ? [rule] : [], name)
  })
}

test('the lint refuses await in the cores, save where the interface is described', async () => {
  const text = 'export const f = async (x: Promise<void>) => { await x }\n'
  for (const { name, row } of rooms) assert.equal((await lint(name, text)).length > 0, row <= 6 && row !== 4, name)
})

test('the lint refuses Buffer, as value and as type, outside the rooms that Node hands it to', async () => {
  const asValue = "export const x = Buffer.from('x')\n"
  const asType = 'export const f = (x: Buffer): number => x.length\n'
  for (const { name, buffer } of rooms) {
    assert.deepEqual(await lint(name, asValue), buffer ? [] : ['no-restricted-globals'], name)
    assert.deepEqual(await lint(name, asType), buffer ? [] : ['@typescript-eslint/no-restricted-types'], name)
  }
})

test('the lint lets TypeError and SspiError through', async () => {
  const text = "import { SspiError } from '../status/index.js'\nif (SspiError.length) throw new TypeError('x')\n"
  for (const { name } of rooms) assert.deepEqual(await lint(name, text), [], name)
})
