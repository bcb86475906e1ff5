import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SECBUFFER_TOKEN,
  SECPKG_ATTR_STREAM_SIZES,
  SecBuffer,
  SecBufferDesc,
} from '../../src/sspi/index.js'
import { bytesOf, establish, holdsNothingOf, refused, type Pair, type Party, type Sealed } from './pair.js'
import type { PackageSetup } from './setup.js'

const TEXT = bytesOf('Attack at dawn, or a little later.')

/** How records are protected, and how they are refused: of packages whose messages are a stream of them. */
export function recordRules(setup: PackageSetup): void {
  test('records go both ways, of every length up to the longest, empty ones too', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const { maximumMessage } = from.table.queryContextAttributes(from.ctx, SECPKG_ATTR_STREAM_SIZES)
      for (const length of [0, 1, 15, 16, 17, 255, 4096, maximumMessage]) {
        const message = new Uint8Array(length).fill(length & 0xff)
        const sealed = from.sealed(message)
        if (length > 6) holdsNothingOf(message, sealed.data, `${length} bytes`)
        assert.deepEqual(to.opened(sealed), message)
      }
    }
  })

  test('a record that is changed, comes again, out of order or back is refused, shows nothing, and ends the session', async () => {
    const spoilt: readonly ((pair: Pair) => { readonly to: Party; readonly sealed: Sealed })[] = [
      ({ client, server }) => ({ to: server, sealed: changed(client.sealed(TEXT)) }),
      ({ client, server }) => {
        const sealed = client.sealed(TEXT)
        server.opened(sealed)
        return { to: server, sealed }
      },
      ({ client, server }) => {
        client.sealed(TEXT)
        return { to: server, sealed: client.sealed(TEXT) }
      },
      ({ client }) => ({ to: client, sealed: client.sealed(TEXT) }),
    ]
    for (const [index, spoil] of spoilt.entries()) {
      const { to, sealed } = spoil(await establish(setup))
      refused(() => to.opened(sealed), `case ${index}`)
      holdsNothingOf(TEXT, sealed.data, `case ${index}`)
      assert.throws(() => to.sealed(TEXT), { code: 'SEC_E_CONTEXT_EXPIRED' })
      assert.throws(() => to.opened(sealed), { code: 'SEC_E_CONTEXT_EXPIRED' })
    }
  })

  test('SECPKG_ATTR_STREAM_SIZES are what records need: one byte less does not do and harms nothing', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const { header, trailer } = from.table.queryContextAttributes(from.ctx, SECPKG_ATTR_STREAM_SIZES)
      for (const [head, tail] of [
        [header - 1, trailer],
        [header, trailer - 1],
      ] as const) {
        const data = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
        const first = new SecBuffer(SECBUFFER_STREAM_HEADER, head)
        const last = new SecBuffer(SECBUFFER_STREAM_TRAILER, tail)
        assert.throws(() => from.seal(first, data, last), { code: 'SEC_E_BUFFER_TOO_SMALL' })
        assert.deepEqual(data.bytes, TEXT)
      }
      assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    }
  })

  test('signatures, strange buffers and qualities are refused untouched', async () => {
    for (const [from, to] of bothWays(await establish(setup))) {
      const data = new SecBuffer(SECBUFFER_DATA, TEXT.slice())
      const message = new SecBufferDesc([data, new SecBuffer(SECBUFFER_TOKEN, 64)])
      const unsupported = { code: 'SEC_E_UNSUPPORTED_FUNCTION' }
      assert.throws(() => from.table.makeSignature(from.ctx, 0, message), unsupported)
      assert.throws(() => to.table.verifySignature(to.ctx, message), unsupported)
      for (const wrong of [[data], [data, new SecBuffer(0x7f, 4)], [new SecBuffer(SECBUFFER_EMPTY)], []]) {
        assert.throws(() => from.seal(...wrong), { code: 'SEC_E_INVALID_TOKEN' })
        assert.throws(() => to.unseal(...wrong), { code: 'SEC_E_INVALID_TOKEN' })
      }
      assert.throws(() => from.table.encryptMessage(from.ctx, 0x1234, message), { code: 'SEC_E_QOP_NOT_SUPPORTED' })
      assert.deepEqual(data.bytes, TEXT)
      assert.deepEqual(to.opened(from.sealed(TEXT)), TEXT)
    }
  })
}

function bothWays({ client, server }: Pair): readonly (readonly [Party, Party])[] {
  return [
    [client, server],
    [server, client],
  ]
}

function changed({ token, data }: Sealed): Sealed {
  const copy = data.slice()
  copy[copy.length - 1]! ^= 1 // a record is never empty
  return { token, data: copy }
}
