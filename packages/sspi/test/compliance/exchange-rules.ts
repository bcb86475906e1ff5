import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ASC_RET_INTEGRITY,
  ISC_RET_CONFIDENTIALITY,
  ISC_RET_INTEGRITY,
  ISC_RET_MUTUAL_AUTH,
  ISC_RET_REPLAY_DETECT,
  ISC_RET_SEQUENCE_DETECT,
  SEC_E_OK,
  SEC_I_CONTINUE_NEEDED,
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_SIZES,
  SecBuffer,
  SecBufferDesc,
  SspiError,
} from '../../src/sspi/index.js'
import { assertEnds, bytesOf, establish, goOn, meet, shakeHands, tokenLengths } from './pair.js'
import { bindingsOf, type PackageSetup } from './setup.js'

/** How contexts come to stand, and how they do not. */
export function exchangeRules(setup: PackageSetup): void {
  const { supports } = setup
  const stride = supports.byteStride ?? 1
  const tooShort = { code: setup.shortBufferStatus ?? 'SEC_E_BUFFER_TOO_SMALL' }

  test('initializeSecurityContext, acceptSecurityContext: both sides establish, with the protection that was asked for', async () => {
    const pair = await meet(setup)
    const tokens = await shakeHands(pair)
    const { maxToken } = pair.client.table.querySecurityPackageInfo(setup.name)
    for (const token of tokens) assert.ok(token.length <= maxToken, `${token.length} bytes, ${maxToken} were announced`)
    for (const { step } of [pair.client, pair.server]) {
      assert.equal(step?.status, SEC_E_OK)
      assert.ok(step.contextAttr & ISC_RET_CONFIDENTIALITY, 'confidentiality')
      assert.ok(step.contextAttr & ISC_RET_REPLAY_DETECT, 'replay detection')
      assert.ok(step.contextAttr & ISC_RET_SEQUENCE_DETECT, 'sequence detection')
      assert.equal((step.contextAttr & ISC_RET_MUTUAL_AUTH) !== 0, supports.mutual, 'mutual authentication')
      assert.ok(step.expiry.getTime() > 0)
    }
    assert.ok(pair.client.step!.contextAttr & ISC_RET_INTEGRITY, 'integrity')
    assert.ok(pair.server.step!.contextAttr & ASC_RET_INTEGRITY, 'integrity')
    pair.client.end()
    pair.server.end()
  })

  test('every step but the last asks to go on, and hands over the same context', async () => {
    const { client, server } = await meet(setup)
    const token = await client.advance(undefined)
    assert.equal(client.step?.status, SEC_I_CONTINUE_NEEDED)
    const context = client.context
    await client.advance(await server.advance(token))
    assert.equal(client.context, context)
  })

  test('one pair of credentials serves many exchanges at the same time', async () => {
    const first = await meet(setup)
    const others = [0, 1, 2].map(() => ({ client: first.client.another(), server: first.server.another() }))
    const pairs = [first, ...others]
    await Promise.all(pairs.map((pair) => shakeHands(pair)))
    for (const { client, server } of pairs) server.accepts(bytesOf('hello'), client.proofOf(bytesOf('hello')))
    // Keys differ: what one context signed, another does not take.
    assert.throws(() => {
      pairs[1]!.server.accepts(bytesOf('again'), pairs[2]!.client.proofOf(bytesOf('again')))
    }, SspiError)
  })

  test('freeCredentialsHandle: a credential may be freed while an exchange with it is under way', async () => {
    const { client, server } = await meet(setup)
    const token = await client.advance(undefined)
    client.table.freeCredentialsHandle(client.credential!)
    const reply = await server.advance(token)
    server.table.freeCredentialsHandle(server.credential!)
    await goOn({ client, server }, await client.advance(reply))
    server.accepts(bytesOf('hello'), client.proofOf(bytesOf('hello')))
  })

  test('a wrong secret is refused, and the exchange is over then', async () => {
    const pair = await meet(setup, { clientCredential: setup.wrongCredential })
    await assert.rejects(shakeHands(pair), { code: 'SEC_E_LOGON_DENIED' })
    assert.ok(!(pair.client.done && pair.server.done))
    const { server } = pair
    if (server.context !== undefined && !server.done) {
      assert.throws(() => server.table.makeSignature(server.ctx, 0, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    }
  })

  test('after a failure the context answers only its end', async () => {
    const { client, server } = await meet(setup)
    const reply = await server.advance(await client.advance(undefined))
    await assert.rejects(client.advance(bytesOf('this is no token of any package')), SspiError)
    await assert.rejects(client.advance(reply), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    assert.throws(() => client.table.makeSignature(client.ctx, 0, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => client.table.queryContextAttributes(client.ctx, SECPKG_ATTR_SIZES), SspiError)
    client.table.deleteSecurityContext(client.ctx)
    await assert.rejects(client.advance(reply), { code: 'SEC_E_INVALID_HANDLE' })
  })

  test('a token that the same side has sent is refused', async () => {
    const { client, server } = await meet(setup)
    const token = await client.advance(undefined)
    await assert.rejects(client.advance(token), SspiError)
    const reply = await server.advance(token)
    await assert.rejects(server.advance(reply), SspiError)
  })

  test('every token cut short, at every length, is refused or asks for more', async () => {
    const count = (await shakeHands(await meet(setup))).length
    for (let cut = 0; cut < count; cut++) {
      // The receiver is brought to where it expects the token; cheap enough to begin anew for each length.
      for (let length = 1, whole = 2; length < whole; length += stride) {
        const pair = await meet(setup)
        const hands = shakeHands(pair, (token, number) => {
          if (number !== cut) return token
          whole = token.length
          // Signatures of ECDSA differ in length: this token may be shorter than the last one.
          return token.subarray(0, Math.min(length, whole - 1))
        })
        await assert.rejects(hands, isFailure, `token ${cut}, ${length} bytes`)
      }
    }
  })

  test('a change to any byte of any token leads to nothing but SspiError', async () => {
    const sizes = (await shakeHands(await meet(setup))).map((token) => token.length)
    for (const [which, size] of sizes.entries()) {
      for (let at = 0; at < size; at += stride) {
        const pair = await meet(setup)
        const mask = 1 << (at % 8)
        const spoil = (token: Uint8Array, number: number): Uint8Array => {
          // A token may be shorter than the one measured: then it is its last byte that changes.
          if (number === which) token[Math.min(at, token.length - 1)]! ^= mask // no token is empty
          return token
        }
        try {
          await shakeHands(pair, spoil)
        } catch (error) {
          assert.ok(isFailure(error), `token ${which}, byte ${at}: ${String(error)}`)
          continue
        }
        assert.ok(!supports.wholeExchangeProtected, `token ${which}, byte ${at} was changed and nobody noticed`)
        // What nobody needs may change, but then both sides hold the same keys and have agreed on the same.
        pair.server.accepts(bytesOf('hello'), pair.client.proofOf(bytesOf('hello')))
      }
    }
  })

  test('a second call while one is under way is refused and harms nothing', async () => {
    const pair = await meet(setup)
    const { client, server } = pair
    // The server's first call has made no context yet that another could name: later ones have.
    const reply = await server.advance(await client.advance(undefined))
    const running = client.advance(reply)
    await assert.rejects(client.call(reply, new SecBuffer(SECBUFFER_TOKEN)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    let next = await running
    for (let turn = 0; next !== undefined || !server.done; turn += 2) {
      assertEnds(turn)
      const again = server.advance(next)
      await assert.rejects(server.call(next, new SecBuffer(SECBUFFER_TOKEN)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
      next = await again
      if (next !== undefined) next = await client.advance(next)
    }
    server.accepts(bytesOf('hello'), client.proofOf(bytesOf('hello')))
  })

  test('a short output buffer is answered with an error, and the same call with a larger one goes on', async () => {
    const pair = await meet(setup)
    const lengths = await tokenLengths(await meet(setup))
    const { client, server } = pair
    let token: Uint8Array | undefined
    for (let turn = 0; !(client.done && server.done); turn++) {
      assertEnds(turn)
      const party = turn % 2 === 0 ? client : server
      const needed = lengths[turn]
      if (needed !== undefined) {
        for (const room of [0, needed - 8]) {
          const short = new SecBuffer(SECBUFFER_TOKEN, room)
          await assert.rejects(party.call(token?.slice(), short), tooShort, `turn ${turn}, room ${room}`)
        }
        const none = new SecBuffer(SECBUFFER_DATA, 4096)
        await assert.rejects(party.call(token?.slice(), none), tooShort, 'no token buffer')
        if (party.context !== undefined) {
          // Another token is not the same call.
          const other = new SecBuffer(SECBUFFER_TOKEN)
          await assert.rejects(party.call(bytesOf('another'), other), { code: 'SEC_E_OUT_OF_SEQUENCE' })
        }
      }
      const room = needed === undefined ? 0 : needed + 8
      const output = new SecBuffer(SECBUFFER_TOKEN, new Uint8Array(room + 4).fill(0x55))
      output.cbBuffer = room
      const memory = output.pvBuffer
      token = await party.advance(token, output)
      assert.equal(output.pvBuffer, memory, 'filled in place')
    }
    server.accepts(bytesOf('hello'), client.proofOf(bytesOf('hello')))
  })

  test('calls out of order are refused and harm nothing', async () => {
    const pair = await meet(setup)
    const { client, server } = pair
    const token = await client.advance(undefined)
    const { table } = client
    const output = (): SecBufferDesc => new SecBufferDesc([new SecBuffer(SECBUFFER_TOKEN)])
    assert.throws(() => table.makeSignature(client.ctx, 0, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => table.encryptMessage(client.ctx, 0, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => table.verifySignature(client.ctx, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => table.decryptMessage(client.ctx, someMessage()), { code: 'SEC_E_INVALID_HANDLE' })
    assert.throws(() => table.exportSecurityContext(client.ctx, { key: new Uint8Array(32) }), {
      code: 'SEC_E_INVALID_HANDLE',
    })
    await assert.rejects(table.completeAuthToken(client.ctx, output()), { code: 'SEC_E_UNSUPPORTED_FUNCTION' })
    const wrongSide = { context: client.ctx, contextReq: 0, output: output() }
    await assert.rejects(table.acceptSecurityContext(wrongSide), { code: 'SEC_E_INVALID_HANDLE' })
    await assert.rejects(server.table.initializeSecurityContext(wrongSide), { code: 'SEC_E_INVALID_HANDLE' })

    await goOn(pair, await client.advance(await server.advance(token)))
    for (const party of [client, server]) {
      await assert.rejects(party.call(token, new SecBuffer(SECBUFFER_TOKEN)), { code: 'SEC_E_OUT_OF_SEQUENCE' })
    }
    server.accepts(bytesOf('hello'), client.proofOf(bytesOf('hello')))
  })

  if (supports.channelBindings) {
    test('channel bindings that differ are refused, equal ones and a client without are not', async () => {
      const clientBindings = bindingsOf('one channel')
      await establish(setup, { clientBindings, serverBindings: clientBindings })
      await establish(setup, { serverBindings: clientBindings })
      await establish(setup, { clientBindings })
      await assert.rejects(establish(setup, { clientBindings, serverBindings: bindingsOf('another') }), {
        code: 'SEC_E_BAD_BINDINGS',
      })
    })
  }
}

function someMessage(): SecBufferDesc {
  return new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, bytesOf('hello')), new SecBuffer(SECBUFFER_TOKEN, 64)])
}

/** A refusal; or the loop of the tests gave up, as one side waits for more than came. */
function isFailure(error: unknown): boolean {
  return error instanceof assert.AssertionError || error instanceof SspiError
}
