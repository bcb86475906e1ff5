import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  passwordCredential,
  type AuthenticationEvent,
  type ChannelBindings,
  type SecureSession,
} from '../../src/sspi/index.js'
import { createTestDomain } from '../../src/testing/index.js'

// Extended protection, looked at and not enforced: SspiSetChannelBindingFlags.

const TARGET = 'HTTP/www.example.test'
const domain = createTestDomain({ users: ['alice'], services: [TARGET] })
const HERE = bindingsOf('here')
const ELSEWHERE = bindingsOf('elsewhere')

function bindingsOf(channel: string): ChannelBindings {
  return { applicationData: new TextEncoder().encode(`tls-server-end-point:${channel}`) }
}

interface Case {
  readonly name: string
  readonly credentials: ReturnType<typeof passwordCredential>
}

const CASES: readonly Case[] = [
  { name: 'Kerberos', credentials: domain.credential('alice') },
  { name: 'NTLM', credentials: domain.credential('alice') },
  { name: 'WDigest', credentials: passwordCredential({ user: 'alice', password: domain.passwordOf('alice') }) },
]

for (const { name, credentials } of CASES) {
  suite(`${name}: bindings that are audited`, () => {
    async function establish(
      client: ChannelBindings | undefined,
      server: ChannelBindings,
      channelBindings: 'supported' | 'required',
    ): Promise<{ readonly session: SecureSession; readonly audited: readonly AuthenticationEvent[] }> {
      const audited: AuthenticationEvent[] = []
      const onEvent = (event: AuthenticationEvent): void => {
        if (event.kind === 'channel-bindings-audited') audited.push(event)
      }
      const digest = { realm: 'example.test' }
      const common = { package: name, integrity: false, confidentiality: false }
      const http = name === 'WDigest' ? { method: 'GET', uri: '/' } : undefined
      const initiator = domain
        .sspi({ digest })
        .initiate({ ...common, credentials, target: TARGET, channelBindings: client, http })
      const acceptor = domain.sspi({ digest, onEvent, policy: { channelBindings } }).accept({
        ...common,
        credentials: name === 'Kerberos' ? domain.serviceCredential(TARGET) : undefined,
        channelBindings: server,
        http,
      })
      let token = name === 'WDigest' ? (await acceptor.step()).token : undefined
      for (let steps = 0; steps < 4; steps++) {
        const asked = await initiator.step(token)
        if (asked.token === undefined) break
        const answer = await acceptor.step(asked.token)
        token = answer.token
        if (answer.done && (asked.done || token === undefined)) break
      }
      return { session: acceptor.session, audited }
    }

    test('a client of another channel is refused where they are not, and let in and told of where they are', async () => {
      await assert.rejects(establish(ELSEWHERE, HERE, 'supported'), { code: 'SEC_E_BAD_BINDINGS' })
      const { session, audited } = await establish(ELSEWHERE, { ...HERE, audit: true }, 'supported')
      assert.equal(session.peer?.name, 'alice')
      assert.deepEqual(
        audited.map((event) => event.kind === 'channel-bindings-audited' && [event.packageName, event.side]),
        [[name, 'acceptor']],
      )
    })

    test('so is one without bindings where the policy requires them', async () => {
      await assert.rejects(establish(undefined, HERE, 'required'), { code: 'SEC_E_BAD_BINDINGS' })
      const { audited } = await establish(undefined, { ...HERE, audit: true }, 'required')
      assert.equal(audited.length, 1)
    })

    test('of the right client nothing is told', async () => {
      const { audited } = await establish(HERE, { ...HERE, audit: true }, 'required')
      assert.deepEqual(audited, [])
    })
  })
}
