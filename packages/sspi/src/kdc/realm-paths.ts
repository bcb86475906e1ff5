import { configuredPath, hierarchicalPath } from '../kerberos/index.js'
import type { KdcPolicy } from './policy.js'

/** The realms that a client may come through: those of `capaths`, else of the hierarchy. */
export function acceptedPath({ capaths }: KdcPolicy, from: string, to: string): readonly string[] {
  return configuredPath(capaths, from, to) ?? hierarchicalPath(from, to)
}

/** The realms to refer to on the way to another, the closest to it first. */
export function nextRealms({ capaths }: KdcPolicy, here: string, there: string): readonly string[] {
  const configured = configuredPath(capaths, here, there)
  const between = configured ?? hierarchicalPath(here, there)
  const backwards = [...between].reverse()
  return configured === undefined || configured.length === 0 ? [there, ...backwards] : backwards
}
