import { readFileSync } from 'node:fs'

/** One case of a vector file. */
export interface VectorCase<Input, Expected> {
  readonly name: string
  readonly input: Input
  readonly expected: Expected
}

/** A vector file as `vectors/README.md` describes it. */
export interface VectorFile<Input, Expected> {
  readonly source: string
  readonly note: string
  readonly exercises: string
  readonly cases: readonly VectorCase<Input, Expected>[]
}

/** The repository's `vectors` folder, as seen from the compiled helper in `packages/sspi/dist/test`. */
const folder = new URL('../../../../vectors/', import.meta.url)

/**
 * Loads one file of vectors.
 *
 * @param name - The path below the `vectors` folder, for example `crypto/md4.json`.
 * @returns The file. Its frame is checked; the shapes of `input` and `expected` are the caller's word, as the test
 *   that reads them fails if they are others.
 * @throws `Error` when the file is missing, is not JSON, or has no cases.
 */
export function readVectors<Input, Expected>(name: string): VectorFile<Input, Expected> {
  const file: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
  if (!hasCases(file)) throw new Error(`vectors/${name}: no cases`)
  return file as VectorFile<Input, Expected>
}

function hasCases(file: unknown): boolean {
  return (
    typeof file === 'object' && file !== null && 'cases' in file && Array.isArray(file.cases) && file.cases.length > 0
  )
}
