import { contextTag, DerReader, DerWriter, Reader, Tag, Writer } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** KDC-PROXY-MESSAGE, MS-KKDCP 2.2.2. */
export interface KdcProxyMessage {
  /** A Kerberos message, without the length in four bytes that goes before it, which the codec writes and checks. */
  readonly kerbMessage: Uint8Array
  /** The realm whose KDC it is for. Required in requests, and left out of replies. */
  readonly targetDomain?: string | undefined
  /** Flags for DsrGetDcName, MS-NRPC 3.5.4.3.1. */
  readonly dclocatorHint?: number | undefined
}

/** Writes a KDC-PROXY-MESSAGE. */
export function writeKdcProxyMessage(message: KdcProxyMessage): Uint8Array {
  const writer = new DerWriter()
  writer.within(Tag.SEQUENCE, () => {
    const { kerbMessage, targetDomain, dclocatorHint } = message
    if (dclocatorHint !== undefined) writer.within(contextTag(2), () => writer.integer(dclocatorHint))
    if (targetDomain !== undefined) writer.within(contextTag(1), () => writer.generalString(targetDomain))
    const framed = new Writer(4 + kerbMessage.length).u32be(kerbMessage.length).bytes(kerbMessage).finish()
    writer.within(contextTag(0), () => writer.octetString(framed))
  })
  return writer.finish()
}

/**
 * Reads a KDC-PROXY-MESSAGE. Its Kerberos message is a view.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, or the length in it is not that of the message.
 */
export function readKdcProxyMessage(bytes: Uint8Array): KdcProxyMessage {
  const what = 'KDC-PROXY-MESSAGE'
  const outer = new DerReader(bytes)
  const message = outer.within(Tag.SEQUENCE, what, (fields) => ({
    kerbMessage: fields.within(contextTag(0), 'kerb-message', (field) => unframe(field.octetString('kerb-message'))),
    targetDomain: fields.optional(contextTag(1), 'target-domain', (field) => field.generalString('target-domain')),
    dclocatorHint: fields.optional(contextTag(2), 'dclocator-hint', (field) => field.integer('dclocator-hint')),
  }))
  outer.end(what)
  return message
}

function unframe(framed: Uint8Array): Uint8Array {
  const reader = new Reader(framed)
  const length = reader.u32be('kerb-message length')
  if (length !== reader.remaining) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `kerb-message: ${length} bytes announced, ${reader.remaining} there`)
  }
  return reader.take(length, 'kerb-message')
}
