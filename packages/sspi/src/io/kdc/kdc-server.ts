/** Where a service of a realm is. */
export type KdcServer =
  | {
      /** `any`: UDP and TCP at the same port. */
      readonly transport: 'any' | 'udp' | 'tcp'
      readonly host: string
      readonly port: number
    }
  | {
      /** A KDC proxy, MS-KKDCP. */
      readonly transport: 'https'
      readonly url: string
    }

/** A host name has 253 characters at most; the path of a proxy may take the rest. */
const LONGEST = 1024

/**
 * Reads a server as krb5.conf writes it: `host`, `host:port`, `address`, `[address]:port`, with `tcp/` or `udp/` before it
 * where it is to be one of them only, or `https://host:port/path`.
 *
 * @returns `undefined` when it is none of these; `http://` is not, as the proxy would not be known.
 */
export function parseKdcServer(text: string, defaultPort: number): KdcServer | undefined {
  const trimmed = text.trim()
  if (trimmed.length > LONGEST) return undefined
  if (/^https:\/\//i.test(trimmed)) return URL.canParse(trimmed) ? { transport: 'https', url: trimmed } : undefined
  const [, prefix, rest = ''] = /^(?:(udp|tcp)\/)?(.*)$/i.exec(trimmed) ?? []
  const transport = prefix === undefined ? 'any' : prefix.toLowerCase() === 'udp' ? 'udp' : 'tcp'
  const bare = (rest.match(/:/g)?.length ?? 0) > 1 && /^[0-9a-f:.]+(%\w+)?$/i.test(rest)
  const [, bracketed, name, digits] =
    (bare ? undefined : /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/i.exec(rest)) ?? []
  const host = bare ? rest : (bracketed ?? name)
  const port = digits === undefined ? defaultPort : Number(digits)
  if (host === undefined || port < 1 || port > 0xffff) return undefined
  return { transport, host, port }
}
