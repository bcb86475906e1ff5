import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { concatBytes, encodeAscii } from '../../bytes/index.js'
import { endPointHash, readCertificate } from '../../crypto/index.js'
import type { ChannelBindings } from '../../sspi/index.js'

const PREFIX = encodeAscii('tls-server-end-point:')

/**
 * What ties an authentication to the TLS channel that it runs in: `tls-server-end-point`, RFC 5929 §4, of the certificate that the
 * other end has shown. Whoever ends the TLS in between has another certificate.
 *
 * @returns `undefined` where there is no TLS, or a certificate for whose signature the type is not defined (Ed25519).
 */
export function endPointBindings(socket: Duplex): ChannelBindings | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  const { raw } = socket.getPeerCertificate(true) as { readonly raw?: Uint8Array }
  if (raw === undefined) return undefined
  const hash = endPointHash(readCertificate(new Uint8Array(raw)))
  return hash === undefined ? undefined : { applicationData: concatBytes(PREFIX, hash) }
}
