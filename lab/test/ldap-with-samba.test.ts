// Our clients at the LDAP server of a Samba AD DC: the bind, and the SASL layer that the session gives.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordCredential, type InitiateOptions, type SecureSession } from 'sspi'
import {
  LdapClient,
  LdapError,
  missing,
  ourSide,
  PASSWORD,
  sambaAd,
  UTF8_PASSWORD,
  type BindOptions,
  type LdapEntry,
  type SaslLayer,
} from '../src/index.js'

const skip = missing('samba-ad')
const BASE = 'DC=ad,DC=test'
const NOT_FOR_US = '!kerberos'

for (const name of ['NTLM', 'Negotiate']) {
  test(`${name}: our client binds, and searches for itself under sealing`, { skip }, async () => {
    using bound = await bind({ package: name, ...as('alice') })
    assert.deepEqual(bound.session.achieved.slice(-2), ['integrity', 'confidentiality'])
    assert.equal(bound.session.mechanism, 'NTLM')
    await assertIs(bound.client, 'alice')
    const entry = await find(bound.client, 'alice')
    assert.equal(entry.name, `CN=alice,CN=Users,${BASE}`)
    assert.deepEqual(textsOf(entry, 'sAMAccountName'), ['alice'])
  })

  test(`${name}: two hundred searches go through one sealed connection`, { skip }, async () => {
    using bound = await bind({ package: name, ...as('alice') })
    for (let at = 0; at < 100; at++) {
      for (const user of ['alice', 'Administrator']) {
        assert.deepEqual(textsOf(await find(bound.client, user), 'sAMAccountName'), [user])
      }
    }
  })

  test(`${name}: an answer of many buffers comes out whole`, { skip }, async () => {
    using bound = await bind({ package: name, ...as('alice') })
    const base = `CN=Schema,CN=Configuration,${BASE}`
    const entries = await bound.client.search({ base, filter: ['objectClass', 'attributeSchema'], attributes: ['cn'] })
    assert.ok(entries.length > 900, `${entries.length} entries`)
    assert.deepEqual(textsOf(await find(bound.client, 'bob'), 'sAMAccountName'), ['bob'])
  })

  // AD seals where a client of NTLM has negotiated signing alone, and so does Samba; our sessions do only what was
  // negotiated. Whoever speaks LDAP with NTLM asks for confidentiality.
  test(`${name}: signing alone is not what AD understands by it`, { skip }, async () => {
    const layer = (session: SecureSession): SaslLayer => ({
      protect: (message) => new Uint8Array(Buffer.concat([session.sign(message), message])),
      unprotect: (buffer) => buffer,
    })
    using bound = await bind({ package: name, ...as('alice'), confidentiality: false }, { layer })
    assert.ok(bound.session.achieved.includes('integrity'))
    assert.ok(!bound.session.achieved.includes('confidentiality'))
    await assert.rejects(find(bound.client, 'alice'), /closed/)
  })

  test(`${name}: a password beyond ASCII`, { skip }, async () => {
    using bound = await bind({ package: name, ...as('utf8user', UTF8_PASSWORD) })
    await assertIs(bound.client, 'utf8user')
  })

  test(`${name}: a user principal name in place of domain and user`, { skip }, async () => {
    const credentials = passwordCredential({ user: 'alice@ad.test', password: PASSWORD, packageList: NOT_FOR_US })
    using bound = await bind({ package: name, credentials })
    await assertIs(bound.client, 'alice')
  })

  // the reasons that AD gives: ERROR_LOGON_FAILURE, ERROR_ACCOUNT_DISABLED, ERROR_ACCOUNT_EXPIRED
  for (const [what, user, password, data] of [
    ['a wrong password', 'alice', 'wrong', '52e'],
    ['an unknown user', 'mallory', PASSWORD, '52e'],
    ['a disabled account', 'disabled', PASSWORD, '533'],
    ['an expired account', 'expired', PASSWORD, '701'],
  ] as const) {
    test(`${name}: ${what} is refused`, { skip }, async () => {
      await assert.rejects(bind({ package: name, ...as(user, password) }), (error) => {
        assert.ok(error instanceof LdapError, String(error))
        assert.equal(error.resultCode, 49)
        assert.match(error.message, new RegExp(`8009030C: .* data ${data},`))
        return true
      })
    })
  }
}

test('NTLM: a client that will not sign is refused without TLS', { skip }, async () => {
  const weak = bind({ package: 'NTLM', ...as('alice'), confidentiality: false, integrity: false })
  await assert.rejects(weak, (error) => error instanceof LdapError && error.resultCode === 8)
})

test('what was changed on its way is refused by Samba', { skip }, async () => {
  using bound = await bind(
    { package: 'NTLM', ...as('alice') },
    {
      layer: (session) => ({
        protect: (message) => session.seal(message).map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
        unprotect: (buffer) => session.unseal(buffer),
      }),
    },
  )
  await assert.rejects(find(bound.client, 'alice'), /closed/)
})

interface Bound extends Disposable {
  readonly client: LdapClient
  readonly session: SecureSession
}

async function bind(how: InitiateOptions, options?: BindOptions): Promise<Bound> {
  const { address, host } = sambaAd()
  const client = await LdapClient.connect({ host: address })
  const exchange = ourSide().initiate({ target: `ldap/${host}`, ...how })
  const end = (): void => {
    exchange[Symbol.dispose]()
    client[Symbol.dispose]()
  }
  try {
    return { client, session: await client.bind(exchange, options), [Symbol.dispose]: end }
  } catch (error) {
    end()
    throw error
  }
}

function as(user: string, password = PASSWORD): Pick<InitiateOptions, 'credentials'> {
  const { domain } = sambaAd()
  return { credentials: passwordCredential({ user, domain, password, packageList: NOT_FOR_US }) }
}

/** The first of the token's SIDs, which the DC shows to each client as an attribute of its root, is the user's. */
async function assertIs(client: LdapClient, user: string): Promise<void> {
  const [root] = await client.search({ base: '', baseOnly: true, attributes: ['tokenGroups'] })
  const sid = (await find(client, user)).attributes.get('objectsid')?.[0]
  assert.ok(sid)
  assert.deepEqual(root?.attributes.get('tokengroups')?.[0], sid)
}

async function find(client: LdapClient, user: string): Promise<LdapEntry> {
  const [entry] = await client.search({ base: BASE, filter: ['sAMAccountName', user] })
  assert.ok(entry, `${user} was not found`)
  return entry
}

function textsOf(entry: LdapEntry, attribute: string): readonly string[] | undefined {
  return entry.attributes.get(attribute.toLowerCase())?.map((value) => new TextDecoder().decode(value))
}
