import { createWriteStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** Where a response's body goes. */
export interface OutputOptions {
  readonly output?: string
  readonly remoteName?: true
}

/** The file that the body is to be written to; `undefined` for the standard output. @throws `CommandError` when the URL names no file, and is to. */
export function outputPath(url: URL, { output, remoteName: takesName }: OutputOptions): string | undefined {
  if (takesName === true) return remoteName(url)
  return output === '-' ? undefined : output
}

/** The last part of the path; never a way out of this folder. */
function remoteName(url: URL): string {
  const last = url.pathname.split('/').at(-1) ?? ''
  let name: string
  try {
    name = decodeURIComponent(last)
  } catch {
    name = last
  }
  if (name === '' || name === '.' || name === '..' || name !== basename(name) || /[\\\0]/.test(name)) {
    throw new CommandError(ExitCode.USAGE, '--remote-name: the URL does not end with the name of a file', 'say -o FILE')
  }
  return name
}

/** The head of a response as it is written. */
export function responseHead({ status, statusText, headers }: Response): string {
  const fields = [...headers].map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status}${statusText === '' ? '' : ` ${statusText}`}\r\n${fields.join('')}\r\n`
}

/** A response's body as it comes. */
export class Received {
  /** How much has come. */
  bytes = 0
  /** How much is to come; `undefined` where the server did not say. */
  expected: number | undefined

  /**
   * Writes a body to its end.
   *
   * @param path - The file; `undefined` for `toOutput`.
   * @throws what the network or the file system says.
   */
  async drain(
    response: Response,
    path: string | undefined,
    toOutput: (piece: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const length = Number(response.headers.get('content-length') ?? NaN)
    this.expected = Number.isSafeInteger(length) ? length : undefined
    if (path !== undefined) await pipeline(this.#pieces(response), createWriteStream(path))
    else for await (const piece of this.#pieces(response)) await toOutput(piece)
  }

  async *#pieces({ body }: Response): AsyncGenerator<Uint8Array> {
    if (body === null) return
    // Node's own stream can be iterated; the type of Web's does not say so.
    for await (const piece of body as unknown as AsyncIterable<Uint8Array>) {
      this.bytes += piece.length
      yield piece
    }
  }
}
