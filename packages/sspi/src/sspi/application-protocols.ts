import { decodeUtf8, encodeUtf8, Reader, Writer } from '../bytes/index.js'
import { SspiError } from '../status/index.js'

/** SecApplicationProtocolNegotiationExt_ALPN: the one extension that is spoken here. */
const ALPN = 2
/** Both a name and a list are as long as TLS can carry, in bytes. */
const MAX_NAME = 0xff
const MAX_LIST = 0xffff

/**
 * SEC_APPLICATION_PROTOCOLS: how protocols are handed over in a `SECBUFFER_APPLICATION_PROTOCOLS`, the best first.
 * @throws {@link SspiError} `SEC_E_INVALID_PARAMETER` when a name or the list is longer than TLS carries.
 */
export function writeApplicationProtocols(protocols: readonly string[]): Uint8Array {
  const list = new Writer()
  for (const protocol of protocols) {
    const name = encodeUtf8(protocol)
    if (name.length === 0 || name.length > MAX_NAME) {
      throw new SspiError('SEC_E_INVALID_PARAMETER', `application protocols: '${protocol}' has ${name.length} bytes`)
    }
    list.u8(name.length).bytes(name)
  }
  if (list.length > MAX_LIST) {
    throw new SspiError('SEC_E_INVALID_PARAMETER', `application protocols: a list of ${list.length} bytes`)
  }
  const names = list.finish()
  const size = names.length + 6
  return new Writer(size + 4).u32le(size).u32le(ALPN).u16le(names.length).bytes(names).finish()
}

/** Reads SEC_APPLICATION_PROTOCOLS. @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse. */
export function readApplicationProtocols(bytes: Uint8Array): readonly string[] {
  const outer = new Reader(bytes)
  const lists = new Reader(outer.take(outer.u32le('application protocols: size'), 'application protocols'))
  outer.end('application protocols')
  const protocols: string[] = []
  while (lists.remaining > 0) {
    const extension = lists.u32le('application protocols: extension')
    const names = new Reader(lists.take(lists.u16le('application protocols: list size'), 'application protocols: list'))
    while (names.remaining > 0) {
      const name = names.take(names.u8('application protocol: length'), 'application protocol')
      if (name.length === 0) throw new SspiError('SEC_E_INVALID_TOKEN', 'application protocol: an empty name')
      if (extension === ALPN) protocols.push(decodeUtf8(name, 'application protocol'))
    }
  }
  return protocols
}
