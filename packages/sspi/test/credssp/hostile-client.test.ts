import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concatBytes, fromHex } from '../../src/bytes/index.js'
import { CredType, writeTsCredentials, writeTsRequest, type TsRequestFields } from '../../src/credssp/index.js'
import { SECPKG_ATTR_DELEGATED_CREDENTIAL, SspiError } from '../../src/index.js'
import { HostileClient, type Stage } from './hostile-client.js'

const STAGES: readonly Stage[] = ['channel', 'challenged', 'bound']
const PASSWORD = 'correct horse'
const INVALID_PARAMETER = 0xc000_000d
const LOGON_FAILURE = 0xc000_006d
const NOT_SUPPORTED = 0xc000_00bb

/** A refusal: what the server's caller gets, and the NTSTATUS that the client is told. */
interface Refusal {
  readonly code: string
  readonly message: string
  readonly told: number | undefined
}

/** What comes of what a client says where it is refused, after which nothing is heard any more. */
async function refusal(client: HostileClient, said: Promise<unknown>): Promise<Refusal> {
  const error = await said.then(
    () => assert.fail('was not refused'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SspiError, String(error))
  await assert.rejects(client.server.step(new Uint8Array(1)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  assert.ok(!error.message.includes(PASSWORD))
  const told = error.token === undefined ? undefined : client.hear(error.token).errorCode
  return { code: error.code, message: error.message, told }
}

/** A client that has come so far says something, and is refused by this code and told this NTSTATUS. */
async function refuses(
  stage: Stage,
  say: (client: HostileClient) => Promise<unknown>,
  code: string,
  told: number | undefined,
  message = /./,
): Promise<void> {
  using client = await HostileClient.at(stage)
  const refused = await refusal(client, say(client))
  assert.deepEqual([refused.code, refused.told], [code, told], refused.message)
  assert.match(refused.message, message)
}

const passwordOf = (password: string): Uint8Array =>
  writeTsCredentials({ credType: CredType.PASSWORD, credentials: { domainName: 'LAB', userName: 'alice', password } })

test('a client that keeps to the rules is let in: else what follows would prove nothing', async () => {
  using client = await HostileClient.at('bound')
  await client.say({ authInfo: client.seal(passwordOf(PASSWORD)) })
  assert.equal(client.server.session.peer?.name, 'alice')
  assert.equal(await client.server.session.attribute(SECPKG_ATTR_DELEGATED_CREDENTIAL).credential?.reveal(), PASSWORD)
  await assert.rejects(client.say({}), { code: 'SEC_E_OUT_OF_SEQUENCE' })
})

suite('the end of the channel', () => {
  const half = writeTsRequest({ version: 6, negoTokens: [new Uint8Array(100)] }).subarray(0, 50)

  for (const stage of STAGES) {
    test(`${stage}: a client that closes is not waited for, in the middle of a request neither`, async () => {
      for (const before of [undefined, half]) {
        using client = await HostileClient.at(stage)
        const { code, message } = await refusal(client, client.sayAlert(1, 0, before))
        assert.equal(code, 'SEC_E_CONTEXT_EXPIRED')
        assert.match(message, /closed the TLS channel/)
      }
    })

    test(`${stage}: an alert that ends the channel has its status, and nothing more is said`, async () => {
      await refuses(stage, (client) => client.sayAlert(2, 49), 'SEC_E_LOGON_DENIED', undefined, /access_denied/)
      await refuses(stage, (client) => client.sayAlert(2, 80, half), 'SEC_E_INTERNAL_ERROR', undefined)
    })
  }
})

suite('the form of requests', () => {
  for (const stage of STAGES) {
    test(`${stage}: lengths beyond any bound, and without end, are refused by the header`, async () => {
      for (const hex of ['3083020000', '3083ffffff', '3084ffffffff', '30880000000000000001', '3080', '3180', '00']) {
        await refuses(stage, (client) => client.sayBytes(fromHex(hex)), 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER)
      }
    })

    test(`${stage}: something behind a request in its record is refused`, async () => {
      const request = concatBytes(writeTsRequest({ version: 6 }), Uint8Array.of(0))
      await refuses(stage, (client) => client.sayBytes(request), 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER)
    })

    test(`${stage}: a request without what it is for, and one with two tokens, are refused`, async () => {
      for (const fields of [{}, { errorCode: 0xc000_0001 }, { negoTokens: [new Uint8Array(1), new Uint8Array(1)] }]) {
        await refuses(stage, (client) => client.say(fields), 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER)
      }
    })
  }
})

suite('versions and nonces', () => {
  const next = async (client: HostileClient, fields: Partial<TsRequestFields>): Promise<unknown> =>
    client.say({ negoTokens: [await client.negoToken()], ...fields })

  test('a version below the lowest is refused, and there is none below 2', async () => {
    for (const version of [2, 3, 4, 5]) {
      await refuses('channel', (client) => next(client, { version }), 'SEC_E_UNSUPPORTED_FUNCTION', NOT_SUPPORTED)
    }
    for (const version of [1, 0, -1, -6]) {
      await refuses('channel', (client) => next(client, { version }), 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER)
    }
  })

  test('a version that changes under way is refused, whichever way', async () => {
    for (const version of [7, 2 ** 40]) {
      const say = (client: HostileClient) => next(client, { version, pubKeyAuth: new Uint8Array(1) })
      await refuses('challenged', say, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER, /which was 6/)
      const last = (client: HostileClient) => client.say({ version, authInfo: client.seal(passwordOf(PASSWORD)) })
      await refuses('bound', last, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER, /which was 6/)
    }
  })

  test('another nonce than before is refused, at any time', async () => {
    const clientNonce = new Uint8Array(32).fill(8)
    for (const stage of ['challenged', 'bound'] as const) {
      const say = (client: HostileClient) => client.say({ clientNonce })
      await refuses(stage, say, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER, /another clientNonce/)
    }
  })
})

suite('the public key', () => {
  const bind = async (client: HostileClient, pubKeyAuth: () => Uint8Array): Promise<unknown> => {
    const negoTokens = [await client.negoToken()]
    return client.say({ negoTokens, pubKeyAuth: pubKeyAuth() })
  }

  for (const [what, pubKeyAuth] of [
    ['the hash that the server is to send', (client) => client.pubKeyAuth({}, 'server-to-client')],
    ['the key itself, as in older versions', (client) => client.pubKeyAuth({ version: 4 })],
    ['the hash with another nonce', (client) => client.pubKeyAuth({ clientNonce: new Uint8Array(32) })],
    ['the hash of another key', (client) => client.pubKeyAuth({ publicKey: new Uint8Array(91) })],
    ['nothing, sealed', (client) => client.seal(new Uint8Array(0))],
    ['what is not sealed', () => new Uint8Array(48)],
  ] as readonly (readonly [string, (client: HostileClient) => Uint8Array])[]) {
    test(`${what} binds nothing`, async () => {
      const say = (client: HostileClient) => bind(client, () => pubKeyAuth(client))
      // There is no NTSTATUS for it but that of a log-on that failed.
      await refuses('challenged', say, 'SEC_E_MESSAGE_ALTERED', LOGON_FAILURE)
    })
  }

  test('what another connection was bound by binds nothing', async () => {
    using other = await HostileClient.at('challenged')
    await other.negoToken()
    const recorded = other.pubKeyAuth()
    await refuses('challenged', (client) => bind(client, () => recorded), 'SEC_E_MESSAGE_ALTERED', LOGON_FAILURE)
  })

  test('nobody gets past it: without it, and with credentials in its place, there is a refusal', async () => {
    for (const authInfo of [undefined, new Uint8Array(64)]) {
      const say = async (client: HostileClient): Promise<unknown> =>
        client.say({ negoTokens: [await client.negoToken()], authInfo })
      await refuses('challenged', say, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER, /pubKeyAuth is missing/)
    }
    const again = (client: HostileClient) => client.say({ pubKeyAuth: client.pubKeyAuth() })
    await refuses('bound', again, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER, /authInfo is missing/)
  })

  test('a wrong password is refused before it is looked at', async () => {
    using client = await HostileClient.at('challenged', 'wrong')
    const say = bind(client, () => client.pubKeyAuth({ publicKey: new Uint8Array(91) }))
    const { code, told } = await refusal(client, say)
    assert.deepEqual([code, told], ['SEC_E_LOGON_DENIED', LOGON_FAILURE])
  })
})

suite('the credentials', () => {
  const good = passwordOf(PASSWORD)
  const ofType = (type: number): Uint8Array => {
    const changed = good.slice()
    assert.equal(changed[6], CredType.PASSWORD)
    changed[6] = type
    return changed
  }

  for (const [what, plain] of [
    ['of no type', ofType(0)],
    ['of a type that is not known', ofType(3)],
    ['of a smart card, which are a password', ofType(CredType.SMART_CARD)],
    ['of a remote guard, which are a password', ofType(CredType.REMOTE_GUARD)],
    ['that are nothing', new Uint8Array(0)],
    ['that are cut short', good.subarray(0, -1)],
    ['with something behind them', concatBytes(good, Uint8Array.of(0))],
  ] as const) {
    test(`credentials ${what} are refused`, async () => {
      const say = (client: HostileClient) => client.say({ authInfo: client.seal(plain) })
      await refuses('bound', say, 'SEC_E_INVALID_TOKEN', INVALID_PARAMETER)
    })
  }

  test('credentials that are not sealed, or that were sealed and changed, are refused', async () => {
    const changed = (client: HostileClient): Uint8Array => {
      const sealed = client.seal(good)
      sealed[sealed.length - 1]! ^= 1 // it has more than one byte
      return sealed
    }
    await refuses(
      'bound',
      (client) => client.say({ authInfo: changed(client) }),
      'SEC_E_MESSAGE_ALTERED',
      LOGON_FAILURE,
    )
    // What stands where NTLM has the number of a message is not the next one.
    await refuses('bound', (client) => client.say({ authInfo: good }), 'SEC_E_OUT_OF_SEQUENCE', LOGON_FAILURE)
  })
})
