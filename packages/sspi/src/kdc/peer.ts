import type { HostAddress } from '../kerberos/index.js'

/** Whom a request came from, and for which of the two services. */
export interface KdcPeer {
  /** `kdc` for tickets (port 88), `kpasswd` for passwords (port 464). */
  readonly service: 'kdc' | 'kpasswd'
  /** The client's address, where the transport has one: tickets that are bound to addresses are refused from others. */
  readonly address?: HostAddress | undefined
  /**
   * How long a reply may be: more is answered with KRB_ERR_RESPONSE_TOO_BIG, and what is no request is not answered. Default: any
   * length. For UDP.
   */
  readonly maxReplyBytes?: number | undefined
}

/**
 * What listeners hand requests to: one message without a length before it, and whom it came from. `undefined` is no reply at all:
 * what came was no request, or one that is being answered already.
 */
export type KdcHandler = (request: Uint8Array, from: KdcPeer) => Promise<Uint8Array | undefined>
