import { constantTimeEqual, wipe, type SecretBytes } from '../crypto/index.js'
import {
  never,
  SspiError,
  type ContextAttribute,
  type ContextAttributes,
  type Identity,
  type SecBufferDesc,
  type SecPkgInfo,
  type Session,
  type Unsealed,
  type World,
} from '../sspi/index.js'
import { noncesOf, responseDigits, sessionA1, type ResponseParts } from './computations.js'
import { entityHash, putSignature, readHttpLayout, type Entity, type RequestFacts } from './http-layout.js'
import {
  readHttpResponse,
  readServerProof,
  writeResponse,
  writeServerProof,
  type DigestResponse,
} from './messages/index.js'
import type { NonceMint, NoncePurpose } from './nonces.js'
import { bytesOf, octetsOf } from './octets.js'
import { httpAttributes } from './session-attributes.js'
import type { HttpParts } from './session-parts.js'

/** What an acceptor's session makes nonces with. */
export interface SessionNonceSource {
  readonly mint: NonceMint
  readonly world: World
  /** Different for each session. */
  readonly id: string
}

/**
 * An established HTTP context. On the client's side a signature is the value of Authorization for a further request; on the
 * server's, the value of Authentication-Info for the response to the last one. Each verifies what the other signs.
 *
 * A server's session takes only nonces that it has handed out itself, by signing a response: the one that established the
 * context is counted in the nonce store, for whichever connection and machine the next request comes to.
 */
export class HttpSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date = never()
  readonly peer: Identity | undefined
  readonly #parts: HttpParts
  readonly #info: SecPkgInfo
  readonly #nonces: SessionNonceSource | undefined
  /** The request that was signed or verified last. */
  #last: DigestResponse
  /** The server's: the nonce of this context that the client uses, and the one that it was given last. */
  #current: string | undefined
  #handedOut: string | undefined
  #ended = false

  /** @param nonces - an acceptor's. */
  constructor(parts: HttpParts, info: SecPkgInfo, nonces: SessionNonceSource | undefined) {
    this.#parts = parts
    this.#info = info
    this.#nonces = nonces
    this.#last = parts.response
    this.contextAttr = parts.contextAttr
    this.peer = parts.peer
  }

  /** @throws `SspiError` `SEC_E_QOP_NOT_SUPPORTED` for any `qop` but 0. */
  sign(message: SecBufferDesc, qop: number): void {
    if (qop !== 0) throw noQop(qop)
    this.#requireLive()
    const layout = readHttpLayout(message)
    if (this.#parts.side === 'acceptor') {
      putSignature(layout, this.#signResponse(layout.entity))
      return
    }
    if (layout.request === undefined || layout.request.method === '' || layout.request.uri === '') throw noRequest()
    const response = this.#nextResponse(layout.request)
    putSignature(layout, writeResponse(response))
    this.#last = response
  }

  verify(message: SecBufferDesc): number {
    this.#requireLive()
    const { token, request, entity } = readHttpLayout(message)
    const bytes = new Uint8Array(token.bytes)
    if (this.#parts.side === 'initiator') this.#verifyResponse(bytes, entity)
    else if (request === undefined || request.method === '') throw noRequest()
    else this.#verifyRequest(bytes, request)
    return 0
  }

  seal(): void {
    throw noConfidentiality()
  }

  unseal(): Unsealed {
    throw noConfidentiality()
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (this.#ended) return undefined
    return httpAttributes(this.#parts, this.#info)[attribute]?.()
  }

  /** Wipes the key. Calling it again is harmless. */
  dispose(): void {
    this.#ended = true
    wipe(this.#parts.base)
  }

  /** The response to the same challenge for another request, with a count one higher. */
  #nextResponse({ method, uri, entity }: RequestFacts): DigestResponse {
    const { algorithm } = this.#parts
    const { use } = this.#last
    if (use === undefined) {
      throw new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'Digest: without qop there is no count: ask for a new challenge')
    }
    const next = { ...this.#last, uri, use: { ...use, count: use.count + 1 } }
    const hash = use.qop === 'auth-int' ? entityHash(algorithm, entity) : undefined
    return { ...next, response: octetsOf(this.#digits(next, { method, entityHash: hash })) }
  }

  /** RFC 7616 §3.5: the proof is the response's own computation, without a method. */
  #signResponse(entity: Entity): Uint8Array {
    const { use } = this.#last
    const hash = use?.qop === 'auth-int' ? entityHash(this.#parts.algorithm, entity) : undefined
    const nonces = this.#nonces
    this.#handedOut = nonces?.mint.make(this.#purpose(nonces), nonces.world)
    const rspauth = octetsOf(this.#digits(this.#last, { method: '', entityHash: hash }))
    return writeServerProof({ rspauth, use, nextnonce: this.#handedOut }, 'http')
  }

  #verifyResponse(token: Uint8Array, entity: Entity): void {
    const { rspauth, use, nextnonce } = readServerProof(token)
    const mine = this.#last.use
    if (rspauth === undefined) {
      throw new SspiError('SEC_E_INVALID_TOKEN', "server's proof: rspauth: missing")
    }
    if (use !== undefined && (use.count !== mine?.count || use.cnonce !== mine.cnonce)) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', "server's proof: it is for another request")
    }
    const hash = mine?.qop === 'auth-int' ? entityHash(this.#parts.algorithm, entity) : undefined
    const expected = this.#digits(this.#last, { method: '', entityHash: hash })
    if (!constantTimeEqual(expected, bytesOf(rspauth))) throw altered()
    // One that is in use goes on counting: RFC 7616 §3.4 counts the requests of a nonce.
    if (nextnonce === undefined || nextnonce === this.#last.nonce || mine === undefined) return
    this.#last = { ...this.#last, nonce: nextnonce, use: { ...mine, count: 0 } }
  }

  #verifyRequest(token: Uint8Array, { method, uri, entity }: RequestFacts): void {
    const response = readHttpResponse(token)
    const { realm, algorithm, use } = response
    const before = this.#parts.response
    if (realm !== before.realm || algorithm !== before.algorithm || use?.qop !== before.use?.qop) throw altered()
    if (uri !== '' && uri !== response.uri) throw altered()
    const last = this.#lastCount(response.nonce)
    const hash = use?.qop === 'auth-int' ? entityHash(algorithm, entity) : undefined
    const given = bytesOf(response.response)
    // Firefox makes the key of a session anew of each request's own nonces. It takes the same secret to.
    const keys = algorithm.session ? [this.#parts.sessionNonces, noncesOf(response)] : [this.#parts.sessionNonces]
    const proven = keys.some((nonces) =>
      constantTimeEqual(this.#digits(response, { method, entityHash: hash }, nonces), given),
    )
    if (!proven) throw altered()
    if ((use?.count ?? 0) <= last) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', `Digest: request ${use?.count ?? 0} came after ${last}`)
    }
    this.#last = response
    this.#current = response.nonce
    if (this.#handedOut === response.nonce) this.#handedOut = undefined
  }

  /** How far the count of a nonce has come: of the one in use, or of the one that was handed out last. */
  #lastCount(nonce: string): number {
    const nonces = this.#nonces
    const ours = nonce === this.#current || nonce === this.#handedOut
    if (nonces !== undefined && ours && nonces.mint.check(nonce, this.#purpose(nonces), nonces.world).fresh) {
      return nonce === this.#current ? (this.#last.use?.count ?? 0) : 0
    }
    throw new SspiError(
      'SEC_E_OUT_OF_SEQUENCE',
      'Digest: the nonce is none that this context gave with a response, or is too old: accept the request as a new one',
    )
  }

  #digits(
    response: DigestResponse,
    of: Pick<ResponseParts, 'method' | 'entityHash'>,
    sessionNonces = this.#parts.sessionNonces,
  ): Uint8Array {
    const { algorithm, base } = this.#parts
    const { nonce, use, uri } = response
    const ha1: SecretBytes = sessionA1(algorithm, base, sessionNonces, 'http')
    try {
      return responseDigits(algorithm, ha1, { nonce, use, uri, ...of })
    } finally {
      wipe(ha1)
    }
  }

  #purpose({ id }: SessionNonceSource): NoncePurpose {
    return `session ${id}`
  }

  #requireLive(): void {
    if (this.#ended) throw new SspiError('SEC_E_INVALID_HANDLE', 'Digest: the session has ended')
  }
}

function noQop(qop: number): SspiError {
  return new SspiError(
    'SEC_E_QOP_NOT_SUPPORTED',
    `Digest: there is no quality of protection 0x${(qop >>> 0).toString(16)} here`,
  )
}

function noRequest(): SspiError {
  return new SspiError(
    'SEC_E_INVALID_TOKEN',
    'Digest: method and URI of the request are needed, each in a SECBUFFER_PKG_PARAMS',
  )
}

function noConfidentiality(): SspiError {
  return new SspiError('SEC_E_QOP_NOT_SUPPORTED', 'Digest: HTTP knows no confidentiality: use TLS')
}

function altered(): SspiError {
  return new SspiError('SEC_E_MESSAGE_ALTERED', "Digest: the response is not this message's: it was changed on the way")
}
