import { DerReader, DerWriter } from '../../bytes/index.js'
import {
  frameKdcMessage,
  readKdcProxyMessage,
  unframeKdcMessage,
  writeKdcProxyMessage,
} from '../../kerberos/messages/index.js'

/** Puts a message into the KDC-PROXY-MESSAGE that asks for a KDC of a realm, MS-KKDCP 2.2.2. */
export function wrapForKdcProxy(message: Uint8Array, realm: string): Uint8Array {
  const writer = new DerWriter()
  writeKdcProxyMessage(writer, { kerbMessage: frameKdcMessage(message), targetDomain: realm })
  return writer.finish()
}

/**
 * Takes the message out of a KDC-PROXY-MESSAGE. A view.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, or the length in it is not that of the message.
 */
export function unwrapFromKdcProxy(bytes: Uint8Array): Uint8Array {
  const reader = new DerReader(bytes)
  const { kerbMessage } = readKdcProxyMessage(reader)
  reader.end('KDC-PROXY-MESSAGE')
  return unframeKdcMessage(kerbMessage)
}
