import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { TrustAnchors } from '../../crypto/index.js'
import type { TlsPeer } from '../../sspi/index.js'

/** More certificates than this are not gone through. */
const MAX_CHAIN = 32

/**
 * The peer's certificates and OpenSSL's verdict on them; `undefined` as long as the peer has shown none.
 * @param anchors - what the chain must lead to besides; `undefined` where the verdict is enough.
 */
export function readPeer(socket: TLSSocket, anchors: TrustAnchors | undefined): TlsPeer | undefined {
  const chain: Uint8Array[] = []
  // Not getPeerX509Certificate(): on a client, it takes the certificate out of OpenSSL's own list.
  let certificate: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true)
  while (certificate?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(certificate.raw))
    // A root is its own issuer.
    const next: Partial<DetailedPeerCertificate> | undefined = certificate.issuerCertificate
    certificate = next === certificate ? undefined : next
  }
  if (chain.length === 0) return undefined
  const verdict = verdictOn(socket)
  if (verdict === undefined && anchors?.areReachedBy(chain) === false) return { chain, verdict: 'CERT_UNTRUSTED' }
  return { chain, verdict }
}

/** What a socket has besides the documented: what `tls.Server` and `tls.connect` themselves ask for OpenSSL's verdict. */
interface WithHandle {
  readonly _handle: { verifyError(): (Error & { readonly code?: string }) | null | undefined } | null
}

/**
 * OpenSSL's verdict on the peer's chain. `authorizationError` tells it only at the end, and to `tls.Server` and `tls.connect`
 * only; the handle must not be asked before the peer has shown a certificate (Node ends then).
 */
function verdictOn(socket: TLSSocket): string | undefined {
  const handle = (socket as unknown as WithHandle)._handle
  if (handle === null) return 'UNSPECIFIED'
  const error = handle.verifyError()
  return error === null || error === undefined ? undefined : (error.code ?? 'UNSPECIFIED')
}
