import assert from 'node:assert/strict'
import { test } from 'node:test'
import { missing, mitKdc } from '../src/index.js'

/** What is used here of the configuration. */
interface Config {
  readonly defaultRealm: string | undefined
  readonly udpPreferenceLimitBytes: number
  readonly warnings: readonly string[]
}

interface ConfigRoom {
  readonly parseKrb5Conf: (text: string) => Config
  readonly loadKrb5Conf: (path: string) => Promise<Config>
}

interface TransportRoom {
  readonly sendToKdc: (
    query: { readonly realm: string; readonly service: 'kdc' | 'kpasswd'; readonly request: Uint8Array },
    options: {
      readonly config: Config
      readonly servers?: () => readonly string[]
      readonly maxReplyBytes?: number
      readonly attemptTimeoutMilliseconds?: number
    },
  ) => Promise<Uint8Array>
}

// Neither has an entry point yet.
const { parseKrb5Conf, loadKrb5Conf } = await built<ConfigRoom>('io/krb5-conf')
const { sendToKdc } = await built<TransportRoom>('io/kdc')

const skip = missing('mit-kdc')
const AS_REP = 0x6b
const KRB_ERROR = 0x7e

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
    { config, servers: () => [`udp/${kdc}`], maxReplyBytes: 4096, attemptTimeoutMilliseconds: 20_000 },
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
  const field = (number: number, ...content: readonly Uint8Array[]): Uint8Array => der(0xa0 | number, ...content)
  const sequence = (...content: readonly Uint8Array[]): Uint8Array => der(0x30, ...content)
  const string = (text: string): Uint8Array => der(0x1b, new TextEncoder().encode(text))
  const integer = (value: number): Uint8Array => der(0x02, new Uint8Array([value]))
  const name = (type: number, ...parts: readonly string[]): Uint8Array =>
    sequence(field(0, integer(type)), field(1, sequence(...parts.map(string))))
  const address = (last: number): Uint8Array =>
    sequence(field(0, integer(2)), field(1, der(0x04, new Uint8Array([127, 0, 0, last]))))
  const all = Array.from({ length: addresses }, (_, at) => address(at + 1))
  const body = sequence(
    field(0, der(0x03, new Uint8Array(5))),
    field(1, name(1, user)),
    field(2, string(realm)),
    field(3, name(2, 'krbtgt', realm)),
    field(5, der(0x18, new TextEncoder().encode('20370913024805Z'))),
    field(7, integer(nonce++)),
    field(8, sequence(integer(18))),
    ...(addresses === 0 ? [] : [field(9, sequence(...all))]),
  )
  return der(0x6a, sequence(field(1, integer(5)), field(2, integer(10)), field(4, body)))
}

function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const length = content.reduce((sum, part) => sum + part.length, 0)
  const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff]
  // Two bytes of length are minimal from 256 on; between, there is one.
  if (length >= 0x80 && length < 0x100) header.splice(1, 3, 0x81, length)
  return Uint8Array.from([header, ...content].flatMap((part) => [...part]))
}

/** The error-code of a KRB-ERROR: what stands in its field 6, an INTEGER of one byte. */
function errorCode(reply: Uint8Array): number | undefined {
  assert.equal(reply[0], KRB_ERROR)
  const at = reply.findIndex((byte, start) => byte === 0xa6 && reply[start + 1] === 3 && reply[start + 2] === 2)
  return reply[at + 4]
}

/** A room of the library as it was built. */
async function built<Room>(room: string): Promise<Room> {
  return (await import(new URL(`../../../packages/sspi/dist/src/${room}/index.js`, import.meta.url).href)) as Room
}
