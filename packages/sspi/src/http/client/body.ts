import { Readable } from 'node:stream'
import type { ReadableStream as NodeReadableStream } from 'node:stream/web'
import { encodeUtf8 } from '../../bytes/index.js'

/** A stream of bytes in any of the forms that Node has. */
export type BodyStream = Readable | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * A request's body. An authentication may need several requests before one is answered, so that a body is best given as something
 * that can be sent again: bytes, a text, a `Blob`, a form, or a function that makes a new stream each time. A stream that is
 * there once is sent when the server says that it wants it (`Expect: 100-continue`).
 */
export type HttpBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | URLSearchParams
  | FormData
  | BodyStream
  | (() => BodyStream | Promise<BodyStream>)

/** A body as it is sent. */
export interface BodySource {
  /** In bytes; `undefined` where it shows at the end only. */
  readonly length: number | undefined
  /** Whether {@link open} can be called again. */
  readonly replayable: boolean
  /** What the body itself says of its type, where the caller says nothing. */
  readonly contentType: string | undefined
  /** Its bytes, from the beginning. */
  open(): Readable | Uint8Array | Promise<Readable>
}

/** Reads a caller's body; `undefined` for none. */
export async function readBody(body: HttpBody | null | undefined): Promise<BodySource | undefined> {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return bytesBody(encodeUtf8(body), 'text/plain;charset=UTF-8')
  if (body instanceof Uint8Array) return bytesBody(new Uint8Array(body), undefined)
  if (body instanceof ArrayBuffer) return bytesBody(new Uint8Array(body.slice(0)), undefined)
  if (typeof body === 'function') {
    const open = async (): Promise<Readable> => readableOf(await body())
    return { length: undefined, replayable: true, contentType: undefined, open }
  }
  if (body instanceof Blob) {
    const open = (): Readable => readableOf(body.stream())
    return { length: body.size, replayable: true, contentType: body.type === '' ? undefined : body.type, open }
  }
  if (body instanceof URLSearchParams || body instanceof FormData) {
    // Web's own class knows how a form is written.
    const written = new Response(body)
    return bytesBody(new Uint8Array(await written.arrayBuffer()), written.headers.get('content-type') ?? undefined)
  }
  return { length: undefined, replayable: false, contentType: undefined, open: () => readableOf(body) }
}

/** The length that a header says a body has; `undefined` without one. @throws `TypeError` for what is no number. */
export function readLength(field: string | null | undefined): number | undefined {
  if (field === null || field === undefined) return undefined
  if (/^\d{1,15}$/.test(field)) return Number(field)
  throw new TypeError(`content-length: '${field}' is no number`)
}

/**
 * The pieces of a body that says how long it is: no more of them, which the server would take for another request, and no less.
 *
 * @throws `TypeError` when the body is longer or shorter.
 */
export async function* exactly(pieces: AsyncIterable<unknown>, length: number): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const piece of pieces) {
    const bytes = piece as Uint8Array // no encoding was set: pieces are Buffers
    read += bytes.length
    if (read > length) throw new TypeError(`body: longer than the ${length} bytes that content-length says`)
    yield bytes
  }
  if (read < length) throw new TypeError(`body: ${read} bytes, where content-length says ${length}`)
}

/**
 * The body with the length that a header says it has. One that could be sent once only is kept in memory where it is no longer than
 * allowed, so that it can be sent again.
 */
export async function withLength(
  body: BodySource,
  length: number | undefined,
  maxReplayBytes: number,
): Promise<BodySource> {
  if (length === undefined || body.length !== undefined) return body
  if (body.replayable || length > maxReplayBytes) return { ...body, length }
  const opened = await body.open()
  const pieces: Uint8Array[] = []
  for await (const piece of exactly(opened instanceof Uint8Array ? Readable.from([opened]) : opened, length)) {
    pieces.push(piece)
  }
  return bytesBody(new Uint8Array(Buffer.concat(pieces)), body.contentType)
}

/** Bytes that are sent as they are. */
export function bytesBody(bytes: Uint8Array, contentType: string | undefined): BodySource {
  return { length: bytes.length, replayable: true, contentType, open: () => bytes }
}

function readableOf(stream: BodyStream): Readable {
  if (stream instanceof Readable) return stream
  if ('getReader' in stream) return Readable.fromWeb(stream as NodeReadableStream<Uint8Array>)
  return Readable.from(stream, { objectMode: false })
}
