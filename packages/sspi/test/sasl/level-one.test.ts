import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { encodeUtf8 } from '../../src/bytes/index.js'
import {
  Sasl_AuthZIDForbidden,
  Sasl_AuthZIDProcessed,
  SASL_OPTION_AUTHZ_PROCESSING,
  SASL_OPTION_AUTHZ_STRING,
  SASL_OPTION_RECV_SIZE,
  SASL_OPTION_SEND_SIZE,
  saslAcceptSecurityContext,
  saslEnumerateProfiles,
  saslGetContextOption,
  saslGetProfilePackage,
  saslIdentifyPackage,
  saslInitializeSecurityContext,
  saslSetContextOption,
} from '../../src/sasl/index.js'
import {
  ASC_REQ_CONFIDENTIALITY,
  ASC_REQ_INTEGRITY,
  ASC_RET_CONFIDENTIALITY,
  ASC_RET_INTEGRITY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_INTEGRITY,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SecBuffer,
  SECBUFFER_DATA,
  SECBUFFER_STREAM,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  SECPKG_ATTR_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SECQOP_WRAP_NO_ENCRYPT,
  type CtxtHandle,
} from '../../src/sspi/index.js'
import { Pair, table, type Role } from './pair.js'

const BOTH = ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY

suite('the mechanisms', () => {
  test('saslEnumerateProfiles lists Windows’ four', () => {
    assert.deepEqual(saslEnumerateProfiles(table()), ['GSSAPI', 'GSS-SPNEGO', 'DIGEST-MD5', 'EXTERNAL'])
  })

  test('saslEnumerateProfiles leaves out what has no package', () => {
    const without = table()
    without.deleteSecurityPackage('WDigest')
    assert.deepEqual(saslEnumerateProfiles(without), ['GSSAPI', 'GSS-SPNEGO', 'EXTERNAL'])
    assert.throws(() => saslGetProfilePackage(without, 'DIGEST-MD5'), { code: 'SEC_E_SECPKG_NOT_FOUND' })
  })

  for (const [profile, name] of [
    ['GSSAPI', 'Kerberos'],
    ['GSS-SPNEGO', 'Negotiate'],
    ['digest-md5', 'WDigest'],
    ['EXTERNAL', 'Schannel'],
  ] as const) {
    test(`saslGetProfilePackage of ${profile} is ${name}`, () => {
      assert.equal(saslGetProfilePackage(table(), profile).name, name)
    })
  }

  test('saslGetProfilePackage of anything else is not found', () => {
    for (const name of ['', 'PLAIN', 'Kerberos']) {
      assert.throws(() => saslGetProfilePackage(table(), name), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    }
  })

  for (const [name, package_, role] of [
    ['GSSAPI', 'Kerberos', 'client'],
    ['GSS-SPNEGO', 'Negotiate', 'client'],
    ['DIGEST-MD5', 'WDigest', 'server'],
  ] as const) {
    test(`saslIdentifyPackage knows the first token of ${name}`, async () => {
      const pair = await Pair.begin(package_)
      const token = await pair.step(role, undefined)
      const input = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token)])
      assert.equal(saslIdentifyPackage(table(), input).name, package_)
    })
  }

  test('saslIdentifyPackage knows a ClientHello, and nobody’s token', () => {
    const of = (bytes: Uint8Array): SecBufferDesc => new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, bytes)])
    const sspi = table()
    assert.equal(saslIdentifyPackage(sspi, of(Uint8Array.of(22, 3, 1, 0, 5))).name, 'Schannel')
    for (const strange of ['hello', 'NTLMSSP\0', '`', 'realm="x"']) {
      assert.throws(() => saslIdentifyPackage(sspi, of(encodeUtf8(strange))), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    }
    assert.throws(() => saslIdentifyPackage(sspi, of(new Uint8Array(0))), { code: 'SEC_E_INVALID_TOKEN' })
    assert.throws(() => saslIdentifyPackage(sspi, new SecBufferDesc([])), { code: 'SEC_E_INVALID_TOKEN' })
  })
})

suite('GSSAPI: saslInitializeSecurityContext and saslAcceptSecurityContext agree on a layer', () => {
  // What the client asks for, what the server demands, and the layer that comes out: integrity, confidentiality.
  for (const [what, asked, demanded, integrity, confidentiality] of [
    ['nothing and nothing', 0, 0, false, false],
    ['integrity and nothing', ISC_REQ_INTEGRITY, 0, true, false],
    ['both and nothing', BOTH, 0, true, true],
    ['confidentiality and integrity', ISC_REQ_CONFIDENTIALITY, ASC_REQ_INTEGRITY, true, true],
    ['integrity and integrity', ISC_REQ_INTEGRITY, ASC_REQ_INTEGRITY, true, false],
    ['both and both', BOTH, ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY, true, true],
  ] as const) {
    test(`asked for ${what}: ${confidentiality ? 'confidentiality' : integrity ? 'integrity' : 'none'}`, async () => {
      const pair = await Pair.begin('Kerberos', { asked, demanded })
      const [client, server] = await pair.finish()
      const flags = [
        client.contextAttr & ISC_RET_INTEGRITY,
        client.contextAttr & ISC_RET_CONFIDENTIALITY,
        server.contextAttr & ASC_RET_INTEGRITY,
        server.contextAttr & ASC_RET_CONFIDENTIALITY,
      ]
      assert.deepEqual(
        flags.map((flag) => flag !== 0),
        [integrity, confidentiality, integrity, confidentiality],
      )
    })
  }

  test('a client that asks for nothing, where the server demands integrity, finds no layer, and its context has ended', async () => {
    const pair = await Pair.begin('Kerberos', { asked: 0, demanded: ASC_REQ_INTEGRITY })
    await assert.rejects(pair.finish(), { code: 'SEC_E_QOP_NOT_SUPPORTED' })
    await assert.rejects(pair.step('client', new Uint8Array(0)), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('where the server demands confidentiality, a client that asks for integrity is refused by the package', async () => {
    const pair = await Pair.begin('Kerberos', { asked: ISC_REQ_INTEGRITY, demanded: ASC_REQ_CONFIDENTIALITY })
    await assert.rejects(pair.finish(), { code: 'SEC_E_SECURITY_QOS_FAILED' })
  })

  test('to a client that wants no proof of the server, the offer is the answer to its first token', async () => {
    const pair = await Pair.begin('Kerberos', { mutual: false })
    const offer = await pair.step('server', await pair.step('client', undefined))
    assert.equal(pair.last('server').status, SEC_I_CONTINUE_NEEDED)
    const choice = await pair.step('client', offer)
    assert.equal(pair.last('client').status, SEC_E_OK)
    await pair.step('server', choice)
    assert.equal(pair.last('server').status, SEC_E_OK)
  })

  test('the handle is good for the message calls of the interface afterwards', async () => {
    const pair = await Pair.begin('Kerberos', { asked: ISC_REQ_INTEGRITY })
    await pair.finish()
    const { securityTrailer } = pair.sspi('client').queryContextAttributes(pair.context('client'), SECPKG_ATTR_SIZES)
    const token = new SecBuffer(SECBUFFER_TOKEN, securityTrailer)
    const data = new SecBuffer(SECBUFFER_DATA, encodeUtf8('signed, not sealed'))
    pair.sspi('client').encryptMessage(pair.context('client'), SECQOP_WRAP_NO_ENCRYPT, new SecBufferDesc([token, data]))
    const stream = new SecBuffer(SECBUFFER_STREAM, new Uint8Array([...token.bytes, ...data.bytes]))
    const opened = new SecBuffer(SECBUFFER_DATA)
    const { status, qop } = pair
      .sspi('server')
      .decryptMessage(pair.context('server'), new SecBufferDesc([stream, opened]))
    assert.deepEqual([status, qop], [SEC_E_OK, SECQOP_WRAP_NO_ENCRYPT])
    assert.equal(new TextDecoder().decode(opened.bytes), 'signed, not sealed')
  })

  test('a step after the end is out of sequence', async () => {
    const pair = await Pair.begin('Kerberos')
    await pair.finish()
    for (const role of ['client', 'server'] as const) {
      await assert.rejects(pair.step(role, new Uint8Array(0)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    }
  })
})

suite('GSSAPI: what a peer may not do', () => {
  /** Runs until the server has offered its layers, and the client has not seen them. */
  async function offered(options: Parameters<typeof Pair.begin>[1] = {}): Promise<{ pair: Pair; offer: Uint8Array }> {
    const pair = await Pair.begin('Kerberos', options)
    const reply = await pair.step('server', await pair.step('client', undefined))
    const empty = await pair.step('client', reply)
    assert.deepEqual([...empty], [])
    return { pair, offer: await pair.step('server', empty) }
  }

  test('something in place of the empty response ends the server’s context', async () => {
    const pair = await Pair.begin('Kerberos')
    await pair.step('server', await pair.step('client', undefined))
    await assert.rejects(pair.step('server', Uint8Array.of(1)), { code: 'SEC_E_INVALID_TOKEN' })
    await assert.rejects(pair.step('server', new Uint8Array(0)), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('an offer with any byte changed ends the client’s context', async () => {
    const { offer } = await offered()
    for (let at = 0; at < offer.length; at += 7) {
      const { pair, offer: fresh } = await offered()
      fresh[at]! ^= 1
      await assert.rejects(pair.step('client', fresh), {
        code: /^SEC_E_(MESSAGE_ALTERED|INVALID_TOKEN|OUT_OF_SEQUENCE)$/,
      })
      await assert.rejects(pair.step('client', fresh), { code: 'SEC_E_INVALID_HANDLE' })
    }
  })

  for (const [what, message] of [
    ['shorter than four bytes', [1, 0, 0]],
    ['longer than four bytes', [7, 0, 0xff, 0xff, 0]],
    ['of a size for no layer', [1, 0, 0, 1]],
    ['of a size too small for any message', [6, 0, 0, 10]],
  ] as const) {
    test(`an offer ${what} is refused`, async () => {
      const pair = await Pair.begin('Kerberos', { asked: BOTH })
      await pair.step('client', await pair.step('server', await pair.step('client', undefined)))
      const offer = pair.wrapped('server', Uint8Array.from(message))
      await assert.rejects(pair.step('client', offer), { code: 'SEC_E_INVALID_TOKEN' })
      await assert.rejects(pair.step('client', offer), { code: 'SEC_E_INVALID_HANDLE' })
    })
  }

  for (const [what, message] of [
    ['of two layers', [6, 0, 0xff, 0xff]],
    ['of no layer at all', [0, 0, 0, 0]],
    ['of a layer that was not offered', [1, 0, 0, 0]],
    ['without a layer and with a size', [1, 0, 0, 1]],
    ['that is cut short', [4, 0, 0]],
    ['with an identity that is not UTF-8', [4, 0, 0xff, 0xff, 0xff]],
    ['with a NUL in its identity', [4, 0, 0xff, 0xff, 0x61, 0]],
    ['with an identity without measure', [4, 0, 0xff, 0xff, ...new Array<number>(1025).fill(0x61)]],
  ] as const) {
    test(`a choice ${what} is refused`, async () => {
      const { pair } = await offered({ asked: BOTH, demanded: ASC_REQ_INTEGRITY })
      const choice = pair.wrapped('client', Uint8Array.from(message))
      await assert.rejects(pair.step('server', choice), { code: 'SEC_E_INVALID_TOKEN' })
      await assert.rejects(pair.step('server', choice), { code: 'SEC_E_INVALID_HANDLE' })
    })
  }
})

suite('saslSetContextOption and saslGetContextOption', () => {
  /** A pair that is as far as the package's last token, when options can be set. */
  async function begun(asked = 0): Promise<{ pair: Pair; token: Uint8Array; client: CtxtHandle; server: CtxtHandle }> {
    const pair = await Pair.begin('Kerberos', { asked })
    const token = await pair.step('server', await pair.step('client', undefined))
    return { pair, token, client: pair.context('client'), server: pair.context('server') }
  }

  test('SASL_OPTION_RECV_SIZE of one side bounds SASL_OPTION_SEND_SIZE of the other', async () => {
    const { pair, token, client, server } = await begun(BOTH)
    assert.equal(saslGetContextOption(client, SASL_OPTION_RECV_SIZE), 0xffff)
    assert.equal(saslGetContextOption(client, SASL_OPTION_SEND_SIZE), 0xffff)
    saslSetContextOption(server, SASL_OPTION_RECV_SIZE, 4096)
    saslSetContextOption(client, SASL_OPTION_RECV_SIZE, 0x10_0000)
    saslSetContextOption(server, SASL_OPTION_SEND_SIZE, 1000)
    await pair.finish(token)
    const sizes = pair.sspi('client').queryContextAttributes(client, SECPKG_ATTR_SIZES)
    const overhead = sizes.blockSize + sizes.securityTrailer + sizes.maxSignature
    assert.equal(saslGetContextOption(client, SASL_OPTION_SEND_SIZE), 4096 - overhead)
    // What the server itself wanted is less than the client takes.
    assert.equal(saslGetContextOption(server, SASL_OPTION_SEND_SIZE), 1000)
    assert.throws(
      () => {
        saslSetContextOption(client, SASL_OPTION_SEND_SIZE, 1)
      },
      { code: 'SEC_E_OUT_OF_SEQUENCE' },
    )
  })

  test('SASL_OPTION_AUTHZ_STRING goes from the client to the server', async () => {
    const { pair, token, client, server } = await begun()
    saslSetContextOption(client, SASL_OPTION_AUTHZ_STRING, encodeUtf8('dn:uid=jürgen'))
    assert.deepEqual(saslGetContextOption(server, SASL_OPTION_AUTHZ_STRING), new Uint8Array(0))
    await pair.finish(token)
    assert.deepEqual(saslGetContextOption(server, SASL_OPTION_AUTHZ_STRING), encodeUtf8('dn:uid=jürgen'))
    assert.deepEqual(saslGetContextOption(client, SASL_OPTION_AUTHZ_STRING), encodeUtf8('dn:uid=jürgen'))
  })

  test('SASL_OPTION_AUTHZ_PROCESSING: forbidden, it can be neither set nor sent', async () => {
    const { pair, token, client, server } = await begun()
    assert.equal(saslGetContextOption(server, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDProcessed)
    saslSetContextOption(client, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden)
    const refused = { code: 'SEC_E_UNSUPPORTED_FUNCTION' } as const
    assert.throws(() => saslGetContextOption(client, SASL_OPTION_AUTHZ_STRING), refused)
    assert.throws(() => {
      saslSetContextOption(client, SASL_OPTION_AUTHZ_STRING, encodeUtf8('bob'))
    }, refused)
    saslSetContextOption(client, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDProcessed)
    saslSetContextOption(client, SASL_OPTION_AUTHZ_STRING, encodeUtf8('bob'))
    saslSetContextOption(server, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden)
    await assert.rejects(pair.finish(token), { code: 'SEC_E_ALGORITHM_MISMATCH' })
  })

  test('what there is not, and what cannot be, is refused', async () => {
    const { client, server } = await begun()
    assert.throws(() => saslGetContextOption(client, 5 as typeof SASL_OPTION_SEND_SIZE), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
    for (const size of [0, -1, 1.5, 0x100_0000, Number.NaN]) {
      assert.throws(
        () => {
          saslSetContextOption(client, SASL_OPTION_RECV_SIZE, size)
        },
        { code: 'SEC_E_INVALID_PARAMETER' },
      )
    }
    for (const [context, value, code] of [
      [client, Uint8Array.of(0xff), 'SEC_E_INVALID_PARAMETER'],
      [client, new Uint8Array(1025), 'SEC_E_INVALID_PARAMETER'],
      [server, encodeUtf8('bob'), 'SEC_E_UNSUPPORTED_FUNCTION'],
    ] as const) {
      assert.throws(
        () => {
          saslSetContextOption(context, SASL_OPTION_AUTHZ_STRING, value)
        },
        { code },
      )
    }
    assert.throws(
      () => {
        saslSetContextOption(client, SASL_OPTION_AUTHZ_PROCESSING, 2 as typeof Sasl_AuthZIDForbidden)
      },
      { code: 'SEC_E_INVALID_PARAMETER' },
    )
  })

  test('a context that was deleted is none any more, to whatever function, and wherever it stood', async () => {
    for (const package_ of ['Kerberos', 'Negotiate', 'WDigest']) {
      for (const stands of [false, true]) {
        const pair = await Pair.begin(package_, { asked: ISC_REQ_INTEGRITY, demanded: ASC_REQ_INTEGRITY })
        const first = package_ === 'WDigest' ? await pair.step('server', undefined) : undefined
        if (stands) await pair.finish(first)
        else await pair.step(first === undefined ? 'server' : 'client', first ?? (await pair.step('client', undefined)))
        for (const role of ['client', 'server'] as const) {
          const context = pair.context(role)
          pair.sspi(role).deleteSecurityContext(context)
          const gone = { code: 'SEC_E_INVALID_HANDLE' }
          assert.throws(() => saslGetContextOption(context, SASL_OPTION_SEND_SIZE), gone)
          assert.throws(() => {
            saslSetContextOption(context, SASL_OPTION_RECV_SIZE, 4096)
          }, gone)
          await assert.rejects(pair.step(role, new Uint8Array(4)), gone)
        }
      }
    }
  })

  test('a context of another interface is none, at any step', async () => {
    const pair = await Pair.begin('Kerberos', { asked: BOTH })
    await pair.step('server', await pair.step('client', undefined))
    // The offer of layers is due: SASL's own part, in which the package is not asked.
    const elsewhere = saslAcceptSecurityContext(table(), {
      context: pair.context('server'),
      contextReq: 0,
      output: new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)]),
    })
    await assert.rejects(elsewhere, { code: 'SEC_E_INVALID_HANDLE' })
    assert.equal((await pair.step('server', undefined)).length > 0, true)
  })

  test('a context that SASL has not made is none', async () => {
    const sspi = table()
    const pair = await Pair.begin('Kerberos')
    const credential = pair.credential('client')
    const output = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)])
    const { context } = await pair
      .sspi('client')
      .initializeSecurityContext({ credential, contextReq: 0, targetName: pair.target, output })
    const invalid = { code: 'SEC_E_INVALID_HANDLE' } as const
    assert.throws(() => saslGetContextOption(context, SASL_OPTION_SEND_SIZE), invalid)
    const call = { context, contextReq: 0, output }
    await assert.rejects(saslInitializeSecurityContext(sspi, call), invalid)
    await assert.rejects(saslAcceptSecurityContext(sspi, call), invalid)
  })
})

suite('the caller’s mistakes', () => {
  test('without a token buffer nothing happens', async () => {
    const pair = await Pair.begin('Kerberos')
    const call = { contextReq: 0, output: new SecBufferDesc([]), targetName: pair.target }
    const refused = { code: 'SEC_E_INVALID_TOKEN' } as const
    const client = { ...call, credential: pair.credential('client') }
    const server = { ...call, credential: pair.credential('server') }
    await assert.rejects(saslInitializeSecurityContext(pair.sspi('client'), client), refused)
    await assert.rejects(saslAcceptSecurityContext(pair.sspi('server'), server), refused)
    await pair.finish()
  })

  test('without a credential and a context, with the other side’s, or of a package without a mechanism', async () => {
    const pair = await Pair.begin('Kerberos')
    const output = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)])
    const invalid = { code: 'SEC_E_INVALID_HANDLE' } as const
    await assert.rejects(saslInitializeSecurityContext(pair.sspi('client'), { contextReq: 0, output }), invalid)
    await pair.step('client', undefined)
    const context = pair.context('client')
    await assert.rejects(saslAcceptSecurityContext(pair.sspi('client'), { context, contextReq: 0, output }), invalid)
    const of = async (name: string, use: number): Promise<unknown> => {
      const sspi = table()
      const authData = name === 'NTLM' ? { user: 'alice', password: 'x' } : undefined
      const { credential } = await sspi.acquireCredentialsHandle({ package: name, credentialUse: use, authData })
      return saslInitializeSecurityContext(sspi, { credential, contextReq: 0, output })
    }
    await assert.rejects(of('NTLM', SECPKG_CRED_OUTBOUND), { code: 'SEC_E_SECPKG_NOT_FOUND' })
    await assert.rejects(of('Schannel', SECPKG_CRED_OUTBOUND), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    const { credential } = await pair.sspi('server').acquireCredentialsHandle({
      package: 'NTLM',
      credentialUse: SECPKG_CRED_INBOUND,
    })
    await assert.rejects(saslAcceptSecurityContext(pair.sspi('server'), { credential, contextReq: 0, output }), {
      code: 'SEC_E_SECPKG_NOT_FOUND',
    })
  })

  test('a buffer that is too short can be made longer, and the exchange goes on', async () => {
    const pair = await Pair.begin('Kerberos', { asked: BOTH })
    const reply = await pair.step('server', await pair.step('client', undefined))
    const empty = await pair.step('client', reply)
    const short = { code: 'SEC_E_BUFFER_TOO_SMALL' } as const
    await assert.rejects(pair.step('server', empty, 255), short)
    const offer = await pair.step('server', empty, 256)
    await assert.rejects(pair.step('client', offer, 16), short)
    const choice = await pair.step('client', offer, 512)
    await assert.rejects(pair.step('server', choice, 0), short)
    await pair.step('server', choice, 256)
    assert.equal(pair.last('server').status, SEC_E_OK)
    assert.equal(pair.last('client').status, SEC_E_OK)
  })
})

for (const [package_, first] of [
  ['Negotiate', 'client'],
  ['WDigest', 'server'],
] as readonly (readonly [string, Role])[]) {
  test(`${package_}: saslInitializeSecurityContext and saslAcceptSecurityContext add nothing to the package’s tokens`, async () => {
    const pair = await Pair.begin(package_, { asked: ISC_REQ_INTEGRITY, demanded: ASC_REQ_INTEGRITY })
    let role = first
    let token = await pair.step(role, undefined)
    const statuses: number[] = []
    for (let steps = 0; steps < 6; steps++) {
      role = role === 'client' ? 'server' : 'client'
      token = await pair.step(role, token)
      statuses.push(pair.last(role).status)
      if (token.length === 0) break
    }
    assert.deepEqual(statuses.slice(-2), [SEC_E_OK, SEC_E_OK])
    assert.ok(statuses.slice(0, -2).every((status) => status === SEC_I_CONTINUE_NEEDED))
    assert.notEqual(pair.last('client').contextAttr & ISC_RET_INTEGRITY, 0)
    const refused = { code: 'SEC_E_UNSUPPORTED_FUNCTION' } as const
    if (package_ === 'Negotiate') {
      const again = await Pair.begin(package_)
      await again.step('client', undefined)
      assert.throws(() => {
        saslSetContextOption(again.context('client'), SASL_OPTION_AUTHZ_STRING, encodeUtf8('bob'))
      }, refused)
    }
  })
}
