import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  changePassword,
  formatPrincipal,
  KdcError,
  KerberosErrorCode as Code,
  obtainForwardedTgt,
  obtainInitialTicket,
  obtainServiceTicket,
  obtainTgt,
  PaDataType,
  renewTgt,
  TicketFlag,
} from '../../src/kerberos/index.js'
import { passwordCredential } from '../../src/sspi/index.js'
import { SspiError } from '../../src/status/index.js'
import { ALICE, NOW, PASSWORD, TestRealm, WWW } from './realm.js'

const WWW_TARGET = 'HTTP/www.example.com@EXAMPLE.COM'

async function errorOf(attempt: Promise<unknown>): Promise<number> {
  try {
    await attempt
  } catch (error) {
    assert.ok(error instanceof SspiError && error.cause instanceof KdcError, String(error))
    return error.cause.errorCode
  }
  throw new assert.AssertionError({ message: 'it succeeded' })
}

suite('our client at the embedded KDC', () => {
  test('logs on with a password, and gets a ticket for a service', async () => {
    const realm = new TestRealm()
    const client = realm.client()
    const ticket = await realm.run(obtainServiceTicket({ ...client, targetName: WWW_TARGET }))
    assert.equal(formatPrincipal(ticket.client), 'alice@EXAMPLE.COM')
    assert.equal(formatPrincipal(ticket.server), 'HTTP/www.example.com@EXAMPLE.COM')
    assert.equal(ticket.endTime.getTime(), NOW.getTime() + 36_000_000)
    assert.ok(ticket.flags & TicketFlag.PRE_AUTHENT)
    assert.ok((ticket.flags & TicketFlag.INITIAL) === 0)
    assert.deepEqual(
      realm.events.map((event) => [event.kind, 'exchange' in event ? event.exchange : undefined]),
      [
        ['request-refused', 'AS'],
        ['ticket-issued', 'AS'],
        ['ticket-issued', 'TGS'],
      ],
    )
  })

  test('is told that its password is wrong, and that there is no such user or service', async () => {
    const realm = new TestRealm()
    const wrong = realm.client('alice', 'wrong')
    assert.equal(await errorOf(realm.run(obtainTgt(wrong))), Code.KDC_ERR_PREAUTH_FAILED)
    assert.equal(await errorOf(realm.run(obtainTgt(realm.client('bob')))), Code.KDC_ERR_C_PRINCIPAL_UNKNOWN)
    const target = { ...realm.client(), targetName: 'HTTP/other.example.com@EXAMPLE.COM' }
    assert.equal(await errorOf(realm.run(obtainServiceTicket(target))), Code.KDC_ERR_S_PRINCIPAL_UNKNOWN)
  })

  test('logs on without pre-authentication where the KDC wants none', async () => {
    const realm = new TestRealm([{ ...ALICE, attributes: { requirePreauth: false } }, WWW])
    const { ticket } = await realm.run(obtainInitialTicket(realm.client()))
    assert.ok((ticket.flags & TicketFlag.PRE_AUTHENT) === 0)
    assert.equal(realm.events.length, 1)
  })

  test('renews and forwards', async () => {
    const realm = new TestRealm()
    const client = realm.client('alice', PASSWORD, { renewLifetimeSeconds: 604_800, forwardable: true })
    const tgt = await realm.run(obtainTgt(client))
    assert.ok(tgt.flags & TicketFlag.RENEWABLE)
    realm.later(18_000)
    const renewed = await realm.run(renewTgt(client))
    assert.equal(renewed.endTime.getTime(), NOW.getTime() + 54_000_000)
    assert.ok((renewed.flags & TicketFlag.INITIAL) === 0)
    const forwarded = await realm.run(obtainForwardedTgt(client))
    assert.ok(forwarded.flags & TicketFlag.FORWARDED)
  })

  test('logs on in armor of a host, and is told in armor that its password is wrong', async () => {
    const realm = new TestRealm([ALICE, { name: 'ws', password: 'of the host' }, WWW])
    const armor = passwordCredential({ user: 'ws', domain: '', password: 'of the host' })
    const client = realm.client('alice', PASSWORD, { armor, fast: 'required' })
    await realm.run(obtainServiceTicket({ ...client, targetName: WWW_TARGET }))
    const proofs = realm.events.flatMap((event) => (event.kind === 'ticket-issued' ? [event.preauth] : []))
    assert.deepEqual(proofs, [PaDataType.PA_ENC_TIMESTAMP, PaDataType.PA_ENCRYPTED_CHALLENGE, undefined])
    const wrong = realm.client('alice', 'wrong', { armor, fast: 'required' })
    assert.equal(await errorOf(realm.run(obtainTgt(wrong))), Code.KDC_ERR_PREAUTH_FAILED)
  })

  test('changes its password, and logs on with the new one only', async () => {
    const realm = new TestRealm()
    await realm.run(changePassword(realm.client(), 'battery staple'))
    const { ticket } = await realm.run(obtainInitialTicket(realm.client('alice', 'battery staple')))
    assert.equal(formatPrincipal(ticket.client), 'alice@EXAMPLE.COM')
    assert.equal(await errorOf(realm.run(obtainTgt(realm.client()))), Code.KDC_ERR_PREAUTH_FAILED)
  })

  test('is told why a new password is refused', async () => {
    const realm = new TestRealm()
    await assert.rejects(realm.run(changePassword(realm.client(), 'short')), /must have 8 characters at least/)
    await assert.rejects(realm.run(changePassword(realm.client(), PASSWORD)), /is one of the last/)
  })
})
