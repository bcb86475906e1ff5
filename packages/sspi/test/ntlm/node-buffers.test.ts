import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cbc } from '../../src/crypto/index.js'
import { NegotiateFlag, ntowfv1, readAuthenticate, readChallenge, withoutMic } from '../../src/ntlm/index.js'
import { ISC_REQ_CONFIDENTIALITY, SECPKG_ATTR_SESSION_KEY } from '../../src/sspi/index.js'
import {
  acceptor,
  ALICE,
  ALICES_ACCOUNT,
  bytesOf,
  establish,
  give,
  initiator,
  sessionOf,
  sessionWith,
  sign,
  tokenOf,
  verify,
} from './both-sides.js'

// What comes from Node's sockets and files is a Buffer, whose slice() is a view: what is to be a copy must be one.

test('zeroing the MIC leaves the message as it came', () => {
  const message = Buffer.from(establish().tokens[2]!)
  const before = Buffer.from(message)
  const bare = withoutMic(message, readAuthenticate(message))
  assert.deepEqual(message, before)
  assert.notDeepEqual(Buffer.from(bare), before)
})

test('an exchange over Buffers changes none of them', () => {
  const client = initiator({ initiateReq: ISC_REQ_CONFIDENTIALITY })
  const server = acceptor()
  const wire: Buffer[] = []
  const carry = (token: Uint8Array): Buffer => {
    wire.push(Buffer.from(token))
    return Buffer.from(token)
  }
  const negotiate = carry(tokenOf(give(client, undefined)))
  const challenge = carry(tokenOf(give(server, negotiate)))
  const done = give(client, challenge)
  const authenticate = carry(tokenOf(done))
  const accepted = give(server, authenticate, ALICES_ACCOUNT)
  assert.deepEqual([negotiate, challenge, authenticate], wire)
  assert.deepEqual(sessionOf(accepted).query(SECPKG_ATTR_SESSION_KEY), sessionOf(done).query(SECPKG_ATTR_SESSION_KEY))
})

test('what is asked of a session is no view of what it works with', () => {
  const { client, server } = establish({ initiateReq: ISC_REQ_CONFIDENTIALITY })
  client.query(SECPKG_ATTR_SESSION_KEY)?.sessionKey.fill(0)
  server.query(SECPKG_ATTR_SESSION_KEY)?.sessionKey.fill(0)
  verify(server, bytesOf('hello'), sign(client, bytesOf('hello')))
})

test('options and secrets that are Buffers are copied: the caller may wipe its own', () => {
  const machineId = Buffer.alloc(32, 0x42)
  const ntHash = Buffer.from(ntowfv1(ALICE.password))
  const { user, domain } = ALICE
  const client = initiator({
    client: { machineId },
    credential: { kind: 'nt-hash', user, domain, packageList: undefined, ntHash },
  })
  machineId.fill(0)
  ntHash.fill(0)
  const server = acceptor()
  const challenge = tokenOf(give(server, tokenOf(give(client, undefined))))
  assert.equal(readChallenge(challenge).targetName, 'CONTOSO')
  const authenticate = tokenOf(give(client, challenge))
  sessionOf(give(server, authenticate, ALICES_ACCOUNT))
  assert.ok(Buffer.from(authenticate).includes(Buffer.alloc(32, 0x42)))
})

test('a signature of the old form is checked without being changed', () => {
  const flags = NegotiateFlag.NEGOTIATE_SIGN | NegotiateFlag.NEGOTIATE_SEAL
  const signature = Buffer.from(sign(sessionWith(flags), bytesOf('hello')))
  const before = Buffer.from(signature)
  verify(sessionWith(flags), bytesOf('hello'), signature)
  assert.deepEqual(signature, before)
})

test('CBC in place goes on after a Buffer as after any other array', () => {
  const key = new Uint8Array(16).fill(7)
  const ciphertext = new Cbc('aes128', key).encrypt(new Uint8Array(64).fill(1))
  const whole = new Cbc('aes128', key).decrypt(new Uint8Array(ciphertext))
  const inPieces = Buffer.from(ciphertext)
  const cbc = new Cbc('aes128', key)
  for (let at = 0; at < inPieces.length; at += 32) {
    const iv = at === 0 ? undefined : ciphertext.subarray(at - 16, at)
    cbc.decrypt(inPieces.subarray(at, at + 32), undefined, iv)
  }
  assert.deepEqual(new Uint8Array(inPieces), whole)
})
