import { SspiError } from '../status/index.js'
import { KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY, type KdcProxy, type KdcProxySettings } from '../sspi/index.js'

/** Where the proxy is on a server that says no more (MS-KKDCP 2.1). */
const PATH = 'KdcProxy'

/**
 * Reads the proxy of a credential, `server[:port[:path]]` as Windows writes it, or a URL.
 *
 * @returns `undefined` for none.
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when it is none of these, or has flags without a meaning.
 */
export function readKdcProxy({ proxyServer, flags = 0 }: KdcProxySettings): KdcProxy | undefined {
  if ((flags & ~KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY) !== 0) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `KDC proxy: flags 0x${(flags >>> 0).toString(16)} mean nothing here`)
  }
  if (proxyServer === '') return undefined
  const url = proxyServer.startsWith('https://') ? proxyServer : urlOf(proxyServer)
  if (url === undefined || !URL.canParse(url)) {
    throw new SspiError(
      'SEC_E_INVALID_PARAMETER',
      `KDC proxy: 'server', 'server:port', 'server:port:path' or 'https://…' expected, not '${proxyServer}'`,
    )
  }
  return { url, only: (flags & KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY) !== 0 }
}

function urlOf(text: string): string | undefined {
  const [, server, port = '443', path = PATH] =
    /^(\[[0-9a-f:.]+\]|[^\s:/[\]]+)(?::(\d{1,5})(?::([^\s:]+))?)?$/i.exec(text) ?? []
  if (server === undefined || Number(port) < 1 || Number(port) > 0xffff) return undefined
  return `https://${server}:${port}/${path.replace(/^\/+/, '')}`
}
