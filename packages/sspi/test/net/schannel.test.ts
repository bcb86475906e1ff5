import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect, createServer } from '../../src/net/index.js'
import { initSecurityInterface } from '../../src/system/index.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'

test('streams are secured by Schannel: more than a record at once, and clients without a certificate', async () => {
  const server = createServer({
    package: 'Schannel',
    sspi: initSecurityInterface(),
    credentials: credentialOf('server'),
  })
  server.on('secureConnection', (stream) => stream.pipe(stream))
  await server.listen({ port: 0, host: '127.0.0.1' })
  try {
    for (const [credentials, name] of [
      [credentialOf('client'), 'alice'],
      [trusting(), undefined],
    ] as const) {
      const met = once(server, 'secureConnection')
      const client = await connect({
        package: 'Schannel',
        sspi: initSecurityInterface(),
        credentials,
        host: '127.0.0.1',
        port: server.port,
        target: SERVER,
        mutual: true,
      })
      const [stream] = (await met) as [{ readonly peer?: { readonly name: string } }]
      assert.equal(stream.peer?.name, name)
      assert.ok(client.encrypted)
      const sent = Buffer.alloc(200_000, 'x')
      client.end(sent)
      const received: Buffer[] = []
      for await (const chunk of client) received.push(chunk as Buffer)
      assert.deepEqual(Buffer.concat(received), sent)
    }
    const other = connect({
      package: 'Schannel',
      sspi: initSecurityInterface(),
      credentials: trusting(),
      host: '127.0.0.1',
      port: server.port,
      target: 'another.example.com',
    })
    await assert.rejects(other, { code: 'SEC_E_WRONG_PRINCIPAL' })
  } finally {
    await server[Symbol.asyncDispose]()
  }
})
