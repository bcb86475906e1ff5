import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing, mitKdc } from '../src/index.js'

// The package has no entry point for these yet.
const { applicationTag, contextTag, DerReader, DerWriter, Tag } =
  await built<typeof import('../../packages/sspi/src/bytes/index.js')>('bytes')
const { sendToKdc } = await built<typeof import('../../packages/sspi/src/io/kdc/index.js')>('io/kdc')
const { loadKrb5Conf, parseKrb5Conf } =
  await built<typeof import('../../packages/sspi/src/io/krb5-conf/index.js')>('io/krb5-conf')

const skip = missing('mit-kdc')
const AS_REP = applicationTag(11)
const KRB_ERROR = applicationTag(30)

for (const transport of ['udp', 'tcp'] as const) {
  const ask = (user: string): Promise<Uint8Array> => {
    const { kdc, realm } = mitKdc()
    const servers = (): string[] => [`${transport}/${kdc}`]
    return sendToKdc({ realm, service: 'kdc', request: asReq(user, realm) }, { config: parseKrb5Conf(''), servers })
  }

  test(`krb5kdc answers an AS-REQ over ${transport}`, { skip }, async () => {
    assert.equal((await ask('bob'))[0], AS_REP)
  })

  test(`krb5kdc answers with a KRB-ERROR over ${transport}`, { skip }, async () => {
    assert.equal(errorCode(await ask('alice')), 25) // KDC_ERR_PREAUTH_REQUIRED
    assert.equal(errorCode(await ask('nobody')), 6) // KDC_ERR_C_PRINCIPAL_UNKNOWN
  })
}

test("the KDCs of both realms are found in MIT's krb5.conf", { skip }, async () => {
  const { krb5Conf, realm, realm2 } = mitKdc()
  const config = await loadKrb5Conf(krb5Conf)
  assert.equal(config.defaultRealm, realm)
  assert.deepEqual(config.warnings, [
    '[realms] MIT.TEST pkinit_anchors has no effect: ' +
      'certificates and anchors for PKINIT are given with the credential, not in the file',
  ])
  const first = await sendToKdc({ realm, service: 'kdc', request: asReq('bob', realm) }, { config })
  assert.equal(first[0], AS_REP)
  const second = await sendToKdc({ realm: realm2, service: 'kdc', request: asReq('zoe', realm2) }, { config })
  assert.equal(errorCode(second), 25)
})

test('a reply that krb5kdc finds too big for UDP comes over TCP', { skip }, async () => {
  const { krb5Conf, realm, kdc } = mitKdc()
  const config = { ...(await loadKrb5Conf(krb5Conf)), udpPreferenceLimitBytes: 60_000 }
  // Addresses stand twice in the reply: in the ticket, and beside it.
  const asking = (): Uint8Array => asReq('bob', realm, 250)
  const reply = await sendToKdc({ realm, service: 'kdc', request: asking() }, { config })
  assert.equal(reply[0], AS_REP)
  assert.ok(reply.length > 4096, `${reply.length} bytes`)
  const overUdp = sendToKdc(
    { realm, service: 'kdc', request: asking() },
    { config, servers: () => [`udp/${kdc}`], maxReplyBytes: 4096, attemptTimeoutMilliseconds: 2_000 },
  )
  await assert.rejects(overUdp, /udp .*KRB_ERR_RESPONSE_TOO_BIG.*; tcp .*a reply of \d+ bytes, 4096 allowed/)
})

test('kadmind answers over TCP and UDP', { skip }, async () => {
  const { kpasswd, realm } = mitKdc()
  // Version 0xff80 of RFC 3244 with an AP-REQ of four bytes that is none, and one byte behind it.
  const request = new Uint8Array([0, 11, 0xff, 0x80, 0, 4, 1, 2, 3, 4, 5])
  for (const transport of ['tcp', 'udp']) {
    const servers = (): string[] => [`${transport}/${kpasswd}`]
    const options = { config: parseKrb5Conf(''), servers }
    const reply = await sendToKdc({ realm, service: 'kpasswd', request }, options)
    // The code KRB5_KPASSWD_MALFORMED stands in a KRB-ERROR, which the reply carries in place of an AP-REP.
    assert.equal(errorCode(reply.subarray(6)), 60) // KRB_ERR_GENERIC
  }
})

test('the KDC that is not there is passed over', { skip }, async () => {
  const { kdc, realm } = mitKdc()
  const servers = (): string[] => ['127.0.0.1:1', kdc]
  const reply = await sendToKdc(
    { realm, service: 'kdc', request: asReq('bob', realm) },
    { config: parseKrb5Conf(''), servers },
  )
  assert.equal(reply[0], AS_REP)
})

/** Another one for each request: krb5kdc 1.20 dies of a repeated one whose reply is too big for UDP. */
let nonce = 1

/** An AS-REQ without pre-authentication, RFC 4120 §5.4.1, for a ticket that lives as long as the KDC allows. */
function asReq(user: string, realm: string, addresses = 0): Uint8Array {
  const writer = new DerWriter()
  const field = (number: number, write: () => void): void => writer.within(contextTag(number), write)
  const sequence = (write: () => void): void => writer.within(Tag.SEQUENCE, write)
  const name = (type: number, ...parts: readonly string[]): void =>
    sequence(() => {
      field(1, () =>
        sequence(() => {
          for (const part of parts.toReversed()) writer.generalString(part)
        }),
      )
      field(0, () => writer.integer(type))
    })
  const address = (last: number): void =>
    sequence(() => {
      field(1, () => writer.octetString(new Uint8Array([127, 0, 0, last])))
      field(0, () => writer.integer(2))
    })
  const body = (): void =>
    sequence(() => {
      if (addresses > 0) {
        field(9, () =>
          sequence(() => {
            for (let last = addresses; last > 0; last--) address(last)
          }),
        )
      }
      field(8, () => sequence(() => writer.integer(18)))
      field(7, () => writer.integer(nonce++))
      field(5, () => writer.generalizedTime(new Date('2037-09-13T02:48:05Z')))
      field(3, () => name(2, 'krbtgt', realm))
      field(2, () => writer.generalString(realm))
      field(1, () => name(1, user))
      field(0, () => writer.flags(0))
    })
  writer.within(applicationTag(10), () =>
    sequence(() => {
      field(4, body)
      field(2, () => writer.integer(10))
      field(1, () => writer.integer(5))
    }),
  )
  return writer.finish()
}

function errorCode(reply: Uint8Array): number {
  const fields = new DerReader(reply).enter(KRB_ERROR, 'KRB-ERROR').enter(Tag.SEQUENCE, 'KRB-ERROR')
  while (!fields.isNext(contextTag(6))) fields.skip('KRB-ERROR')
  return fields.within(contextTag(6), 'error-code', (field) => field.int32('error-code'))
}

/** A room of the library as it was built. */
async function built<Room>(room: string): Promise<Room> {
  return (await import(new URL(`../../../packages/sspi/dist/src/${room}/index.js`, import.meta.url).href)) as Room
}
