import { channel } from 'node:diagnostics_channel'
import type { KdcEvent } from '../../kdc/index.js'

const target = channel('sspi:kdc')

/**
 * Tells an event of a KDC to whoever listens: `diagnostics_channel` `sspi:kdc`, and the listener of the KDC. A listener's mistakes
 * are its own: they do not reach the request.
 */
export function publish(event: KdcEvent, listener: ((event: KdcEvent) => void) | undefined): void {
  if (target.hasSubscribers) target.publish(event)
  if (listener === undefined) return
  try {
    listener(event)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
