import { encodeAscii } from '../bytes/index.js'
import { constantTimeEqual, sha256 } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import { FIRST_VERSION_WITH_NONCE } from './constants.js'

/** Which side speaks. */
export type Direction = 'client-to-server' | 'server-to-client'

/** What the two sides prove to each other that they see: the same public key of the TLS channel. */
export interface Binding {
  /** The version that both speak. */
  readonly version: number
  /** The client's nonce; versions from 5 on have one. */
  readonly clientNonce: Uint8Array | undefined
  /** The content of the certificate's SubjectPublicKey, without the count of unused bits. */
  readonly publicKey: Uint8Array
}

/** MS-CSSP 3.1.5 step 3 and 4; each with its terminating zero. */
const MAGIC = {
  'client-to-server': encodeAscii('CredSSP Client-To-Server Binding Hash\0'),
  'server-to-client': encodeAscii('CredSSP Server-To-Client Binding Hash\0'),
} as const

/**
 * What one side encrypts into `pubKeyAuth`, MS-CSSP 3.1.5 steps 3 and 4: from version 5 on a hash of the key with the client's
 * nonce, a different one for each direction; before, the key itself, which the server returns with one added to its first byte.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when the version has a nonce, and the client has sent none.
 */
export function bindPublicKey(direction: Direction, { version, clientNonce, publicKey }: Binding): Uint8Array {
  if (version < FIRST_VERSION_WITH_NONCE) {
    return direction === 'client-to-server' ? publicKey.slice() : plusOne(publicKey)
  }
  if (clientNonce === undefined) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `TSRequest: version ${version} without a clientNonce`)
  }
  return sha256(MAGIC[direction], clientNonce, publicKey)
}

/**
 * Checks what came out of a peer's `pubKeyAuth`.
 *
 * @throws {@link SspiError} `SEC_E_MESSAGE_ALTERED` when it is for another key: then somebody sits in the middle of the TLS channel.
 */
export function checkPublicKey(direction: Direction, binding: Binding, opened: Uint8Array): void {
  if (constantTimeEqual(bindPublicKey(direction, binding), opened)) return
  throw new SspiError(
    'SEC_E_MESSAGE_ALTERED',
    'CredSSP: the peer authenticated over another TLS channel than this one: its public key is not the one seen here. ' +
      'Somebody may be in the middle; nothing was delegated.',
  )
}

/** One added to the first byte, carried into the following ones as in little-endian numbers, as Windows' peers do. */
function plusOne(publicKey: Uint8Array): Uint8Array {
  const result = publicKey.slice()
  for (let at = 0; at < result.length; at++) {
    result[at] = (result[at]! + 1) & 0xff
    if (result[at] !== 0) break
  }
  return result
}
