import { ExitCode } from '../exit-codes.js'

/**
 * Ends the program at once and without a word when nobody reads its standard output any more (`| head`), as programs
 * do that are ended by SIGPIPE. A standard error that nobody reads is no reason to stop.
 */
export function endOnBrokenPipe(): void {
  process.stdout.on('error', (error: Error) => {
    if (!isBrokenPipe(error)) throw error
    process.exit(ExitCode.BROKEN_PIPE)
  })
  process.stderr.on('error', (error: Error) => {
    if (!isBrokenPipe(error)) throw error
  })
}

/** Whether a write failed because nobody reads any more. */
export function isBrokenPipe(error: Error): boolean {
  // Windows says EOF where others say EPIPE.
  return 'code' in error && (error.code === 'EPIPE' || error.code === 'EOF')
}
