import { SspiError } from '../status/index.js'
import { NameType } from './constants.js'
import type { PrincipalName } from './messages/index.js'
import type { KerberosSettings } from './options.js'

/** A name and its realm. */
export interface Principal {
  readonly realm: string
  readonly name: PrincipalName
}

/** Whose service a ticket is for: its realm where that is known. */
export interface Target {
  readonly name: PrincipalName
  /** `undefined`: the KDC of the client's realm knows, or refers to who does (RFC 6806 section 8). */
  readonly realm: string | undefined
}

/** Whether two names are the same: by their components, whatever their types (RFC 4120 section 6.2). */
export function sameName(a: PrincipalName, b: PrincipalName): boolean {
  return isSame(a.nameString, b.nameString, (one, other) => one === other)
}

/** Whether two names are the same without regard to case, as Active Directory names services. */
export function sameService(a: PrincipalName, b: PrincipalName): boolean {
  return isSame(a.nameString, b.nameString, (one, other) => one === other || one.toLowerCase() === other.toLowerCase())
}

function isSame(
  a: readonly string[],
  b: readonly string[],
  sameComponent: (one: string, other: string) => boolean,
): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!sameComponent(a[i]!, b[i]!)) return false
  return true
}

/** Whether two principals are the same, realm included. Case counts. */
export function samePrincipal(a: Principal, b: Principal): boolean {
  return a.realm === b.realm && sameName(a.name, b.name)
}

/** The name as people write it, `HTTP/www.example.com`, with what is special escaped (RFC 1964 section 2.1.1). */
export function formatName(name: PrincipalName): string {
  return name.nameString.map(escaped).join('/')
}

/** The principal as people write it: `alice@EXAMPLE.COM`. */
export function formatPrincipal({ name, realm }: Principal): string {
  return `${formatName(name)}@${escaped(realm)}`
}

/** The ticket-granting service of a realm, as the KDCs of `issuer` know it (RFC 4120 section 7.3). */
export function krbtgt(realm: string, issuer: string = realm): Principal {
  return { realm: issuer, name: { nameType: NameType.NT_SRV_INST, nameString: ['krbtgt', realm] } }
}

/** The realm whose ticket-granting service a name is; `undefined` when it is none. */
export function realmOfKrbtgt(name: PrincipalName): string | undefined {
  const [service, realm] = name.nameString
  return name.nameString.length === 2 && service === 'krbtgt' ? realm : undefined
}

/**
 * Reads a principal as people write it, `alice`, `alice@EXAMPLE.COM`, `HTTP/www.example.com@EXAMPLE.COM`, with `\` before
 * a `/`, `@` or `\` that is part of the name (RFC 1964 section 2.1.1).
 *
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when it is no name.
 */
export function parsePrincipal(text: string): { readonly name: PrincipalName; readonly realm: string | undefined } {
  const { components, realm } = split(text)
  const nameType = components.length > 1 ? NameType.NT_SRV_INST : NameType.NT_PRINCIPAL
  return { name: { nameType, nameString: components }, realm }
}

/**
 * The principal that a user's name stands for, and where to ask for it first.
 *
 * `alice` with a domain is `alice` in that realm. A user principal name, `alice@corp.example.com`, is a principal where what
 * is behind the `@` is a realm that is known, or written as realms are, in capitals; everywhere else it is an enterprise
 * name (RFC 6806 section 5), which a KDC finds the principal of.
 *
 * @param domain - The realm; empty for none. It is looked up without regard to case among the realms that are known, as
 *   such (`corp.example.com`) or, without a dot, as the NetBIOS name that is their first label (`CORP`); else it is written in
 *   capitals, as Windows does.
 * @throws {@link SspiError} `SEC_E_UNKNOWN_CREDENTIALS` when there is no name, or nothing that says the realm.
 */
export function clientPrincipal(user: string, domain: string, settings: KerberosSettings): Principal {
  if (user === '') throw unknownName(user, 'it is empty')
  const at = user.lastIndexOf('@')
  if (domain === '' && at > 0 && !user.includes('\\')) {
    const suffix = user.slice(at + 1)
    const known = knownRealm(suffix, settings)
    if (known === undefined && suffix !== suffix.toUpperCase()) {
      const realm = settings.defaultRealm ?? suffix.toUpperCase()
      return { realm, name: { nameType: NameType.NT_ENTERPRISE, nameString: [user] } }
    }
    const { name } = parsePrincipal(user.slice(0, at))
    return { name, realm: known ?? suffix }
  }
  const { name, realm } = parsePrincipal(user)
  const where = realm ?? (domain === '' ? settings.defaultRealm : domain)
  if (where === undefined) {
    throw unknownName(
      user,
      'it has no realm, and there is no default realm; write user@REALM, or configure defaultRealm',
    )
  }
  const written = realm ?? realmOfNetbiosName(where, settings) ?? where.toUpperCase()
  return { name, realm: knownRealm(where, settings) ?? written }
}

/**
 * The service that a target name stands for:
 *
 * - `HTTP/www.example.com`, a service principal name as Windows has it, in the realm that the configuration gives the host;
 * - `HTTP/www.example.com@EXAMPLE.COM` and `user@EXAMPLE.COM`, with the realm in it;
 * - `HTTP@www.example.com`, a GSS-API host-based service (RFC 2743 section 4.1), where what is behind the `@` is neither a
 *   realm that is known nor written in capitals.
 *
 * @throws {@link SspiError} `SEC_E_TARGET_UNKNOWN` when it is none of them.
 */
export function targetPrincipal(target: string, settings: KerberosSettings): Target {
  const service = hostService(target, settings)
  if (service !== undefined) return serviceOnHost(service, settings)
  const { components, realm } = splitTarget(target)
  const nameType = components.length === 1 ? NameType.NT_PRINCIPAL : NameType.NT_SRV_INST
  return {
    name: { nameType, nameString: components },
    realm: realm === undefined ? undefined : (knownRealm(realm, settings) ?? realm),
  }
}

/** A service on a host, whose realm the target name leaves open. */
export interface HostService {
  /** `HTTP`. */
  readonly service: string
  /** As it was written; a port may stand behind it. */
  readonly host: string
  /** What stands behind the host, such as the domain of `ldap/dc1.example.com/example.com`. */
  readonly rest: readonly string[]
}

/**
 * The service on a host that a target name stands for: the first and the third of {@link targetPrincipal}.
 *
 * @returns `undefined` when it is something else.
 * @throws {@link SspiError} `SEC_E_TARGET_UNKNOWN` when it is nothing at all.
 */
export function hostService(target: string, settings: KerberosSettings): HostService | undefined {
  if (target === '') {
    throw new SspiError('SEC_E_TARGET_UNKNOWN', 'Kerberos: no target was named, write service/host.example.com')
  }
  const { components, realm } = splitTarget(target)
  const [service, host, ...rest] = components
  if (service === undefined) return undefined
  if (host === undefined) {
    return realm !== undefined && isHost(realm, settings) ? { service, host: realm.toLowerCase(), rest } : undefined
  }
  return realm === undefined ? { service, host, rest } : undefined
}

/** The principal of a service on a host, in the realm that the configuration gives the host. */
export function serviceOnHost({ service, host, rest }: HostService, settings: KerberosSettings): Target {
  const name = { nameType: NameType.NT_SRV_INST, nameString: [service, host, ...rest] }
  return { name, realm: realmOfHost(host, settings) }
}

/** The realm of a host by the configuration: of its own name, else of the nearest domain above it. */
export function realmOfHost(host: string, settings: Pick<KerberosSettings, 'domainRealm'>): string | undefined {
  const name = host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
  const own = settings.domainRealm.get(name)
  if (own !== undefined) return own
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const realm = settings.domainRealm.get(name.slice(dot)) ?? settings.domainRealm.get(name.slice(dot + 1))
    if (realm !== undefined) return realm
  }
  return undefined
}

function isHost(text: string, settings: KerberosSettings): boolean {
  return knownRealm(text, settings) === undefined && text !== text.toUpperCase()
}

/** A realm of the configuration, without regard to case, in its own spelling. */
function knownRealm(text: string, { realms, defaultRealm }: KerberosSettings): string | undefined {
  if (realms.has(text) || defaultRealm === text) return text
  const capitals = text.toUpperCase()
  return knownRealms({ realms, defaultRealm }).find((name) => name.toUpperCase() === capitals)
}

/** The one realm of the configuration that a NetBIOS name is the first label of; `undefined` when several are. */
function realmOfNetbiosName(domain: string, settings: KerberosSettings): string | undefined {
  const [realm, another] = knownRealms(settings).filter((name) =>
    name.toUpperCase().startsWith(`${domain.toUpperCase()}.`),
  )
  return another === undefined ? realm : undefined
}

function knownRealms({ realms, defaultRealm }: Pick<KerberosSettings, 'realms' | 'defaultRealm'>): readonly string[] {
  return [...new Set(defaultRealm === undefined ? realms.keys() : [defaultRealm, ...realms.keys()])]
}

function splitTarget(target: string): ReturnType<typeof split> {
  try {
    return split(target)
  } catch (cause) {
    throw new SspiError('SEC_E_TARGET_UNKNOWN', `Kerberos: '${target}' is no name of a service`, { cause })
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['b', '\b'],
  ['0', '\0'],
  ['/', '/'],
  ['@', '@'],
  ['\\', '\\'],
])
const ANY_SPECIAL = /[\\/@\n\t\b\0]/
const SPECIAL: ReadonlyMap<string, string> = new Map([...ESCAPES].map(([letter, character]) => [character, letter]))

function escaped(text: string): string {
  // Hardly any name has something to escape.
  if (!ANY_SPECIAL.test(text)) return text
  return text.replace(/[\\/@\n\t\b\0]/g, (character) => `\\${SPECIAL.get(character) ?? character}`)
}

function split(text: string): { readonly components: readonly string[]; readonly realm: string | undefined } {
  const parts = ['']
  let realmAt: number | undefined
  for (let i = 0; i < text.length; i++) {
    let character = text.charAt(i)
    if (character === '@' || (character === '/' && realmAt === undefined)) {
      if (realmAt !== undefined) throw unknownName(text, 'a second @ in it wants a backslash before it')
      if (character === '@') realmAt = parts.length
      parts.push('')
      continue
    }
    if (character === '\\') {
      const meant = ESCAPES.get(text.charAt(++i))
      if (meant === undefined) throw unknownName(text, 'a backslash in it stands before nothing that needs one')
      character = meant
    }
    parts.push((parts.pop() ?? '') + character)
  }
  const components = parts.slice(0, realmAt)
  const realm = realmAt === undefined ? undefined : parts[realmAt]
  if (components.includes('') || realm === '') throw unknownName(text, 'a part of it is empty')
  return { components, realm }
}

function unknownName(text: string, why: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `Kerberos: '${text}' is no name of a principal: ${why}`)
}
