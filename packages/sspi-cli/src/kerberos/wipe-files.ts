import type { Ccache, Keytab } from 'sspi/kerberos'

/** Overwrites the keys of a cache. */
export function wipeCache({ credentials }: Pick<Ccache, 'credentials'>): void {
  for (const { key } of credentials) key.keyvalue.fill(0)
}

/** Overwrites the keys of a keytab. */
export function wipeKeytab({ entries }: Pick<Keytab, 'entries'>): void {
  for (const { key } of entries) key.keyvalue.fill(0)
}
