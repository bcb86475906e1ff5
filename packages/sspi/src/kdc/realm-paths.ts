import type { KdcPolicy } from './policy.js'

/** Labels of a realm's name, beyond which it has no hierarchy. */
const LONGEST_PATH = 16

/**
 * The realms between two others by the hierarchy of their names, RFC 4120 section 1.2: up from one to what both have in
 * common, and down to the other. Empty where they have nothing in common.
 */
export function hierarchicalPath(from: string, to: string): readonly string[] {
  const up = ancestors(from)
  const down = ancestors(to)
  const common = up.find((realm) => down.includes(realm))
  if (common === undefined) return []
  const way = [...up.slice(0, up.indexOf(common) + 1), ...down.slice(0, down.indexOf(common)).reverse()]
  return way.filter((realm) => realm !== from && realm !== to)
}

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

function configuredPath(capaths: KdcPolicy['capaths'], from: string, to: string): readonly string[] | undefined {
  return capaths
    .get(from)
    ?.get(to)
    ?.filter((realm) => realm !== '.')
}

/** The realm and those above it, by dots: `A.B.C`, `B.C`, `C`. */
function ancestors(realm: string): readonly string[] {
  const labels = realm.split('.', LONGEST_PATH + 1)
  if (labels.length > LONGEST_PATH) return [realm]
  return labels.map((_, index) => labels.slice(index).join('.'))
}
