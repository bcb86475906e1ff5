import { isIPv4, isIPv6 } from 'node:net'
import { toHex, Writer } from '../../bytes/index.js'

/** An address of a socket without brackets or zone; IPv4 within IPv6 as IPv4. */
export function plainAddress(address: string | undefined): string {
  if (address?.includes(':') !== true) return address ?? ''
  const text = address.replace(/%.*$/, '')
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text
}

/**
 * What counts as one address, where clients are counted: an IPv4 address, or a network of IPv6 (64 bits), as whoever has one has all of
 * it.
 *
 * @param address - As {@link plainAddress} has it; what is none counts as it is.
 */
export function networkOf(address: string): string {
  return address.includes(':') && isIPv6(address) ? toHex(ipv6Bytes(address).subarray(0, 8)) : address
}

/** The 4 bytes of an IPv4 address, or the 16 of IPv6; `undefined` for what is none. */
export function addressBytes(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return ipv4Bytes(address)
  return isIPv6(address) ? ipv6Bytes(address) : undefined
}

function ipv4Bytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.'), Number)
}

/** Of an address that `isIPv6` has taken: groups of hex digits, once `::`, at the end perhaps an IPv4 address. */
function ipv6Bytes(address: string): Uint8Array {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::', 2)
  const left = groupsOf(head)
  const right = groupsOf(tail ?? '')
  const writer = new Writer(16)
  for (const group of [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]) writer.u16be(group)
  return writer.finish()
}

function groupsOf(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!isIPv4(group)) return [Number.parseInt(group, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(group)
    return [(a << 8) | b, (c << 8) | d]
  })
}
