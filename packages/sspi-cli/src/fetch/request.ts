import { createReadStream, statSync } from 'node:fs'
import type { HttpBody } from 'sspi/http'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** What is asked for, as the command line says it. */
export interface RequestOptions {
  readonly request?: string
  readonly header?: readonly string[]
  readonly data?: string
  readonly head?: true
}

/** A request, ready to be sent. */
export interface ReadyRequest {
  readonly method: string
  readonly headers: Headers
  readonly body: HttpBody | undefined
  /** How long the body is; `undefined` where that shows at its end. */
  readonly length: number | undefined
  /** How much of the body was sent so far, the last time that it was sent. */
  readonly bytesSent: number
  /** Lets the standard input go, which would keep the program waiting. */
  close(): void
}

/**
 * Reads the request of the command line. Passwords that come by the standard input must have been read before.
 *
 * @throws `CommandError` for a header that is none, or a body where there can be none. What the operating system says of a file.
 */
export async function readRequest(options: RequestOptions): Promise<ReadyRequest> {
  const { data, head, request } = options
  if (data !== undefined && (head === true || /^(get|head)$/i.test(request ?? ''))) {
    throw new CommandError(ExitCode.USAGE, `--data: ${head === true ? 'HEAD' : (request ?? '')} has no body`)
  }
  const headers = readHeaders(options.header ?? [])
  // What is there is written as it is, as curl has it.
  if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity')
  const method = request ?? (head === true ? 'HEAD' : data === undefined ? 'GET' : 'POST')
  if (data === undefined) return { method, headers, body: undefined, length: 0, bytesSent: 0, close: () => undefined }
  if (!headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded')
  return data === '@-' ? fromInput(method, headers) : fromArgument(method, headers, data)
}

function readHeaders(lines: readonly string[]): Headers {
  const headers = new Headers()
  for (const line of lines) {
    const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? []
    try {
      if (name === undefined) throw new TypeError('no colon')
      headers.append(name, value)
    } catch {
      throw new CommandError(ExitCode.USAGE, `--header: '${line}' is no field`, "write it as 'Name: value'")
    }
  }
  return headers
}

/** A text, or a file, which can be sent as often as it takes. */
function fromArgument(method: string, headers: Headers, data: string): ReadyRequest {
  if (!data.startsWith('@')) {
    const length = Buffer.byteLength(data)
    const body = new TextEncoder().encode(data)
    return { method, headers, body, length, bytesSent: length, close: () => undefined }
  }
  const path = data.slice(1)
  const length = lengthOf(path)
  if (length !== undefined) headers.set('content-length', String(length))
  const counter = new Counter()
  const body = (): AsyncIterable<Uint8Array> => counter.count(createReadStream(path))
  return {
    method,
    headers,
    body,
    length,
    get bytesSent() {
      return counter.bytes
    },
    close: () => undefined,
  }
}

/** As much of the standard input is kept, in bytes, so that it can be sent again. */
const MAXIMUM_KEPT = 1_048_576

/** The standard input, which is there once: kept while it is short, else sent when the server says that it wants it. */
async function fromInput(method: string, headers: Headers): Promise<ReadyRequest> {
  const pieces: Uint8Array[] = []
  let kept = 0
  const input = process.stdin[Symbol.asyncIterator]() as AsyncIterator<Uint8Array> // no encoding was set
  while (kept <= MAXIMUM_KEPT) {
    const next = await input.next()
    if (next.done === true) {
      const body = new Uint8Array(Buffer.concat(pieces))
      return { method, headers, body, length: kept, bytesSent: kept, close: () => undefined }
    }
    pieces.push(next.value)
    kept += next.value.length
  }
  const counter = new Counter()
  return {
    method,
    headers,
    body: counter.count(behind(pieces, input)),
    length: undefined,
    get bytesSent() {
      return counter.bytes
    },
    close: () => process.stdin.destroy(),
  }
}

/** What was read already, and then the rest. */
async function* behind(pieces: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* pieces
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

/** Pipes and devices have no length that is worth a word. */
function lengthOf(path: string): number | undefined {
  const stats = statSync(path)
  if (stats.isDirectory()) throw new CommandError(ExitCode.IO, `${path}: it is a folder`)
  return stats.isFile() ? stats.size : undefined
}

/** Counts what is read of a body, from its beginning each time. */
class Counter {
  bytes = 0

  async *count(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.bytes = 0
    for await (const piece of stream) {
      this.bytes += piece.length
      yield piece
    }
  }
}
