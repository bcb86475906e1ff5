import { SspiError } from '../../status/index.js'

/** Fields that are of one server, and are not shown to another, fetch §4.6 (HTTP-redirect fetch). */
const OF_ONE_ORIGIN = ['authorization', 'cookie', 'host', 'proxy-authorization']
/** Fields that say something of a body, which are of no use without it. */
const OF_A_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** A request that may be led elsewhere. */
export interface Redirectable<Body> {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | undefined
}

/** Whether a status leads elsewhere. */
export function isRedirect(status: number): boolean {
  return REDIRECTS.has(status)
}

/**
 * The request that a redirect leads to, by the rules of fetch: 303 makes a GET of everything, 301 and 302 of a POST; what was meant
 * for one origin is not shown to another.
 *
 * @returns `undefined` where the response names no place: it is the caller's then.
 * @throws `SspiError` `SEC_E_ILLEGAL_MESSAGE` for a place that is no URL of HTTP, or has a name and a password in it;
 *   `SEC_E_CANNOT_PACK` when the body would have to be sent again, and is not there any more.
 */
export function redirected<Body extends { readonly replayable: boolean }>(
  request: Redirectable<Body>,
  status: number,
  location: string | undefined,
): Redirectable<Body> | undefined {
  if (location === undefined) return undefined
  const url = placeOf(location, request.url)
  const { method } = request
  const dropsBody = (status === 303 && method !== 'HEAD' && method !== 'GET') || (status <= 302 && method === 'POST')
  const { body } = request
  if (!dropsBody && body !== undefined && !body.replayable) {
    throw new SspiError(
      'SEC_E_CANNOT_PACK',
      `HTTP: ${request.url.host} redirects, and the body has been sent: give one that can be sent again`,
    )
  }
  const dropped = [...(dropsBody ? OF_A_BODY : []), ...(url.origin === request.url.origin ? [] : OF_ONE_ORIGIN)]
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !dropped.includes(name)))
  return { method: dropsBody ? 'GET' : method, url, headers, body: dropsBody ? undefined : body }
}

function placeOf(location: string, from: URL): URL {
  let url: URL
  try {
    // Node has a character for each byte; browsers take them for UTF-8, RFC 9110 §10.2.2 leaves no other.
    url = new URL(Buffer.from(location, 'latin1').toString('utf8'), from)
  } catch (cause) {
    throw new SspiError('SEC_E_ILLEGAL_MESSAGE', `HTTP: ${from.host} redirects to what is no URL`, { cause })
  }
  const isHttp = url.protocol === 'http:' || url.protocol === 'https:'
  if (!isHttp || url.username !== '' || url.password !== '') {
    throw new SspiError(
      'SEC_E_ILLEGAL_MESSAGE',
      `HTTP: ${from.host} redirects to a URL of another kind, or with a password in it`,
    )
  }
  if (url.hash === '') url.hash = from.hash
  return url
}
