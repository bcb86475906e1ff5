import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { suite, test } from 'node:test'
import { authorization, initiate, logOn } from './client.js'
import { Site } from './site.js'

// What two readers of one stream of bytes may take for different requests, or for somebody else's.

/** The paths that a site was asked for. */
function asked(site: Site): readonly (string | undefined)[] {
  const paths: (string | undefined)[] = []
  site.server.prependListener('request', ({ url }: IncomingMessage) => paths.push(url))
  return paths
}

suite('on a connection that stands for alice', () => {
  const hidden = 'GET /hidden HTTP/1.1\r\nHost: www.example.test\r\n\r\n'
  const shapes: readonly (readonly [string, string])[] = [
    ['two lengths', `Content-Length: 4\r\nContent-Length: 5\r\n\r\n${hidden}`],
    ['a length and chunks', `Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['chunks that are none at the end', `Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n${hidden}`],
    ['chunks in another spelling', `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`],
    ['a space in front of the colon', `Content-Length : 4\r\n\r\n${hidden}`],
    ['a sign in front of a length', `Content-Length: +4\r\n\r\n${hidden}`],
    ['a chunk with a length that is none', `Transfer-Encoding: chunked\r\n\r\n0x4\r\nbody\r\n0\r\n\r\n${hidden}`],
    ['a line that ends by a carriage return alone', `X-Other: a\rContent-Length: 4\r\n\r\n${hidden}`],
  ]
  for (const [what, rest] of shapes) {
    test(`${what}: what comes behind it is not alice’s`, async () => {
      await using site = await Site.open({ schemes: ['NTLM'] })
      const paths = asked(site)
      using wire = await site.connect()
      assert.equal((await logOn(site, wire, { scheme: 'NTLM' })).status, 200)
      wire.socket.write(`POST /shape HTTP/1.1\r\nHost: www.example.test\r\n${rest}`, 'latin1')
      await wire.closed()
      assert.ok(!paths.includes('/hidden'))
    })
  }

  test('a field among the trailers is no credential', async () => {
    await using site = await Site.open({ schemes: ['NTLM'] })
    using wire = await site.connect()
    assert.equal((await logOn(site, wire, { scheme: 'NTLM' })).body, 'alice by NTLM from exchange')
    using bob = initiate(site, { scheme: 'NTLM', user: 'bob' })
    const trailer = `Authorization: ${authorization('NTLM', (await bob.step()).token)}`
    const answer = await wire.ask({ 'Transfer-Encoding': 'chunked' }, '/', 'POST', `0\r\n${trailer}\r\n\r\n`)
    assert.equal(answer.body, 'alice by NTLM from connection')
    assert.equal(site.authenticator.halfOpen, 0)
  })
})

test('a field over two lines is refused, or read as one, and opens nothing', async () => {
  await using site = await Site.open()
  using wire = await site.connect()
  using client = initiate(site)
  const value = authorization('Negotiate', (await client.step()).token)
  const answer = await wire.ask({ Authorization: `${value.slice(0, 100)}\r\n ${value.slice(100)}` })
  assert.equal(answer.status, 400)
  assert.deepEqual(site.seen, [])
})

test('the body of a refused request is never taken for a request', async () => {
  await using site = await Site.open()
  const paths = asked(site)
  using wire = await site.connect()
  const body = 'GET /hidden HTTP/1.1\r\nHost: www.example.test\r\n\r\n'
  assert.equal((await wire.ask({ 'Content-Length': String(body.length) }, '/refused', 'POST', body)).status, 401)
  assert.equal((await wire.ask({}, '/next')).status, 401)
  assert.deepEqual(paths, ['/refused', '/next'])
})
