import { dnsHosts } from '../../io/kdc/index.js'
import { hostOf, portOf } from './host-patterns.js'
import type { HttpSettings, ServiceName } from './options.js'

/**
 * The name of a service for Kerberos and for channel protection: `HTTP/www.example.com`, RFC 4559 §4.1. Browsers leave the port
 * out and take the name as it stands in the URL, and so do we unless told otherwise.
 */
export async function targetNameOf(
  url: URL,
  party: ServiceName['party'],
  { targetName }: Pick<HttpSettings, 'targetName'>,
  signal: AbortSignal | undefined,
): Promise<string> {
  const host = hostOf(url)
  if (typeof targetName === 'function') return targetName({ party, host, port: Number(portOf(url)), url })
  const { canonical = false, port = false } = targetName ?? {}
  const directory = canonical === true ? dnsHosts() : canonical
  const name = directory === false ? host : await directory.canonicalName({ host, reverse: false }, signal)
  return `HTTP/${name}${port && url.port !== '' ? `:${url.port}` : ''}`
}
