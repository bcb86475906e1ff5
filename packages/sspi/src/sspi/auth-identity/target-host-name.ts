import { SspiError } from '../../status/index.js'

/**
 * The host in the name of a service: `www.example.com` of `HTTP/www.example.com:8080/name@REALM`. A name without a service in
 * front is the host itself; an IPv6 address stands in brackets, which stay.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when there is none.
 */
export function targetHostName(targetName: string): string {
  const [service = '', host = ''] = targetName.split('/')
  const named = targetName.includes('/') ? host : service
  const found = /^(\[[^\]]*\]|[^:@]*)/.exec(named)?.[0] ?? ''
  if (found !== '') return found
  throw new SspiError('SEC_E_INVALID_PARAMETER', `target '${targetName}': there is no host in it`)
}
