import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ISC_REQ_DELEGATE } from '../../src/index.js'
import { connect, createServer } from '../../src/net/index.js'
import { createTestDomain } from '../../src/testing/index.js'
import { readAll } from './streams.js'

const HOST = '127.0.0.1'
const WWW = 'HTTP/www.example.test'
const FILES = 'cifs/files.example.test'

test('a server goes on to a further one as its client, over streams, however many come at a time', async () => {
  const users = ['alice', 'bob', 'carol']
  await using domain = createTestDomain({ users, services: [WWW, FILES] })

  const files = createServer(
    { sspi: domain.sspi(), package: 'Kerberos', credentials: domain.serviceCredential(FILES) },
    (stream) => stream.resume().end(`the files of ${stream.peer?.name ?? 'nobody'}`),
  )
  await files.listen({ port: 0, host: HOST })

  const middle = domain.sspi()
  const web = createServer(
    { sspi: middle, package: 'Negotiate', credentials: domain.serviceCredential(WWW) },
    (stream) => {
      stream.on('error', () => stream.destroy())
      stream.resume()
      void stream.impersonate(async () => {
        const further = { sspi: middle, package: 'Kerberos', host: HOST, port: files.port, target: FILES }
        try {
          const onward = await connect(further) // no credentials named: the client's
          onward.end()
          stream.end(`${stream.accessToken.user.name} sees ${(await readAll(onward)).toString()}`)
        } catch (error) {
          stream.end((error as { readonly code: string }).code)
        }
      })
    },
  )
  await web.listen({ port: 0, host: HOST })

  const ask = async (user: string, flags: number): Promise<string> => {
    const credentials = domain.credential(user)
    const common = { sspi: domain.sspi(), package: 'Negotiate', credentials, target: WWW, flags }
    const stream = await connect({ ...common, host: HOST, port: web.port })
    stream.end()
    return (await readAll(stream)).toString()
  }
  try {
    const asked = Array.from({ length: 12 }, async (_, index) => {
      const user = users[index % users.length]!
      assert.equal(await ask(user, ISC_REQ_DELEGATE), `${user} sees the files of ${user}`)
    })
    await Promise.all(asked)
    assert.equal(await ask('alice', 0), 'SEC_E_NO_CREDENTIALS')
  } finally {
    await web.close()
    await files.close()
  }
})
