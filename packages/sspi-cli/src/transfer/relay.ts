import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { SecureStream } from 'sspi/net'
import { showProgress, sizeOfInput } from './progress.js'
import type { Reporter } from './reporter.js'

/**
 * Joins a connection with the standard streams until both directions have ended. The end of the input is told to the peer,
 * which may go on; when the peer has ended, a person at the terminal has nobody left to talk to, while a file is sent to
 * its end.
 *
 * @throws `SspiError` when what came is not what the peer sent, or the connection broke.
 */
export async function relay(stream: SecureStream, reporter: Reporter): Promise<void> {
  const { stdin } = process
  const over = finished(stream)
  // It is awaited below; until then its failure must not count as forgotten.
  over.catch(() => undefined)
  if (stdin.readableEnded || stdin.destroyed) stream.end()
  else stdin.pipe(stream)
  const bytesToWrite = sizeOfInput()
  const progress = showProgress(
    {
      get bytesRead() {
        return stream.bytesRead
      },
      get bytesWritten() {
        return stream.bytesWritten
      },
      bytesToWrite,
    },
    !(stdin.isTTY && process.stdout.isTTY),
  )
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) await reporter.data(chunk as Uint8Array)
    if (stdin.isTTY) {
      stdin.unpipe(stream)
      stream.end()
    }
    await over
  } finally {
    progress.stop()
    stdin.unpipe(stream)
    stdin.pause()
    stream.destroy()
  }
}

/** Sends everything back until the peer ends. Errors as {@link relay}. */
export async function echo(stream: SecureStream): Promise<void> {
  const over = finished(stream)
  over.catch(() => undefined)
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      if (!stream.write(chunk)) await Promise.race([once(stream, 'drain'), over])
    }
    stream.end()
    await over
  } finally {
    stream.destroy()
  }
}
