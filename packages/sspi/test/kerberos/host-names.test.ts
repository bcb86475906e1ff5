import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EffectRun } from '../../src/kerberos/effect-run.js'
import type { KerberosOptions } from '../../src/kerberos/options.js'
import { formatPrincipal } from '../../src/kerberos/principals.js'
import { obtainServiceTicket } from '../../src/kerberos/tickets.js'
import type { Ask } from '../../src/sspi/index.js'
import { answerOf, clientOf, FakeKdc, passwordOf } from './kdc-exchange/fake-kdc.js'

const [A, B] = ['A.EXAMPLE', 'B.EXAMPLE']
const WEB = 'HTTP/www.a.example'

/** What a target comes to, and what DNS was asked on the way: its names and realms are given. */
function ticketFor(
  targetName: string,
  options: KerberosOptions,
  dns: { readonly names?: Readonly<Record<string, string>>; readonly realms?: Readonly<Record<string, string>> } = {},
) {
  const b = new FakeKdc(B).service('HTTP/www.b.example')
  const a = new FakeKdc(A).user('alice').service(WEB).trust(b)
  const client = clientOf(passwordOf('alice'), { defaultRealm: A, ...options })
  const steps = new EffectRun(obtainServiceTicket({ ...client, targetName }))
  const asked: Ask[] = []
  let progress = steps.step()
  while (progress.kind === 'ask') {
    const { ask } = progress
    if (ask.effect === 'canonicalHost' || ask.effect === 'realmOfHost') asked.push(ask)
    progress = steps.step(
      ask.effect === 'canonicalHost'
        ? { effect: 'canonicalHost', value: dns.names?.[ask.query.host] ?? ask.query.host }
        : ask.effect === 'realmOfHost'
          ? { effect: 'realmOfHost', value: dns.realms?.[ask.query.host] }
          : answerOf(ask, [a, b]),
    )
  }
  return { server: formatPrincipal(progress.value.server), asked }
}

const unknown = { code: 'SEC_E_TARGET_UNKNOWN' }
const names = { alias: 'www.a.example' }
const realms = { 'www.b.example': B }

test('by default DNS is not asked for anything, whatever the KDC says', () => {
  assert.deepEqual(ticketFor(WEB, {}).asked, [])
  assert.throws(() => ticketFor('HTTP/alias', {}, { names, realms }), unknown)
  assert.throws(() => ticketFor('HTTP/www.b.example', {}, { names, realms }), unknown)
})

test('the realm of a host that the KDC does not know is the one that DNS says', () => {
  const { server, asked } = ticketFor('HTTP/www.b.example', { dnsLookupRealm: true }, { realms })
  assert.equal(server, `HTTP/www.b.example@${B}`)
  assert.deepEqual(asked, [{ effect: 'realmOfHost', query: { host: 'www.b.example' } }])
})

test('DNS is not asked for the realm of a host that the KDC or the configuration knows, nor against a named one', () => {
  assert.deepEqual(ticketFor(WEB, { dnsLookupRealm: true }, { realms }).asked, [])
  const domainRealm = new Map([['.b.example', A]])
  assert.throws(() => ticketFor('HTTP/www.b.example', { dnsLookupRealm: true, domainRealm }, { realms }), unknown)
  assert.throws(() => ticketFor(`HTTP/www.b.example@${A}`, { dnsLookupRealm: true }, { realms }), unknown)
})

test('a realm that DNS does not say, or that does not know the service either, leaves the error as it was', () => {
  assert.throws(() => ticketFor('HTTP/nowhere', { dnsLookupRealm: true }), { ...unknown, message: /HTTP\/nowhere/ })
  assert.throws(() => ticketFor('HTTP/nowhere', { dnsLookupRealm: true }, { realms: { nowhere: B } }), unknown)
})

test('a canonical name is asked for first, or only where the other is not known', () => {
  const always = ticketFor('HTTP/alias', { dnsCanonicalizeHostname: true }, { names })
  assert.equal(always.server, `${WEB}@${A}`)
  assert.deepEqual(always.asked, [{ effect: 'canonicalHost', query: { host: 'alias', reverse: false } }])
  const fallback = { dnsCanonicalizeHostname: 'fallback', rdns: true } as const
  const second = ticketFor('HTTP@alias', fallback, { names })
  assert.equal(second.server, `${WEB}@${A}`)
  assert.deepEqual(second.asked, [{ effect: 'canonicalHost', query: { host: 'alias', reverse: true } }])
  assert.deepEqual(ticketFor(WEB, fallback, { names }).asked, [])
  assert.throws(() => ticketFor('HTTP/nowhere', fallback, { names }), unknown)
})

test('names with a realm, and names of no host, are what they are', () => {
  assert.throws(() => ticketFor(`HTTP/alias@${A}`, { dnsCanonicalizeHostname: true }, { names }), unknown)
  assert.throws(() => ticketFor('alias', { dnsCanonicalizeHostname: true }, { names }), unknown)
})

test('a short name gets its domain where DNS is not asked, and a port stays behind the host', () => {
  assert.equal(ticketFor('HTTP/www', { qualifyShortname: 'a.example' }).server, `${WEB}@${A}`)
  assert.throws(() => ticketFor('HTTP/www:8080', { qualifyShortname: 'a.example' }), {
    ...unknown,
    message: /HTTP\/www\.a\.example:8080/,
  })
  const dns = { names: { www: 'www.a.example' } }
  assert.equal(
    ticketFor('HTTP/www', { qualifyShortname: 'no', dnsCanonicalizeHostname: true }, dns).server,
    `${WEB}@${A}`,
  )
})
