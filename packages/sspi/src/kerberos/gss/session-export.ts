import { Reader, utf16leDecode, utf16leEncode, Writer } from '../../bytes/index.js'
import { secretFrom, wipe, type SecretBytes } from '../../crypto/index.js'
import { readIdentity, writeIdentity } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { KerberosKey } from '../enctypes/index.js'
import type { AuthorizationDataElement } from '../messages/index.js'
import type { Principal } from '../principals.js'
import type { SessionParts, SessionPositions, TicketFacts } from './session-parts.js'

const VERSION = 2
const WHAT = 'Kerberos session'
/** The most elements that are read: as many as a ticket may have. */
const MOST_ELEMENTS = 256

/** Writes a session, key included: the caller seals and wipes the bytes. */
export function writeSession(parts: SessionParts, at: SessionPositions): SecretBytes {
  const { ticket, delegated } = parts
  const data = [...ticket.authorizationData, ...ticket.clientAuthorizationData]
  const peer = writeIdentity(parts.peer)
  // Room for all of it at once, as a rule: nothing secret is moved about.
  const known = 2048 + peer.length + (delegated?.length ?? 0)
  const room = data.reduce((sum, { adData }) => sum + adData.length + 8, known)
  const writer = new Writer(room)
  const key = parts.key.reveal()
  writer
    .u8(VERSION)
    .u8((parts.side === 'initiator' ? 0 : 1) | (parts.acceptorSubkey ? 2 : 0) | (parts.datagram ? 4 : 0))
    .u32le(parts.flags)
    .u32le(parts.contextAttr)
    .u32le(parts.key.enctype)
  writeBytes(writer, key)
  wipe(key)
  writePrincipal(writer, parts.client)
  writePrincipal(writer, parts.server)
  writeBytes(writer, peer)
  writeText(writer, parts.targetName)
  writeTicket(writer, ticket)
  writeBytes(writer, delegated ?? new Uint8Array(0))
  writer.u64le(BigInt(at.sent)).u64le(signed(at.received.next)).u64le(at.received.seen)
  const written = writer.finish()
  const blob = secretFrom(written)
  wipe(written)
  return blob
}

/**
 * Reads what {@link writeSession} wrote. Everything in it is a copy.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, or is of another version.
 */
export function readSession(blob: Uint8Array): { readonly parts: SessionParts; readonly at: SessionPositions } {
  const reader = new Reader(blob)
  const version = reader.u8(`${WHAT}: version`)
  if (version !== VERSION) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: version ${version}, ${VERSION} is understood here`)
  }
  const bits = reader.u8(`${WHAT}: side`)
  const flags = reader.u32le(`${WHAT}: flags`)
  const contextAttr = reader.u32le(`${WHAT}: attributes`)
  const enctype = reader.u32le(`${WHAT}: encryption type`)
  const key = new KerberosKey(enctype, readBytes(reader))
  let delegated: SecretBytes | undefined
  try {
    const client = readPrincipal(reader)
    const server = readPrincipal(reader)
    const peer = readIdentity(readBytes(reader))
    const targetName = readText(reader)
    const ticket = readTicket(reader)
    const cache = readBytes(reader)
    if (cache.length > 0) delegated = secretFrom(cache)
    const sent = Number(reader.u64le(`${WHAT}: sequence`))
    const next = Number(BigInt.asIntN(64, reader.u64le(`${WHAT}: sequence`)))
    const seen = reader.u64le(`${WHAT}: window`)
    reader.end(WHAT)
    const parts: SessionParts = {
      side: (bits & 1) === 0 ? 'initiator' : 'acceptor',
      flags,
      contextAttr,
      datagram: (bits & 4) !== 0,
      key,
      acceptorSubkey: (bits & 2) !== 0,
      client,
      server,
      peer,
      targetName,
      ticket,
      delegated,
    }
    return { parts, at: { sent, received: { next, seen } } }
  } catch (error) {
    key.dispose()
    wipe(delegated)
    throw error
  }
}

function writePrincipal(writer: Writer, { realm, name }: Principal): void {
  writeText(writer, realm)
  writer.u32le(name.nameType >>> 0).u8(name.nameString.length)
  for (const component of name.nameString) writeText(writer, component)
}

function readPrincipal(reader: Reader): Principal {
  const realm = readText(reader)
  const nameType = reader.u32le(`${WHAT}: name type`) | 0
  const nameString = Array.from({ length: reader.u8(`${WHAT}: name`) }, () => readText(reader))
  return { realm, name: { nameType, nameString } }
}

function writeTicket(writer: Writer, ticket: TicketFacts): void {
  writer.u32le(ticket.flags)
  for (const date of [ticket.authTime, ticket.startTime, ticket.endTime]) writer.u64le(signed(date.getTime()))
  writer.u8(ticket.renewTill === undefined ? 0 : 1).u64le(signed(ticket.renewTill?.getTime() ?? 0))
  writer.u8(ticket.pacVerified ? 1 : 0)
  for (const list of [ticket.authorizationData, ticket.clientAuthorizationData]) {
    writer.u16le(list.length)
    for (const { adType, adData } of list) {
      writer.u32le(adType >>> 0)
      writeBytes(writer, adData)
    }
  }
}

function readTicket(reader: Reader): TicketFacts {
  const flags = reader.u32le(`${WHAT}: ticket flags`)
  const authTime = readDate(reader)
  const startTime = readDate(reader)
  const endTime = readDate(reader)
  const renewable = reader.u8(`${WHAT}: renewable`) === 1
  const renewTill = readDate(reader)
  const pacVerified = reader.u8(`${WHAT}: PAC`) === 1
  const authorizationData = readElements(reader)
  const clientAuthorizationData = readElements(reader)
  return {
    flags,
    authTime,
    startTime,
    endTime,
    renewTill: renewable ? renewTill : undefined,
    authorizationData,
    clientAuthorizationData,
    pacVerified,
  }
}

function readElements(reader: Reader): readonly AuthorizationDataElement[] {
  const count = reader.u16le(`${WHAT}: authorization data`)
  if (count > MOST_ELEMENTS) throw new SspiError('SEC_E_INVALID_TOKEN', `${WHAT}: ${count} elements are too many`)
  return Array.from({ length: count }, () => {
    const adType = reader.u32le(`${WHAT}: authorization data`) | 0
    return { adType, adData: readBytes(reader).slice() }
  })
}

function readDate(reader: Reader): Date {
  return new Date(Number(BigInt.asIntN(64, reader.u64le(`${WHAT}: time`))))
}

function signed(value: number): bigint {
  return BigInt.asUintN(64, BigInt(value))
}

function writeText(writer: Writer, text: string): void {
  writeBytes(writer, utf16leEncode(text))
}

function readText(reader: Reader): string {
  return utf16leDecode(readBytes(reader), `${WHAT}: text`)
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writer.u32le(bytes.length).bytes(bytes)
}

function readBytes(reader: Reader): Uint8Array {
  return reader.take(reader.u32le(`${WHAT}: length`), WHAT)
}
