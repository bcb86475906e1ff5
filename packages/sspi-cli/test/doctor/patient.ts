import { SspiError } from 'sspi'
import { readCcache, readKeytab, writeKeytab, type KeytabEntry } from 'sspi/kerberos'
import { parseKrb5Conf, type HostAddress, type KdcResolver, type SrvRecord } from 'sspi/krb5'
import { createTestDomain, type TestDomain, type TestDomainOptions } from 'sspi/testing'
import { examine } from '../../src/doctor/examination.js'
import type { Finding } from '../../src/doctor/finding.js'
import type { LogonChoice, Surroundings } from '../../src/doctor/surroundings.js'

export const WWW = 'HTTP/www.example.test'
export const KRB5_CONF = `
[libdefaults]
  default_realm = EXAMPLE.TEST
[realms]
  EXAMPLE.TEST = {
    kdc = kdc.example.test
  }
[domain_realm]
  .example.test = EXAMPLE.TEST
`

/** A machine in a test domain, as the doctor meets it; everything about it can be broken. */
export class Patient implements AsyncDisposable {
  readonly domain: TestDomain
  /** Its krb5.conf. */
  krb5Conf = KRB5_CONF
  target = WWW
  /** Hosts that have a name. */
  hosts = new Map<string, string>([
    ['kdc.example.test', '192.0.2.1'],
    ['www.example.test', '192.0.2.2'],
  ])
  /** SRV records by name. */
  srv = new Map<string, readonly SrvRecord[]>()
  /** By how much its clock is ahead, in seconds. */
  clockAheadSeconds = 0
  logon: LogonChoice = { kind: 'cache' }
  /** Its ticket cache; `undefined` for none. */
  cache: () => Promise<Uint8Array | undefined>
  /** Keytabs by path; the service's is there from the beginning. */
  keytabs = new Map<string, () => Promise<Uint8Array>>()
  serviceKeytab: string | undefined = '/etc/http.keytab'
  /** Transports that get no answer: `udp`, `tcp`. */
  dropped = new Set<string>()

  constructor(options: TestDomainOptions = {}) {
    this.domain = createTestDomain({ users: ['alice'], services: [WWW], ...options })
    this.cache = () => this.domain.ticketCache('alice')
    this.keytabs.set('/etc/http.keytab', () => this.domain.keytab(WWW))
  }

  /** Logs on as a user, by its password or another one. */
  withPassword(user = 'alice', password = this.domain.passwordOf('alice')): void {
    this.logon = { kind: 'password', user, password }
  }

  /** A keytab with the entries of another, changed. */
  async editedKeytab(
    names: readonly string[],
    edit: (entries: readonly KeytabEntry[]) => readonly KeytabEntry[],
  ): Promise<Uint8Array> {
    const keytab = readKeytab(await this.domain.keytab(...names))
    return writeKeytab({ ...keytab, entries: edit(keytab.entries) })
  }

  /** What the doctor finds. */
  async examine(): Promise<readonly Finding[]> {
    const { target, logon, serviceKeytab } = this
    const findings: Finding[] = []
    for await (const each of examine({ target, logon, serviceKeytab }, this.#surroundings())) findings.push(each)
    return findings
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.domain[Symbol.asyncDispose]()
  }

  #surroundings(): Surroundings {
    return {
      loadConfig: async () => parseKrb5Conf(this.krb5Conf),
      now: () => new Date(this.domain.clock.now().getTime() + this.clockAheadSeconds * 1000),
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      resolver: this.#resolver(),
      sender: () => this.domain.kdc,
      ask: async (_config, realm, server, request) => {
        if (realm !== this.domain.realm || [...this.dropped].some((transport) => server.startsWith(transport))) {
          throw new Error(`${server}: no answer`)
        }
        const reply = await this.domain.handle(request, { service: 'kdc' })
        if (reply === undefined) throw new Error(`${server}: no answer`)
        return reply
      },
      loadCache: async () => {
        const bytes = await this.cache()
        return { name: 'FILE:/tmp/krb5cc', cache: bytes === undefined ? undefined : readCcache(bytes) }
      },
      loadKeytab: async (name) => {
        const found = this.keytabs.get(name)
        if (found === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `${name}: no such keytab`)
        return readKeytab(await found())
      },
    }
  }

  #resolver(): KdcResolver {
    return {
      resolveSrv: async (name) => this.srv.get(name) ?? [],
      lookup: async (host): Promise<readonly HostAddress[]> => {
        const address = this.hosts.get(host)
        if (address === undefined) throw new Error(`${host}: not found`)
        return [{ address, family: 4 }]
      },
    }
  }
}
