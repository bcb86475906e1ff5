import { Reader } from '../../bytes/index.js'
import { TLS_1_3 } from '../constants.js'
import { ExtensionType, extensionData, readExtensions } from './hello.js'

/**
 * The names (in DER) of the authorities in a CertificateRequest, RFC 5246 section 7.4.4 and RFC 8446 sections 4.3.2 and 4.2.4.
 * Views. @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readCertificateAuthorities(body: Uint8Array, version: number): readonly Uint8Array[] {
  const reader = new Reader(body)
  if (version !== TLS_1_3) {
    reader.skip(reader.u8('CertificateRequest: types length'), 'CertificateRequest: certificate_types')
    reader.skip(reader.u16be('CertificateRequest: algorithms length'), 'CertificateRequest: algorithms')
    return readNames(reader)
  }
  reader.skip(reader.u8('CertificateRequest: context length'), 'CertificateRequest: context')
  const extensions = readExtensions(reader, 'CertificateRequest')
  const data = extensionData(extensions, ExtensionType.CERTIFICATE_AUTHORITIES)
  return data === undefined ? [] : readNames(new Reader(data))
}

function readNames(reader: Reader): readonly Uint8Array[] {
  const list = new Reader(reader.take(reader.u16be('authorities length'), 'authorities'))
  const names: Uint8Array[] = []
  while (list.remaining > 0) names.push(list.take(list.u16be('authority length'), 'authority'))
  return names
}
