import type { Duplex } from 'node:stream'
import { oemDecode } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import type { ResponseFacts } from './attempts.js'
import { lost } from './failures.js'

// Node's own client takes whatever follows a response to CONNECT for the tunnel, the page that explains a 407 too, so that it
// cannot go on with the next leg. This reads such responses, RFC 9112, within bounds.

/** A response to CONNECT. */
export interface TunnelReply extends ResponseFacts {
  /** Whether the proxy keeps the connection for another request. */
  readonly keepAlive: boolean
}

/** Bounds of a response. */
export interface TunnelReplyLimits {
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
}

/**
 * Reads one response to CONNECT; of a refusal the body as well.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it is no response, or too long; `SEC_E_UNFINISHED_CONTEXT_DELETED` when the proxy hangs up.
 */
export async function readTunnelReply(
  stream: Duplex,
  where: string,
  limits: TunnelReplyLimits,
  signal: AbortSignal,
): Promise<TunnelReply> {
  const bytes = new PulledBytes(stream, where, signal)
  for (;;) {
    const head = readHead(await bytes.upTo('\r\n\r\n', limits.maxHeaderBytes, 'head'))
    if (head.status < 200) continue // 100 Continue and its kind
    // RFC 9110 §9.3.6: a 2xx has no body; what comes next is the server's.
    const keepAlive = head.status < 300 || (staysOpen(head) && (await skipBody(bytes, head, limits.maxBodyBytes)))
    if (keepAlive) bytes.end()
    return { ...head, keepAlive }
  }
}

/** The head of a response. */
interface Head extends ResponseFacts {
  /** Of HTTP/1: 0 or 1. */
  readonly minorVersion: number
}

function readHead(text: string): Head {
  const [first = '', ...lines] = text.split('\r\n')
  const [, minor, status] = /^HTTP\/1\.([01]) (\d{3})(?: |$)/.exec(first) ?? []
  if (status === undefined) throw malformed('its first line is not that of a response of HTTP/1.1')
  const fields = new Map<string, string[]>()
  for (const line of lines) {
    if (line === '') continue
    // RFC 9112 §5.1 and §5.2: no space in front of the colon, and no line that goes on with the one before.
    const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*$/s.exec(line) ?? []
    if (name === undefined || value === undefined || /[\r\n\0]/.test(value)) throw malformed('a line is no field')
    const key = name.toLowerCase()
    fields.set(key, [...(fields.get(key) ?? []), value])
  }
  return { status: Number(status), minorVersion: Number(minor), values: (field) => fields.get(field) ?? [] }
}

/** Whether a proxy keeps the connection, as far as it says so: RFC 9112 §9.3. */
function staysOpen(head: Head): boolean {
  const said = [...head.values('connection'), ...head.values('proxy-connection')].join(',')
  const options = said.toLowerCase().split(/[\s,]+/)
  return !options.includes('close') && (head.minorVersion === 1 || options.includes('keep-alive'))
}

/** @returns whether the end of the body could be told. */
async function skipBody(bytes: PulledBytes, head: ResponseFacts, maxBytes: number): Promise<boolean> {
  const encoding = head.values('transfer-encoding')
  if (encoding.length > 0) {
    if (encoding.join(',').trim().toLowerCase() !== 'chunked') return false
    await skipChunks(bytes, maxBytes)
    return true
  }
  const lengths = new Set(head.values('content-length'))
  if (lengths.size === 0) return false // it goes on until the proxy hangs up
  const [length = ''] = lengths
  // RFC 9112 §6.3: two that differ are an attack, or a mistake of the same consequence.
  if (lengths.size > 1 || !/^\d{1,12}$/.test(length)) throw malformed('content-length: no number')
  if (Number(length) > maxBytes) return false
  await bytes.skip(Number(length))
  return true
}

async function skipChunks(bytes: PulledBytes, maxBytes: number): Promise<void> {
  let total = 0
  for (;;) {
    const line = await bytes.upTo('\r\n', MAX_LINE, 'chunk')
    const digits = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1]
    if (digits === undefined) throw malformed('a chunk without a length')
    const length = Number.parseInt(digits, 16)
    total += length
    if (total > maxBytes) throw malformed(`a body of more than ${maxBytes} bytes`)
    if (length === 0) break
    await bytes.skip(length + 2)
  }
  for (let lines = 0; (await bytes.upTo('\r\n', MAX_LINE, 'trailer')) !== ''; lines++) {
    if (lines > MAX_TRAILERS) throw malformed('trailers without end')
  }
}

const MAX_LINE = 8192
const MAX_TRAILERS = 100

/** Bytes that are pulled out of a stream as they are needed. */
class PulledBytes {
  readonly #stream: Duplex
  readonly #where: string
  readonly #signal: AbortSignal
  #held: Buffer = Buffer.alloc(0)

  constructor(stream: Duplex, where: string, signal: AbortSignal) {
    this.#stream = stream
    this.#where = where
    this.#signal = signal
  }

  /** Text up to a mark, which is passed over; octets. */
  async upTo(mark: string, most: number, what: string): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(mark)
      if (at >= 0) {
        const text = oemDecode(this.#held.subarray(0, at))
        this.#held = this.#held.subarray(at + mark.length)
        return text
      }
      if (this.#held.length > most) throw malformed(`${what}: more than ${most} bytes`)
      this.#held = Buffer.concat([this.#held, await this.#pull()])
    }
  }

  async skip(count: number): Promise<void> {
    let left = count
    while (left > this.#held.length) {
      left -= this.#held.length
      this.#held = await this.#pull()
    }
    this.#held = this.#held.subarray(left)
  }

  /** Nobody has asked for more yet: TLS is begun by the client. */
  end(): void {
    if (this.#held.length > 0) throw malformed(`${this.#held.length} bytes behind it`)
  }

  async #pull(): Promise<Buffer> {
    const stream = this.#stream
    for (;;) {
      this.#signal.throwIfAborted()
      const bytes = stream.read() as Buffer | null
      if (bytes !== null) return bytes
      if (stream.destroyed || stream.readableEnded) throw lost(this.#where, 'the proxy hung up')
      await new Promise<void>((resolve, reject) => {
        const settle = (): void => {
          stream.off('readable', more).off('end', more).off('close', more).off('error', failed)
          this.#signal.removeEventListener('abort', more)
        }
        const more = (): void => {
          settle()
          resolve()
        }
        const failed = (error: Error): void => {
          settle()
          reject(lost(this.#where, `the proxy hung up: ${error.message}`, error))
        }
        stream.on('readable', more).on('end', more).on('close', more).on('error', failed)
        this.#signal.addEventListener('abort', more)
      })
    }
  }
}

function malformed(why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', `response to CONNECT: ${why}`)
}
