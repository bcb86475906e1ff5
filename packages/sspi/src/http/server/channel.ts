import type { Http2ServerRequest } from 'node:http2'
import { concatBytes, encodeUtf8 } from '../../bytes/index.js'
import { endPointHash, readCertificate } from '../../crypto/index.js'
import type { ChannelBindings } from '../../sspi/index.js'
import type { HttpServerRequest } from './node-messages.js'

const PREFIX = encodeUtf8('tls-server-end-point:')

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

/** Of each connection that was asked for: its certificate does not change. */
const known = new WeakMap<object, { readonly bindings: ChannelBindings | undefined }>()

/** The bindings of the connection that a request came over; `undefined` without TLS. */
export function bindingsOfConnection(request: HttpServerRequest): ChannelBindings | undefined {
  // The socket of HTTP/2 is another object with each request.
  const connection =
    (request.httpVersionMajor < 2 ? request.socket : (request as Http2ServerRequest).stream.session) ?? request
  const before = known.get(connection)
  if (before !== undefined) return before.bindings
  const raw = localCertificate(request.socket)
  const bindings = raw === undefined ? undefined : endPointBindings(new Uint8Array(raw))
  known.set(connection, { bindings })
  return bindings
}

/** The certificate by which this end has answered, of several the one that was chosen for the client. */
function localCertificate(socket: object): Uint8Array | undefined {
  if (!('getCertificate' in socket) || typeof socket.getCertificate !== 'function') return undefined
  const certificate = (socket.getCertificate as () => unknown)()
  if (typeof certificate !== 'object' || certificate === null || !('raw' in certificate)) return undefined
  return certificate.raw instanceof Uint8Array ? certificate.raw : undefined
}
