import { encryptionProfiles, KerberosKey, KeyTable, type KeytabEntry } from 'sspi/kerberos'
import { loadKeytabFile } from 'sspi/krb5'
import { wipeKeytab } from './wipe-files.js'

/** The keys of a keytab's file, those of encryption types that are not known here left out. */
export async function loadKeys(name: string): Promise<KeyTable> {
  const keytab = await loadKeytabFile(name)
  try {
    return keyTableOf(keytab.entries)
  } finally {
    wipeKeytab(keytab)
  }
}

/** Copies of the keys of these entries, the caller's to dispose of. */
export function keyTableOf(entries: readonly KeytabEntry[]): KeyTable {
  const known = entries.filter(({ key }) => encryptionProfiles.has(key.keytype))
  return new KeyTable(
    known.map(({ realm, name, kvno, key }) => ({
      principal: { realm, name },
      kvno,
      key: new KerberosKey(key.keytype, key.keyvalue),
    })),
  )
}
