import type { KdcSender } from 'sspi'
import type { Ccache, KdcClient, Keytab, ServiceTicket, Target } from 'sspi/kerberos'
import type { KdcResolver, KerberosConfig } from 'sspi/krb5'

/** How the user proves to be who it is. */
export type LogonChoice =
  /** By what is in a ticket cache. */
  | { readonly kind: 'cache' }
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  /** By keys: of the principal, or of the keytab's first entry. */
  | { readonly kind: 'keytab'; readonly name: string; readonly principal: string | undefined }

/** Everything outside that an examination touches. A test gives it another one. */
export interface Surroundings {
  /** Reads the configuration. Rejects where it is not in order. */
  loadConfig(): Promise<KerberosConfig>
  now(): Date
  random(length: number): Uint8Array
  readonly resolver: KdcResolver
  /** Carries requests to whichever KDC of a realm answers. */
  sender(config: KerberosConfig): KdcSender
  /** Carries one request to one server (`udp/host:port`, `tcp/host:port`, `https://…`). Rejects where it does not answer. */
  ask(config: KerberosConfig, realm: string, server: string, request: Uint8Array): Promise<Uint8Array>
  /** The ticket cache, with its name; `undefined` for none. Rejects where it cannot be read. */
  loadCache(config: KerberosConfig): Promise<{ readonly name: string; readonly cache: Ccache | undefined }>
  /** A keytab by its name. Rejects where it cannot be read. */
  loadKeytab(name: string): Promise<Keytab>
}

/** What is to be examined. */
export interface Complaint {
  /** The service that cannot be reached: `HTTP/www.example.com`. */
  readonly target: string
  readonly logon: LogonChoice
  /** The service's keytab, where it is at hand; `undefined`: what the service has is not looked at. */
  readonly serviceKeytab: string | undefined
}

/** What has been found out so far, for the checks that follow. What is missing could not be found out. */
export interface Chart {
  readonly surroundings: Surroundings
  readonly complaint: Complaint
  config?: KerberosConfig
  /** The service, as the configuration reads its name. */
  service?: Target
  /** The client, which may log on. The chart's to dispose of. */
  client?: KdcClient
  /** The realms of which a KDC answers. */
  readonly reached: Set<string>
  /** By how much the clock of the client's KDC is ahead of ours, in milliseconds. */
  kdcAheadMs?: number
  /** The client has a ticket-granting ticket. */
  loggedOn?: boolean
  /** The service's ticket. The chart's to dispose of. */
  ticket?: ServiceTicket
  /** The keytab opens the ticket. */
  opened?: boolean
}
