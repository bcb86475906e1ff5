import type { KdcSender } from '../../sspi/index.js'
import { sendToKdc, type KdcTransportOptions } from './send-to-kdc.js'

/**
 * Carries the requests of a security interface to the KDCs of a configuration, as {@link sendToKdc} does: for the option
 * `kdc` of `initSecurityInterface`.
 */
export function kdcSender(options: KdcTransportOptions): KdcSender {
  return (query, signal) => sendToKdc({ ...query, signal }, options)
}
