import { isIP } from 'node:net'
import type { HttpSettings, ProxyOptions } from './options.js'
import { hostOf, portOf } from './host-patterns.js'

/** Finds the proxy for a URL; `undefined` for none. */
export type ChooseProxy = (url: URL) => ProxyOptions | undefined

/** @throws `TypeError` for a proxy whose URL is none. */
export function proxyChooser(proxy: HttpSettings['proxy']): ChooseProxy {
  if (proxy === undefined) return () => undefined
  if (proxy === 'environment') return environmentProxies(process.env)
  if (typeof proxy === 'function') return proxy
  proxyUrl(proxy)
  return () => proxy
}

/** The URL of a proxy. @throws `TypeError` when it is none. */
export function proxyUrl({ url }: ProxyOptions): URL {
  if (!URL.canParse(String(url))) throw new TypeError('proxy: its URL does not parse') // unquoted: a password may be in it
  const read = new URL(url)
  if (read.protocol !== 'http:' && read.protocol !== 'https:') {
    throw new TypeError(`proxy: ${read.protocol}// is no proxy of HTTP; http:// or https://`)
  }
  if (read.username !== '' || read.password !== '') {
    throw new TypeError('proxy: a name in its URL: give credentials beside it')
  }
  return read
}

/**
 * The proxies that the environment names, as curl has it: `http_proxy`, `https_proxy` and `all_proxy`, in capitals too, but for `HTTP_PROXY`
 * inside of CGI, where a request's `Proxy` header would set it; `no_proxy` lists where to do without: hosts with all that is below
 * them, addresses, `host:port`, or `*`.
 *
 * @throws `TypeError`, when it is asked, for a proxy whose URL is none.
 */
export function environmentProxies(environment: Readonly<Record<string, string | undefined>>): ChooseProxy {
  const get = (name: string): string | undefined => {
    const lower = environment[name]
    if (lower !== undefined && lower !== '') return lower
    if (name === 'http_proxy' && environment['REQUEST_METHOD'] !== undefined) return undefined
    const upper = environment[name.toUpperCase()]
    return upper === '' ? undefined : upper
  }
  return (url) => {
    const found = get(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ?? get('all_proxy')
    if (found === undefined || isExempt(url, get('no_proxy') ?? '')) return undefined
    const proxy = { url: /^[a-z][a-z0-9+.-]*:\/\//i.test(found) ? found : `http://${found}` }
    proxyUrl(proxy)
    return proxy
  }
}

function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url)
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== '')
  return entries.some((entry) => {
    if (entry === '*') return true
    const [, bracketed, plain = '', port] =
      /^(?:\[([^\]]*)\]|([^:]*|[0-9a-f:.]*::?[0-9a-f:.]*))(?::(\d+))?$/i.exec(entry) ?? []
    const name = (bracketed ?? plain).toLowerCase().replace(/^\*?\.+/, '')
    if (name === '' || (port !== undefined && port !== portOf(url))) return false
    return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`))
  })
}
