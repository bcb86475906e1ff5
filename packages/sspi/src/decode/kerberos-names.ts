import {
  checksumProfiles,
  encryptionProfiles,
  formatPrincipal,
  KERBEROS_ERRORS,
  type Principal,
} from '../kerberos/index.js'
import type { BitNames } from './names.js'
import { printable } from './printable.js'

/** A principal as people write it, and as a terminal can take it. */
export function principalText(principal: Principal): string {
  return printable(formatPrincipal(principal))
}

/** The name of a number in a table of constants. */
export function nameIn(table: Readonly<Record<string, number>>): (value: number) => string | undefined {
  const names = new Map(Object.entries(table).map(([name, number]) => [number, name]))
  return (value) => names.get(value)
}

/** A table of flags for `bitNames`. */
export function bitsOf(table: Readonly<Record<string, number>>): BitNames {
  return Object.entries(table).map(([name, bit]) => [bit >>> 0, name])
}

/** Encryption types that are not implemented, but met. */
const OTHER_ENCTYPES: ReadonlyMap<number, string> = new Map([
  [0, 'none: not encrypted'],
  [1, 'des-cbc-crc'],
  [2, 'des-cbc-md4'],
  [3, 'des-cbc-md5'],
  [24, 'arcfour-hmac-exp'],
  [-128, 'rc4-md4 (Windows)'],
  [-133, 'rc4-plain-old (Windows)'],
  [-135, 'rc4-plain-old-exp (Windows)'],
])

/** The name of an encryption type. */
export function enctypeName(enctype: number): string | undefined {
  return encryptionProfiles.get(enctype)?.names[0] ?? OTHER_ENCTYPES.get(enctype)
}

/** The name of a checksum type: that of the encryption type it goes with, where it is known by that. */
export function checksumName(type: number): string | undefined {
  if (type === 0x8003) return 'GSS-API (RFC 4121 section 4.1.1)'
  const enctype = [...encryptionProfiles.values()].find(({ checksumType }) => checksumType === type)
  if (enctype !== undefined) return `of ${enctype.names[0]}`
  return checksumProfiles.has(type) ? 'without a key' : undefined
}

/** The name of an error of RFC 4120 section 7.5.9, and what it means. */
export function errorName(code: number): string | undefined {
  const entry = KERBEROS_ERRORS.get(code)
  return entry === undefined ? undefined : `${entry.name}: ${entry.meaning}`
}
