import { fromHex } from '../../../src/bytes/index.js'
import { KeyUsage, type KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import { pacBuffer, PacBufferType, readPac } from '../../../src/kerberos/pac/index.js'
import { readVectors } from '../../vectors.js'

const { cases } = readVectors<{ readonly pac: string }, unknown>('pac/pac.json')

/** A PAC of the vectors, and whose it is. */
export const WINDOWS_2022 = {
  name: 'mit ticket signature (Windows 2022)',
  user: 'administrator',
  at: 133136929190000000n,
}

/** When that client authenticated first. */
export const NOW = new Date(Number(WINDOWS_2022.at / 10_000n - 11_644_473_600_000n))

/** A PAC of the vectors. */
export function pacOf(name: string): Uint8Array {
  return fromHex(cases.find((each) => each.name === name)!.input.pac)
}

/** The PAC with another server signature, its buffer long enough for the type. */
export function signed(pac: Uint8Array, key: KerberosKey, type: number = key.profile.checksumType): Uint8Array {
  const bytes = withRoom(pac, 4 + 24)
  const table = readPac(bytes)
  const server = pacBuffer(table, PacBufferType.SERVER_SIGNATURE)!
  const kdc = pacBuffer(table, PacBufferType.KDC_SIGNATURE)!
  new DataView(bytes.buffer).setInt32(server.offset, type, true)
  const zeroed = bytes.slice()
  for (const { offset, bytes } of [server, kdc]) zeroed.fill(0, offset + 4, offset + bytes.length)
  const known = type === key.profile.checksumType || type === -138
  const signature = known ? key.checksum(KeyUsage.NON_KERB_CKSUM_SALT, zeroed, type) : new Uint8Array(24)
  bytes.set(signature.subarray(0, server.bytes.length - 4), server.offset + 4)
  return bytes
}

/** The PAC with a server signature of so many bytes at its end. */
function withRoom(pac: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(pac.length + length)
  bytes.set(pac)
  const view = new DataView(bytes.buffer)
  const entry = entryOf(bytes, PacBufferType.SERVER_SIGNATURE)
  view.setUint32(entry + 4, length, true)
  view.setUint32(entry + 8, pac.length, true)
  return bytes
}

/** Where a buffer stands in the table. */
export function entryOf(bytes: Uint8Array, type: number): number {
  const view = new DataView(bytes.buffer)
  for (let at = 8; ; at += 16) if (view.getUint32(at, true) === type) return at
}
