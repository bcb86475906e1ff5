import { AsyncLocalStorage } from 'node:async_hooks'
import type { AmbientIdentity } from '../sspi/index.js'

/**
 * Keeps who acts as whom for each flow of control: across promises, timers, streams and requests, and apart from every other
 * interface. A pair of calls that switch it on and off would leak it into the next request of a kept-alive connection.
 */
export function ambientIdentity(): AmbientIdentity {
  const storage = new AsyncLocalStorage<object | undefined>()
  return { run: (value, fn) => storage.run(value, fn), current: () => storage.getStore() }
}
