import { KerberosErrorCode } from './constants.js'
import { perform, type Effectful } from './effect-run.js'
import { isKdcError } from './kdc-exchange/kdc-errors.js'
import type { KerberosSettings } from './options.js'
import { serviceOnHost, type HostService, type Target } from './principals.js'
import type { ServiceTicket } from './service-ticket.js'

/**
 * Asks for a ticket for a service on a host by the names that the configuration lets it have, in MIT's order: with
 * `dnsCanonicalizeHostname` by what DNS calls the host, else as it was written; and where the KDC does not know it, in the realm
 * that DNS says (`dnsLookupRealm`), and by what DNS calls it (`fallback`).
 *
 * DNS is not authentic: whoever answers chooses the service that the client takes for its own. All of it is off by default.
 *
 * @param ask - Obtains a ticket for a principal.
 */
export function* askByHostNames(
  service: HostService,
  settings: KerberosSettings,
  ask: (target: Target) => Effectful<ServiceTicket>,
): Effectful<ServiceTicket> {
  const { dnsCanonicalizeHostname: canonicalize } = settings
  const first = canonicalize === true ? yield* canonical(service, settings) : qualified(service, settings)
  try {
    return yield* askInRealms(first, settings, ask)
  } catch (error) {
    if (canonicalize !== 'fallback' || !isUnknown(error)) throw error
    const second = yield* canonical(service, settings)
    if (second.host === first.host) throw error
    return yield* askInRealms(second, settings, ask)
  }
}

/** Where only the KDC knows the realm and does not, the one that DNS says. */
function* askInRealms(
  service: HostService,
  settings: KerberosSettings,
  ask: (target: Target) => Effectful<ServiceTicket>,
): Effectful<ServiceTicket> {
  const target = serviceOnHost(service, settings)
  try {
    return yield* ask(target)
  } catch (error) {
    if (!settings.dnsLookupRealm || target.realm !== undefined || !isUnknown(error)) throw error
    const realm = yield* perform('realmOfHost', { host: hostAlone(service.host) })
    if (realm === undefined) throw error
    return yield* ask({ ...target, realm })
  }
}

function* canonical(service: HostService, { rdns }: KerberosSettings): Effectful<HostService> {
  const host = hostAlone(service.host)
  const name = yield* perform('canonicalHost', { host, reverse: rdns })
  return { ...service, host: name + service.host.slice(host.length) }
}

/** With the configured domain behind a name of one label. */
function qualified(service: HostService, { qualifyShortname: domain }: KerberosSettings): HostService {
  const host = hostAlone(service.host)
  if (domain === undefined || domain === '' || host.includes('.')) return service
  return { ...service, host: `${host}.${domain}${service.host.slice(host.length)}` }
}

/** Without the port. An IPv6 address has none here. */
function hostAlone(host: string): string {
  return host.replace(/^([^:]*):\d+$/, '$1')
}

function isUnknown(error: unknown): boolean {
  return isKdcError(error, KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN)
}
