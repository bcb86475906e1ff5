import type { World } from '../sspi/index.js'
import type { KerberosCredential } from './credential.js'
import type { KerberosSettings } from './options.js'

/** Who asks a KDC, and with what. */
export interface KdcClient {
  /** An outbound one. New tickets go to its store. */
  readonly credential: KerberosCredential
  readonly settings: KerberosSettings
  readonly world: Pick<World, 'now' | 'random'>
}

/** What ticket is wanted. */
export interface TicketRequest extends KdcClient {
  /** As `InitiateRequest.targetName`: see `targetPrincipal` for what it may be. */
  readonly targetName: string
}
