import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { inspect } from 'node:util'
import { fc } from '../property.js'
import { fromHex, utf16leEncode } from '../../src/bytes/index.js'
import { observeSecrets } from '../../src/crypto/secret-bytes.js'
import {
  SEC_E_OK,
  SEC_WINNT_AUTH_DATA_TYPE_KEYTAB,
  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM,
  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON,
  SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS,
  SspiError,
  Status,
  type AuthIdentity,
  type AuthIdentityStrings,
} from '../../src/sspi/index.js'
import { testTable } from '../compliance/setup.js'

const table = testTable([])
const ALICE = { userName: 'alice', domainName: 'CONTOSO', packedCredentialsString: 'Pa55word-ÄÖ' }

function alice(): AuthIdentity {
  return table.sspiEncodeStringsAsAuthIdentity(ALICE)
}

/** The structure of sspi.h for a x64 compiler, put together by hand: user `u`, domain `d`, password `p`, list `!ntlm`. */
const STRUCTURE = fromHex(
  [
    '01020000 3000 0000 62000000', // Version 0x201, cbHeaderLength 48, cbStructureLength
    '30000000 0200 0000', // user at 48
    '32000000 0200 0000', // domain at 50
    '34000000 1e00 0000', // credentials at 52
    '06000000', // UNICODE | MARSHALLED
    '52000000 0a00 0000', // package list at 82
    '7500', // u
    '6400', // d
    '1c00 1e00 2fc3bf28 f610 3847 98d1 1ac061df716a 1c000000 0200 0000 7000', // SEC_WINNT_AUTH_PACKED_CREDENTIALS
    '21006e0074006c006d00', // !ntlm
    '000000000000', // cbStructureLength says that these belong to it
  ]
    .join('')
    .replaceAll(' ', ''),
)

suite('strings and identities', () => {
  const cases: readonly AuthIdentityStrings[] = [
    { packedCredentialsString: 'secret' },
    { domainName: 'CONTOSO', packedCredentialsString: 'secret' },
    { userName: 'alice', packedCredentialsString: 'secret' },
    { userName: 'alice' },
    ALICE,
    { userName: '', domainName: '', packedCredentialsString: '' },
  ]
  for (const strings of cases) {
    test(`sspiEncodeAuthIdentityAsStrings gives back what sspiEncodeStringsAsAuthIdentity took: ${Object.keys(strings).join(' and ')} of ${JSON.stringify(Object.values(strings))}`, () => {
      const identity = table.sspiEncodeStringsAsAuthIdentity(strings)
      assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(identity), {
        userName: undefined,
        domainName: undefined,
        packedCredentialsString: undefined,
        ...strings,
      })
      assert.equal(table.sspiValidateAuthIdentity(identity), SEC_E_OK)
    })
  }

  test('fact 244: any of user, domain and password may be left out', () => {
    for (const strings of cases) assert.ok(table.sspiEncodeStringsAsAuthIdentity(strings))
  })

  test('fact 245: the same strings come back, and what was left out is undefined', () => {
    const { userName, domainName, packedCredentialsString } = table.sspiEncodeAuthIdentityAsStrings(alice())
    assert.deepEqual({ userName, domainName, packedCredentialsString }, ALICE)
    const identity = table.sspiEncodeStringsAsAuthIdentity({ packedCredentialsString: 'secret' })
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(identity), {
      userName: undefined,
      domainName: undefined,
      packedCredentialsString: 'secret',
    })
  })

  test('any strings come back through sspiMarshalAuthIdentity and sspiUnmarshalAuthIdentity', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 40 }), { nil: undefined })
    const strings = fc.record({ userName: text, domainName: text, packedCredentialsString: text })
    fc.assert(
      fc.property(strings, (given) => {
        const marshalled = table.sspiMarshalAuthIdentity(table.sspiEncodeStringsAsAuthIdentity(given))
        const identity = table.sspiUnmarshalAuthIdentity(marshalled)
        assert.deepEqual({ ...table.sspiEncodeAuthIdentityAsStrings(identity) }, { ...given })
      }),
    )
  })

  test('a string that is too long for its length is refused', () => {
    const userName = 'x'.repeat(0x8000)
    const refused = { code: 'SEC_E_INVALID_PARAMETER' } as const
    assert.throws(() => table.sspiEncodeStringsAsAuthIdentity({ userName }), refused)
    const packedCredentialsString = 'x'.repeat(0x7ff2)
    assert.throws(() => table.sspiEncodeStringsAsAuthIdentity({ packedCredentialsString }), refused)
    table.sspiEncodeStringsAsAuthIdentity({ packedCredentialsString: 'x'.repeat(0x7ff1) })
  })

  test('credentials that are no password have no string', () => {
    const identity = table.encodeKeytabAsAuthIdentity('HTTP/www', 'EXAMPLE.TEST', Uint8Array.of(5, 2))
    assert.throws(() => table.sspiEncodeAuthIdentityAsStrings(identity), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })
})

suite('the structure', () => {
  test('sspiUnmarshalAuthIdentity reads a SEC_WINNT_AUTH_IDENTITY_EX2 as a C compiler lays it out', () => {
    const identity = table.sspiUnmarshalAuthIdentity(STRUCTURE)
    const strings = { userName: 'u', domainName: 'd', packedCredentialsString: 'p' }
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(identity), strings)
    // What lies behind the structure is left aside, as Windows may have room there.
    const longer = new Uint8Array([...STRUCTURE, ...new Uint8Array(8)])
    const same = table.sspiUnmarshalAuthIdentity(longer)
    assert.equal(table.sspiCompareAuthIdentities(identity, same).sameSuppliedIdentity, true)
  })

  test('sspiMarshalAuthIdentity writes it so', () => {
    const list = table.sspiExcludePackage(
      table.sspiEncodeStringsAsAuthIdentity({ userName: 'u', domainName: 'd', packedCredentialsString: 'p' }),
      'ntlm',
    )
    // Its length, which the one above has six bytes more of.
    const expected = STRUCTURE.slice(0, -6)
    expected[8] = expected.length
    assert.deepEqual(new Uint8Array(table.sspiMarshalAuthIdentity(list)), expected)
  })

  test('strings in ANSI are read as UTF-8', () => {
    const ansi = STRUCTURE.slice(0, -6)
    ansi[8] = ansi.length
    ansi[36] = 0x05
    ansi.set([0xc3, 0xa4], 48) // user ä
    ansi.set([0x64, 0x64], 50)
    ansi.set([0x70, 0x70], 80)
    const strings = table.sspiEncodeAuthIdentityAsStrings(table.sspiUnmarshalAuthIdentity(ansi))
    assert.deepEqual(strings, { userName: 'ä', domainName: 'dd', packedCredentialsString: 'pp' })
  })

  test('encodeKeytabAsAuthIdentity writes the type that Windows has for a keytab’s credentials', () => {
    const marshalled = table.sspiMarshalAuthIdentity(
      table.encodeKeytabAsAuthIdentity('HTTP/www', 'EXAMPLE.TEST', Uint8Array.of(5, 2)),
    )
    assert.equal(SEC_WINNT_AUTH_DATA_TYPE_KEYTAB, 'd587aae8-f78f-4455-a112-c934beee7ce1')
    const guid = fromHex('e8aa87d58ff75544a112c934beee7ce1')
    const at = 48 + 16 + 24
    assert.deepEqual(new Uint8Array(marshalled.subarray(at + 4, at + 20)), guid)
  })

  test('sspiValidateAuthIdentity finds that what is made here holds together, and what was freed does not', () => {
    for (const identity of [
      alice(),
      table.sspiUnmarshalAuthIdentity(STRUCTURE),
      table.sspiExcludePackage(undefined, 'NTLM'),
    ]) {
      assert.equal(table.sspiValidateAuthIdentity(identity), SEC_E_OK)
      table.sspiFreeAuthIdentity(identity)
      assert.throws(() => table.sspiValidateAuthIdentity(identity), { code: 'SEC_E_INVALID_HANDLE' })
    }
  })

  test('cut short anywhere it is refused', () => {
    for (let length = 0; length < STRUCTURE.length; length++) {
      assert.throws(() => table.sspiUnmarshalAuthIdentity(STRUCTURE.subarray(0, length)), {
        code: 'SEC_E_INVALID_TOKEN',
      })
    }
  })

  test('with any byte changed it is read or refused, and nothing else happens', () => {
    for (let at = 0; at < STRUCTURE.length; at++) {
      for (const bit of [1, 4, 0x80]) {
        const changed = new Uint8Array(STRUCTURE)
        changed[at]! ^= bit
        try {
          table.sspiFreeAuthIdentity(table.sspiUnmarshalAuthIdentity(changed))
        } catch (error) {
          assert.ok(error instanceof SspiError && error.code === 'SEC_E_INVALID_TOKEN', String(error))
        }
      }
    }
  })

  for (const [what, at, bytes] of [
    ['another version', 0, [0x00, 0x02]],
    ['a header that is too short', 4, [47]],
    ['a structure of which some is missing', 8, [99]],
    ['a user within the header', 12, [40]],
    ['a user behind the end', 16, [0xff, 0xff]],
    ['credentials behind the end', 28, [0xff, 0xff, 0xff, 0xff]],
    ['half a character', 16, [1]],
    ['both encodings', 36, [0x07]],
    ['no encoding', 36, [0x04]],
    ['flags that there are not', 37, [0x02]],
    ['a user that is there and absent', 38, [0x02]],
    ['packed credentials that are longer than their part', 54, [0xff]],
    ['a password behind the end of the packed credentials', 72, [0x1d]],
  ] as const) {
    test(`${what}: refused`, () => {
      const wrong = new Uint8Array(STRUCTURE)
      wrong.set(bytes, at)
      assert.throws(() => table.sspiUnmarshalAuthIdentity(wrong), { code: 'SEC_E_INVALID_TOKEN' })
    })
  }
})

suite('copies, and what they are compared by', () => {
  test('sspiCopyAuthIdentity gives one of its own', () => {
    const one = alice()
    const copy = table.sspiCopyAuthIdentity(one)
    table.sspiFreeAuthIdentity(one)
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(copy), ALICE)
  })

  for (const [what, other, sameSuppliedUser, sameSuppliedIdentity] of [
    ['the same', ALICE, true, true],
    ['names in other letters', { ...ALICE, userName: 'ALICE', domainName: 'contoso' }, true, true],
    ['another password', { ...ALICE, packedCredentialsString: 'other' }, true, false],
    ['no password', { ...ALICE, packedCredentialsString: undefined }, true, false],
    ['another user', { ...ALICE, userName: 'bob' }, false, false],
    ['another domain', { ...ALICE, domainName: 'FABRIKAM' }, false, false],
    ['an empty domain in place of none', { ...ALICE, domainName: undefined }, false, false],
  ] as const) {
    test(`sspiCompareAuthIdentities: ${what}`, () => {
      const compared = table.sspiCompareAuthIdentities(alice(), table.sspiEncodeStringsAsAuthIdentity(other))
      assert.deepEqual(compared, { sameSuppliedUser, sameSuppliedIdentity })
    })
  }

  test('sspiCompareAuthIdentities: identities left out are the same as one another, and as nobody else', () => {
    const same = { sameSuppliedUser: true, sameSuppliedIdentity: true }
    const different = { sameSuppliedUser: false, sameSuppliedIdentity: false }
    assert.deepEqual(table.sspiCompareAuthIdentities(undefined, undefined), same)
    assert.deepEqual(table.sspiCompareAuthIdentities(alice(), undefined), different)
  })

  test('sspiCompareAuthIdentities: one that may not be used with NTLM is another identity', () => {
    const { sameSuppliedUser, sameSuppliedIdentity } = table.sspiCompareAuthIdentities(
      alice(),
      table.sspiExcludePackage(alice(), 'NTLM'),
    )
    assert.deepEqual([sameSuppliedUser, sameSuppliedIdentity], [true, false])
  })

  test('sspiExcludePackage twice for one package is once', () => {
    const once = table.sspiExcludePackage(alice(), 'NTLM')
    const twice = table.sspiExcludePackage(once, 'ntlm')
    assert.deepEqual(table.sspiMarshalAuthIdentity(twice), table.sspiMarshalAuthIdentity(once))
    for (const name of ['', 'NTLM,Kerberos']) {
      assert.throws(() => table.sspiExcludePackage(alice(), name), { code: 'SEC_E_INVALID_PARAMETER' })
    }
  })
})

suite('an identity in parts, as SEC_WINNT_AUTH_IDENTITY and SEC_WINNT_AUTH_IDENTITY_EX have it', () => {
  const parts = { user: 'alice', domain: 'CONTOSO', password: 'Pa55word-ÄÖ' }

  test('is taken wherever one in one piece is', () => {
    const same = { sameSuppliedUser: true, sameSuppliedIdentity: true }
    assert.deepEqual(table.sspiCompareAuthIdentities(parts, alice()), same)
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(parts), ALICE)
    assert.deepEqual(table.sspiMarshalAuthIdentity(parts), table.sspiMarshalAuthIdentity(alice()))
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(table.sspiCopyAuthIdentity(parts)), ALICE)
    assert.equal(table.sspiValidateAuthIdentity(parts), SEC_E_OK)
    assert.equal(table.sspiPrepareForCredWrite(parts).userName, 'CONTOSO\\alice')
    assert.equal(table.sspiPrepareForCredRead(parts).targetName, 'CONTOSO\\alice')
  })

  test('keeps its package list, and a further package is excluded from it', () => {
    const listed = { ...parts, packageList: 'kerberos,ntlm' }
    const excluded = table.sspiExcludePackage(listed, 'NTLM')
    const expected = table.sspiMarshalAuthIdentity({ ...parts, packageList: 'kerberos,ntlm,!NTLM' })
    assert.deepEqual(table.sspiMarshalAuthIdentity(excluded), expected)
  })

  test('is refused where a part is too long to go into one piece', () => {
    const long = { user: 'x'.repeat(0x8000) }
    for (const call of [
      () => table.sspiValidateAuthIdentity(long),
      () => table.sspiMarshalAuthIdentity(long),
      () => table.sspiCopyAuthIdentity(long),
    ]) {
      assert.throws(call, { code: 'SEC_E_INVALID_PARAMETER' })
    }
  })
})

suite('encryption', () => {
  test('sspiEncryptAuthIdentity hides every string, and sspiDecryptAuthIdentity gives them back', () => {
    const identity = alice()
    const plain = table.sspiMarshalAuthIdentity(identity)
    assert.equal(table.sspiIsAuthIdentityEncrypted(identity), false)
    table.sspiEncryptAuthIdentity(identity)
    assert.equal(table.sspiIsAuthIdentityEncrypted(identity), true, 'sspiIsAuthIdentityEncrypted')
    assert.equal(table.sspiValidateAuthIdentity(identity), SEC_E_OK)
    const hidden = Buffer.from(table.sspiMarshalAuthIdentity(identity))
    for (const text of Object.values(ALICE)) assert.ok(!hidden.includes(Buffer.from(utf16leEncode(text))), text)
    table.sspiDecryptAuthIdentity(identity)
    assert.deepEqual(table.sspiMarshalAuthIdentity(identity), plain)
  })

  test('sspiIsAuthIdentityEncrypted tells an encrypted identity from one in clear, also when it came as bytes', () => {
    const identity = alice()
    assert.equal(table.sspiIsAuthIdentityEncrypted(identity), false)
    table.sspiEncryptAuthIdentity(identity)
    const again = table.sspiUnmarshalAuthIdentity(table.sspiMarshalAuthIdentity(identity))
    assert.equal(table.sspiIsAuthIdentityEncrypted(again), true)
    table.sspiDecryptAuthIdentity(again)
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(again), ALICE)
  })

  for (const [name, option] of [
    ['SAME_PROCESS', SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_PROCESS],
    ['SAME_LOGON', SEC_WINNT_AUTH_IDENTITY_ENCRYPT_SAME_LOGON],
  ] as const) {
    test(`sspiDecryptAuthIdentityEx opens what sspiEncryptAuthIdentityEx closed for the ${name}, with that option alone`, () => {
      const identity = alice()
      table.sspiEncryptAuthIdentityEx(option, identity)
      const other = option === 1 ? 2 : 1
      const wrong = { code: 'SEC_E_INVALID_PARAMETER' } as const
      assert.throws(() => table.sspiDecryptAuthIdentityEx(other, identity), wrong)
      assert.throws(() => table.sspiEncryptAuthIdentityEx(option, identity), wrong)
      table.sspiDecryptAuthIdentityEx(option, identity)
      assert.throws(() => table.sspiDecryptAuthIdentityEx(option, identity), wrong)
      assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(identity), ALICE)
    })
  }

  test('for the SYSTEM account, or with both options, it is not supported', () => {
    for (const option of [0, 3, SEC_WINNT_AUTH_IDENTITY_ENCRYPT_FOR_SYSTEM]) {
      const refused = { code: 'SEC_E_UNSUPPORTED_FUNCTION' } as const
      assert.throws(() => table.sspiEncryptAuthIdentityEx(option, alice()), refused)
      assert.throws(() => table.sspiDecryptAuthIdentityEx(option, alice()), refused)
    }
  })

  test('another security interface cannot decrypt it', () => {
    const identity = alice()
    table.sspiEncryptAuthIdentity(identity)
    assert.throws(() => testTable([]).sspiDecryptAuthIdentity(identity), { code: 'SEC_E_MESSAGE_ALTERED' })
    // Refused, it stays as it was.
    table.sspiDecryptAuthIdentity(identity)
    assert.deepEqual(table.sspiEncodeAuthIdentityAsStrings(identity), ALICE)
  })

  test('with any byte changed it is refused', () => {
    const identity = alice()
    table.sspiEncryptAuthIdentity(identity)
    const bytes = table.sspiMarshalAuthIdentity(identity)
    for (let at = 0; at < bytes.length; at++) {
      const changed = new Uint8Array(bytes)
      changed[at]! ^= 0x10
      assert.throws(
        () => {
          table.sspiDecryptAuthIdentity(table.sspiUnmarshalAuthIdentity(changed))
        },
        { code: /^SEC_E_(INVALID_TOKEN|MESSAGE_ALTERED|INVALID_PARAMETER)$/ },
        `byte ${at}`,
      )
    }
  })

  test('nothing looks into it', () => {
    const identity = alice()
    table.sspiEncryptAuthIdentity(identity)
    const refused = { code: 'SEC_E_INVALID_PARAMETER' } as const
    assert.throws(() => table.sspiEncodeAuthIdentityAsStrings(identity), refused)
    assert.throws(() => table.sspiCompareAuthIdentities(identity, identity), refused)
    assert.throws(() => table.sspiExcludePackage(identity, 'NTLM'), refused)
    assert.throws(() => table.sspiPrepareForCredRead(identity), refused)
    assert.throws(() => table.sspiPrepareForCredWrite(identity), refused)
  })
})

suite('the end of an identity, by sspiZeroAuthIdentity or sspiFreeAuthIdentity', () => {
  for (const [name, end] of [
    [
      'sspiZeroAuthIdentity leaves nothing of an identity',
      (identity: AuthIdentity) => table.sspiZeroAuthIdentity(identity),
    ],
    [
      'sspiFreeAuthIdentity leaves nothing of an identity',
      (identity: AuthIdentity) => table.sspiFreeAuthIdentity(identity),
    ],
    ['disposal leaves nothing of an identity', (identity: AuthIdentity) => identity[Symbol.dispose]()],
  ] as const) {
    test(name, () => {
      const made: Uint8Array[] = []
      const stop = observeSecrets((secret) => made.push(secret))
      try {
        const identity = alice()
        table.sspiEncryptAuthIdentity(identity)
        table.sspiDecryptAuthIdentity(identity)
        assert.ok(made.length > 0)
        end(identity)
        end(identity)
        // The key of the interface lives on.
        for (const secret of made.filter(({ length }) => length !== 32)) assert.ok(secret.every((byte) => byte === 0))
        assert.throws(() => table.sspiValidateAuthIdentity(identity), { code: 'SEC_E_INVALID_HANDLE' })
        assert.throws(() => table.sspiMarshalAuthIdentity(identity), { code: 'SEC_E_INVALID_HANDLE' })
      } finally {
        stop()
      }
    })
  }

  test('sspiLocalFree overwrites what was marshalled', () => {
    const bytes = table.sspiMarshalAuthIdentity(alice())
    table.sspiLocalFree(bytes)
    assert.ok(bytes.every((byte) => byte === 0))
    table.sspiLocalFree(undefined)
    table.sspiFreeAuthIdentity(undefined)
  })

  test('printed, it shows nothing', () => {
    const identity = alice()
    const options = { depth: Infinity, showHidden: true, getters: true } as const
    const shown = [inspect(identity, options), JSON.stringify({ identity }), inspect([identity])]
    assert.deepEqual(shown, [
      'AuthIdentity { redacted }',
      '{"identity":{"identity":"redacted"}}',
      '[ AuthIdentity { redacted } ]',
    ])
    assert.deepEqual(Object.values(identity), [])
  })
})

suite('what stands beside them', () => {
  const saved = { credentialType: 2, userName: 'CONTOSO\\alice' }
  const blob = utf16leEncode(ALICE.packedCredentialsString)

  test('fact 247: sspiPrepareForCredWrite saves a password under the user’s name', () => {
    const { credentialBlob, ...named } = table.sspiPrepareForCredWrite(alice())
    assert.deepEqual(named, { ...saved, targetName: 'CONTOSO\\alice' })
    assert.deepEqual(new Uint8Array(credentialBlob), blob)
  })

  test('fact 248: sspiPrepareForCredWrite saves a password under the target’s name, where that is given', () => {
    const { credentialBlob, ...targeted } = table.sspiPrepareForCredWrite(alice(), 'server')
    assert.deepEqual(targeted, { ...saved, targetName: 'server' })
    assert.deepEqual(new Uint8Array(credentialBlob), blob)
  })

  test('sspiPrepareForCredRead finds it there', () => {
    assert.deepEqual(table.sspiPrepareForCredRead(alice(), 'server'), { credentialType: 2, targetName: 'server' })
    const { targetName } = table.sspiPrepareForCredRead(table.sspiEncodeStringsAsAuthIdentity({ userName: 'bob' }))
    assert.equal(targetName, 'bob')
    const keytab = table.encodeKeytabAsAuthIdentity('HTTP/www', undefined, Uint8Array.of(5, 2))
    assert.throws(() => table.sspiPrepareForCredRead(keytab), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })

  for (const [target, host] of [
    ['HTTP/www.example.com', 'www.example.com'],
    ['HTTP/www.example.com:8080', 'www.example.com'],
    ['ldap/dc1.example.com/example.com@EXAMPLE.COM', 'dc1.example.com'],
    ['host/www@EXAMPLE.COM', 'www'],
    ['HTTP/[2001:db8::1]:443', '[2001:db8::1]'],
    ['www.example.com', 'www.example.com'],
  ] as const) {
    test(`sspiGetTargetHostName of ${target} is ${host}`, () => {
      assert.equal(table.sspiGetTargetHostName(target), host)
    })
  }

  test('sspiGetTargetHostName refuses a target without a host', () => {
    for (const target of ['', 'HTTP/', 'HTTP/:80', '@EXAMPLE.COM']) {
      assert.throws(() => table.sspiGetTargetHostName(target), { code: 'SEC_E_INVALID_PARAMETER' })
    }
  })

  test('sspiIsPromptingNeeded where other credentials can help', () => {
    const needed = [Status.SEC_E_LOGON_DENIED, Status.SEC_E_NO_CREDENTIALS, 0xc000_006d, 1326, 0xc000_006d | 0]
    for (const status of needed) assert.equal(table.sspiIsPromptingNeeded(status), true, String(status))
    for (const status of [SEC_E_OK, Status.SEC_E_INVALID_TOKEN, Status.SEC_E_TIME_SKEW]) {
      assert.equal(table.sspiIsPromptingNeeded(status), false, String(status))
    }
  })
})
