import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { AES_TABLES_FILE, aesTables, aesTablesText } from '../kernel/aes-tables.mjs'
import { compileKernel, KERNEL_FILE, kernelText } from '../kernel/build.mjs'

const compiled = compileKernel()

test('the module that is embedded is what the source of the kernel compiles to', async () => {
  const text = readFileSync(KERNEL_FILE, 'utf8')
  assert.ok(text === kernelText(await compiled), 'run `npm run kernel`, and commit what it writes')
})

test('the kernel grows no memory and asks for nothing from outside', async () => {
  const module = new WebAssembly.Module(await compiled)
  assert.deepEqual(WebAssembly.Module.imports(module), [])
  const { memory } = new WebAssembly.Instance(module).exports
  assert.throws(() => memory.grow(1), RangeError)
})

test('the tables of AES are what the arithmetic gives', () => {
  assert.equal(readFileSync(AES_TABLES_FILE, 'utf8'), aesTablesText())
  for (const [name, tables] of aesTables()) for (const table of tables) assert.equal(table.length, 16, name)
})
