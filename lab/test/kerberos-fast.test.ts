// FAST (RFC 6113) at the KDCs of MIT and Heimdal: log-ons under armour of the host, and service tickets.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { passwordCredential, type CredentialValue } from 'sspi'
import { decodeDer, MessageType, PaDataType, readKdcReq, type KdcReq, type KerberosOptions } from 'sspi/kerberos'
import { ccacheCredential, kdcSender, keytabFileCredential, loadKrb5Conf } from 'sspi/krb5'
import { heimdalKdc, missing, mitKdc, ourSide, PASSWORD, UTF8_PASSWORD } from '../src/index.js'

interface Realm {
  readonly name: string
  readonly krb5Conf: string
  readonly keytab: string
}

/** What our client asked of the KDC on its way to the first token. */
async function requestsOf(
  realm: Realm,
  credentials: CredentialValue,
  kerberos: KerberosOptions,
  target = 'HTTP/localhost',
): Promise<readonly KdcReq[]> {
  const krb5 = await loadKrb5Conf(realm.krb5Conf)
  const send = kdcSender({ config: krb5 })
  const requests: KdcReq[] = []
  const table = ourSide({
    krb5,
    kerberos,
    kdc: (query, signal) => {
      requests.push(decodeDer(query.request, readKdcReq))
      return send(query, signal)
    },
  })
  using client = table.initiate({ package: 'Kerberos', target, credentials })
  const { token } = await client.step()
  assert.ok(token !== undefined)
  return requests
}

function typesOf(requests: readonly KdcReq[], msgType: number, user?: string): readonly (readonly number[])[] {
  return requests
    .filter((request) => request.msgType === msgType)
    .filter(({ reqBody }) => user === undefined || reqBody.cname?.nameString[0] === user)
    .map(({ padata = [] }) => padata.map(({ padataType }) => padataType))
}

const userOf = (user: string, password = PASSWORD): CredentialValue => passwordCredential({ user, password })

for (const [peer, realmOf] of [
  ['mit-kdc', () => ({ name: 'MIT.TEST', ...mitKdc() })],
  ['heimdal-kdc', () => ({ name: 'HEIMDAL.TEST', ...heimdalKdc() })],
] as const) {
  suite(`FAST at ${peer}`, { skip: missing(peer) }, () => {
    const armorOf = ({ keytab, name }: Realm): CredentialValue =>
      keytabFileCredential(keytab, { principal: `host/localhost@${name}` })

    for (const [user, password] of [
      ['alice', PASSWORD],
      ['bob', PASSWORD],
      ['utf8user', UTF8_PASSWORD],
    ] as const) {
      test(`${user} logs on under armour of the host, and nothing of it is outside`, async () => {
        const realm = realmOf()
        const requests = await requestsOf(realm, userOf(`${user}@${realm.name}`, password), { armor: armorOf(realm) })
        const logOns = typesOf(requests, MessageType.KRB_AS_REQ, user)
        assert.ok(logOns.length > 0)
        for (const types of logOns) assert.deepEqual(types, [PaDataType.PA_FX_FAST])
        const [last] = typesOf(requests, MessageType.KRB_TGS_REQ).slice(-1)
        assert.deepEqual(last, [PaDataType.PA_TGS_REQ, PaDataType.PA_FX_FAST])
      })
    }

    test('the offer of the KDC is taken where armour is welcome only', async () => {
      const realm = realmOf()
      const options = { armor: armorOf(realm), fast: 'available' } as const
      const requests = await requestsOf(realm, userOf(`alice@${realm.name}`), options)
      const [first, ...rest] = typesOf(requests, MessageType.KRB_AS_REQ, 'alice')
      assert.deepEqual(first, [PaDataType.PA_REQ_ENC_PA_REP])
      assert.ok(rest.length > 0)
      for (const types of rest) assert.deepEqual(types, [PaDataType.PA_FX_FAST])
    })

    test('a wrong password is refused under armour', async () => {
      const realm = realmOf()
      const wrong = requestsOf(realm, userOf(`alice@${realm.name}`, 'wrong'), { armor: armorOf(realm) })
      await assert.rejects(wrong, { code: 'SEC_E_LOGON_DENIED' })
    })

    test('an unknown client and an unknown service are told by the error inside', async () => {
      const realm = realmOf()
      const armor = armorOf(realm)
      await assert.rejects(requestsOf(realm, userOf(`nobody@${realm.name}`), { armor }), { code: 'SEC_E_LOGON_DENIED' })
      const alice = userOf(`alice@${realm.name}`)
      await assert.rejects(requestsOf(realm, alice, { armor }, 'HTTP/nowhere'), { code: 'SEC_E_TARGET_UNKNOWN' })
    })

    test('without armour a log-on that requires FAST does not begin', async () => {
      const realm = realmOf()
      const bare = requestsOf(realm, userOf(`alice@${realm.name}`), { fast: 'required' })
      await assert.rejects(bare, { code: 'SEC_E_UNSUPPORTED_PREAUTH' })
    })

    test('never means never', async () => {
      const realm = realmOf()
      const options = { armor: armorOf(realm), fast: 'never' } as const
      const requests = await requestsOf(realm, userOf(`alice@${realm.name}`), options)
      for (const { padata = [] } of requests) {
        assert.ok(padata.every(({ padataType }) => padataType !== PaDataType.PA_FX_FAST))
      }
    })
  })
}

test('a ticket cache that kinit has filled is armour as well', { skip: missing('mit-kdc') }, async () => {
  const realm = { name: 'MIT.TEST', ...mitKdc() }
  const folder = await mkdtemp(join(tmpdir(), 'sspi-fast-'))
  try {
    const cache = `FILE:${join(folder, 'host')}`
    const env = { ...process.env, KRB5_CONFIG: realm.krb5Conf }
    await promisify(execFile)('kinit', ['-k', '-t', realm.keytab, '-c', cache, 'host/localhost'], { env })
    const armor = await ccacheCredential(cache, { keepNewTickets: false })
    const requests = await requestsOf(realm, userOf('alice@MIT.TEST'), { armor })
    for (const types of typesOf(requests, MessageType.KRB_AS_REQ)) assert.deepEqual(types, [PaDataType.PA_FX_FAST])
    assert.ok(requests.length > 1)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
