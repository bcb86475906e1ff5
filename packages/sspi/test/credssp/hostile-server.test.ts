import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TsRequest, TsRequestFields } from '../../src/credssp/index.js'
import { relay } from './middle.js'
import { ALLOWED } from './pair.js'

// A server that keeps to TLS and NTLM, and says in them what it likes: whatever it says, it gets no password.

/** Of an exchange with NTLM alone: the client's NEGOTIATE, CHALLENGE, AUTHENTICATE with the key, the server's key, the password. */
const CHALLENGE = 1
const KEY = 3

/** What a server says in place of one of its requests; `before` is what the client has said last. */
type Say = (right: TsRequest, before: TsRequest) => TsRequestFields

/** A server says something else, and the client refuses it by this code, having sent no password. */
async function refuses(at: number, say: Say, code: string, message = /./): Promise<void> {
  const seen: TsRequest[] = []
  const change = (request: TsRequest): TsRequestFields => {
    // What is read is a view that is wiped with the next message.
    const kept = structuredClone(request)
    seen.push(kept)
    return seen.length - 1 === at ? say(kept, seen[at - 1]!) : request // there is one before each of the server's
  }
  const credssp = { ...ALLOWED, innerPackage: 'NTLM' }
  await assert.rejects(relay({ client: { credssp } }, { certificate: 'server', change }), { code, message })
  assert.equal(seen.length, at + 1, 'the client has said nothing more')
  assert.ok(seen.every(({ authInfo }) => authInfo === undefined))
}

test('a server that comes down to an older version gets no answer', async () => {
  for (const version of [2, 3, 4, 5]) {
    await refuses(CHALLENGE, (right) => ({ ...right, version }), 'SEC_E_UNSUPPORTED_FUNCTION', /minimumVersion/)
    await refuses(KEY, (right) => ({ ...right, version }), 'SEC_E_UNSUPPORTED_FUNCTION')
  }
  await refuses(KEY, (right) => ({ ...right, version: 7 }), 'SEC_E_INVALID_TOKEN', /which was 6/)
})

test('a server that says by an NTSTATUS that it refuses is believed, at any time and beside anything else', async () => {
  for (const at of [CHALLENGE, KEY]) {
    const logonFailure = (right: TsRequest): TsRequestFields => ({ ...right, errorCode: 0xc000_006d })
    await refuses(at, logonFailure, 'SEC_E_LOGON_DENIED', /STATUS_LOGON_FAILURE/)
    await refuses(at, (right) => ({ ...right, errorCode: 0xc012_3456 }), 'SEC_E_LOGON_DENIED', /0xc0123456/)
  }
})

test('a server that leaves out what it owes, or says too much, is refused', async () => {
  const token = new Uint8Array(16)
  await refuses(CHALLENGE, ({ version }) => ({ version }), 'SEC_E_INVALID_TOKEN', /negoToken is missing/)
  await refuses(CHALLENGE, (right) => ({ ...right, negoTokens: [token, token] }), 'SEC_E_INVALID_TOKEN')
  await refuses(KEY, ({ version }) => ({ version }), 'SEC_E_INVALID_TOKEN', /pubKeyAuth is missing/)
  await refuses(KEY, (right) => ({ ...right, negoTokens: [token] }), 'SEC_E_INVALID_TOKEN', /Negotiate is done/)
})

test('a server that cannot seal does not get past the key: not by what the client has sealed, nor by anything else', async () => {
  await refuses(KEY, (right, { pubKeyAuth }) => ({ ...right, pubKeyAuth }), 'SEC_E_MESSAGE_ALTERED')
  const changed = ({ pubKeyAuth, ...right }: TsRequest): TsRequestFields => ({
    ...right,
    pubKeyAuth: pubKeyAuth?.map((byte, at) => (at === pubKeyAuth.length - 1 ? byte ^ 1 : byte)),
  })
  await refuses(KEY, changed, 'SEC_E_MESSAGE_ALTERED')
  for (const length of [0, 1, 15, 16]) {
    const short = (right: TsRequest): TsRequestFields => ({ ...right, pubKeyAuth: new Uint8Array(length) })
    await refuses(KEY, short, length < 16 ? 'SEC_E_INVALID_TOKEN' : 'SEC_E_MESSAGE_ALTERED')
  }
})
