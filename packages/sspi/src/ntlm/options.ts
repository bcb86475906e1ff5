/** The names by which a machine calls itself: what an acceptor puts into its CHALLENGE. */
export interface HostNames {
  /** `SERVER01`: at most 15 characters, upper-case. */
  readonly netbiosName: string
  /** `CONTOSO`; the same as `netbiosName` on a machine in no domain. */
  readonly netbiosDomain: string
  /** `server01.contoso.com`. */
  readonly dnsName: string
  /** `contoso.com`; empty on a machine in no domain. */
  readonly dnsDomain: string
  /** The DNS name of the forest. Default: none is sent. */
  readonly dnsTree?: string | undefined
}

/** Options of `ntlmPackage`. */
export interface NtlmOptions {
  /** Who an acceptor says it is. */
  readonly host: HostNames
  /** What an initiator gives as its machine's name. Default `host.netbiosName`. */
  readonly workstation?: string | undefined
  /**
   * Lets in what can be broken: NTLMv1 (with and without extended session security) and bare LMv2 responses, message
   * protection with fewer than 128 bits or by CRC-32, servers that send no target information. Default `false`.
   */
  readonly insecureAllowNtlmV1?: boolean | undefined
  /** Whether an acceptor lets anonymous clients in, without its caller asking by `ASC_REQ_ALLOW_NULL_SESSION`. Default `false`. */
  readonly allowAnonymous?: boolean | undefined
  /**
   * How far a client's clock may be off for an acceptor, in seconds. The challenge already keeps old responses out; this is
   * for clients that use their own clock instead of the acceptor's. Default 129600, the 36 hours of Windows since XP (MS-NLMP
   * 3.1.1.1, MaxLifetime; Windows 2000 had 30 minutes).
   */
  readonly maxTimestampSkewSeconds?: number | undefined
  /**
   * 32 bytes that stay the same until the machine starts anew, sent as MsvAvSingleHost, by which a Windows server recognises
   * a client on its own machine. Default: none are sent.
   */
  readonly machineId?: Uint8Array | undefined
}

/** The options with their defaults in place. */
export interface NtlmSettings {
  readonly host: HostNames
  readonly workstation: string
  readonly insecureAllowNtlmV1: boolean
  readonly allowAnonymous: boolean
  readonly maxTimestampSkewSeconds: number
  readonly machineId: Uint8Array | undefined
}

/** Where no other limit is given: 36 hours. */
export const DEFAULT_SKEW_SECONDS = 36 * 3600
const MACHINE_ID_LENGTH = 32

/** Puts the defaults in place. @throws `TypeError` for a machine id that has not 32 bytes. */
export function readOptions(options: NtlmOptions): NtlmSettings {
  const { host, machineId } = options
  if (machineId !== undefined && machineId.length !== MACHINE_ID_LENGTH) {
    throw new TypeError(`machineId has ${machineId.length} bytes, not ${MACHINE_ID_LENGTH}`)
  }
  return {
    host,
    workstation: options.workstation ?? host.netbiosName,
    insecureAllowNtlmV1: options.insecureAllowNtlmV1 ?? false,
    allowAnonymous: options.allowAnonymous ?? false,
    maxTimestampSkewSeconds: options.maxTimestampSkewSeconds ?? DEFAULT_SKEW_SECONDS,
    machineId: machineId === undefined ? undefined : new Uint8Array(machineId),
  }
}
