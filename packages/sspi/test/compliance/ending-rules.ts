import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
// By the file: the observer is for tests and not behind the room's door.
import { observeSecrets } from '../../src/crypto/secret-bytes.js'
import {
  SECBUFFER_DATA,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_ACCESS_TOKEN,
  SECPKG_ATTR_FLAGS,
  SECPKG_ATTR_KEY_INFO,
  SECPKG_ATTR_NAMES,
  SECPKG_ATTR_PACKAGE_INFO,
  SECPKG_ATTR_SIZES,
  SECPKG_ATTR_STREAM_SIZES,
  SECPKG_CRED_OUTBOUND,
  SecBuffer,
  SecBufferDesc,
  SspiError,
  type AuthenticationEvent,
  type Driver,
} from '../../src/sspi/index.js'
import { bytesOf, establish, meet, shakeHands, type Pair, type Party } from './pair.js'
import type { PackageSetup } from './setup.js'

const EXPORT_KEY = new Uint8Array(32).fill(0x4b)
const TEXT = bytesOf('the quick brown fox')

/** What a context says of itself, how it moves, how it ends. */
export function endingRules(setup: PackageSetup): void {
  const { records = false } = setup.supports
  test('attributes tell who is there and what protects the messages', async () => {
    const { client, server } = await establish(setup)
    for (const { table, ctx, step } of [client, server]) {
      const sizes = table.queryContextAttributes(ctx, SECPKG_ATTR_SIZES)
      for (const size of [sizes.maxToken, sizes.maxSignature, sizes.blockSize, sizes.securityTrailer]) {
        assert.ok(Number.isInteger(size) && size >= 0)
      }
      assert.ok(sizes.maxSignature > 0 !== records && sizes.securityTrailer > 0 && sizes.maxToken > 0)
      assert.equal(table.queryContextAttributes(ctx, SECPKG_ATTR_PACKAGE_INFO).name, setup.mechanism ?? setup.name)
      assert.equal(table.queryContextAttributes(ctx, SECPKG_ATTR_FLAGS).flags, step?.contextAttr)
      assert.ok(table.queryContextAttributes(ctx, SECPKG_ATTR_KEY_INFO).keySize >= (setup.keyBits ?? 128))
      if (sizes.tokenLast === true || records) continue
      // Messages are no records. A peer of SASL has said how long they may be, so that there is an answer there.
      assert.throws(() => table.queryContextAttributes(ctx, SECPKG_ATTR_STREAM_SIZES), {
        code: 'SEC_E_UNSUPPORTED_FUNCTION',
      })
    }
    assert.equal(server.table.queryContextAttributes(server.ctx, SECPKG_ATTR_NAMES).userName, setup.clientName)
    const token = server.table.queryContextAttributes(server.ctx, SECPKG_ATTR_ACCESS_TOKEN)
    assert.equal(token.user.source, 'verified')
    const again = server.table.queryContextAttributes(server.ctx, SECPKG_ATTR_ACCESS_TOKEN)
    assert.equal(again.authenticationId, token.authenticationId)
  })

  test('impersonateSecurityContext: the client can be impersonated while a function runs, and lends no credentials that it has not delegated', async () => {
    const { client, server } = await establish(setup)
    const { table, ctx } = server
    const request = { package: setup.name, credentialUse: SECPKG_CRED_OUTBOUND }
    const { authenticationId } = table.querySecurityContextToken(ctx)
    await table.impersonateSecurityContext(ctx, async () => {
      assert.equal(table.currentAccessToken()?.authenticationId, authenticationId)
      await assert.rejects(table.acquireCredentialsHandle(request), { code: 'SEC_E_NO_CREDENTIALS' })
    })
    assert.equal(table.currentAccessToken(), undefined)
    assert.throws(() => client.table.impersonateSecurityContext(client.ctx, () => assert.fail('it ran')), {
      code: 'SEC_E_NO_IMPERSONATION',
    })
  })

  test('SECPKG_ATTR_SESSION_KEY: both sides hold the same, and a copy given out is the caller’s', async () => {
    const { client, server } = await establish(setup)
    const key = client.sharedKey()
    assert.deepEqual(server.sharedKey(), key)
    assert.ok(key.length >= 16 && key.some((byte) => byte !== 0))
    const kept = key.slice()
    key.fill(0)
    assert.deepEqual(client.sharedKey(), kept)
    server.accepts(TEXT, client.proofOf(TEXT))
    const other = await establish(setup)
    assert.notDeepEqual(other.client.sharedKey(), kept)
  })

  test('deleteSecurityContext: a deleted context answers nothing any more', async () => {
    const { client, server } = await establish(setup)
    const { table, ctx } = client
    table.deleteSecurityContext(ctx)
    const message = new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, TEXT.slice()), new SecBuffer(SECBUFFER_TOKEN, 64)])
    const gone = { code: 'SEC_E_INVALID_HANDLE' }
    assert.throws(() => table.deleteSecurityContext(ctx), gone)
    assert.throws(() => table.makeSignature(ctx, 0, message), gone)
    assert.throws(() => table.verifySignature(ctx, message), gone)
    assert.throws(() => table.encryptMessage(ctx, 0, message), gone)
    assert.throws(() => table.decryptMessage(ctx, message), gone)
    assert.throws(() => table.queryContextAttributes(ctx, SECPKG_ATTR_SIZES), gone)
    assert.throws(() => table.exportSecurityContext(ctx, { key: EXPORT_KEY }), gone)
    await assert.rejects(client.advance(undefined), gone)
    ctx[Symbol.dispose]() // harmless, as it is ended already
    // Its credential is not ended by that.
    client.context = undefined
    await client.advance(undefined)
    client.end()
    server.ctx[Symbol.dispose]()
    assert.throws(() => server.proofOf(TEXT), gone)
  })

  if (setup.supports.export) {
    test('exportSecurityContext, importSecurityContext: the context goes on elsewhere, in the middle of the conversation', async () => {
      let pair = await establish(setup)
      for (const which of ['client', 'server'] as const) {
        converse(pair)
        const moved = pair[which]
        const before = moved.table.queryContextAttributes(moved.ctx, SECPKG_ATTR_FLAGS)
        const token = which === 'server' ? moved.table.querySecurityContextToken(moved.ctx) : undefined
        const inFlight = other(pair, which).sealed(TEXT)
        const blob = moved.table.exportSecurityContext(moved.ctx, { key: EXPORT_KEY })
        assert.throws(() => moved.proofOf(TEXT), { code: 'SEC_E_INVALID_HANDLE' })
        const elsewhere = setup.tables().server
        const request = { package: setup.name, blob, key: EXPORT_KEY }
        await assert.rejects(elsewhere.importSecurityContext({ ...request, key: new Uint8Array(32) }), {
          code: 'SEC_E_MESSAGE_ALTERED',
        })
        const { context } = await elsewhere.importSecurityContext(request)
        await assert.rejects(elsewhere.importSecurityContext(request), { code: 'SEC_E_INVALID_TOKEN' })
        const arrived = moved.another()
        Object.assign(arrived, { table: elsewhere, context })
        pair = { ...pair, [which]: arrived }
        assert.deepEqual(arrived.opened(inFlight), TEXT)
        assert.deepEqual(elsewhere.queryContextAttributes(context, SECPKG_ATTR_FLAGS), before)
        const name = elsewhere.queryContextAttributes(context, SECPKG_ATTR_PACKAGE_INFO).name
        assert.equal(name, setup.mechanism ?? setup.name)
        if (which === 'server') {
          assert.equal(elsewhere.queryContextAttributes(context, SECPKG_ATTR_NAMES).userName, setup.clientName)
          assert.deepEqual(elsewhere.querySecurityContextToken(context), token)
        }
        converse(pair)
      }
    })

    test('an export that fails leaves the context as it was', async () => {
      const pair = await establish(setup)
      const { table, ctx } = pair.client
      assert.throws(() => table.exportSecurityContext(ctx, { key: new Uint8Array(31) }), TypeError)
      assert.throws(() => table.exportSecurityContext(ctx, { key: EXPORT_KEY, lifetimeSeconds: NaN }), TypeError)
      converse(pair)
    })
  } else {
    test('an export is refused and harms nothing', async () => {
      const pair = await establish(setup)
      assert.throws(() => pair.client.table.exportSecurityContext(pair.client.ctx, { key: EXPORT_KEY }), {
        code: 'SEC_E_UNSUPPORTED_FUNCTION',
      })
      converse(pair)
    })
  }

  test('neither events nor errors nor handles hold a secret', async () => {
    const seen: unknown[] = []
    const onEvent = (event: AuthenticationEvent): void => void seen.push(event)
    const pair = await establish(setup, { onEvent })
    const { client, server } = pair
    const sessionKey = client.sharedKey()
    const sealed = client.sealed(TEXT)
    sealed.data[0]! ^= 1
    for (const mistake of [() => server.opened(sealed), () => server.check(TEXT, sealed.token)]) {
      assert.throws(mistake, (error) => seen.push(error) > 0)
    }
    const denied = shakeHands(await meet(setup, { onEvent, clientCredential: setup.wrongCredential }))
    await assert.rejects(denied, (error) => seen.push(error) > 0)
    seen.push(client.ctx, client.credential, client.table, client.step)
    assert.ok(seen.length > 6, 'both sides and the refusal are told')
    const shown = inspect(seen, { depth: 12, showHidden: true }) + JSON.stringify(seen)
    const hex = Buffer.from(sessionKey).toString('hex')
    for (const secret of [setup.secret, hex, Buffer.from(sessionKey).toString('base64'), [...sessionKey].join(', ')]) {
      assert.ok(!shown.includes(secret), `${secret} in ${shown}`)
    }
    assert.ok(!shown.includes(new TextDecoder().decode(TEXT)), 'plaintext')
  })

  test('a question that finds no answer ends the exchange, whichever it is, and leaves nothing secret', async () => {
    // Asked by either side, in the order in which they come.
    let asked = 0
    const losing = (lost: number) => (driver: Driver) => ({
      answer: (...[ask, signal]: Parameters<Driver['answer']>) => {
        if (asked++ === lost) throw new SspiError('SEC_E_NO_AUTHENTICATING_AUTHORITY', 'nobody knows')
        return driver.answer(ask, signal)
      },
    })
    const whole = await establish(setup, { around: losing(Infinity) })
    whole.client.end()
    whole.server.end()
    const questions = asked
    for (let lost = 0; lost < questions; lost++) {
      asked = 0
      await nothingLeft(
        `question ${lost}`,
        async () => {
          const pair = await meet(setup, { around: losing(lost) })
          const refused = { name: 'SspiError', code: 'SEC_E_NO_AUTHENTICATING_AUTHORITY', message: /nobody knows/ }
          await assert.rejects(shakeHands(pair), refused, `question ${lost}`)
          assert.equal(asked, lost + 1, 'nothing is asked behind it')
          pair.client.end()
          pair.server.end()
        },
        setup.supports.records !== true,
      )
    }
  })

  test('secrets are zero after the disposal of those who own them', async () => {
    await nothingLeft('a whole session', async () => {
      const pair = await establish(setup)
      converse(pair)
      pair.client.end()
      pair.server.end()
    })
    await nothingLeft('an exchange that was given up', async () => {
      const { client, server } = await meet(setup)
      await server.advance(await client.advance(undefined))
      client.end()
      server.end()
    })
    await nothingLeft('a refused client', async () => {
      const pair = await meet(setup, { clientCredential: setup.wrongCredential })
      await assert.rejects(shakeHands(pair))
      pair.client.end()
      pair.server.end()
    })
    await nothingLeft('an outcome that was never handed over', async () => {
      const { client, server } = await meet(setup)
      const token = await client.advance(undefined)
      await assert.rejects(server.call(token, new SecBuffer(SECBUFFER_TOKEN, 0)))
      client.end()
      server.end()
    })
    await nothingLeft('refused messages', async () => {
      const pair = await establish(setup)
      const sealed = pair.client.sealed(TEXT)
      sealed.data[0]! ^= 1
      assert.throws(() => pair.server.opened(sealed))
      assert.throws(() => pair.server.check(TEXT, sealed.token))
      pair.client.end()
      pair.server.end()
    })
    if (!setup.supports.export) return
    await nothingLeft('a context that moved', async () => {
      const { client, server } = await establish(setup)
      const blob = client.table.exportSecurityContext(client.ctx, { key: EXPORT_KEY })
      const elsewhere = setup.tables().client
      const { context } = await elsewhere.importSecurityContext({ package: setup.name, blob, key: EXPORT_KEY })
      elsewhere.deleteSecurityContext(context)
      client.context = undefined
      client.end()
      server.end()
    })
  })
}

/** Both sides say something, signed and sealed. */
function converse({ client, server }: Pair): void {
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    to.accepts(TEXT, from.proofOf(TEXT))
  }
}

function other(pair: Pair, which: 'client' | 'server'): Party {
  return which === 'client' ? pair.server : pair.client
}

/** Runs something and looks at every array for secrets that was made meanwhile. @param someMade - Whether there must be any. */
async function nothingLeft(what: string, run: () => Promise<void>, someMade = true): Promise<void> {
  const made: { readonly bytes: Uint8Array; readonly stack: string | undefined }[] = []
  const stop = observeSecrets((bytes) => made.push({ bytes, stack: new Error('made here').stack }))
  try {
    await run()
  } finally {
    stop()
  }
  assert.ok(made.length > 0 || !someMade, `${what}: no secret was made, so this shows nothing`)
  for (const { bytes, stack } of made) {
    assert.ok(
      bytes.every((byte) => byte === 0),
      `${what}: ${bytes.length} bytes are left of a secret, ${stack ?? ''}`,
    )
  }
}
