import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Enctype } from '../../../src/kerberos/enctypes/index.js'
import { AuthorizationDataType, TicketFlag, TransitedType } from '../../../src/kerberos/constants.js'
import { readContextToken, writeContextToken } from '../../../src/kerberos/gss/context-tokens.js'
import { readErrorMessage } from '../../../src/kerberos/gss/error-tokens.js'
import { KERBEROS_OID } from '../../../src/kerberos/gss/oids.js'
import {
  decodeDer,
  encodeDer,
  readKerbErrorData,
  writeAuthorizationData,
  writeKrbError,
} from '../../../src/kerberos/messages/index.js'
import { kerberosPackage, type KerberosOptions } from '../../../src/kerberos/index.js'
import {
  ASC_REQ_ALLOW_MISSING_BINDINGS,
  ISC_REQ_DATAGRAM,
  ISC_REQ_DELEGATE,
  ISC_REQ_EXTENDED_ERROR,
  ISC_REQ_USE_DCE_STYLE,
  keytabCredential,
  SECPKG_ATTR_DELEGATED_TICKETS,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KERBEROS_TICKET,
  SspiError,
  ticketCacheCredential,
  type AcceptorExchange,
  type ChannelBindings,
  type InitiatorExchange,
  type Policy,
  type ReplayCache,
} from '../../../src/sspi/index.js'
import { createDriver } from '../../../src/system/driver.js'
import { memoryReplayCache } from '../../../src/io/stores/index.js'
import { countingRandom, NOON, testTable } from '../../compliance/suite.js'
import { REALM, TinyKdc, type TinyKdcOptions } from './tiny-kdc.js'

const SERVICE = 'HTTP/www.example.com'
const OTHER = 'ldap/dc.example.com'
const TEXT = new TextEncoder().encode('Attack at dawn')

/** What of a meeting differs from the default. */
interface Meeting {
  readonly kdc?: Partial<TinyKdcOptions>
  readonly options?: KerberosOptions
  readonly serverOptions?: KerberosOptions
  readonly policy?: Partial<Policy>
  /** How far the server's clock is ahead, in seconds. */
  readonly ahead?: number
  readonly flags?: number
  readonly serverFlags?: number
  readonly confidentiality?: boolean
  readonly serverConfidentiality?: boolean
  readonly target?: string
  readonly bindings?: ChannelBindings
  readonly serverBindings?: ChannelBindings
  readonly replays?: ReplayCache
  readonly keytab?: (kdc: TinyKdc) => Uint8Array
}

function meet(meeting: Meeting = {}): {
  client: InitiatorExchange
  server: AcceptorExchange
  again: () => AcceptorExchange
  kdc: TinyKdc
} {
  const kdc = new TinyKdc({ now: () => NOON, random: countingRandom(), ...meeting.kdc }, 'alice', SERVICE, OTHER)
  const { ahead = 0, policy = {}, flags = 0, serverFlags = 0 } = meeting
  const options: KerberosOptions = { defaultRealm: REALM, ...meeting.options }
  const client = testTable([kerberosPackage(options)], {
    driver: createDriver({ accounts: undefined, kdc: (query) => kdc.answer(query) }),
  })
  const now = (): Date => new Date(NOON.getTime() + ahead * 1000)
  const server = testTable([kerberosPackage({ ...options, ...meeting.serverOptions })], {
    now,
    policy,
    driver: createDriver({ accounts: undefined, replays: meeting.replays ?? memoryReplayCache({ now }) }),
  })
  const accept = (): AcceptorExchange =>
    server.accept({
      package: 'Kerberos',
      credentials: keytabCredential({ keytab: meeting.keytab?.(kdc) ?? kdc.keytab(SERVICE) }),
      flags: serverFlags,
      confidentiality: meeting.serverConfidentiality,
      channelBindings: meeting.serverBindings,
    })
  return {
    kdc,
    client: client.initiate({
      package: 'Kerberos',
      target: meeting.target ?? SERVICE,
      credentials: keytabCredential({ principal: 'alice', keytab: kdc.keytab('alice') }),
      flags,
      confidentiality: meeting.confidentiality,
      channelBindings: meeting.bindings,
    }),
    server: accept(),
    again: accept,
  }
}

async function shakeHands({ client, server }: Pick<ReturnType<typeof meet>, 'client' | 'server'>): Promise<number> {
  let tokens = 0
  let token: Uint8Array | undefined
  let done = [false, false]
  for (let round = 0; !done[0] || !done[1]; round++) {
    assert.ok(round < 10, 'the exchange does not end')
    const fromClient = done[0] === true ? undefined : await client.step(token)
    if (fromClient !== undefined) done = [fromClient.done, done[1] ?? false]
    if (fromClient?.token === undefined) continue
    tokens++
    const fromServer = await server.step(fromClient.token)
    done = [done[0] ?? false, fromServer.done]
    token = fromServer.token
    if (token !== undefined) tokens++
  }
  return tokens
}

/** The server's refusal, and what the client makes of the token that comes with it. */
async function refusal(meeting: Meeting): Promise<{ server: SspiError; client: SspiError }> {
  const { client, server } = meet(meeting)
  const { token } = await client.step()
  const refused = await failure(() => server.step(token))
  assert.ok(refused.token, 'the client is told')
  return { server: refused, client: await failure(() => client.step(refused.token)) }
}

async function failure(call: () => Promise<unknown>): Promise<SspiError> {
  try {
    await call()
  } catch (error) {
    assert.ok(error instanceof SspiError, String(error))
    return error
  }
  return assert.fail('it was not refused')
}

suite('what an acceptor refuses', () => {
  const cases: readonly (readonly [name: string, meeting: Meeting, server: string, words: RegExp, client: string])[] = [
    [
      'an expired ticket',
      { kdc: { lifetimeSeconds: 60 }, ahead: 400 },
      'SEC_E_CONTEXT_EXPIRED',
      /expired 340 s ago/,
      'SEC_E_CONTEXT_EXPIRED',
    ],
    ['a clock behind', { ahead: 301 }, 'SEC_E_TIME_SKEW', /301 s behind us, 300 s allowed/, 'SEC_E_TIME_SKEW'],
    ['a clock ahead', { ahead: -412 }, 'SEC_E_TIME_SKEW', /412 s ahead of us, 300 s allowed/, 'SEC_E_TIME_SKEW'],
    [
      'a ticket for another service',
      { target: OTHER },
      'SEC_E_WRONG_PRINCIPAL',
      /is for ldap\/dc.example.com@EXAMPLE.COM, this is HTTP/,
      'SEC_E_WRONG_PRINCIPAL',
    ],
    [
      'a service that the policy does not name',
      { policy: { targetNames: [OTHER] } },
      'SEC_E_WRONG_PRINCIPAL',
      /this is ldap/,
      'SEC_E_WRONG_PRINCIPAL',
    ],
    [
      'a version of the key that is not there',
      { kdc: { kvno: 9 } },
      'SEC_E_NO_KERB_KEY',
      /key version 9 .* the keytab has 3/,
      'SEC_E_NO_KERB_KEY',
    ],
    [
      'another key of the version',
      { keytab: () => meet().kdc.keytab(SERVICE) },
      'SEC_E_MESSAGE_ALTERED',
      /does not open under key version 3/,
      'SEC_E_WRONG_PRINCIPAL',
    ],
    [
      'an encryption type that is not permitted',
      { serverOptions: { permittedEnctypes: [Enctype.AES256_CTS_HMAC_SHA384_192] } },
      'SEC_E_KDC_UNKNOWN_ETYPE',
      /aes256-cts-hmac-sha1-96 is not permitted/,
      'SEC_E_LOGON_DENIED',
    ],
    [
      'realms on the way that no KDC has checked',
      { kdc: { transited: { trType: TransitedType.DOMAIN_X500_COMPRESS, contents: TEXT } } },
      'SEC_E_LOGON_DENIED',
      /has not checked .* is not one that may lie on the way to EXAMPLE.COM/,
      'SEC_E_LOGON_DENIED',
    ],
    [
      'realms on the way that cannot be told',
      { kdc: { transited: { trType: 9, contents: TEXT } } },
      'SEC_E_LOGON_DENIED',
      /cannot be told: transited: encoding 9/,
      'SEC_E_LOGON_DENIED',
    ],
    [
      'a ticket that was not validated',
      { kdc: { ticketFlags: TicketFlag.INVALID } },
      'SEC_E_LOGON_DENIED',
      /not validated/,
      'SEC_E_TIME_SKEW',
    ],
    [
      'an anonymous client',
      { kdc: { ticketFlags: TicketFlag.ANONYMOUS } },
      'SEC_E_LOGON_DENIED',
      /anonymous/,
      'SEC_E_LOGON_DENIED',
    ],
    [
      'a ticket that is restricted by what it does not know',
      { kdc: { authorizationData: [{ adType: 77, adData: TEXT }] } },
      'SEC_E_LOGON_DENIED',
      /ticket of alice@EXAMPLE.COM: authorization data of type 77/,
      'SEC_E_LOGON_DENIED',
    ],
    [
      'bindings of another channel',
      { bindings: bindingsOf('a'), serverBindings: bindingsOf('b') },
      'SEC_E_BAD_BINDINGS',
      /another channel/,
      'SEC_E_WRONG_PRINCIPAL',
    ],
    [
      'missing bindings where they are required',
      { serverBindings: bindingsOf('b'), policy: { channelBindings: 'required' } },
      'SEC_E_BAD_BINDINGS',
      /policy requires them/,
      'SEC_E_WRONG_PRINCIPAL',
    ],
    [
      'a client that does not encrypt',
      { confidentiality: false },
      'SEC_E_SECURITY_QOS_FAILED',
      /confidentiality was asked for/,
      'SEC_E_LOGON_DENIED',
    ],
  ]
  for (const [name, meeting, code, words, clientCode] of cases) {
    test(`${name}: ${code}`, async () => {
      // The client would not use such a ticket: it is given as it is, so only the server looks.
      const refused = await refusal(meeting)
      assert.equal(refused.server.code, code, refused.server.message)
      assert.match(refused.server.message, words)
      assert.equal(refused.client.code, clientCode, refused.client.message)
    })
  }

  test('a replay, also for another acceptor with the same cache', async () => {
    const { client, server, again } = meet()
    const { token } = await client.step()
    await server.step(token)
    await assert.rejects(again().step(token), { code: 'SEC_E_LOGON_DENIED', message: /a replay/ })
  })

  test('a first token of a kind that it does not know, or that has no place there: KRB_AP_ERR_MSG_TYPE', async () => {
    const { client, server, again } = meet()
    const { token } = await client.step()
    const at = Buffer.from(token!).indexOf(Uint8Array.of(1, 0, 0x6e))
    for (const id of [7, 2, 3]) {
      const strange = token!.slice()
      strange[at] = id
      const refused = await failure(() => (id === 7 ? server : again()).step(strange))
      assert.equal(refused.code, 'SEC_E_INVALID_TOKEN')
      const { kind, message, oid } = readContextToken(refused.token!)
      assert.deepEqual([kind, oid], ['error', KERBEROS_OID])
      assert.equal(readErrorMessage(message).errorCode, 40)
    }
    const bare = await failure(() => again().step(Uint8Array.of(0x6f, 0)))
    assert.equal(bare.token, undefined)
  })

  test('a request of another version: KRB_AP_ERR_BADVERSION', async () => {
    const { client, server } = meet()
    const token = (await client.step()).token!.slice()
    // a0 03 02 01 05: pvno, the first field.
    const at = Buffer.from(token).indexOf(Uint8Array.of(0xa0, 3, 2, 1, 5)) + 4
    token[at] = 4
    const refused = await failure(() => server.step(token))
    assert.equal(refused.code, 'SEC_E_INVALID_TOKEN')
    assert.match(refused.message, /version 4, this is 5/)
    assert.equal(readErrorMessage(readContextToken(refused.token!).message).errorCode, 39)
  })

  test('everything, while the replay cache does not answer', async () => {
    const replays: ReplayCache = {
      remember: () => {
        throw new Error('no connection')
      },
    }
    const { client, server } = meet({ replays })
    const { token } = await client.step()
    await assert.rejects(server.step(token), SspiError)
  })

  test('a request that was changed on its way', async () => {
    const { client, again } = meet()
    const { token } = await client.step()
    const changed = token!.slice()
    changed[changed.length - 20]! ^= 1
    await assert.rejects(again().step(changed), {
      code: 'SEC_E_MESSAGE_ALTERED',
      message: /authenticator does not open/,
    })
  })
})

test('what a server says of its refusal is shortened, and has no control characters', async () => {
  const { client } = meet()
  await client.step()
  const sname = { nameType: 2, nameString: ['HTTP', 'www.example.com'] }
  const eText = `no\r\n\x1b[2J${'!'.repeat(1000)}`
  const error = { stime: NOON, susec: 0, errorCode: 60, realm: REALM, sname, eText }
  const token = writeContextToken('error', encodeDer(error, writeKrbError), KERBEROS_OID)
  const { message } = await failure(() => client.step(token))
  assert.match(message, /"no\?\?\?\[2J!+"/)
  assert.ok(message.length < 400)
})

suite('what an exchange does when asked to', () => {
  test('a client with a wrong clock tries again by the server’s, where the caller wants that', async () => {
    const meeting = meet({ ahead: 3000, flags: ISC_REQ_EXTENDED_ERROR })
    assert.equal(await shakeHands(meeting), 4)
    assert.deepEqual(meeting.server.session.unseal(meeting.client.session.seal(TEXT)), TEXT)
  })

  test('a refusal for the clock says that another try is welcome (MS-KILE 2.2.2)', async () => {
    const { client, server } = meet({ ahead: 3000 })
    const refused = await failure(async () => server.step((await client.step()).token))
    const { errorCode, eData } = readErrorMessage(readContextToken(refused.token!).message)
    assert.equal(errorCode, 37)
    // KERB_AP_ERR_TYPE_SKEW_RECOVERY
    assert.equal(decodeDer(eData!, readKerbErrorData).dataType, 2)
  })

  test('a name of a service is the same in another case, as Windows has it', async () => {
    const keytab = (kdc: TinyKdc): Uint8Array => {
      const text = Buffer.from(kdc.keytab(SERVICE)).toString('latin1').replace('www.example', 'WWW.Example')
      return Uint8Array.from(Buffer.from(text, 'latin1'))
    }
    await shakeHands(meet({ keytab }))
    await shakeHands(meet({ policy: { targetNames: [SERVICE.toUpperCase()] } }))
  })

  test('missing bindings pass where the caller says so', async () => {
    const policy = { channelBindings: 'required' } as const
    const meeting = meet({ serverBindings: bindingsOf('b'), policy, serverFlags: ASC_REQ_ALLOW_MISSING_BINDINGS })
    await shakeHands(meeting)
    const bound = meet({ bindings: bindingsOf('b'), serverBindings: bindingsOf('b'), policy })
    await shakeHands(bound)
  })

  test('DCE style takes three legs', async () => {
    const meeting = meet({ flags: ISC_REQ_USE_DCE_STYLE })
    assert.equal(await shakeHands(meeting), 3)
    const { client, server } = meeting
    assert.deepEqual(server.session.unseal(client.session.seal(TEXT)), TEXT)
    server.session.verify(TEXT, client.session.sign(TEXT))
  })

  test('a third leg that is not one ends the exchange', async () => {
    const { client, server } = meet({ flags: ISC_REQ_USE_DCE_STYLE })
    const { token } = await client.step()
    const { token: reply } = await server.step(token)
    const { token: third } = await client.step(reply)
    const changed = third!.slice()
    changed[changed.length - 1]! ^= 1
    await assert.rejects(server.step(changed), { code: 'SEC_E_MESSAGE_ALTERED' })
    await assert.rejects(server.step(third), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('the acceptor’s own AP-REP, sent back, is no third leg', async () => {
    const { client, server } = meet({ flags: ISC_REQ_USE_DCE_STYLE })
    const { token } = await client.step()
    const { token: reply } = await server.step(token)
    // Under the right key and with the right number: whoever replays an AP-REQ could send it.
    await assert.rejects(server.step(reply), { code: 'SEC_E_MESSAGE_ALTERED', message: /third leg/ })
  })

  test('a delegated ticket, SECPKG_ATTR_DELEGATED_TICKETS, serves for another service', async () => {
    const meeting = meet({ flags: ISC_REQ_DELEGATE })
    await shakeHands(meeting)
    const { cache } = meeting.server.session.attribute(SECPKG_ATTR_DELEGATED_TICKETS)
    assert.ok(meeting.client.session.achieved.includes('delegation'))
    const table = testTable([kerberosPackage({ defaultRealm: REALM })], {
      driver: createDriver({ accounts: undefined, kdc: (query) => meeting.kdc.answer(query) }),
    })
    const onward = table.initiate({ package: 'Kerberos', target: OTHER, credentials: ticketCacheCredential({ cache }) })
    assert.ok((await onward.step()).token)
  })

  test('a ticket is delegated to those only that the KDC says may have it, where the settings want that', async () => {
    const options = { enforceOkAsDelegate: true }
    for (const ticketFlags of [0, TicketFlag.OK_AS_DELEGATE]) {
      const meeting = meet({ flags: ISC_REQ_DELEGATE, options, kdc: { ticketFlags } })
      await shakeHands(meeting)
      assert.equal(meeting.client.session.achieved.includes('delegation'), ticketFlags !== 0)
    }
  })

  test('realms on the way that no KDC has checked pass where capaths allows them, or the KDC has checked them', async () => {
    const transited = { trType: TransitedType.DOMAIN_X500_COMPRESS, contents: new TextEncoder().encode('FRIEND') }
    const capaths = new Map([[REALM, new Map([[REALM, ['FRIEND']]])]])
    await shakeHands(meet({ kdc: { transited }, serverOptions: { capaths } }))
    await shakeHands(meet({ kdc: { transited, ticketFlags: TicketFlag.TRANSITED_POLICY_CHECKED } }))
  })

  test('a ticket that is too long to be delegated is not, and the attributes say so', async () => {
    const authorizationData = [{ adType: AuthorizationDataType.AD_WIN2K_PAC, adData: new Uint8Array(66_000) }]
    const meeting = meet({ flags: ISC_REQ_DELEGATE, kdc: { tgtAuthorizationData: authorizationData } })
    await shakeHands(meeting)
    assert.ok(!meeting.client.session.achieved.includes('delegation'))
  })

  test('a ticket to be forwarded that no KDC answers for is not delegated, and the attributes say so', async () => {
    const delegates = async (most: number): Promise<{ asked: number; delegated: boolean }> => {
      const meeting = meet({ flags: ISC_REQ_DELEGATE })
      const answer = meeting.kdc.answer.bind(meeting.kdc)
      let asked = 0
      meeting.kdc.answer = (query) => {
        if (++asked > most) throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC answers')
        return answer(query)
      }
      await shakeHands(meeting)
      return { asked, delegated: meeting.client.session.achieved.includes('delegation') }
    }
    const { asked, delegated } = await delegates(Infinity)
    assert.ok(delegated)
    assert.deepEqual(await delegates(asked - 1), { asked, delegated: false })
    await assert.rejects(delegates(asked - 2), { code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: 'no KDC answers' })
  })

  test('what a PAC says is shown and not believed, where it shall be ignored', async () => {
    const authorizationData = [{ adType: AuthorizationDataType.AD_WIN2K_PAC, adData: TEXT }]
    const meeting = meet({ kdc: { authorizationData }, serverOptions: { pac: 'ignored' } })
    await shakeHands(meeting)
    const { session } = meeting.server
    const { unverifiedPac, verifiedPac } = session.attribute(SECPKG_ATTR_KERBEROS_TICKET)
    assert.deepEqual([unverifiedPac, verifiedPac], [TEXT, undefined])
    assert.deepEqual([session.peer?.name, session.peer?.domain, session.peer?.sid], ['alice', REALM, undefined])
  })

  test('authorization data that is not known passes where it says that it may be passed over, and where it is for KDCs', async () => {
    const unknown = encodeDer([{ adType: 77, adData: TEXT }], writeAuthorizationData)
    const authorizationData = [
      { adType: AuthorizationDataType.AD_IF_RELEVANT, adData: unknown },
      { adType: AuthorizationDataType.AD_MANDATORY_FOR_KDC, adData: unknown },
    ]
    const meeting = meet({ kdc: { authorizationData } })
    await shakeHands(meeting)
    const { authorizationData: told } = meeting.server.session.attribute(SECPKG_ATTR_KERBEROS_TICKET)
    assert.deepEqual(
      told.map(({ type, data }) => ({ adType: type, adData: data })),
      authorizationData,
    )
  })

  test('in a datagram context the caller counts', async () => {
    const meeting = meet({ flags: ISC_REQ_DATAGRAM, serverFlags: ISC_REQ_DATAGRAM })
    await shakeHands(meeting)
    assert.ok(meeting.client.session.attribute(SECPKG_ATTR_FLAGS).flags & ISC_REQ_DATAGRAM)
  })

  for (const [name, enctype, options] of [
    ['RC4', Enctype.RC4_HMAC, { insecureAllowRc4: true }],
    ['triple DES', Enctype.DES3_CBC_SHA1_KD, { insecureAllowDes3: true }],
    ['Camellia', Enctype.CAMELLIA256_CTS_CMAC, {}],
  ] as const) {
    test(`${name} serves where it is let in, and not otherwise`, async () => {
      const permittedEnctypes = [enctype]
      const meeting = meet({ kdc: { enctype }, options: { ...options, permittedEnctypes } })
      await shakeHands(meeting)
      const { client, server } = meeting
      for (const length of [0, 1, 7, 8, 200, 70_000]) {
        const message = new Uint8Array(length).fill(length)
        assert.deepEqual(server.session.unseal(client.session.seal(message)), message)
        assert.deepEqual(client.session.unseal(server.session.seal(message)), message)
        server.session.verify(message, client.session.sign(message))
      }
      const sealed = client.session.seal(TEXT)
      for (let at = 0; at < sealed.length; at++) {
        const changed = sealed.slice()
        changed[at]! ^= 1
        assert.throws(() => server.session.unseal(changed), SspiError, `byte ${at}`)
      }
      assert.deepEqual(server.session.unseal(sealed), TEXT)
      await assert.rejects(meet({ kdc: { enctype } }).client.step(), SspiError)
    })
  }
})

function bindingsOf(text: string): ChannelBindings {
  return { applicationData: new TextEncoder().encode(text) }
}
