import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ASC_RET_DELEGATE,
  ASC_RET_NULL_SESSION,
  identityFrom,
  readIdentity,
  SecurityFunctionTable,
  SECPKG_CRED_INBOUND,
  SECPKG_FLAG_IMPERSONATION,
  writeIdentity,
  type AmbientIdentity,
  type CtxtHandle,
  type Identity,
} from '../../src/sspi/index.js'
import { countingRandom, NOON } from '../compliance/setup.js'
import { fakePackage, FakeSession, finished } from './fake-package.js'
import { room } from './table.js'

const ALICE: Identity = {
  name: 'alice',
  domain: 'LAB',
  sid: 'S-1-5-21-1-2-3-1104',
  groups: ['S-1-5-32-545'],
  source: 'verified',
}

/** Keeps a value while a function runs, and no longer: enough for what does not wait. */
function synchronousAmbient(): AmbientIdentity {
  let current: object | undefined
  return {
    current: () => current,
    run: (value, fn) => {
      const before = current
      current = value
      try {
        return fn()
      } finally {
        current = before
      }
    },
  }
}

interface Arrived {
  readonly table: SecurityFunctionTable
  readonly context: CtxtHandle
}

/** A context of a fake package, which knows its client. */
async function arrive(parts: {
  readonly peer?: Identity | undefined
  readonly contextAttr?: number
  readonly capabilities?: number
  readonly ambient?: AmbientIdentity | undefined
}): Promise<Arrived> {
  const { peer, contextAttr = 0, capabilities = SECPKG_FLAG_IMPERSONATION, ambient } = parts
  const session = Object.assign(new FakeSession(), { peer, contextAttr })
  const fake = fakePackage({ server: () => finished(session) })
  const info = { ...fake.package.info, capabilities }
  const table = new SecurityFunctionTable({
    packages: [{ ...fake.package, info }],
    driver: { answer: () => assert.fail('nothing is asked') },
    world: {
      now: () => NOON,
      random: countingRandom(),
      policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false },
      emit: () => undefined,
    },
    ambient,
  })
  const request = { package: 'Fake', credentialUse: SECPKG_CRED_INBOUND }
  const { credential } = await table.acquireCredentialsHandle(request)
  const { context } = await table.acceptSecurityContext({ credential, contextReq: 0, output: room() })
  return { table, context }
}

suite('the access token of a package that says no more than who the peer is', () => {
  test('is what querySecurityContextToken gives: its names, and that the package vouches for them', async () => {
    const { table, context } = await arrive({ peer: ALICE })
    const token = table.querySecurityContextToken(context)
    assert.equal(token.qualifiedName, 'LAB\\alice')
    assert.equal(token.userPrincipalName, undefined)
    assert.equal(token.logonType, 'network')
    assert.deepEqual(token.origins.sid, { source: 'package', integrity: 'vouched', unchecked: [] })
    assert.equal(token.origins.userPrincipalName, undefined)
    assert.equal(table.querySecurityContextToken(context).authenticationId, token.authenticationId)
  })

  test('says of what the peer asserts that nothing stands for it', async () => {
    const { table, context } = await arrive({ peer: { ...ALICE, source: 'asserted' } })
    const { origins } = table.querySecurityContextToken(context)
    assert.deepEqual(origins.name, { source: 'peer', integrity: 'none', unchecked: [] })
  })

  test('has the level that the context achieved', async () => {
    for (const [contextAttr, level] of [
      [0, 'impersonation'],
      [ASC_RET_DELEGATE, 'delegation'],
      [ASC_RET_NULL_SESSION, 'anonymous'],
    ] as const) {
      const { table, context } = await arrive({ peer: ALICE, contextAttr })
      assert.equal(table.querySecurityContextToken(context).impersonationLevel, level)
    }
  })

  test('is not there where nobody authenticated', async () => {
    const { table, context } = await arrive({})
    assert.throws(() => table.querySecurityContextToken(context), { code: 'SEC_E_NO_IMPERSONATION' })
  })
})

suite('impersonating', () => {
  const ambient = synchronousAmbient()

  test('is refused where the package does not say that its clients can be', async () => {
    const { table, context } = await arrive({ peer: ALICE, capabilities: 0, ambient })
    assert.throws(() => table.impersonateSecurityContext(context, () => assert.fail('it ran')), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })

  test('is refused where nobody authenticated', async () => {
    const { table, context } = await arrive({ ambient })
    assert.throws(() => table.impersonateSecurityContext(context, () => assert.fail('it ran')), {
      code: 'SEC_E_NO_IMPERSONATION',
    })
  })

  test('is refused by an interface that was made without a way to do it; nobody is impersonated there', async () => {
    const { table, context } = await arrive({ peer: ALICE })
    assert.throws(() => table.impersonateSecurityContext(context, () => assert.fail('it ran')), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
    assert.equal(table.currentAccessToken(), undefined)
    assert.equal(
      table.captureIdentity()(() => table.revertSecurityContext(() => 42)),
      42,
    )
  })

  test('a captured identity is that of the capture, where it is used', async () => {
    const { table, context } = await arrive({ peer: ALICE, ambient })
    const name = (): string => table.currentAccessToken()?.user.name ?? 'the process'
    const asProcess = table.captureIdentity()
    table.impersonateSecurityContext(context, () => {
      const asAlice = table.captureIdentity()
      assert.equal(asProcess(name), 'the process')
      assert.equal(
        table.revertSecurityContext(() => asAlice(name)),
        'alice',
      )
    })
    assert.equal(name(), 'the process')
  })
})

suite('an identity as bytes', () => {
  for (const [what, identity] of [
    ['nobody', undefined],
    ['one that says little', { name: 'alice', domain: '', sid: undefined, groups: [], source: 'asserted' }],
    [
      'one that says all',
      identityFrom({ ...ALICE, userPrincipalName: 'alice@lab.example', accountName: 'LAB\\alice' }, 'pac', 'signed'),
    ],
    [
      'one with signatures that cannot be checked',
      {
        ...ALICE,
        origins: {
          ...identityFrom(ALICE, 'ticket', 'sealed').origins!,
          groups: { source: 'pac', integrity: 'signed', unchecked: ['the KDC’s'] },
        },
      },
    ],
  ] as const satisfies readonly (readonly [string, Identity | undefined])[]) {
    test(`comes back as it was: ${what}`, () => {
      assert.deepEqual(readIdentity(writeIdentity(identity)), identity)
    })
  }

  test('is refused when it is cut short, or longer than it says', () => {
    const bytes = writeIdentity(identityFrom(ALICE, 'pac', 'signed'))
    for (let length = 1; length < bytes.length; length++) {
      assert.throws(() => readIdentity(bytes.subarray(0, length)), { code: 'SEC_E_INVALID_TOKEN' })
    }
    assert.throws(() => readIdentity(Uint8Array.of(...bytes, 0)), { code: 'SEC_E_INVALID_TOKEN' })
  })
})
