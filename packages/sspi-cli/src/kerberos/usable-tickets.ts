import { isRemovedCredential, readCcacheConfig, type Ccache, type CcacheCredential } from 'sspi/kerberos'

/**
 * Whether there is something to log on with, as `klist -s` judges: a ticket-granting ticket of the owner's realm that has not
 * ended; where there is none of that realm at all, any ticket that has not.
 */
export function hasUsableTicket({ defaultPrincipal, credentials }: Ccache, now: Date): boolean {
  const tickets = credentials.filter((entry) => !isRemovedCredential(entry) && readCcacheConfig(entry) === undefined)
  const local = tickets.filter((entry) => isTgtOf(entry, defaultPrincipal.realm))
  return (local.length > 0 ? local : tickets).some(({ endTime }) => endTime * 1000 > now.getTime())
}

function isTgtOf({ server }: CcacheCredential, realm: string): boolean {
  const [service, of] = server.name.nameString
  return server.realm === realm && service === 'krbtgt' && of === realm
}
