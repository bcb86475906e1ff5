import type { Identity } from '../sspi/index.js'
import { algorithmOf, type DigestAlgorithm, type DigestAlgorithmName } from './algorithms.js'
import { cipherOf, CIPHERS, type CipherFacts, type CipherName } from './ciphers.js'
import { MAX_SASL_BUFFER, MIN_SASL_BUFFER } from './constants.js'
import { utf8Octets } from './octets.js'

/** Options of `digestPackage`. */
export interface DigestOptions {
  /** The realm of an acceptor: people are shown it, and hashes of passwords are made for it. */
  readonly realm: string
  /**
   * Further realms that a SASL acceptor lets its clients choose from: each is the domain of the accounts in it. Default: none.
   */
  readonly domains?: readonly string[] | undefined
  /**
   * The algorithms of HTTP, best first: what an acceptor offers and takes, and what an initiator answers. Default
   * `['SHA-256', 'MD5']` to accept, any to initiate. SASL knows `MD5-sess` alone.
   */
  readonly algorithms?: readonly DigestAlgorithmName[] | undefined
  /** How long a nonce of an acceptor is good, in seconds. Default 300. */
  readonly nonceLifetimeSeconds?: number | undefined
  /**
   * 32 secret bytes by which acceptors know their own nonces: the same on all machines that serve one name. Copied. Default: drawn
   * at random, so that a new process asks its clients anew.
   */
  readonly nonceKey?: Uint8Array | undefined
  /** Whether an acceptor takes hashes of names (RFC 7616 §3.4.4), which makes it look at every account. Default `false`. */
  readonly userhash?: boolean | undefined
  /** The longest packet of SASL that this side reads, in bytes. Default 16,777,215, the most that there can be. */
  readonly maxBufferBytes?: number | undefined
  /**
   * Whether messages of SASL may be encrypted, which goes by triple DES, DES or RC4 alone. Default `false`: whoever asks for
   * confidentiality is refused.
   */
  readonly insecureAllowLegacyLayers?: boolean | undefined
  /** Which ciphers then, best first. Default: all that there are, `['rc4', '3des', 'rc4-56', 'des', 'rc4-40']`. */
  readonly ciphers?: readonly CipherName[] | undefined
  /**
   * Whether peers without `qop` are talked to (RFC 2069): then the server chooses all that is hashed with the password, and
   * nothing counts. An acceptor takes each nonce once. Default `false`.
   */
  readonly insecureAllowNoQop?: boolean | undefined
  /**
   * Whether a SASL initiator begins with a response to the last challenge of the same target (RFC 2831 §2.2), which saves a round trip
   * where the protocol around it lets a client begin. Default `false`.
   */
  readonly subsequentAuthentication?: boolean | undefined
  /**
   * Whether a client may act as another, as SASL clients can ask. Default: each as itself alone, by the name of its account, with
   * the domain or without.
   */
  readonly authorize?: ((client: Identity, authorizationId: string) => boolean) | undefined
}

/** The options with their defaults in place. */
export interface DigestSettings {
  /** Octets. */
  readonly realm: string
  /** Octets. */
  readonly domains: readonly string[]
  readonly offered: readonly DigestAlgorithm[]
  /** `undefined` for any. */
  readonly answered: readonly DigestAlgorithm[] | undefined
  readonly nonceLifetimeSeconds: number
  readonly nonceKey: Uint8Array | undefined
  readonly userhash: boolean
  readonly maxBufferBytes: number
  readonly insecureAllowLegacyLayers: boolean
  readonly ciphers: readonly CipherFacts[]
  readonly insecureAllowNoQop: boolean
  readonly subsequentAuthentication: boolean
  readonly authorize: ((client: Identity, authorizationId: string) => boolean) | undefined
}

const DEFAULT_ALGORITHMS: readonly DigestAlgorithmName[] = ['SHA-256', 'MD5']
const DEFAULT_NONCE_SECONDS = 300
const NONCE_KEY_LENGTH = 32

/** Puts the defaults in place. @throws `TypeError` for a bound or a key that is none. */
export function readOptions(options: DigestOptions): DigestSettings {
  const { algorithms, nonceKey, nonceLifetimeSeconds = DEFAULT_NONCE_SECONDS } = options
  const { maxBufferBytes = MAX_SASL_BUFFER } = options
  if (nonceKey !== undefined && nonceKey.length !== NONCE_KEY_LENGTH) {
    throw new TypeError(`nonceKey has ${nonceKey.length} bytes, not ${NONCE_KEY_LENGTH}`)
  }
  if (!(nonceLifetimeSeconds > 0)) throw new TypeError(`nonceLifetimeSeconds: ${nonceLifetimeSeconds} is no time`)
  if (!Number.isInteger(maxBufferBytes) || maxBufferBytes < MIN_SASL_BUFFER || maxBufferBytes > MAX_SASL_BUFFER) {
    throw new TypeError(`maxBufferBytes: ${maxBufferBytes}, ${MIN_SASL_BUFFER} to ${MAX_SASL_BUFFER} allowed`)
  }
  if (algorithms?.length === 0) throw new TypeError('algorithms: none')
  return {
    realm: utf8Octets(options.realm),
    domains: (options.domains ?? []).map(utf8Octets),
    offered: (algorithms ?? DEFAULT_ALGORITHMS).map(algorithmOf),
    answered: algorithms?.map(algorithmOf),
    nonceLifetimeSeconds,
    nonceKey: nonceKey === undefined ? undefined : new Uint8Array(nonceKey),
    userhash: options.userhash ?? false,
    maxBufferBytes,
    insecureAllowLegacyLayers: options.insecureAllowLegacyLayers ?? false,
    ciphers: options.ciphers?.map(cipherOf) ?? CIPHERS,
    insecureAllowNoQop: options.insecureAllowNoQop ?? false,
    subsequentAuthentication: options.subsequentAuthentication ?? false,
    authorize: options.authorize,
  }
}
