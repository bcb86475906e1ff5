import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { authorization, initiate, logOn, tokenIn } from './client.js'
import { Site } from './site.js'

const NTLM = { scheme: 'NTLM' } as const

suite('NTLM is of the connection', () => {
  const open = (options: Parameters<typeof Site.open>[0] = {}) => Site.open({ schemes: ['NTLM'], ...options })

  test('legs bind to the connection, and what follows needs no more of them', async () => {
    await using site = await open()
    using wire = await site.connect()
    assert.deepEqual((await wire.ask()).field('WWW-Authenticate'), ['NTLM'])
    assert.equal((await logOn(site, wire, NTLM)).body, 'alice by NTLM from exchange')
    assert.equal((await wire.ask()).body, 'alice by NTLM from connection')
    using other = await site.connect()
    assert.equal((await other.ask()).status, 401)
  })

  test('the third leg over another connection counts for nothing', async () => {
    await using site = await open()
    using wire = await site.connect()
    using other = await site.connect()
    using client = initiate(site, NTLM)
    const second = await wire.ask({ Authorization: authorization('NTLM', (await client.step()).token) })
    const { token } = await client.step(tokenIn(second, 'NTLM'))
    assert.equal((await other.ask({ Authorization: authorization('NTLM', token) })).status, 401)
    assert.equal((await wire.ask({ Authorization: authorization('NTLM', token) })).status, 200)
  })

  test('a second identity on the connection takes the place of the first, from its first leg on', async () => {
    await using site = await open()
    using wire = await site.connect()
    await logOn(site, wire, NTLM)
    using bob = initiate(site, { ...NTLM, user: 'bob' })
    const second = await wire.ask({ Authorization: authorization('NTLM', (await bob.step()).token) })
    assert.equal(second.status, 401)
    const { token } = await bob.step(tokenIn(second, 'NTLM'))
    const third = await wire.ask({ Authorization: authorization('NTLM', token) })
    assert.equal(third.body, 'bob by NTLM from exchange')
    assert.equal((await wire.ask()).body, 'bob by NTLM from connection')
  })

  test('a second identity that fails leaves nobody', async () => {
    await using site = await open()
    using wire = await site.connect()
    await logOn(site, wire, NTLM)
    assert.equal((await logOn(site, wire, { ...NTLM, user: 'bob', password: 'wrong' })).status, 401)
    assert.equal((await wire.ask()).status, 401)
  })

  test('whatever credentials come end the log-on: another scheme, garbage, two at once', async () => {
    await using site = await open()
    for (const fields of [
      { Authorization: 'Basic YTpi' },
      { Authorization: '"' },
      { Authorization: 'a', authorization: 'b' },
    ]) {
      using wire = await site.connect()
      await logOn(site, wire, NTLM)
      assert.ok((await wire.ask(fields)).status >= 400)
      assert.equal((await wire.ask()).status, 401)
    }
  })

  test('requests that come through a proxy neither leave a log-on on the connection nor find one', async () => {
    await using site = await open()
    for (const fields of [{ Via: '1.1 proxy' }, { 'X-Forwarded-For': '192.0.2.1' }, { Forwarded: 'for=192.0.2.1' }]) {
      using wire = await site.connect()
      const answer = await logOn(site, wire, { ...NTLM, fields })
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.field('Persistent-Auth'), ['false'])
      assert.equal((await wire.ask()).status, 401)
      // The connection of somebody who came directly is not for whom a proxy lets in behind him.
      await logOn(site, wire, NTLM)
      assert.equal((await wire.ask(fields)).status, 401)
      assert.equal((await wire.ask()).status, 401)
    }
  })

  test('with persist: none each request has its own legs', async () => {
    await using site = await open({ persist: 'none' })
    using wire = await site.connect()
    assert.deepEqual((await logOn(site, wire, NTLM)).field('Persistent-Auth'), ['false'])
    assert.equal((await wire.ask()).status, 401)
  })

  test('requests sent at once are looked at in their order: who comes behind the third leg is let in, who comes before is not', async () => {
    await using site = await open()
    using wire = await site.connect()
    using client = initiate(site, NTLM)
    const second = await wire.ask({ Authorization: authorization('NTLM', (await client.step()).token) })
    const { token } = await client.step(tokenIn(second, 'NTLM'))
    wire.send({ Authorization: authorization('NTLM', token) })
    wire.send()
    wire.send({ Authorization: 'NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==' }) // a NEGOTIATE message
    wire.send()
    const bodies = [await wire.answer(), await wire.answer(), await wire.answer(), await wire.answer()]
    assert.deepEqual(
      bodies.map(({ status }) => status),
      [200, 200, 401, 401],
    )
    assert.equal(bodies[1]?.body, 'alice by NTLM from connection')
  })

  test('an unknown user and a wrong password are told the same', async () => {
    await using site = await open()
    const answers = []
    for (const user of ['alice', 'nobody']) {
      using wire = await site.connect()
      const answer = await logOn(site, wire, { ...NTLM, user, password: 'wrong' })
      answers.push({ status: answer.status, body: answer.body, challenges: answer.field('WWW-Authenticate') })
    }
    assert.deepEqual(answers[0], answers[1])
    assert.deepEqual(answers[0], { status: 401, body: '401 Unauthorized\n', challenges: ['NTLM'] })
  })

  test('bodies that come with the legs are thrown away, and the connection goes on', async () => {
    await using site = await open()
    using wire = await site.connect()
    using client = initiate(site, NTLM)
    const body = 'x'.repeat(100_000)
    const length = { 'Content-Length': String(body.length) }
    const ask = async (token: Uint8Array | undefined) =>
      wire.ask({ ...length, Authorization: authorization('NTLM', token) }, '/', 'POST', body)
    const second = await ask((await client.step()).token)
    const third = await ask((await client.step(tokenIn(second, 'NTLM'))).token)
    assert.equal(third.body, 'alice by NTLM from exchange')
  })

  test('the exchange of a client that goes away is ended', async () => {
    await using site = await open()
    using wire = await site.connect()
    using client = initiate(site, NTLM)
    await wire.ask({ Authorization: authorization('NTLM', (await client.step()).token) })
    assert.equal(site.authenticator.halfOpen, 1)
    wire.socket.destroy()
    const left = () => site.authenticator.halfOpen
    while (left() > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  test('a request without credentials in between ends the exchange', async () => {
    await using site = await open()
    using wire = await site.connect()
    using client = initiate(site, NTLM)
    const second = await wire.ask({ Authorization: authorization('NTLM', (await client.step()).token) })
    assert.equal((await wire.ask()).status, 401)
    assert.equal(site.authenticator.halfOpen, 0)
    const { token } = await client.step(tokenIn(second, 'NTLM'))
    assert.equal((await wire.ask({ Authorization: authorization('NTLM', token) })).status, 401)
  })
})
