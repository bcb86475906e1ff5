import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { decodeUtf8 } from '../../src/bytes/index.js'
import { readKdcPolicy, type KdcPolicyOptions } from '../../src/kdc/policy.js'
import { acceptedPath, nextRealms } from '../../src/kdc/realm-paths.js'
import {
  AuthorizationDataType,
  encodeDer,
  formatPrincipal,
  KdcError,
  KdcOption,
  KerberosErrorCode as Code,
  KerberosKey,
  KeyUsage,
  krbtgt,
  makeTicket,
  NO_TRANSITED,
  obtainServiceTicket,
  TicketFlag,
  writeAuthorizationData,
  writeEncTicketPart,
  type EncTicketPart,
} from '../../src/kerberos/index.js'
import { SspiError } from '../../src/status/index.js'
import { errorOf, hold, send, tgsReq, ticketPart, type Shown } from './requests.js'
import { ALICE, ENCTYPES, keyOf, NOW, principalOf, TestRealm } from './realm.js'

suite('the path between two realms', () => {
  const capaths = new Map([
    [
      'A',
      new Map([
        ['C', ['B']],
        ['D', ['.']],
        ['E', ['B', 'C']],
      ]),
    ],
  ])
  const policy = readKdcPolicy({ capaths })

  test('is what the configuration says where it says something', () => {
    assert.deepEqual(acceptedPath(policy, 'A', 'E'), ['B', 'C'])
    assert.deepEqual(acceptedPath(policy, 'A', 'D'), [])
    assert.deepEqual(acceptedPath(policy, 'X.Z', 'Y.Z'), ['Z'])
  })

  test('is entered as close to its end as there is a key for', () => {
    assert.deepEqual(nextRealms(policy, 'A', 'E'), ['C', 'B'])
    assert.deepEqual(nextRealms(policy, 'A', 'D'), ['D'])
    assert.deepEqual(nextRealms(policy, 'A.B.C', 'X.C'), ['X.C', 'C', 'B.C'])
  })
})

const trust = (from: string, to: string) => ({
  name: `krbtgt/${to}@${from}`,
  keys: [{ enctype: ENCTYPES[0]!, key: new Uint8Array(32).fill(from.charCodeAt(0) * 7 + to.charCodeAt(0)) }],
})

/** A.EXAMPLE trusts B.EXAMPLE and B.EXAMPLE trusts C.EXAMPLE. */
function threeRealms(policyOfC: KdcPolicyOptions = {}): readonly [TestRealm, TestRealm, TestRealm] {
  const capaths = new Map([['A.EXAMPLE', new Map([['C.EXAMPLE', ['B.EXAMPLE']]])]])
  const a = new TestRealm(
    [ALICE, trust('A.EXAMPLE', 'B.EXAMPLE')],
    { capaths, domainRealm: new Map([['.b.example', 'B.EXAMPLE']]) },
    'A.EXAMPLE',
  )
  const b = new TestRealm(
    [{ name: 'host/h.b.example' }, trust('A.EXAMPLE', 'B.EXAMPLE'), trust('B.EXAMPLE', 'C.EXAMPLE')],
    {},
    'B.EXAMPLE',
  )
  const c = new TestRealm(
    [{ name: 'host/h.c.example' }, { name: 'mallory' }, trust('B.EXAMPLE', 'C.EXAMPLE')],
    { capaths, ...policyOfC },
    'C.EXAMPLE',
  )
  return [a, b, c]
}

suite('a client that goes through realms', () => {
  test('is referred to the realm of the host (RFC 6806 section 8)', async () => {
    const [a, b] = threeRealms()
    const ticket = await a.run(obtainServiceTicket({ ...a.client(), targetName: 'host/h.b.example' }), b)
    assert.equal(formatPrincipal(ticket.server), 'host/h.b.example@B.EXAMPLE')
  })

  test('comes by way of a third one, which its ticket says, and that it was checked', async () => {
    const [a, b, c] = threeRealms()
    const target = { ...a.client(), targetName: 'host/h.c.example@C.EXAMPLE' }
    const ticket = await a.run(obtainServiceTicket(target), b, c)
    const key = await keyOf(c, 'host/h.c.example@C.EXAMPLE')
    const part = ticketPart(ticket, key)
    assert.deepEqual([part.crealm, part.cname.nameString], ['A.EXAMPLE', ['alice']])
    assert.equal(decodeUtf8(part.transited.contents, 'transited'), 'B.EXAMPLE')
    assert.ok(part.flags & TicketFlag.TRANSITED_POLICY_CHECKED)
  })

  test('is refused where the way is not accepted, or gets a ticket that says so', async () => {
    const target = (a: TestRealm) => ({ ...a.client(), targetName: 'host/h.c.example@C.EXAMPLE' })
    const [a, b, c] = threeRealms({ capaths: new Map() })
    await assert.rejects(a.run(obtainServiceTicket(target(a)), b, c), (error: unknown) => {
      assert.ok(error instanceof SspiError && error.cause instanceof KdcError, String(error))
      return error.cause.errorCode === Code.KDC_ERR_PATH_NOT_ACCEPTED
    })
    const [a2, b2, c2] = threeRealms({ capaths: new Map(), rejectBadTransit: false })
    const ticket = await a2.run(obtainServiceTicket(target(a2)), b2, c2)
    assert.ok((ticket.flags & TicketFlag.TRANSITED_POLICY_CHECKED) === 0)
  })

  test('is not of the realm itself, whatever another realm says', async () => {
    // Mallory has never logged on.
    const [, , c] = threeRealms()
    const held = vouchedFor('mallory@C.EXAMPLE')
    assert.equal(await errorOf(c, tgsReq(c, held, 'host/h.c.example')), Code.KDC_ERR_POLICY)
  })

  test('does not get round the check of the way by asking for none, where only checked tickets are issued', async () => {
    const kdcOptions = KdcOption.DISABLE_TRANSITED_CHECK
    const held = vouchedFor('alice@A.EXAMPLE')
    const [, , strict] = threeRealms({ capaths: new Map() })
    const request = tgsReq(strict, held, 'host/h.c.example', { kdcOptions })
    assert.equal(await errorOf(strict, request), Code.KDC_ERR_PATH_NOT_ACCEPTED)
    const [, , lax] = threeRealms({ capaths: new Map(), rejectBadTransit: false })
    const answer = await send(lax, tgsReq(lax, held, 'host/h.c.example', { kdcOptions }))
    const { part } = hold(answer, held.client, held.sessionKey, KeyUsage.TGS_REP_ENCPART_SESSION_KEY)
    assert.ok((part.flags & TicketFlag.TRANSITED_POLICY_CHECKED) === 0)
  })

  test('brings no word of the KDC of another realm to services, but what restricts it', async () => {
    const [, , c] = threeRealms()
    const pac = { adType: AuthorizationDataType.AD_WIN2K_PAC, adData: new Uint8Array(8) }
    const wrapped = {
      adType: AuthorizationDataType.AD_IF_RELEVANT,
      adData: encodeDer([{ ...pac, adType: AuthorizationDataType.AD_KDC_ISSUED }], writeAuthorizationData),
    }
    const restriction = { adType: 4711, adData: Uint8Array.of(1) }
    const held = vouchedFor('bob@B.EXAMPLE', { authorizationData: [pac, wrapped, restriction] })
    const answer = await send(c, tgsReq(c, held, 'host/h.c.example'))
    const issued = hold(answer, held.client, held.sessionKey, KeyUsage.TGS_REP_ENCPART_SESSION_KEY)
    const { authorizationData = [] } = ticketPart(issued, await keyOf(c, 'host/h.c.example@C.EXAMPLE'))
    assert.deepEqual(
      authorizationData.map(({ adType }) => adType),
      [4711],
    )
  })

  test('has its ticket renewed by the realm that issued it, and by no other', async () => {
    const [, , c] = threeRealms()
    const held = vouchedFor('bob@B.EXAMPLE', {
      flags: TicketFlag.RENEWABLE,
      renewTill: new Date(NOW.getTime() + 120_000),
    })
    const request = tgsReq(c, held, 'krbtgt/C.EXAMPLE', { kdcOptions: KdcOption.RENEW })
    assert.equal(await errorOf(c, request), Code.KDC_ERR_POLICY)
  })
})

const SECRET = trust('B.EXAMPLE', 'C.EXAMPLE').keys[0]!.key

/** A ticket-granting ticket for C as B makes it, whatever B thinks is true. */
function vouchedFor(client: string, changes: Partial<EncTicketPart> = {}): Shown {
  const key = new KerberosKey(ENCTYPES[0]!, SECRET)
  const sessionKey = KerberosKey.generate(ENCTYPES[0]!)
  const { name, realm } = principalOf(client)
  const part = {
    flags: 0,
    key: { keytype: sessionKey.enctype, keyvalue: sessionKey.reveal() },
    crealm: realm,
    cname: name,
    transited: NO_TRANSITED,
    authtime: NOW,
    endtime: new Date(NOW.getTime() + 60_000),
    ...changes,
  }
  const cipher = key.encrypt(KeyUsage.KDC_REP_TICKET, encodeDer(part, writeEncTicketPart))
  const server = krbtgt('C.EXAMPLE', 'B.EXAMPLE')
  const encPart = { etype: key.enctype, kvno: 1, cipher }
  return { ticket: makeTicket({ realm: server.realm, sname: server.name, encPart }), sessionKey, client }
}
