import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readCcache } from '../../src/kerberos/files/index.js'
import { TicketFlag } from '../../src/kerberos/constants.js'
import { Enctype, KerberosKey } from '../../src/kerberos/enctypes/index.js'
import { makeTicket } from '../../src/kerberos/messages/index.js'
import { DEFAULT_ENCTYPES } from '../../src/kerberos/options.js'
import { krbtgt, parsePrincipal, type Principal } from '../../src/kerberos/principals.js'
import { copyTicket, type ServiceTicket } from '../../src/kerberos/service-ticket.js'
import { TicketStore } from '../../src/kerberos/ticket-store.js'
import { SspiError } from '../../src/status/index.js'
import { readFileSync } from 'node:fs'

const NOW = new Date('2026-11-22T12:00:00Z')
const REALM = 'A.EXAMPLE'
const client = principal('alice')

function principal(name: string): Principal {
  return { realm: REALM, name: parsePrincipal(name).name }
}

function ticketFor(server: Principal, changes: Partial<ServiceTicket> = {}): ServiceTicket {
  const encPart = { etype: 18, cipher: new Uint8Array(8) }
  return {
    ticket: makeTicket({ realm: server.realm, sname: server.name, encPart }),
    client,
    server,
    sessionKey: KerberosKey.generate(Enctype.AES256_CTS_HMAC_SHA1_96),
    flags: TicketFlag.FORWARDABLE,
    authTime: NOW,
    startTime: NOW,
    endTime: new Date(NOW.getTime() + 3_600_000),
    renewTill: undefined,
    kdcTimeOffsetMs: 0,
    ...changes,
  }
}

const web = principal('HTTP/www')
const find = (store: TicketStore, now = NOW) => store.find(web, now, DEFAULT_ENCTYPES)

suite('a ticket is found', () => {
  test('by its service, with and without the realm', () => {
    const store = new TicketStore(client)
    const ticket = ticketFor(web)
    store.add(ticket)
    assert.equal(find(store), ticket)
    assert.equal(store.find({ ...web, realm: undefined }, NOW, DEFAULT_ENCTYPES), ticket)
    assert.equal(store.find({ ...web, realm: 'B' }, NOW, DEFAULT_ENCTYPES), undefined)
  })

  const useless: Readonly<Record<string, Partial<ServiceTicket>>> = {
    'its end is near': { endTime: new Date(NOW.getTime() + 20_000) },
    'its end has come by the clock of the KDC': { kdcTimeOffsetMs: 3_600_000 },
    'it is not valid yet': { flags: TicketFlag.INVALID },
    'its key may not be used': { sessionKey: new KerberosKey(Enctype.RC4_HMAC, new Uint8Array(16)) },
    'it is of another client': { client: principal('bob') },
  }
  for (const [why, changes] of Object.entries(useless)) {
    test(`not when ${why}`, () => {
      const store = new TicketStore(client)
      store.add(ticketFor(web, changes))
      assert.equal(find(store), undefined)
    })
  }
})

test('a newer ticket takes the place of an older one, whose key is gone', () => {
  const store = new TicketStore(client)
  const older = ticketFor(web)
  const newer = ticketFor(web)
  store.add(older)
  store.add(newer)
  assert.deepEqual(store.tickets, [newer])
  assert.throws(() => older.sessionKey.reveal(), TypeError)
})

test('a copy outlives the store', () => {
  const store = new TicketStore(client)
  store.add(ticketFor(web))
  const copy = copyTicket(find(store)!)
  const bytes = copy.sessionKey.reveal()
  store.dispose()
  assert.deepEqual(copy.sessionKey.reveal(), bytes)
  assert.equal(find(store), undefined)
})

test('there is a bound, which ticket-granting tickets do not fall to', () => {
  const store = new TicketStore(client)
  store.add(ticketFor(krbtgt(REALM)))
  for (let i = 0; i < 1001; i++) store.add(ticketFor(principal(`HTTP/host${i}`)))
  assert.equal(store.tickets.length, 1000)
  assert.ok(store.find(krbtgt(REALM), NOW, DEFAULT_ENCTYPES))
  assert.equal(store.find(principal('HTTP/host0'), NOW, DEFAULT_ENCTYPES), undefined)
})

test('a refusal is remembered until its time', () => {
  const store = new TicketStore(client)
  const error = new SspiError('SEC_E_TARGET_UNKNOWN', 'no')
  store.refuse(web, error, new Date(NOW.getTime() + 1000))
  assert.equal(store.refusal(web, NOW), error)
  assert.equal(store.refusal({ ...web, realm: undefined }, NOW), undefined)
  assert.equal(store.refusal(web, new Date(NOW.getTime() + 1000)), undefined)
})

suite('a cache file', () => {
  // Seen from dist/test/kerberos, where this file runs.
  const file = (name: string): Uint8Array =>
    new Uint8Array(readFileSync(new URL(`../../../../../vectors/files/${name}`, import.meta.url)))

  test('comes back with the same tickets', () => {
    const store = new TicketStore(client)
    store.timeOffsetMs = -7000
    const renewTill = new Date(NOW.getTime() + 86_400_000)
    store.add(ticketFor(krbtgt(REALM), { renewTill, kdcTimeOffsetMs: -7000 }))
    store.add(ticketFor(web, { kdcTimeOffsetMs: -7000 }))
    const again = TicketStore.fromCcache(store.toCcache())
    assert.deepEqual(again.client, client)
    assert.equal(again.timeOffsetMs, -7000)
    const told = (tickets: readonly ServiceTicket[]) =>
      tickets.map(({ sessionKey, ...rest }) => ({ ...rest, key: [...sessionKey.reveal()] }))
    assert.deepEqual(told(again.tickets), told(store.tickets))
  })

  test('of MIT keeps what is no ticket: its configuration', () => {
    const bytes = file('mit-alice-v4')
    const before = readCcache(bytes)
    const after = readCcache(TicketStore.fromCcache(bytes).toCcache())
    const names = (cache: typeof before): string[] =>
      cache.credentials.map(({ server }) => [server.realm, ...server.name.nameString].join('/')).sort()
    assert.deepEqual(names(after), names(before))
  })

  test('that is none is refused', () => {
    assert.throws(() => TicketStore.fromCcache(new Uint8Array(10)), { code: 'SEC_E_INVALID_TOKEN' })
  })
})
