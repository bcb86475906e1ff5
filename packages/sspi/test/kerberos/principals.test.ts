import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NameType } from '../../src/kerberos/constants.js'
import { readOptions } from '../../src/kerberos/options.js'
import {
  clientPrincipal,
  formatPrincipal,
  parsePrincipal,
  sameName,
  samePrincipal,
  sameService,
  targetPrincipal,
} from '../../src/kerberos/principals.js'

const settings = readOptions({
  defaultRealm: 'EXAMPLE.COM',
  realms: new Map([['CORP.EXAMPLE.COM', {}]]),
  domainRealm: new Map([
    ['.example.com', 'EXAMPLE.COM'],
    ['special.example.com', 'SPECIAL.EXAMPLE.COM'],
  ]),
})

suite('the principal of a target', () => {
  const { NT_PRINCIPAL, NT_SRV_INST } = NameType
  const targets: readonly (readonly [string, number, readonly string[], string | undefined])[] = [
    ['HTTP/www.example.com', NT_SRV_INST, ['HTTP', 'www.example.com'], 'EXAMPLE.COM'],
    ['HTTP/WWW.Example.COM', NT_SRV_INST, ['HTTP', 'WWW.Example.COM'], 'EXAMPLE.COM'],
    ['HTTP/special.example.com', NT_SRV_INST, ['HTTP', 'special.example.com'], 'SPECIAL.EXAMPLE.COM'],
    ['MSSQLSvc/db.example.com:1433', NT_SRV_INST, ['MSSQLSvc', 'db.example.com:1433'], 'EXAMPLE.COM'],
    ['HTTP/www.elsewhere.org', NT_SRV_INST, ['HTTP', 'www.elsewhere.org'], undefined],
    ['HTTP/www.example.com@OTHER.ORG', NT_SRV_INST, ['HTTP', 'www.example.com'], 'OTHER.ORG'],
    ['ldap/dc1/example.com@OTHER.ORG', NT_SRV_INST, ['ldap', 'dc1', 'example.com'], 'OTHER.ORG'],
    ['alice@OTHER.ORG', NT_PRINCIPAL, ['alice'], 'OTHER.ORG'],
    ['alice@corp.example.com', NT_PRINCIPAL, ['alice'], 'CORP.EXAMPLE.COM'],
    ['HTTP@www.example.com', NT_SRV_INST, ['HTTP', 'www.example.com'], 'EXAMPLE.COM'],
    ['HTTP@WWW.example.com', NT_SRV_INST, ['HTTP', 'www.example.com'], 'EXAMPLE.COM'],
    ['HTTP@localhost', NT_SRV_INST, ['HTTP', 'localhost'], undefined],
    ['svc$', NT_PRINCIPAL, ['svc$'], undefined],
    ['a\\/b\\@c', NT_PRINCIPAL, ['a/b@c'], undefined],
  ]
  for (const [text, nameType, nameString, realm] of targets) {
    test(`'${text}'`, () => {
      assert.deepEqual(targetPrincipal(text, settings), { name: { nameType, nameString }, realm })
    })
  }

  for (const text of ['', '/', 'HTTP/', '/host', 'a@', '@B', 'a@B@C', 'a\\', 'DOMAIN\\user']) {
    test(`'${text}' has none`, () => {
      assert.throws(() => targetPrincipal(text, settings), { code: 'SEC_E_TARGET_UNKNOWN' })
    })
  }
})

suite('the principal of a user', () => {
  const users: readonly (readonly [string, string, string, number])[] = [
    ['alice', '', 'alice@EXAMPLE.COM', NameType.NT_PRINCIPAL],
    ['alice', 'other.org', 'alice@OTHER.ORG', NameType.NT_PRINCIPAL],
    ['alice', 'corp.example.com', 'alice@CORP.EXAMPLE.COM', NameType.NT_PRINCIPAL],
    ['alice', 'corp', 'alice@CORP.EXAMPLE.COM', NameType.NT_PRINCIPAL],
    ['alice', 'OTHER', 'alice@OTHER', NameType.NT_PRINCIPAL],
    ['alice@OTHER.ORG', '', 'alice@OTHER.ORG', NameType.NT_PRINCIPAL],
    ['alice@example.com', '', 'alice@EXAMPLE.COM', NameType.NT_PRINCIPAL],
    ['alice@mail.org', '', 'alice\\@mail.org@EXAMPLE.COM', NameType.NT_ENTERPRISE],
    ['host/www', '', 'host/www@EXAMPLE.COM', NameType.NT_SRV_INST],
    ['jürgen', '', 'jürgen@EXAMPLE.COM', NameType.NT_PRINCIPAL],
  ]
  for (const [user, domain, expected, nameType] of users) {
    test(`'${user}' in '${domain}'`, () => {
      const principal = clientPrincipal(user, domain, settings)
      assert.equal(formatPrincipal(principal), expected)
      assert.equal(principal.name.nameType, nameType)
    })
  }

  test('needs a realm from somewhere', () => {
    assert.throws(() => clientPrincipal('alice', '', readOptions()), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
    assert.throws(() => clientPrincipal('', 'A', settings), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
    const upn = clientPrincipal('alice@mail.org', '', readOptions())
    assert.equal(upn.realm, 'MAIL.ORG')
  })
})

test('the type of a name is a hint: names are the same whatever it says (RFC 4120 section 6.2)', () => {
  const [one, other] = [NameType.NT_SRV_INST, NameType.NT_UNKNOWN].map((nameType) => {
    return { nameType, nameString: ['HTTP', 'www.example.com'] }
  })
  assert.ok(sameName(one!, other!) && sameService(one!, other!))
  assert.ok(samePrincipal({ realm: 'A', name: one! }, { realm: 'A', name: other! }))
  assert.ok(!samePrincipal({ realm: 'A', name: one! }, { realm: 'a', name: other! }))
  assert.ok(!sameName(one!, { ...one!, nameString: ['HTTP', 'WWW.example.com'] }))
})

test('what is special in a name comes back as it was', () => {
  const odd = { nameType: 1, nameString: ['a/b', 'c@d\\', 'tab\there', '\0\n\b'] }
  const text = formatPrincipal({ realm: 'R@/S', name: odd })
  const { name, realm } = parsePrincipal(text)
  assert.deepEqual([name.nameString, realm], [odd.nameString, 'R@/S'])
})
