// DCE/RPC with a Samba AD DC: messages of several buffers, of which some are signed and not encrypted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordCredential, type CtxtHandle, type SecBufferDesc } from 'sspi'
import {
  ENDPOINT_MAPPER,
  missing,
  ourSide,
  PASSWORD,
  portOf,
  RpcClient,
  RpcFault,
  SAMR,
  sambaAd,
  SamrCalls,
  type RpcSecurity,
} from '../src/index.js'

const skip = missing('samba-ad')
const LEVELS = [
  ['sealed', 'privacy', true],
  ['sealed, without a word on headers', 'privacy', false],
  ['signed', 'integrity', true],
  ['signed, without a word on headers', 'integrity', false],
] as const

for (const name of ['NTLM', 'Negotiate'] as const) {
  for (const [what, level, announceHeaderSigning] of LEVELS) {
    test(`${name}: calls go back and forth ${what}`, { skip }, async () => {
      using client = await samr({ ...security(name), level, announceHeaderSigning })
      const calls = new SamrCalls(client)
      const domain = await calls.openDomain(await calls.connect(), sambaAd().domain)
      assert.ok(Buffer.from(await calls.users(domain)).includes(Buffer.from('utf8user', 'utf16le')))
      assert.deepEqual(await calls.lookupNames(domain, ['Administrator', 'Guest']), [500, 501])
    })

    test(`${name}: fragments in both directions ${what}`, { skip }, async () => {
      using client = await samr({ ...security(name), level, announceHeaderSigning })
      const calls = new SamrCalls(client)
      const domain = await calls.openDomain(await calls.connect(), sambaAd().domain)
      for (const count of [1, 100, 1000]) {
        const names = Array.from({ length: count }, (_, at) => (at % 2 === 0 ? 'Administrator' : 'krbtgt'))
        const expected = names.map((each) => (each === 'krbtgt' ? 502 : 500))
        assert.deepEqual(await calls.lookupNames(domain, names), expected)
      }
    })
  }

  test(`${name}: a wrong password is refused`, { skip }, async () => {
    const calling = async (): Promise<void> => {
      using client = await samr(security(name, 'wrong'))
      await new SamrCalls(client).connect()
    }
    // A fault, or bind_nak, or the end of the connection.
    await assert.rejects(calling(), (error) => error instanceof RpcFault || String(error).includes('closed'))
  })
}

test('a call whose header was changed on its way is refused', { skip }, async () => {
  const { table, ...others } = security('NTLM')
  const spoiling = new Proxy(table, {
    get: (target, property) => {
      if (property !== 'encryptMessage') {
        const value: unknown = Reflect.get(target, property)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
      return (context: CtxtHandle, qop: number, message: SecBufferDesc): void => {
        target.encryptMessage(context, qop, message)
        message.buffers[0]!.bytes[22]! ^= 1 // the number of the operation
      }
    },
  })
  using client = await samr({ ...others, table: spoiling })
  await assert.rejects(new SamrCalls(client).connect(), RpcFault)
})

async function samr(how: RpcSecurity): Promise<RpcClient> {
  const { address: host } = sambaAd()
  using mapper = await RpcClient.connect({ host, port: 135 })
  await mapper.bind(ENDPOINT_MAPPER)
  const client = await RpcClient.connect({ host, port: await portOf(mapper, SAMR) })
  try {
    await client.bind(SAMR, how)
    return client
  } catch (error) {
    client[Symbol.dispose]()
    throw error
  }
}

function security(name: 'NTLM' | 'Negotiate', password = PASSWORD): RpcSecurity {
  const { domain, host } = sambaAd()
  return {
    table: ourSide(),
    package: name,
    credentials: passwordCredential({ user: 'alice', domain, password, packageList: '!kerberos' }),
    target: `host/${host}`,
    level: 'privacy',
    announceHeaderSigning: true,
  }
}
