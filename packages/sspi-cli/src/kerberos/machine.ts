import { randomBytes } from 'node:crypto'
import { hostname, userInfo } from 'node:os'
import {
  formatPrincipal,
  KerberosCredential,
  NameType,
  parsePrincipal,
  readKerberosOptions,
  TicketStore,
  writeCcache,
  type Ccache,
  type ClientKeySource,
  type Effectful,
  type KdcClient,
  type KerberosOptions,
  type OutboundIdentity,
  type Principal,
} from 'sspi/kerberos'
import { kdcSender, loadDefaultKrb5Conf, performEffects, type KerberosConfig } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { Caches } from './caches.js'
import { loadKeys } from './keytabs.js'

type SaveTickets = NonNullable<OutboundIdentity['save']>

/** The clock and the randomness of every exchange. */
const WORLD: KdcClient['world'] = { now: () => new Date(), random: (length) => new Uint8Array(randomBytes(length)) }

/** Kerberos as this machine has it: the configuration that the environment names, and the way to the KDCs. */
export class Machine {
  readonly config: KerberosConfig
  readonly caches: Caches

  constructor(config: KerberosConfig) {
    this.config = config
    this.caches = new Caches(config)
  }

  /** Reads what `KRB5_CONFIG`, `KRB5CCNAME`, `KRB5_KTNAME` and `KRB5_CLIENT_KTNAME` say, and the usual files. */
  static async load(): Promise<Machine> {
    return new Machine(await loadDefaultKrb5Conf())
  }

  /** Runs a piece of protocol with the KDCs of the configuration. */
  run<T>(effects: Effectful<T>): Promise<T> {
    return performEffects(effects, kdcSender({ config: this.config }))
  }

  /**
   * A principal as people write it, in the default realm where it names none.
   *
   * @param enterprise - Takes the whole text, its `@` included, for a name that the KDC knows the principal of.
   */
  principal(text: string, enterprise = false): Principal {
    if (enterprise) {
      const name = { nameType: NameType.NT_ENTERPRISE, nameString: [text] }
      return { realm: this.#realm(text, text.slice(text.lastIndexOf('@') + 1).toUpperCase()), name }
    }
    const { name, realm } = parsePrincipal(text)
    return { name, realm: realm ?? this.#realm(text) }
  }

  /** Who somebody is that has not said so: the owner of the cache, else the user of the operating system. */
  async defaultPrincipal(cache?: string): Promise<Principal> {
    const ccache = await (await this.caches.open(cache)).load()
    return ccache?.defaultPrincipal ?? this.principal(userName())
  }

  /** The principal of this machine, whose keys are in the default keytab. */
  hostPrincipal(): Principal {
    return this.principal(`host/${hostname().toLowerCase()}`)
  }

  /** A client that proves itself by a password. */
  clientByPassword(principal: Principal, password: string, options: KerberosOptions = {}): KdcClient {
    return this.#clientOf(new TicketStore(principal), { kind: 'password', password }, undefined, options)
  }

  /**
   * A client that proves itself by its keys in a keytab.
   *
   * @param principal - Default: that of the keytab's first entry.
   */
  async clientByKeytab(
    name: string,
    principal: Principal | undefined,
    options: KerberosOptions = {},
  ): Promise<KdcClient> {
    const keys = await loadKeys(name)
    const owner = principal ?? keys.keys[0]?.principal
    if (owner === undefined || keys.find({ principal: owner }).length === 0) {
      keys.dispose()
      const who = owner === undefined ? 'anybody' : formatPrincipal(owner)
      throw new CommandError(
        ExitCode.USAGE,
        `${name}: the keytab has no key of ${who}`,
        `\`sspi klist -k ${name}\` lists what it has`,
      )
    }
    return this.#clientOf(new TicketStore(owner), { kind: 'keys', keys }, undefined, options)
  }

  /**
   * A client that has tickets.
   *
   * @param save - Takes the cache with what has come anew. Default: nobody does.
   */
  clientByTickets(cache: Ccache, save?: SaveTickets, options: KerberosOptions = {}): KdcClient {
    const bytes = writeCcache({ ...cache, version: cache.version < 3 ? 4 : cache.version })
    try {
      return this.#clientOf(TicketStore.fromCcache(bytes), { kind: 'none' }, save, options)
    } finally {
      bytes.fill(0)
    }
  }

  /** The configuration's settings with these before them. */
  settings(options: KerberosOptions): KdcClient['settings'] {
    return readKerberosOptions({ ...this.config, ...options })
  }

  #clientOf(store: TicketStore, keys: ClientKeySource, save: SaveTickets | undefined, options: KerberosOptions) {
    const credential = new KerberosCredential({ principal: store.client, keys, store, save }, undefined)
    return { credential, settings: this.settings(options), world: WORLD }
  }

  #realm(text: string, otherwise?: string): string {
    const realm = this.config.defaultRealm ?? otherwise
    if (realm !== undefined) return realm
    throw new CommandError(
      ExitCode.USAGE,
      `${text}: which realm? There is no default realm in the configuration`,
      'write name@REALM, or set default_realm in krb5.conf (KRB5_CONFIG names another file)',
    )
  }
}

function userName(): string {
  try {
    return userInfo().username
  } catch (cause) {
    // A number without an entry in the system's list of users, as in containers.
    throw new CommandError(ExitCode.USAGE, 'you have no name on this machine', 'say who to log on as', { cause })
  }
}
