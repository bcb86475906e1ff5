import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AcceptOptions, ChannelBindings, InitiateOptions, SspiError } from '../../src/sspi/index.js'
import { createTestDomain } from '../../src/testing/index.js'

const TARGET = 'HTTP/www.example.test'
const bindingsOf = (text: string): ChannelBindings => ({ applicationData: new TextEncoder().encode(text) })

suite('a policy that is given to accept counts for that exchange', () => {
  /** What the server comes to: nothing, or why it refuses. */
  async function outcome(
    packageName: string,
    client: Partial<InitiateOptions>,
    server: Partial<AcceptOptions>,
  ): Promise<string | undefined> {
    await using domain = createTestDomain({ users: ['alice'], services: [TARGET] })
    const table = domain.sspi({ policy: { channelBindings: 'none' } })
    const credentials = packageName === 'NTLM' ? undefined : domain.serviceCredential(TARGET)
    const initiator = table.initiate({
      package: packageName,
      credentials: domain.credential('alice'),
      target: TARGET,
      ...client,
    })
    const acceptor = table.accept({ package: packageName, credentials, ...server })
    try {
      for (let token = (await initiator.step()).token; token !== undefined;) {
        const step = await acceptor.step(token)
        if (step.done) return undefined
        token = (await initiator.step(step.token)).token
      }
      return 'the client had nothing to say'
    } catch (error) {
      return (error as SspiError).code
    } finally {
      initiator[Symbol.dispose]()
      acceptor[Symbol.dispose]()
    }
  }

  for (const name of ['NTLM', 'Kerberos', 'Negotiate']) {
    test(`${name}: where the interface does not look at channel bindings, one server can require them`, async () => {
      const mine = { channelBindings: bindingsOf('mine') }
      const required = { ...mine, policy: { channelBindings: 'required' } as const }
      const theirs = { channelBindings: bindingsOf('theirs') }
      assert.equal(await outcome(name, theirs, mine), undefined)
      assert.equal(await outcome(name, theirs, required), 'SEC_E_BAD_BINDINGS')
      assert.equal(await outcome(name, {}, required), 'SEC_E_BAD_BINDINGS')
      assert.equal(await outcome(name, mine, required), undefined)
    })

    test(`${name}: one server can have its own names`, async () => {
      assert.equal(await outcome(name, {}, { policy: { targetNames: [TARGET] } }), undefined)
      assert.notEqual(await outcome(name, {}, { policy: { targetNames: ['HTTP/other.example.test'] } }), undefined)
    })
  }
})
