import type { DerReader, DerWriter } from '../../bytes/index.js'
import { Reader, Tag, Writer } from '../../bytes/index.js'
import {
  readField,
  readOctetString,
  readOptional,
  readSequence,
  readUInt32,
  writeField,
  writeOctetString,
  writeOptional,
  writeUInt32,
} from './fields.js'
import { readRealm, writeRealm } from './principal.js'

/** KDC-PROXY-MESSAGE, MS-KKDCP 2.2.2. */
export interface KdcProxyMessage {
  /** The message as it would go over TCP: with its length before it, see `frameKdcMessage`. */
  readonly kerbMessage: Uint8Array
  readonly targetDomain?: string | undefined
  /** Flags of DsGetDcName. */
  readonly dclocatorHint?: number | undefined
}

/** Reads a KDC-PROXY-MESSAGE, MS-KKDCP 2.2.2. */
export function readKdcProxyMessage(reader: DerReader, what = 'KDC-PROXY-MESSAGE'): KdcProxyMessage {
  return readSequence(reader, what, (fields) => ({
    kerbMessage: readField(fields, 0, 'KDC-PROXY-MESSAGE: kerb-message', readOctetString),
    targetDomain: readOptional(fields, 1, 'KDC-PROXY-MESSAGE: target-domain', readRealm),
    dclocatorHint: readOptional(fields, 2, 'KDC-PROXY-MESSAGE: dclocator-hint', readUInt32),
  }))
}

/** Writes a KDC-PROXY-MESSAGE, MS-KKDCP 2.2.2. */
export function writeKdcProxyMessage(writer: DerWriter, value: KdcProxyMessage): void {
  const mark = writer.mark()
  writeOptional(writer, 2, value.dclocatorHint, writeUInt32)
  writeOptional(writer, 1, value.targetDomain, writeRealm)
  writeField(writer, 0, value.kerbMessage, writeOctetString)
  writer.wrap(Tag.SEQUENCE, mark)
}

/** Puts the length before a message, RFC 4120 section 7.2.2: its form over TCP and in KDC-PROXY-MESSAGE. Copied. */
export function frameKdcMessage(message: Uint8Array): Uint8Array {
  return new Writer(message.length + 4).u32be(message.length).bytes(message).finish()
}

/**
 * Takes the length off a message, RFC 4120 section 7.2.2. A view.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is not the length of what follows.
 */
export function unframeKdcMessage(frame: Uint8Array): Uint8Array {
  const reader = new Reader(frame)
  const message = reader.take(reader.u32be('KDC message: length'), 'KDC message')
  reader.end('KDC message')
  return message
}
