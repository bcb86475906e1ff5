import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { bindPublicKey, checkPublicKey, type Binding } from '../../src/credssp/public-key-binding.js'
import { readVectors } from '../vectors.js'

interface Input {
  readonly version: number
  readonly nonce?: string
  readonly subjectPublicKey: string
}
type Expected =
  | { readonly clientToServer: string; readonly serverToClient: string }
  | { readonly client: string; readonly server: string }

function bindingOf({ version, nonce, subjectPublicKey }: Input): Binding {
  return {
    version,
    clientNonce: nonce === undefined ? undefined : fromHex(nonce),
    publicKey: fromHex(subjectPublicKey),
  }
}

for (const { name, input, expected } of readVectors<Input, Expected>('credssp/public-key-hash.json').cases) {
  test(`${name}: both directions are as published`, () => {
    const binding = bindingOf(input)
    const [client, server] =
      'client' in expected ? [expected.client, expected.server] : [expected.clientToServer, expected.serverToClient]
    assert.equal(toHex(bindPublicKey('client-to-server', binding)), client)
    assert.equal(toHex(bindPublicKey('server-to-client', binding)), server)
    checkPublicKey('client-to-server', binding, fromHex(client))
    checkPublicKey('server-to-client', binding, fromHex(server))
    // Neither direction passes for the other: a client's message cannot be thrown back at it.
    assert.throws(() => checkPublicKey('server-to-client', binding, fromHex(client)), { code: 'SEC_E_MESSAGE_ALTERED' })
  })
}

test('before version 5 a first byte of ff is carried into the next one', () => {
  const binding = { version: 4, clientNonce: undefined, publicKey: Uint8Array.of(0xff, 0xff, 0x01) }
  assert.deepEqual(bindPublicKey('server-to-client', binding), Uint8Array.of(0, 0, 2))
})

test('from version 5 on a client without nonce is refused', () => {
  const binding = { version: 5, clientNonce: undefined, publicKey: new Uint8Array(16) }
  assert.throws(() => bindPublicKey('client-to-server', binding), { code: 'SEC_E_INVALID_TOKEN' })
})

test('the hash of another key is refused, as is one that is cut short', () => {
  const clientNonce = new Uint8Array(32).fill(7)
  const seen = { version: 6, clientNonce, publicKey: new Uint8Array(64).fill(1) }
  const other = { ...seen, publicKey: new Uint8Array(64).fill(2) }
  const hash = bindPublicKey('client-to-server', other)
  assert.throws(() => checkPublicKey('client-to-server', seen, hash), { code: 'SEC_E_MESSAGE_ALTERED' })
  const right = bindPublicKey('client-to-server', seen)
  assert.throws(() => checkPublicKey('client-to-server', seen, right.subarray(0, 31)), {
    code: 'SEC_E_MESSAGE_ALTERED',
  })
})
