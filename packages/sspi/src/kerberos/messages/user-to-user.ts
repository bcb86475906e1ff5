import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Tag } from '../../bytes/index.js'
import { KERBEROS_VERSION, MessageType } from '../constants.js'
import { expectField, readField, readOptional, readSequence, writeField, writeInt32, writeOptional } from './fields.js'
import { readPrincipalName, readRealm, writePrincipalName, writeRealm, type PrincipalName } from './principal.js'
import { readTicket, writeTicket, type Ticket } from './ticket.js'

/** KERB-TGT-REQUEST, draft-swift-win2k-krb-user2user section 3.1, without `pvno` and `msg-type`. */
export interface KerbTgtRequest {
  readonly serverName?: PrincipalName | undefined
  readonly realm?: string | undefined
}

/** Reads a KERB-TGT-REQUEST, draft-swift-win2k-krb-user2user section 3.1. */
export function readKerbTgtRequest(reader: DerReader, what = 'KERB-TGT-REQUEST'): KerbTgtRequest {
  return readSequence(reader, what, (fields) => {
    expectField(fields, 0, 'KERB-TGT-REQUEST: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KERB-TGT-REQUEST: msg-type', MessageType.KRB_TGT_REQUEST)
    return {
      serverName: readOptional(fields, 2, 'KERB-TGT-REQUEST: server-name', readPrincipalName),
      realm: readOptional(fields, 3, 'KERB-TGT-REQUEST: realm', readRealm),
    }
  })
}

/** Writes a KERB-TGT-REQUEST, draft-swift-win2k-krb-user2user section 3.1. */
export function writeKerbTgtRequest(writer: DerWriter, value: KerbTgtRequest): void {
  const mark = writer.mark()
  writeOptional(writer, 3, value.realm, writeRealm)
  writeOptional(writer, 2, value.serverName, writePrincipalName)
  writeField(writer, 1, MessageType.KRB_TGT_REQUEST, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** KERB-TGT-REPLY, draft-swift-win2k-krb-user2user section 3.2, without `pvno` and `msg-type`. */
export interface KerbTgtReply {
  /** The acceptor's ticket-granting ticket. */
  readonly ticket: Ticket
}

/** Reads a KERB-TGT-REPLY, draft-swift-win2k-krb-user2user section 3.2. */
export function readKerbTgtReply(reader: DerReader, what = 'KERB-TGT-REPLY'): KerbTgtReply {
  return readSequence(reader, what, (fields) => {
    expectField(fields, 0, 'KERB-TGT-REPLY: pvno', KERBEROS_VERSION)
    expectField(fields, 1, 'KERB-TGT-REPLY: msg-type', MessageType.KRB_TGT_REPLY)
    return {
      ticket: readField(fields, 2, 'KERB-TGT-REPLY: ticket', readTicket),
    }
  })
}

/** Writes a KERB-TGT-REPLY, draft-swift-win2k-krb-user2user section 3.2. */
export function writeKerbTgtReply(writer: DerWriter, value: KerbTgtReply): void {
  const mark = writer.mark()
  writeField(writer, 2, value.ticket, writeTicket)
  writeField(writer, 1, MessageType.KRB_TGT_REPLY, writeInt32)
  writeField(writer, 0, KERBEROS_VERSION, writeInt32)
  writer.wrap(Tag.SEQUENCE, mark)
}
