// FAST (RFC 6113) at the KDCs of MIT and Heimdal: log-ons under armour of the host, and service tickets.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { passwordCredential, type CredentialValue } from 'sspi'
import { MessageType, PaDataType } from 'sspi/kerberos'
import { ccacheCredential, keytabFileCredential } from 'sspi/krb5'
import {
  heimdalKdc,
  missing,
  mitKdc,
  padataTypesOf,
  PASSWORD,
  requestsOf,
  sambaAd,
  UTF8_PASSWORD,
  type LabRealm,
} from '../src/index.js'

const userOf = (user: string, password = PASSWORD): CredentialValue => passwordCredential({ user, password })

for (const [peer, realmOf, host] of [
  ['mit-kdc', mitKdc, 'host/localhost'],
  ['heimdal-kdc', heimdalKdc, 'host/localhost'],
  ['samba-ad', sambaAd, 'SRV1$'],
] as const) {
  suite(`FAST at ${peer}`, { skip: missing(peer) }, () => {
    const armorOf = ({ keytab, realm }: LabRealm): CredentialValue =>
      keytabFileCredential(keytab, { principal: `${host}@${realm}` })

    for (const [user, password] of [
      ['alice', PASSWORD],
      ['bob', PASSWORD],
      ['utf8user', UTF8_PASSWORD],
    ] as const) {
      test(`${user} logs on under armour of the host, and nothing of it is outside`, async () => {
        const realm = realmOf()
        const requests = await requestsOf(realm, userOf(`${user}@${realm.realm}`, password), { armor: armorOf(realm) })
        const logOns = padataTypesOf(requests, MessageType.KRB_AS_REQ, user)
        assert.ok(logOns.length > 0)
        for (const types of logOns) assert.deepEqual(types, [PaDataType.PA_FX_FAST])
        const [last] = padataTypesOf(requests, MessageType.KRB_TGS_REQ).slice(-1)
        assert.deepEqual(last, [PaDataType.PA_TGS_REQ, PaDataType.PA_FX_FAST])
      })
    }

    test('the offer of the KDC is taken where armour is welcome only', async () => {
      const realm = realmOf()
      const options = { armor: armorOf(realm), fast: 'available' } as const
      const requests = await requestsOf(realm, userOf(`alice@${realm.realm}`), options)
      const [first, ...rest] = padataTypesOf(requests, MessageType.KRB_AS_REQ, 'alice')
      assert.deepEqual(first, [PaDataType.PA_REQ_ENC_PA_REP])
      assert.ok(rest.length > 0)
      for (const types of rest) assert.deepEqual(types, [PaDataType.PA_FX_FAST])
    })

    test('a wrong password is refused under armour', async () => {
      const realm = realmOf()
      const wrong = requestsOf(realm, userOf(`alice@${realm.realm}`, 'wrong'), { armor: armorOf(realm) })
      await assert.rejects(wrong, { code: 'SEC_E_LOGON_DENIED' })
    })

    test('an unknown client and an unknown service are told by the error inside', async () => {
      const realm = realmOf()
      const armor = armorOf(realm)
      await assert.rejects(requestsOf(realm, userOf(`nobody@${realm.realm}`), { armor }), {
        code: 'SEC_E_LOGON_DENIED',
      })
      const alice = userOf(`alice@${realm.realm}`)
      await assert.rejects(requestsOf(realm, alice, { armor }, 'HTTP/nowhere'), { code: 'SEC_E_TARGET_UNKNOWN' })
    })

    test('without armour a log-on that requires FAST does not begin', async () => {
      const realm = realmOf()
      const bare = requestsOf(realm, userOf(`alice@${realm.realm}`), { fast: 'required' })
      await assert.rejects(bare, { code: 'SEC_E_UNSUPPORTED_PREAUTH' })
    })

    test('never means never', async () => {
      const realm = realmOf()
      const options = { armor: armorOf(realm), fast: 'never' } as const
      const requests = await requestsOf(realm, userOf(`alice@${realm.realm}`), options)
      for (const { padata = [] } of requests) {
        assert.ok(padata.every(({ padataType }) => padataType !== PaDataType.PA_FX_FAST))
      }
    })
  })
}

test('a ticket cache that kinit has filled is armour as well', { skip: missing('mit-kdc') }, async () => {
  const realm = mitKdc()
  const folder = await mkdtemp(join(tmpdir(), 'sspi-fast-'))
  try {
    const cache = `FILE:${join(folder, 'host')}`
    const env = { ...process.env, KRB5_CONFIG: realm.krb5Conf }
    await promisify(execFile)('kinit', ['-k', '-t', realm.keytab, '-c', cache, 'host/localhost'], { env })
    const armor = await ccacheCredential(cache, { keepNewTickets: false })
    const requests = await requestsOf(realm, userOf('alice@MIT.TEST'), { armor })
    for (const types of padataTypesOf(requests, MessageType.KRB_AS_REQ)) {
      assert.deepEqual(types, [PaDataType.PA_FX_FAST])
    }
    assert.ok(requests.length > 1)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
