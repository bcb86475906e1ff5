import type { KdcReq, KerberosKey, PaData } from '../../kerberos/index.js'
import type { KdcEffectful } from '../effects.js'
import type { KdcPrincipal, PrincipalKey } from '../principal-entry.js'
import type { Turn } from '../turn.js'

/** What a method of pre-authentication may look at. */
export interface KdcPreauthContext {
  /** The request's moment: clock, entropy, policy. */
  readonly turn: Turn
  /** The request that counts: what is within FAST, where there is FAST. */
  readonly request: KdcReq
  /** As it came, FAST's wrapping and all. */
  readonly requestBytes: Uint8Array
  /** Who says to log on. */
  readonly client: KdcPrincipal
  /** The client's keys that the request allows, in its order. Not empty. */
  readonly keys: readonly PrincipalKey[]
  /** The armor key of FAST; `undefined` without FAST. */
  readonly armorKey: KerberosKey | undefined
}

/** What came of it. A wrong proof is a `KrbRefusal`. */
export type KdcPreauthOutcome =
  | {
      readonly kind: 'proven'
      /** For the reply, to prove in turn that the KDC knows the key. */
      readonly padata: readonly PaData[]
      /** What nobody makes twice, by which the proof is known when it is shown again. Default: the PA-DATA's value. */
      readonly proof?: Uint8Array | undefined
      /** What the reply is encrypted in, where that is not the client's key. The caller's. */
      readonly replyKey?: KerberosKey | undefined
    }
  | {
      /**
       * One round of several: the client goes on with what it is given. What the KDC must remember until then is in a PA-FX-COOKIE
       * of the method's, which the client sends back; nothing is kept here.
       */
      readonly kind: 'more'
      readonly padata: readonly PaData[]
    }

/** A kind of pre-authentication: an entry of the KDC's table of them. */
export interface KdcPreauthMethod {
  /** The type of its PA-DATA. */
  readonly type: number
  /** What the KDC says of it when it asks for pre-authentication; `undefined`: it is not offered to this client. */
  hint(context: KdcPreauthContext): Uint8Array | undefined
  /**
   * Looks at what a client has sent.
   *
   * @throws `KrbRefusal` for what is no proof: `KDC_ERR_PREAUTH_FAILED` where it is wrong, other codes where it could not be looked at.
   */
  verify(context: KdcPreauthContext, value: Uint8Array): KdcEffectful<KdcPreauthOutcome>
}
