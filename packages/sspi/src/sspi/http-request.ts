import { encodeAscii } from '../bytes/index.js'
import { SecBuffer } from './buffer.js'
import { SECBUFFER_DATA, SECBUFFER_PKG_PARAMS } from './constants/index.js'

/** An HTTP request, as far as a package that authenticates each request for itself (Digest) must know it. */
export interface HttpRequest {
  /** `GET`. */
  readonly method: string
  /** As it stands in the request line: `/index.html?a=b`; for `CONNECT` the authority. */
  readonly uri: string
  /** The body, where it is to be protected as well. Default: it is not. */
  readonly body?: Uint8Array | undefined
}

/**
 * The buffers that tell a request to a package: parameters in the order given, each a `SECBUFFER_PKG_PARAMS`, and the body as
 * a `SECBUFFER_DATA`. Windows takes the body's hash as a parameter instead; here the package makes it.
 */
export function requestBuffers(parameters: readonly string[], body: Uint8Array | undefined): readonly SecBuffer[] {
  const buffers = parameters.map((text) => new SecBuffer(SECBUFFER_PKG_PARAMS, encodeAscii(text)))
  return body === undefined ? buffers : [...buffers, new SecBuffer(SECBUFFER_DATA, body)]
}
