import { X509Certificate } from 'node:crypto'
import { toBase64 } from '../bytes/index.js'

/** Certificates that chains may end in. */
export class TrustAnchors {
  readonly #known: ReadonlySet<string>

  /** @param certificates - each in PEM. */
  constructor(certificates: readonly string[]) {
    this.#known = new Set(certificates.map((pem) => pem.replace(/-----[^-]+-----|\s/g, '')))
  }

  /**
   * Whether a chain leads to one of them: each certificate is signed by the next, which is an authority's, as far as the first
   * that is an anchor. Whether they are good now, and for what, is not looked at.
   *
   * @param chain - in DER, the peer's own first.
   */
  areReachedBy(chain: readonly Uint8Array[]): boolean {
    let before: X509Certificate | undefined
    for (const der of chain) {
      const certificate = read(der)
      if (certificate === undefined || (before !== undefined && !isIssuer(certificate, before))) return false
      if (this.#known.has(toBase64(der))) return true
      before = certificate
    }
    return false
  }
}

function isIssuer(authority: X509Certificate, of: X509Certificate): boolean {
  return authority.ca && of.checkIssued(authority) && of.verify(authority.publicKey)
}

function read(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}
