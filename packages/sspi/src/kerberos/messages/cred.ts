import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import {
  readHostAddress,
  readHostAddresses,
  writeHostAddress,
  writeHostAddresses,
  type HostAddress,
} from './addresses.js'
import {
  readEncryptedData,
  readEncryptionKey,
  writeEncryptedData,
  writeEncryptionKey,
  type EncryptedData,
  type EncryptionKey,
} from './encrypted.js'
import {
  expectField,
  listReader,
  listWriter,
  readApplication,
  readField,
  readFlags,
  readKerberosTime,
  readMicroseconds,
  readOptional,
  readSequence,
  readUInt32,
  wrapApplication,
  writeField,
  writeFlags,
  writeInt32,
  writeKerberosTime,
  writeMicroseconds,
  writeOptional,
  writeUInt32,
} from './fields.js'
import { Limit } from './limits.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'
import { readTickets, writeTickets, type Ticket } from './ticket.js'

/** KRB-CRED, RFC 4120 section 5.8.1, without `pvno` and `msg-type`, which the codec writes and checks. */
export interface KrbCred {
  readonly tickets: readonly Ticket[]
  /** An EncKrbCredPart under key usage 14; etype 0, not encrypted at all, inside of messages that are. */
  readonly encPart: EncryptedData
}

/** Reads a KRB-CRED, RFC 4120 section 5.8.1. */
export function readKrbCred(reader: DerReader, what = 'KRB-CRED'): KrbCred {
  return readApplication(reader, MessageType.KRB_CRED, what, (fields) => {
    expectField(fields, 0, 'KRB-CRED: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KRB-CRED: msg-type', MessageType.KRB_CRED)
    return {
      tickets: readField(fields, 2, 'KRB-CRED: tickets', readTickets),
      encPart: readField(fields, 3, 'KRB-CRED: enc-part', readEncryptedData),
    }
  })
}

/** Writes a KRB-CRED, RFC 4120 section 5.8.1. */
export function writeKrbCred(writer: DerWriter, value: KrbCred): void {
  const mark = writer.mark()
  writeField(writer, 3, value.encPart, writeEncryptedData)
  writeField(writer, 2, value.tickets, writeTickets)
  writeField(writer, 1, MessageType.KRB_CRED, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  wrapApplication(writer, MessageType.KRB_CRED, mark)
}

/** EncKrbCredPart, RFC 4120 section 5.8.1. */
export interface EncKrbCredPart {
  /** One for each ticket, in their order. */
  readonly ticketInfo: readonly KrbCredInfo[]
  readonly nonce?: number | undefined
  readonly timestamp?: Date | undefined
  /** Microseconds of `timestamp`. */
  readonly usec?: number | undefined
  readonly sAddress?: HostAddress | undefined
  readonly rAddress?: HostAddress | undefined
}

/** Reads an EncKrbCredPart, RFC 4120 section 5.8.1. */
export function readEncKrbCredPart(reader: DerReader, what = 'EncKrbCredPart'): EncKrbCredPart {
  return readApplication(reader, ENC_KRB_CRED_PART, what, (fields) => ({
    ticketInfo: readField(fields, 0, 'EncKrbCredPart: ticket-info', readTicketInfo),
    nonce: readOptional(fields, 1, 'EncKrbCredPart: nonce', readUInt32),
    timestamp: readOptional(fields, 2, 'EncKrbCredPart: timestamp', readKerberosTime),
    usec: readOptional(fields, 3, 'EncKrbCredPart: usec', readMicroseconds),
    sAddress: readOptional(fields, 4, 'EncKrbCredPart: s-address', readHostAddress),
    rAddress: readOptional(fields, 5, 'EncKrbCredPart: r-address', readHostAddress),
  }))
}

/** Writes an EncKrbCredPart, RFC 4120 section 5.8.1. */
export function writeEncKrbCredPart(writer: DerWriter, value: EncKrbCredPart): void {
  const mark = writer.mark()
  writeOptional(writer, 5, value.rAddress, writeHostAddress)
  writeOptional(writer, 4, value.sAddress, writeHostAddress)
  writeOptional(writer, 3, value.usec, writeMicroseconds)
  writeOptional(writer, 2, value.timestamp, writeKerberosTime)
  writeOptional(writer, 1, value.nonce, writeUInt32)
  writeField(writer, 0, value.ticketInfo, writeTicketInfo)
  wrapApplication(writer, ENC_KRB_CRED_PART, mark)
}

/** KrbCredInfo, RFC 4120 section 5.8.1: what its owner knows of a ticket. */
export interface KrbCredInfo {
  /** The session key. */
  readonly key: EncryptionKey
  readonly prealm?: string | undefined
  readonly pname?: PrincipalName | undefined
  /** See `TicketFlag`. */
  readonly flags?: number | undefined
  readonly authtime?: Date | undefined
  readonly starttime?: Date | undefined
  readonly endtime?: Date | undefined
  readonly renewTill?: Date | undefined
  readonly srealm?: string | undefined
  readonly sname?: PrincipalName | undefined
  readonly caddr?: readonly HostAddress[] | undefined
}

/** Reads a KrbCredInfo, RFC 4120 section 5.8.1. */
export function readKrbCredInfo(reader: DerReader, what = 'KrbCredInfo'): KrbCredInfo {
  return readSequence(reader, what, (fields) => ({
    key: readField(fields, 0, 'KrbCredInfo: key', readEncryptionKey),
    prealm: readOptional(fields, 1, 'KrbCredInfo: prealm', readRealm),
    pname: readOptional(fields, 2, 'KrbCredInfo: pname', readPrincipalName),
    flags: readOptional(fields, 3, 'KrbCredInfo: flags', readFlags),
    authtime: readOptional(fields, 4, 'KrbCredInfo: authtime', readKerberosTime),
    starttime: readOptional(fields, 5, 'KrbCredInfo: starttime', readKerberosTime),
    endtime: readOptional(fields, 6, 'KrbCredInfo: endtime', readKerberosTime),
    renewTill: readOptional(fields, 7, 'KrbCredInfo: renew-till', readKerberosTime),
    srealm: readOptional(fields, 8, 'KrbCredInfo: srealm', readRealm),
    sname: readOptional(fields, 9, 'KrbCredInfo: sname', readPrincipalName),
    caddr: readOptional(fields, 10, 'KrbCredInfo: caddr', readHostAddresses),
  }))
}

/** Writes a KrbCredInfo, RFC 4120 section 5.8.1. */
export function writeKrbCredInfo(writer: DerWriter, value: KrbCredInfo): void {
  const mark = writer.mark()
  writeOptional(writer, 10, value.caddr, writeHostAddresses)
  writeOptional(writer, 9, value.sname, writePrincipalName)
  writeOptional(writer, 8, value.srealm, writeRealm)
  writeOptional(writer, 7, value.renewTill, writeKerberosTime)
  writeOptional(writer, 6, value.endtime, writeKerberosTime)
  writeOptional(writer, 5, value.starttime, writeKerberosTime)
  writeOptional(writer, 4, value.authtime, writeKerberosTime)
  writeOptional(writer, 3, value.flags, writeFlags)
  writeOptional(writer, 2, value.pname, writePrincipalName)
  writeOptional(writer, 1, value.prealm, writeRealm)
  writeField(writer, 0, value.key, writeEncryptionKey)
  writer.wrap(Tag.SEQUENCE, mark)
}

const readTicketInfo = listReader('ticket-info', Limit.TICKETS, readKrbCredInfo)
const writeTicketInfo = listWriter(writeKrbCredInfo)
const ENC_KRB_CRED_PART = 29
