import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concatBytes, fromHex, toHex } from '../../src/bytes/index.js'
import { secretFrom } from '../../src/crypto/index.js'
import { memoryAccounts } from '../../src/io/accounts/index.js'
import { NegState } from '../../src/negotiate/constants.js'
import { negotiatePackage, type NegotiateOptions } from '../../src/negotiate/index.js'
import { makeMechListMic, verifyMechListMic } from '../../src/negotiate/mech-list-mic.js'
import {
  readNegotiationToken,
  writeMechTypeList,
  writeNegTokenInit,
  writeNegTokenResp,
  type NegTokenResp,
} from '../../src/negotiate/messages.js'
import { NegotiateFlag, NTLM_OID, ntlmPackage } from '../../src/ntlm/index.js'
import { NtlmSession } from '../../src/ntlm/session.js'
import {
  anonymousCredential,
  ASC_RET_INTEGRITY,
  ISC_REQ_NO_INTEGRITY,
  ISC_RET_INTEGRITY,
  ISC_RET_NULL_SESSION,
  never,
  passwordCredential,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_CRED_BOTH,
  SECPKG_CRED_OUTBOUND,
  type AuthenticationEvent,
  type CredentialValue,
  type Exchange,
  type SecPkgInfo,
  type SecurityPackage,
  type Session,
  type Side,
} from '../../src/sspi/index.js'
import { createDriver } from '../../src/system/driver.js'
import { testTable } from '../compliance/setup.js'
import { readVectors } from '../vectors.js'
import { accept, doneOf, initiate, stepThrough, talk, token, tokenOf, type Tamper } from './both-sides.js'

const host = {
  netbiosName: 'SERVER01',
  netbiosDomain: 'CONTOSO',
  dnsName: 'server01.contoso.com',
  dnsDomain: 'contoso.com',
}
const ntlm = ntlmPackage({ host })

/** An NTLM session with the keys of a vector. */
function sessionOf(side: Side, sessionKey: string, flags: number): NtlmSession {
  return new NtlmSession(
    {
      side,
      flags,
      contextAttr: side === 'initiator' ? ISC_RET_INTEGRITY : ASC_RET_INTEGRITY,
      exportedSessionKey: secretFrom(fromHex(sessionKey)),
      micUsed: true,
      start: never(),
      user: 'alice',
      domain: '',
      serverName: '',
      targetName: '',
      targetInfo: new Uint8Array(0),
      peer: undefined,
    },
    ntlm.info,
  )
}

// ------------------------------------------------------------------ published exchanges

interface MicCase {
  readonly exportedSessionKey: string
  readonly flags: number
  readonly mode: 'client' | 'server'
  readonly mechTypeListDer: string
}

for (const { name, input, expected } of readVectors<MicCase, { mechListMIC: string }>('spnego/mechlistmic-ntlm.json')
  .cases) {
  test(`mechListMIC: ${name}`, () => {
    const { exportedSessionKey, flags, mode } = input
    const list = fromHex(input.mechTypeListDer)
    const sender = sessionOf(mode === 'client' ? 'initiator' : 'acceptor', exportedSessionKey, flags)
    const receiver = sessionOf(mode === 'client' ? 'acceptor' : 'initiator', exportedSessionKey, flags)
    const mic = makeMechListMic(sender, list)
    assert.equal(toHex(mic), expected.mechListMIC)
    verifyMechListMic(receiver, list, mic)
    const other = sessionOf(mode === 'client' ? 'acceptor' : 'initiator', exportedSessionKey, flags)
    assert.throws(() => verifyMechListMic(other, writeMechTypeList([NTLM_OID, '1.2.3']), mic), {
      code: 'SEC_E_MESSAGE_ALTERED',
    })
  })
}

interface SessionCase {
  readonly tokens: readonly { readonly from: 'client' | 'server'; readonly token: string }[]
}
interface Traffic {
  readonly sessionKey: string
  readonly messages: readonly {
    readonly from: 'client' | 'server'
    readonly op: 'wrap' | 'sign'
    readonly plaintext: string
    readonly token: string
  }[]
}

for (const { name, input, expected } of readVectors<SessionCase, Traffic>('spnego/ntlm-sessions.json').cases) {
  suite(`recorded exchange: ${name}`, () => {
    const wire = input.tokens.map((each) => fromHex(each.token))
    const [first, second, third, fourth] = wire
    assert.ok(first && second && third && fourth)
    const [negotiate, challenge, authenticate] = [first, second, third].map(innerOf)
    assert.ok(negotiate && challenge && authenticate)
    /** As the AUTHENTICATE message has it: NegotiateFlags at offset 60. */
    const flags = new DataView(authenticate.slice().buffer).getUint32(60, true)

    const client = (): Exchange =>
      initiate([
        recorded(
          ntlm.info,
          'initiator',
          [undefined, negotiate, challenge, authenticate],
          sessionOf('initiator', expected.sessionKey, flags),
        ),
      ])
    const server = (): Exchange =>
      accept([
        recorded(
          ntlm.info,
          'acceptor',
          [negotiate, challenge, authenticate, undefined],
          sessionOf('acceptor', expected.sessionKey, flags),
        ),
      ])

    test('the initiator sends the recorded bytes and checks the recorded answers', () => {
      const exchange = client()
      assert.equal(toHex(tokenOf(exchange.step(token(undefined)))), toHex(first))
      assert.equal(toHex(tokenOf(exchange.step(token(second)))), toHex(third))
      const done = doneOf(exchange.step(token(fourth)))
      assert.equal(done.token, undefined)
      exchangeMessages(done.session, 'client')
    })

    test('the acceptor answers with the recorded bytes', () => {
      const exchange = server()
      // The recorded acceptor asks for the MIC of its own accord; this one knows that NTLM will demand it.
      const challengeReply = readNegotiationToken(tokenOf(exchange.step(token(first)))) as NegTokenResp
      const asRecorded = writeNegTokenResp({ ...challengeReply, negState: NegState.REQUEST_MIC })
      assert.equal(toHex(asRecorded), toHex(second))
      const done = doneOf(exchange.step(token(third)))
      assert.equal(toHex(tokenOf(done)), toHex(fourth))
      exchangeMessages(done.session, 'server')
    })

    test('a bit of either recorded MIC changed is refused', () => {
      for (let bit = 0; bit < 128; bit++) {
        const flip = (bytes: Uint8Array): Uint8Array => {
          const at = bytes.length - 16 + (bit >> 3)
          return bytes.with(at, bytes[at]! ^ (1 << (bit & 7)))
        }
        const acceptor = server()
        acceptor.step(token(first))
        assert.throws(() => acceptor.step(token(flip(third))), { code: 'SEC_E_MESSAGE_ALTERED' })
        const initiator = client()
        initiator.step(token(undefined))
        initiator.step(token(second))
        assert.throws(() => initiator.step(token(flip(fourth))), { code: 'SEC_E_MESSAGE_ALTERED' })
      }
    })

    /** Sends and receives the recorded messages: their key stream began anew behind the MIC, their numbers did not. */
    function exchangeMessages(session: Session, self: 'client' | 'server'): void {
      for (const { from, op, plaintext, token: sent } of expected.messages) {
        const data = new SecBuffer(SECBUFFER_DATA, fromHex(plaintext))
        const whole = fromHex(sent)
        const signature = new SecBuffer(SECBUFFER_TOKEN, from === self ? 16 : whole.slice(0, 16))
        const message = new SecBufferDesc([signature, data])
        if (from === self) {
          if (op === 'wrap') session.seal(message, 0, 0)
          else session.sign(message, 0, 0)
          assert.equal(toHex(concatBytes(signature.bytes, op === 'wrap' ? data.bytes : new Uint8Array(0))), sent)
        } else if (op === 'wrap') {
          data.bytes.set(whole.subarray(16))
          session.unseal(message, 0)
          assert.equal(toHex(data.bytes), plaintext)
        } else {
          session.verify(message, 0)
        }
      }
    }
  })
}

function innerOf(bytes: Uint8Array): Uint8Array | undefined {
  const message = readNegotiationToken(bytes)
  return message.kind === 'negTokenInit' ? message.mechToken : message.responseToken
}

/** NTLM whose tokens are known beforehand: what comes and what goes, in turn. */
function recorded(
  info: SecPkgInfo,
  side: Side,
  script: readonly (Uint8Array | undefined)[],
  session: NtlmSession,
): SecurityPackage {
  const begin = (): Exchange => {
    let at = 0
    return {
      contextAttr: 0,
      step: (input) => {
        assert.ok(input.kind === 'token')
        assert.deepEqual(input.token, script[at])
        const reply = script[at + 1]
        at += 2
        const consumed = input.token?.length ?? 0
        if (at === script.length) return { kind: 'done', token: reply, consumed, session }
        assert.ok(reply)
        return { kind: 'continue', token: reply, consumed }
      },
      query: () => undefined,
      dispose: () => undefined,
    }
  }
  return {
    info,
    acquire: () => ({ expiry: never(), identity: undefined, dispose: () => undefined }),
    ...(side === 'initiator' ? { initiate: begin } : { accept: begin }),
    mechanism: { oid: NTLM_OID, oidAliases: [], lastResort: true, recognises: () => false, applies: () => true },
  }
}

// ------------------------------------------------------------------ NTLM itself

const accounts = memoryAccounts([{ user: 'alice', domain: 'CONTOSO', password: 'Pa55word' }])
const alice = passwordCredential({ user: 'CONTOSO\\alice', password: 'Pa55word' })
const password = {
  kind: 'password',
  user: 'alice',
  domain: 'CONTOSO',
  packageList: undefined,
  password: 'Pa55word',
} as const

interface Party {
  readonly table: ReturnType<typeof testTable>
  readonly events: readonly AuthenticationEvent[]
}

function party(options: NegotiateOptions = {}): Party {
  const events: AuthenticationEvent[] = []
  const packages = [negotiatePackage(options), ntlm]
  const table = testTable(packages, { driver: createDriver({ accounts }), onEvent: (event) => events.push(event) })
  return { table, events }
}

/** Level 2, both sides, with a server that may be another machine altogether. */
async function shake(
  credentials: CredentialValue,
  options: {
    readonly client?: string
    readonly integrity?: boolean
    readonly serverFirst?: boolean
    readonly flags?: number
  } = {},
) {
  const [here, there] = [party(), party()]
  const { integrity = true } = options
  const common = { integrity, confidentiality: integrity }
  const client = here.table.initiate({
    package: options.client ?? 'Negotiate',
    credentials,
    target: 'HTTP/server01.contoso.com',
    ...common,
  })
  const server = there.table.accept({ package: 'Negotiate', ...common, flags: options.flags })
  const tokens: Uint8Array[] = []
  let next: Uint8Array | undefined = options.serverFirst === true ? (await server.step()).token : undefined
  for (let from: 'client' | 'server' = 'client'; ; from = from === 'client' ? 'server' : 'client') {
    const step = from === 'client' ? await client.step(next) : await server.step(next)
    next = step.token
    if (next === undefined) break
    tokens.push(next)
    assert.ok(tokens.length < 20, 'the exchange does not end')
  }
  return { client: client.session, server: server.session, tokens, here, there }
}

test('NTLM under Negotiate, and without negotiation to the same server', async () => {
  for (const options of [{}, { client: 'NTLM' }, { serverFirst: true }]) {
    const { client, server, here, there } = await shake(alice, options)
    assert.equal(client.mechanism, 'NTLM')
    assert.equal(server.mechanism, 'NTLM')
    assert.equal(server.peer?.name, 'alice')
    assert.deepEqual(server.unseal(client.seal(fromHex('0102'))), fromHex('0102'))
    assert.deepEqual(client.unseal(server.seal(fromHex('0304'))), fromHex('0304'))
    server.verify(fromHex('05'), client.sign(fromHex('05')))
    for (const { events } of [here, there]) {
      assert.equal(events.filter(({ kind }) => kind === 'weak-mechanism-used').length, 1)
    }
  }
})

test('NTLM sends both MICs: the AUTHENTICATE message has one of its own', async () => {
  const { tokens } = await shake(alice)
  const read = tokens.map((each) => readNegotiationToken(each))
  assert.deepEqual(
    read.map(({ mechListMic }) => mechListMic?.length),
    [undefined, undefined, 16, 16],
  )
})

test('a client that signs nothing is let in where nobody asks for integrity', async () => {
  const [client, server] = [initiate([ntlm], { value: password, contextReq: ISC_REQ_NO_INTEGRITY }), party()]
  const acceptor = server.table.accept({ package: 'Negotiate', integrity: false, confidentiality: false })
  const reply = await acceptor.step(tokenOf(client.step(token(undefined))))
  const last = await acceptor.step(tokenOf(client.step(token(reply.token))))
  assert.equal(last.done, true)
  assert.equal(doneOf(client.step(token(last.token))).session.contextAttr & ISC_RET_INTEGRITY, 0)
})

test('an anonymous client gets its null session, without MICs', async () => {
  const { client, tokens } = await shake(anonymousCredential(), { integrity: false, flags: 0x0010_0000 })
  assert.ok(client.contextAttr & ISC_RET_NULL_SESSION)
  assert.equal(
    tokens.some((each) => readNegotiationToken(each).mechListMic !== undefined),
    false,
  )
})

test('!ntlm forbids NTLM: there is nothing left', async () => {
  const authData = passwordCredential({ user: 'alice', password: 'x', packageList: '!NTLM' })
  const request = { package: 'Negotiate', credentialUse: SECPKG_CRED_OUTBOUND, authData }
  await assert.rejects(party().table.acquireCredentialsHandle(request), {
    code: 'SEC_E_NO_CREDENTIALS',
    message: /NTLM is not available/,
  })
})

test('one credential for both uses', async () => {
  const { table } = party()
  const { credential } = await table.acquireCredentialsHandle({
    package: 'Negotiate',
    credentialUse: SECPKG_CRED_BOTH,
    authData: alice,
  })
  const client = table.initiate({ package: 'Negotiate', credentials: credential })
  const server = table.accept({ package: 'Negotiate', credentials: credential })
  const last = await server.step((await client.step((await server.step((await client.step()).token)).token)).token)
  assert.equal((await client.step(last.token)).done, true)
})

test('a client that hides its MIC, or its signing, from the list is refused', () => {
  const without: Tamper = (sent, number) => {
    if (number !== 2) return sent
    return writeNegTokenResp({
      ...(readNegotiationToken(sent) as NegTokenResp),
      negState: NegState.ACCEPT_INCOMPLETE,
      mechListMic: undefined,
    })
  }
  assert.equal(ntlmTalk(without), 'acceptor SEC_E_MESSAGE_ALTERED')
  const other: Tamper = (sent, number) => {
    if (number !== 0) return sent
    return writeNegTokenInit({ mechTypeList: writeMechTypeList([NTLM_OID, '1.2.3']), mechToken: innerOf(sent) })
  }
  assert.equal(ntlmTalk(other), 'acceptor SEC_E_MESSAGE_ALTERED')
  const noSign: Tamper = (sent, number) => {
    const inner = innerOf(sent)
    if (number !== 0 || inner === undefined) return sent
    const bare = inner.with(12, inner[12]! & ~NegotiateFlag.NEGOTIATE_SIGN)
    return writeNegTokenInit({ mechTypeList: writeMechTypeList([NTLM_OID]), mechToken: bare })
  }
  assert.equal(ntlmTalk(noSign), 'initiator SEC_E_SECURITY_QOS_FAILED')
})

/** Who fails, and how. */
function ntlmTalk(tamper: Tamper): string {
  const account = accounts.lookup({ user: 'alice', domain: 'CONTOSO' })
  assert.ok(!(account instanceof Promise))
  const acceptor = accept([ntlm])
  const answering: Exchange = {
    contextAttr: 0,
    query: () => undefined,
    dispose: () => acceptor.dispose(),
    step: (input) => {
      const step = acceptor.step(input)
      return step.kind === 'ask'
        ? acceptor.step({ kind: 'answer', answer: { effect: 'account', value: account } })
        : step
    },
  }
  const { failure } = talk(initiate([ntlm], { value: password }), answering, { tamper })
  return `${failure?.at ?? 'nobody'} ${failure?.error.code ?? ''}`
}

test('a wrong password: the reject is told, and both sides end with SEC_E_LOGON_DENIED', () => {
  const initiator = initiate([ntlm], { value: { ...password, password: 'wrong' } })
  const acceptor = accept([ntlm])
  const account = accounts.lookup({ user: 'alice', domain: 'CONTOSO' })
  assert.ok(!(account instanceof Promise))
  const challenge = stepThrough(acceptor, token(tokenOf(initiator.step(token(undefined)))))
  assert.equal(acceptor.step(token(tokenOf(initiator.step(token(tokenOf(challenge)))))).kind, 'ask')
  let reject: Uint8Array | undefined
  assert.throws(
    () => acceptor.step({ kind: 'answer', answer: { effect: 'account', value: account } }),
    (error: { code?: string; token?: Uint8Array }) => {
      reject = error.token
      return error.code === 'SEC_E_LOGON_DENIED'
    },
  )
  assert.equal(toHex(reject ?? new Uint8Array(0)), 'a1073005a0030a0102')
  assert.throws(() => initiator.step(token(reject)), { code: 'SEC_E_LOGON_DENIED' })
})
