import { fileTimeToDate } from '../bytes/index.js'
/** Bits with their names, most significant first, as their specification lists them. */
export type BitNames = readonly (readonly [bit: number, name: string])[]

/** The names of the bits that are set; those without a name as a number. */
export function bitNames(value: number, names: BitNames): string {
  let left = value >>> 0
  const set: string[] = []
  for (const [bit, name] of names) {
    if ((left & bit) === 0) continue
    set.push(name)
    left = (left & ~bit) >>> 0
  }
  if (left !== 0) set.push(hexNumber(left, 8))
  return set.join(' ') || 'none'
}

/** `0x0009`. */
export function hexNumber(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`
}

/** A FILETIME (100 ns since 1601, UTC) in ISO 8601; its two ends in words. */
export function fileTimeText(ticks: bigint): string {
  if (ticks === 0n) return 'none'
  if (ticks >= 0x7fff_ffff_ffff_ffffn) return 'never'
  return fileTimeToDate(ticks).toISOString()
}

/** Object identifiers of mechanisms. */
const OIDS: ReadonlyMap<string, string> = new Map([
  ['1.3.6.1.5.5.2', 'SPNEGO'],
  ['1.2.840.113554.1.2.2', 'Kerberos 5'],
  ['1.2.840.48018.1.2.2', 'Kerberos 5, as Microsoft misspelt it (MS-KRB5)'],
  ['1.2.840.113554.1.2.2.3', 'Kerberos 5 user-to-user'],
  ['1.3.6.1.5.2.5', 'IAKERB'],
  ['1.3.6.1.5.2', 'Kerberos 5, a draft'],
  ['1.3.6.1.4.1.311.2.2.10', 'NTLM (NTLMSSP)'],
  ['1.3.6.1.4.1.311.2.2.30', 'NegoEx'],
  ['1.2.752.43.14.2', 'NTLM, as Heimdal named it'],
  ['1.3.6.1.5.2.7', 'PKU2U'],
])

/** What an object identifier stands for, or `undefined`. */
export function oidName(oid: string): string | undefined {
  return OIDS.get(oid)
}
