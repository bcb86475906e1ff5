import type { KdcPeer } from './peer.js'

/** What happened at a KDC; told to whoever listens. No event holds a secret. Names are as people write them. */
export type KdcEvent =
  | {
      readonly kind: 'ticket-issued'
      /** Whether for a password or for a ticket. */
      readonly exchange: 'AS' | 'TGS'
      /** `alice@EXAMPLE.COM`. */
      readonly client: string
      /** Whom the ticket is for. */
      readonly server: string
      /** See `TicketFlag`. */
      readonly flags: number
      /** The encryption types of the ticket, the session key and the reply. */
      readonly enctypes: { readonly ticket: number; readonly session: number; readonly reply: number }
      /** How the client has proven itself: the type of PA-DATA; `undefined` where it had not to. */
      readonly preauth: number | undefined
      readonly endTime: Date
      readonly from: KdcPeer
    }
  | {
      readonly kind: 'request-refused'
      readonly exchange: 'AS' | 'TGS' | 'unknown'
      /** See `KerberosErrorCode`. */
      readonly errorCode: number
      readonly reason: string
      /** As the request says, unproven; `undefined` where it did not get so far. */
      readonly client: string | undefined
      readonly server: string | undefined
      readonly from: KdcPeer
    }
  | {
      /** As many log-ons have failed as the policy allows. */
      readonly kind: 'account-locked'
      readonly client: string
      readonly from: KdcPeer
    }
  | {
      readonly kind: 'password-changed'
      /** Whose. */
      readonly target: string
      /** By whom: somebody else where it was set. */
      readonly by: string
      readonly from: KdcPeer
    }
  | {
      readonly kind: 'password-refused'
      /** See `PasswordResultCode`. */
      readonly resultCode: number
      readonly reason: string
      readonly by: string | undefined
      readonly from: KdcPeer
    }
