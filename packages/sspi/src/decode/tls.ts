import { concatBytes, Reader } from '../bytes/index.js'
import {
  alertName,
  ContentType,
  HandshakeType,
  MAX_RECORD_BODY,
  TLS1_ALERT_FATAL,
  TLS1_ALERT_WARNING,
} from '../schannel/index.js'
import { SspiError } from '../sspi/index.js'
import { Fields } from './fields.js'
import { nameIn } from './kerberos-names.js'
import type { DecodedNode, Scope, TokenDecoder } from './node.js'
import { areMessages, decodeMessages, messageNames, messagePlaces } from './tls-handshake.js'
import { handshakeName, nameOf, versionName } from './tls-names.js'

/** Type, version and length of a record, RFC 8446 §5.1. */
const HEADER_BYTES = 5
const NEWEST_MINOR = 4
/** The shortest messages of a type that stand alone: bytes that are no handshake seldom have such a header. */
const SHORTEST: ReadonlyMap<number, number> = new Map([
  [1, 42],
  [2, 42],
  [4, 10],
  [8, 6],
  [11, 7],
  [13, 6],
  [15, 8],
  [20, 16],
])

const contentTypes = nameIn(ContentType)

/**
 * What Schannel's tokens are: one or more records of TLS. What is in the clear is taken apart, of what is encrypted the type and
 * the length is shown.
 */
export const tlsRecords: TokenDecoder = {
  name: 'TLS',
  recognises: (bytes) => {
    const [type, major, minor = 0, high = 0, low = 0] = bytes
    return (
      bytes.length >= HEADER_BYTES &&
      contentTypes(type!) !== undefined && // there are five
      major === 3 &&
      minor > 0 &&
      minor <= NEWEST_MINOR &&
      ((high << 8) | low) <= MAX_RECORD_BODY
    )
  },
  decode: (bytes, scope) => {
    const flight = new Flight(scope)
    const root = scope.collect('TLS', bytes, (children) => {
      const reader = new Reader(bytes)
      while (reader.remaining > 0) {
        const start = reader.offset
        const header = new Reader(reader.take(HEADER_BYTES, 'record'))
        const type = header.u8('type')
        header.skip(2, 'version')
        const length = header.u16be('length')
        const body = reader.take(Math.min(length, reader.remaining), 'record')
        const more = bytes[reader.offset] === ContentType.HANDSHAKE
        children.push(...flight.record(type, bytes.subarray(start, reader.offset), body, more))
        if (body.length < length) {
          throw new SspiError('SEC_E_INVALID_TOKEN', `record: ${body.length} of its ${length} bytes are there`)
        }
      }
      return undefined
    })
    return { ...root, label: `TLS ${flight.summary || 'record'}` }
  },
}

/** Handshake messages as they are before records are made of them, or after: whole ones, to the end. */
export const tlsHandshake: TokenDecoder = {
  name: 'TLS handshake',
  recognises: (bytes) =>
    areMessages(bytes) &&
    messagePlaces(bytes).every(({ type, start, end }) => end - start >= (SHORTEST.get(type) ?? 4)) &&
    SHORTEST.has(bytes[0]!), // an empty token holds no messages
  decode: (bytes, scope) => {
    const root = scope.collect('TLS', bytes, (children) => {
      children.push(...decodeMessages(bytes, scope))
      return undefined
    })
    return { ...root, label: `TLS ${counted(messageNames(bytes))}` }
  },
}

/** The records of one token, in which a handshake message may go on from one to the next. */
class Flight {
  readonly #scope: Scope
  readonly #names: string[] = []
  /** Whether what follows is under keys: TLS 1.2 says so, and TLS 1.3 shows nothing of type handshake from then on. */
  #changed = false
  /** The contents of handshake records in a row that only together are messages. */
  #run: Uint8Array[] = []

  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** What the token is made of: `ServerHello, change_cipher_spec, application_data (4)`. */
  get summary(): string {
    return counted(this.#names)
  }

  /** Nodes for a record. @param more - Whether another one of type handshake follows. */
  record(type: number, whole: Uint8Array, body: Uint8Array, more: boolean): readonly DecodedNode[] {
    const scope = this.#scope
    const name = contentTypes(type)?.toLowerCase() ?? `type ${type}`
    const node = scope.collect(`record: ${name}`, whole, (children) => {
      const fields = new Fields(whole, scope, children)
      fields.u8('type', () => name)
      fields.bytes('legacy_record_version', 2, nameOf(versionName))
      fields.bytes('length', 2, (length) => ({ value: String(new Reader(length).u16be('length')) }))
      children.push(...this.#content(type, name, body, more))
      return undefined
    })
    return more || this.#run.length === 0 ? [node] : [node, this.#joined()]
  }

  /** Messages that go over several records, put together when the last of these has come. */
  #joined(): DecodedNode {
    const run = this.#run
    this.#run = []
    const joined = concatBytes(...run)
    this.#names.push(...messageNames(joined))
    const decode = (label: string, bytes: Uint8Array, scope: Scope): DecodedNode =>
      scope.collect(label, bytes, (children) => {
        children.push(...decodeMessages(bytes, scope))
        return { meaning: `of ${run.length} records` }
      })
    return this.#scope.apart('handshake messages, put together', joined, decode)
  }

  #content(type: number, name: string, body: Uint8Array, more: boolean): readonly DecodedNode[] {
    const scope = this.#scope
    switch (type) {
      case ContentType.HANDSHAKE:
        return this.#handshake(body, more)
      case ContentType.ALERT:
        return this.#alert(body)
      case ContentType.CHANGE_CIPHER_SPEC:
        this.#changed = true
        this.#names.push(name)
        return [scope.hex('change_cipher_spec', body)]
      default:
        this.#names.push(name)
        return [this.#encrypted('encrypted_record', body)]
    }
  }

  #handshake(body: Uint8Array, more: boolean): readonly DecodedNode[] {
    const first = this.#run.length === 0
    const isUnder = this.#changed ? !isSecondHello(body) : first && isUnderKeys(body)
    if (isUnder) {
      this.#names.push('encrypted handshake')
      return [this.#encrypted('handshake message', body)]
    }
    if (first && (!more || areMessages(body))) {
      this.#names.push(...messageNames(body))
      return decodeMessages(body, this.#scope)
    }
    this.#run.push(body)
    return [this.#scope.node('fragment', body, { meaning: 'of messages that go over several records' })]
  }

  /** RFC 8446 §6. */
  #alert(body: Uint8Array): readonly DecodedNode[] {
    if (this.#changed || body.length !== 2) {
      this.#names.push('encrypted alert')
      return [this.#encrypted('alert', body)]
    }
    const children: DecodedNode[] = []
    const fields = new Fields(body, this.#scope, children)
    fields.u8('level', (level) => ALERT_LEVELS.get(level))
    const description = fields.u8('description', alertName)
    this.#names.push(`alert ${alertName(description)}`)
    return children
  }

  #encrypted(label: string, body: Uint8Array): DecodedNode {
    return this.#scope.node(label, body, { meaning: `${body.length} bytes, encrypted` })
  }
}

const ALERT_LEVELS: ReadonlyMap<number, string> = new Map([
  [TLS1_ALERT_WARNING, 'warning'],
  [TLS1_ALERT_FATAL, 'fatal'],
])

/**
 * Whether a record of type handshake does not begin with a message: in TLS 1.2 those behind the change of keys look like that, where
 * the change itself went by in another token. A nonce that counts from zero looks like an empty HelloRequest.
 */
function isUnderKeys(body: Uint8Array): boolean {
  if (handshakeName(body[0] ?? 0) === undefined) return true
  return body[0] === 0 && body.length > 4
}

/** RFC 8446 appendix D.4: a client that was asked for another ClientHello says before it that it changes keys, and does not. */
function isSecondHello(body: Uint8Array): boolean {
  return body[0] === HandshakeType.CLIENT_HELLO && areMessages(body)
}

/** Names in their order, those in a row counted. */
function counted(names: readonly string[]): string {
  const runs: { readonly name: string; count: number }[] = []
  for (const name of names) {
    const last = runs.at(-1)
    if (last?.name === name) last.count++
    else runs.push({ name, count: 1 })
  }
  return runs.map(({ name, count }) => (count === 1 ? name : `${name} (${count})`)).join(', ')
}
