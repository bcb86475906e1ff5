import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  embeddedKdc,
  listenKdc,
  memoryPrincipals,
  type KdcEvent,
  type KdcListeners,
  type KdcListenOptions,
  type KdcPolicyOptions,
  type MemoryPrincipals,
  type PrincipalEntry,
} from 'sspi/kdc'
import { runProgram, type Ended } from './programs.js'

/** What a realm of a test is made of. */
export interface EmbeddedRealmOptions {
  readonly realm: string
  readonly entries: readonly PrincipalEntry[]
  readonly policy?: KdcPolicyOptions
  /** Encryption types of the keys of those that name none. Default: the database's. */
  readonly enctypes?: readonly number[]
  readonly listen?: Partial<KdcListenOptions>
}

/** An embedded KDC of a test on loopback, with ports of its own. */
export class EmbeddedRealm implements AsyncDisposable {
  readonly realm: string
  readonly principals: MemoryPrincipals
  /** What happened, in order. */
  readonly events: KdcEvent[]
  readonly #listeners: KdcListeners

  private constructor(realm: string, principals: MemoryPrincipals, events: KdcEvent[], listeners: KdcListeners) {
    this.realm = realm
    this.principals = principals
    this.events = events
    this.#listeners = listeners
  }

  static async start({ realm, entries, policy, enctypes, listen }: EmbeddedRealmOptions): Promise<EmbeddedRealm> {
    const events: KdcEvent[] = []
    const principals = memoryPrincipals({ realm, entries, enctypes })
    const kdc = embeddedKdc({ realm, principals, policy, onEvent: (event) => events.push(event) })
    const where = { addresses: ['127.0.0.1'], port: 0, kpasswdPort: 0 }
    const listeners = await listenKdc({ answer: kdc.handle, realm, ...where, ...listen })
    return new EmbeddedRealm(realm, principals, events, listeners)
  }

  /** `address:port` of the KDC. */
  get kdc(): string {
    return `127.0.0.1:${this.#listeners.port}`
  }

  /** `address:port` of kpasswd. */
  get kpasswd(): string {
    return `127.0.0.1:${this.#listeners.kpasswdPort ?? 0}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listeners.close()
    this.principals.dispose()
  }
}

/** A folder with the configuration of realms, a ticket cache, and keytabs, and programs that use them. */
export class ClientFolder implements Disposable {
  readonly path: string
  readonly env: Readonly<Record<string, string>>

  /** @param libdefaults - Lines of that section beside the usual ones. */
  constructor(realms: readonly EmbeddedRealm[], libdefaults: readonly string[] = []) {
    this.path = mkdtempSync(join(tmpdir(), 'sspi-embedded-'))
    writeFileSync(join(this.path, 'krb5.conf'), krb5Conf(realms, libdefaults))
    this.env = {
      KRB5_CONFIG: join(this.path, 'krb5.conf'),
      KRB5CCNAME: `FILE:${join(this.path, 'cc')}`,
      KRB5RCACHEDIR: this.path,
      LC_ALL: 'C.UTF-8',
    }
  }

  /** A path in the folder. */
  at(name: string): string {
    return join(this.path, name)
  }

  /** Writes a file. @returns its path. */
  write(name: string, content: string | Uint8Array): string {
    writeFileSync(this.at(name), content, { mode: 0o600 })
    return this.at(name)
  }

  /** Runs a program to its end. */
  run(command: string, args: readonly string[], input = '', env: Record<string, string> = {}): Promise<Ended> {
    return runProgram(command, args, { input, env: { ...process.env, ...this.env, ...env } })
  }

  /** Runs a program that must succeed. @returns what it says, on either stream. @throws Error when it does not. */
  async must(command: string, args: readonly string[], input = '', env: Record<string, string> = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, args, input, env)
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${code}: ${stdout}${stderr}`)
    return `${stdout}${stderr}`
  }

  /** Runs a program that must fail. @returns what it says, on either stream. @throws Error when it succeeds. */
  async mustNot(
    command: string,
    args: readonly string[],
    input = '',
    env: Record<string, string> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, args, input, env)
    if (code === 0) throw new Error(`${command} ${args.join(' ')} has succeeded: ${stdout}${stderr}`)
    return `${stdout}${stderr}`
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

function krb5Conf(realms: readonly EmbeddedRealm[], libdefaults: readonly string[]): string {
  const places = realms.map(({ realm, kdc, kpasswd }) => {
    return ` ${realm} = {\n  kdc = ${kdc}\n  admin_server = ${kpasswd}\n  kpasswd_server = ${kpasswd}\n }\n`
  })
  const domains = realms.map(({ realm }) => ` .${realm.toLowerCase()} = ${realm}\n`)
  return `[libdefaults]
 default_realm = ${realms[0]?.realm ?? ''}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 allow_weak_crypto = true
${libdefaults.map((line) => ` ${line}\n`).join('')}[realms]
${places.join('')}[domain_realm]
 localhost = ${realms[0]?.realm ?? ''}
${domains.join('')}`
}
