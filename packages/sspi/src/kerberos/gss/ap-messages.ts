import { DerReader } from '../../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { KerberosKey, KeyUsage } from '../enctypes/index.js'
import {
  decodeDer,
  encodeDer,
  readApRep,
  readEncApRepPart,
  readEncKrbCredPart,
  readKrbCred,
  writeApRep,
  writeApReq,
  writeAuthenticator,
  writeEncApRepPart,
  writeEncKrbCredPart,
  withEncodedDer,
  writeKrbCred,
  type EncApRepPart,
  type ReadDer,
  type WriteDer,
} from '../messages/index.js'
import { formatPrincipal, samePrincipal, type Principal } from '../principals.js'
import type { ServiceTicket } from '../service-ticket.js'
import { TicketStore } from '../ticket-store.js'
import type { Timestamp } from '../timestamps.js'
import { GSS_CHECKSUM_TYPE } from './authenticator-checksum.js'

type Random = (length: number) => Uint8Array

/** What goes into an AP-REQ. */
export interface ApReqParts {
  readonly ticket: ServiceTicket
  /** See `ApOption`. */
  readonly apOptions: number
  readonly time: Timestamp
  /** As `writeAuthenticatorChecksum` makes it. */
  readonly checksum: Uint8Array
  readonly subkey: KerberosKey
  readonly seqNumber: number
}

/** Makes an AP-REQ, RFC 4120 section 3.2.2. Draws one confounder. */
export function makeApReq(parts: ApReqParts, random: Random): Uint8Array {
  const { ticket, time, subkey } = parts
  const keyvalue = subkey.reveal()
  try {
    const authenticator = {
      crealm: ticket.client.realm,
      cname: ticket.client.name,
      cksum: { cksumtype: GSS_CHECKSUM_TYPE, checksum: parts.checksum },
      cusec: time.microseconds,
      ctime: time.seconds,
      subkey: { keytype: subkey.enctype, keyvalue },
      seqNumber: parts.seqNumber,
    }
    const cipher = sealed(ticket.sessionKey, KeyUsage.AP_REQ_AUTHENTICATOR, authenticator, writeAuthenticator, random)
    return encodeDer(
      {
        apOptions: parts.apOptions,
        ticket: ticket.ticket,
        authenticator: { etype: ticket.sessionKey.enctype, cipher },
      },
      writeApReq,
    )
  } finally {
    wipe(keyvalue)
  }
}

/** What an AP-REP says: that of the acceptor has its subkey and number, the third leg of DCE style the acceptor's number. */
export interface ApRepParts {
  /** As the authenticator has it. */
  readonly time: Timestamp
  readonly subkey: KerberosKey | undefined
  readonly seqNumber: number
}

/** Makes an AP-REP, RFC 4120 section 3.2.4, under the ticket's session key. Draws one confounder. */
export function makeApRep(
  sessionKey: KerberosKey,
  { time, subkey, seqNumber }: ApRepParts,
  random: Random,
): Uint8Array {
  const keyvalue = subkey?.reveal()
  try {
    const part: EncApRepPart = {
      ctime: time.seconds,
      cusec: time.microseconds,
      subkey: subkey === undefined || keyvalue === undefined ? undefined : { keytype: subkey.enctype, keyvalue },
      seqNumber,
    }
    const cipher = sealed(sessionKey, KeyUsage.AP_REP_ENCPART, part, writeEncApRepPart, random)
    return encodeDer({ encPart: { etype: sessionKey.enctype, cipher } }, writeApRep)
  } finally {
    wipe(keyvalue)
  }
}

/**
 * Opens an AP-REP.
 *
 * @param time - Of the authenticator that it must answer. `undefined` for the third leg of DCE style, which may have a time of
 *   its own (MIT's has): there the number proves that it is an answer.
 * @returns Its subkey, if it has one, is the caller's.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse; `SEC_E_MESSAGE_ALTERED` when it is not under the
 *   session key, or to another authenticator: whoever made it does not know the service's key.
 */
export function openApRep(
  sessionKey: KerberosKey,
  message: Uint8Array,
  time: Timestamp | undefined,
): Omit<ApRepParts, 'time'> {
  const { encPart } = decodeDer(message, readApRep)
  if (encPart.etype !== sessionKey.enctype) {
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `AP-REP: enc-part: encryption type ${encPart.etype}, that of the session key is ${sessionKey.enctype}`,
    )
  }
  const plain = sessionKey.decrypt(KeyUsage.AP_REP_ENCPART, encPart.cipher)
  try {
    const part = decodePadded(plain, readEncApRepPart)
    if (time !== undefined && !isOf(part, time)) {
      throw new SspiError('SEC_E_MESSAGE_ALTERED', 'AP-REP: it answers another authenticator than ours')
    }
    const { subkey, seqNumber = 0 } = part
    return { subkey: subkey === undefined ? undefined : new KerberosKey(subkey.keytype, subkey.keyvalue), seqNumber }
  } finally {
    wipe(plain)
  }
}

function isOf({ ctime, cusec }: EncApRepPart, time: Timestamp): boolean {
  return ctime.getTime() === time.seconds.getTime() && cusec === time.microseconds
}

/** Makes the KRB-CRED that delegates a ticket, RFC 4121 section 4.1.1.1, under the session key of the service's ticket. */
export function makeDelegation(
  sessionKey: KerberosKey,
  forwarded: ServiceTicket,
  time: Timestamp,
  random: Random,
): Uint8Array {
  const keyvalue = forwarded.sessionKey.reveal()
  try {
    const part = {
      ticketInfo: [
        {
          key: { keytype: forwarded.sessionKey.enctype, keyvalue },
          prealm: forwarded.client.realm,
          pname: forwarded.client.name,
          flags: forwarded.flags,
          authtime: forwarded.authTime,
          starttime: forwarded.startTime,
          endtime: forwarded.endTime,
          renewTill: forwarded.renewTill,
          srealm: forwarded.server.realm,
          sname: forwarded.server.name,
        },
      ],
      timestamp: time.seconds,
      usec: time.microseconds,
    }
    const cipher = sealed(sessionKey, KeyUsage.KRB_CRED_ENCPART, part, writeEncKrbCredPart, random)
    return encodeDer({ tickets: [forwarded.ticket], encPart: { etype: sessionKey.enctype, cipher } }, writeKrbCred)
  } finally {
    wipe(keyvalue)
  }
}

/**
 * Opens a delegation.
 *
 * @param keys - Those that it may be under: the session key as RFC 4121 has it, or the initiator's subkey.
 * @param client - Who has authenticated: nobody delegates the tickets of somebody else.
 * @returns The tickets as a credential cache, which the caller wipes.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse or its parts do not belong together;
 *   `SEC_E_MESSAGE_ALTERED` when it is under another key; `SEC_E_DELEGATION_POLICY` for tickets of another client.
 */
export function openDelegation(
  keys: readonly KerberosKey[],
  message: Uint8Array,
  client: Principal,
  now: Date,
): SecretBytes {
  const { tickets, encPart } = decodeDer(message, readKrbCred)
  const plain = decryptWithAny(keys, encPart.etype, encPart.cipher)
  const made: TicketStore[] = []
  try {
    const { ticketInfo } = decodePadded(plain, readEncKrbCredPart)
    const [first] = ticketInfo
    if (first?.pname === undefined || first.prealm === undefined || ticketInfo.length !== tickets.length) {
      throw new SspiError('SEC_E_INVALID_TOKEN', 'KRB-CRED: tickets and what is said of them do not belong together')
    }
    const store = new TicketStore(client)
    made.push(store)
    for (const [index, info] of ticketInfo.entries()) {
      const ticket = tickets[index]! // as many as these
      const named = { realm: info.prealm ?? first.prealm, name: info.pname ?? first.pname }
      if (!samePrincipal(named, client)) {
        throw new SspiError(
          'SEC_E_DELEGATION_POLICY',
          `KRB-CRED: a ticket of ${formatPrincipal(named)}, delegated by ${formatPrincipal(client)}`,
        )
      }
      const authTime = info.authtime ?? info.starttime ?? now
      store.add({
        ticket,
        client: named,
        server: { realm: info.srealm ?? ticket.realm, name: info.sname ?? ticket.sname },
        sessionKey: new KerberosKey(info.key.keytype, info.key.keyvalue),
        flags: info.flags ?? 0,
        authTime,
        startTime: info.starttime ?? authTime,
        endTime: info.endtime ?? now,
        renewTill: info.renewTill,
        kdcTimeOffsetMs: 0,
      })
    }
    const cache = store.toCcache()
    const secret = secretFrom(cache)
    wipe(cache)
    return secret
  } finally {
    wipe(plain)
    for (const store of made) store.dispose()
  }
}

/**
 * Reads one value from decrypted bytes, behind which there may be the zeros that triple DES pads with.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for anything else behind it.
 */
export function decodePadded<T>(plain: Uint8Array, read: ReadDer<T>): T {
  const reader = new DerReader(plain)
  const value = read(reader)
  const rest = reader.rest()
  if (rest.length < 8 && rest.every((byte) => byte === 0)) return value
  throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos message: ${rest.length} bytes behind it`)
}

function decryptWithAny(keys: readonly KerberosKey[], etype: number, cipher: Uint8Array): Uint8Array {
  // RFC 4120 section 3.6.1: without encryption, where what is around it is encrypted, as it is here.
  if (etype === 0) return cipher.slice()
  let failure = new SspiError('SEC_E_INVALID_TOKEN', `KRB-CRED: enc-part: encryption type ${etype} is of no key here`)
  for (const key of keys) {
    if (key.enctype !== etype) continue
    try {
      return key.decrypt(KeyUsage.KRB_CRED_ENCPART, cipher)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      failure = error
    }
  }
  throw failure
}

function sealed<T>(key: KerberosKey, usage: number, value: T, write: WriteDer<T>, random: Random): Uint8Array {
  const confounder = random(key.profile.confounderBytes)
  return withEncodedDer(value, write, (plain) => key.encrypt(usage, plain, confounder))
}
