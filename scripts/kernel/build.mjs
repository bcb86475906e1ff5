// Compiles the kernel, packages/sspi/kernel, to WebAssembly and embeds it as text.
// usage: node scripts/kernel/build.mjs (npm run kernel); imported by the test that compiles again and compares.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const SOURCE = fileURLToPath(new URL('../../packages/sspi/kernel', import.meta.url))

export const KERNEL_FILE = fileURLToPath(
  new URL('../../packages/sspi/src/crypto/kernel/module-text.ts', import.meta.url),
)

const OPTIONS = [
  ...['--runtime', 'stub'], // nothing is allocated
  ...['-O3', '--noAssert', '--uncheckedBehavior', 'always'],
  ...['--enable', 'simd', '--enable', 'bulk-memory'],
  ...['--initialMemory', '2', '--maximumMemory', '2'],
  ...['--disableWarning', '112'], // "exchange of v128 values": the functions that do are not exported
]

/** Compiles the kernel. @returns the module's bytes. */
export async function compileKernel() {
  let binary
  const { error, stderr } = await asc.main(['index.ts', '--outFile', 'kernel.wasm', ...OPTIONS], {
    readFile: (name) => {
      try {
        return readFileSync(join(SOURCE, name), 'utf8')
      } catch {
        return null
      }
    },
    writeFile: (name, contents) => {
      if (name === 'kernel.wasm') binary = contents
    },
    listFiles: () => [],
  })
  const said = stderr.toString()
  if (error !== null || said !== '') throw new Error(`the kernel does not compile: ${error?.message ?? ''}\n${said}`)
  return binary
}

/** The text of the file that the module is embedded in. */
export function kernelText(binary) {
  const lines = Buffer.from(binary)
    .toString('base64')
    .match(/.{1,116}/g)
  return [
    '// Made by `npm run kernel` of packages/sspi/kernel, which is what to read; a test compiles that again and compares.',
    '',
    '/** The WebAssembly module of the kernel, in base64. */',
    'export const MODULE_TEXT =',
    ...lines.map((line, index) => `  '${line}'${index + 1 < lines.length ? ' +' : ''}`),
    '',
  ].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(KERNEL_FILE, kernelText(await compileKernel()))
