import assert from 'node:assert/strict'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets } from '../src/crypto/secret-bytes.js'

/**
 * Runs something and sees to it that it made arrays for secrets, and that every one of them is zero afterwards.
 *
 * @returns how many there were.
 */
export async function noSecretLeft(run: () => unknown): Promise<number> {
  const made: Uint8Array[] = []
  const stop = observeSecrets((bytes) => made.push(bytes))
  try {
    await run()
  } finally {
    stop()
  }
  assert.ok(made.length > 0, 'no secret was made, so this shows nothing')
  const left = made.flatMap((bytes, index) => (bytes.some((byte) => byte !== 0) ? [`${index}: ${bytes.length}`] : []))
  assert.deepEqual(left, [], `of ${made.length} arrays for secrets`)
  return made.length
}
