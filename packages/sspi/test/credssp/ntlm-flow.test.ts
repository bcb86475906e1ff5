import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/index.js'
import { readTsCredentials, readTsRequest, writeTsCredentials, CredType } from '../../src/credssp/index.js'
import { ExtendedStream } from '../../src/ntlm/message-streams.js'
import { NegotiateFlag, readAuthenticate, sealKey, signKey, type Sender } from '../../src/ntlm/index.js'
import { readVectors } from '../vectors.js'

interface Input {
  readonly tsRequests: readonly string[]
  readonly clientNonce: string
}
interface Expected {
  readonly exportedSessionKey: string
  readonly mic: string
  readonly clientPubKeyHash: string
  readonly serverPubKeyHash: string
  readonly tsCredentials: string
  readonly decodedCredentials: {
    readonly passwordCreds: { readonly domainName: string; readonly userName: string; readonly password: string }
  }
}

const SIGNATURE = 16

for (const { name, input, expected } of readVectors<Input, Expected>('credssp/ntlm-flow.json').cases) {
  const requests = input.tsRequests.map((hex) => readTsRequest(fromHex(hex)))
  const [, , authenticate, answer, last] = requests
  assert.ok(authenticate && answer && last)
  const message = readAuthenticate(authenticate.negoTokens[0]!) // the third message has one, which is checked below

  /** What one side has sealed, MS-NLMP 3.4.3: signature and ciphertext, opened one after the other. */
  const opener = (sender: Sender): ((sealed: Uint8Array | undefined) => string) => {
    const key = fromHex(expected.exportedSessionKey)
    const { flags } = message
    const [sign, seal] = [signKey(flags, key, sender), sealKey(flags, key, sender)]
    assert.ok(sign, 'no extended session security')
    const exchange = (flags & NegotiateFlag.NEGOTIATE_KEY_EXCH) !== 0
    const stream = new ExtendedStream({ sign, seal }, exchange, { sequence: 0, rc4State: undefined })
    return (sealed) => {
      assert.ok(sealed)
      const data = sealed.slice(SIGNATURE)
      stream.unprotect({ signed: [data], sealed: [data] }, sealed.subarray(0, SIGNATURE))
      return toHex(data)
    }
  }

  test(`${name}: version, nonce and tokens of each message`, () => {
    assert.deepEqual(
      requests.map(({ version, negoTokens }) => [version, negoTokens.length]),
      [
        [6, 1],
        [6, 1],
        [6, 1],
        [6, 0],
        [6, 0],
      ],
    )
    for (const { clientNonce } of requests) assert.equal(toHex(clientNonce ?? new Uint8Array(0)), input.clientNonce)
    assert.equal(toHex(message.mic ?? new Uint8Array(0)), expected.mic)
  })

  test(`${name}: the sealed fields open to the hashes and to the credentials`, () => {
    const client = opener('client')
    assert.equal(client(authenticate.pubKeyAuth), expected.clientPubKeyHash)
    assert.equal(opener('server')(answer.pubKeyAuth), expected.serverPubKeyHash)
    const opened = client(last.authInfo)
    assert.equal(opened, expected.tsCredentials)
    const credentials = expected.decodedCredentials.passwordCreds
    assert.deepEqual(readTsCredentials(fromHex(opened)), { credType: CredType.PASSWORD, credentials })
    assert.equal(toHex(writeTsCredentials({ credType: CredType.PASSWORD, credentials })), opened)
  })
}
