import { createHash, createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'
import {
  readTsCredentials,
  readTsRequest,
  writeTsCredentials,
  writeTsRequest,
  type TsCredentials,
  type TsRequest,
  type TsRequestFields,
} from 'sspi/credssp'
import type { GssPeer } from './gss-peer.js'
import { Inbox } from './inbox.js'
import { askInfo, quit, type PeerInfo } from './messages.js'

// The sides of CredSSP that no program of the distribution has: TLS is Node's, the security context GSS-API's, by a gss-peer; what is
// proven of the public key is computed here. Ours are the codecs of the two messages alone, which vectors hold.

/** Options of {@link GssCredSspServer}. */
export interface GssCredSspServerOptions {
  /** PEM. */
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /** The version that it speaks. Default 6. */
  readonly version?: number
  /** A security context's side that accepts, for each client. */
  readonly accept: () => Promise<GssPeer>
  /** What it says of the public key, instead of what is right. */
  readonly bind?: (right: Uint8Array) => Uint8Array
}

/** What a server has learned of a client. */
export interface Visitor {
  readonly info: PeerInfo
  readonly credentials: TsCredentials
  /** The fields of each request, in order. */
  readonly fields: readonly string[]
}

/** A server of CredSSP on a port of loopback, over TLS without anything in front. */
export class GssCredSspServer implements AsyncDisposable {
  readonly #options: GssCredSspServerOptions
  readonly #server
  readonly #sockets = new Set<TLSSocket>()
  readonly #visitors = new Inbox<Visitor | Error>()

  static async listen(options: GssCredSspServerOptions): Promise<GssCredSspServer> {
    const made = new GssCredSspServer(options)
    made.#server.listen(0, '127.0.0.1')
    await once(made.#server, 'listening')
    return made
  }

  private constructor(options: GssCredSspServerOptions) {
    this.#options = options
    this.#server = createServer({ cert: options.cert, key: options.key }, (socket) => {
      this.#sockets.add(socket.on('error', () => undefined))
      void this.#serve(socket)
        .then(
          (visitor) => this.#visitors.push(visitor),
          (error: unknown) => this.#visitors.push(error instanceof Error ? error : new Error(String(error))),
        )
        .finally(() => socket.end())
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on TCP
  }

  /** The next client that is done. @throws Error when it was not let in. */
  async visitor(): Promise<Visitor> {
    const visitor = await this.#visitors.next(30_000, () => new Error('no client has come'))
    if (visitor === undefined || visitor instanceof Error) throw visitor ?? new Error('the server has ended')
    return visitor
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(socket: TLSSocket): Promise<Visitor> {
    const { cert, version = 6, accept, bind = (right: Uint8Array): Uint8Array => right } = this.#options
    await using peer = await accept()
    const answer = (fields: Partial<TsRequestFields>): boolean => socket.write(writeTsRequest({ version, ...fields }))
    const fields: string[] = []
    for await (const request of requestsOf(socket)) {
      const { negoTokens, pubKeyAuth, authInfo, clientNonce } = request
      fields.push(fieldsOf(request))
      for (const token of negoTokens) peer.sendToken(token)
      if (pubKeyAuth !== undefined) {
        const key = { version, nonce: clientNonce, publicKey: publicKeyOf(cert) }
        const said = await peer.open(pubKeyAuth)
        if (!Buffer.from(said).equals(clientBinding(key))) throw new Error('the client has bound another key')
        answer({ pubKeyAuth: await peer.seal(bind(serverBinding(key))) })
      } else if (authInfo !== undefined) {
        const credentials = readTsCredentials(await peer.open(authInfo))
        const info = await askInfo(peer)
        await quit(peer)
        return { info, credentials, fields }
      } else answer({ negoTokens: [await peer.receiveToken()] })
    }
    throw new Error(`the client has closed behind ${fields.join(', ')}`)
  }
}

/** Options of {@link visitByGss}. */
export interface GssCredSspVisit {
  /** The server's port, on loopback. */
  readonly port: number
  /** The side of a security context that initiates, and answers then. */
  readonly initiate: () => Promise<GssPeer>
  /** What is handed over. */
  readonly credentials: TsCredentials
  /** Default 6. */
  readonly version?: number
}

/**
 * Visits a server of CredSSP as a client whose security context stands behind one answer.
 *
 * @throws Error when the server refuses, or has bound another key.
 */
export async function visitByGss({ port, initiate, credentials, version = 6 }: GssCredSspVisit): Promise<PeerInfo> {
  await using peer = await initiate()
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }).on('error', () => undefined)
  try {
    await once(socket, 'secureConnect')
    const requests = requestsOf(socket)
    const clientNonce = new Uint8Array(createHash('sha256').update(`${process.pid} ${port}`).digest())
    const say = (fields: Partial<TsRequestFields>): boolean =>
      socket.write(writeTsRequest({ version, clientNonce, ...fields }))
    const hear = async (): Promise<TsRequest> => {
      const { value, done } = await requests.next()
      if (done === true) throw new Error('the server has closed')
      if (value.errorCode !== undefined) throw new Error(`the server says 0x${value.errorCode.toString(16)}`)
      return value
    }
    say({ negoTokens: [await peer.receiveToken()] })
    for (const token of (await hear()).negoTokens) peer.sendToken(token)
    const publicKey = bitsOfSpki(socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' }))
    const key = { version, nonce: clientNonce, publicKey }
    say({ pubKeyAuth: await peer.seal(clientBinding(key)) })
    const { pubKeyAuth } = await hear()
    const said = await peer.open(pubKeyAuth ?? new Uint8Array(0))
    if (!Buffer.from(said).equals(serverBinding(key))) throw new Error('the server has bound another key')
    say({ authInfo: await peer.seal(writeTsCredentials(credentials)) })
    const info = await askInfo(peer)
    await quit(peer)
    return info
  } finally {
    socket.end()
  }
}

/** Each comes in a record of its own. */
async function* requestsOf(socket: TLSSocket): AsyncGenerator<TsRequest, undefined> {
  for await (const chunk of socket) yield readTsRequest(new Uint8Array(chunk as Buffer)) // of a socket without encoding
}

function fieldsOf({ negoTokens, pubKeyAuth, authInfo }: TsRequest): string {
  const sealed = Object.entries({ pubKeyAuth, authInfo }).filter(([, value]) => value !== undefined)
  return [...negoTokens.map(() => 'negoToken'), ...sealed.map(([name]) => name)].join(' and ')
}

interface Key {
  readonly version: number
  readonly nonce: Uint8Array | undefined
  readonly publicKey: Buffer
}

/** MS-CSSP 3.1.5 step 3. */
function clientBinding({ version, nonce, publicKey }: Key): Buffer {
  return version < 5 ? publicKey : hashed('CredSSP Client-To-Server Binding Hash\0', nonce, publicKey)
}

/** MS-CSSP 3.1.5 step 4. */
function serverBinding({ version, nonce, publicKey }: Key): Buffer {
  if (version >= 5) return hashed('CredSSP Server-To-Client Binding Hash\0', nonce, publicKey)
  return Buffer.concat([Uint8Array.of(publicKey[0]! + 1), publicKey.subarray(1)]) // never ff: 04 of a point, 30 of RSA
}

function hashed(magic: string, nonce: Uint8Array | undefined, publicKey: Buffer): Buffer {
  return createHash('sha256')
    .update(magic)
    .update(nonce ?? '')
    .update(publicKey)
    .digest()
}

function publicKeyOf(certificate: string | Buffer): Buffer {
  return bitsOfSpki(createPublicKey(certificate).export({ type: 'spki', format: 'der' }))
}

/** The point of a key on P-256, which is what its SubjectPublicKeyInfo ends with. */
function bitsOfSpki(spki: Buffer | undefined): Buffer {
  if (spki?.length !== 91) throw new Error('not the certificate of a key on P-256')
  return spki.subarray(-65)
}
