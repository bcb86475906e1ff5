// Requests that a client, or a KDC, has made with the right keys, and that say what none should.
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { AuthorizationDataType, KerberosErrorCode as Code, NameType } from '../../../src/kerberos/constants.js'
import { Enctype, KerberosKey, KeyUsage } from '../../../src/kerberos/enctypes/index.js'
import { writeKeytab } from '../../../src/kerberos/files/index.js'
import {
  GSS_CHECKSUM_TYPE,
  GssFlag,
  writeAuthenticatorChecksum,
} from '../../../src/kerberos/gss/authenticator-checksum.js'
import { readContextToken, writeContextToken } from '../../../src/kerberos/gss/context-tokens.js'
import { readErrorMessage } from '../../../src/kerberos/gss/error-tokens.js'
import { KERBEROS_OID } from '../../../src/kerberos/gss/oids.js'
import { kerberosPackage, NO_TRANSITED } from '../../../src/kerberos/index.js'
import {
  encodeDer,
  makeTicket,
  writeApReq,
  writeAuthenticator,
  writeAuthorizationData,
  writeEncKrbCredPart,
  writeEncTicketPart,
  writeKrbCred,
  type ApReq,
  type Authenticator,
  type AuthorizationDataElement,
  type EncTicketPart,
  type Ticket,
  type TicketFields,
} from '../../../src/kerberos/messages/index.js'
import { memoryReplayCache } from '../../../src/io/stores/index.js'
import { keytabCredential, SspiError, type AcceptorExchange, type FailureName } from '../../../src/sspi/index.js'
import { createDriver } from '../../../src/system/driver.js'
import { countingRandom, NOON, testTable } from '../../compliance/suite.js'

const REALM = 'EXAMPLE.COM'
const ETYPE = Enctype.AES256_CTS_HMAC_SHA1_96
const random = countingRandom()
const serviceKey = KerberosKey.generate(ETYPE, random)
const sessionKey = KerberosKey.generate(ETYPE, random)
const named = (...nameString: readonly string[]) => ({ nameType: NameType.NT_PRINCIPAL, nameString })
const SERVICE = named('HTTP', 'www.example.com')
const ALICE = named('alice')
const atYear = (year: number): Date => new Date(`${String(year).padStart(4, '0')}-06-01T00:00:00Z`)
const hour = (hours: number): Date => new Date(NOON.getTime() + hours * 3_600_000)

/** What of a request is otherwise than in a good one. */
interface Absurd {
  readonly ticket?: Partial<TicketFields>
  readonly kvno?: number
  readonly part?: Partial<EncTicketPart>
  readonly authenticator?: Partial<Authenticator>
  readonly request?: Partial<ApReq>
  /** Versions of the key in the keytab. */
  readonly kvnos?: readonly number[]
}

function keyOf(key: KerberosKey): { readonly keytype: number; readonly keyvalue: Uint8Array } {
  return { keytype: key.enctype, keyvalue: key.reveal() }
}

function ticketOf({ ticket, kvno = 3, part }: Absurd): Ticket {
  const plain: EncTicketPart = {
    flags: 0,
    key: keyOf(sessionKey),
    crealm: REALM,
    cname: ALICE,
    transited: NO_TRANSITED,
    authtime: NOON,
    endtime: hour(8),
    ...part,
  }
  const cipher = serviceKey.encrypt(KeyUsage.KDC_REP_TICKET, encodeDer(plain, writeEncTicketPart))
  return makeTicket({ realm: REALM, sname: SERVICE, encPart: { etype: ETYPE, kvno, cipher }, ...ticket })
}

function checksumOf(delegation?: Uint8Array): Authenticator['cksum'] {
  const wanted = GssFlag.MUTUAL | GssFlag.INTEGRITY | GssFlag.CONFIDENTIALITY
  const flags = wanted | (delegation === undefined ? 0 : GssFlag.DELEGATE)
  const checksum = writeAuthenticatorChecksum({ bindings: new Uint8Array(16), flags, delegation })
  return { cksumtype: GSS_CHECKSUM_TYPE, checksum }
}

function tokenOf(absurd: Absurd): Uint8Array {
  const authenticator: Authenticator = {
    crealm: REALM,
    cname: ALICE,
    cksum: checksumOf(),
    cusec: 1,
    ctime: NOON,
    seqNumber: 1,
    ...absurd.authenticator,
  }
  const cipher = sessionKey.encrypt(KeyUsage.AP_REQ_AUTHENTICATOR, encodeDer(authenticator, writeAuthenticator))
  const request = {
    apOptions: 0,
    ticket: ticketOf(absurd),
    authenticator: { etype: ETYPE, cipher },
    ...absurd.request,
  }
  return writeContextToken('ap-req', encodeDer(request, writeApReq), KERBEROS_OID)
}

async function meet(absurd: Absurd): Promise<AcceptorExchange> {
  const now = (): Date => NOON
  const driver = createDriver({ accounts: undefined, replays: memoryReplayCache({ now }) })
  const table = testTable([kerberosPackage({ defaultRealm: REALM })], { now, driver })
  const { kvnos = [3] } = absurd
  const entry = { realm: REALM, name: SERVICE, timestamp: 0, key: keyOf(serviceKey) }
  const entries = kvnos.map((kvno) => ({ ...entry, kvno }))
  const keytab = writeKeytab({ version: 2, byteOrder: 'big', entries })
  const server = table.accept({ package: 'Kerberos', credentials: keytabCredential({ keytab }) })
  await server.step(tokenOf(absurd))
  return server
}

function elements(count: number, adType = AuthorizationDataType.AD_IF_RELEVANT as number): AuthorizationDataElement[] {
  return Array.from({ length: count }, () => ({ adType, adData: encodeDer([], writeAuthorizationData) }))
}

/** AD-IF-RELEVANT in itself, so deep. */
function nested(depth: number): readonly AuthorizationDataElement[] {
  let inner = elements(1)
  for (let i = 1; i < depth; i++) {
    inner = [{ adType: AuthorizationDataType.AD_IF_RELEVANT, adData: encodeDer(inner, writeAuthorizationData) }]
  }
  return inner
}

function delegationOf(tickets: number, infos: number, owner = ALICE): Uint8Array {
  const info = { key: keyOf(sessionKey), prealm: REALM, pname: owner, flags: 0, srealm: REALM, sname: SERVICE }
  const part = { ticketInfo: Array.from({ length: infos }, () => info) }
  const cipher = sessionKey.encrypt(KeyUsage.KRB_CRED_ENCPART, encodeDer(part, writeEncKrbCredPart))
  const list = Array.from({ length: tickets }, () => ticketOf({}))
  return encodeDer({ tickets: list, encPart: { etype: ETYPE, cipher } }, writeKrbCred)
}

const WEAK = { keytype: Enctype.RC4_HMAC, keyvalue: new Uint8Array(16).fill(7) }
const UNKNOWN = { keytype: 9999, keyvalue: new Uint8Array(32).fill(7) }
const SHORT = { keytype: ETYPE, keyvalue: new Uint8Array(31).fill(7) }

suite('an acceptor refuses, of who has the right keys', () => {
  const cases: readonly (readonly [what: string, absurd: Absurd, code: FailureName, errorCode: number | undefined])[] =
    [
      ['a subkey of RC4', { authenticator: { subkey: WEAK } }, 'SEC_E_KDC_UNKNOWN_ETYPE', Code.KDC_ERR_ETYPE_NOSUPP],
      [
        'a subkey of a type that nobody knows',
        { authenticator: { subkey: UNKNOWN } },
        'SEC_E_KDC_UNKNOWN_ETYPE',
        Code.KDC_ERR_ETYPE_NOSUPP,
      ],
      ['a subkey that is too short', { authenticator: { subkey: SHORT } }, 'SEC_E_INVALID_TOKEN', undefined],
      ['a session key of RC4', { part: { key: WEAK } }, 'SEC_E_KDC_UNKNOWN_ETYPE', Code.KDC_ERR_ETYPE_NOSUPP],
      [
        'a session key of a type that nobody knows',
        { part: { key: UNKNOWN } },
        'SEC_E_KDC_UNKNOWN_ETYPE',
        Code.KDC_ERR_ETYPE_NOSUPP,
      ],
      ['a session key that is too short', { part: { key: SHORT } }, 'SEC_E_INVALID_TOKEN', undefined],
      [
        'the ticket of another client',
        { authenticator: { cname: named('bob') } },
        'SEC_E_LOGON_DENIED',
        Code.KRB_AP_ERR_BADMATCH,
      ],
      [
        'the ticket of a client of another realm',
        { authenticator: { crealm: 'OTHER.EXAMPLE' } },
        'SEC_E_LOGON_DENIED',
        Code.KRB_AP_ERR_BADMATCH,
      ],
      [
        'a name that only looks like the client',
        { authenticator: { cname: named('alice', '') } },
        'SEC_E_LOGON_DENIED',
        Code.KRB_AP_ERR_BADMATCH,
      ],
      ['no checksum', { authenticator: { cksum: undefined } }, 'SEC_E_INVALID_TOKEN', Code.KRB_AP_ERR_INAPP_CKSUM],
      [
        'a checksum that is none of GSS-API',
        { authenticator: { cksum: { cksumtype: 16, checksum: new Uint8Array(24) } } },
        'SEC_E_INVALID_TOKEN',
        Code.KRB_AP_ERR_INAPP_CKSUM,
      ],
      [
        'a checksum that is cut off',
        { authenticator: { cksum: { cksumtype: GSS_CHECKSUM_TYPE, checksum: new Uint8Array(5) } } },
        'SEC_E_INVALID_TOKEN',
        undefined,
      ],
      ['a time of the year 9999', { authenticator: { ctime: atYear(9999) } }, 'SEC_E_TIME_SKEW', Code.KRB_AP_ERR_SKEW],
      ['a time of the year 0', { authenticator: { ctime: atYear(0) } }, 'SEC_E_TIME_SKEW', Code.KRB_AP_ERR_SKEW],
      [
        'a ticket that starts in the year 9999',
        { part: { starttime: atYear(9999), endtime: atYear(9999) } },
        'SEC_E_TIME_SKEW',
        Code.KRB_AP_ERR_TKT_NYV,
      ],
      [
        'a ticket that ended in the year 0',
        { part: { endtime: atYear(0) } },
        'SEC_E_CONTEXT_EXPIRED',
        Code.KRB_AP_ERR_TKT_EXPIRED,
      ],
      [
        'an authenticator that is restricted by what nobody knows',
        { authenticator: { authorizationData: elements(1, -77) } },
        'SEC_E_LOGON_DENIED',
        Code.KDC_ERR_POLICY,
      ],
      [
        'authorization data that lies too deep',
        { part: { authorizationData: nested(10) } },
        'SEC_E_INVALID_TOKEN',
        undefined,
      ],
      [
        'a service that has one name more',
        { ticket: { sname: named('HTTP', 'www.example.com', 'x') } },
        'SEC_E_WRONG_PRINCIPAL',
        Code.KRB_AP_ERR_NOT_US,
      ],
      ['a service without a name', { ticket: { sname: named() } }, 'SEC_E_WRONG_PRINCIPAL', Code.KRB_AP_ERR_NOT_US],
      [
        'the same service of another realm',
        { ticket: { realm: 'example.com' } },
        'SEC_E_WRONG_PRINCIPAL',
        Code.KRB_AP_ERR_NOT_US,
      ],
      ['a version of the key that is not there', { kvno: 4 }, 'SEC_E_NO_KERB_KEY', Code.KRB_AP_ERR_BADKEYVER],
      [
        'a version whose low 8 bits alone are the same, where the keytab has all of them',
        { kvno: 3, kvnos: [259] },
        'SEC_E_NO_KERB_KEY',
        Code.KRB_AP_ERR_BADKEYVER,
      ],
      [
        'a ticket under the key of another ticket',
        { request: { apOptions: 0x4000_0000 } },
        'SEC_E_UNSUPPORTED_FUNCTION',
        Code.KRB_AP_ERR_NO_TGT,
      ],
      [
        'the tickets of somebody else, delegated',
        { authenticator: { cksum: checksumOf(delegationOf(1, 1, named('bob'))) } },
        'SEC_E_DELEGATION_POLICY',
        Code.KRB_AP_ERR_BADMATCH,
      ],
      [
        'a delegation of nothing',
        { authenticator: { cksum: checksumOf(delegationOf(0, 0)) } },
        'SEC_E_INVALID_TOKEN',
        Code.KRB_AP_ERR_MODIFIED,
      ],
      [
        'a delegation of fewer tickets than it speaks of',
        { authenticator: { cksum: checksumOf(delegationOf(1, 2)) } },
        'SEC_E_INVALID_TOKEN',
        Code.KRB_AP_ERR_MODIFIED,
      ],
      [
        'a delegation of more tickets than anybody has',
        { authenticator: { cksum: checksumOf(delegationOf(65, 65)) } },
        'SEC_E_INVALID_TOKEN',
        Code.KRB_AP_ERR_MODIFIED,
      ],
    ]
  for (const [what, absurd, code, errorCode] of cases) {
    test(what, async () => {
      const refused = await meet(absurd).then(
        () => assert.fail('it was taken'),
        (error: unknown) => error,
      )
      assert.ok(refused instanceof SspiError, String(refused))
      assert.equal(refused.code, code, refused.message)
      const told = refused.token && readErrorMessage(readContextToken(refused.token).message)
      assert.equal(told?.errorCode, errorCode)
    })
  }
})

suite('an acceptor takes', () => {
  const cases: readonly (readonly [what: string, absurd: Absurd])[] = [
    ['a good request', {}],
    [
      'names of any type, and of services in any case (RFC 4120 section 6.2)',
      {
        ticket: { sname: { nameType: -1, nameString: ['http', 'WWW.EXAMPLE.COM'] } },
        authenticator: { cname: { nameType: 0x7fff_ffff, nameString: ['alice'] } },
      },
    ],
    ['a version of the key of which the keytab has 8 bits', { kvno: 259 }],
    ['the key of a read-only domain controller, whose number is in the high bits', { kvno: 0x8123_0003 }],
    ['numbers at their end', { authenticator: { seqNumber: 0xffff_ffff, cusec: 999_999 } }],
    [
      'a ticket until the year 9999',
      { part: { endtime: atYear(9999), renewTill: atYear(9999), starttime: atYear(0) } },
    ],
    ['as much authorization data as there may be', { part: { authorizationData: elements(250) } }],
    ['authorization data as deep as there may be', { part: { authorizationData: nested(8) } }],
    ['several delegated tickets', { authenticator: { cksum: checksumOf(delegationOf(2, 2)) } }],
  ]
  for (const [what, absurd] of cases) {
    test(what, async () => {
      const { session } = await meet(absurd)
      assert.equal(session.peer?.name, 'alice')
      session[Symbol.dispose]()
    })
  }
})

test('what an acceptor says of names that nobody has signed is short, and has no control characters', async () => {
  const nameString = ['HTTP', `\r\u001b[2J\u0007${'x'.repeat(30_000)}`]
  for (const ticket of [{ sname: named(...nameString) }, { realm: nameString.join() }]) {
    const refused = await meet({ ticket }).then(
      () => assert.fail('it was taken'),
      (error: unknown) => error,
    )
    assert.ok(refused instanceof SspiError)
    assert.doesNotMatch(refused.message, /\p{Cc}/u)
    assert.ok(refused.message.length < 500, String(refused.message.length))
  }
})
