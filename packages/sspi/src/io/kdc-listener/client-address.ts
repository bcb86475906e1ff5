import { AddressType, type HostAddress } from '../../kerberos/index.js'
import type { KdcService } from '../kdc/index.js'
import { addressBytes } from '../addresses/index.js'

/** Where a request comes from. */
export interface KdcSource {
  /** Which service was asked: for tickets, or to change a password. */
  readonly service: KdcService
  /** How it came: as a datagram, over TCP, or through the KDC proxy (MS-KKDCP). */
  readonly transport: 'udp' | 'tcp' | 'https'
  /** The IP address, without brackets or zone; IPv4 within IPv6 as IPv4. */
  readonly address: string
}

/** An address as tickets have it, RFC 4120 §7.5.3; `undefined` for what is none. */
export function hostAddressOf(text: string): HostAddress | undefined {
  const address = addressBytes(text)
  if (address === undefined) return undefined
  return { addrType: address.length === 4 ? AddressType.IPV4 : AddressType.IPV6, address }
}
