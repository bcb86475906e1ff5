/** Labels of a realm's name, beyond which it has no hierarchy. */
const MOST_LABELS = 16

/** Realms between others, by client's and server's realm, as `KerberosOptions.capaths` has them. */
export type ConfiguredPaths = ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>

/** As `hierarchicalPath`; `undefined` where the realms have nothing in common. */
export function hierarchyBetween(from: string, to: string): readonly string[] | undefined {
  const up = ancestors(from)
  const down = ancestors(to)
  const common = up.find((realm) => down.includes(realm))
  if (common === undefined) return undefined
  const way = [...up.slice(0, up.indexOf(common) + 1), ...down.slice(0, down.indexOf(common)).reverse()]
  return way.filter((realm) => realm !== from && realm !== to)
}

/**
 * The realms between two others by the hierarchy of their names, RFC 4120 section 1.2: up from one to what both have in
 * common, and down to the other. Empty where they have nothing in common.
 */
export function hierarchicalPath(from: string, to: string): readonly string[] {
  return hierarchyBetween(from, to) ?? []
}

/** The realms between two others by configuration, without the `.` that stands for none; `undefined` where it has nothing. */
export function configuredPath(capaths: ConfiguredPaths, from: string, to: string): readonly string[] | undefined {
  return capaths
    .get(from)
    ?.get(to)
    ?.filter((realm) => realm !== '.')
}

/** The realm and those above it: by dots `A.B.C`, `B.C`, `C`; in X.500 style `/A/B`, `/A`. */
function ancestors(realm: string): readonly string[] {
  const isX500 = realm.startsWith('/')
  const labels = (isX500 ? realm.slice(1) : realm).split(isX500 ? '/' : '.', MOST_LABELS + 1)
  if (labels.length > MOST_LABELS) return [realm]
  if (isX500) return labels.map((_, index) => `/${labels.slice(0, labels.length - index).join('/')}`)
  return labels.map((_, index) => labels.slice(index).join('.'))
}
