// What a realm, a server or a client that is not honest tries beyond single messages.
import assert from 'node:assert/strict'
import { test } from 'node:test'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets, type SecretBytes } from '../../src/crypto/secret-bytes.js'
import { Enctype, KerberosKey } from '../../src/kerberos/enctypes/index.js'
import { readCcache, writeCcache, writeKeytab, type Keytab } from '../../src/kerberos/files/index.js'
import { makeDelegation, openDelegation } from '../../src/kerberos/gss/ap-messages.js'
import { KeyTable } from '../../src/kerberos/key-table.js'
import { formatPrincipal, krbtgt } from '../../src/kerberos/principals.js'
import { TicketStore } from '../../src/kerberos/ticket-store.js'
import { obtainServiceTicket, obtainTgt, type ServiceTicket } from '../../src/kerberos/tickets.js'
import { SspiError } from '../../src/status/index.js'
import { clientOf, drive, FakeKdc, NOW, passwordOf } from './kdc-exchange/fake-kdc.js'

const [A, B, C] = ['A.EXAMPLE', 'B.EXAMPLE', 'C.EXAMPLE']

for (const [what, capaths] of [
  ['without a configured path', new Map()],
  ['with a direct path configured', new Map([[A, new Map([[C, ['.']]])]])],
] as const) {
  test(`a ticket for a third realm that another realm has slipped in is not used on the way there, ${what}`, () => {
    const c = new FakeKdc(C).service('HTTP/bank')
    const b = new FakeKdc(B).trust(c)
    const a = new FakeKdc(A).user('alice').trust(b).trust(c)
    // B refers the client to C, for a service that A has referred to B: B knows the session key of the ticket for C.
    a.referrals.set('HTTP/www.b', B)
    b.referrals.set('HTTP/www.b', C)
    c.service('HTTP/www.b')
    const client = clientOf(passwordOf('alice'), { defaultRealm: A, capaths })
    drive(obtainServiceTicket({ ...client, targetName: 'HTTP/www.b' }), a, b, c)
    const before = a.requests.length
    drive(obtainServiceTicket({ ...client, targetName: `HTTP/bank@${C}` }), a, b, c)
    // A, whom the client trusts with that, was asked for the way to C.
    assert.deepEqual(
      a.requests.slice(before).map(({ reqBody }) => reqBody.sname?.nameString.join('/')),
      [`krbtgt/${C}`],
    )
  })
}

test("a ticket for another realm that one's own realm has given serves again, without asking for it", () => {
  const c = new FakeKdc(C).service('HTTP/one').service('HTTP/two')
  const a = new FakeKdc(A).user('alice').trust(c)
  const client = clientOf(passwordOf('alice'), { defaultRealm: A })
  drive(obtainServiceTicket({ ...client, targetName: `HTTP/one@${C}` }), a, c)
  const before = a.requests.length
  const second = drive(obtainServiceTicket({ ...client, targetName: `HTTP/two@${C}` }), a, c).value
  assert.equal(formatPrincipal(second.server), `HTTP/two@${C}`)
  assert.equal(a.requests.length, before)
})

test('the steps of a configured path serve again, too', () => {
  const c = new FakeKdc(C).service('HTTP/one').service('HTTP/two')
  const b = new FakeKdc(B).trust(c)
  const a = new FakeKdc(A).user('alice').trust(b)
  const capaths = new Map([[A, new Map([[C, [B]]])]])
  const client = clientOf(passwordOf('alice'), { defaultRealm: A, capaths })
  drive(obtainServiceTicket({ ...client, targetName: `HTTP/one@${C}` }), a, b, c)
  const before = [a.requests.length, b.requests.length]
  drive(obtainServiceTicket({ ...client, targetName: `HTTP/two@${C}` }), a, b, c)
  assert.deepEqual([a.requests.length, b.requests.length], before)
})

/** A ticket-granting ticket with other times than its KDC gave it. */
function ticketWith(times: Partial<ServiceTicket>): { readonly ticket: ServiceTicket; readonly key: KerberosKey } {
  const client = clientOf(passwordOf('alice'), { defaultRealm: A })
  const ticket = drive(obtainTgt(client), new FakeKdc(A).user('alice')).value
  return { ticket: { ...ticket, ...times }, key: KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96) }
}

const FAR = new Date('9999-12-31T23:59:59Z')
const LONG_AGO = new Date('1901-01-01T00:00:00Z')

test('times that a ticket cache has no room for do not get out of a delegation as anything but a ticket', () => {
  for (const times of [
    { endTime: FAR, renewTill: FAR },
    { authTime: LONG_AGO, startTime: LONG_AGO },
    { authTime: FAR, startTime: FAR, endTime: FAR },
  ]) {
    const { ticket, key } = ticketWith(times)
    const time = { seconds: NOW, microseconds: 0 }
    const delegation = makeDelegation(key, ticket, time, (length) => new Uint8Array(length))
    const [entry] = readCcache(openDelegation([key], delegation, ticket.client, NOW)).credentials
    assert.ok(entry)
    assert.equal(entry.endTime, Math.min(ticket.endTime.getTime() / 1000, 0xffff_ffff))
  }
})

test('tickets of another client than the one who has authenticated are not taken from it', () => {
  const { ticket, key } = ticketWith({})
  const time = { seconds: NOW, microseconds: 0 }
  const delegation = makeDelegation(key, ticket, time, (length) => new Uint8Array(length))
  for (const client of [
    { ...ticket.client, realm: 'OTHER.EXAMPLE' },
    { ...ticket.client, name: { nameType: 1, nameString: ['mallory'] } },
  ]) {
    assert.throws(() => openDelegation([key], delegation, client, NOW), { code: 'SEC_E_DELEGATION_POLICY' })
  }
})

test('times that a ticket cache has no room for do not keep a ticket out of it', () => {
  const { ticket } = ticketWith({ authTime: LONG_AGO, startTime: FAR, endTime: FAR, renewTill: FAR })
  const store = new TicketStore(ticket.client)
  store.add(ticket)
  const [entry] = readCcache(store.toCcache()).credentials
  assert.ok(entry)
  assert.deepEqual([entry.authTime, entry.endTime], [0, 0xffff_ffff])
})

/** Every array for secrets that is made while something runs, and fails. */
function secretsOf(run: () => unknown): readonly SecretBytes[] {
  const secrets: SecretBytes[] = []
  const stop = observeSecrets((made) => secrets.push(made))
  try {
    assert.throws(run, (error) => error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN')
  } finally {
    stop()
  }
  return secrets
}

test('a ticket cache whose last ticket does not parse leaves no key behind', () => {
  const { ticket } = ticketWith({})
  const store = new TicketStore(ticket.client)
  store.add(ticket)
  const good = readCcache(store.toCcache())
  const bad = { ...good.credentials[0]!, server: krbtgt(B), ticket: Uint8Array.of(1, 2, 3) }
  const bytes = writeCcache({ ...good, credentials: [...good.credentials, bad] })
  const secrets = secretsOf(() => TicketStore.fromCcache(bytes))
  assert.ok(secrets.length > 0)
  for (const secret of secrets) assert.ok(secret.every((byte) => byte === 0))
})

test('a keytab whose last key has a wrong length leaves no key behind', () => {
  const entry = (length: number) => ({
    realm: A,
    name: { nameType: 1, nameString: ['alice'] },
    timestamp: 1,
    kvno: 1,
    key: { keytype: Enctype.AES256_CTS_HMAC_SHA1_96, keyvalue: new Uint8Array(length).fill(7) },
  })
  const keytab: Keytab = { version: 2, byteOrder: 'big', entries: [entry(32), entry(31)] }
  const secrets = secretsOf(() => KeyTable.fromKeytab(writeKeytab(keytab)))
  assert.ok(secrets.length > 0)
  for (const secret of secrets) assert.ok(secret.every((byte) => byte === 0))
})
