import { Reader } from '../bytes/index.js'

/** The most parts behind the authority, MS-DTYP 2.4.2. */
const MOST_SUBAUTHORITIES = 15

/** A SID as people write it, `S-1-5-21-…`; throws `SspiError` when it is none. MS-DTYP 2.4.2.2. */
export function readSid(reader: Reader): string {
  const revision = reader.u8('SID: Revision')
  const count = reader.u8('SID: SubAuthorityCount')
  const authority = reader.take(6, 'SID: IdentifierAuthority').reduce((sum, byte) => sum * 256 + byte, 0)
  const parts = Array.from({ length: Math.min(count, MOST_SUBAUTHORITIES) }, () => reader.u32le('SID: SubAuthority'))
  return ['S', revision, authority, ...parts].join('-')
}

/** The SID that some bytes are. Throws as {@link readSid}. */
export function sidText(bytes: Uint8Array): string {
  const reader = new Reader(bytes)
  const sid = readSid(reader)
  reader.end('SID')
  return sid
}
