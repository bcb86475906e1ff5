import { fstatSync } from 'node:fs'
import { clearLine, cursorTo } from 'node:readline'

/** What counts the bytes of a transfer. */
export interface Counted {
  readonly bytesRead: number
  readonly bytesWritten: number
}

const INTERVAL_MILLISECONDS = 200

/**
 * Shows how far a transfer is, in one line of the terminal behind the standard error; nothing when that is no terminal, or
 * when people chat. (The ready-made progress bars read the standard input, which is the file here.)
 */
export function showProgress(counted: Counted): { stop(): void } {
  const { stdin, stdout, stderr } = process
  if (!stderr.isTTY || (stdin.isTTY && stdout.isTTY)) return { stop: () => undefined }
  const total = inputSize()
  const timer = setInterval(() => {
    const { bytesRead, bytesWritten } = counted
    const share = total > 0 ? ` of ${inUnits(total)}` : ''
    cursorTo(stderr, 0)
    clearLine(stderr, 0)
    stderr.write(`sent ${inUnits(bytesWritten)}${share}, received ${inUnits(bytesRead)}`)
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

/** How long the standard input is, when it is a file; 0 when nobody knows. */
function inputSize(): number {
  try {
    const stats = fstatSync(0)
    return stats.isFile() ? stats.size : 0
  } catch {
    return 0
  }
}

function inUnits(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  const power = Math.min(Math.floor(Math.log10(bytes) / 3), 4)
  return `${(bytes / 1000 ** power).toFixed(1)} ${['', 'kB', 'MB', 'GB', 'TB'][power] ?? ''}`
}
