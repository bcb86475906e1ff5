import type { Mechanism } from '../sspi/index.js'
import type { AvailableMechanism } from './credential.js'

/** Whether an OID means this mechanism, by its own name or another. */
export function matchesOid(mechanism: Mechanism, oid: string): boolean {
  return mechanism.oid === oid || mechanism.oidAliases.includes(oid)
}

/** The OIDs to list for these mechanisms, in order: each with its aliases right behind it, as Windows lists Kerberos. */
export function oidsOf(mechanisms: readonly AvailableMechanism[]): readonly string[] {
  return [...new Set(mechanisms.flatMap(({ mechanism }) => [mechanism.oid, ...mechanism.oidAliases]))]
}
