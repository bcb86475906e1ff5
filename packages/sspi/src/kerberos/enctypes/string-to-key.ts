import { Reader } from '../../bytes/index.js'
import { wipe, type SecretBytes } from '../../crypto/index.js'
import { SspiError } from '../../status/index.js'
import { KerberosKey } from './kerberos-key.js'
import { type Derivation, type EncryptionProfile } from './profile.js'
import { encryptionProfile } from './profiles.js'

/**
 * How many iterations of PBKDF2 a KDC may ask for. It asks before anybody is authenticated, so too few would let an
 * attacker have a key that is cheap to guess from, and too many would keep this side busy.
 */
export interface IterationLimits {
  /** The fewest. Default: 4096, the default of RFC 3962, which all KDCs keep to or exceed. */
  readonly minimumIterations?: number | undefined
  /** The most, below 2^31. Default: 1,000,000, which is a second or so. */
  readonly maximumIterations?: number | undefined
}

const DEFAULT_MINIMUM = 4096
const DEFAULT_MAXIMUM = 1_000_000

/**
 * Begins to make a key of a password: RFC 3961 section 3's string-to-key.
 *
 * @param password - As it was typed; encoded as the encryption type wants it (UTF-8, or UTF-16 for RC4).
 * @param salt - The bytes that the KDC sent, or the principal's default salt. RC4 takes none.
 * @param parameters - The `s2kparams` of ETYPE-INFO2, if the KDC sent any. Default: the encryption type's own.
 * @returns The key (RC4, triple DES), or the stretch that must be made first (the others).
 * @throws {@link SspiError} `SEC_E_KDC_UNKNOWN_ETYPE` for an encryption type that is not known; `SEC_E_INVALID_TOKEN` for
 *   parameters that do not parse, or that are beyond the limits. `TypeError` for a password with a lone surrogate, which
 *   has no UTF-8 form (RC4 takes it), and for limits that are none.
 */
export function stringToKey(
  enctype: number,
  password: string,
  salt: Uint8Array,
  parameters?: Uint8Array,
  limits: IterationLimits = {},
): Derivation<KerberosKey> {
  const profile = encryptionProfile(enctype)
  const iterations = readIterations(profile, parameters, limits)
  const derivation = profile.stringToKey(password, salt, iterations)
  if (derivation.kind === 'key') return { kind: 'key', key: keyOver(enctype, derivation.key) }
  return {
    kind: 'stretch',
    query: derivation.query,
    finish: (stretched) => keyOver(enctype, derivation.finish(stretched)),
  }
}

function keyOver(enctype: number, bytes: SecretBytes): KerberosKey {
  const key = new KerberosKey(enctype, bytes)
  wipe(bytes)
  return key
}

/** The parameters are one number of four bytes, RFC 3962 section 4, RFC 6803, RFC 8009 section 4. */
function readIterations(
  { names, defaultIterations }: EncryptionProfile,
  parameters: Uint8Array | undefined,
  limits: IterationLimits,
): number {
  const { minimumIterations: minimum = DEFAULT_MINIMUM, maximumIterations: maximum = DEFAULT_MAXIMUM } = limits
  if (!(minimum >= 1 && maximum >= minimum && maximum < 2 ** 31)) {
    throw new TypeError(`iterations from ${minimum} to ${maximum}`)
  }
  if (defaultIterations === undefined) {
    new Reader(parameters ?? new Uint8Array(0)).end(`s2kparams of ${names[0]}`)
    return 0
  }
  if (parameters === undefined) return defaultIterations
  const reader = new Reader(parameters)
  const iterations = reader.u32be('s2kparams')
  reader.end('s2kparams')
  if (iterations < minimum || iterations > maximum) {
    // Zero means 2^32 by the RFCs, which nobody would wait for either.
    throw new SspiError(
      'SEC_E_INVALID_TOKEN',
      `s2kparams: ${iterations === 0 ? 2 ** 32 : iterations} iterations, ${minimum} to ${maximum} allowed`,
    )
  }
  return iterations
}
