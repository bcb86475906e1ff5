import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { randomBytes } from '../../src/crypto/index.js'
import { NegotiateFlag, ntlmPackage, readNegotiate } from '../../src/ntlm/index.js'
import {
  anonymousCredential,
  ISC_REQ_ALLOCATE_MEMORY,
  ISC_REQ_CONFIDENTIALITY,
  ISC_REQ_CONNECTION,
  ISC_REQ_DELEGATE,
  ISC_REQ_EXTENDED_ERROR,
  ISC_REQ_INTEGRITY,
  ISC_REQ_REPLAY_DETECT,
  ISC_REQ_SEQUENCE_DETECT,
  ISC_REQ_USE_DCE_STYLE,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SecBuffer,
  SECBUFFER_DATA,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_TOKEN,
  SecBufferDesc,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_INBOUND,
  SECPKG_CRED_OUTBOUND,
  SECPKG_NEGOTIATION_COMPLETE,
  SecurityFunctionTable,
  type Account,
  type CredHandle,
  type CtxtHandle,
  type SecWinntAuthIdentity,
} from '../../src/sspi/index.js'
import {
  ALICES_ACCOUNT,
  bytesOf,
  establish,
  HOST,
  seal,
  sessionWith,
  sign,
  unseal,
  verify,
  type Established,
} from './both-sides.js'

// How Windows answers, by the numbers of vectors/facts/windows-behaviour.json.

const ALICE: SecWinntAuthIdentity = { user: 'alice', domain: 'CONTOSO', password: 'Passw0rd!' }

/** An interface with NTLM; its acceptors find this account, whoever is asked for. */
function table(account: Account | undefined): SecurityFunctionTable {
  return new SecurityFunctionTable({
    packages: [ntlmPackage({ host: HOST })],
    driver: { answer: () => ({ effect: 'account', value: account }) },
    world: {
      now: () => new Date('2026-03-01T12:00:00Z'),
      random: randomBytes,
      policy: { channelBindings: 'supported', targetNames: undefined, targetNameRequired: false },
      emit: () => undefined,
    },
  })
}

function aliceTable(): SecurityFunctionTable {
  return table(ALICES_ACCOUNT)
}

async function outbound(sspi: SecurityFunctionTable, authData: SecWinntAuthIdentity = ALICE): Promise<CredHandle> {
  return (await sspi.acquireCredentialsHandle({ package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND, authData }))
    .credential
}

async function inbound(sspi: SecurityFunctionTable): Promise<CredHandle> {
  return (await sspi.acquireCredentialsHandle({ package: 'NTLM', credentialUse: SECPKG_CRED_INBOUND })).credential
}

function room(bytes: number): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, bytes)])
}

function copyOf(output: SecBufferDesc): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, output.buffers[0]!.bytes.slice())])
}

interface Contexts {
  readonly client: CtxtHandle
  readonly server: CtxtHandle
  readonly statuses: readonly number[]
  /** The client's tokens, in the buffers where they were put. */
  readonly negotiate: SecBuffer
  readonly authenticate: SecBuffer
}

async function contexts(
  sspi: SecurityFunctionTable,
  contextReq = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY,
): Promise<Contexts> {
  const credential = await outbound(sspi)
  const own = await inbound(sspi)
  const negotiate = room(2888)
  const first = await sspi.initializeSecurityContext({ credential, contextReq, output: negotiate })
  const challenge = room(2888)
  const second = await sspi.acceptSecurityContext({
    credential: own,
    contextReq: 0,
    input: copyOf(negotiate),
    output: challenge,
  })
  const authenticate = room(2888)
  const third = await sspi.initializeSecurityContext({
    context: first.context,
    contextReq,
    input: copyOf(challenge),
    output: authenticate,
  })
  const input = copyOf(authenticate)
  const fourth = await sspi.acceptSecurityContext({ context: second.context, contextReq: 0, input, output: room(2888) })
  const statuses = [first, second, third, fourth].map(({ status }) => status)
  return {
    client: third.context,
    server: fourth.context,
    statuses,
    negotiate: negotiate.buffers[0]!,
    authenticate: authenticate.buffers[0]!,
  }
}

async function offered(contextReq: number): Promise<number> {
  const sspi = aliceTable()
  const output = room(2888)
  await sspi.initializeSecurityContext({ credential: await outbound(sspi), contextReq, output })
  return readNegotiate(output.buffers[0]!.bytes).flags
}

suite('packages', () => {
  const { name, capabilities, version, rpcId, maxToken } = aliceTable().querySecurityPackageInfo('ntlm')
  /** What Windows added over time: restricted tokens, app containers, loopback; 0x40000 is NEGOTIABLE2. */
  const LATER = [0, 0x4_0000, 0x8_0000, 0x88_0000, 0x208_0000, 0x288_0000]

  test('fact 10: the largest token is not the same on each Windows; what is told of it here is true', async () => {
    assert.ok(maxToken >= 1904)
    const sspi = aliceTable()
    const { client } = await contexts(sspi)
    assert.equal(sspi.queryContextAttributes(client, SECPKG_ATTR_SIZES).maxToken, maxToken)
  })

  test('fact 25: capabilities are 0x2B37 at least', () => {
    assert.equal(capabilities & 0x2b37, 0x2b37)
  })

  test('fact 26: capabilities are those of one of the versions of Windows', () => {
    assert.ok(LATER.map((more) => 0x2b37 | more).includes(capabilities))
  })

  test('fact 28: version 1, number 10 in RPC, named NTLM', () => {
    assert.deepEqual({ name, version, rpcId }, { name: 'NTLM', version: 1, rpcId: 10 })
  })
})

suite('credentials', () => {
  const identities: readonly [string, SecWinntAuthIdentity][] = [
    ['fact 46: user, domain and password', ALICE],
    ['fact 47: an empty domain', { ...ALICE, domain: '' }],
    ['fact 49: a domain without a user', { domain: 'CONTOSO', password: 'x' }],
    ['fact 50: no password', { user: 'alice', domain: 'CONTOSO' }],
  ]
  for (const [name, identity] of identities) {
    test(`${name} is taken`, async () => assert.ok(await outbound(aliceTable(), identity)))
  }

  test('without anything to go by there is no logged-on user to fall back to', async () => {
    const request = { package: 'NTLM', credentialUse: SECPKG_CRED_OUTBOUND }
    await assert.rejects(aliceTable().acquireCredentialsHandle(request), { code: 'SEC_E_NO_CREDENTIALS' })
    assert.ok(await aliceTable().acquireCredentialsHandle({ ...request, authData: anonymousCredential() }))
  })
})

suite('InitializeSecurityContext', () => {
  /** A first call that is refused for its output; the next proper one with the same credential goes through. */
  async function refused(output: SecBufferDesc | undefined): Promise<void> {
    const sspi = aliceTable()
    const credential = await outbound(sspi)
    // Programs without types can leave the output out.
    const call = { credential, contextReq: 0, output: output! }
    await assert.rejects(sspi.initializeSecurityContext(call), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    const { status } = await sspi.initializeSecurityContext({ ...call, output: room(2888) })
    assert.equal(status, SEC_I_CONTINUE_NEEDED)
  }

  test('fact 64: no output at all is BUFFER_TOO_SMALL, and so is one without buffers', async () => {
    await refused(undefined)
    await refused(new SecBufferDesc([]))
  })

  test('fact 65: a token buffer without memory but with a length gets memory', async () => {
    const sspi = aliceTable()
    const token = new SecBuffer(SECBUFFER_TOKEN)
    token.cbBuffer = 2888
    const output = new SecBufferDesc([token])
    const { status } = await sspi.initializeSecurityContext({ credential: await outbound(sspi), contextReq: 0, output })
    assert.equal(status, SEC_I_CONTINUE_NEEDED)
    assert.ok(token.pvBuffer !== undefined && readNegotiate(token.bytes))
  })

  test('fact 67: a buffer of another type than TOKEN is BUFFER_TOO_SMALL', async () => {
    await refused(new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, 2888)]))
  })

  test('fact 68: none of these calls spoils the credential', async () => {
    const sspi = aliceTable()
    const credential = await outbound(sspi)
    const call = { credential, contextReq: 0 }
    for (const output of [
      undefined,
      new SecBufferDesc([]),
      new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, 2888)]),
      room(8),
    ]) {
      await assert.rejects(sspi.initializeSecurityContext({ ...call, output: output! }), {
        code: 'SEC_E_BUFFER_TOO_SMALL',
      })
    }
    const { status } = await sspi.initializeSecurityContext({ ...call, output: room(2888) })
    assert.equal(status, SEC_I_CONTINUE_NEEDED)
  })

  test('fact 70: a good buffer stays a token, and its length becomes that of the token', async () => {
    const sspi = aliceTable()
    const output = room(2888)
    const { status } = await sspi.initializeSecurityContext({ credential: await outbound(sspi), contextReq: 0, output })
    assert.equal(status, SEC_I_CONTINUE_NEEDED)
    assert.equal(output.buffers[0]!.bufferType, SECBUFFER_TOKEN)
    const { cbBuffer } = output.buffers[0]!
    assert.ok(cbBuffer > 0 && cbBuffer < 2888)
    // 40 bytes, and the payload where the two fields of names say: MS-NLMP section 2.2.1.1. Nothing follows.
    assert.ok(readNegotiate(output.buffers[0]!.bytes))
  })

  test('fact 71: the second call needs only the context, and ends OK with a token in its buffer', async () => {
    const { statuses, authenticate } = await contexts(aliceTable())
    assert.equal(statuses[2], SEC_E_OK)
    assert.equal(authenticate.bufferType, SECBUFFER_TOKEN)
    assert.ok(authenticate.cbBuffer > 0 && authenticate.cbBuffer < 2888)
  })

  test('fact 73: no target name is needed, on the first call and on the second', async () => {
    // `contexts` gives none.
    const { statuses } = await contexts(aliceTable())
    assert.deepEqual([statuses[0], statuses[2]], [SEC_I_CONTINUE_NEEDED, SEC_E_OK])
  })

  const flags: readonly [string, number, boolean][] = [
    ['fact 76: ISC_REQ_CONNECTION alone', ISC_REQ_CONNECTION, false],
    ['fact 77: ISC_REQ_EXTENDED_ERROR alone', ISC_REQ_EXTENDED_ERROR, false],
    ['fact 79: ISC_REQ_USE_DCE_STYLE alone', ISC_REQ_USE_DCE_STYLE, false],
    ['fact 80: ISC_REQ_DELEGATE alone', ISC_REQ_DELEGATE, false],
    ['fact 82: ISC_REQ_REPLAY_DETECT alone', ISC_REQ_REPLAY_DETECT, true],
    ['fact 83: ISC_REQ_SEQUENCE_DETECT alone', ISC_REQ_SEQUENCE_DETECT, true],
  ]
  for (const [name, contextReq, signs] of flags) {
    test(`${name}: ${signs ? 'SIGN' : 'neither SIGN nor SEAL'}`, async () => {
      const got = (await offered(contextReq)) & (NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL)
      assert.equal(got, signs ? NegotiateFlag.NEGOTIATE_SIGN : 0)
    })
  }

  test('fact 85: a buffer serves again once its room is restored, or where memory is allocated', async () => {
    const sspi = aliceTable()
    const credential = await outbound(sspi)
    const output = room(2888)
    await sspi.initializeSecurityContext({ credential, contextReq: 0, output })
    output.buffers[0]!.cbBuffer = 8
    await assert.rejects(sspi.initializeSecurityContext({ credential, contextReq: 0, output }), {
      code: 'SEC_E_BUFFER_TOO_SMALL',
    })
    output.buffers[0]!.cbBuffer = 2888
    await sspi.initializeSecurityContext({ credential, contextReq: 0, output })
    await sspi.initializeSecurityContext({ credential, contextReq: ISC_REQ_ALLOCATE_MEMORY, output })
  })

  test('fact 253: no token is longer than the package’s largest', async () => {
    const sspi = aliceTable()
    const { maxToken } = sspi.querySecurityPackageInfo('NTLM')
    const { negotiate, authenticate } = await contexts(sspi)
    assert.ok(negotiate.cbBuffer <= maxToken && authenticate.cbBuffer <= maxToken)
  })
})

suite('AcceptSecurityContext', () => {
  test('fact 91: the first call is CONTINUE_NEEDED, the second OK, or LOGON_DENIED for an unknown account', async () => {
    const { statuses } = await contexts(aliceTable())
    assert.deepEqual([statuses[1], statuses[3]], [SEC_I_CONTINUE_NEEDED, SEC_E_OK])
    await assert.rejects(contexts(table(undefined)), { code: 'SEC_E_LOGON_DENIED' })
  })
})

suite('attributes', () => {
  test('fact 97: SECPKG_ATTR_SIZES: 16 bytes of signature and trailer, no block', async () => {
    const sspi = aliceTable()
    const { client } = await contexts(sspi)
    const sizes = { maxToken: 2888, maxSignature: 16, blockSize: 0, securityTrailer: 16 }
    assert.deepEqual(sspi.queryContextAttributes(client, SECPKG_ATTR_SIZES), sizes)
  })

  test('fact 98: SECPKG_ATTR_STREAM_SIZES is unsupported', async () => {
    const sspi = aliceTable()
    const { client } = await contexts(sspi)
    assert.throws(() => sspi.queryContextAttributes(client, SECPKG_ATTR_STREAM_SIZES), {
      code: 'SEC_E_UNSUPPORTED_FUNCTION',
    })
  })

  test('fact 100: SECPKG_ATTR_KEY_INFO: HMAC-MD5 and RC4 of 128 bits, by their numbers', async () => {
    const sspi = aliceTable()
    const { client } = await contexts(sspi)
    assert.deepEqual(sspi.queryContextAttributes(client, SECPKG_ATTR_KEY_INFO), {
      signatureAlgorithmName: 'HMAC-MD5',
      encryptAlgorithmName: 'RSADSI RC4',
      keySize: 128,
      signatureAlgorithm: 0xffff_ff76,
      encryptAlgorithm: 0x6801,
    })
  })

  test('fact 101: SECPKG_ATTR_NEGOTIATION_INFO is complete, with NTLM’s package information', async () => {
    const sspi = aliceTable()
    const { client } = await contexts(sspi)
    const packageInfo = sspi.querySecurityPackageInfo('NTLM')
    const info = { packageInfo, negotiationState: SECPKG_NEGOTIATION_COMPLETE }
    assert.deepEqual(sspi.queryContextAttributes(client, SECPKG_ATTR_NEGOTIATION_INFO), info)
  })
})

suite('messages', () => {
  const DUMMY = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
  const four = (): SecBuffer[] => [
    new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, bytesOf('header')),
    new SecBuffer(SECBUFFER_DATA, bytesOf('text')),
    new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, bytesOf('header')),
    new SecBuffer(SECBUFFER_TOKEN, 16),
  ]

  test('fact 104: two data buffers and no token is INVALID_TOKEN', () => {
    const { client } = establish()
    const message = new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, 4), new SecBuffer(SECBUFFER_DATA, 4)])
    assert.throws(() => client.sign(message, 0, 0), { code: 'SEC_E_INVALID_TOKEN' })
  })

  /** Both sides of a context in which neither signing nor sealing was negotiated: one signature stands in for all. */
  const plain = (): Established => establish({ initiateReq: ISC_REQ_CONNECTION })

  test('fact 106: a signature other than the one that stands in for all is MESSAGE_ALTERED', () => {
    const wrong = DUMMY.slice()
    wrong[7] = 1
    assert.throws(() => verify(plain().server, bytesOf('anything'), wrong), { code: 'SEC_E_MESSAGE_ALTERED' })
  })

  test('fact 107: the signature that stands in for all is OK', () => {
    const { client, server } = plain()
    assert.deepEqual(sign(client, bytesOf('anything')), DUMMY)
    verify(server, bytesOf('anything'), DUMMY)
  })

  test('fact 113: it is the same for a message of four buffers', () => {
    const { client, server } = plain()
    const message = four()
    client.sign(new SecBufferDesc(message), 0, 0)
    assert.deepEqual(message[3]!.bytes, DUMMY)
    server.verify(new SecBufferDesc(message), 0)
  })

  const sealing = (): Established => establish({ initiateReq: ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY })

  test('fact 109: data is encrypted in place, its length unchanged, beside a token of 16 bytes', () => {
    const { client, server } = sealing()
    const data = new SecBuffer(SECBUFFER_DATA, bytesOf('plaintext'))
    const token = new SecBuffer(SECBUFFER_TOKEN, 2888)
    client.seal(new SecBufferDesc([token, data]), 0, 0)
    assert.notDeepEqual(data.bytes, bytesOf('plaintext'))
    assert.deepEqual([data.cbBuffer, token.cbBuffer], [9, 16])
    server.unseal(new SecBufferDesc([token, data]), 0)
    assert.deepEqual(data.bytes, bytesOf('plaintext'))
  })

  test('fact 256: after a real exchange the token is a signature of version 1, whether of two buffers or of four', () => {
    const { client, server } = sealing()
    const two = [new SecBuffer(SECBUFFER_TOKEN, 16), new SecBuffer(SECBUFFER_DATA, bytesOf('text'))]
    for (const message of [two, four()]) {
      client.seal(new SecBufferDesc(message), 0, 0)
      const token = message.find(({ type }) => type === SECBUFFER_TOKEN)!
      assert.deepEqual(token.bytes.subarray(0, 4), Uint8Array.of(1, 0, 0, 0))
      server.unseal(new SecBufferDesc(message), 0)
      assert.deepEqual(message[1]!.bytes, bytesOf('text'))
    }
  })

  test('fact 112: read-only data with checksum is signed in its place and not encrypted', () => {
    for (const flags of [0xe208_8235, 0x2200_8235]) {
      const client = sessionWith(flags)
      const server = sessionWith(flags, undefined, 'acceptor')
      const message = four()
      client.seal(new SecBufferDesc(message), 0, 0)
      assert.deepEqual(message[0]!.bytes, bytesOf('header'))
      assert.notDeepEqual(message[1]!.bytes, bytesOf('text'))
      const swapped = [message[2]!, message[1]!, message[0]!, message[3]!]
      swapped[0]!.bytes[0]! ^= 1
      assert.throws(() => server.unseal(new SecBufferDesc(message), 0), { code: 'SEC_E_MESSAGE_ALTERED' })
      swapped[0]!.bytes[0]! ^= 1
      server.unseal(new SecBufferDesc(message), 0)
      assert.deepEqual(message[1]!.bytes, bytesOf('text'))
    }
  })

  test('fact 115: the signature that stands in neither counts nor uses key stream', () => {
    // Sealing without signing, which only an odd client negotiates.
    const flags = 0xe208_8225
    const client = sessionWith(flags)
    const server = sessionWith(flags, undefined, 'acceptor')
    for (let times = 0; times < 3; times++) verify(server, bytesOf('x'), sign(client, bytesOf('x')))
    const sealed = seal(client, bytesOf('first'))
    assert.deepEqual(sealed.subarray(12, 16), new Uint8Array(4))
    assert.deepEqual(sealed, seal(sessionWith(flags), bytesOf('first')))
    assert.deepEqual(unseal(server, sealed), bytesOf('first'))
  })

  test('fact 116: without extended session security the pad is zero on the wire, and used key stream', () => {
    // The bytes are those of the vector gen-sequence-noess128, which message-streams.test.ts plays whole.
    const sealed = seal(sessionWith(0x2000_8235), bytesOf('first'))
    assert.deepEqual(sealed.subarray(0, 8), Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0))
  })
})
