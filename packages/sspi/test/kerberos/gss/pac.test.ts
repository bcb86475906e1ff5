import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex } from '../../../src/bytes/index.js'
import { AuthorizationDataType } from '../../../src/kerberos/constants.js'
import { Enctype, type KerberosKey } from '../../../src/kerberos/enctypes/index.js'
import { kerberosPackage, type KerberosOptions } from '../../../src/kerberos/index.js'
import {
  encodeDer,
  writeAuthorizationData,
  type AuthorizationDataElement,
} from '../../../src/kerberos/messages/index.js'
import { pacBuffer, PacBufferType, readLogonInfo, readPac } from '../../../src/kerberos/pac/index.js'
import {
  keytabCredential,
  never,
  SECPKG_ATTR_KERBEROS_TICKET,
  SECPKG_ATTR_LOGOFF_TIME,
  SECPKG_ATTR_PASSWORD_EXPIRY,
  SECPKG_ATTR_USER_FLAGS,
  SECPKG_CRED_ATTR_PAC_BYPASS,
  SECPKG_CRED_INBOUND,
  type AcceptorExchange,
  type SecureSession,
} from '../../../src/sspi/index.js'
import { memoryReplayCache } from '../../../src/io/stores/index.js'
import { createDriver } from '../../../src/system/driver.js'
import { countingRandom, testTable } from '../../compliance/suite.js'
import { entryOf, NOW, pacOf, signed, WINDOWS_2022 } from './signed-pac.js'
import { REALM, TinyKdc } from './tiny-kdc.js'

// PACs that Windows and others have made, signed anew under the key of the test's service.

const SERVICE = 'HTTP/www.example.com'
const DOMAIN = 'S-1-5-21-133451344-1126667713-3548050118'

/** What of a meeting differs from the default. */
interface Meeting {
  readonly user?: string
  readonly enctype?: number
  readonly options?: KerberosOptions
  /** The PAC as it goes into the ticket. Default: the one of Windows 2022, well signed. */
  readonly pac?: (key: KerberosKey) => Uint8Array | undefined
  /** How it goes in. Default: within AD-IF-RELEVANT, as MS-KILE 2.2.3 has it. */
  readonly wrap?: (pac: AuthorizationDataElement) => readonly AuthorizationDataElement[]
  /** Whether the server's credential passes over PACs. Default `false`. */
  readonly bypass?: boolean
  /** How long before now the client authenticated first, in seconds. */
  readonly age?: number
}

/** Lets a client with a ticket in; what the server knows of it then. */
async function accept(meeting: Meeting = {}): Promise<SecureSession> {
  const server = await begin(meeting)
  return server.session
}

async function begin(meeting: Meeting): Promise<AcceptorExchange> {
  const { user = WINDOWS_2022.user, enctype = Enctype.AES256_CTS_HMAC_SHA1_96, age = 0 } = meeting
  const { pac = (key: KerberosKey) => signed(pacOf(WINDOWS_2022.name), key), wrap = relevant } = meeting
  const now = (): Date => new Date(NOW.getTime() + age * 1000)
  const authorizationData = (key: KerberosKey): readonly AuthorizationDataElement[] => {
    const adData = pac(key)
    return adData === undefined ? [] : wrap({ adType: AuthorizationDataType.AD_WIN2K_PAC, adData })
  }
  const kdc = new TinyKdc({ now, random: countingRandom(), enctype, authorizationData }, user, SERVICE)
  const options: KerberosOptions = { defaultRealm: REALM, ...meeting.options }
  const client = testTable([kerberosPackage(options)], {
    now,
    driver: createDriver({ accounts: undefined, kdc: (query) => kdc.answer(query) }),
  }).initiate({ package: 'Kerberos', target: SERVICE, credentials: keytabCredential({ keytab: kdc.keytab(user) }) })
  const acceptor = testTable([kerberosPackage(options)], {
    now,
    driver: createDriver({ accounts: undefined, replays: memoryReplayCache({ now }) }),
  })
  const authData = keytabCredential({ keytab: kdc.keytab(SERVICE) })
  const request = { package: 'Kerberos', credentialUse: SECPKG_CRED_INBOUND, authData }
  const { credential } = await acceptor.acquireCredentialsHandle(request)
  if (meeting.bypass === true) acceptor.setCredentialsAttributes(credential, SECPKG_CRED_ATTR_PAC_BYPASS, true)
  const server = acceptor.accept({ package: 'Kerberos', credentials: credential })
  const { token } = await client.step()
  await server.step(token)
  return server
}

const relevant = (pac: AuthorizationDataElement): readonly AuthorizationDataElement[] => [
  { adType: AuthorizationDataType.AD_IF_RELEVANT, adData: encodeDer([pac], writeAuthorizationData) },
]

suite('a good PAC', () => {
  test('gives SID, groups, account name and UPN, and says what was checked of them; SECPKG_ATTR_KERBEROS_TICKET has it whole', async () => {
    const session = await accept()
    const { user, origins, ...token } = session.accessToken
    assert.deepEqual([user.name, user.domain], ['administrator', REALM])
    assert.equal(user.sid, `${DOMAIN}-500`)
    assert.deepEqual(user.groups, [
      ...[513, 512, 520, 518, 519].map((number) => `${DOMAIN}-${number}`),
      'S-1-18-1',
      `${DOMAIN}-572`,
    ])
    assert.equal(token.qualifiedName, 'W2022-L7\\Administrator')
    assert.equal(token.userPrincipalName, 'Administrator@w2022-l7.base')
    const pac = {
      source: 'pac',
      integrity: 'signed',
      unchecked: ['KDC signature', 'ticket signature', 'extended KDC signature'],
    }
    assert.deepEqual(origins, {
      name: { source: 'ticket', integrity: 'sealed', unchecked: [] },
      userPrincipalName: pac,
      accountName: pac,
      sid: pac,
      groups: pac,
    })
    const { verifiedPac, unverifiedPac } = session.attribute(SECPKG_ATTR_KERBEROS_TICKET)
    assert.equal(readPac(verifiedPac!).buffers.length, 7)
    assert.equal(unverifiedPac, undefined)
  })

  test('goes along when the session moves', async () => {
    const session = await accept()
    const before = session.accessToken
    const key = new Uint8Array(32).fill(7)
    const blob = session.export({ key })
    const elsewhere = testTable([kerberosPackage()], { now: () => NOW })
    const moved = await elsewhere.importSession({ package: 'Kerberos', blob, key })
    assert.deepEqual(moved.accessToken, before)
  })

  test('may stand in the ticket itself, outside of AD-IF-RELEVANT', async () => {
    assert.equal((await accept({ wrap: (pac) => [pac] })).peer?.sid, `${DOMAIN}-500`)
  })

  test('says when the password expires and when to log off, as SECPKG_ATTR_PASSWORD_EXPIRY and SECPKG_ATTR_LOGOFF_TIME', async () => {
    const session = await accept()
    const { verifiedPac, endTime } = session.attribute(SECPKG_ATTR_KERBEROS_TICKET)
    const { userFlags } = readLogonInfo(pacBuffer(readPac(verifiedPac!), PacBufferType.LOGON_INFO)!.bytes)
    assert.deepEqual(session.attribute(SECPKG_ATTR_USER_FLAGS), { userFlags })
    // That administrator's password never expires, and nothing ends before the ticket.
    assert.deepEqual(session.attribute(SECPKG_ATTR_PASSWORD_EXPIRY), { passwordExpires: never() })
    assert.deepEqual(session.attribute(SECPKG_ATTR_LOGOFF_TIME), { logoffTime: endTime })
    const unchecked = await accept({ options: { pac: 'ignored' } })
    for (const attribute of [SECPKG_ATTR_PASSWORD_EXPIRY, SECPKG_ATTR_USER_FLAGS] as const) {
      assert.throws(() => unchecked.attribute(attribute), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    }
  })

  test('has no say, however it is signed, with a credential that has SECPKG_CRED_ATTR_PAC_BYPASS set', async () => {
    for (const pac of [undefined, (): Uint8Array => pacOf(WINDOWS_2022.name)]) {
      const session = await accept({ bypass: true, ...(pac === undefined ? {} : { pac }) })
      assert.deepEqual([session.peer?.sid, session.peer?.groups], [undefined, []])
      assert.deepEqual(session.attribute(SECPKG_ATTR_KERBEROS_TICKET).authorizationData, [])
    }
  })

  test('has no say where it shall be ignored', async () => {
    const session = await accept({ options: { pac: 'ignored' } })
    assert.deepEqual([session.peer?.sid, session.peer?.groups], [undefined, []])
    assert.equal(session.accessToken.qualifiedName, `${REALM}\\administrator`)
    assert.equal(session.attribute(SECPKG_ATTR_KERBEROS_TICKET).verifiedPac, undefined)
  })

  test('may be missing, and may not where it is required', async () => {
    const pac = (): undefined => undefined
    const session = await accept({ pac })
    assert.equal(session.peer?.sid, undefined)
    assert.deepEqual(session.accessToken.origins.name, { source: 'ticket', integrity: 'sealed', unchecked: [] })
    await refused({ pac, options: { pac: 'required' } }, 'SEC_E_LOGON_DENIED', /it has no PAC, which is required/)
  })

  for (const [what, enctype, options] of [
    ['AES-128', Enctype.AES128_CTS_HMAC_SHA1_96, {}],
    ['AES-256 with SHA-2', Enctype.AES256_CTS_HMAC_SHA384_192, {}],
    ['AES-128 with SHA-2', Enctype.AES128_CTS_HMAC_SHA256_128, {}],
    ['RC4, where that is let in', Enctype.RC4_HMAC, { insecureAllowRc4: true, permittedEnctypes: [Enctype.RC4_HMAC] }],
  ] as const) {
    test(`is checked under a key of ${what}, by the checksum that goes with it`, async () => {
      const session = await accept({ enctype, options })
      assert.equal(session.peer?.sid, `${DOMAIN}-500`)
      const forged = (key: KerberosKey): Uint8Array => change(signed(pacOf(WINDOWS_2022.name), key), 200)
      await refused({ enctype, options, pac: forged }, 'SEC_E_MESSAGE_ALTERED', /the server signature is not that/)
    })
  }
})

suite('a PAC is refused, and its client with it', () => {
  test('when its server signature is under another key', async () => {
    await refused(
      { pac: () => pacOf(WINDOWS_2022.name) },
      'SEC_E_MESSAGE_ALTERED',
      /the server signature is not that of the server's key/,
    )
  })

  test('when anything in it was changed', async () => {
    for (const type of [PacBufferType.LOGON_INFO, PacBufferType.UPN_DNS_INFO, PacBufferType.CLIENT_INFO]) {
      const pac = (key: KerberosKey): Uint8Array => {
        const good = signed(pacOf(WINDOWS_2022.name), key)
        return change(good, pacBuffer(readPac(good), type)!.offset + 60)
      }
      await refused({ pac }, 'SEC_E_MESSAGE_ALTERED', /signature/)
    }
  })

  test('when the signature is of a type that is not the key’s: anybody’s digest, or RC4’s', async () => {
    for (const type of [7 /* MD5 */, 14 /* SHA-1 */, -138 /* HMAC-MD5, which takes any key */, 15]) {
      const pac = (key: KerberosKey): Uint8Array => signed(pacOf(WINDOWS_2022.name), key, type)
      await refused({ pac }, 'SEC_E_MESSAGE_ALTERED', new RegExp(`checksum type ${type} under a key of aes256`))
    }
  })

  test('when it is another client’s', async () => {
    await refused({ user: 'mallory' }, 'SEC_E_LOGON_DENIED', /it is of 'administrator', and the ticket is of mallory/)
  })

  test('when it is of another log-on of the same client', async () => {
    await refused({ age: 1 }, 'SEC_E_LOGON_DENIED', /another log-on than the ticket/)
  })

  test('when it does not say whose it is', async () => {
    const pac = (key: KerberosKey): Uint8Array => signed(renamed(PacBufferType.CLIENT_INFO, 99), key)
    await refused({ pac }, 'SEC_E_LOGON_DENIED', /PAC_CLIENT_INFO is missing/)
  })

  test('when it names two users', async () => {
    const pac = (key: KerberosKey): Uint8Array => {
      const changed = pacOf(WINDOWS_2022.name)
      const { offset, bytes } = pacBuffer(readPac(changed), PacBufferType.UPN_DNS_INFO)!
      // The identifier is the last thing in it that is not padding: its last part, 500.
      const at = offset + lastIndexOf(bytes, Uint8Array.of(0xf4, 0x01, 0, 0))
      changed[at] = 0xf5
      return signed(changed, key)
    }
    await refused({ pac }, 'SEC_E_LOGON_DENIED', /it names several users: .*-500, .*-501/)
  })

  test('when there are two', async () => {
    const wrap = (pac: AuthorizationDataElement) => [...relevant(pac), ...relevant(pac)]
    await refused({ wrap }, 'SEC_E_LOGON_DENIED', /it has 2 PACs/)
  })

  test('when it does not parse, signed or not', async () => {
    await refused({ pac: () => fromHex('0102') }, 'SEC_E_INVALID_TOKEN', /PAC/)
    const pac = (key: KerberosKey): Uint8Array => {
      const changed = pacOf(WINDOWS_2022.name)
      changed[pacBuffer(readPac(changed), PacBufferType.LOGON_INFO)!.offset] = 9
      return signed(changed, key)
    }
    await refused({ pac }, 'SEC_E_INVALID_TOKEN', /NDR: header: version 9/)
  })
})

test('groups that are not enabled do not count', async () => {
  const pac = (key: KerberosKey): Uint8Array => {
    const changed = pacOf(WINDOWS_2022.name)
    const { offset, bytes } = pacBuffer(readPac(changed), PacBufferType.LOGON_INFO)!
    // The membership of group 512 with attributes 7: enabled is bit 2.
    const at = offset + lastIndexOf(bytes, Uint8Array.of(0, 2, 0, 0, 7, 0, 0, 0))
    changed[at + 4] = 3
    return signed(changed, key)
  }
  const { groups } = (await accept({ pac })).accessToken.user
  assert.ok(!groups.includes(`${DOMAIN}-512`) && groups.includes(`${DOMAIN}-519`))
})

async function refused(meeting: Meeting, code: string, message: RegExp): Promise<void> {
  await assert.rejects(begin(meeting), (error: { code?: string; message?: string; token?: Uint8Array }) => {
    assert.equal(error.code, code)
    assert.match(error.message ?? '', message)
    assert.ok(error.token !== undefined, 'the client is told')
    return true
  })
}

/** The PAC of Windows 2022 with a buffer that is of another type. */
function renamed(from: number, to: number): Uint8Array {
  const bytes = pacOf(WINDOWS_2022.name)
  new DataView(bytes.buffer).setUint32(entryOf(bytes, from), to, true)
  return bytes
}

function change(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at]! ^= 0x40
  return changed
}

function lastIndexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).lastIndexOf(part)
}
