import { SspiError } from '../status/index.js'
import type { Reader } from './reader.js'

/** The most parts behind the authority, MS-DTYP 2.4.2. */
const MOST_SUBAUTHORITIES = 15

/**
 * Reads a security identifier, MS-DTYP 2.4.2.2.
 *
 * @returns It as people write it: `S-1-5-21-…`.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` for another revision, and for more parts than there may be.
 */
export function readSid(reader: Reader): string {
  const revision = reader.u8('SID: Revision')
  const count = reader.u8('SID: SubAuthorityCount')
  if (revision !== 1) throw new SspiError('SEC_E_INVALID_TOKEN', `SID: Revision: ${revision} instead of 1`)
  if (count > MOST_SUBAUTHORITIES) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `SID: SubAuthorityCount: ${count}, at most ${MOST_SUBAUTHORITIES}`)
  }
  const authority = reader.take(6, 'SID: IdentifierAuthority').reduce((sum, byte) => sum * 256 + byte, 0)
  const parts = Array.from({ length: count }, () => reader.u32le('SID: SubAuthority'))
  return ['S', revision, authority, ...parts].join('-')
}
