import { homedir } from 'node:os'
import { join } from 'node:path'
import { wipe } from '../../crypto/index.js'
import {
  formatPrincipal,
  parsePrincipal,
  readKerberosOptions,
  realmOfKrbtgt,
  sameName,
  targetPrincipal,
  type Ccache,
  type Principal,
} from '../../kerberos/index.js'
import {
  chosenCredential,
  type ChosenCredential,
  type CredentialChoice,
  type SettledCredentialValue,
} from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import {
  chooseCcache,
  loadK5identity,
  loadKeytabFile,
  openCcache,
  openCcacheCollection,
  wipeKeys,
  type CcacheStore,
  type ChosenService,
  type IdentityRule,
} from '../ccache-store/index.js'
import { loadDefaultKrb5Conf, type DefaultKrb5ConfOptions, type KerberosConfig } from '../krb5-conf/index.js'
import { ccacheCredential, keytabFileCredential } from './file-credentials.js'

/** Options of {@link defaultCredential}. */
export interface DefaultCredentialOptions extends DefaultKrb5ConfOptions {
  /**
   * The configuration whose names of caches and keytabs count. Default: what `loadDefaultKrb5Conf` reads, anew for each
   * credential that is acquired.
   */
  readonly krb5?: KerberosConfig | undefined
  /** The file of rules that say who to be for which service. Default: `.k5identity` in the home folder. */
  readonly k5identity?: string | undefined
  /** Whether tickets that come anew are put into the cache. Default `true`. */
  readonly keepNewTickets?: boolean | undefined
  /** Which packages Negotiate may use: `"!ntlm"`. Default: all. */
  readonly packageList?: string | undefined
  /** The clock, by which tickets are over. Default: the system's. */
  readonly now?: (() => Date) | undefined
}

/**
 * What the environment says, as for a program of MIT's. It is asked each time a credential is acquired, and not before.
 *
 * - To initiate: the ticket cache of `KRB5CCNAME`, else of `default_ccache_name`; where there is none with a ticket-granting
 *   ticket that lasts, the keytab of `KRB5_CLIENT_KTNAME`, else of `default_client_keytab_name`. Of a collection (`DIR:`, `KCM:`)
 *   the cache is chosen by `principal`, by the rules of k5identity(5) for `targetName`, or by the realm of that.
 * - To accept: the keytab of `KRB5_KTNAME`, else of `default_keytab_name`.
 *
 * Acquiring fails with `SEC_E_NO_CREDENTIALS` where there is nothing, and says where it was looked for.
 */
export function defaultCredential(options: DefaultCredentialOptions = {}): ChosenCredential {
  return chosenCredential({
    packageList: options.packageList,
    choose: async (choice) => {
      const finder = new Finder(options, options.krb5 ?? (await loadDefaultKrb5Conf(options)), choice)
      return choice.use === 'inbound' ? finder.inbound() : finder.outbound()
    },
  })
}

/** A ticket that ends sooner would be refused under way. */
const LAST_SECONDS = 30

interface FoundCache {
  readonly store: CcacheStore
  /** Whose it is, `alice@EXAMPLE.COM`. */
  readonly client: string
  /** Whether it has a ticket-granting ticket of its realm that can be used now. */
  readonly lasts: boolean
}

/** Looks for the credentials of one purpose, and keeps account of where there were none. */
class Finder {
  readonly #options: DefaultCredentialOptions
  readonly #config: KerberosConfig
  readonly #choice: CredentialChoice
  readonly #notes: string[] = []

  constructor(options: DefaultCredentialOptions, config: KerberosConfig, choice: CredentialChoice) {
    this.#options = options
    this.#config = config
    this.#choice = choice
  }

  async inbound(): Promise<SettledCredentialValue> {
    const name = this.#config.defaultKeytabName
    const from = this.#origin('KRB5_KTNAME', 'default_keytab_name')
    if (await this.#isInKeytab(name, from, this.#choice.principal)) return keytabFileCredential(name)
    throw this.#nothing('to accept with', 'give the service a keytab, or set KRB5_KTNAME')
  }

  async outbound(): Promise<SettledCredentialValue> {
    const { keepNewTickets } = this.#options
    const cache = await this.#findCache()
    if (cache?.lasts === true) return ccacheCredential(cache.store, { keepNewTickets })
    const name = this.#config.defaultClientKeytabName
    const from = this.#origin('KRB5_CLIENT_KTNAME', 'default_client_keytab_name')
    const principal = cache?.client ?? this.#choice.principal
    if (await this.#isInKeytab(name, from, principal)) return keytabFileCredential(name, { principal })
    // Its tickets are over, and the keytab has not whose they were: whoever wants to use them learns since when.
    if (cache !== undefined) return ccacheCredential(cache.store, { keepNewTickets })
    throw this.#nothing('to initiate with', 'log on (kinit), or set KRB5CCNAME or KRB5_CLIENT_KTNAME')
  }

  async #findCache(): Promise<FoundCache | undefined> {
    const { defaultCcacheName: name, kcmSocket = '-' } = this.#config
    const from = this.#origin('KRB5CCNAME', 'default_ccache_name')
    return this.#noted(`ticket cache ${name} (${from})`, async () => {
      const collection = openCcacheCollection(name, { kcmSocket })
      const { principal } = this.#choice
      const store =
        collection === undefined
          ? await openCcache(name, { kcmSocket })
          : await chooseCcache(collection, {
              principal,
              service: this.#service(),
              rules: await loadRules(this.#options.k5identity),
            })
      const ccache = await store.load()
      if (ccache === undefined) throw new SspiError('SEC_E_NO_CREDENTIALS', `${store.name}: there is no such cache`)
      wipeKeys(ccache)
      const client = formatPrincipal(ccache.defaultPrincipal)
      if (principal !== undefined && !isNamed(ccache.defaultPrincipal, principal)) {
        throw new SspiError('SEC_E_NO_CREDENTIALS', `${store.name}: it is of ${client}, not of ${principal}`)
      }
      return { store, client, lasts: hasTgt(ccache, this.#options.now?.() ?? new Date()) }
    })
  }

  async #isInKeytab(name: string, from: string, principal: string | undefined): Promise<boolean> {
    const found = await this.#noted(`keytab ${name} (${from})`, async () => {
      const { entries } = await loadKeytabFile(name)
      for (const { key } of entries) wipe(key.keyvalue)
      if (entries.some((entry) => principal === undefined || isNamed(entry, principal))) return true
      throw new SspiError('SEC_E_NO_CREDENTIALS', `${name}: it has no key of ${principal ?? 'anybody'}`)
    })
    return found === true
  }

  /** What the target says, where it is the name of a service. */
  #service(): ChosenService | undefined {
    const { targetName } = this.#choice
    if (targetName === undefined || targetName === '') return undefined
    const { name, realm } = targetPrincipal(targetName, readKerberosOptions(this.#config))
    const [service, host] = name.nameString
    return host === undefined
      ? { service: undefined, host: undefined, realm }
      : { service, host: host.toLowerCase().replace(/:\d+$/, ''), realm }
  }

  /** What is found, or a note of why there is nothing. */
  async #noted<T>(what: string, find: () => Promise<T>): Promise<T | undefined> {
    try {
      return await find()
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      this.#notes.push(`${what}: ${error.message}`)
      return undefined
    }
  }

  /** Where a name comes from, as far as that can be told. */
  #origin(variable: string, relation: string): string {
    const { env = process.env, krb5 } = this.#options
    return krb5 === undefined && (env[variable] ?? '') !== '' ? variable : relation
  }

  #nothing(what: string, advice: string): SspiError {
    return new SspiError(
      'SEC_E_NO_CREDENTIALS',
      `Kerberos: no default credentials ${what}: ${this.#notes.join('; ')}. To have some, ${advice}`,
    )
  }
}

async function loadRules(k5identity: string | undefined): Promise<readonly IdentityRule[]> {
  const path = k5identity ?? k5identityOfUser()
  return path === undefined ? [] : loadK5identity(path)
}

function k5identityOfUser(): string | undefined {
  try {
    return join(homedir(), '.k5identity')
  } catch {
    // A number without an entry in the system's list of users, and without HOME, as in containers.
    return undefined
  }
}

function isNamed({ name, realm }: Principal, text: string): boolean {
  const wanted = parsePrincipal(text)
  return sameName(name, wanted.name) && (wanted.realm === undefined || wanted.realm === realm)
}

function hasTgt({ defaultPrincipal, credentials }: Ccache, now: Date): boolean {
  const soon = now.getTime() / 1000 + LAST_SECONDS
  return credentials.some(
    ({ server, endTime }) => realmOfKrbtgt(server.name) === defaultPrincipal.realm && endTime > soon,
  )
}
