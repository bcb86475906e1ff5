import { readFile } from 'node:fs/promises'
import { initSecurityInterface, passwordCredential } from 'sspi'
import type { HttpClientOptions, HttpLeg, HttpScheme, ProxyOptions } from 'sspi/http'
import { loadDefaultKrb5Conf } from 'sspi/krb5'
import { clientIdentity, type IdentityOptions } from '../commands/identity-options.js'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { readSecret } from '../terminal/secret.js'
import { styleFor } from '../terminal/style.js'
import { usesKerberos } from './schemes.js'

/** How the request gets to its server, and as whom. */
export interface ClientOptions extends IdentityOptions {
  readonly package?: readonly HttpScheme[]
  readonly hosts?: readonly string[]
  readonly target?: string
  readonly mutual?: true
  readonly delegation?: readonly string[]
  readonly cacert?: string
  readonly insecure?: true
  readonly proxy?: string
  readonly proxyPackage?: readonly HttpScheme[]
  readonly proxyUser?: string
  readonly proxyPasswordFd?: number
  readonly proxyPasswordFile?: string
}

/** Reads the options of a client; asks for passwords. @throws `CommandError` for what does not go together. */
export async function clientOptions(
  url: URL,
  options: ClientOptions,
  onLeg: (leg: HttpLeg) => void,
): Promise<HttpClientOptions> {
  const { package: schemes, target, delegation, hosts, mutual } = options
  const krb5 = usesKerberos(schemes) ? await loadDefaultKrb5Conf() : undefined
  return {
    sspi: initSecurityInterface({ krb5 }),
    credentials: await clientIdentity(options, krb5),
    schemes,
    hosts: hosts === undefined ? undefined : [url.origin, ...hosts],
    mutual,
    delegateTo: delegation,
    targetName: target === undefined ? undefined : () => target,
    proxy: await proxyOf(options),
    tls: await tlsOf(options),
    onLeg,
  }
}

async function proxyOf(options: ClientOptions): Promise<ProxyOptions | 'environment' | undefined> {
  const { proxy, proxyPackage: schemes, proxyUser: user } = options
  if (proxy === undefined || proxy === 'environment') {
    if (user === undefined && schemes === undefined) return proxy
    throw new CommandError(ExitCode.USAGE, '--proxy-user and --proxy-package go with --proxy and the URL of a proxy')
  }
  const url = readUrl(proxy)
  if (user === undefined) return { url, schemes }
  const { proxyPasswordFd: passwordFd, proxyPasswordFile: passwordFile } = options
  const password = await readSecret(`Password of ${user} at the proxy`, { passwordFd, passwordFile })
  return { url, schemes, credentials: passwordCredential({ user, password }) }
}

async function tlsOf({ cacert, insecure }: ClientOptions): Promise<HttpClientOptions['tls']> {
  if (insecure === true) {
    if (cacert !== undefined) throw new CommandError(ExitCode.USAGE, 'give --cacert or --insecure, not both')
    const style = styleFor(process.stderr)
    process.stderr.write(
      `${style.red('sspi: INSECURE')}: whoever is in between can be the server, and nobody would know\n`,
    )
    return { rejectUnauthorized: false }
  }
  return cacert === undefined ? undefined : { ca: await readFile(cacert) }
}

/** A URL of HTTP, without a name in it. It is not repeated: there may be a password in it. @throws `CommandError` for any other. */
export function readUrl(text: string): URL {
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`
  if (!URL.canParse(address)) throw new CommandError(ExitCode.USAGE, 'the URL does not parse')
  const url = new URL(address)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new CommandError(ExitCode.USAGE, `${url.protocol}// is not fetched: only http:// and https:// are`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new CommandError(
      ExitCode.USAGE,
      'the URL has a name in it, which everyone on the machine can read',
      'say who you are by --user, and give the password at the prompt',
    )
  }
  return url
}
