import { wipe } from '../../crypto/index.js'
import type { MasterKey } from './master-key.js'
import { KEPT_VERSIONS } from './memory-principals.js'
import type { PrincipalKeyEntry } from './principal-entry.js'
import type { FileKey, FilePrincipal } from './principal-file-format.js'

/** Seals a key of a principal, bound to its name, version and encryption type. */
export function sealKey(name: string, key: PrincipalKeyEntry & { readonly kvno: number }, master: MasterKey): FileKey {
  const { kvno, enctype, salt, s2kparams } = key
  return { kvno, enctype, salt, s2kparams, sealed: master.seal(key.key, boundTo(name, key)) }
}

/**
 * Opens the keys of a principal; the caller wipes them.
 * @throws `SspiError` `SEC_E_MESSAGE_ALTERED` when one was altered, moved, or sealed under another master key.
 */
export function openKeys({ name, keys }: FilePrincipal, master: MasterKey): readonly PrincipalKeyEntry[] {
  const opened: PrincipalKeyEntry[] = []
  try {
    for (const { sealed, ...key } of keys) opened.push({ ...key, key: master.open(sealed, boundTo(name, key)) })
    return opened
  } catch (error) {
    wipeKeys(opened)
    throw error
  }
}

/** A principal with keys of a new version, which tickets are made with from now on; of the old ones as many as are kept. */
export function withNewKeys(
  old: FilePrincipal,
  made: readonly PrincipalKeyEntry[],
  master: MasterKey,
): Omit<FilePrincipal, 'text'> {
  const kvno = newestVersion(old.keys) + 1
  const sealed = made.map((key) => sealKey(old.name, { ...key, kvno }, master))
  return { ...old, keys: [...sealed, ...old.keys.filter((key) => key.kvno > kvno - KEPT_VERSIONS)] }
}

/** The version that tickets are made with; 0 without any. */
export function newestVersion(keys: readonly { readonly kvno: number }[]): number {
  return keys.reduce((highest, { kvno }) => Math.max(highest, kvno), 0)
}

/** Overwrites keys. */
export function wipeKeys(keys: readonly PrincipalKeyEntry[]): void {
  for (const { key } of keys) wipe(key)
}

function boundTo(name: string, { kvno, enctype }: Pick<FileKey, 'kvno' | 'enctype'>): string {
  return `sspi-principals 1\n${name}\n${kvno} ${enctype}`
}
