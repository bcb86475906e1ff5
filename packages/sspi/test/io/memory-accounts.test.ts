import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { memoryAccounts, ntHashOf, type AccountEntry } from '../../src/io/accounts/index.js'

const PASSWORD = 'correct horse'
const alice: AccountEntry = { user: 'alice', domain: 'CONTOSO', upn: 'al@contoso.com', password: PASSWORD }
const bob: AccountEntry = { user: 'bob', password: 'battery' }
const inDomain = { user: 'bob', domain: 'contoso.com', password: 'staple' }

const found = (accounts: ReturnType<typeof memoryAccounts>, user: string, domain = '') => {
  const account = accounts.lookup({ user, domain })
  return account && `${account.identity.domain}\\${account.identity.name}`
}

test('the NT hash is that of MS-NLMP 4.2.2.1.2', () => {
  assert.equal(toHex(ntHashOf('Password')), 'a4f49c406510bdcab6824ee7c30fd852')
})

test('an account is found by user and domain, without regard to case', () => {
  const accounts = memoryAccounts([alice, bob])
  assert.equal(found(accounts, 'alice', 'CONTOSO'), 'CONTOSO\\alice')
  assert.equal(found(accounts, 'ALICE', 'contoso'), 'CONTOSO\\alice')
  assert.equal(found(accounts, 'BoB'), '\\bob')
  assert.equal(found(accounts, 'carol'), undefined)
  assert.equal(found(accounts, ''), undefined)
  assert.equal(found(accounts, '', 'CONTOSO'), undefined)
})

test('an account is found by its UPN, and by the one that its domain implies', () => {
  const accounts = memoryAccounts([alice, inDomain])
  assert.equal(found(accounts, 'AL@Contoso.Com'), 'CONTOSO\\alice')
  assert.equal(found(accounts, 'bob@CONTOSO.com'), 'contoso.com\\bob')
  assert.equal(found(accounts, 'al@contoso.com', 'CONTOSO'), undefined)
  assert.equal(found(accounts, 'alice@contoso.com'), undefined)
})

test('a UPN that is given goes before a name that looks like one, and that before an implied one', () => {
  const accounts = memoryAccounts([
    { user: 'x@y', password: '1' },
    { user: 'x', domain: 'y', password: '2' },
  ])
  assert.equal(found(accounts, 'x@y'), '\\x@y')
  accounts.add({ user: 'given', upn: 'X@Y', password: '3' })
  assert.equal(found(accounts, 'x@y'), '\\given')
  accounts.remove({ user: 'given' })
  accounts.remove({ user: 'x@y' })
  assert.equal(found(accounts, 'x@y'), 'y\\x')
})

test('a local account is meant by no domain, by a dot, and by a name of this machine', () => {
  const accounts = memoryAccounts([bob, { user: 'carol', domain: 'SERVER1', password: 'x' }], {
    localNames: ['SERVER1'],
  })
  for (const domain of ['', '.', 'SERVER1', 'server1']) {
    assert.equal(found(accounts, 'bob', domain), '\\bob')
    assert.equal(found(accounts, 'carol', domain), 'SERVER1\\carol')
  }
  assert.equal(found(memoryAccounts([bob]), 'bob', hostname()), '\\bob')
})

test('a domain that nobody knows is refused, unless it was said to mean this machine', () => {
  assert.equal(found(memoryAccounts([bob]), 'bob', 'LAPTOP'), undefined)
  const quirk = memoryAccounts([bob, alice], { unknownDomainIsLocal: true })
  assert.equal(found(quirk, 'bob', 'LAPTOP'), '\\bob')
  // A domain that is known is not unknown only because the user is.
  assert.equal(found(quirk, 'bob', 'CONTOSO'), undefined)
})

test('a client that names no domain is of the default domain, after the local accounts', () => {
  const accounts = memoryAccounts([alice, inDomain, { user: 'alice2', domain: 'contoso', password: '' }], {
    defaultDomain: 'Contoso',
  })
  assert.equal(found(accounts, 'alice'), 'CONTOSO\\alice')
  assert.equal(found(accounts, 'bob'), undefined)
  accounts.add({ user: 'alice', password: 'local' })
  assert.equal(found(accounts, 'alice'), '\\alice')
  assert.equal(found(accounts, 'alice', 'contoso'), 'CONTOSO\\alice')
})

test('names that only look alike are different names', () => {
  const accounts = memoryAccounts([
    { user: 'kelvin', password: '1' },
    { user: 'strasse', password: '2' },
  ])
  assert.equal(found(accounts, '\u212Aelvin'), undefined) // the Kelvin sign
  assert.equal(found(accounts, 'straße'), undefined)
  assert.equal(found(accounts, '\u017Ftrasse'), undefined) // long s
  assert.equal(found(accounts, 'kelv\u0131n'), undefined) // dotless i
  accounts.add({ user: 'Ünal', password: '3' })
  assert.equal(found(accounts, 'üNAL'), '\\Ünal')
})

test('a name that hides a domain finds nothing', () => {
  const accounts = memoryAccounts([alice])
  assert.equal(found(accounts, 'CONTOSO\\alice'), undefined)
  assert.equal(found(accounts, 'alice', '\\CONTOSO'), undefined)
})

test('an account keeps what it was given', () => {
  const groups = ['S-1-5-32-544']
  const accounts = memoryAccounts([
    {
      user: 'CONTOSO\\dave',
      ntHash: fromHex('a4f49c406510bdcab6824ee7c30fd852'),
      sid: 'S-1-5-21-1-2-3-1000',
      groups,
      enabled: false,
    },
  ])
  groups.push('S-1-5-32-545')
  const account = accounts.lookup({ user: 'dave', domain: 'contoso' })
  assert.deepEqual(account?.identity, {
    name: 'dave',
    domain: 'CONTOSO',
    sid: 'S-1-5-21-1-2-3-1000',
    groups: ['S-1-5-32-544'],
    source: 'verified',
  })
  assert.equal(account.enabled, false)
  assert.ok(account.secret.kind === 'nt-hash')
  account.secret.ntHash.fill(0) // a copy
  assert.equal(toHex(account.secret.ntHash), 'a4f49c406510bdcab6824ee7c30fd852')
})

test('accounts come, change and go while the program runs', () => {
  const accounts = memoryAccounts([alice])
  accounts.add(bob)
  assert.equal(accounts.size, 2)
  const name = { user: 'contoso\\ALICE' }
  assert.equal(accounts.setPassword(name, 'new'), true)
  assert.equal(accounts.setEnabled(name, false), true)
  const account = accounts.lookup({ user: 'al@contoso.com', domain: '' })
  assert.ok(account?.secret.kind === 'password')
  assert.equal(account.secret.password, 'new')
  assert.equal(account.enabled, false)
  assert.equal(accounts.remove(name), true)
  assert.equal(accounts.lookup({ user: 'al@contoso.com', domain: '' }), undefined)
  assert.equal(accounts.remove(name), false)
  assert.equal(accounts.setPassword(name, 'x'), false)
  assert.equal(accounts.setEnabled(name, true), false)
  assert.equal(accounts.size, 1)
})

test('a hash in the hand of somebody does not become zeros when its account is removed', () => {
  const accounts = memoryAccounts([{ user: 'bob', ntHash: ntHashOf('x') }])
  const held = accounts.lookup({ user: 'bob', domain: '' })
  accounts.remove({ user: 'bob' })
  assert.ok(held?.secret.kind === 'nt-hash')
  const { secret } = held
  assert.throws(() => secret.ntHash, { code: 'SEC_E_LOGON_DENIED' })
})

test('what is not an account is refused, without its secret', () => {
  const wrong: readonly AccountEntry[] = [
    { user: '', password: PASSWORD },
    { user: 'CONTOSO\\', password: PASSWORD },
    { user: 'a\\b\\c', password: PASSWORD },
    { user: 'a', domain: 'b\\c', password: PASSWORD },
    { user: 'a', upn: 'a', password: PASSWORD },
    { user: 'a', upn: 'a@b@c', password: PASSWORD },
    { user: 'a', sid: 'S-1', password: PASSWORD },
    { user: 'a', groups: ['everyone'], password: PASSWORD },
    { user: 'a', ntHash: new Uint8Array(15) },
  ]
  for (const entry of wrong) {
    assert.throws(
      () => memoryAccounts([entry]),
      (error: Error & { code?: string }) =>
        error.code === 'SEC_E_INVALID_PARAMETER' && !inspect(error).includes(PASSWORD),
    )
  }
})

test('a name or a UPN that is taken is refused', () => {
  const accounts = memoryAccounts([alice])
  assert.throws(() => accounts.add({ ...alice, user: 'ALICE', upn: undefined }), { code: 'SEC_E_INVALID_PARAMETER' })
  assert.throws(() => accounts.add({ ...alice, user: 'other' }), { code: 'SEC_E_INVALID_PARAMETER' })
  assert.equal(accounts.size, 1)
})

test('no way of printing an account or a database shows a secret', () => {
  const hash = ntHashOf(PASSWORD)
  const accounts = memoryAccounts([alice, { user: 'eve', ntHash: hash }])
  for (const user of ['al@contoso.com', 'eve']) {
    const account = accounts.lookup({ user, domain: '' })
    for (const shown of [account, account?.secret, accounts]) {
      const texts = [inspect(shown, { showHidden: true, depth: 9 }), JSON.stringify(shown)].join()
      assert.ok(!texts.includes(PASSWORD))
      assert.ok(!texts.includes(toHex(hash)) && !texts.includes([...hash].join(', ')))
    }
    assert.match(inspect(account), /redacted/)
  }
})
