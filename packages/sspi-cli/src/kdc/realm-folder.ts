import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createPrincipalFile, filePrincipals, type FilePrincipals } from 'sspi/kdc'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'

/** Where a KDC that runs can be reached. */
export interface KdcPlace {
  readonly host: string
  readonly port: number
  readonly kpasswdPort: number
}

/** A realm in a folder: its principals with their master key, and the krb5.conf for its clients. */
export class RealmFolder {
  readonly path: string
  readonly principals: FilePrincipals
  readonly realm: string

  private constructor(path: string, principals: FilePrincipals, realm: string) {
    this.path = path
    this.principals = principals
    this.realm = realm
  }

  /** Opens a realm that is there. @throws {@link CommandError} when there is none. */
  static async open(folder: string): Promise<RealmFolder> {
    const path = resolve(folder)
    if (!existsSync(principalsIn(path))) {
      throw new CommandError(ExitCode.IO, `${path}: there is no realm in this folder`, '`sspi kdc init` makes one')
    }
    const principals = filePrincipals(principalsIn(path))
    return new RealmFolder(path, principals, await principals.load())
  }

  /** Makes a realm, with random keys for its own services. @throws {@link CommandError} when there is one. */
  static async create(folder: string, realm: string): Promise<RealmFolder> {
    const path = resolve(folder)
    if (existsSync(principalsIn(path))) {
      throw new CommandError(ExitCode.USAGE, `${path}: there is a realm in this folder already`)
    }
    await mkdir(path, { recursive: true, mode: 0o700 })
    return new RealmFolder(path, await createPrincipalFile(principalsIn(path), realm), realm)
  }

  /** Opens the realm; where there is none, makes one. */
  static async openOrCreate(folder: string, realm: string): Promise<RealmFolder> {
    return existsSync(principalsIn(resolve(folder))) ? RealmFolder.open(folder) : RealmFolder.create(folder, realm)
  }

  /** The configuration for clients. */
  get krb5Conf(): string {
    return join(this.path, 'krb5.conf')
  }

  /** Writes the configuration for clients of a KDC that runs, in the place of the one that is there. */
  async writeKrb5Conf(place: KdcPlace): Promise<void> {
    const next = `${this.krb5Conf}.new`
    await writeFile(next, krb5ConfOf(this.realm, place))
    await rename(next, this.krb5Conf)
  }
}

function principalsIn(path: string): string {
  return join(path, 'principals')
}

function krb5ConfOf(realm: string, { host, port, kpasswdPort }: KdcPlace): string {
  const at = host.includes(':') ? `[${host}]` : host
  const domain = realm.toLowerCase()
  return `# Written by \`sspi kdc\` each time it starts.
[libdefaults]
 default_realm = ${realm}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
[realms]
 ${realm} = {
  kdc = ${at}:${port}
  kpasswd_server = ${at}:${kpasswdPort}
 }
[domain_realm]
 localhost = ${realm}
 ${domain} = ${realm}
 .${domain} = ${realm}
`
}
