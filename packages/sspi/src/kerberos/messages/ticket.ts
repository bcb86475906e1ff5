import type { DerReader, DerWriter } from '../../bytes/index.js'
import { applicationTag, Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION } from '../constants.js'
import { readHostAddresses, writeHostAddresses, type HostAddress } from './addresses.js'
import { readAuthorizationData, writeAuthorizationData, type AuthorizationDataElement } from './authorization-data.js'
import {
  readEncryptedData,
  readEncryptionKey,
  writeEncryptedData,
  writeEncryptionKey,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted.js'
import {
  decodeDer,
  encodeDer,
  expectField,
  listReader,
  listWriter,
  readApplication,
  readField,
  readFlags,
  readInt32,
  readKerberosTime,
  readOctetString,
  readOptional,
  readSequence,
  wrapApplication,
  writeField,
  writeFlags,
  writeInt32,
  writeKerberosTime,
  writeOctetString,
  writeOptional,
} from './fields.js'
import { Limit } from './limits.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'

const TICKET = 1
const ENC_TICKET_PART = 3

/** What a ticket says in the open: RFC 4120 section 5.3 without `tkt-vno`, which the codec writes and checks. */
export interface TicketFields {
  readonly realm: string
  readonly sname: PrincipalName
  /** An EncTicketPart under the service's key and key usage 2. */
  readonly encPart: EncryptedData
}

/**
 * Ticket, RFC 4120 section 5.3.
 *
 * Only `readTicket` and `makeTicket` make one, so that `raw` and the fields agree.
 */
export interface Ticket extends TicketFields {
  /**
   * The ticket exactly as it came, header included. Messages embed a copy of this: what the KDC made is for the service,
   * and checksums (FAST, RFC 6113 section 5.4.3) cover these bytes.
   */
  readonly raw: Uint8Array
}

/** Reads a Ticket, RFC 4120 section 5.3. */
export function readTicket(reader: DerReader, what = 'Ticket'): Ticket {
  const raw = reader.whole(applicationTag(TICKET), what)
  return { ...decodeDer(raw, readTicketFields, what), raw }
}

/** Writes a Ticket, RFC 4120 section 5.3: a copy of its bytes. */
export function writeTicket(writer: DerWriter, value: Ticket): void {
  writer.raw(value.raw)
}

/** Tickets in a row, as KRB-CRED and requests have them: at most 64. */
export const readTickets = listReader('SEQUENCE OF Ticket', Limit.TICKETS, readTicket)

/** Tickets in a row. */
export const writeTickets = listWriter(writeTicket)

function readTicketFields(reader: DerReader, what = 'Ticket'): TicketFields {
  return readApplication(reader, TICKET, what, (fields) => {
    expectField(fields, 0, 'Ticket: tkt-vno', KERBEROS_VERSION)
    return {
      realm: readField(fields, 1, 'Ticket: realm', readRealm),
      sname: readField(fields, 2, 'Ticket: sname', readPrincipalName),
      encPart: readField(fields, 3, 'Ticket: enc-part', readEncryptedData),
    }
  })
}

/** Makes a Ticket from what it says. */
export function makeTicket(fields: TicketFields): Ticket {
  return decodeDer(encodeDer(fields, writeTicketFields), readTicket)
}

function writeTicketFields(writer: DerWriter, value: TicketFields): void {
  const mark = writer.mark()
  writeField(writer, 3, value.encPart, writeEncryptedData)
  writeField(writer, 2, value.sname, writePrincipalName)
  writeField(writer, 1, value.realm, writeRealm)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, TICKET, mark)
}

/** TransitedEncoding, RFC 4120 section 5.3: the realms between the client's and the service's. */
export interface TransitedEncoding {
  /** 1 for DOMAIN-X500-COMPRESS. */
  readonly trType: number
  readonly contents: Uint8Array
}

/** Reads a TransitedEncoding, RFC 4120 section 5.3. */
export function readTransitedEncoding(reader: DerReader, what = 'TransitedEncoding'): TransitedEncoding {
  return readSequence(reader, what, (fields) => ({
    trType: readField(fields, 0, what, readInt32),
    contents: readField(fields, 1, what, readOctetString),
  }))
}

/** Writes a TransitedEncoding, RFC 4120 section 5.3. */
export function writeTransitedEncoding(writer: DerWriter, value: TransitedEncoding): void {
  const mark = writer.mark()
  writeField(writer, 1, value.contents, writeOctetString)
  writeField(writer, 0, value.trType, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** EncTicketPart, RFC 4120 section 5.3: what the KDC tells the service. */
export interface EncTicketPart {
  /** See `TicketFlag`. */
  readonly flags: number
  /** The session key. */
  readonly key: EncryptionKey
  readonly crealm: string
  readonly cname: PrincipalName
  readonly transited: TransitedEncoding
  readonly authtime: Date
  /** `authtime` if left out. */
  readonly starttime?: Date | undefined
  readonly endtime: Date
  readonly renewTill?: Date | undefined
  readonly caddr?: readonly HostAddress[] | undefined
  readonly authorizationData?: readonly AuthorizationDataElement[] | undefined
}

/** Reads an EncTicketPart, RFC 4120 section 5.3. */
export function readEncTicketPart(reader: DerReader, what = 'EncTicketPart'): EncTicketPart {
  return readApplication(reader, ENC_TICKET_PART, what, (fields) => ({
    flags: readField(fields, 0, 'EncTicketPart: flags', readFlags),
    key: readField(fields, 1, 'EncTicketPart: key', readEncryptionKey),
    crealm: readField(fields, 2, 'EncTicketPart: crealm', readRealm),
    cname: readField(fields, 3, 'EncTicketPart: cname', readPrincipalName),
    transited: readField(fields, 4, 'EncTicketPart: transited', readTransitedEncoding),
    authtime: readField(fields, 5, 'EncTicketPart: authtime', readKerberosTime),
    starttime: readOptional(fields, 6, 'EncTicketPart: starttime', readKerberosTime),
    endtime: readField(fields, 7, 'EncTicketPart: endtime', readKerberosTime),
    renewTill: readOptional(fields, 8, 'EncTicketPart: renew-till', readKerberosTime),
    caddr: readOptional(fields, 9, 'EncTicketPart: caddr', readHostAddresses),
    authorizationData: readOptional(fields, 10, 'EncTicketPart: authorization-data', readAuthorizationData),
  }))
}

/** Writes an EncTicketPart, RFC 4120 section 5.3. */
export function writeEncTicketPart(writer: DerWriter, value: EncTicketPart): void {
  const mark = writer.mark()
  writeOptional(writer, 10, value.authorizationData, writeAuthorizationData)
  writeOptional(writer, 9, value.caddr, writeHostAddresses)
  writeOptional(writer, 8, value.renewTill, writeKerberosTime)
  writeField(writer, 7, value.endtime, writeKerberosTime)
  writeOptional(writer, 6, value.starttime, writeKerberosTime)
  writeField(writer, 5, value.authtime, writeKerberosTime)
  writeField(writer, 4, value.transited, writeTransitedEncoding)
  writeField(writer, 3, value.cname, writePrincipalName)
  writeField(writer, 2, value.crealm, writeRealm)
  writeField(writer, 1, value.key, writeEncryptionKey)
  writeField(writer, 0, value.flags, writeFlags)
  wrapApplication(writer, ENC_TICKET_PART, mark)
}
