import type { Http2ServerRequest } from 'node:http2'
import type { ChannelBindings } from '../../sspi/index.js'
import { endPointBindings } from '../messages/index.js'
import type { HttpServerRequest } from './node-messages.js'

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
