import { embeddedKdc, listenKdc, type KdcEvent, type KdcPolicyOptions } from 'sspi/kdc'
import { describeKerberosError } from 'sspi/kerberos'
import { describeFailure } from '../failure.js'
import { enctypeName, flagLetters } from '../kerberos/ticket-facts.js'
import type { Reporter } from '../transfer/reporter.js'
import { addressText } from './address-text.js'
import type { RealmFolder } from './realm-folder.js'

/** How a realm is served. */
export interface ServeRealmOptions {
  readonly host: string
  readonly port: number
  readonly kpasswdPort: number
  readonly policy: KdcPolicyOptions
  /** Ends it. */
  readonly signal: AbortSignal
}

/** Serves a realm until it is told to stop. */
export async function serveRealm(folder: RealmFolder, options: ServeRealmOptions, reporter: Reporter): Promise<void> {
  const { host, port, kpasswdPort, policy, signal } = options
  const { realm, principals } = folder
  const kdc = embeddedKdc({ realm, principals, policy, onEvent: (event) => tell(event, reporter) })
  const listeners = await listenKdc({
    answer: kdc.handle,
    realm,
    addresses: [host],
    port,
    kpasswdPort,
    onRefused: (reason, from) => reporter.event('not-taken', { reason, ...from }, `${from.address}: ${reason}`),
    onFailure: (error) => {
      const { code, message } = describeFailure(error)
      reporter.event('failed', { code, message }, `a request failed: ${message}`)
    },
  })
  const place = { host, port: listeners.port, kpasswdPort: listeners.kpasswdPort ?? kpasswdPort }
  try {
    await folder.writeKrb5Conf(place)
    reporter.event('listening', { realm, ...place, krb5Conf: folder.krb5Conf }, howToUse(folder, place))
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
  } finally {
    await listeners.close()
    await principals.dispose()
  }
  reporter.event('closed', { realm }, 'closed')
}

function howToUse({ realm, krb5Conf }: RealmFolder, place: { readonly host: string; readonly port: number }): string {
  const at = place.host.includes(':') ? `[${place.host}]:${place.port}` : `${place.host}:${place.port}`
  return `the KDC of ${realm} listens on ${at}, UDP and TCP; to use it:
  export KRB5_CONFIG='${krb5Conf}'
  kinit alice          # any Kerberos client, or: sspi kinit alice`
}

function tell(event: KdcEvent, reporter: Reporter): void {
  const { from, ...facts } = event
  const address = from.address && addressText(from.address.address)
  reporter.event(event.kind, { ...facts, service: from.service, address }, sentenceOf(event))
}

function sentenceOf(event: KdcEvent): string {
  switch (event.kind) {
    case 'ticket-issued': {
      const { exchange, client, server, flags, enctypes } = event
      const key = enctypeName(enctypes.ticket)
      return `${exchange}: a ticket for ${client} to ${server}, ${key}, ${flagLetters(flags)}`
    }
    case 'request-refused': {
      const { exchange, client = 'somebody', server, errorCode, reason } = event
      const whom = server === undefined ? '' : ` to ${server}`
      const [name = ''] = describeKerberosError(errorCode).split(':')
      return `${exchange}: none for ${client}${whom}: ${reason}; ${name}`
    }
    case 'account-locked':
      return `${event.client} is locked: too many log-ons have failed`
    case 'password-changed':
      return `kpasswd: ${event.by} has changed the password of ${event.target}`
    case 'password-refused':
      return `kpasswd: no new password for ${event.by ?? 'somebody'}: ${event.reason}`
  }
}
