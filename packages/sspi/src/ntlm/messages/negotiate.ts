import { oemDecode, oemEncode, Reader } from '../../bytes/index.js'
import { MessageType, NegotiateFlag } from '../constants.js'
import { hasFlag } from '../flags.js'
import { fieldBytes, MessageWriter, NO_FIELD, payloadStart, readField, readMessageType, type Field } from './fields.js'
import { VERSION_LENGTH } from './version.js'

/** NEGOTIATE_MESSAGE, MS-NLMP 2.2.1.1: what the client can do. */
export interface NegotiateMessage {
  /** `NegotiateFlag`, unsigned. */
  readonly flags: number
  /** The client's own domain; empty when it does not say. */
  readonly domain: string
  /** The client's own name; empty when it does not say. */
  readonly workstation: string
  /** The 8 bytes of Version, for `readVersion`; `undefined` when the message has none. */
  readonly version: Uint8Array | undefined
}

const WHAT = 'NEGOTIATE'
const VERSION_OFFSET = 32
const HEADER_LENGTH = VERSION_OFFSET + VERSION_LENGTH

/**
 * Reads a NEGOTIATE_MESSAGE. Everything behind the flags may be missing, as in messages of old clients (16 bytes) and
 * of those that send no Version (32 bytes); names are read only where the flags say that they were supplied.
 *
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readNegotiate(message: Uint8Array): NegotiateMessage {
  const reader = new Reader(message)
  readMessageType(reader, MessageType.NEGOTIATE, WHAT)
  const flags = reader.u32le(`${WHAT}: NegotiateFlags`)
  const domainField = suppliedField(reader, flags, NegotiateFlag.NEGOTIATE_OEM_DOMAIN_SUPPLIED, 'DomainName')
  const workstationField = suppliedField(reader, flags, NegotiateFlag.NEGOTIATE_OEM_WORKSTATION_SUPPLIED, 'Workstation')
  // MS-NLMP 2.2.1.1: these two are in the OEM character set whatever else is negotiated.
  const domain = oemDecode(fieldBytes(reader, domainField, `${WHAT}: DomainName`))
  const workstation = oemDecode(fieldBytes(reader, workstationField, `${WHAT}: Workstation`))
  const start = payloadStart(message.length, domainField, workstationField)
  const version = start < HEADER_LENGTH ? undefined : reader.at(VERSION_OFFSET, VERSION_LENGTH, `${WHAT}: Version`)
  return { flags, domain, workstation, version }
}

/** Writes a NEGOTIATE_MESSAGE; a name that is not empty sets its flag. */
export function writeNegotiate(message: NegotiateMessage): Uint8Array {
  const { NEGOTIATE_OEM_DOMAIN_SUPPLIED, NEGOTIATE_OEM_WORKSTATION_SUPPLIED } = NegotiateFlag
  const supplied =
    (message.domain === '' ? 0 : NEGOTIATE_OEM_DOMAIN_SUPPLIED) |
    (message.workstation === '' ? 0 : NEGOTIATE_OEM_WORKSTATION_SUPPLIED)
  const writer = new MessageWriter(
    MessageType.NEGOTIATE,
    message.version === undefined ? VERSION_OFFSET : HEADER_LENGTH,
  )
  writer.header.u32le((message.flags | supplied) >>> 0)
  const put = (text: string, what: string): Field => (text === '' ? NO_FIELD : writer.put(oemEncode(text), what))
  writer.entry(put(message.domain, 'DomainName')).entry(put(message.workstation, 'Workstation'))
  if (message.version !== undefined) writer.header.bytes(message.version)
  return writer.finish()
}

function suppliedField(reader: Reader, flags: number, flag: number, what: string): Field {
  if (!hasFlag(flags, flag)) {
    reader.skip(Math.min(8, reader.remaining), what)
    return NO_FIELD
  }
  return readField(reader, `${WHAT}: ${what}`)
}
