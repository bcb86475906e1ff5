import { print } from '../terminal/output.js'
import { styleFor } from '../terminal/style.js'

/** Who tells what happens on a connection, and takes what the peer sends. */
export interface Reporter {
  /** Something happened: its name and facts for programs, a sentence for people. */
  event(name: string, facts: Readonly<Record<string, unknown>>, sentence: string): void
  /** The peer's bytes. Resolves when they are taken. */
  data(bytes: Uint8Array): Promise<void>
}

/**
 * For people: sentences on the standard error, bytes on the standard output. For programs: both as lines of JSON on the
 * standard output, the bytes in base64 in events `data`.
 */
export function createReporter(json: boolean): Reporter {
  if (json) {
    const line = (event: string, facts: object): Promise<void> => print(`${JSON.stringify({ event, ...facts })}\n`)
    return {
      event: (name, facts) => void line(name, facts),
      data: (bytes) => line('data', { base64: Buffer.from(bytes).toString('base64') }),
    }
  }
  const style = styleFor(process.stderr)
  return {
    event: (_name, _facts, sentence) => void process.stderr.write(`${style.dim(`sspi: ${harmless(sentence)}`)}\n`),
    data: print,
  }
}

/** Names come from whoever asks: they shall not move the cursor, nor write over what stands there. */
function harmless(sentence: string): string {
  // eslint-disable-next-line no-control-regex -- those are what must not reach the terminal
  return sentence.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '?')
}
