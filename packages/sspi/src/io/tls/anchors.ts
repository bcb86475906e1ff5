import * as tls from 'node:tls'
import { TrustAnchors } from '../../crypto/index.js'
import type { TlsSetup } from '../../sspi/index.js'

const known = new WeakMap<TlsSetup, TrustAnchors>()

/**
 * The anchors that a peer's chain must lead to beside OpenSSL's verdict; `undefined` where that is enough.
 *
 * Node puts the authorities of a PKCS#12 box, which its owner's chain consists of, among those that the context trusts: whoever
 * issued a server's certificate would vouch for its clients.
 */
export function anchorsOf(setup: TlsSetup): TrustAnchors | undefined {
  if (!setup.identities.some(({ kind }) => kind === 'pkcs12')) return undefined
  const made = known.get(setup) ?? new TrustAnchors(setup.roots ?? defaultRoots())
  known.set(setup, made)
  return made
}

/** What Node trusts by default. Before 22.15 it does not tell the roots that the environment adds: those are not known then. */
function defaultRoots(): readonly string[] {
  const { getCACertificates } = tls as { readonly getCACertificates?: (type: 'default') => readonly string[] }
  return getCACertificates?.('default') ?? tls.rootCertificates
}
