import { Reader } from '../bytes/index.js'
import { wipe, type SecretBytes } from '../crypto/index.js'
import type { Side } from '../sspi/index.js'
import { CIPHER_SUITES } from './cipher-suites.js'
import { ContentType, HandshakeType, TLS_1_2, TLS_1_3 } from './constants.js'
import {
  extensionData,
  ExtensionType,
  HandshakeStream,
  readCertificateRequest,
  readClientHello,
  readEncryptedExtensions,
  readServerHello,
  readSignatures,
  type HandshakeMessage,
  type ServerHello,
} from './messages/index.js'
import { RecordProtection13 } from './record-protection.js'
import { recordsIn } from './records.js'

/** Who sent what is looked at. */
type From = 'client' | 'server'

/**
 * Reads along in a handshake what the engine does not tell: the randoms, which the keys of TLS 1.2 need; whether a side's
 * records are protected already, which decides how an alert of ours is; which authorities the server names, which signatures the
 * peer can check, and which extensions were agreed on.
 */
export class HandshakeWatcher {
  readonly #own: From
  readonly #streams: Readonly<Record<From, HandshakeStream>> = {
    client: new HandshakeStream(),
    server: new HandshakeStream(),
  }
  /** Whether a side has changed to its keys (TLS 1.2; in TLS 1.3 the message has no meaning). */
  readonly #changed: Record<From, boolean> = { client: false, server: false }
  #clientRandom: Uint8Array | undefined
  #serverHello: ServerHello | undefined
  #issuers: readonly Uint8Array[] | undefined
  #signatures: readonly number[] | undefined
  #extensions: readonly number[] = []
  /** Opens the server's first protected records (TLS 1.3), until they have told what they have to tell. */
  #opener: RecordProtection13 | 'done' | undefined

  constructor(side: Side) {
    this.#own = side === 'initiator' ? 'client' : 'server'
  }

  get clientRandom(): Uint8Array | undefined {
    return this.#clientRandom
  }

  get serverHello(): ServerHello | undefined {
    return this.#serverHello
  }

  /** The authorities that the server named when it asked for a certificate; `undefined` when it did not ask. */
  get issuers(): readonly Uint8Array[] | undefined {
    return this.#issuers
  }

  /** The signatures that the peer can check, as TLS numbers them; `undefined` when it did not say. */
  get signatures(): readonly number[] | undefined {
    return this.#signatures
  }

  /** The numbers of the extensions that the server has answered. */
  get extensions(): readonly number[] {
    return this.#extensions
  }

  /** Whether this side has changed to its keys, in TLS 1.2. */
  get changed(): boolean {
    return this.#changed[this.#own]
  }

  /** Looks at records that this side sends. */
  sent(records: Uint8Array, secrets: ReadonlyMap<string, SecretBytes>): void {
    this.#watch(records, this.#own, secrets)
  }

  /** Looks at records that the peer has sent and the engine has taken: they are sound. */
  received(records: Uint8Array, secrets: ReadonlyMap<string, SecretBytes>): void {
    this.#watch(records, this.#own === 'client' ? 'server' : 'client', secrets)
  }

  dispose(): void {
    if (typeof this.#opener === 'object') this.#opener.dispose()
    this.#opener = 'done'
  }

  #watch(records: Uint8Array, from: From, secrets: ReadonlyMap<string, SecretBytes>): void {
    for (const record of recordsIn(records)) {
      if (record[0] === ContentType.APPLICATION_DATA && from === 'server') this.#open(record, secrets)
      else this.#look(record, from)
    }
  }

  #look(record: Uint8Array, from: From): void {
    if (this.#changed[from]) return
    if (record[0] === ContentType.CHANGE_CIPHER_SPEC) this.#changed[from] = this.#serverHello?.version === TLS_1_2
    if (record[0] !== ContentType.HANDSHAKE) return
    for (const message of this.#streams[from].take(record.subarray(5))) this.#read(message)
  }

  #read({ type, body }: HandshakeMessage): void {
    switch (type) {
      case HandshakeType.CLIENT_HELLO: {
        const { random, extensions } = readClientHello(body)
        this.#clientRandom = random.slice()
        const signatures = extensionData(extensions, ExtensionType.SIGNATURE_ALGORITHMS)
        if (this.#own === 'server' && signatures !== undefined) {
          this.#signatures = readSignatures(new Reader(signatures))
        }
        break
      }
      case HandshakeType.SERVER_HELLO: {
        const hello = readServerHello(body.slice())
        if (hello.retry) break
        this.#serverHello = hello
        this.#extensions = hello.extensions.map((extension) => extension.type)
        break
      }
      case HandshakeType.ENCRYPTED_EXTENSIONS:
        this.#extensions = [...this.#extensions, ...readEncryptedExtensions(body).map((extension) => extension.type)]
        break
      case HandshakeType.CERTIFICATE_REQUEST: {
        const { authorities, signatures } = readCertificateRequest(body, this.#serverHello?.version ?? TLS_1_2)
        this.#issuers = authorities.map((name) => name.slice())
        if (this.#own === 'client') this.#signatures = signatures
        break
      }
    }
  }

  /** The server's records under the keys of the handshake, as far as its certificate, before which it asks for one (RFC 8446 §4.3.2). */
  #open(record: Uint8Array, secrets: ReadonlyMap<string, SecretBytes>): void {
    const secret = secrets.get('SERVER_HANDSHAKE_TRAFFIC_SECRET')
    const hello = this.#serverHello
    if (this.#opener === 'done' || secret === undefined || hello?.version !== TLS_1_3) return
    const suite = CIPHER_SUITES.find(({ number }) => number === hello.cipherSuite)
    if (suite === undefined) return
    this.#opener ??= new RecordProtection13(suite, secret)
    const copy = record.slice()
    const { type, start, end } = this.#opener.open(copy)
    const messages = type === ContentType.HANDSHAKE ? this.#streams.server.take(copy.subarray(start, end)) : []
    for (const message of messages) {
      this.#read(message)
      if (message.type === HandshakeType.CERTIFICATE || message.type === HandshakeType.FINISHED) this.dispose()
    }
    wipe(copy)
  }
}
