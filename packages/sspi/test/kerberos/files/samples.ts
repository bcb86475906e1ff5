import { readFileSync } from 'node:fs'

/** Loads a file that a vector names, from the repository's `vectors` folder. */
export function readSample(file: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../../../../vectors/${file}`, import.meta.url)))
}
