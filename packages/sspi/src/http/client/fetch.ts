import { SspiError } from '../../status/index.js'
import { readBody, readLength, withLength, type BodySource, type HttpBody } from './body.js'
import type { EngineResponse, HttpEngine } from './engine.js'
import { withoutConnectionFields } from './header-fields.js'
import type { HttpCredentials } from './options.js'
import { isRedirect, redirected, type Redirectable } from './redirects.js'
import { DECODED, webResponse } from './web-response.js'

/** What goes with a request, as in fetch, and whom it is made as. What browsers have and is not here has no meaning outside of them. */
export interface FetchInit {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** Those that are the connection's own (`host` aside) are set here, and not taken: `connection`, `content-length` without a body, … */
  readonly headers?: ConstructorParameters<typeof Headers>[0]
  /** See {@link HttpBody} for what can be sent again. */
  readonly body?: HttpBody | null | undefined
  /** What to do with a redirect. Default `follow`. */
  readonly redirect?: 'follow' | 'manual' | 'error' | undefined
  /** Gives the request up, whatever it is at. */
  readonly signal?: AbortSignal | null | undefined
  /**
   * Whom to make this request as. The same value is the same identity, and has connections of its own as long as the client is open: keep
   * the value. Default: the client's.
   */
  readonly identity?: HttpCredentials | undefined
}

/** A function like Web's fetch. */
export type AuthenticatingFetch = (input: string | URL | Request, init?: FetchInit) => Promise<Response>

/** Methods that are written in capitals whatever the caller writes, fetch §2.2.1 (normalize). */
const NORMALISED: ReadonlySet<string> = new Set(['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'])

/**
 * Fetch over an engine.
 *
 * @param mayAuthenticate - Whether a server may learn who the client is, where the client says so; else those of the first URL's
 *   origin may.
 */
export function fetchOver(
  engine: HttpEngine,
  mayAuthenticate: ((url: URL) => boolean) | undefined,
): AuthenticatingFetch {
  return async (input, init = {}) => {
    const { request, decode } = await readRequest(engine, input, init)
    const { redirect = input instanceof Request ? input.redirect : 'follow' } = init
    const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
    const identity = engine.identityOf(init.identity ?? engine.settings.credentials)
    const allowed = mayAuthenticate ?? ((url: URL) => url.origin === request.url.origin)
    let current = request
    for (let redirects = 0; ; redirects++) {
      const { url } = current
      // A caller that authenticates itself is let be.
      const may = allowed(url) && current.headers['authorization'] === undefined
      const response = await engine.request({ ...current, mayAuthenticate: may, identity, signal })
      const next = await follow(engine, current, response, { redirect, redirects })
      if (next === undefined) return webResponse(response, { ...current, redirected: redirects > 0, decode })
      current = next
    }
  }
}

/** The request that a response leads to; `undefined` where the response is the caller's. */
async function follow(
  engine: HttpEngine,
  request: Redirectable<BodySource>,
  response: EngineResponse,
  { redirect, redirects }: { readonly redirect: string; readonly redirects: number },
): Promise<Redirectable<BodySource> | undefined> {
  if (!isRedirect(response.status) || redirect === 'manual') return undefined
  const { maxRedirects } = engine.settings.limits
  try {
    if (redirect === 'error') {
      throw new SspiError(
        'SEC_E_ILLEGAL_MESSAGE',
        `HTTP: ${request.url.host} redirects, which the caller takes for an error`,
      )
    }
    const next = redirected(request, response.status, fieldOf(response, 'location'))
    if (next === undefined) return undefined
    if (redirects >= maxRedirects) {
      throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `HTTP: ${request.url.host}: more than ${maxRedirects} redirects`)
    }
    // Read over, so that the connection can be used again; a page that is long is not worth it.
    await discard(response, engine.settings.limits.maxChallengeBodyBytes)
    return next
  } catch (error) {
    response.body.destroy()
    throw error
  }
}

async function discard({ body }: EngineResponse, maxBytes: number): Promise<void> {
  let left = maxBytes
  try {
    for await (const piece of body) {
      left -= (piece as Uint8Array).length // no encoding was set: pieces are Buffers
      if (left < 0) return // leaving the loop destroys it
    }
  } catch {
    // Where it ended early, there was nothing in it that is needed.
  }
}

function fieldOf({ rawHeaders }: EngineResponse, name: string): string | undefined {
  const at = rawHeaders.findIndex((each, i) => i % 2 === 0 && each.toLowerCase() === name)
  return at < 0 ? undefined : rawHeaders[at + 1]
}

async function readRequest(
  engine: HttpEngine,
  input: string | URL | Request,
  init: FetchInit,
): Promise<{ readonly request: Redirectable<BodySource>; readonly decode: boolean }> {
  const given = input instanceof Request ? input : undefined
  const url = readUrl(given?.url ?? (input as string | URL))
  const method = normalised(init.method ?? given?.method ?? 'GET')
  const fields = new Headers(init.headers ?? given?.headers)
  const length = readLength(fields.get('content-length'))
  const read = await readBody(init.body ?? given?.body)
  if (read !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw new TypeError(`fetch: ${method} has no body`)
  }
  const body = read === undefined ? undefined : await withLength(read, length, engine.settings.limits.maxReplayBytes)
  if (body?.contentType !== undefined && !fields.has('content-type')) fields.set('content-type', body.contentType)
  if (!fields.has('accept')) fields.set('accept', '*/*')
  const decode = !fields.has('accept-encoding')
  if (decode) fields.set('accept-encoding', DECODED)
  return { request: { method, url, headers: ownFields(fields), body }, decode }
}

/** The caller's fields; those of the connection are set by the connection. */
function ownFields(fields: Headers): Record<string, string> {
  const left = Object.entries(withoutConnectionFields(Object.fromEntries(fields)))
  return Object.fromEntries(left.map(([name, value]) => [name, String(value)]))
}

function readUrl(input: string | URL): URL {
  const url = new URL(input)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TypeError(`fetch: ${url.protocol}// is not HTTP`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError('fetch: a name in the URL: give credentials to the client')
  }
  return url
}

function normalised(method: string): string {
  const upper = method.toUpperCase()
  const name = NORMALISED.has(upper) ? upper : method
  if (/^(CONNECT|TRACE|TRACK)$/i.test(name) || !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) {
    throw new TypeError(`fetch: '${method}' is no method that can be asked for`)
  }
  return name
}
