import assert from 'node:assert/strict'
import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import {
  anonymousCredential,
  chosenCredential,
  handedOver,
  keytabCredential,
  ntHashCredential,
  packageAllowed,
  passwordCredential,
  SEC_E_OK,
  SECPKG_CRED_BOTH,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  splitUserName,
  SspiError,
  type CredentialChoice,
  type CredentialValue,
  type RevealedCredential,
  type SecWinntAuthIdentity,
} from '../../src/sspi/index.js'
import { ASK, finished, SlowDriver } from './fake-package.js'
import { Bench, room, tokenIn } from './table.js'

const SECRET = 'correct horse battery staple'
const goOn = { kind: 'continue', token: Uint8Array.of(1), consumed: 0 } as const

suite('credential values', () => {
  test('show themselves without their secret, however they are printed', () => {
    const hash = Buffer.from('0123456789abcdef')
    const values = [
      passwordCredential({ user: 'CONTOSO\\alice', password: SECRET }),
      ntHashCredential({ user: 'alice', ntHash: hash }),
    ]
    for (const value of values) {
      const lines: string[] = []
      const out = new Writable({
        write: (chunk, _, done) => {
          lines.push(String(chunk))
          done()
        },
      })
      new Console(out).log(value, [value], { value })
      new Console(out).dir(value, { showHidden: true, depth: 9 })
      const shown = [
        ...lines,
        inspect(value, { showHidden: true, depth: 9 }),
        inspect({ deep: { value } }, { depth: 9 }),
        JSON.stringify(value),
        Object.values(value).join(),
        new SspiError('SEC_E_LOGON_DENIED', 'no', { cause: value }).stack ?? '',
      ].join('\n')
      assert.match(shown, /alice/)
      for (const secret of [SECRET, '0123456789abcdef', '30, 31', '48,49,50', '30 31 32']) {
        assert.ok(!shown.includes(secret), shown)
      }
    }
  })

  test('keep a copy of a hash, also of one in a Buffer', async () => {
    const hash = Buffer.alloc(16, 5)
    const value = ntHashCredential({ user: 'alice', ntHash: hash })
    hash.fill(0)
    assert.deepEqual(await value.reveal(), new Uint8Array(16).fill(5))
  })

  test('take a name apart at the backslash, and leave a UPN whole', () => {
    assert.deepEqual(splitUserName('CONTOSO\\alice', ''), { user: 'alice', domain: 'CONTOSO' })
    assert.deepEqual(splitUserName('CONTOSO\\alice', 'contoso'), { user: 'alice', domain: 'CONTOSO' })
    assert.deepEqual(splitUserName('alice@contoso.com', ''), { user: 'alice@contoso.com', domain: '' })
    assert.deepEqual(splitUserName('alice', 'CONTOSO'), { user: 'alice', domain: 'CONTOSO' })
    assert.throws(() => splitUserName('CONTOSO\\alice', 'FABRIKAM'), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
  })

  test('a package list lets packages in and keeps them out', () => {
    const cases: readonly (readonly [string | undefined, string, boolean])[] = [
      [undefined, 'NTLM', true],
      ['', 'NTLM', true],
      [' , ', 'NTLM', true],
      ['!ntlm', 'NTLM', false],
      ['!ntlm', 'Kerberos', true],
      ['kerberos', 'NTLM', false],
      ['Kerberos, NTLM', 'ntlm', true],
      ['kerberos,!ntlm', 'NTLM', false],
      ['kerberos,!ntlm', 'Digest', false],
      ['ntlm,!NTLM', 'NTLM', false],
      ['! ntlm', 'NTLM', false],
    ]
    for (const [list, name, allowed] of cases) {
      assert.equal(packageAllowed(list, name), allowed, `${list ?? 'none'}: ${name}`)
    }
  })
})

suite('acquireCredentialsHandle', () => {
  const revealed = async (
    authData?: CredentialValue | SecWinntAuthIdentity,
  ): Promise<RevealedCredential | undefined> => {
    const { table, fake } = new Bench()
    await table.acquireCredentialsHandle({ package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND, authData })
    return fake.requests[0]!.value
  }

  test('hands each kind of value to the package, with its secret', async () => {
    const common = { user: 'alice', domain: 'CONTOSO', packageList: undefined }
    assert.deepEqual(await revealed(), undefined)
    assert.deepEqual(await revealed(anonymousCredential()), { kind: 'anonymous' })
    assert.deepEqual(await revealed(passwordCredential({ user: 'CONTOSO\\alice', password: SECRET })), {
      kind: 'password',
      ...common,
      password: SECRET,
    })
    const ntHash = new Uint8Array(16).fill(5)
    assert.deepEqual(await revealed(ntHashCredential({ user: 'alice', domain: 'CONTOSO', ntHash })), {
      kind: 'nt-hash',
      ...common,
      ntHash,
    })
  })

  test('asks a source for its secret each time, and passes its failure on', async () => {
    let asked = 0
    const value = passwordCredential({ user: 'alice', password: () => Promise.resolve(`${++asked}`) })
    const first = await revealed(value)
    const second = await revealed(value)
    assert.ok(first?.kind === 'password' && second?.kind === 'password')
    assert.deepEqual([first.password, second.password], ['1', '2'])
    const failing = passwordCredential({
      user: 'alice',
      password: () => Promise.reject(new TypeError('vault is shut')),
    })
    await assert.rejects(revealed(failing), { message: 'vault is shut' })
  })

  test('SEC_WINNT_AUTH_IDENTITY stands for a user with a password, whatever of it is missing', async () => {
    const password = { kind: 'password', packageList: undefined }
    const cases: readonly (readonly [SecWinntAuthIdentity, object])[] = [
      [
        { user: 'alice', domain: 'CONTOSO', password: SECRET },
        { user: 'alice', domain: 'CONTOSO', password: SECRET },
      ],
      [
        { user: 'alice', domain: '', password: SECRET },
        { user: 'alice', domain: '', password: SECRET },
      ],
      [
        { domain: 'CONTOSO', password: SECRET },
        { user: '', domain: 'CONTOSO', password: SECRET },
      ],
      [
        { user: 'alice', domain: 'CONTOSO' },
        { user: 'alice', domain: 'CONTOSO', password: '' },
      ],
      [{}, { user: '', domain: '', password: '' }],
      [
        { user: 'alice', packageList: '!ntlm' },
        { user: 'alice', domain: '', password: '', packageList: '!ntlm' },
      ],
    ]
    for (const [identity, expected] of cases) assert.deepEqual(await revealed(identity), { ...password, ...expected })
  })

  test('a chosen value is chosen by what it is for, each time, and each side by itself', async () => {
    const bench = new Bench()
    const asked: CredentialChoice[] = []
    const authData = chosenCredential({
      choose: async (choice) => {
        asked.push(choice)
        return passwordCredential({ user: choice.use, password: SECRET, packageList: 'kerberos' })
      },
    })
    const of = { package: 'Fake', authData, principal: 'alice', targetName: 'HTTP/www' }
    await bench.table.acquireCredentialsHandle({ ...of, credentialUse: SECPKG_CRED_OUTBOUND })
    await bench.table.acquireCredentialsHandle({ ...of, credentialUse: SECPKG_CRED_INBOUND })
    await bench.table.acquireCredentialsHandle({ ...of, credentialUse: SECPKG_CRED_BOTH })
    assert.deepEqual(
      asked.map(({ use }) => use),
      ['outbound', 'inbound', 'outbound', 'inbound'],
    )
    for (const { use, ...rest } of asked) {
      assert.ok(use)
      assert.deepEqual(rest, { package: 'Fake', principal: 'alice', targetName: 'HTTP/www' })
    }
    const valueOf = (user: string): RevealedCredential => ({
      kind: 'password',
      user,
      domain: '',
      packageList: 'kerberos',
      password: SECRET,
    })
    const [outbound, inbound] = [valueOf('outbound'), valueOf('inbound')]
    assert.deepEqual(
      bench.fake.requests.map(({ value }) => value),
      [outbound, inbound, { kind: 'pair', packageList: 'kerberos', outbound, inbound }],
    )
  })

  test('the package list of a chosen value gives way to that of the choice', async () => {
    const bench = new Bench()
    const identity = { user: 'alice', password: SECRET, packageList: 'kerberos' }
    const authData = chosenCredential({ choose: () => identity, packageList: '!ntlm' })
    await bench.table.acquireCredentialsHandle({ package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND, authData })
    const [request] = bench.fake.requests
    assert.equal(request?.value?.kind === 'password' && request.value.packageList, '!ntlm')
  })

  test('what a choice throws is the failure of the acquiring', async () => {
    const bench = new Bench()
    const failure = new SspiError('SEC_E_NO_CREDENTIALS', 'looked everywhere')
    const authData = chosenCredential({ choose: () => Promise.reject(failure) })
    const acquired = bench.table.acquireCredentialsHandle({
      package: 'Fake',
      credentialUse: SECPKG_CRED_OUTBOUND,
      authData,
    })
    await assert.rejects(acquired, failure)
  })

  test('level 2 says which service a chosen credential is for', async () => {
    const bench = new Bench()
    let targetName: string | undefined
    const credentials = chosenCredential({
      choose: (choice) => {
        targetName = choice.targetName
        return passwordCredential({ user: 'alice', password: SECRET })
      },
    })
    await bench.table.initiate({ package: 'Fake', target: 'HTTP/www', credentials }).step()
    assert.equal(targetName, 'HTTP/www')
  })

  test('a use must be given, and binds', async () => {
    const { table, fake } = new Bench()
    const forNothing = { package: 'Fake', credentialUse: 0 }
    await assert.rejects(table.acquireCredentialsHandle(forNothing), { code: 'SEC_E_NO_CREDENTIALS' })
    const authData = { user: 'alice', password: SECRET }
    await assert.rejects(table.acquireCredentialsHandle({ ...forNothing, authData }), {
      code: 'SEC_E_UNKNOWN_CREDENTIALS',
    })
    for (const [use, name] of [
      [SECPKG_CRED_INBOUND, 'inbound'],
      [SECPKG_CRED_OUTBOUND, 'outbound'],
      [SECPKG_CRED_BOTH, 'both'],
    ] as const) {
      const { credential } = await table.acquireCredentialsHandle({
        package: 'Fake',
        credentialUse: use,
        principal: 'svc',
      })
      assert.equal(fake.requests.at(-1)!.use, name)
      assert.equal(fake.requests.at(-1)!.principal, 'svc')
      const call = { credential, contextReq: 0, output: room() }
      const initiated = table.initializeSecurityContext(call)
      if (name === 'inbound') await assert.rejects(initiated, { code: 'SEC_E_NO_CREDENTIALS' })
      else assert.equal((await initiated).status, SEC_E_OK)
      const accepted = table.acceptSecurityContext(call)
      if (name === 'outbound') await assert.rejects(accepted, { code: 'SEC_E_NO_CREDENTIALS' })
      else assert.equal((await accepted).status, SEC_E_OK)
    }
  })

  test('what is no value and no identity is the caller’s mistake, and nobody’s credential', async () => {
    const { table, fake } = new Bench()
    for (const authData of ['alice', 42, null, true, () => ({ user: 'alice' })] as never[]) {
      const request = { package: 'Fake', credentialUse: SECPKG_CRED_OUTBOUND, authData }
      await assert.rejects(table.acquireCredentialsHandle(request), { name: 'TypeError', message: /^authData: / })
    }
    assert.equal(fake.requests.length, 0)
  })

  test('what was revealed for one side is wiped when the other side has nothing', async () => {
    const keytabs: Uint8Array[] = []
    const authData = chosenCredential({
      choose: ({ use }) => {
        if (use === 'inbound') throw new SspiError('SEC_E_NO_CREDENTIALS', 'nothing to accept with')
        const keytab = handedOver(Uint8Array.of(5, 2, 1, 2, 3))
        keytabs.push(keytab)
        return keytabCredential({ principal: 'alice', keytab: () => keytab })
      },
    })
    const both = new Bench().table.acquireCredentialsHandle({
      package: 'Fake',
      credentialUse: SECPKG_CRED_BOTH,
      authData,
    })
    await assert.rejects(both, { code: 'SEC_E_NO_CREDENTIALS' })
    assert.deepEqual(
      keytabs.map((bytes) => [...bytes]),
      [[0, 0, 0, 0, 0]],
    )
  })

  test('a package that refuses a value leaves nothing behind', async () => {
    const bench = new Bench({
      overrides: {
        acquire: () => {
          throw new SspiError('SEC_E_UNKNOWN_CREDENTIALS', 'no')
        },
      },
    })
    await assert.rejects(bench.credential(), { code: 'SEC_E_UNKNOWN_CREDENTIALS' })
  })
})

suite('the life of a credential', () => {
  const disposals = ({ fake }: Bench): number => fake.credentials[0]!.disposals

  test('ends by freeCredentialsHandle when no exchange is under way', async () => {
    const bench = new Bench({ client: (_, call) => (call === 0 ? goOn : finished()) })
    const [one, two] = [await bench.initiate(), await bench.initiate()]
    bench.table.freeCredentialsHandle(await bench.credential())
    assert.equal(disposals(bench), 0)
    await bench.initiate({ context: one.context, input: tokenIn(Uint8Array.of(1)) })
    assert.equal(disposals(bench), 0)
    bench.table.deleteSecurityContext(two.context)
    assert.equal(disposals(bench), 1)
    bench.table.deleteSecurityContext(one.context)
    assert.equal(disposals(bench), 1)
  })

  test('ends after an exchange that failed', async () => {
    const bench = new Bench({
      client: (_, call) => {
        if (call === 0) return goOn
        throw new SspiError('SEC_E_LOGON_DENIED', 'no')
      },
    })
    const { context } = await bench.initiate()
    bench.table.freeCredentialsHandle(await bench.credential())
    await assert.rejects(bench.initiate({ context, input: tokenIn(Uint8Array.of(1)) }))
    assert.equal(disposals(bench), 1)
    bench.table.deleteSecurityContext(context)
    assert.equal(disposals(bench), 1)
  })

  test('is kept while an exchange waits, and let go when that is deleted', async () => {
    const driver = new SlowDriver()
    const bench = new Bench({ client: (_, call) => (call === 0 ? goOn : ASK) }, { driver })
    const { context } = await bench.initiate()
    const running = bench.initiate({ context, input: tokenIn(Uint8Array.of(1)) })
    bench.table.freeCredentialsHandle(await bench.credential())
    assert.equal(disposals(bench), 0)
    bench.table.deleteSecurityContext(context)
    assert.equal(disposals(bench), 1)
    driver.reply()
    await assert.rejects(running)
    assert.equal(disposals(bench), 1)
  })

  test('is not held by a first call that never began', async () => {
    const bench = new Bench({
      overrides: {
        initiate: () => {
          throw new SspiError('SEC_E_TARGET_UNKNOWN', 'no')
        },
      },
    })
    await assert.rejects(bench.initiate(), { code: 'SEC_E_TARGET_UNKNOWN' })
    bench.table.freeCredentialsHandle(await bench.credential())
    assert.equal(disposals(bench), 1)
    assert.throws(
      () => {
        bench.table.freeCredentialsHandle(undefined as never)
      },
      { code: 'SEC_E_INVALID_HANDLE' },
    )
  })
})
