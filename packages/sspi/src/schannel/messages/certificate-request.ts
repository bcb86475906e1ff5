import { Reader } from '../../bytes/index.js'
import { TLS_1_3 } from '../constants.js'
import { ExtensionType, extensionData, readExtensions, readSignatures } from './hello.js'

/** What a CertificateRequest asks for. */
export interface CertificateRequest {
  /** The names (in DER) of the authorities. Views. */
  readonly authorities: readonly Uint8Array[]
  /** The signatures that the server can check, as TLS numbers them. */
  readonly signatures: readonly number[]
}

/**
 * Reads the body of a CertificateRequest, RFC 5246 section 7.4.4 and RFC 8446 sections 4.3.2 and 4.2.4.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function readCertificateRequest(body: Uint8Array, version: number): CertificateRequest {
  const reader = new Reader(body)
  if (version !== TLS_1_3) {
    reader.skip(reader.u8('CertificateRequest: types length'), 'CertificateRequest: certificate_types')
    const signatures = readSignatures(reader)
    return { signatures, authorities: readNames(reader) }
  }
  reader.skip(reader.u8('CertificateRequest: context length'), 'CertificateRequest: context')
  const extensions = readExtensions(reader, 'CertificateRequest')
  const names = extensionData(extensions, ExtensionType.CERTIFICATE_AUTHORITIES)
  const signatures = extensionData(extensions, ExtensionType.SIGNATURE_ALGORITHMS)
  return {
    authorities: names === undefined ? [] : readNames(new Reader(names)),
    signatures: signatures === undefined ? [] : readSignatures(new Reader(signatures)),
  }
}

function readNames(reader: Reader): readonly Uint8Array[] {
  const list = new Reader(reader.take(reader.u16be('authorities length'), 'authorities'))
  const names: Uint8Array[] = []
  while (list.remaining > 0) names.push(list.take(list.u16be('authority length'), 'authority'))
  return names
}
