import { fstatSync } from 'node:fs'
import { clearLine, cursorTo } from 'node:readline'

/** What counts the bytes of a transfer. */
export interface Counted {
  readonly bytesRead: number
  readonly bytesWritten: number
  /** How many there will be; `undefined` when nobody knows. */
  readonly bytesToRead?: number | undefined
  readonly bytesToWrite?: number | undefined
}

const INTERVAL_MILLISECONDS = 200

/**
 * Shows how far a transfer is, in one line of the terminal behind the standard error; nothing when that is no terminal. (The
 * ready-made progress bars read the standard input, which is the file here.)
 *
 * @param wanted - Whether anybody would look: not those who chat.
 */
export function showProgress(counted: Counted, wanted: boolean): { stop(): void } {
  const { stderr } = process
  if (!stderr.isTTY || !wanted) return { stop: () => undefined }
  const timer = setInterval(() => {
    const { bytesRead, bytesToRead, bytesWritten, bytesToWrite } = counted
    cursorTo(stderr, 0)
    clearLine(stderr, 0)
    stderr.write(`sent ${shareOf(bytesWritten, bytesToWrite)}, received ${shareOf(bytesRead, bytesToRead)}`)
  }, INTERVAL_MILLISECONDS)
  timer.unref()
  return {
    stop: () => {
      clearInterval(timer)
      cursorTo(stderr, 0)
      clearLine(stderr, 0)
    },
  }
}

/** How long the standard input is, when it is a file; `undefined` when nobody knows. */
export function sizeOfInput(): number | undefined {
  try {
    const stats = fstatSync(0)
    return stats.isFile() ? stats.size : undefined
  } catch {
    return undefined
  }
}

function shareOf(bytes: number, total: number | undefined): string {
  return total === undefined || total === 0 ? inUnits(bytes) : `${inUnits(bytes)} of ${inUnits(total)}`
}

function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 4)
  return `${(bytes / 1000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB', 'TB'][power] ?? ''}`
}
