import { wipe } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import type { Effectful } from '../effect-run.js'
import { KeyUsage, KerberosKey } from '../enctypes/index.js'
import type { KdcClient } from '../kdc-client.js'
import type { KeyTable } from '../key-table.js'
import { decodeDer, readEncTicketPart, type EncTicketPart } from '../messages/index.js'
import { formatPrincipal, samePrincipal, type Principal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { obtainTicketFor } from '../tickets.js'

/**
 * Makes sure that the KDC which took a password is the realm's. Whoever can answer in its place can make up an AS-REP for any
 * password that he chose himself; he cannot make a ticket under a key that only the realm and this host know.
 *
 * Asks for a ticket for a service of the key table, in the client's realm, and opens it.
 *
 * @param keys - Of services on this host; one that the realm does not know is passed over.
 * @returns The client, as the ticket has it.
 * @throws {@link SspiError} `SEC_E_NO_KERB_KEY` when there is no key to prove it by; `SEC_E_LOGON_DENIED` when the ticket does not
 *   open or is not for the client; otherwise as `obtainTicketFor`.
 */
export function* verifyKdc(client: KdcClient, keys: KeyTable): Effectful<Principal> {
  const { realm } = client.credential.outbound.store.client
  let last: unknown
  for (const principal of servicesOf(keys, realm)) {
    let ticket: ServiceTicket
    try {
      ticket = yield* obtainTicketFor(client, principal)
    } catch (error) {
      if (!(error instanceof SspiError && error.code === 'SEC_E_TARGET_UNKNOWN')) throw error
      last = error
      continue
    }
    try {
      return checkTicket(ticket, keys, principal)
    } finally {
      ticket.sessionKey.dispose()
    }
  }
  throw new SspiError('SEC_E_NO_KERB_KEY', `Kerberos: there is no key of a service in ${realm} to prove its KDC by`, {
    cause: last,
  })
}

function servicesOf(keys: KeyTable, realm: string): readonly Principal[] {
  const found: Principal[] = []
  for (const { principal } of keys.keys) {
    const known = found.some((other) => samePrincipal(other, principal))
    if (principal.realm === realm && principal.name.nameString.length > 1 && !known) found.push(principal)
  }
  return found
}

function checkTicket({ ticket, client, sessionKey }: ServiceTicket, keys: KeyTable, principal: Principal): Principal {
  const { etype, kvno, cipher } = ticket.encPart
  for (const { key } of keys.find({ principal, enctype: etype, kvno })) {
    const plaintext = tryDecrypt(key, cipher)
    if (plaintext === undefined) continue
    try {
      const part = decodeDer(plaintext, readEncTicketPart)
      const named: Principal = { realm: part.crealm, name: part.cname }
      if (samePrincipal(named, client) && isKey(part, sessionKey)) return named
    } finally {
      wipe(plaintext)
    }
  }
  throw new SspiError(
    'SEC_E_LOGON_DENIED',
    `Kerberos: the KDC of ${principal.realm} did not prove itself: its ticket for ${formatPrincipal(principal)} does not ` +
      'fit the keytab (an old keytab, or not the KDC)',
  )
}

function tryDecrypt(key: KerberosKey, cipher: Uint8Array): Uint8Array | undefined {
  try {
    return key.decrypt(KeyUsage.KDC_REP_TICKET, cipher)
  } catch {
    return undefined
  }
}

function isKey(part: EncTicketPart, expected: KerberosKey): boolean {
  const key = new KerberosKey(part.key.keytype, part.key.keyvalue)
  try {
    return key.equals(expected)
  } finally {
    key.dispose()
  }
}
