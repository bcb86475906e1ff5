import { concatBytes, encodeAscii } from '../../bytes/index.js'
import { endPointHash, readCertificate } from '../../crypto/index.js'
import type { ChannelBindings } from '../../sspi/index.js'

const PREFIX = encodeAscii('tls-server-end-point:')

/**
 * The channel bindings of TLS connections that are opened with a certificate (RFC 5929 §4, `tls-server-end-point`). For a server behind a
 * proxy that ends TLS: the proxy's certificate.
 *
 * @param certificate - The server's own, without its chain: DER, or PEM, of which the first counts.
 * @returns `undefined` for certificates whose signature has no hash of its own (Ed25519), for which they are not defined.
 * @throws `SspiError` `SEC_E_INVALID_TOKEN` when it does not parse.
 */
export function endPointBindings(certificate: Uint8Array | string): ChannelBindings | undefined {
  const hash = endPointHash(readCertificate(typeof certificate === 'string' ? derOf(certificate) : certificate))
  return hash === undefined ? undefined : { applicationData: concatBytes(PREFIX, hash) }
}

function derOf(pem: string): Uint8Array {
  const body = /-----BEGIN CERTIFICATE-----([\sA-Za-z0-9+/=]+)-----END CERTIFICATE-----/.exec(pem)?.[1] ?? ''
  return new Uint8Array(Buffer.from(body, 'base64'))
}
