import { getFips } from 'node:crypto'

/** Whether Node runs in FIPS mode, where MD5 (and so NTLM and Digest) is refused. */
export function fipsEnabled(): boolean {
  return getFips() !== 0
}
