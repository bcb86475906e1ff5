import { MOST_REQUEST_BYTES, type KdcHandler } from '../../kdc/index.js'
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { SspiError } from '../../status/index.js'
import { plainAddress } from '../addresses/index.js'
import { hostAddressOf, type KdcSource } from './client-address.js'
import { Gate, type KdcRefusal } from './gate.js'
import { readProxiedRequest, writeProxiedReply } from './proxy-message.js'

/**
 * What answers the requests for a realm; `undefined` where a proxy does not serve it. The name comes from the client as it
 * is, `undefined` when the client has named none: a handler that forwards does so to configured realms only.
 */
export type RealmHandlers = (realm: string | undefined) => KdcHandler | undefined

/** Options of {@link kdcProxy}. */
export interface KdcProxyOptions {
  /** The realms that are served. */
  readonly realms: RealmHandlers
  /** A longer body is refused, in bytes. Default 66,560: what the embedded KDC takes, and its envelope. */
  readonly maxRequestBytes?: number | undefined
  /** So many requests of one address are answered in a second; `Infinity` for no limit. Default 1,000. */
  readonly maxRequestsPerSecond?: number | undefined
  /** For how long a body may take to come, in milliseconds. Default 10,000. */
  readonly clientTimeoutMilliseconds?: number | undefined
  /** The client's address, where something stands before this server. Default: the connection's. */
  readonly addressOf?: ((request: IncomingMessage) => string | undefined) | undefined
  /** Told of what was not taken, and why. */
  readonly onRefused?: ((reason: KdcRefusal, from: KdcSource) => void) | undefined
  /** Told what a handler has thrown. */
  readonly onFailure?: ((error: unknown, from: KdcSource) => void) | undefined
}

/** The envelope takes less than what is added here. */
const MOST_BODY_BYTES = MOST_REQUEST_BYTES + 1024

/**
 * The KDC proxy of MS-KKDCP as a handler of HTTP requests: clients that reach no KDC ask over HTTPS. Which path it serves,
 * by convention `/KdcProxy`, is the server's to say; so is TLS, without which clients do not talk to it.
 *
 * ```ts
 * createServer({ key, cert }, kdcProxy({ realms: (name) => (name === 'EXAMPLE.COM' ? kdc.handle : undefined) }))
 * ```
 *
 * It answers with status 200 and the reply; 400 for what is no request in a KDC-PROXY-MESSAGE, 404 for a realm that is not
 * served, 405 for other methods than POST, 408 for a body that does not come, 413 for one that is too long, 429 beyond the rate,
 * and 503 when there is no reply.
 */
export function kdcProxy(options: KdcProxyOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { realms, maxRequestBytes = MOST_BODY_BYTES, clientTimeoutMilliseconds = 10_000 } = options
  const { maxRequestsPerSecond = 1_000, addressOf = addressOfConnection } = options
  const gate = new Gate({ ...options, maxRequestsPerSecond })
  const serve = async (request: IncomingMessage): Promise<Uint8Array | ProxyRefusal> => {
    const from: KdcSource = { address: plainAddress(addressOf(request)), transport: 'https', service: 'kdc' }
    if (request.method !== 'POST') return 405
    if (!gate.admits(from)) return 429
    const body = await readBody(request, maxRequestBytes, clientTimeoutMilliseconds)
    if (body instanceof Uint8Array) return answerProxied(body, from.address, realms, gate)
    gate.refused(body === 413 ? 'bad length' : 'too slow', from)
    return body
  }
  return (request, response) => {
    response.on('error', () => {}) // a client that has gone
    void serve(request).then((outcome) => respond(response, outcome))
  }
}

/**
 * The same without HTTP: the body of a request in, the body of the answer out.
 *
 * @param address - Where the request comes from.
 * @returns the body, or the HTTP status that says why there is none: 400, 404 or 503, as {@link kdcProxy} has them.
 * @throws what the handler throws.
 */
export function answerKdcProxyMessage(
  body: Uint8Array,
  address: string,
  realms: RealmHandlers,
): Promise<Uint8Array | 400 | 404 | 503> {
  return answerProxied(body, address, realms, {
    answer: (handler, request, { service }) => handler(request, { service, address: hostAddressOf(address) }),
  })
}

async function answerProxied(
  body: Uint8Array,
  address: string,
  realms: RealmHandlers,
  gate: Pick<Gate, 'answer'>,
): Promise<Uint8Array | 400 | 404 | 503> {
  const asked = parsed(body)
  if (asked === undefined) return 400
  const handler = realms(asked.realm)
  if (handler === undefined) return 404
  const reply = await gate.answer(handler, asked.request, { address, transport: 'https', service: asked.service })
  return reply === undefined ? 503 : writeProxiedReply(reply)
}

function parsed(body: Uint8Array): ReturnType<typeof readProxiedRequest> | undefined {
  try {
    return readProxiedRequest(body)
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}

/** The body, or the status that says why there is none. */
function readBody(request: IncomingMessage, most: number, milliseconds: number): Promise<Uint8Array | 408 | 413> {
  if (Number(request.headers['content-length'] ?? 0) > most) return Promise.resolve(413)
  return new Promise((resolve) => {
    const chunks: Uint8Array[] = []
    let length = 0
    const end = (result: Uint8Array | 408 | 413): void => {
      clearTimeout(timer)
      request.off('data', onData)
      resolve(result)
    }
    const onData = (chunk: Uint8Array): void => {
      length += chunk.length
      if (length > most) return end(413)
      chunks.push(chunk)
    }
    const timer = setTimeout(() => end(408), milliseconds)
    request.on('data', onData)
    request.once('end', () => end(new Uint8Array(Buffer.concat(chunks))))
    request.once('close', () => end(408))
    request.once('error', () => end(408))
  })
}

type ProxyRefusal = keyof typeof REFUSALS

/** What goes with a status that says why there is no reply. */
const REFUSALS: Readonly<Record<400 | 404 | 405 | 408 | 413 | 429 | 503, OutgoingHttpHeaders>> = {
  400: {},
  404: {},
  405: { allow: 'POST' },
  // What still comes of the body is not read.
  408: { connection: 'close' },
  413: { connection: 'close' },
  429: { 'retry-after': '1' },
  503: {},
}

function respond(response: ServerResponse, outcome: Uint8Array | ProxyRefusal): void {
  if (typeof outcome === 'number') {
    response.writeHead(outcome, { ...REFUSALS[outcome], 'content-length': 0 }).end()
  } else {
    // The type that Windows' clients send and expect, MS-KKDCP 2.1.
    response.writeHead(200, { 'content-type': 'application/kerberos', 'content-length': outcome.length }).end(outcome)
  }
}

function addressOfConnection({ socket }: IncomingMessage): string | undefined {
  return socket.remoteAddress
}
