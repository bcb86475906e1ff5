// `www.example.com`, `*.example.com`, `https://*.example.com:8443`: which servers something is for.

/** A pattern, taken apart. */
interface HostPattern {
  readonly protocol: string | undefined
  readonly host: string
  readonly port: string | undefined
  readonly below: boolean
}

const PATTERN = /^(?:(https?):\/\/)?(\*\.)?(\[[0-9a-f:.]+\]|[^\s*:/?#@[\]]+)(?::(\d{1,5}))?$/i

/** Reads patterns once, so that a mistake shows at the beginning. @throws `TypeError` for what is none. */
export function readHostPatterns(patterns: readonly string[], option: string): (url: URL) => boolean {
  const read = patterns.map((pattern) => readHostPattern(pattern, option))
  return (url) => read.some((pattern) => matches(pattern, url))
}

function readHostPattern(pattern: string, option: string): HostPattern {
  const [, protocol, below, host, port] = PATTERN.exec(pattern) ?? []
  if (host === undefined) {
    throw new TypeError(
      `${option}: '${pattern}' is no host: 'www.example.com', '*.example.com', 'https://www.example.com:8443'`,
    )
  }
  return { protocol: protocol?.toLowerCase(), host: host.toLowerCase(), port, below: below !== undefined }
}

function matches({ protocol, host, port, below }: HostPattern, url: URL): boolean {
  const name = url.hostname.toLowerCase()
  if (protocol !== undefined && `${protocol}:` !== url.protocol) return false
  if (port !== undefined && port !== portOf(url)) return false
  return below ? name.endsWith(`.${host}`) : name === host
}

/** The host of a URL as the system takes it: an IPv6 address without its brackets. */
export function hostOf(url: URL): string {
  return url.hostname.toLowerCase().replace(/^\[(.*)\]$/, '$1')
}

/** The port of a URL, its scheme's own where it names none. */
export function portOf(url: URL): string {
  return url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
}
