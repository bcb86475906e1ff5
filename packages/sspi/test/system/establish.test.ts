import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  initSecurityInterface,
  passwordCredential,
  SspiError,
  type AcceptorExchange,
  type InitiatorExchange,
  type SecureSession,
  type TokenChannel,
} from '../../src/index.js'
import { createTestDomain } from '../../src/testing/index.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'

const WWW = 'HTTP/www.example.test'

/** One end of a channel in memory; what it has sent stands in `sent`. */
class End implements TokenChannel {
  readonly sent: Uint8Array[] = []
  readonly #arrived: Uint8Array[] = []
  readonly #waiting: ((token: Uint8Array) => void)[] = []
  other: End | undefined

  send(token: Uint8Array): void {
    this.sent.push(token)
    this.other!.#take(token)
  }

  #take(token: Uint8Array): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#arrived.push(token)
    else waiting(token)
  }

  receive(): Uint8Array | Promise<Uint8Array> {
    return this.#arrived.shift() ?? new Promise((resolve) => this.#waiting.push(resolve))
  }
}

function ends(): readonly [End, End] {
  const [a, b] = [new End(), new End()]
  a.other = b
  b.other = a
  return [a, b]
}

async function establish(
  client: InitiatorExchange,
  server: AcceptorExchange,
): Promise<readonly [SecureSession, SecureSession]> {
  const [here, there] = ends()
  return Promise.all([client.establish(here), server.establish(there)])
}

suite('establishing over a channel', () => {
  for (const [packageName, more] of [
    ['NTLM', {}],
    ['Kerberos', {}],
    ['Negotiate', {}],
    ['WDigest', { confidentiality: false }], // whose server speaks first
  ] as const) {
    test(`${packageName}: both sides come out with a session`, async () => {
      await using domain = createTestDomain({ users: ['alice'], services: [WWW] })
      const request = { package: packageName, ...more }
      const client = domain.sspi().initiate({ ...request, credentials: domain.credential('alice'), target: WWW })
      const keys = packageName === 'Kerberos' || packageName === 'Negotiate' ? domain.serviceCredential(WWW) : undefined
      const [here, there] = await establish(client, domain.sspi().accept({ ...request, credentials: keys }))
      const message = Uint8Array.of(1, 2, 3)
      there.verify(message, here.sign(message))
      assert.equal(there.accessToken.user.name, 'alice')
      for (const session of [here, there]) session[Symbol.dispose]()
    })
  }

  test('a refused client learns why, by the last token of the server', async () => {
    await using domain = createTestDomain({ users: ['alice'], services: [WWW, 'HTTP/other.example.test'] })
    const client = domain.sspi().initiate({ package: 'Kerberos', credentials: domain.credential('alice'), target: WWW })
    const keys = domain.serviceCredential('HTTP/other.example.test')
    const [here, there] = ends()
    const [ours, theirs] = await Promise.allSettled([
      client.establish(here),
      domain.sspi().accept({ package: 'Kerberos', credentials: keys }).establish(there),
    ])
    assert.ok(theirs.status === 'rejected' && ours.status === 'rejected')
    assert.equal((theirs.reason as SspiError).code, 'SEC_E_WRONG_PRINCIPAL')
    assert.ok(ours.reason instanceof SspiError && ours.reason.code !== 'SEC_E_OUT_OF_SEQUENCE')
    assert.deepEqual(there.sent.length, 1)
  })

  test('a token that comes in pieces is put together, where its package can tell', async () => {
    const [here, there] = ends()
    for (const end of [here, there]) {
      const whole = end.send.bind(end)
      end.send = (token) => {
        const half = token.length >> 1
        for (const piece of [token.subarray(0, half), token.subarray(half)]) whole(piece)
      }
    }
    const [client, server] = [initSecurityInterface(), initSecurityInterface()]
    const [ours, theirs] = await Promise.all([
      client.initiate({ package: 'Schannel', credentials: trusting(), target: SERVER }).establish(here),
      server.accept({ package: 'Schannel', credentials: credentialOf('server') }).establish(there),
    ])
    assert.deepEqual(theirs.unseal(ours.seal(Uint8Array.of(1, 2, 3))), Uint8Array.of(1, 2, 3))
    for (const session of [ours, theirs]) session[Symbol.dispose]()
  })

  test('gives up when its caller does, or the channel', async () => {
    const credentials = passwordCredential({ user: 'alice', password: 'x' })
    const begin = (): InitiatorExchange =>
      initSecurityInterface().initiate({ package: 'NTLM', credentials, target: WWW })
    const closed: TokenChannel = { send: () => undefined, receive: () => Promise.reject(new Error('closed')) }
    await assert.rejects(begin().establish(closed), /closed/)
    const exchange = begin()
    const reason = new Error('enough')
    await assert.rejects(exchange.establish(closed, AbortSignal.abort(reason)), reason)
    await assert.rejects(exchange.step(), { code: 'SEC_E_OUT_OF_SEQUENCE' }) // it is over
  })

  test('ends with a peer that never does', async () => {
    const [credentials, endless] = [passwordCredential({ user: 'alice', password: 'x' }), Uint8Array.of(0x30)]
    const channel: TokenChannel = { send: () => undefined, receive: () => endless }
    const client = initSecurityInterface().initiate({ package: 'NTLM', credentials, target: WWW })
    await assert.rejects(client.establish(channel), { code: 'SEC_E_INVALID_TOKEN' })
  })
})
