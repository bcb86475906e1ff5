import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_MISSING,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SspiError,
  type SecBuffer,
  type SecBufferDesc,
} from '../sspi/index.js'

/** A message to be protected, in the layout of stream packages. */
export interface OutgoingLayout {
  readonly header: SecBuffer
  readonly data: readonly Uint8Array[]
  readonly trailer: SecBuffer
  /** Where the protocol may say something of its own first; not on Windows. */
  readonly token: SecBuffer | undefined
}

/**
 * Finds header, data and trailer among a caller's buffers. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when one is not there, or
 * a buffer has no place in such a message. Nothing was changed.
 */
export function readOutgoing(message: SecBufferDesc): OutgoingLayout {
  const only = new Map<number, SecBuffer>()
  const data: Uint8Array[] = []
  for (const buffer of message.buffers) {
    switch (buffer.type) {
      case SECBUFFER_STREAM_HEADER:
      case SECBUFFER_STREAM_TRAILER:
      case SECBUFFER_TOKEN:
        if (only.has(buffer.type)) throw invalid(`two buffers of type ${buffer.type}`)
        only.set(buffer.type, buffer)
        break
      case SECBUFFER_DATA:
        data.push(buffer.bytes)
        break
      case SECBUFFER_EMPTY:
        break
      default:
        throw invalid(`a buffer of type ${buffer.type} has no place in it`)
    }
  }
  const header = only.get(SECBUFFER_STREAM_HEADER)
  const trailer = only.get(SECBUFFER_STREAM_TRAILER)
  if (header === undefined || trailer === undefined || data.length === 0) {
    throw invalid('SECBUFFER_STREAM_HEADER, SECBUFFER_DATA and SECBUFFER_STREAM_TRAILER are needed')
  }
  return { header, data, trailer, token: only.get(SECBUFFER_TOKEN) }
}

/** Room in an output buffer; allocated where it has no memory. @throws {@link SspiError} `SEC_E_BUFFER_TOO_SMALL`. */
export function roomIn(buffer: SecBuffer, length: number, name: string): Uint8Array {
  const room = buffer.pvBuffer === undefined ? length : Math.min(buffer.cbBuffer, buffer.pvBuffer.length)
  if (room < length) {
    throw new SspiError('SEC_E_BUFFER_TOO_SMALL', `message: ${name} has ${room} bytes, ${length} are needed`)
  }
  buffer.pvBuffer ??= new Uint8Array(length)
  return buffer.pvBuffer.subarray(0, room === length ? length : Math.min(room, buffer.pvBuffer.length))
}

/** What came, and the four buffers that it is shown in. */
export interface IncomingLayout {
  /** What came, whole or not. */
  readonly bytes: Uint8Array
  /** Where it stands: what lacks is told there. */
  readonly data: SecBuffer
  /** In the caller's order, `data` among them: header, data, trailer, and what is left over. */
  readonly places: readonly SecBuffer[]
}

/**
 * Finds what came, and room to show it in. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` unless there are a data buffer and three
 * empty ones. Nothing was changed.
 */
export function readIncoming(message: SecBufferDesc): IncomingLayout {
  const places: SecBuffer[] = []
  let data: SecBuffer | undefined
  for (const buffer of message.buffers) {
    if (buffer.type === SECBUFFER_DATA && data === undefined) places.push((data = buffer))
    else if (buffer.type === SECBUFFER_EMPTY) places.push(buffer)
    else throw invalid(`a buffer of type ${buffer.type} has no place in it`)
  }
  if (data === undefined || places.length < PLACES) {
    throw invalid('a SECBUFFER_DATA with what came and three SECBUFFER_EMPTY are needed')
  }
  return { bytes: data.bytes, data, places }
}

const PLACES = 4

/** Shows a record: what came becomes its header, its data, its trailer, and what is left over. */
export function showRecord(layout: IncomingLayout, start: number, end: number, length: number): void {
  const { bytes, places } = layout
  const [header, data, trailer, extra] = places
  header!.become(SECBUFFER_STREAM_HEADER, bytes.subarray(0, start)) // readIncoming has counted them
  data!.become(SECBUFFER_DATA, bytes.subarray(start, end))
  trailer!.become(SECBUFFER_STREAM_TRAILER, bytes.subarray(end, length))
  if (length < bytes.length) extra!.become(SECBUFFER_EXTRA, bytes.subarray(length))
  else extra!.become(SECBUFFER_EMPTY, undefined)
}

/** Says in the data buffer itself how much lacks, as on Windows. */
export function showMissing({ data }: IncomingLayout, missing: number): void {
  data.become(SECBUFFER_MISSING, undefined, missing)
}

function invalid(what: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `message: ${what}`)
}
