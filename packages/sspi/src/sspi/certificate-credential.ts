import type { SecretSource } from './secret-source.js'

/** A certificate, or several: PEM text, or DER. */
export type CertificateData = string | Uint8Array | readonly (string | Uint8Array)[]

/** A certificate with the key to it, in one of the two usual forms. */
export type CertificateWithKey =
  | {
      /** The certificate itself first, then those between it and its root, in any order. */
      readonly certificate: CertificateData
      /** PEM, or DER (PKCS#8, PKCS#1, SEC1); or a function that fetches it. */
      readonly privateKey?: SecretSource<string | Uint8Array> | undefined
      /** Of an encrypted key. */
      readonly passphrase?: SecretSource<string> | undefined
    }
  | {
      /** PKCS#12: certificate, key and the certificates between; or a function that fetches it. */
      readonly pkcs12: SecretSource<Uint8Array>
      /** What it is encrypted with. */
      readonly passphrase?: SecretSource<string> | undefined
    }

/** Options of {@link certificateCredential}. Everything has a safe default; a client that has no certificate needs none of them. */
export interface CertificateCredentialOptions {
  /**
   * With what this side authenticates: several where it has keys of several kinds (RSA and ECDSA). Default: none, which only a
   * client can do with.
   */
  readonly identity?: CertificateWithKey | readonly CertificateWithKey[] | undefined
  /**
   * The certificates that the peer's chain may end in. Default: for a client, the public roots that Node trusts; for a server,
   * none, and it asks for no client certificate.
   */
  readonly roots?: CertificateData | undefined
  /**
   * Certificate revocation lists, PEM or DER. With any, every certificate of a chain but the root's needs the list of its issuer.
   * Default: revocation is not checked.
   */
  readonly crls?: CertificateData | undefined
  /**
   * The only certificates that the peer may have, by their SHA-256 fingerprints: hexadecimal, with colons or without, as `openssl x509
   * -fingerprint -sha256` prints them. Its chain, its names and its use do not count then, its period does. Not with
   * `manualValidation`. Default: any certificate that its chain vouches for.
   */
  readonly fingerprints?: readonly string[] | undefined
  /** `SP_PROT_…` of `sspi/schannel`: which versions of TLS. Default 0: 1.2 and 1.3. */
  readonly enabledProtocols?: number | undefined
  /** Cipher suites by their names in RFCs, the best first. Default: all that the package protects records with. */
  readonly cipherSuites?: readonly string[] | undefined
  /** Key exchange groups by OpenSSL's names (`X25519`, `P-256`), the best first. Default: Node's. */
  readonly groups?: readonly string[] | undefined
  /** `SCH_CRED_…` of `sspi/schannel`. Default 0. */
  readonly flags?: number | undefined
  /** Whether a server refuses a client that sends no certificate. Needs `roots` or `fingerprints`. Default `false`. */
  readonly requireClientCertificate?: boolean | undefined
  /**
   * Whether a server looks the client's certificate up among its accounts, and refuses one that is nobody's. Not with
   * `manualValidation`, which would believe any name. Default `false`.
   */
  readonly mapToAccount?: boolean | undefined
  /**
   * DANGEROUS: the peer's certificate is not checked at all, neither its chain nor its name; whoever calls must do it, by
   * `SECPKG_ATTR_REMOTE_CERT_CHAIN`, before a word is sent. Default `false`.
   */
  readonly manualValidation?: boolean | undefined
}

/** A credential of certificates for Schannel. */
export function certificateCredential(options: CertificateCredentialOptions = {}): CertificateCredential {
  return new CertificateCredential(options)
}

/** A certificate with its key in hand. */
export type RevealedIdentity =
  | {
      readonly kind: 'certificate'
      readonly certificate: CertificateData
      readonly privateKey: string | Uint8Array | undefined
      readonly passphrase: string | undefined
    }
  | { readonly kind: 'pkcs12'; readonly pkcs12: Uint8Array; readonly passphrase: string | undefined }

/** A {@link CertificateCredential} with its keys in hand. */
export interface RevealedCertificate {
  /** Which kind of credential it is. */
  readonly kind: 'certificate'
  /** Which packages may use it, as in `SEC_WINNT_AUTH_IDENTITY_EX` (`'!ntlm,kerberos'`); `undefined`: any. */
  readonly packageList: string | undefined
  /** With what this side authenticates, in the order given; empty for a client without certificate. */
  readonly identities: readonly RevealedIdentity[]
  /** Everything else that was given, as it was given. */
  readonly options: Omit<CertificateCredentialOptions, 'identity'>
}

const inspect = Symbol.for('nodejs.util.inspect.custom')

/** Made by {@link certificateCredential}. */
export class CertificateCredential {
  /** Which kind of credential it is. */
  readonly kind = 'certificate'
  /** Which packages may use it. Default: any. */
  readonly packageList: string | undefined = undefined
  readonly #identities: readonly CertificateWithKey[]
  readonly #options: Omit<CertificateCredentialOptions, 'identity'>

  constructor(options: CertificateCredentialOptions) {
    const { identity = [], ...others } = options
    this.#identities = isList(identity) ? identity : [identity]
    this.#options = others
  }

  /** The keys and everything else; asks the sources that are functions. */
  async reveal(): Promise<RevealedCertificate> {
    const identities: RevealedIdentity[] = []
    for (const each of this.#identities) {
      const passphrase = await fetch(each.passphrase)
      if ('pkcs12' in each) identities.push({ kind: 'pkcs12', pkcs12: await fetch(each.pkcs12), passphrase })
      else {
        const { certificate } = each
        identities.push({ kind: 'certificate', certificate, privateKey: await fetch(each.privateKey), passphrase })
      }
    }
    return { kind: 'certificate', packageList: this.packageList, identities, options: this.#options }
  }

  /** Without the keys. */
  toJSON(): object {
    return { identities: this.#identities.length, secret: 'redacted' }
  }

  /** Without the keys. */
  [inspect](): string {
    return `CertificateCredential { identities: ${this.#identities.length}, secret: redacted }`
  }
}

function isList<T extends object>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value)
}

function fetch<T>(source: SecretSource<T>): T | Promise<T> {
  // What is kept is a value or a function that fetches one; values here are no functions.
  return typeof source === 'function' ? (source as () => T | Promise<T>)() : source
}
