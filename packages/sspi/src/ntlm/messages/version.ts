import { Reader, Writer } from '../../bytes/index.js'

/** Version, MS-NLMP 2.2.2.10: what the sender's system is, for people who debug. */
export interface Version {
  /** 8 bits. */
  readonly major: number
  /** 8 bits. */
  readonly minor: number
  /** 16 bits. */
  readonly build: number
  /** 15 is the only one there is. */
  readonly ntlmRevision: number
}

/** How long a Version is, in bytes. */
export const VERSION_LENGTH = 8

/** Takes the 8 bytes of a Version apart. The three reserved ones are not looked at. */
export function readVersion(bytes: Uint8Array): Version {
  const reader = new Reader(bytes)
  const major = reader.u8('ProductMajorVersion')
  const minor = reader.u8('ProductMinorVersion')
  const build = reader.u16le('ProductBuild')
  reader.skip(3, 'Reserved')
  return { major, minor, build, ntlmRevision: reader.u8('NTLMRevisionCurrent') }
}

/** Puts the 8 bytes of a Version together. */
export function writeVersion(version: Version): Uint8Array {
  const writer = new Writer(VERSION_LENGTH).u8(version.major).u8(version.minor).u16le(version.build)
  return writer.zeros(3).u8(version.ntlmRevision).finish()
}
