import assert from 'node:assert/strict'
import { pbkdf2, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import type { Answer, Ask, RevealedCredential, SspiError } from 'sspi'
import { secretFrom } from 'sspi/core'
import {
  acquireKerberosCredential,
  changePassword,
  EffectRun,
  formatPrincipal,
  KdcError,
  KerberosErrorCode,
  KeyTable,
  obtainForwardedTgt,
  obtainInitialTicket,
  obtainServiceTicket,
  obtainTgt,
  readKerberosOptions,
  renewTgt,
  TicketFlag,
  verifyKdc,
  type Effectful,
  type KdcClient,
  type KerberosOptions,
  type ServiceTicket,
} from 'sspi/kerberos'
import { heimdalKdc, missing, mitKdc, PASSWORD, UTF8_PASSWORD } from '../src/index.js'

interface TransportRoom {
  readonly sendToKdc: (
    query: { readonly realm: string; readonly service: 'kdc' | 'kpasswd'; readonly request: Uint8Array },
    options: { readonly config: object; readonly servers: (realm: string, service: string) => readonly string[] },
  ) => Promise<Uint8Array>
}

interface ConfigRoom {
  readonly parseKrb5Conf: (text: string) => object
  readonly loadKrb5Conf: (path: string) => Promise<KerberosOptions>
}

// Neither has an entry point yet.
const { sendToKdc } = await built<TransportRoom>('io/kdc')
const { parseKrb5Conf, loadKrb5Conf } = await built<ConfigRoom>('io/krb5-conf')

const skip = missing('mit-kdc')
const stretch = promisify(pbkdf2)

/** Runs a piece of protocol with the KDCs of the lab to answer it. */
async function run<T>(effects: Effectful<T>, transport: 'udp' | 'tcp' = 'udp'): Promise<T> {
  const steps = new EffectRun(effects)
  let progress = steps.step()
  while (progress.kind === 'ask') progress = steps.step(await answer(progress.ask, transport))
  return progress.value
}

async function answer(ask: Ask, transport: 'udp' | 'tcp'): Promise<Answer> {
  if (ask.effect === 'stretch') {
    const { password, salt, iterations, length, hash } = ask.query
    return { effect: 'stretch', value: secretFrom(await stretch(password, salt, iterations, length, hash)) }
  }
  assert.ok(ask.effect === 'kdc')
  const servers = (realm: string, service: string): string[] => {
    const { kdc, kpasswd } = serversOf(realm)
    return service === 'kpasswd' ? [kpasswd] : [`${transport}/${kdc}`]
  }
  return { effect: 'kdc', value: await sendToKdc(ask.query, { config: parseKrb5Conf(''), servers }) }
}

function serversOf(realm: string): { readonly kdc: string; readonly kpasswd: string } {
  if (realm === 'HEIMDAL.TEST') return heimdalKdc()
  const mit = mitKdc()
  return { kdc: realm === mit.realm2 ? mit.kdc2 : mit.kdc, kpasswd: mit.kpasswd }
}

function clientOf(value: RevealedCredential, options: KerberosOptions = {}): KdcClient {
  const [realm, realm2] = ['MIT.TEST', 'MIT2.TEST']
  const realms = new Map([realm, realm2].map((name) => [name, {}]))
  const settings = readKerberosOptions({ defaultRealm: realm, realms, ...options })
  const credential = acquireKerberosCredential({ use: 'outbound', principal: undefined, value }, settings)
  const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
  return { credential, settings, world: { now: () => new Date(), random } }
}

function userOf(user: string, password = PASSWORD): RevealedCredential {
  return { kind: 'password', user, domain: '', packageList: undefined, password }
}

const serviceTicket = (client: KdcClient, targetName: string, transport?: 'udp' | 'tcp'): Promise<ServiceTicket> =>
  run(obtainServiceTicket({ ...client, targetName }), transport)

/** The error of MIT's KDC behind a failure of ours. */
function refusal(code: string, errorCode: number) {
  return (error: SspiError): boolean => {
    assert.equal(error.code, code, error.message)
    assert.ok(error.cause instanceof KdcError, error.message)
    assert.equal(error.cause.errorCode, errorCode, error.message)
    return true
  }
}

suite("tickets of MIT's KDC", { skip }, () => {
  for (const transport of ['udp', 'tcp'] as const) {
    test(`come over ${transport}, with and without pre-authentication`, async () => {
      for (const user of ['alice', 'bob']) {
        const ticket = await serviceTicket(clientOf(userOf(user)), 'HTTP/localhost', transport)
        assert.equal(formatPrincipal(ticket.server), 'HTTP/localhost@MIT.TEST')
        assert.equal(formatPrincipal(ticket.client), `${user}@MIT.TEST`)
        // The KDC trusts this service with delegation.
        assert.ok((ticket.flags & TicketFlag.OK_AS_DELEGATE) !== 0)
      }
    })
  }

  const enctypes: readonly (readonly [string, number])[] = [
    ['aes256-cts-hmac-sha384-192', 20],
    ['aes128-cts-hmac-sha256-128', 19],
    ['aes256-cts-hmac-sha1-96', 18],
    ['aes128-cts-hmac-sha1-96', 17],
    ['camellia256-cts-cmac', 26],
    ['camellia128-cts-cmac', 25],
    ['des3-cbc-sha1', 16],
    ['arcfour-hmac', 23],
  ]
  for (const [name, enctype] of enctypes) {
    test(`come with keys of ${name}, for user and service`, async () => {
      // The KDC's own service has keys of AES alone, and MIT's KDC gives no session keys of RC4 and triple DES any more.
      const ofTgt = enctype >= 17 && enctype <= 20 ? enctype : 18
      const session = enctype === 23 || enctype === 16 ? 18 : enctype
      const client = clientOf(userOf(`user-${name}`), {
        insecureAllowRc4: true,
        insecureAllowDes3: true,
        permittedEnctypes: [enctype, ofTgt],
      })
      const { ticket } = await run(obtainInitialTicket(client))
      assert.equal(ticket.sessionKey.enctype, ofTgt)
      const service = await serviceTicket(client, `svc-${name}/localhost`)
      assert.equal(service.sessionKey.enctype, session)
      assert.equal(service.ticket.encPart.etype, enctype)
    })
  }

  test('of RC4 are not asked for by default', async () => {
    // The KDC leaves the encrypted timestamp out of its offer then.
    await assert.rejects(serviceTicket(clientOf(userOf('user-arcfour-hmac')), 'HTTP/localhost'), {
      code: 'SEC_E_UNSUPPORTED_PREAUTH',
      message: /it offers .*PA_FX_FAST.*no key of an encryption type that may be used/,
    })
  })

  test('come for a password outside of ASCII, and for a salt of another kind', async () => {
    assert.ok(await serviceTicket(clientOf(userOf('utf8user', UTF8_PASSWORD)), 'HTTP/localhost'))
    assert.ok(await serviceTicket(clientOf(userOf('saltuser')), 'HTTP/localhost'))
  })

  test('come for a key of a keytab', async () => {
    const keytab = new Uint8Array(await readFile(mitKdc().keytab))
    const value = { kind: 'keytab', principal: 'HTTP/localhost', packageList: undefined, keytab } as const
    const ticket = await serviceTicket(clientOf(value), 'host@localhost')
    assert.equal(formatPrincipal(ticket.client), 'HTTP/localhost@MIT.TEST')
  })

  test('come over realms: by name, by referral, and the other way', async () => {
    const there = 'HTTP/localhost2@MIT2.TEST'
    assert.equal(formatPrincipal((await serviceTicket(clientOf(userOf('alice')), there)).server), there)
    const config = await loadKrb5Conf(mitKdc().krb5Conf)
    const byReferral = await serviceTicket(clientOf(userOf('alice'), { ...config }), 'HTTP/localhost2')
    assert.equal(formatPrincipal(byReferral.server), there)
    const back = await serviceTicket(clientOf(userOf('zoe@MIT2.TEST')), 'HTTP/localhost@MIT.TEST')
    assert.equal(formatPrincipal(back.client), 'zoe@MIT2.TEST')
  })

  test('are forwarded and renewed', async () => {
    const client = clientOf(userOf('alice'), { forwardable: true, renewLifetimeSeconds: 3 * 86_400 })
    assert.ok(((await run(obtainForwardedTgt(client))).flags & TicketFlag.FORWARDED) !== 0)
    const first = await run(obtainTgt(client))
    const { raw } = first.ticket
    assert.notDeepEqual((await run(renewTgt(client))).ticket.raw, raw)
  })

  test('go into a cache and come out of it', async () => {
    const client = clientOf(userOf('alice'))
    await run(obtainTgt(client))
    const cache = client.credential.outbound.store.toCcache()
    const value = { kind: 'ticket-cache', packageList: undefined, cache, save: undefined } as const
    assert.ok(await serviceTicket(clientOf(value), 'HTTP/localhost'))
  })
})

suite("refusals of MIT's KDC", { skip }, () => {
  const users: readonly (readonly [string, keyof typeof KerberosErrorCode])[] = [
    ['nobody', 'KDC_ERR_C_PRINCIPAL_UNKNOWN'],
    ['disabled', 'KDC_ERR_CLIENT_REVOKED'],
    ['expired', 'KDC_ERR_NAME_EXP'],
    ['pwexpired', 'KDC_ERR_KEY_EXPIRED'],
  ]
  for (const [user, error] of users) {
    test(`${user}: ${error}`, async () => {
      await assert.rejects(
        serviceTicket(clientOf(userOf(user)), 'HTTP/localhost'),
        refusal('SEC_E_LOGON_DENIED', KerberosErrorCode[error]),
      )
    })
  }

  test('a wrong password, with and without pre-authentication', async () => {
    await assert.rejects(
      serviceTicket(clientOf(userOf('alice', 'wrong')), 'HTTP/localhost'),
      refusal('SEC_E_LOGON_DENIED', KerberosErrorCode.KDC_ERR_PREAUTH_FAILED),
    )
    const open = serviceTicket(clientOf(userOf('bob', 'wrong')), 'HTTP/localhost')
    await assert.rejects(open, { code: 'SEC_E_LOGON_DENIED', message: /does not open/ })
  })

  test('a service that is not there', async () => {
    await assert.rejects(
      serviceTicket(clientOf(userOf('alice')), 'HTTP/nowhere'),
      refusal('SEC_E_TARGET_UNKNOWN', KerberosErrorCode.KDC_ERR_S_PRINCIPAL_UNKNOWN),
    )
  })

  test('a clock that is off is set right by the KDC, or is an error', async () => {
    const late = (options: KerberosOptions): KdcClient => {
      const client = clientOf(userOf('alice'), options)
      return { ...client, world: { ...client.world, now: () => new Date(Date.now() - 3_600_000) } }
    }
    const ticket = await serviceTicket(late({}), 'HTTP/localhost')
    assert.ok(Math.abs(ticket.kdcTimeOffsetMs - 3_600_000) < 60_000, `${ticket.kdcTimeOffsetMs} ms`)
    await assert.rejects(
      serviceTicket(late({ kdcTimesync: false }), 'HTTP/localhost'),
      refusal('SEC_E_TIME_SKEW', KerberosErrorCode.KRB_AP_ERR_SKEW),
    )
  })
})

suite("MIT's kadmind", { skip }, () => {
  test('changes a password and back, in UTF-8', async () => {
    const other = 'Néw-Passwörd-77'
    await run(changePassword(clientOf(userOf('changer')), other))
    assert.ok(await serviceTicket(clientOf(userOf('changer', other)), 'HTTP/localhost'))
    await run(changePassword(clientOf(userOf('changer', other)), PASSWORD))
  })

  test('changes a password that must be changed', async () => {
    const other = `Next-${Date.now()}`
    await assert.rejects(
      serviceTicket(clientOf(userOf('mustchange')), 'HTTP/localhost'),
      refusal('SEC_E_LOGON_DENIED', KerberosErrorCode.KDC_ERR_KEY_EXPIRED),
    )
    await run(changePassword(clientOf(userOf('mustchange')), other))
    assert.ok(await serviceTicket(clientOf(userOf('mustchange', other)), 'HTTP/localhost'))
  })

  test('says why it does not take a password', async () => {
    await assert.rejects(run(changePassword(clientOf(userOf('changer')), '')), {
      code: 'SEC_E_LOGON_DENIED',
      message: /policy: .*too short/i,
    })
  })
})

test('the KDC proves itself by a key of this host, and nobody does by another', { skip }, async () => {
  const keys = KeyTable.fromKeytab(new Uint8Array(await readFile(mitKdc().keytab)))
  assert.equal(formatPrincipal(await run(verifyKdc(clientOf(userOf('alice')), keys))), 'alice@MIT.TEST')
  await assert.rejects(run(verifyKdc(clientOf(userOf('alice')), new KeyTable([]))), { code: 'SEC_E_NO_KERB_KEY' })
})

suite("tickets of Heimdal's KDC", { skip: missing('heimdal-kdc') }, () => {
  const heimdal = { defaultRealm: 'HEIMDAL.TEST' }

  test('come over UDP and TCP, with and without pre-authentication, for a password outside of ASCII', async () => {
    for (const transport of ['udp', 'tcp'] as const) {
      for (const user of ['alice', 'bob']) {
        assert.ok(await serviceTicket(clientOf(userOf(user), heimdal), 'HTTP/localhost', transport))
      }
    }
    assert.ok(await serviceTicket(clientOf(userOf('utf8user', UTF8_PASSWORD), heimdal), 'HTTP/localhost'))
  })

  for (const [name, enctype] of [
    ['aes256-cts-hmac-sha384-192', 20],
    ['aes128-cts-hmac-sha256-128', 19],
    ['aes256-cts-hmac-sha1-96', 18],
    ['aes128-cts-hmac-sha1-96', 17],
    ['arcfour-hmac-md5', 23],
  ] as const) {
    test(`come with keys of ${name}, for user and service`, async () => {
      const options = { ...heimdal, insecureAllowRc4: true, permittedEnctypes: [20, 19, 18, 17, 23] }
      const ticket = await serviceTicket(clientOf(userOf(`user-${name}`), options), `svc-${name}/localhost`)
      assert.equal(ticket.sessionKey.enctype, enctype)
    })
  }

  test('are forwarded and renewed, and stay forwardable', async () => {
    const options = { ...heimdal, forwardable: true, renewLifetimeSeconds: 3 * 86_400 }
    const client = clientOf(userOf('alice'), options)
    assert.ok(((await run(obtainForwardedTgt(client))).flags & TicketFlag.FORWARDED) !== 0)
    assert.ok(((await run(renewTgt(client))).flags & TicketFlag.FORWARDABLE) !== 0)
  })

  test('are refused to the disabled and the expired', async () => {
    for (const [user, error] of [
      ['disabled', 'KDC_ERR_POLICY'],
      ['expired', 'KDC_ERR_NAME_EXP'],
      ['pwexpired', 'KDC_ERR_KEY_EXPIRED'],
    ] as const) {
      await assert.rejects(
        serviceTicket(clientOf(userOf(user), heimdal), 'HTTP/localhost'),
        refusal('SEC_E_LOGON_DENIED', KerberosErrorCode[error]),
      )
    }
  })

  test('prove the KDC, and a password is changed and changed back', async () => {
    const keys = KeyTable.fromKeytab(new Uint8Array(await readFile(heimdalKdc().keytab)))
    assert.ok(await run(verifyKdc(clientOf(userOf('alice'), heimdal), keys)))
    const other = 'Néw-Passwörd-77'
    await run(changePassword(clientOf(userOf('changer'), heimdal), other))
    await run(changePassword(clientOf(userOf('changer', other), heimdal), PASSWORD))
  })
})

/** A room of the library as it was built. */
async function built<Room>(room: string): Promise<Room> {
  return (await import(new URL(`../../../packages/sspi/dist/src/${room}/index.js`, import.meta.url).href)) as Room
}
