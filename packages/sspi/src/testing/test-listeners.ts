import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { listenKdc, type KdcListeners } from '../io/kdc-listener/index.js'
import type { KdcHandler } from '../kdc/index.js'

/** What is listened for, as far as this file has to know of a domain. */
export interface ListeningDomain {
  readonly realm: string
  readonly dnsDomain: string
  readonly handle: KdcHandler
  keytab(...names: readonly string[]): Promise<Uint8Array>
  ticketCache(user: string): Promise<Uint8Array>
}

const ADDRESS = '127.0.0.1'

/** Opens the ports of a domain and of those that it trusts, and writes the configuration that leads to them. */
export async function listenForForeigners(
  domain: ListeningDomain,
  trusted: readonly ListeningDomain[],
): Promise<TestListeners> {
  const domains = [domain, ...trusted]
  const opened: KdcListeners[] = []
  let folder: string | undefined
  try {
    for (const { realm, handle: answer } of domains) {
      opened.push(await listenKdc({ answer, realm, addresses: [ADDRESS], port: 0, kpasswdPort: 0 }))
    }
    folder = await mkdtemp(join(tmpdir(), 'sspi-test-domain-'))
    const listeners = new TestListeners(domain, folder, opened)
    await writeFile(listeners.krb5Conf, krb5Conf(domains, opened))
    return listeners
  } catch (error) {
    await Promise.all(opened.map((each) => each.close()))
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    throw error
  }
}

/** A test domain's open ports, and a folder with the files that programs in other processes need. */
export class TestListeners implements AsyncDisposable {
  /** Where everything here listens. */
  readonly address = ADDRESS
  /** Of the KDC, UDP and TCP. */
  readonly port: number
  /** Of kpasswd, UDP and TCP. */
  readonly kpasswdPort: number
  /** The folder, which goes with the listeners. */
  readonly folder: string
  readonly #domain: ListeningDomain
  readonly #opened: readonly KdcListeners[]
  #files = 0

  /** @internal */
  constructor(domain: ListeningDomain, folder: string, opened: readonly KdcListeners[]) {
    this.#domain = domain
    this.#opened = opened
    this.folder = folder
    this.port = opened[0]?.port ?? 0
    this.kpasswdPort = opened[0]?.kpasswdPort ?? 0
  }

  /** The path of the configuration. */
  get krb5Conf(): string {
    return join(this.folder, 'krb5.conf')
  }

  /**
   * The environment of a program that belongs to the domain: `KRB5_CONFIG`, and a ticket cache in the folder that is not there
   * yet. Add it to the rest: `{ ...process.env, ...listeners.env }`.
   */
  get env(): { readonly KRB5_CONFIG: string; readonly KRB5CCNAME: string } {
    return { KRB5_CONFIG: this.krb5Conf, KRB5CCNAME: `FILE:${join(this.folder, 'ccache')}` }
  }

  /** Writes the keytab of services or users. @returns its path. */
  async writeKeytab(...names: readonly string[]): Promise<string> {
    return this.#write('keytab', await this.#domain.keytab(...names))
  }

  /** Logs a user on and writes the ticket cache. @returns its path. */
  async writeTicketCache(user: string): Promise<string> {
    return this.#write('ccache', await this.#domain.ticketCache(user))
  }

  /** Closes the ports and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()))
    await rm(this.folder, { recursive: true, force: true })
  }

  async #write(kind: string, bytes: Uint8Array): Promise<string> {
    const path = join(this.folder, `${kind}-${++this.#files}`)
    await writeFile(path, bytes, { mode: 0o600 })
    bytes.fill(0)
    return path
  }
}

/** A configuration that leads there and nowhere else: DNS is not asked, and nothing of the machine's own counts. */
function krb5Conf(domains: readonly ListeningDomain[], opened: readonly KdcListeners[]): string {
  const realms = domains.map(({ realm }, at) => {
    const { port, kpasswdPort } = opened[at]!
    return `  ${realm} = {
    kdc = ${ADDRESS}:${port}
    kpasswd_server = ${ADDRESS}:${kpasswdPort}
    admin_server = ${ADDRESS}:${kpasswdPort}
  }`
  })
  const [own] = domains
  return `# Of a test domain: it ends with the process that made it.
[libdefaults]
  default_realm = ${own!.realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  qualify_shortname = ""
  forwardable = true

[realms]
${realms.join('\n')}

[domain_realm]
${domains.map(({ realm, dnsDomain }) => `  .${dnsDomain} = ${realm}\n  ${dnsDomain} = ${realm}`).join('\n')}
`
}
