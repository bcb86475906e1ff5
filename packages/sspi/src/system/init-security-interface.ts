import { fipsEnabled, randomBytes } from '../crypto/index.js'
import { credSspPackage, type CredSspOptions } from '../credssp/index.js'
import { digestPackage, type DigestOptions } from '../digest/index.js'
import { kdcSender } from '../io/kdc/index.js'
import type { KerberosConfig } from '../io/krb5-conf/index.js'
import { memoryNonceStore, memoryReplayCache } from '../io/stores/index.js'
import { kerberosPackage, type KerberosOptions } from '../kerberos/index.js'
import { negotiatePackage, type NegotiateOptions } from '../negotiate/index.js'
import { ntlmPackage, type HostNames, type NtlmOptions } from '../ntlm/index.js'
import { schannelPackage } from '../schannel/index.js'
import {
  SecurityFunctionTable,
  UNISP_NAME,
  type AccountDatabase,
  type AuthenticationEvent,
  type CredentialValue,
  type HalfOpenLimits,
  type HostDirectory,
  type KdcSender,
  type NonceStore,
  type Policy,
  type ReplayCache,
  type SecurityPackage,
  type World,
} from '../sspi/index.js'
import { ambientIdentity } from './ambient-identity.js'
import { createDriver } from './driver.js'
import { publish } from './events.js'
import { localHostNames } from './host-names.js'

/** Options of {@link initSecurityInterface}. Everything has a safe default. */
export interface SecurityInterfaceOptions {
  /** Where acceptors look accounts up. Default: nowhere, so that password packages can only initiate. */
  readonly accounts?: AccountDatabase | undefined
  /**
   * What those who initiate without naming credentials authenticate with, such as `defaultCredential()` of `sspi/krb5`; while a
   * client is impersonated, its own come instead. Default: nothing, so that credentials must be named.
   */
  readonly defaultCredentials?: CredentialValue | undefined
  /** What acceptors demand beyond a secret. Default: channel bindings `supported`, any target name. */
  readonly policy?: Partial<Policy> | undefined
  /** The names by which acceptors call themselves. Default: made from the operating system's host name. */
  readonly host?: HostNames | undefined
  /**
   * The Kerberos configuration of a machine, as `loadKrb5Conf` of `sspi/krb5` reads it: realms, encryption types, and the way
   * to the KDCs. Default: none, so that Kerberos can only accept. Nothing is read from the environment unless asked for.
   */
  readonly krb5?: KerberosConfig | undefined
  /** Options of Kerberos, which come before those of `krb5`: realms, encryption types, lifetimes. */
  readonly kerberos?: KerberosOptions | undefined
  /** Options of NTLM. */
  readonly ntlm?: Omit<NtlmOptions, 'host'> | undefined
  /** Options of Digest. Default realm: `host.dnsName`. */
  readonly digest?: Partial<DigestOptions> | undefined
  /** Options of Negotiate. */
  readonly negotiate?: NegotiateOptions | undefined
  /** Options of CredSSP: to whom credentials may be delegated. Default: to nobody. */
  readonly credssp?: CredSspOptions | undefined
  /** Further packages, registered after the built-in ones. Default: none. */
  readonly packages?: readonly SecurityPackage[] | undefined
  /** Carries requests to Kerberos KDCs. Default: as `krb5` says; without it nowhere, so that Kerberos can only accept. */
  readonly kdc?: KdcSender | undefined
  /** Who is asked what DNS says of hosts, where the configuration wants it to be asked. Default: the system's DNS servers. */
  readonly hosts?: HostDirectory | undefined
  /** Remembers what acceptors have seen of clients, so that it is not accepted twice. Default: in this process's memory. */
  readonly replays?: ReplayCache | undefined
  /** Remembers how often the nonces of Digest were used. Default: in this process's memory. */
  readonly nonces?: NonceStore | undefined
  /** Bounds on contexts that are being established. */
  readonly limits?: Partial<HalfOpenLimits> | undefined
  /** Remembers which exported contexts were imported. Default: in this process's memory. */
  readonly imports?: ReplayCache | undefined
  /** Told what happens to contexts, beside `diagnostics_channel`. Default: nobody. */
  readonly onEvent?: ((event: AuthenticationEvent) => void) | undefined
  /** The clock. Default: the system's. For tests. */
  readonly now?: (() => Date) | undefined
  /** Unpredictable bytes. Default: the system's. For tests. */
  readonly random?: ((length: number) => Uint8Array) | undefined
}

/**
 * InitSecurityInterface: a security interface with every built-in package. Each call gives an independent one; there is
 * no global state.
 *
 * Where Node runs in FIPS mode, packages that need MD4, MD5 or RC4 (NTLM, and Digest unless its `algorithms` are SHA-2 alone) are left
 * out: asking for them is answered with `SEC_E_SECPKG_NOT_FOUND`.
 */
export function initSecurityInterface(options: SecurityInterfaceOptions = {}): SecurityFunctionTable {
  const now = options.now ?? (() => new Date())
  const kdc = senderOf(options)
  const policy: Policy = {
    channelBindings: 'supported',
    targetNames: undefined,
    targetNameRequired: false,
    ...options.policy,
  }
  const world: World = {
    now,
    random: options.random ?? randomBytes,
    policy,
    emit: (event) => {
      publish(event, options.onEvent)
    },
  }
  return new SecurityFunctionTable({
    packages: [...builtInPackages(options, kdc === undefined), ...(options.packages ?? [])],
    driver: createDriver({
      accounts: options.accounts,
      kdc,
      hosts: options.hosts,
      replays: options.replays ?? memoryReplayCache({ now }),
      nonces: options.nonces ?? memoryNonceStore({ now }),
    }),
    world,
    imports: options.imports ?? memoryReplayCache({ now }),
    ambient: ambientIdentity(),
    defaultCredentials: options.defaultCredentials,
    limits: options.limits,
  })
}

/** The built-in packages. Negotiate prefers its mechanisms in the order in which they stand here. */
function builtInPackages(options: SecurityInterfaceOptions, withoutKdc: boolean): readonly SecurityPackage[] {
  const negotiate = negotiatePackage(options.negotiate)
  const kerberos = kerberosPackage({ ...options.krb5, ...options.kerberos, withoutKdc })
  const channels = [schannelPackage(), schannelPackage(UNISP_NAME), credSspPackage(options.credssp)]
  const host = options.host ?? localHostNames()
  const digest = digestPackage({ ...options.digest, realm: options.digest?.realm ?? host.dnsName })
  if (fipsEnabled()) return [negotiate, kerberos, ...(withoutMd5(options.digest) ? [digest] : []), ...channels]
  return [negotiate, kerberos, ntlmPackage({ ...options.ntlm, host }), digest, ...channels]
}

function withoutMd5(digest: Partial<DigestOptions> | undefined): boolean {
  return digest?.algorithms?.every((name) => name.startsWith('SHA-')) ?? false
}

function senderOf({ kdc, krb5 }: SecurityInterfaceOptions): KdcSender | undefined {
  return kdc ?? (krb5 === undefined ? undefined : kdcSender({ config: krb5 }))
}
