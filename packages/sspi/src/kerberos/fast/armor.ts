import { encodeAscii } from '../../bytes/index.js'
import { wipe } from '../../crypto/index.js'
import { KeyUsage, KerberosKey, krbFxCf2 } from '../enctypes/index.js'
import { encodeDer, writeApReq, writeAuthenticator, type KrbFastArmor } from '../messages/index.js'
import type { ServiceTicket } from '../service-ticket.js'
import type { Timestamp } from '../timestamps.js'

/** FX_FAST_ARMOR_AP_REQUEST, the one kind of armour that RFC 6113 section 5.4.1 has. */
export const FX_FAST_ARMOR_AP_REQUEST = 1

const SUBKEY_PEPPER = encodeAscii('subkeyarmor')
const TICKET_PEPPER = encodeAscii('ticketarmor')

/** The armour of one exchange: the key that hides it, and how the KDC gets to know that key. Its owner disposes of it. */
export interface FastArmor {
  readonly key: KerberosKey
  /** To be sent in AS requests; a TGS request has its own AP-REQ, which says the same. */
  readonly explicit: KrbFastArmor | undefined
}

/**
 * The armour key of an AP-REQ: RFC 6113 section 5.4.1.1. In a TGS request it is that of PA-TGS-REQ, the implicit armour.
 *
 * @param subkey - Of the authenticator.
 * @param sessionKey - Of the ticket.
 * @returns A new key, which the caller disposes of.
 */
export function armorKey(subkey: KerberosKey, sessionKey: KerberosKey): KerberosKey {
  return krbFxCf2(subkey, sessionKey, SUBKEY_PEPPER, TICKET_PEPPER)
}

/**
 * Makes armour of a ticket-granting ticket that somebody has already, as a rule the host: RFC 6113 section 5.4.1.1.
 *
 * Draws a subkey and one confounder.
 *
 * @param ticket - For the ticket-granting service of the realm that is asked. Stays the caller's.
 */
export function makeArmor(ticket: ServiceTicket, time: Timestamp, random: (length: number) => Uint8Array): FastArmor {
  const { sessionKey, client } = ticket
  const subkey = KerberosKey.generate(sessionKey.enctype, random)
  const keyvalue = subkey.reveal()
  try {
    const authenticator = encodeDer(
      {
        crealm: client.realm,
        cname: client.name,
        cusec: time.microseconds,
        ctime: time.seconds,
        subkey: { keytype: subkey.enctype, keyvalue },
      },
      writeAuthenticator,
    )
    const confounder = random(sessionKey.profile.confounderBytes)
    const cipher = sessionKey.encrypt(KeyUsage.AP_REQ_AUTHENTICATOR, authenticator, confounder)
    wipe(authenticator)
    const armorValue = encodeDer(
      { apOptions: 0, ticket: ticket.ticket, authenticator: { etype: sessionKey.enctype, cipher } },
      writeApReq,
    )
    return { key: armorKey(subkey, sessionKey), explicit: { armorType: FX_FAST_ARMOR_AP_REQUEST, armorValue } }
  } finally {
    wipe(keyvalue)
    subkey.dispose()
  }
}
