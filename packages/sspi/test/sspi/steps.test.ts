import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import {
  ISC_REQ_ALLOCATE_MEMORY,
  ISC_RET_ALLOCATED_MEMORY,
  SEC_E_INCOMPLETE_MESSAGE,
  SEC_E_OK,
  SEC_I_COMPLETE_NEEDED,
  SEC_I_CONTEXT_EXPIRED,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_EXTRA,
  SECBUFFER_MISSING,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type AuthenticationEvent,
  type Step,
} from '../../src/sspi/index.js'
import { ASK, FakeSession, finished, SlowDriver } from './fake-package.js'
import { Bench, first, room, tokenIn } from './table.js'

const HELLO = Uint8Array.of(1, 2, 3, 4)
const goOn = { kind: 'continue', token: HELLO, consumed: 0 } as const

suite('input and output', () => {
  test('the token is written in place, and cbBuffer becomes its length', async () => {
    const bench = new Bench({ client: () => goOn })
    const output = room(16)
    const memory = first(output).pvBuffer
    const step = await bench.initiate({ output })
    assert.equal(step.status, SEC_I_CONTINUE_NEEDED)
    assert.equal(first(output).pvBuffer, memory)
    assert.deepEqual(first(output).bytes, HELLO)
    assert.equal(first(output).bufferType, SECBUFFER_TOKEN)
  })

  test('without a token to send, cbBuffer becomes 0', async () => {
    const output = room(16)
    await new Bench().initiate({ output })
    assert.equal(first(output).cbBuffer, 0)
  })

  test('memory is allocated where there is none or where it is asked for, and never the package’s own', async () => {
    const bench = new Bench({ client: () => goOn })
    const output = room()
    await bench.initiate({ output })
    first(output).pvBuffer!.fill(0)
    assert.deepEqual(HELLO, Uint8Array.of(1, 2, 3, 4))
    const given = room(2)
    const step = await bench.initiate({ output: given, contextReq: ISC_REQ_ALLOCATE_MEMORY })
    assert.deepEqual(first(given).bytes, HELLO)
    assert.ok(step.contextAttr & ISC_RET_ALLOCATED_MEMORY)
  })

  test('a token that came as a Buffer is copied, as any other', async () => {
    const bench = new Bench({ server: () => goOn })
    const pooled = Buffer.from([9, 9, 9])
    await bench.accept({ input: tokenIn(pooled) })
    pooled.fill(0)
    const [input] = bench.fake.exchanges[0]!.inputs
    assert.ok(input?.kind === 'token')
    assert.deepEqual(input.token, Uint8Array.of(9, 9, 9))
  })

  test('a token that a package made as a Buffer is copied, as any other', async () => {
    const own = Buffer.from(HELLO)
    const bench = new Bench({ client: () => ({ ...goOn, token: own }) })
    const output = room()
    await bench.initiate({ output })
    own.fill(0)
    assert.deepEqual(first(output).bytes, HELLO)
  })

  test('bytes behind the token become EXTRA', async () => {
    const bench = new Bench({ server: () => finished(undefined, HELLO, 3) })
    const input = tokenIn(Uint8Array.of(1, 2, 3, 4, 5))
    await bench.accept({ input })
    assert.equal(input.buffers[1]!.bufferType, SECBUFFER_EXTRA)
    assert.deepEqual(input.buffers[1]!.bytes, Uint8Array.of(4, 5))
  })

  test('without surplus the EMPTY buffer stays as it is', async () => {
    const bench = new Bench({ server: () => finished(undefined, undefined, 3) })
    const input = tokenIn(Uint8Array.of(1, 2, 3))
    await bench.accept({ input })
    assert.equal(input.buffers[1]!.bufferType, SECBUFFER_EMPTY)
  })

  test('surplus without a buffer to name it in is an error, and the same call with one goes on', async () => {
    const bench = new Bench({
      server: (_, call) => (call === 0 ? { ...goOn, consumed: 1 } : finished(undefined, HELLO, 3)),
    })
    const { context } = await bench.accept({ input: tokenIn(Uint8Array.of(1)) })
    const token = Uint8Array.of(1, 2, 3, 4, 5)
    const bare = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, token)])
    const output = room(16)
    await assert.rejects(bench.accept({ context, input: bare, output }), { code: 'SEC_E_INSUFFICIENT_BUFFERS' })
    assert.equal(first(output).cbBuffer, 16, 'nothing was written')
    const input = tokenIn(token)
    const step = await bench.accept({ context, input, output })
    assert.equal(step.status, SEC_E_OK)
    assert.deepEqual(input.buffers[1]!.bytes, Uint8Array.of(4, 5))
  })

  test('the very same buffers may be given again when the output was too short', async () => {
    const bench = new Bench({
      server: (_, call) => (call === 0 ? { ...goOn, consumed: 1 } : finished(undefined, HELLO, 3)),
    })
    const { context } = await bench.accept({ input: tokenIn(Uint8Array.of(1)) })
    const input = tokenIn(Uint8Array.of(1, 2, 3, 4, 5))
    await assert.rejects(bench.accept({ context, input, output: room(2) }), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    assert.equal(input.buffers[1]!.bufferType, SECBUFFER_EMPTY)
    const step = await bench.accept({ context, input, output: room(4) })
    assert.equal(step.status, SEC_E_OK)
    assert.equal(input.buffers[1]!.bufferType, SECBUFFER_EXTRA)
    assert.equal(bench.fake.exchanges[0]!.inputs.length, 2, 'the exchange was called twice for one token')
  })

  test('a token buffer of no bytes counts as no token, also when the call is repeated', async () => {
    const bench = new Bench({
      server: (_, call) => (call === 0 ? { ...goOn, token: new Uint8Array(0) } : finished(undefined, HELLO)),
    })
    const { context } = await bench.accept()
    const input = tokenIn(new Uint8Array(0))
    await assert.rejects(bench.accept({ context, input, output: room(1) }), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    assert.equal((await bench.accept({ context, input, output: room(4) })).status, SEC_E_OK)
  })

  test('a first call with a short buffer ends what it began', async () => {
    const session = new FakeSession()
    const bench = new Bench({ client: () => finished(session, HELLO) })
    await assert.rejects(bench.initiate({ output: room(3) }), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    assert.equal(session.disposals, 1)
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
  })

  test('a context deleted while its outcome waits is wiped', async () => {
    const session = new FakeSession()
    const bench = new Bench({ client: (_, call) => (call === 0 ? goOn : finished(session, HELLO)) })
    const { context } = await bench.initiate()
    await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO), output: room(1) }))
    bench.table.deleteSecurityContext(context)
    assert.equal(session.disposals, 1)
  })

  test('half a token is no error: MISSING says what lacks, and the exchange waits', async () => {
    const bench = new Bench({
      server: (_, call) => (call === 0 ? { kind: 'incomplete', missing: 7 } : finished()),
    })
    const input = tokenIn(HELLO)
    const output = room(16)
    const step = await bench.accept({ input, output })
    assert.equal(step.status, SEC_E_INCOMPLETE_MESSAGE)
    assert.equal(input.buffers[1]!.bufferType, SECBUFFER_MISSING)
    assert.equal(input.buffers[1]!.cbBuffer, 7)
    assert.equal(first(output).cbBuffer, 16)
    assert.equal((await bench.accept({ context: step.context, input: tokenIn(HELLO) })).status, SEC_E_OK)
  })

  test('a token beyond the package’s limit is refused before it is read', async () => {
    const bench = new Bench({ overrides: { maxInputToken: 8 } })
    await assert.rejects(bench.accept({ input: tokenIn(new Uint8Array(9)) }), { code: 'SEC_E_INVALID_TOKEN' })
    assert.equal(bench.fake.exchanges.length, 0)
  })

  test('a cbBuffer beyond the memory is the caller’s mistake', async () => {
    const bench = new Bench()
    const input = tokenIn(HELLO)
    first(input).cbBuffer = 5
    await assert.rejects(bench.accept({ input }), TypeError)
    assert.equal(bench.fake.exchanges.length, 0)
  })

  test('an output without a token buffer gets the package’s status', async () => {
    const output = new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, 64)])
    await assert.rejects(new Bench().initiate({ output }), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    const schannel = new Bench({ overrides: { shortBufferStatus: 'SEC_E_INSUFFICIENT_MEMORY' } })
    await assert.rejects(schannel.initiate({ output }), { code: 'SEC_E_INSUFFICIENT_MEMORY' })
  })

  test('a message that is not whole, and a peer that has closed, are results', async () => {
    const states = [{ kind: 'incomplete', missing: 5 }, { kind: 'closed' }] as const
    let at = 0
    const session = new FakeSession(undefined, () => states[at++]!)
    const bench = new Bench({ client: () => finished(session) })
    const { context } = await bench.initiate()
    const message = new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, 3), new SecBuffer(SECBUFFER_EMPTY)])
    assert.equal(bench.table.decryptMessage(context, message).status, SEC_E_INCOMPLETE_MESSAGE)
    assert.equal(message.buffers[1]!.cbBuffer, 5)
    assert.equal(bench.table.decryptMessage(context, message).status, SEC_I_CONTEXT_EXPIRED)
  })
})

suite('completeAuthToken', () => {
  const digest = (finishedToken: Uint8Array): Bench =>
    new Bench({
      client: (input, call) => {
        if (call === 0) return { kind: 'complete', token: HELLO, consumed: 0 }
        assert.equal(input.kind, 'complete')
        return finished(undefined, finishedToken)
      },
    })

  test('finishes the token in place where it fits', async () => {
    const bench = digest(Uint8Array.of(8, 8))
    const output = room(16)
    const { status, context } = await bench.initiate({ output })
    assert.equal(status, SEC_I_COMPLETE_NEEDED)
    await assert.rejects(bench.initiate({ context }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    const memory = first(output).pvBuffer
    const step = await bench.table.completeAuthToken(context, output)
    assert.equal(step.status, SEC_E_OK)
    assert.equal(first(output).pvBuffer, memory)
    assert.deepEqual(first(output).bytes, Uint8Array.of(8, 8))
    const input = bench.fake.exchanges[0]!.inputs[1]!
    assert.deepEqual(input.kind === 'complete' && input.message, HELLO)
  })

  test('allocates where the finished token is longer, and cannot be done twice', async () => {
    const long = new Uint8Array(40).fill(3)
    const bench = digest(long)
    const output = room(4)
    const { context } = await bench.initiate({ output })
    await bench.table.completeAuthToken(context, output)
    assert.deepEqual(first(output).bytes, long)
    await assert.rejects(bench.table.completeAuthToken(context, output), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
  })

  test('a second one at the same time is refused', async () => {
    const bench = digest(HELLO)
    const output = room(16)
    const { context } = await bench.initiate({ output })
    const running = bench.table.completeAuthToken(context, output)
    await assert.rejects(bench.table.completeAuthToken(context, output), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.equal((await running).status, SEC_E_OK)
  })
})

suite('applyControlToken', () => {
  const SHUTDOWN = new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN, Uint8Array.of(1, 0, 0, 0))])

  test('is out of sequence while a token waits to be delivered', async () => {
    const bench = new Bench({ client: () => goOn })
    const { context } = await bench.initiate()
    const input = tokenIn(HELLO)
    await assert.rejects(bench.initiate({ context, input, output: room(2) }), { code: 'SEC_E_BUFFER_TOO_SMALL' })
    const early = { code: 'SEC_E_OUT_OF_SEQUENCE', message: /repeat it with a larger buffer/ }
    assert.throws(() => {
      bench.table.applyControlToken(context, SHUTDOWN)
    }, early)
    assert.equal((await bench.initiate({ context, input })).status, SEC_I_CONTINUE_NEEDED)
    assert.throws(
      () => {
        bench.table.applyControlToken(context, SHUTDOWN)
      },
      { code: 'SEC_E_UNSUPPORTED_FUNCTION' },
      'this package has nothing to control',
    )
  })

  test('is out of sequence while a token waits to be completed', async () => {
    const bench = new Bench({ client: () => ({ kind: 'complete', token: HELLO, consumed: 0 }) })
    const { context } = await bench.initiate()
    const early = { code: 'SEC_E_OUT_OF_SEQUENCE', message: /completeAuthToken must come first/ }
    assert.throws(() => {
      bench.table.applyControlToken(context, SHUTDOWN)
    }, early)
  })
})

suite('effects', () => {
  const asking = { client: (_: unknown, call: number) => (call === 0 ? goOn : call === 1 ? ASK : finished()) }
  const hearing = {
    client: (_: unknown, call: number): Step =>
      call === 0 ? goOn : call === 1 ? { ...ASK, hearsFailure: true } : finished(),
  }

  test('an answer without waiting completes the call in the same turn', async () => {
    const bench = new Bench(asking, { driver: { answer: () => ({ effect: 'account', value: undefined }) } })
    const { context } = await bench.initiate()
    let turns = 0
    const tick = (): void => {
      turns++
      timer = setImmediate(tick)
    }
    let timer = setImmediate(tick)
    await bench.initiate({ context, input: tokenIn(HELLO) })
    clearImmediate(timer)
    assert.equal(turns, 0)
    const answer = bench.fake.exchanges[0]!.inputs[2]
    assert.deepEqual(answer, { kind: 'answer', answer: { effect: 'account', value: undefined } })
  })

  test('an answer of any thenable is waited for', async () => {
    const thenable = {
      then: (take: (answer: unknown) => void) => {
        take({ effect: 'account', value: undefined })
      },
    }
    const bench = new Bench(asking, { driver: { answer: () => thenable as never } })
    const { context } = await bench.initiate()
    assert.equal((await bench.initiate({ context, input: tokenIn(HELLO) })).status, SEC_E_OK)
  })

  test('a second call during the wait is refused, a query is not, and the first is unharmed', async () => {
    const driver = new SlowDriver()
    const bench = new Bench(asking, { driver })
    const { context } = await bench.initiate()
    const running = bench.initiate({ context, input: tokenIn(HELLO) })
    await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO) }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    const message = new SecBufferDesc([])
    assert.throws(() => bench.table.makeSignature(context, 0, message), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    driver.reply()
    assert.equal((await running).status, SEC_E_OK)
  })

  test('calls that come in the very moment of the answer are refused as well', async () => {
    const driver = new SlowDriver()
    const bench = new Bench(asking, { driver })
    const { context } = await bench.initiate()
    const running = bench.initiate({ context, input: tokenIn(HELLO) })
    let settled = false
    const watched = running.finally(() => (settled = true))
    driver.reply()
    // One attempt for each microtask until the call is done: it must be kept out of every one.
    while (!settled as boolean) {
      const attempt = bench.table.initializeSecurityContext({
        context,
        contextReq: 0,
        input: tokenIn(HELLO),
        output: room(),
      })
      await assert.rejects(attempt, { code: 'SEC_E_OUT_OF_SEQUENCE' })
    }
    await watched
    assert.equal(bench.fake.exchanges[0]!.inputs.length, 3, 'the exchange was called by another call')
  })

  test('a driver that fails ends the context with the same error', async () => {
    for (const failure of [new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC'), new TypeError('a bug')]) {
      const driver = {
        answer: () => {
          throw failure
        },
      }
      const bench = new Bench(asking, { driver })
      const { context } = await bench.initiate()
      await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO) }), (error) => error === failure)
      await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO) }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
      assert.equal(bench.fake.exchanges[0]!.disposals, 1)
      bench.table.deleteSecurityContext(context)
    }
  })

  test('a driver that fails is heard of by the step that asked, where that wants to, and the exchange goes on', async () => {
    const noKdc = new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC')
    const fails = (): never => {
      throw noKdc
    }
    for (const answer of [fails, () => Promise.reject(noKdc)]) {
      const bench = new Bench(hearing, { driver: { answer } })
      const { context } = await bench.initiate()
      assert.equal((await bench.initiate({ context, input: tokenIn(HELLO) })).status, SEC_E_OK)
      assert.deepEqual(bench.fake.exchanges[0]!.inputs[2], { kind: 'unanswered', error: noKdc })
    }
  })

  test('what such a step makes of it may be a failure again, which ends the context', async () => {
    const refusal = new SspiError('SEC_E_LOGON_DENIED', 'nobody to ask', { token: HELLO })
    const client = (_: unknown, call: number): Step => {
      if (call === 2) throw refusal
      return hearing.client(_, call)
    }
    const driver = new SlowDriver()
    const bench = new Bench({ client }, { driver })
    const { context } = await bench.initiate()
    const running = bench.initiate({ context, input: tokenIn(HELLO) })
    await Promise.resolve()
    driver.fail(new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC'))
    await assert.rejects(running, (error) => error === refusal)
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
    await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO) }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
  })

  test('a bug in a driver, a caller that gives up and a context that is deleted are heard of by no step', async () => {
    type End = (driver: SlowDriver, abort: AbortController, delete_: () => void) => void
    const ends: readonly (readonly [End, object])[] = [
      [(driver) => driver.fail(new TypeError('a bug')), { name: 'TypeError' }],
      [(_, abort) => abort.abort(new SspiError('SEC_E_CONTEXT_EXPIRED', 'enough')), { code: 'SEC_E_CONTEXT_EXPIRED' }],
      [
        (driver, _, delete_) => {
          delete_()
          driver.fail(new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'no KDC'))
        },
        { code: 'SEC_E_INVALID_HANDLE' },
      ],
    ]
    for (const [end, expected] of ends) {
      const [driver, abort] = [new SlowDriver(), new AbortController()]
      const bench = new Bench(hearing, { driver })
      const { context } = await bench.initiate()
      const running = bench.initiate({ context, input: tokenIn(HELLO), signal: abort.signal })
      await Promise.resolve()
      end(driver, abort, () => bench.table.deleteSecurityContext(context))
      await assert.rejects(running, expected)
      assert.equal(bench.fake.exchanges[0]!.inputs.length, 2)
      assert.equal(bench.fake.exchanges[0]!.disposals, 1)
    }
  })

  test('an aborted signal ends the wait, even of a driver that does not listen', async () => {
    const driver = new SlowDriver()
    const bench = new Bench(asking, { driver })
    const { context } = await bench.initiate()
    const abort = new AbortController()
    const running = bench.initiate({ context, input: tokenIn(HELLO), signal: abort.signal })
    await Promise.resolve()
    abort.abort()
    await assert.rejects(running, { name: 'AbortError' })
    driver.reply()
    await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO) }), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
  })

  test('a signal that is aborted already leaves everything as it was', async () => {
    const bench = new Bench(asking, { driver: { answer: () => ({ effect: 'account', value: undefined }) } })
    await assert.rejects(bench.initiate({ signal: AbortSignal.abort() }), { name: 'AbortError' })
    assert.equal(bench.fake.exchanges.length, 0)
    const { context } = await bench.initiate()
    await assert.rejects(bench.initiate({ context, input: tokenIn(HELLO), signal: AbortSignal.abort() }))
    assert.equal((await bench.initiate({ context, input: tokenIn(HELLO) })).status, SEC_E_OK)
  })

  test('a context deleted during the wait comes to nothing: its exchange is not called again', async () => {
    const driver = new SlowDriver()
    const events: AuthenticationEvent[] = []
    const bench = new Bench(asking, { driver, onEvent: (event) => events.push(event) })
    const { context } = await bench.initiate()
    const running = bench.initiate({ context, input: tokenIn(HELLO) })
    await Promise.resolve()
    bench.table.deleteSecurityContext(context)
    driver.reply()
    await assert.rejects(running, { code: 'SEC_E_INVALID_HANDLE' })
    assert.equal(bench.fake.exchanges[0]!.inputs.length, 2)
    assert.equal(bench.fake.exchanges[0]!.disposals, 1)
    assert.deepEqual(events, [])
  })
})

suite('handles', () => {
  test('a context and a credential of another interface mean nothing', async () => {
    const here = new Bench()
    const there = new Bench()
    const { context } = await here.initiate()
    const credential = await here.credential()
    const gone = { code: 'SEC_E_INVALID_HANDLE' }
    assert.throws(() => {
      there.table.deleteSecurityContext(context)
    }, gone)
    assert.throws(() => {
      there.table.freeCredentialsHandle(credential)
    }, gone)
    const call = { credential, contextReq: 0, output: room() }
    await assert.rejects(there.table.initializeSecurityContext(call), gone)
    here.table.deleteSecurityContext(context)
  })

  test('a first call needs a credential', async () => {
    const { table } = new Bench()
    await assert.rejects(table.initializeSecurityContext({ contextReq: 0, output: room() }), {
      code: 'SEC_E_INVALID_HANDLE',
    })
  })

  test('a credential of another package does not fit a context', async () => {
    const bench = new Bench({ client: () => goOn })
    const other = new Bench({ name: 'Other' })
    bench.table.addSecurityPackage(other.fake.package)
    const { credential } = await bench.table.acquireCredentialsHandle({ package: 'Other', credentialUse: 2 })
    const { context } = await bench.initiate()
    const call = { credential, context, contextReq: 0, output: room() }
    await assert.rejects(bench.table.initializeSecurityContext(call), { code: 'SEC_E_WRONG_CREDENTIAL_HANDLE' })
    assert.equal((await bench.initiate({ context })).status, SEC_I_CONTINUE_NEEDED)
  })

  test('disposal ends a handle, once or often', async () => {
    const session = new FakeSession()
    const bench = new Bench({ client: () => finished(session) })
    const { context } = await bench.initiate()
    context[Symbol.dispose]()
    context[Symbol.dispose]()
    assert.equal(session.disposals, 1)
    assert.throws(
      () => {
        bench.table.deleteSecurityContext(context)
      },
      { code: 'SEC_E_INVALID_HANDLE' },
    )
    const credential = await bench.credential()
    credential[Symbol.dispose]()
    credential[Symbol.dispose]()
    assert.equal(bench.fake.credentials[0]!.disposals, 1)
  })
})

suite('events', () => {
  test('what is established and what is refused is told, once', async () => {
    const events: AuthenticationEvent[] = []
    const bench = new Bench(
      {
        server: () => {
          throw new SspiError('SEC_E_LOGON_DENIED', 'no')
        },
      },
      { onEvent: (event) => events.push(event) },
    )
    await bench.initiate()
    await assert.rejects(bench.accept({ input: tokenIn(HELLO) }))
    assert.deepEqual(
      events.map((event) => [event.kind, 'side' in event && event.side]),
      [
        ['context-established', 'initiator'],
        ['context-refused', 'acceptor'],
      ],
    )
  })
})
