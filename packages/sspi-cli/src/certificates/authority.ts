// Wants to be there before the certificates' library, which is built on it.
import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
  type X509Certificate,
} from '@peculiar/x509'
import { randomUUID, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'

/** A certificate with its key, as files of PEM have them. */
export interface MadeIdentity {
  readonly certificate: string
  readonly privateKey: string
}

/** An authority of this process alone: its key is written nowhere and gone with it. */
export interface Authority {
  /** Its own certificate, for those who are to trust it. */
  readonly root: string
  /** A certificate for a server of these names: DNS names, or IP addresses. */
  readonly issueServer: (names: readonly string[]) => Promise<MadeIdentity>
  /** A certificate for a client, with its name as the common name. */
  readonly issueClient: (name: string) => Promise<MadeIdentity>
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SIGNING = { name: 'ECDSA', hash: 'SHA-256' } as const
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
/** Clocks of two machines differ: who checks it may be behind. */
const SLACK = 5 * MINUTE

/** Makes an authority, whose certificates are good for a day. */
export async function createAuthority(): Promise<Authority> {
  const now = Date.now()
  const period = { notBefore: new Date(now - SLACK), notAfter: new Date(now + DAY) }
  // A name of its own: else a certificate of another such authority would look like one of this, wrongly signed.
  const issuer = [{ CN: [`Made on the fly by sspi, ${randomUUID()}`] }]
  const keys = await generateKeys()
  const root = await X509CertificateGenerator.createSelfSigned({
    ...period,
    name: issuer,
    keys,
    signingAlgorithm: SIGNING,
    extensions: [new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  })
  const issue = async (name: string, usage: ExtendedKeyUsage, names: readonly Extension[]): Promise<MadeIdentity> => {
    const own = await generateKeys()
    const certificate = await X509CertificateGenerator.create({
      ...period,
      subject: [{ CN: [name] }],
      issuer,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: SIGNING,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        ...names,
      ],
    })
    const privateKey = await webcrypto.subtle.exportKey('pkcs8', own.privateKey)
    return {
      certificate: pemFile(certificate),
      privateKey: `${PemConverter.encode(privateKey, PemConverter.PrivateKeyTag)}\n`,
    }
  }
  return {
    root: pemFile(root),
    issueServer: (names) => issue(names[0] ?? '', ExtendedKeyUsage.serverAuth, [alternativeNames(names)]),
    issueClient: (name) => issue(name, ExtendedKeyUsage.clientAuth, []),
  }
}

/** Ends with its line, so that files can be put behind one another. */
function pemFile(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function alternativeNames(names: readonly string[]): Extension {
  return new SubjectAlternativeNameExtension(
    names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
  )
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}
