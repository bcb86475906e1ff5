/**
 * Ends a test file that takes longer than the milliseconds behind the question mark: `run-tests.mjs` has each file load it first.
 * What the file has left running keeps it alive, and this does not.
 */
import { setTimeout } from 'node:timers'
import { isMainThread } from 'node:worker_threads'

const milliseconds = Number(new URL(import.meta.url).search.slice(1))
// The runner loads it as well, and takes as long as all of them.
if (isMainThread && process.env.NODE_TEST_CONTEXT !== undefined) {
  setTimeout(() => {
    console.error(`${process.argv[1]}: still running after ${milliseconds / 1000} s`)
    process.exit(1)
  }, milliseconds).unref()
}
