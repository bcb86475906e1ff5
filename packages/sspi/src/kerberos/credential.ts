import { SspiError } from '../status/index.js'
import {
  never,
  qualifiedName,
  SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS,
  SECPKG_CRED_ATTR_NAMES,
  SECPKG_CRED_ATTR_PAC_BYPASS,
  type Credential,
  type CredentialAttribute,
  type CredentialAttributes,
  type CredentialAttributeTable,
  type CredentialRequest,
  type Identity,
  type KdcProxy,
  type KdcProxySettings,
  type RevealedCredential,
  type SettableCredentialAttribute,
  type SettableCredentialAttributes,
} from '../sspi/index.js'
import { NameType } from './constants.js'
import { Enctype, KerberosKey } from './enctypes/index.js'
import { readKdcProxy } from './kdc-proxy-settings.js'
import { KeyTable } from './key-table.js'
import type { KerberosSettings } from './options.js'
import {
  clientPrincipal,
  formatName,
  formatPrincipal,
  parsePrincipal,
  realmOfKrbtgt,
  sameName,
  type Principal,
} from './principals.js'
import { TicketStore } from './ticket-store.js'
import { TimestampSource } from './timestamps.js'

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Where the client's long-term key comes from when a ticket-granting ticket is wanted. */
export type ClientKeySource =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'keys'; readonly keys: KeyTable }
  /** Nowhere: there are tickets only. */
  | { readonly kind: 'none' }

/** What an initiator works with. */
export interface OutboundIdentity {
  /** As it was asked for; a KDC may call it otherwise: see `TicketStore.client`. */
  readonly principal: Principal
  readonly keys: ClientKeySource
  readonly store: TicketStore
  /** Told when tickets were added. */
  readonly save: ((cache: Uint8Array) => void | Promise<void>) | undefined
}

/** What an acceptor works with. */
export interface InboundIdentity {
  /** The one name to accept tickets for; `undefined`: any that there are keys of. */
  readonly principal: { readonly name: Principal['name']; readonly realm: string | undefined } | undefined
  readonly keys: KeyTable
}

/** Kerberos' form of a credential: keys and tickets. */
export class KerberosCredential implements Credential {
  /** Times for authenticators, which must differ from one another. */
  readonly timestamps = new TimestampSource()
  #armor: KerberosCredential | undefined
  #kdcProxy: KdcProxy | undefined
  #pacBypass = false
  readonly #outbound: OutboundIdentity | undefined
  readonly #inbound: InboundIdentity | undefined

  /** What it is made of is its own from now on, and ends with it. */
  constructor(outbound: OutboundIdentity | undefined, inbound: InboundIdentity | undefined) {
    this.#outbound = outbound
    this.#inbound = inbound
  }

  /** @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when it is for accepting only. */
  get outbound(): OutboundIdentity {
    if (this.#outbound !== undefined) return this.#outbound
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos: the credential has nothing to initiate with')
  }

  /** @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` when it is for initiating only. */
  get inbound(): InboundIdentity {
    if (this.#inbound !== undefined) return this.#inbound
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'Kerberos: the credential has no keys to accept with; give a keytab')
  }

  /** Whether there is an {@link outbound} side. */
  get canInitiate(): boolean {
    return this.#outbound !== undefined
  }

  /** Whether there is an {@link inbound} side. */
  get canAccept(): boolean {
    return this.#inbound !== undefined
  }

  /** Whose tickets armour the log-ons of this one; `undefined` until it was wanted. */
  get armor(): KerberosCredential | undefined {
    return this.#armor
  }

  /** Takes it over; the one before ends. */
  set armor(armor: KerberosCredential | undefined) {
    this.#armor?.dispose()
    this.#armor = armor
  }

  /** The proxy by which KDCs are reached; `undefined` for none. */
  get kdcProxy(): KdcProxy | undefined {
    return this.#kdcProxy
  }

  /** Whether an acceptor passes over what the KDC says of the client in a ticket's authorization data. */
  get pacBypass(): boolean {
    return this.#pacBypass
  }

  /** A service's name, where the credential is for accepting only; else the interface says whose it is. */
  query<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined {
    const service = this.canInitiate ? undefined : this.#inbound?.principal
    const table: CredentialAttributeTable = {
      [SECPKG_CRED_ATTR_NAMES]: () =>
        service && { userName: qualifiedName({ name: formatName(service.name), domain: service.realm ?? '' }) },
    }
    return table[attribute]?.()
  }

  /** SetCredentialsAttributes: the KDC proxy of an outbound credential, and whether an inbound one looks at PACs. */
  set<A extends SettableCredentialAttribute>(attribute: A, value: SettableCredentialAttributes[A]): boolean {
    switch (attribute) {
      case SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS:
        if (!this.canInitiate) return false
        // The value is that of the attribute, by its type.
        this.#kdcProxy = readKdcProxy(value as KdcProxySettings)
        return true
      case SECPKG_CRED_ATTR_PAC_BYPASS:
        if (!this.canAccept) return false
        this.#pacBypass = (value as boolean | undefined) ?? true
        return true
      default:
        return false
    }
  }

  /** When the last ticket-granting ticket ends that there is; never where new ones can be had. */
  get expiry(): Date {
    const outbound = this.#outbound
    if (outbound?.keys.kind !== 'none') return never()
    const ends = outbound.store.tickets
      .filter(({ server }) => realmOfKrbtgt(server.name) === outbound.principal.realm)
      .map(({ endTime }) => endTime.getTime())
    return ends.length === 0 ? never() : new Date(Math.max(...ends))
  }

  get identity(): Identity | undefined {
    const { realm, name } = this.#outbound?.principal ?? { realm: undefined, name: undefined }
    if (name === undefined) return undefined
    return { name: formatName(name), domain: realm, sid: undefined, groups: [], source: 'asserted' }
  }

  /** Overwrites keys and tickets. The password is a string, which cannot be overwritten. */
  dispose(): void {
    this.#outbound?.store.dispose()
    if (this.#outbound?.keys.kind === 'keys') this.#outbound.keys.keys.dispose()
    this.#inbound?.keys.dispose()
    this.#armor?.dispose()
  }

  /** Without the secret. */
  toJSON(): object {
    return { principal: this.#name, secret: 'redacted' }
  }

  /** Without the secret. */
  [inspect](): string {
    return `KerberosCredential { principal: '${this.#name ?? ''}', secret: redacted }`
  }

  get #name(): string | undefined {
    return this.#outbound === undefined ? undefined : formatPrincipal(this.#outbound.principal)
  }
}

/** What a credential is made of; other packages have no part in it. */
export type KerberosCredentialRequest = Omit<CredentialRequest, 'packages'> &
  Partial<Pick<CredentialRequest, 'packages'>>

/**
 * Makes a credential of a password, an NT hash (an RC4 key, where RC4 is allowed), a keytab or a ticket cache. Nothing is
 * sent: whether a password is right shows when the first ticket is wanted.
 *
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` for none, or one without what is asked for; `SEC_E_UNKNOWN_CREDENTIALS` for
 *   one of another kind, or a name without a realm; `SEC_E_INVALID_TOKEN` when keytab or cache do not parse.
 */
export function acquireKerberosCredential(
  request: KerberosCredentialRequest,
  settings: KerberosSettings,
): KerberosCredential {
  const { value, use } = request
  switch (value?.kind) {
    case undefined:
      throw new SspiError(
        'SEC_E_NO_CREDENTIALS',
        use === 'inbound'
          ? 'Kerberos: no keys were given; give keytabCredential() or, for what the environment says, defaultCredential() of sspi/krb5'
          : 'Kerberos: no credential was given; give passwordCredential(), keytabCredential(), ticketCacheCredential() or, for ' +
              'what the environment says, defaultCredential() of sspi/krb5',
      )
    case 'password': {
      if (use === 'inbound') throw unusable(value.kind, 'to accept, whose keys come from a keytab')
      const principal = clientPrincipal(value.user, value.domain, settings)
      const keys = { kind: 'password', password: value.password } as const
      return new KerberosCredential(outboundOf(principal, keys), undefined)
    }
    case 'nt-hash':
      if (use === 'inbound') throw unusable(value.kind, 'to accept, whose keys come from a keytab')
      return ntHashKerberosCredential(value, settings)
    case 'keytab':
      return keytabKerberosCredential(value, request, settings)
    case 'ticket-cache': {
      if (use === 'inbound') throw unusable(value.kind, 'to accept, whose keys come from a keytab')
      const store = TicketStore.fromCcache(value.cache)
      const keys = { kind: 'none' } as const
      return new KerberosCredential({ principal: store.client, keys, store, save: value.save }, undefined)
    }
    case 'anonymous':
    case 'certificate':
      throw unusable(value.kind, 'without PKINIT')
    case 'credssp':
      throw unusable(value.kind, 'outside of CredSSP')
    case 'pair':
      return pairedKerberosCredential(value, request, settings)
  }
}

/** A credential of tickets that came from elsewhere: delegated by a client. Takes the store over. */
export function credentialOfTickets(store: TicketStore): KerberosCredential {
  return new KerberosCredential({ principal: store.client, keys: { kind: 'none' }, store, save: undefined }, undefined)
}

function outboundOf(principal: Principal, keys: ClientKeySource): OutboundIdentity {
  return { principal, keys, store: new TicketStore(principal), save: undefined }
}

type Revealed<K extends RevealedCredential['kind']> = Extract<RevealedCredential, { readonly kind: K }>

function ntHashKerberosCredential(value: Revealed<'nt-hash'>, settings: KerberosSettings): KerberosCredential {
  if (!settings.permittedEnctypes.includes(Enctype.RC4_HMAC)) {
    throw unusable(value.kind, 'unless insecureAllowRc4 is set: an NT hash is an RC4 key')
  }
  const principal = clientPrincipal(value.user, value.domain, settings)
  const key = new KerberosKey(Enctype.RC4_HMAC, value.ntHash)
  const keys = new KeyTable([{ principal, kvno: 0, key }])
  return new KerberosCredential(outboundOf(principal, { kind: 'keys', keys }), undefined)
}

function keytabKerberosCredential(
  value: Revealed<'keytab'>,
  { use, principal: wanted }: KerberosCredentialRequest,
  settings: KerberosSettings,
): KerberosCredential {
  const text = value.principal ?? wanted
  const named = text === undefined || text === '' ? undefined : parsePrincipal(text)
  const inbound: InboundIdentity = { principal: named, keys: KeyTable.fromKeytab(value.keytab) }
  const entry = inbound.keys.keys.find(
    ({ principal }) =>
      named === undefined ||
      (sameName(principal.name, named.name) &&
        principal.realm === (named.realm ?? settings.defaultRealm ?? principal.realm)),
  )
  if (entry === undefined) {
    inbound.keys.dispose()
    throw new SspiError(
      'SEC_E_NO_CREDENTIALS',
      `Kerberos: the keytab has no key of ${text ?? 'anybody'} that is known here`,
    )
  }
  if (use === 'inbound') return new KerberosCredential(undefined, inbound)
  const name = { ...entry.principal.name }
  const principal = { realm: entry.principal.realm, name: { ...name, nameType: typeOf(name.nameString.length) } }
  // The tables are two, so that each owner disposes of its own.
  const keys = { kind: 'keys', keys: KeyTable.fromKeytab(value.keytab) } as const
  if (use === 'both') return new KerberosCredential(outboundOf(principal, keys), inbound)
  inbound.keys.dispose()
  return new KerberosCredential(outboundOf(principal, keys), undefined)
}

/** The outbound side of one value, the inbound side of the other. */
function pairedKerberosCredential(
  value: Revealed<'pair'>,
  request: KerberosCredentialRequest,
  settings: KerberosSettings,
): KerberosCredential {
  const inbound = acquireKerberosCredential({ ...request, use: 'inbound', value: value.inbound }, settings)
  try {
    const outbound = acquireKerberosCredential({ ...request, use: 'outbound', value: value.outbound }, settings)
    // Each has one side only, so that the new one is the only owner of both.
    return new KerberosCredential(outbound.outbound, inbound.inbound)
  } catch (error) {
    inbound.dispose()
    throw error
  }
}

function typeOf(components: number): number {
  return components === 1 ? NameType.NT_PRINCIPAL : NameType.NT_SRV_INST
}

function unusable(kind: string, what: string): SspiError {
  return new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `Kerberos: a credential of kind '${kind}' cannot be used ${what}`)
}
