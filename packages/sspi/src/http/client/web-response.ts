import { pipeline, Readable, type Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { EngineResponse } from './engine.js'
import type { HttpAuthentication } from './party.js'

/** How the parties of a request have come to know who the client is. */
export interface HttpAuthentications {
  /** The server; `undefined` where it did not ask. */
  readonly origin: HttpAuthentication | undefined
  /** The proxy; `undefined` where there is none, or it did not ask. */
  readonly proxy: HttpAuthentication | undefined
}

const authentications = new WeakMap<Response, HttpAuthentications>()

/**
 * How the request was authenticated that a response of {@link HttpClient.fetch} answers: the scheme, whether the server has proven
 * itself, or why it refuses.
 */
export function authenticationOf(response: Response): HttpAuthentications {
  return authentications.get(response) ?? { origin: undefined, proxy: undefined }
}

/** What fetch decodes, and says so in `accept-encoding`. */
export const DECODED = 'gzip, deflate, br'

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
  ['br', () => createBrotliDecompress()],
])
/** Layers of encoding that are taken off; nobody in earnest has more than one. */
const MAX_ENCODINGS = 5

/** Responses that have no body whatever their headers say, fetch §2.2.3 (null body status). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/** A response as Web's fetch has it. */
export function webResponse(
  response: EngineResponse,
  at: { readonly method: string; readonly url: URL; readonly redirected: boolean; readonly decode: boolean },
): Response {
  const headers = new Headers()
  for (let i = 0; i + 1 < response.rawHeaders.length; i += 2) {
    headers.append(response.rawHeaders[i]!, response.rawHeaders[i + 1]!) // bounded by the loop
  }
  const { status, statusText } = response
  const bodiless = WITHOUT_BODY.has(status) || at.method === 'HEAD'
  if (bodiless) response.body.resume()
  const encoding = at.decode ? (headers.get('content-encoding') ?? '') : ''
  const body = bodiless ? null : (Readable.toWeb(decoded(response.body, encoding)) as ReadableStream<Uint8Array>)
  const usual = status >= 200 && status <= 599
  const made = new Response(body, { status: usual ? status : 599, statusText, headers })
  // Its constructor cannot be told these.
  Object.defineProperties(made, {
    url: { value: withoutHash(at.url), enumerable: true },
    redirected: { value: at.redirected, enumerable: true },
    ...(usual ? {} : { status: { value: status, enumerable: true } }),
  })
  authentications.set(made, { origin: response.authentication, proxy: response.proxyAuthentication })
  return made
}

/** Takes the encodings off, the last one first, RFC 9110 §8.4; an unknown one is left, with all beneath it. */
function decoded(body: Readable, encoding: string): Readable {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== 'identity')
  if (names.length === 0 || names.length > MAX_ENCODINGS) return body
  const decoders = names.reverse().map((each) => DECODERS.get(each))
  if (!decoders.every((each) => each !== undefined)) return body
  return decoders.reduce<Readable>((from, make) => {
    const to = make()
    pipeline(from, to, () => {}) // `to` is destroyed with the error, which its reader sees
    return to
  }, body)
}

function withoutHash(url: URL): string {
  if (url.hash === '') return url.href
  const shown = new URL(url)
  shown.hash = ''
  return shown.href
}
