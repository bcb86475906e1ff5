import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { ChannelBindings } from '../../sspi/index.js'
import { endPointBindings as bindingsOf } from '../messages/index.js'

/**
 * What ties an authentication to the TLS channel that it runs in: `tls-server-end-point`, RFC 5929 §4, of the certificate that the
 * other end has shown. Whoever ends the TLS in between has another certificate.
 *
 * @returns `undefined` where there is no TLS, or a certificate for whose signature the type is not defined (Ed25519).
 */
export function endPointBindings(socket: Duplex): ChannelBindings | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const { raw } = socket.getPeerCertificate() as { readonly raw?: Uint8Array }
  return raw === undefined ? undefined : bindingsOf(new Uint8Array(raw))
}
