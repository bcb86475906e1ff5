import { DEFAULT_ENCTYPES, DES3_ENCTYPE, RC4_ENCTYPE, readEnctypes } from './enctype-names.js'
import { expand, processExpansions, type Expansions } from './expansions.js'
import { profileError } from './profile-parser.js'
import { profileSection, profileValues, type ProfileSection } from './profile.js'
import { RELATIONS, SECTIONS, type Relation, type RelationSection } from './relations.js'
import { parseBoolean, parseDuration, parseList } from './values.js'

/**
 * What krb5.conf says, read and checked, with defaults in the places of what it does not say. `docs/krb5-conf.md` has the
 * relation behind each field.
 */
export interface KerberosConfig {
  readonly defaultRealm: string | undefined
  /** Encryption types by number in the order of preference, without RC4 and triple DES unless they are allowed. */
  readonly permittedEnctypes: readonly number[]
  /** For requests for a ticket-granting ticket. */
  readonly tktEnctypes: readonly number[]
  /** For requests for service tickets. */
  readonly tgsEnctypes: readonly number[]
  readonly insecureAllowRc4: boolean
  readonly insecureAllowDes3: boolean
  readonly clockSkewSeconds: number
  readonly kdcTimesync: boolean
  readonly ticketLifetimeSeconds: number
  readonly renewLifetimeSeconds: number
  readonly forwardable: boolean
  readonly proxiable: boolean
  readonly canonicalize: boolean
  readonly dnsLookupKdc: boolean
  readonly dnsLookupRealm: boolean
  readonly dnsCanonicalizeHostname: boolean | 'fallback'
  readonly rdns: boolean
  readonly qualifyShortname: string | undefined
  /** Requests longer than this go over TCP first. */
  readonly udpPreferenceLimitBytes: number
  readonly requestTimeoutSeconds: number
  readonly preferredPreauthTypes: readonly number[]
  readonly spakePreauthGroups: readonly string[]
  readonly enforceOkAsDelegate: boolean
  readonly clientAwareChannelBindings: boolean
  readonly ignoreAcceptorHostname: boolean
  readonly verifyApReqNofail: boolean
  /** `TYPE:residual`, expanded. */
  readonly defaultCcacheName: string
  readonly defaultKeytabName: string
  readonly defaultClientKeytabName: string
  /** `undefined` for none. */
  readonly kcmSocket: string | undefined
  readonly realms: ReadonlyMap<string, RealmConfig>
  /** Realms by host (`www.example.com`) and by domain (`.example.com`), in lower case. */
  readonly domainRealm: ReadonlyMap<string, string>
  /** For a client's realm, for a server's realm: the realms between; `.` alone for none. */
  readonly capaths: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>
  /** What is in the file without effect, a sentence each. */
  readonly warnings: readonly string[]
}

/** What `[realms]` says of one realm. Servers are as written: `host`, `host:port`, `https://host/path`. */
export interface RealmConfig {
  readonly kdcs: readonly string[]
  readonly primaryKdcs: readonly string[]
  readonly kpasswdServers: readonly string[]
  readonly adminServers: readonly string[]
  /** `FILE:path` or `DIR:path`, of the authorities that a KDC proxy's certificate may come from; none for Node's own. */
  readonly httpAnchors: readonly string[]
  readonly disableEncryptedTimestamp: boolean
}

/** Options of reading a configuration. */
export interface KerberosConfigOptions {
  /** What `%{…}` stands for. Default: this process's user. */
  readonly expansions?: Expansions | undefined
}

/**
 * Makes a configuration of a profile.
 *
 * @throws `SspiError` `SEC_E_NO_AUTHENTICATING_AUTHORITY` when a value is not what its relation takes, or a relation is
 *   refused; the message names it.
 */
export function kerberosConfig(profile: ProfileSection, options: KerberosConfigOptions = {}): KerberosConfig {
  const defaults = new Relations(profile, ['libdefaults'])
  const expansions = options.expansions ?? processExpansions()
  const warnings = checkRelations(profile)
  const weak = defaults.boolean('allow_weak_crypto', false)
  const insecureAllowRc4 = defaults.boolean('allow_rc4', weak)
  const insecureAllowDes3 = defaults.boolean('allow_des3', weak)
  const enctypes = (name: string, standard: readonly number[]): readonly number[] => {
    const words = defaults.list(name)
    if (words === undefined) return standard
    const { enctypes, unknown } = readEnctypes(words)
    if (unknown.length > 0) warnings.push(`[libdefaults] ${name}: not encryption types here: ${unknown.join(' ')}`)
    const refused = [...(insecureAllowRc4 ? [] : [RC4_ENCTYPE]), ...(insecureAllowDes3 ? [] : [DES3_ENCTYPE])]
    if (enctypes.some((number) => refused.includes(number))) {
      warnings.push(`[libdefaults] ${name}: RC4 and triple DES are left out without allow_rc4, allow_des3`)
    }
    const left = enctypes.filter((number) => !refused.includes(number))
    // An empty list must not become "anything".
    if (left.length === 0) throw profileError(`[libdefaults] ${name}`, 'no encryption type is left')
    return left
  }
  const permittedEnctypes = enctypes('permitted_enctypes', DEFAULT_ENCTYPES)
  const within = (name: string): readonly number[] => {
    const left = enctypes(name, permittedEnctypes).filter((number) => permittedEnctypes.includes(number))
    if (left.length === 0) throw profileError(`[libdefaults] ${name}`, 'none of it is in permitted_enctypes')
    return left
  }
  const name = (relation: string, standard: string): string => {
    const text = defaults.text(relation)
    if (text !== undefined) return expand(text, expansions, `[libdefaults] ${relation}`)
    // Where there are no user numbers the standard name has no meaning, which is not the file's fault.
    return standard.replace('%{uid}', expansions.uid ?? '').replace('%{euid}', expansions.euid ?? '')
  }
  const kcmSocket = defaults.text('kcm_socket') ?? '/var/run/.heim_org.h5l.kcm-socket'
  const canonicalize = defaults.text('dns_canonicalize_hostname')?.trim().toLowerCase()
  return {
    defaultRealm: defaults.text('default_realm'),
    permittedEnctypes,
    tktEnctypes: within('default_tkt_enctypes'),
    tgsEnctypes: within('default_tgs_enctypes'),
    insecureAllowRc4,
    insecureAllowDes3,
    clockSkewSeconds: defaults.duration('clockskew', 300),
    kdcTimesync: defaults.number('kdc_timesync', 1) !== 0,
    ticketLifetimeSeconds: defaults.duration('ticket_lifetime', 86_400),
    renewLifetimeSeconds: defaults.duration('renew_lifetime', 0),
    forwardable: defaults.boolean('forwardable', false),
    proxiable: defaults.boolean('proxiable', false),
    canonicalize: defaults.boolean('canonicalize', false),
    dnsLookupKdc: defaults.boolean('dns_lookup_kdc', true),
    dnsLookupRealm: defaults.boolean('dns_lookup_realm', false),
    dnsCanonicalizeHostname:
      canonicalize === 'fallback' ? 'fallback' : defaults.boolean('dns_canonicalize_hostname', false),
    rdns: defaults.boolean('rdns', false),
    qualifyShortname: defaults.text('qualify_shortname'),
    udpPreferenceLimitBytes: defaults.number('udp_preference_limit', 1465),
    requestTimeoutSeconds: defaults.duration('request_timeout', 0) || 30,
    preferredPreauthTypes: defaults.numbers('preferred_preauth_types') ?? [17, 16, 15, 14],
    spakePreauthGroups: defaults.list('spake_preauth_groups') ?? ['edwards25519'],
    enforceOkAsDelegate: defaults.boolean('enforce_ok_as_delegate', false),
    clientAwareChannelBindings: defaults.boolean('client_aware_channel_bindings', false),
    ignoreAcceptorHostname: defaults.boolean('ignore_acceptor_hostname', false),
    verifyApReqNofail: defaults.boolean('verify_ap_req_nofail', false),
    defaultCcacheName: name('default_ccache_name', 'FILE:/tmp/krb5cc_%{uid}'),
    defaultKeytabName: name('default_keytab_name', 'FILE:/etc/krb5.keytab'),
    defaultClientKeytabName: name('default_client_keytab_name', 'FILE:/etc/krb5/user/%{euid}/client.keytab'),
    kcmSocket: kcmSocket === '-' ? undefined : kcmSocket,
    realms: readRealms(profile),
    domainRealm: new Map(
      [...(profileSection(profile, ['domain_realm'])?.relations ?? [])].map(([host, [realm = '']]) => [
        host.toLowerCase(),
        realm,
      ]),
    ),
    capaths: readCapaths(profile),
    warnings,
  }
}

/**
 * The realm of a host by `[domain_realm]`: of its own name, else of the nearest domain above it.
 * @returns `undefined` when the configuration does not say.
 */
export function realmOfHost(config: KerberosConfig, host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '')
  const own = config.domainRealm.get(name)
  if (own !== undefined) return own
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    // `.example.com` is the domain's; `example.com` alone is a host's, and then its domain's, as MIT krb5 has it.
    const realm = config.domainRealm.get(name.slice(dot)) ?? config.domainRealm.get(name.slice(dot + 1))
    if (realm !== undefined) return realm
  }
  return undefined
}

/** The one or more values of the relations of a section. */
class Relations {
  readonly #profile: ProfileSection
  readonly #section: readonly string[]

  constructor(profile: ProfileSection, section: readonly string[]) {
    this.#profile = profile
    this.#section = section
  }

  all(name: string): readonly string[] {
    return profileValues(this.#profile, [...this.#section, name]).filter((value) => value !== '')
  }

  /** The first value counts; an empty one says nothing. */
  text(name: string): string | undefined {
    return this.all(name)[0]
  }

  list(name: string): readonly string[] | undefined {
    const text = this.text(name)
    return text === undefined ? undefined : parseList(text)
  }

  boolean(name: string, standard: boolean): boolean {
    return this.#read(name, standard, parseBoolean, 'neither true nor false')
  }

  duration(name: string, standard: number): number {
    return this.#read(name, standard, parseDuration, 'no duration (300, 10:30, 10h 30m, 1d)')
  }

  number(name: string, standard: number): number {
    return this.#read(name, standard, parseNumber, 'no number')
  }

  numbers(name: string): readonly number[] | undefined {
    const read = (text: string): readonly number[] | undefined => {
      const numbers = parseList(text).map(parseNumber)
      return numbers.every((number) => number !== undefined) ? numbers : undefined
    }
    return this.#read(name, undefined, read, 'no list of numbers')
  }

  #read<T>(name: string, standard: T, parse: (text: string) => T | undefined, why: string): T {
    const text = this.text(name)
    if (text === undefined) return standard
    const value = parse(text)
    if (value === undefined) throw profileError(`[${this.#section.join('] ')}] ${name}`, `'${text}' is ${why}`)
    return value
  }
}

function parseNumber(text: string): number | undefined {
  return /^-?\d{1,9}$/.test(text.trim()) ? Number(text) : undefined
}

function readRealms(profile: ProfileSection): ReadonlyMap<string, RealmConfig> {
  const realms = new Map<string, RealmConfig>()
  for (const name of profileSection(profile, ['realms'])?.sections.keys() ?? []) {
    const realm = new Relations(profile, ['realms', name])
    realms.set(name, {
      kdcs: realm.all('kdc'),
      primaryKdcs: [...realm.all('primary_kdc'), ...realm.all('master_kdc')],
      kpasswdServers: realm.all('kpasswd_server'),
      adminServers: realm.all('admin_server'),
      httpAnchors: realm.all('http_anchors'),
      disableEncryptedTimestamp: realm.boolean('disable_encrypted_timestamp', false),
    })
  }
  return realms
}

function readCapaths(profile: ProfileSection): KerberosConfig['capaths'] {
  const clients = profileSection(profile, ['capaths'])?.sections ?? new Map<string, ProfileSection>()
  return new Map([...clients].map(([client, section]) => [client, new Map(section.relations)]))
}

/** Refuses what must not be passed over, and gathers warnings of what is. */
function checkRelations(profile: ProfileSection): string[] {
  const warnings: string[] = []
  for (const name of profile.sections.keys()) {
    const section = entry(SECTIONS, name)
    if (section === undefined) warnings.push(`[${name}]: not a section that is known`)
    else if (section.status === 'ignored') warnings.push(`[${name}] has no effect: ${section.why}`)
  }
  const libdefaults = profileSection(profile, ['libdefaults'])
  if (libdefaults !== undefined) checkSection(libdefaults, 'libdefaults', '[libdefaults]', warnings)
  for (const [name, realm] of profileSection(profile, ['realms'])?.sections ?? []) {
    checkSection(realm, 'realms', `[realms] ${name}`, warnings)
  }
  return warnings
}

function checkSection(section: ProfileSection, table: RelationSection, where: string, warnings: string[]): void {
  for (const name of new Set([...section.relations.keys(), ...section.sections.keys()])) {
    const relation = entry(RELATIONS[table], name)
    if (relation === undefined) {
      warnings.push(`${where} ${name}: not a relation that is known`)
    } else if (relation.status === 'ignored') {
      warnings.push(`${where} ${name} has no effect: ${relation.why}`)
    } else if (relation.status === 'refused') {
      const values = section.relations.get(name) ?? []
      const harmless = relation.unless !== undefined && values.every((value) => parseBoolean(value) === relation.unless)
      if (!harmless) throw profileError(`${where} ${name}`, `cannot be honoured: ${relation.why}`)
    }
  }
}

function entry(table: Readonly<Record<string, Relation>>, name: string): Relation | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}
