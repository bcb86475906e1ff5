import { readCertificate, readPrivateKey } from '../crypto/index.js'
import {
  never,
  SECPKG_ATTR_CIPHER_STRENGTHS,
  SECPKG_ATTR_SUPPORTED_ALGS,
  SECPKG_ATTR_SUPPORTED_PROTOCOLS,
  SECPKG_CRED_ATTR_CERT,
  SspiError,
  type CipherStrengths,
  type Credential,
  type CredentialAttribute,
  type CredentialAttributes,
  type CredentialAttributeTable,
  type CredentialRequest,
  type Identity,
  type RevealedCertificate,
  type RevealedIdentity,
  type SettableCredentialAttribute,
  type SettableCredentialAttributes,
  type Side,
  type SupportedProtocols,
  type TlsIdentity,
  type TlsSetup,
  type TlsVersion,
} from '../sspi/index.js'
import { cipherStrength, suiteAlgorithms } from './algorithm-numbers.js'
import { CIPHER_SUITES, cipherSuite, type CipherSuite } from './cipher-suites.js'
import {
  SCH_CRED_AUTO_CRED_VALIDATION,
  SCH_CRED_DISABLE_RECONNECTS,
  SCH_CRED_MANUAL_CRED_VALIDATION,
  SCH_CRED_NO_DEFAULT_CREDS,
  SCH_CRED_NO_SERVERNAME_CHECK,
  SCH_CRED_NO_SYSTEM_MAPPER,
  SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT,
  SCH_USE_STRONG_CRYPTO,
  SP_PROT_DTLS1_X,
  SP_PROT_TLS1_2_CLIENT,
  SP_PROT_TLS1_2_SERVER,
  SP_PROT_TLS1_3_CLIENT,
  SP_PROT_TLS1_3_SERVER,
  TLS_1_2,
  TLS_1_3,
} from './constants.js'
import { identityOf } from './identity.js'
import { readPem, writePem } from './pem.js'
import { SessionCache } from './session-cache.js'

/** What a credential says of how to authenticate the peer. */
export interface PeerPolicy {
  /** DANGEROUS: not at all; the application does it. */
  readonly manualValidation: boolean
  /** The SHA-256 fingerprints that its certificate may have, in lower-case hexadecimal; `undefined`: its chain vouches for it. */
  readonly fingerprints: ReadonlySet<string> | undefined
  /** Whether a server's name is compared with its certificate. */
  readonly nameChecked: boolean
  /** Whether a server refuses a client that sends no certificate. */
  readonly requireClientCertificate: boolean
  /** Whether a server looks the client's certificate up among its accounts, and refuses one that is nobody's. */
  readonly mapToAccount: boolean
}

type SetupParts = Omit<TlsSetup, 'side' | 'requestCertificate' | 'minVersion' | 'maxVersion' | 'resumable'>

/** The versions from and to which a side speaks. */
interface VersionRange {
  readonly minVersion: TlsVersion
  readonly maxVersion: TlsVersion
}

/** Of each side that the credential is for. */
type Versions = Readonly<Partial<Record<Side, VersionRange>>>

/** Schannel's form of a credential. */
export class SchannelCredential implements Credential {
  /** When its certificate ends; without one, never. */
  readonly expiry: Date
  /** Whom its certificate names; `undefined` without one. */
  readonly identity: Identity | undefined
  /** How the peer is authenticated. */
  readonly policy: PeerPolicy
  readonly #leaf: Uint8Array | undefined
  /** What it may choose among: see `set`. */
  readonly #suites: readonly string[]
  readonly #sides: readonly Side[]
  readonly #setups = new Map<string, TlsSetup>()
  #enabled: number
  #versions: Versions
  #sessions: SessionCache | undefined
  #parts: SetupParts | undefined

  /** @internal */
  constructor(parts: SetupParts, policy: PeerPolicy, facts: CredentialFacts) {
    this.#parts = parts
    this.#suites = parts.cipherSuites
    this.#sides = facts.sides
    this.#enabled = facts.enabledProtocols
    this.#versions = versionsOfSides(facts.sides, facts.enabledProtocols, parts.cipherSuites)
    this.policy = policy
    this.#leaf = facts.leaf
    this.expiry = facts.leaf === undefined ? never() : readCertificate(facts.leaf).validTo
    this.identity = facts.leaf === undefined ? undefined : identityOf(facts.leaf, 'asserted')
    this.#sessions = facts.reconnects && !policy.manualValidation ? new SessionCache() : undefined
  }

  /** Sessions to go on with; `undefined` where that is switched off. @internal */
  get sessions(): SessionCache | undefined {
    return this.#sessions
  }

  /** What it allows, and its certificate, where that is in sight: those in PKCS#12 only OpenSSL sees. */
  query<A extends CredentialAttribute>(attribute: A): CredentialAttributes[A] | undefined {
    const suites = (this.#parts?.cipherSuites ?? []).map((name) => cipherSuite(name)!) // readSuites knows each
    const strengths = suites.map(cipherStrength)
    const table: CredentialAttributeTable = {
      [SECPKG_CRED_ATTR_CERT]: () => (this.#leaf === undefined ? undefined : { certificate: this.#leaf.slice() }),
      [SECPKG_ATTR_SUPPORTED_ALGS]: () => ({ supportedAlgs: [...new Set(suites.flatMap(suiteAlgorithms))] }),
      [SECPKG_ATTR_CIPHER_STRENGTHS]: () => ({
        minimumCipherStrength: Math.min(...strengths),
        maximumCipherStrength: Math.max(...strengths),
      }),
      [SECPKG_ATTR_SUPPORTED_PROTOCOLS]: () => ({ protocols: this.#protocols() }),
    }
    return table[attribute]?.()
  }

  /** SetCredentialsAttributes: versions and strengths, within what the credential was acquired with. */
  set<A extends SettableCredentialAttribute>(attribute: A, value: SettableCredentialAttributes[A]): boolean {
    // The value is that of the attribute, by its type.
    switch (attribute) {
      case SECPKG_ATTR_SUPPORTED_PROTOCOLS:
        this.#restrict((value as SupportedProtocols).protocols, this.#parts?.cipherSuites ?? [])
        return true
      case SECPKG_ATTR_CIPHER_STRENGTHS:
        this.#restrict(this.#enabled, suitesOfStrength(this.#suites, value as CipherStrengths))
        return true
      default:
        return false
    }
  }

  /** What it had is kept when nothing would be left. Sessions of before may be of another version. */
  #restrict(enabled: number, cipherSuites: readonly string[]): void {
    if (this.#parts === undefined) throw new SspiError('SEC_E_INVALID_HANDLE', 'Schannel: the credential was freed')
    this.#versions = versionsOfSides(this.#sides, enabled, cipherSuites)
    this.#enabled = enabled
    this.#parts = { ...this.#parts, cipherSuites }
    this.#setups.clear()
    if (this.#sessions === undefined) return
    this.#sessions.dispose()
    this.#sessions = new SessionCache()
  }

  #protocols(): number {
    return this.#sides
      .flatMap((side) => SIDE_BITS[side].filter(([, version]) => isWithin(version, this.#versions[side])))
      .reduce((bits, [bit]) => bits | bit, 0)
  }

  /** The setup of one side's engines: the same object each time, so that what is costly is made once. */
  setup(side: Side, requestCertificate: boolean): TlsSetup {
    const versions = this.#versions[side]
    if (this.#parts === undefined || versions === undefined) {
      throw new SspiError('SEC_E_NO_CREDENTIALS', `Schannel: the credential is not for the ${side}`)
    }
    const key = `${side} ${requestCertificate}`
    const setup = this.#setups.get(key) ?? this.#makeSetup(this.#parts, versions, side, requestCertificate)
    this.#setups.set(key, setup)
    return setup
  }

  /** Whether a server can tell whom it trusts, and so may ask for certificates. */
  get asksForCertificates(): boolean {
    const { manualValidation, fingerprints } = this.policy
    return this.#parts?.roots !== undefined || fingerprints !== undefined || manualValidation
  }

  /** Lets go of keys, and wipes the sessions: none is kept from here on. Keys are strings for OpenSSL, which cannot be wiped. */
  dispose(): void {
    this.#parts = undefined
    this.#setups.clear()
    this.#sessions?.dispose()
  }

  #makeSetup(parts: SetupParts, versions: VersionRange, side: Side, requestCertificate: boolean): TlsSetup {
    // A server trusts nobody by default: any public authority would vouch for its clients.
    const roots = side === 'acceptor' ? (parts.roots ?? []) : parts.roots
    return { ...parts, ...versions, side, roots, requestCertificate, resumable: this.#sessions !== undefined }
  }
}

interface CredentialFacts {
  readonly sides: readonly Side[]
  readonly enabledProtocols: number
  /** Its certificate, where that is in sight. */
  readonly leaf: Uint8Array | undefined
  readonly reconnects: boolean
}

const KNOWN_FLAGS =
  SCH_CRED_NO_SYSTEM_MAPPER |
  SCH_CRED_NO_SERVERNAME_CHECK |
  SCH_CRED_MANUAL_CRED_VALIDATION |
  SCH_CRED_NO_DEFAULT_CREDS |
  SCH_CRED_AUTO_CRED_VALIDATION |
  SCH_CRED_DISABLE_RECONNECTS |
  SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT |
  SCH_USE_STRONG_CRYPTO

/**
 * Makes a credential of certificates. A client needs none.
 *
 * @throws {@link SspiError} `SEC_E_NO_CREDENTIALS` for a server without certificate, or a certificate without key;
 *   `SEC_E_UNKNOWN_CREDENTIALS` when something does not parse, or a key does not fit; `SEC_E_ALGORITHM_MISMATCH` when no version
 *   or no cipher suite is left; `SEC_E_UNSUPPORTED_FUNCTION` for a flag without a meaning here.
 */
export function acquireSchannelCredential({ value, use }: CredentialRequest): SchannelCredential {
  if (value !== undefined && value.kind !== 'certificate' && value.kind !== 'anonymous') {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `Schannel: it has no use for a credential of kind '${value.kind}'`)
  }
  const given = value?.kind === 'certificate' ? value : NO_CERTIFICATE
  if (use !== 'outbound' && given.identities.length === 0) {
    throw new SspiError('SEC_E_NO_CREDENTIALS', 'Schannel: a server needs a certificate; give certificateCredential()')
  }
  const { options } = given
  const flags = readFlags(options.flags ?? 0, options.crls !== undefined)
  const has = (flag: number): boolean => (flags & flag) !== 0
  const suites = readSuites(options.cipherSuites)
  const sides = SIDES.filter((side) => use === 'both' || (use === 'outbound') === (side === 'initiator'))
  const enabledProtocols = options.enabledProtocols ?? 0
  // Before a key is read: a caller that wants what there is not learns that first.
  versionsOfSides(sides, enabledProtocols, suites)
  const policy: PeerPolicy = {
    manualValidation: options.manualValidation === true || has(SCH_CRED_MANUAL_CRED_VALIDATION),
    fingerprints: readFingerprints(options.fingerprints),
    nameChecked: !has(SCH_CRED_NO_SERVERNAME_CHECK),
    requireClientCertificate: options.requireClientCertificate ?? false,
    mapToAccount: (options.mapToAccount ?? false) && !has(SCH_CRED_NO_SYSTEM_MAPPER),
  }
  checkPolicy(policy, options.roots !== undefined)
  const { identities, leaf } = readIdentities(given.identities)
  const parts: SetupParts = {
    identities,
    roots: options.roots === undefined ? undefined : readPem(options.roots, 'CERTIFICATE').map(certificatePem),
    crls: options.crls === undefined ? [] : readPem(options.crls, 'X509 CRL').map((crl) => writePem(crl, 'X509 CRL')),
    cipherSuites: suites,
    groups: options.groups,
  }
  const reconnects = !has(SCH_CRED_DISABLE_RECONNECTS)
  return new SchannelCredential(parts, policy, { sides, enabledProtocols, leaf, reconnects })
}

const SIDES: readonly Side[] = ['initiator', 'acceptor']

/** What cannot be meant together. */
function checkPolicy(policy: PeerPolicy, withRoots: boolean): void {
  const { manualValidation, fingerprints, requireClientCertificate, mapToAccount } = policy
  const refuse = (why: string): never => {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', `Schannel: ${why}`)
  }
  if (requireClientCertificate && !withRoots && fingerprints === undefined && !manualValidation) {
    refuse('requireClientCertificate needs roots to check them by')
  }
  if (fingerprints !== undefined && manualValidation) refuse('fingerprints with manualValidation: nobody would look')
  if (mapToAccount && manualValidation) {
    refuse(
      'mapToAccount with manualValidation: whoever makes a certificate with a name would be logged on as that name',
    )
  }
}

function readFingerprints(given: readonly string[] | undefined): ReadonlySet<string> | undefined {
  if (given === undefined) return undefined
  const digits = given.map((each) => each.replaceAll(':', '').toLowerCase())
  const wrong = digits.findIndex((each) => !/^[0-9a-f]{64}$/.test(each))
  if (wrong < 0) return new Set(digits)
  throw new SspiError(
    'SEC_E_UNKNOWN_CREDENTIALS',
    `Schannel: '${given[wrong] ?? ''}' is no SHA-256 fingerprint: 64 hexadecimal digits are`,
  )
}

const NO_CERTIFICATE: RevealedCertificate = { kind: 'certificate', packageList: undefined, identities: [], options: {} }

function certificatePem(der: Uint8Array): string {
  return writePem(der, 'CERTIFICATE')
}

function readFlags(flags: number, withLists: boolean): number {
  const unknown = flags & ~KNOWN_FLAGS
  if (unknown !== 0) {
    const hex = (unknown >>> 0).toString(16)
    throw new SspiError('SEC_E_UNSUPPORTED_FUNCTION', `Schannel: flags 0x${hex} of the credential mean nothing here`)
  }
  if ((flags & SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT) !== 0 && !withLists) {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'Schannel: to check revocation, give crls: nothing is fetched')
  }
  return flags
}

function readSuites(names: readonly string[] | undefined): readonly string[] {
  if (names === undefined) return CIPHER_SUITES.map(({ name }) => name)
  for (const name of names) {
    if (cipherSuite(name) === undefined) {
      throw new SspiError('SEC_E_ALGORITHM_MISMATCH', `Schannel: there is no cipher suite '${name}' here`)
    }
  }
  return names
}

const SIDE_BITS: Readonly<Record<Side, readonly (readonly [number, TlsVersion])[]>> = {
  initiator: [
    [SP_PROT_TLS1_2_CLIENT, TLS_1_2],
    [SP_PROT_TLS1_3_CLIENT, TLS_1_3],
  ],
  acceptor: [
    [SP_PROT_TLS1_2_SERVER, TLS_1_2],
    [SP_PROT_TLS1_3_SERVER, TLS_1_3],
  ],
}

function versionsOfSides(sides: readonly Side[], enabled: number, suites: readonly string[]): Versions {
  return Object.fromEntries(sides.map((side) => [side, versionsOf(side, enabled, suites)]))
}

function isWithin(version: TlsVersion, range: VersionRange | undefined): boolean {
  return range !== undefined && version >= range.minVersion && version <= range.maxVersion
}

/** The suites whose ciphers are neither weaker nor stronger; 0 stands for no bound, as in SCHANNEL_CRED. */
function suitesOfStrength(
  names: readonly string[],
  { minimumCipherStrength: least, maximumCipherStrength: most }: CipherStrengths,
): readonly string[] {
  const fits = (suite: CipherSuite): boolean =>
    cipherStrength(suite) >= least && (most === 0 || cipherStrength(suite) <= most)
  return names.filter((name) => fits(cipherSuite(name)!)) // readSuites knows each
}

/** The versions that a side may speak: those that are enabled, and have a suite. */
function versionsOf(side: Side, enabled: number, suites: readonly string[]): VersionRange {
  if ((enabled & SP_PROT_DTLS1_X) !== 0) {
    throw new SspiError('SEC_E_ALGORITHM_MISMATCH', 'Schannel: DTLS is not spoken here')
  }
  const versions = SIDE_BITS[side]
    .filter(([bit]) => enabled === 0 || (enabled & bit) !== 0)
    .map(([, version]) => version)
    .filter((version) => suites.some((name) => cipherSuite(name)?.version === version))
  const [minVersion] = versions
  const maxVersion = versions.at(-1)
  if (minVersion === undefined || maxVersion === undefined) {
    const what = `protocols 0x${enabled.toString(16)} with these cipher suites`
    throw new SspiError('SEC_E_ALGORITHM_MISMATCH', `Schannel: of ${what}, none is left for the ${side}`)
  }
  return { minVersion, maxVersion }
}

function readIdentities(given: readonly RevealedIdentity[]): {
  readonly identities: readonly TlsIdentity[]
  /** The first certificate in sight: those in PKCS#12 only OpenSSL sees. */
  readonly leaf: Uint8Array | undefined
} {
  let leaf: Uint8Array | undefined
  const identities = given.map((each): TlsIdentity => {
    if (each.kind === 'pkcs12') {
      return { kind: 'pkcs12', bytes: new Uint8Array(each.pkcs12), passphrase: each.passphrase }
    }
    const certificates = readPem(each.certificate, 'CERTIFICATE')
    const own = certificates[0]! // readPem gives at least one
    checkCertificate(own)
    if (each.privateKey === undefined) {
      // Windows tells the two cases apart.
      const code = given.length === 1 ? 'SEC_E_NO_CREDENTIALS' : 'SEC_E_UNKNOWN_CREDENTIALS'
      throw new SspiError(code, 'Schannel: a certificate is of use with its private key only')
    }
    const key = readPrivateKey(each.privateKey, each.passphrase)
    if (!key.fits(own)) {
      throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'Schannel: the private key is not that of the certificate')
    }
    leaf ??= own
    const pem = certificates.map(certificatePem).join('')
    return { kind: 'pem', certificates: pem, privateKey: key.pem, passphrase: undefined }
  })
  return { identities, leaf }
}

function checkCertificate(der: Uint8Array): void {
  try {
    readCertificate(der)
  } catch (cause) {
    throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'Schannel: the certificate does not parse', { cause })
  }
}
