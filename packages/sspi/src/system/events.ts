import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'
import type { AuthenticationEvent } from '../sspi/index.js'

const trace = debuglog('sspi')
const channels = {
  'context-established': channel('sspi:context-established'),
  'context-refused': channel('sspi:context-refused'),
  'weak-mechanism-used': channel('sspi:weak-mechanism-used'),
  'mechanism-passed-over': channel('sspi:mechanism-passed-over'),
  'channel-bindings-audited': channel('sspi:channel-bindings-audited'),
} as const

/**
 * Tells an event to whoever listens: `diagnostics_channel` `sspi:<kind>`, the trace of `NODE_DEBUG=sspi`, and the
 * listener of the interface. A listener's mistakes are its own: they do not reach the exchange.
 */
export function publish(
  event: AuthenticationEvent,
  listener: ((event: AuthenticationEvent) => void) | undefined,
): void {
  if (trace.enabled) trace('%s', describe(event))
  const target = channels[event.kind]
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

function describe(event: AuthenticationEvent): string {
  switch (event.kind) {
    case 'context-established':
      return `${event.packageName} ${event.side}: established by ${event.mechanism}, peer ${event.peer ?? 'unknown'}, target ${event.target ?? 'none'}`
    case 'context-refused':
      return `${event.packageName} ${event.side}: ${event.code}: ${event.message}`
    case 'channel-bindings-audited':
      return `${event.packageName} ${event.side}: audited only: ${event.message}`
    case 'mechanism-passed-over':
      return `${event.mechanism} ${event.side}: passed over, target ${event.target ?? 'none'}: ${event.code}: ${event.message}`
    case 'weak-mechanism-used':
      return `${event.mechanism} ${event.side}: used by ${event.user || 'nobody in particular'}, target ${event.target ?? 'none'}`
  }
}
