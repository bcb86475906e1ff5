import { isBrokenPipe } from './broken-pipe.js'

/** Writes to the standard output and waits until it is taken; for ever where nobody reads: that ends the program. */
export async function print(text: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (!error) resolve()
      else if (!isBrokenPipe(error)) reject(error)
    })
  })
}

/** Writes a value as indented JSON. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, undefined, 2)}\n`)
}
