import type { Ccache } from '../../../src/kerberos/files/index.js'

/** A cache with a ticket-granting ticket that is no real one. */
export function ccacheOf(user: string, realm = 'EXAMPLE.COM', endTime = 3): Ccache {
  const client = { realm, name: { nameType: 1, nameString: [user] } }
  return {
    version: 4,
    byteOrder: 'big',
    header: [],
    defaultPrincipal: client,
    credentials: [
      {
        client,
        server: { realm, name: { nameType: 2, nameString: ['krbtgt', realm] } },
        key: { keytype: 18, keyvalue: new Uint8Array(32).fill(7) },
        authTime: 1,
        startTime: 2,
        endTime,
        renewTill: 4,
        isSkey: 0,
        ticketFlags: 0x4000_0000,
        addresses: [],
        authorizationData: [],
        ticket: new Uint8Array([1, 2, 3]),
        secondTicket: new Uint8Array(0),
      },
    ],
  }
}
