import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { ClaimOrigin, SecureSession } from '../../src/index.js'
import { credentialOf, SERVER } from '../schannel/certificates.js'
import { KINDS, openPlace } from '../soak/kinds.js'
import { cross } from './cross.js'

// The table of docs/access-tokens.md: where each package has its claims from.

const place = openPlace()
after(() => place[Symbol.asyncDispose]())

const ACCOUNT: ClaimOrigin = { source: 'account-database', integrity: 'local', unchecked: [] }
const TICKET: ClaimOrigin = { source: 'ticket', integrity: 'sealed', unchecked: [] }
const CERTIFICATE: ClaimOrigin = { source: 'certificate', integrity: 'signed', unchecked: [] }

const EXPECTED: Readonly<
  Record<string, { readonly packageName: string; readonly name: ClaimOrigin; readonly sid: boolean }>
> = {
  NTLM: { packageName: 'NTLM', name: ACCOUNT, sid: true },
  Kerberos: { packageName: 'Kerberos', name: TICKET, sid: false }, // the KDC of tests makes no PAC
  'Negotiate by Kerberos': { packageName: 'Kerberos', name: TICKET, sid: false },
  'Negotiate by NTLM': { packageName: 'NTLM', name: ACCOUNT, sid: true },
  Digest: { packageName: 'WDigest', name: ACCOUNT, sid: true },
  Schannel: { packageName: 'Schannel', name: ACCOUNT, sid: true }, // mapped to an account
  CredSSP: { packageName: 'CREDSSP', name: TICKET, sid: false },
}

async function tokenOf(session: SecureSession) {
  const { accessToken } = session
  session[Symbol.dispose]()
  return accessToken
}

suite('the access token', () => {
  for (const kind of KINDS) {
    test(`of ${kind.name} says who it is, and where each claim comes from`, async () => {
      const server = kind.server(place)
      const client = kind.client(place, 'alice', false)
      await cross(client, server)
      client.session[Symbol.dispose]()
      const { user, origins, ...token } = await tokenOf(server.session)
      const expected = EXPECTED[kind.name]!
      assert.deepEqual([user.name, user.source], ['alice', 'verified'])
      assert.equal(token.packageName, expected.packageName)
      assert.deepEqual(origins.name, expected.name)
      assert.deepEqual(origins.sid, expected.sid ? ACCOUNT : undefined)
      assert.deepEqual(origins.groups, expected.sid ? ACCOUNT : undefined)
      assert.equal(user.sid, expected.sid ? place.domain.userSid('alice') : undefined)
      assert.match(token.qualifiedName, /^(EXAMPLE(\.TEST)?\\)alice$/)
      assert.equal(token.impersonationLevel, 'impersonation')
      assert.ok(token.expiry > place.domain.clock.now())
    })
  }

  test('of a certificate that is mapped to no account has what the certificate says', async () => {
    const { client, server } = place
    const request = { package: 'Schannel', credentials: credentialOf('client'), target: SERVER }
    const [ours, theirs] = [
      client.initiate(request),
      server.accept({ package: 'Schannel', credentials: credentialOf('server') }),
    ]
    await cross(ours, theirs)
    ours.session[Symbol.dispose]()
    const { user, origins } = await tokenOf(theirs.session)
    assert.deepEqual([user.name, user.sid, user.groups], ['alice', undefined, []])
    assert.deepEqual(origins.name, CERTIFICATE)
  })

  test('has another number for each context', async () => {
    const kind = KINDS[0]!
    const numbers = new Set<bigint>()
    for (let count = 0; count < 3; count++) {
      const [client, server] = [kind.client(place, 'alice', false), kind.server(place)]
      await cross(client, server)
      client.session[Symbol.dispose]()
      numbers.add((await tokenOf(server.session)).authenticationId)
    }
    assert.equal(numbers.size, 3)
  })
})
