import { memoryReplayCache } from '../../src/io/stores/index.js'
import {
  SecurityFunctionTable,
  SspiError,
  type AuthenticationEvent,
  type ChannelBindings,
  type CredentialValue,
  type Driver,
  type FailureName,
  type HalfOpenLimits,
  type Policy,
  type SecurityPackage,
} from '../../src/sspi/index.js'
import { ambientIdentity } from '../../src/system/ambient-identity.js'

/** What the compliance suite must know of a package. */
export interface PackageSetup {
  /** The name to ask for it by. */
  readonly name: string
  /** The package that does the work, where that is another. Default: `name`. */
  readonly mechanism?: string
  /** Two interfaces that know the package, of two parties that share nothing; new ones for each call. */
  tables(options?: Pick<TestTableOptions, 'onEvent' | 'around'>): Tables
  readonly clientCredential: CredentialValue
  /** `undefined`: the package accepts with its default credentials. */
  readonly serverCredential: CredentialValue | undefined
  /** What of the credentials must be seen nowhere: the password. */
  readonly secret: string
  /** A credential of the client with which no server may let it in. */
  readonly wrongCredential: CredentialValue
  /** The server's name as the client gives it. */
  readonly target: string
  /** What the server calls the client: `SECPKG_ATTR_NAMES`. */
  readonly clientName: string
  /** What a short output buffer is answered with. Default `SEC_E_BUFFER_TOO_SMALL`. */
  readonly shortBufferStatus?: FailureName
  /** What `SECPKG_ATTR_KEY_INFO` says of the key, in bits. Default: 128 at least. */
  readonly keyBits?: number
  readonly supports: {
    /** Whether contexts can be exported. */
    readonly export: boolean
    /** Whether the client has proof of the server. */
    readonly mutual: boolean
    /** Whether any change to any token of the exchange makes it fail. */
    readonly wholeExchangeProtected: boolean
    /** Whether channel bindings are compared. */
    readonly channelBindings: boolean
    /**
     * Whether messages are records in a stream: header, data, trailer; sealed only, never just signed; and a refused one ends
     * the session. Default `false`: they have a token, and a refused one leaves the session waiting for the right one.
     */
    readonly records?: boolean
    /** Where an exchange takes long: only every so many bytes of its tokens are looked at. Default 1: each. */
    readonly byteStride?: number
  }
}

/** The interfaces of both parties. */
export interface Tables {
  readonly client: SecurityFunctionTable
  readonly server: SecurityFunctionTable
}

/** Parts of a {@link testTable} that are not the default. */
export interface TestTableOptions {
  readonly driver?: Driver
  /** Stands between the packages and the driver. */
  readonly around?: ((driver: Driver) => Driver) | undefined
  readonly now?: () => Date
  readonly random?: (length: number) => Uint8Array
  readonly policy?: Partial<Policy>
  readonly limits?: Partial<HalfOpenLimits>
  readonly onEvent?: ((event: AuthenticationEvent) => void) | undefined
}

/** The time of every test that does not say otherwise. */
export const NOON = new Date('2026-02-03T12:00:00Z')

/** A security interface of some packages with a fixed clock and random bytes that are the same in each run. */
export function testTable(packages: readonly SecurityPackage[], options: TestTableOptions = {}): SecurityFunctionTable {
  const { now = () => NOON, driver = { answer: failToAnswer }, around } = options
  return new SecurityFunctionTable({
    packages,
    driver: around?.(driver) ?? driver,
    world: {
      now,
      random: options.random ?? countingRandom(),
      policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false, ...options.policy },
      emit: (event) => options.onEvent?.(event),
    },
    imports: memoryReplayCache({ now }),
    ambient: ambientIdentity(),
    limits: options.limits,
  })
}

let seeds = 0

/** Bytes that look random and never come twice in one process: xorshift, started differently each time. */
export function countingRandom(): (length: number) => Uint8Array {
  let state = (0x9e37_79b9 + 0x1234_5671 * ++seeds) >>> 0 || 1
  return (length) =>
    Uint8Array.from({ length }, () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state & 0xff
    })
}

/** Channel bindings as TLS gives them. */
export function bindingsOf(text: string): ChannelBindings {
  return { applicationData: new TextEncoder().encode(`tls-server-end-point:${text}`) }
}

function failToAnswer(): never {
  throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'nobody answers here')
}
