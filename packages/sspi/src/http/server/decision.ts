import { SspiError } from '../../status/index.js'
import type { HttpLogOn } from './log-on.js'
import type { HttpServerSettings } from './options.js'
import type { HttpServerRequest, HttpServerResponse } from './node-messages.js'
import type { HeaderField } from './scheme-outcome.js'

/** What becomes of a request. */
export type HttpDecision =
  | {
      /** The client is known: go on, with these fields on the response, whatever it is. */
      readonly kind: 'accepted'
      /** Who it is. */
      readonly logOn: HttpLogOn
      /** Names may be there more than once. */
      readonly fields: readonly HeaderField[]
    }
  | {
      /** Answer so, and nothing else. */
      readonly kind: 'refused'
      /** 401; 400, 403 or 503. */
      readonly status: number
      /** Names may be there more than once. */
      readonly fields: readonly HeaderField[]
      /** What people see; its type is among the fields. */
      readonly body: string
    }
  /** Reset the stream with HTTP_1_1_REQUIRED (RFC 9113 §7): what the client wants to do cannot be done over HTTP/2. */
  | { readonly kind: 'http-1.1-required' }

// Why a stream is closed, RFC 9113 §7.
const HTTP_1_1_REQUIRED = 0xd
/** Nobody needs it any more. NO_ERROR would have Node wait for what it is to end. */
const CANCEL = 0x8

/** Puts fields onto a response beside those that are there. */
export function putFields(response: HttpServerResponse, fields: readonly HeaderField[]): void {
  for (const [name, value] of fields) {
    const before = response.getHeader(name)
    if (before === undefined) response.setHeader(name, value)
    else response.setHeader(name, [...(Array.isArray(before) ? before : [String(before)]), value])
  }
}

/** Whether nobody can be answered any more. */
export function isOver(response: HttpServerResponse): boolean {
  return 'stream' in response ? response.stream.destroyed : response.destroyed || response.closed
}

/** Answers a request that was refused. */
export function refuse(
  response: HttpServerResponse,
  decision: Exclude<HttpDecision, { readonly kind: 'accepted' }>,
): void {
  if (decision.kind === 'http-1.1-required') {
    resetForHttp1(response)
    return
  }
  putFields(response, decision.fields)
  response.statusCode = decision.status
  response.end(decision.body)
}

/** Tells a client of HTTP/2 to come back by HTTP/1.1. */
export function resetForHttp1(response: HttpServerResponse): void {
  if ('stream' in response) response.stream.close(HTTP_1_1_REQUIRED)
}

/** The fields and the body of a refusal. */
export function refusalOf(
  status: number,
  challenges: readonly string[],
  request: HttpServerRequest,
  { refusalPage }: Pick<HttpServerSettings, 'refusalPage'>,
): HttpDecision & { readonly kind: 'refused' } {
  const { type, body } = refusalPage?.(status, request) ?? {
    type: 'text/plain; charset=utf-8',
    body: `${status} ${WORDS[status] ?? 'Refused'}\n`,
  }
  const fields: HeaderField[] = challenges.map((challenge) => ['WWW-Authenticate', challenge])
  fields.push(
    ['Content-Type', type],
    ['Content-Length', String(Buffer.byteLength(body))],
    ['Cache-Control', 'no-store'],
  )
  if (status === 503) fields.push(['Retry-After', '1'])
  return { kind: 'refused', status, fields, body }
}

const WORDS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  503: 'Service Unavailable',
}

/**
 * Reads on what comes of the body of a refused request, so that the connection can be used for the next leg; not without measure, and not
 * for ever.
 */
export function discardBody(
  request: HttpServerRequest,
  { maxDiscardedBytes, discardSeconds }: Pick<HttpServerSettings['limits'], 'maxDiscardedBytes' | 'discardSeconds'>,
): void {
  if (request.readableEnded || request.destroyed) return
  let length = 0
  const give = () => {
    if ('stream' in request) request.stream.close(CANCEL)
    else request.socket.destroy()
  }
  const timer = setTimeout(give, discardSeconds * 1000)
  timer.unref()
  const over = () => clearTimeout(timer)
  request.on('data', (chunk: Uint8Array) => {
    length += chunk.length
    if (length > maxDiscardedBytes) give()
  })
  request.once('end', over)
  request.once('close', over)
  request.on('error', over)
}

/** The status that tells a client about an error: 503 where it is this side that cannot. */
export function statusOf(error: SspiError): number {
  return UNAVAILABLE.has(error.code) ? 503 : 401
}

const UNAVAILABLE: ReadonlySet<SspiError['code']> = new Set([
  'SEC_E_NO_AUTHENTICATING_AUTHORITY',
  'SEC_E_INSUFFICIENT_MEMORY',
  'SEC_E_INTERNAL_ERROR',
  'SEC_E_NO_CREDENTIALS',
  'SEC_E_SECPKG_NOT_FOUND',
  'SEC_E_SHUTDOWN_IN_PROGRESS',
] as const)
