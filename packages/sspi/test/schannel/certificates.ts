import {
  certificateCredential,
  type CertificateCredential,
  type CertificateCredentialOptions,
} from '../../src/sspi/index.js'
import { readVectors } from '../vectors.js'

interface Files {
  readonly certificate?: string
  readonly privateKey?: string
  readonly crl?: string
  readonly pkcs12?: string
  readonly passphrase?: string
}

/** What must come of a certificate. */
export interface Expected {
  readonly asServer?: string
  readonly asClient?: string
  readonly alert?: string
  readonly name?: string
}

/** The certificates of the tests: `lab/peers/certificates.sh` makes such. */
export const certificateCases = readVectors<Files, Expected>('tls/certificates.json').cases

/** The name of the good server certificates. */
export const SERVER = 'server.example.com'

/** Certificate, key and list of a name. */
export function filesOf(name: string): Files {
  const found = certificateCases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`no certificate '${name}'`)
  return found.input
}

/** The root of all that are good. */
export const ROOT = filesOf('ca').certificate ?? ''
/** What the root has revoked. */
export const CRL = filesOf('ca').crl ?? ''

/** A credential with one of the certificates; that trusts the root. */
export function credentialOf(name: string, options: CertificateCredentialOptions = {}): CertificateCredential {
  const { certificate = '', privateKey, passphrase, pkcs12 } = filesOf(name)
  const identity =
    pkcs12 === undefined
      ? { certificate, privateKey, passphrase }
      : { pkcs12: Uint8Array.from(Buffer.from(pkcs12, 'hex')), passphrase }
  return certificateCredential({ identity, roots: ROOT, ...options })
}

/** A client's credential without a certificate, which trusts the root. */
export function trusting(options: CertificateCredentialOptions = {}): CertificateCredential {
  return certificateCredential({ roots: ROOT, ...options })
}
