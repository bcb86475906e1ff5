import { SocketAddress } from 'node:net'

/** An IP address of 4 or 16 bytes as people write it. */
export function addressText(address: Uint8Array): string {
  if (address.length === 4) return address.join('.')
  const groups = Array.from({ length: address.length / 2 }, (_, at) =>
    ((address[2 * at]! << 8) | address[2 * at + 1]!).toString(16),
  )
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address
}
