import { existsSync } from 'node:fs'
import {
  KerberosKey,
  perform,
  samePrincipal,
  stringToKey,
  type Effectful,
  type Keytab,
  type KeytabEntry,
  type Principal,
} from 'sspi/kerberos'
import { loadKeytabFile, saveKeytabFile } from 'sspi/krb5'
import { ExitCode } from '../exit-codes.js'
import { CommandError } from '../failure.js'
import { wipeKeytab } from './wipe-files.js'

/** The key of a password, as a KDC makes it. The caller's to dispose of. */
export function* keyOfPassword(enctype: number, password: string, salt: Uint8Array): Effectful<KerberosKey> {
  const derivation = stringToKey(enctype, password, salt)
  if (derivation.kind === 'key') return derivation.key
  return derivation.finish(yield* perform('stretch', derivation.query))
}

/** A key of hexadecimal digits. The caller's to dispose of. */
export function keyOfDigits(enctype: number, digits: string): KerberosKey {
  const text = digits.trim().replace(/^0x/i, '')
  if (!/^(?:[0-9a-f]{2})+$/i.test(text)) throw new CommandError(ExitCode.USAGE, 'a key is hexadecimal digits')
  const bytes = Buffer.from(text, 'hex')
  try {
    return new KerberosKey(enctype, bytes)
  } finally {
    bytes.fill(0)
  }
}

/** An entry written now. Takes the key over. */
export function entryOf({ realm, name }: Principal, kvno: number, key: KerberosKey): KeytabEntry {
  const entry = {
    realm,
    name,
    timestamp: Math.floor(Date.now() / 1000),
    kvno,
    key: { keytype: key.enctype, keyvalue: key.reveal() },
  }
  key.dispose()
  return entry
}

/** The keytab of a file; an empty one where there is no file. */
async function loadOrMakeKeytab(name: string): Promise<Keytab> {
  if (existsSync(name.replace(/^(?:WR)?FILE:/, ''))) return loadKeytabFile(name)
  return { version: 2, byteOrder: 'big', entries: [] }
}

/** Puts entries behind those of a keytab's file, as MIT's ktutil does; those that are there already stay as they are. */
export async function appendEntries(name: string, entries: readonly KeytabEntry[]): Promise<void> {
  const keytab = await loadOrMakeKeytab(name)
  const added = entries.filter((entry) => !keytab.entries.some((old) => isSame(old, entry)))
  try {
    await saveKeytabFile(name, { version: 2, byteOrder: 'big', entries: [...keytab.entries, ...added] })
  } finally {
    wipeKeytab(keytab)
  }
}

/** Which entries of a keytab are meant. */
export interface EntryChoice {
  readonly principal: Principal
  /** Default: every version. */
  readonly kvno?: number | undefined
  /** Default: every type. */
  readonly enctype?: number | undefined
}

/** Whether an entry is meant. */
export function isChosen(entry: KeytabEntry, { principal, kvno, enctype }: EntryChoice): boolean {
  return (
    samePrincipal(entry, principal) &&
    (kvno === undefined || entry.kvno === kvno) &&
    (enctype === undefined || entry.key.keytype === enctype)
  )
}

/** Whether two entries are the same key of the same principal, whenever they were written. */
function isSame(a: KeytabEntry, b: KeytabEntry): boolean {
  const keys = [a, b].map(({ key }) => Buffer.from(key.keyvalue))
  return (
    isChosen(a, { principal: b, kvno: b.kvno, enctype: b.key.keytype }) && keys[0]!.equals(keys[1]!) // there are two
  )
}
