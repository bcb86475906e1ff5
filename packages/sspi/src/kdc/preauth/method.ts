import type { KdcReq, KerberosKey, PaData } from '../../kerberos/index.js'
import type { KdcEffectful } from '../effects.js'
import type { KdcPrincipal, PrincipalKey } from '../principal-entry.js'
import type { Turn } from '../turn.js'

/** What a method of pre-authentication may look at. */
export interface PreauthContext {
  readonly turn: Turn
  /** The request that counts: what is within FAST, where there is FAST. */
  readonly request: KdcReq
  /** As it came, FAST's wrapping and all. */
  readonly requestBytes: Uint8Array
  readonly client: KdcPrincipal
  /** The client's keys that the request allows, in its order. Not empty. */
  readonly keys: readonly PrincipalKey[]
  /** The armor key of FAST; `undefined` without FAST. */
  readonly armorKey: KerberosKey | undefined
}

/** What came of it. A wrong proof is a `Refusal`. */
export type PreauthOutcome =
  | {
      readonly kind: 'proven'
      /** For the reply, to prove in turn that the KDC knows the key. */
      readonly padata: readonly PaData[]
      /** What the reply is encrypted in, where that is not the client's key. The caller's. */
      readonly replyKey?: KerberosKey | undefined
    }
  | {
      /** One round of several: the client goes on with what it is given. */
      readonly kind: 'more'
      readonly padata: readonly PaData[]
    }

/** A kind of pre-authentication: an entry of the KDC's table of them. */
export interface PreauthMethod {
  /** The type of its PA-DATA. */
  readonly type: number
  /** What the KDC says of it when it asks for pre-authentication; `undefined`: it is not offered to this client. */
  hint(context: PreauthContext): Uint8Array | undefined
  /**
   * Looks at what a client has sent.
   *
   * @throws `SspiError` for what is no proof: `KDC_ERR_PREAUTH_FAILED` where it is wrong, other codes where it could not be looked at.
   */
  verify(context: PreauthContext, value: Uint8Array): KdcEffectful<PreauthOutcome>
}
