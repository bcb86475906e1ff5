import { concatBytes } from '../bytes/index.js'
import { wipe } from '../crypto/index.js'
import {
  SECPKG_ATTR_APP_DATA,
  SECPKG_ATTR_KEYING_MATERIAL_INFO,
  SECQOP_WRAP_OOB_DATA,
  SspiError,
  type AppData,
  type ContextAttribute,
  type ContextAttributes,
  type Identity,
  type KeyingMaterialInfo,
  type SecBufferDesc,
  type Session,
  type SettableAttribute,
  type SettableAttributes,
  type TlsEngine,
  type Unsealed,
} from '../sspi/index.js'
import { alertName, alertStatus } from './alerts.js'
import {
  ContentType,
  HandshakeType,
  MAX_OWN_MESSAGES,
  MAX_PLAINTEXT,
  SSL_SESSION_DISABLE_RECONNECTS,
  TLS1_ALERT_FATAL,
  TLS1_ALERT_WARNING,
  TLS_1_3,
} from './constants.js'
import { readControlToken } from './control-token.js'
import { MAX_EXPORT } from './key-schedule.js'
import { readIncoming, readOutgoing, roomIn, showMissing, showRecord, type OutgoingLayout } from './message-layout.js'
import { HandshakeStream, type HandshakeMessage } from './messages/index.js'
import type { OpenedRecord, RecordProtection } from './record-protection.js'
import { recordLength } from './records.js'
import { sessionAttributes } from './session-attributes.js'
import type { SessionParts } from './session-parts.js'

const CLOSE_NOTIFY = 0
const UNEXPECTED_MESSAGE = 10
const BAD_RECORD_MAC = 20
const RECORD_OVERFLOW = 22
const DECODE_ERROR = 50
const USER_CANCELED = 90
const NO_RENEGOTIATION = 100
/** The longest record body of TLS 1.3, RFC 8446 §5.2. */
const MAX_BODY_13 = MAX_PLAINTEXT + 256
const HEADER = 5

/** A message of this side that the protocol owes the peer. */
interface Owed {
  readonly type: ContentType
  readonly body: Uint8Array
  /** The next records are under the next key. */
  readonly newKey: boolean
  /** It is the last. */
  readonly last: boolean
}

/**
 * An established connection: protects records and takes them apart.
 *
 * A record that is not the peer's next one ends the session, as RFC 8446 §5.2 demands; a caller's mistake does not.
 */
export class SchannelSession implements Session {
  readonly contextAttr: number
  readonly expiry: Date
  readonly peer: Identity | undefined
  readonly #parts: SessionParts
  readonly #sent: RecordProtection
  readonly #received: RecordProtection
  readonly #handshake = new HandshakeStream()
  #engine: TlsEngine | undefined
  #keyingMaterial: KeyingMaterialInfo | undefined
  #appData: Uint8Array | undefined
  /** How many messages of the protocol's own the peer has sent since its last data. */
  #ownMessages = 0
  /** What must be sent before the next message. */
  #owed: Owed[] = []
  /** The same as records, once made, until they are handed over. */
  #ready: Uint8Array | undefined
  #closed: { readonly sent: boolean; readonly received: boolean } = { sent: false, received: false }
  #over: 'ended' | 'broken' | undefined

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#sent = parts.sent
    this.#received = parts.received
    this.#engine = parts.engine
    this.contextAttr = parts.facts.contextAttr
    this.expiry = parts.facts.expiry
    this.peer = parts.facts.peer
  }

  /** @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION`: TLS has no signatures without encryption. */
  sign(): void {
    throw noSignatures()
  }

  /** @throws `SspiError` `SEC_E_UNSUPPORTED_FUNCTION`, as `sign`. */
  verify(): number {
    throw noSignatures()
  }

  /**
   * Protects one record.
   * @param qop - 0, or `SECQOP_WRAP_OOB_DATA`: the data is an alert of two bytes.
   */
  seal(message: SecBufferDesc, qop: number): void {
    if (qop !== 0 && qop !== SECQOP_WRAP_OOB_DATA) {
      throw new SspiError(
        'SEC_E_QOP_NOT_SUPPORTED',
        `Schannel: there is no quality of protection 0x${qop.toString(16)}`,
      )
    }
    const layout = readOutgoing(message)
    const type = qop === 0 ? ContentType.APPLICATION_DATA : ContentType.ALERT
    const length = layout.data.reduce((sum, piece) => sum + piece.length, 0)
    if (length > MAX_PLAINTEXT || (type === ContentType.ALERT && length !== 2)) {
      const most = type === ContentType.ALERT ? 2 : MAX_PLAINTEXT
      throw new SspiError(
        'SEC_E_INVALID_PARAMETER',
        `Schannel: a message of ${length} bytes, at most ${most} in a record`,
      )
    }
    this.#requireWritable()
    const { header, trailer } = this.#sent
    const headerRoom = roomIn(layout.header, header, 'SECBUFFER_STREAM_HEADER')
    const trailerRoom = roomIn(layout.trailer, trailer, 'SECBUFFER_STREAM_TRAILER')
    this.#sayFirst(layout)
    const closes = type === ContentType.ALERT && isLast(concatBytes(...layout.data))
    this.#sent.seal(type, headerRoom, layout.data, trailerRoom)
    if (closes) this.#closed = { ...this.#closed, sent: true }
    layout.header.cbBuffer = header
    layout.trailer.cbBuffer = trailer
  }

  unseal(message: SecBufferDesc): Unsealed {
    const layout = readIncoming(message)
    this.#requireOpen()
    if (this.#closed.received) return { kind: 'closed' }
    const { bytes } = layout
    const framing = this.#frame(bytes)
    if (framing.kind === 'incomplete') {
      showMissing(layout, framing.missing)
      return { kind: 'incomplete', missing: undefined }
    }
    const record = bytes.subarray(0, framing.length)
    // A ticket is the engine's to read, as it came.
    const ticket = this.#engine === undefined ? undefined : record.slice()
    const opened = this.#open(record)
    const content = record.subarray(opened.start, opened.end)
    const plain = opened.type === ContentType.APPLICATION_DATA
    if (plain && this.#handshake.midMessage) {
      throw this.#break('SEC_E_ILLEGAL_MESSAGE', 'data in the middle of a handshake message', UNEXPECTED_MESSAGE)
    }
    if (plain) this.#dropEngine()
    if (plain && content.length > 0) this.#ownMessages = 0
    const unsealed = plain ? MESSAGE : this.#process(opened.type, content, ticket)
    showRecord(layout, opened.start, plain ? opened.end : opened.start, framing.length)
    return unsealed
  }

  control(message: Uint8Array): void {
    this.#requireOpen()
    const control = readControlToken(message)
    if (control.kind === 'session') {
      if ((control.flags & SSL_SESSION_DISABLE_RECONNECTS) !== 0) this.#dropEngine()
      return
    }
    const body = Uint8Array.of(control.level, control.number)
    this.#owed.push({ type: ContentType.ALERT, body, newKey: false, last: isLast(body) })
  }

  step(token: Uint8Array | undefined, deliver: (token: Uint8Array, consumed: number) => void): void {
    this.#requireOpen()
    if (token !== undefined && this.#owed.length === 0 && this.#ready === undefined) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: the context is established: records go to decryptMessage')
    }
    deliver(this.#owedRecords(), 0)
    this.#ready = undefined
  }

  set<A extends SettableAttribute>(attribute: A, value: SettableAttributes[A]): boolean {
    // The value is that of the attribute, by its type.
    switch (attribute) {
      case SECPKG_ATTR_KEYING_MATERIAL_INFO:
        this.#keyingMaterial = checkedKeyingMaterial(value as KeyingMaterialInfo)
        return true
      case SECPKG_ATTR_APP_DATA:
        this.#appData = new Uint8Array((value as AppData).appData)
        return true
      default:
        return false
    }
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    if (this.#over === 'ended') return undefined
    if (attribute === SECPKG_ATTR_APP_DATA) {
      const appData = this.#appData?.slice()
      return (appData && { appData }) as ContextAttributes[A] | undefined
    }
    return sessionAttributes(this.#parts, this.#keyingMaterial)[attribute]?.()
  }

  /** Wipes every secret. Keys in use are Node's, which cannot be wiped: they go. Calling it again is harmless. */
  dispose(): void {
    this.#stop('ended')
    wipe(this.#appData)
    wipe(this.#parts.exporterSecret)
  }

  /** No record is protected or opened any more. What is known of the connection can still be asked when it broke. */
  #stop(why: 'ended' | 'broken'): void {
    this.#over = why
    this.#dropEngine()
    this.#sent.dispose()
    this.#received.dispose()
  }

  /** What is owed goes into a token buffer, if the caller has one; else it must be fetched by a step. */
  #sayFirst({ token }: OutgoingLayout): void {
    if (this.#sent.worn && this.#version !== TLS_1_3) {
      throw new SspiError('SEC_E_CONTEXT_EXPIRED', 'Schannel: the keys are worn out, and TLS 1.2 cannot renew them')
    }
    this.#renewWorn()
    if (this.#owed.length === 0 && this.#ready === undefined) {
      if (token !== undefined) token.cbBuffer = 0
      return
    }
    // Nothing may follow what closes this side (RFC 8446 §6.1), so it has no place in front of a message.
    if (token === undefined || this.#owed.some(({ last }) => last)) {
      throw new SspiError('SEC_E_OUT_OF_SEQUENCE', 'Schannel: something must be sent first: take it by the next step')
    }
    const first = this.#owedRecords()
    roomIn(token, first.length, 'SECBUFFER_TOKEN').set(first)
    token.cbBuffer = first.length
    this.#ready = undefined
  }

  /** Asks for new keys of this side before the old ones are worn out. */
  #renewWorn(): void {
    if (this.#sent.worn && this.#version === TLS_1_3 && !this.#owed.some(({ newKey }) => newKey)) {
      this.#owed.push(KEY_UPDATE)
    }
  }

  /** Everything that is owed, as records; kept until it was handed over. */
  #owedRecords(): Uint8Array {
    const records = this.#ready === undefined ? [] : [this.#ready]
    for (const { type, body, newKey, last } of this.#owed) {
      records.push(this.#sealed(type, body))
      if (newKey) this.#sent.update()
      if (last) this.#closed = { ...this.#closed, sent: true }
    }
    this.#owed = []
    const whole = concatBytes(...records)
    if (whole.length > 0) this.#ready = whole
    return whole
  }

  #sealed(type: ContentType, body: Uint8Array): Uint8Array {
    const { header, trailer } = this.#sent
    const record = new Uint8Array(header + body.length + trailer)
    const end = header + body.length
    record.set(body, header)
    this.#sent.seal(type, record.subarray(0, header), [record.subarray(header, end)], record.subarray(end))
    return record
  }

  #frame(bytes: Uint8Array): ReturnType<typeof recordLength> {
    let framing: ReturnType<typeof recordLength>
    try {
      framing = recordLength(bytes)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      throw this.#break(error.code, error.message, RECORD_OVERFLOW)
    }
    const body = bytes.length >= HEADER ? (bytes[3]! << 8) | bytes[4]! : 0
    if (this.#version === TLS_1_3 && body > MAX_BODY_13) {
      throw this.#break('SEC_E_INVALID_TOKEN', `a record of ${body} bytes, ${MAX_BODY_13} allowed`, RECORD_OVERFLOW)
    }
    return framing
  }

  #open(record: Uint8Array): OpenedRecord {
    try {
      return this.#received.open(record)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      const alert = error.code === 'SEC_E_MESSAGE_ALTERED' ? BAD_RECORD_MAC : UNEXPECTED_MESSAGE
      throw this.#break(error.code, error.message, alert)
    }
  }

  #process(type: number, content: Uint8Array, record: Uint8Array | undefined): Unsealed {
    // RFC 8446 §5.4, RFC 5246 §6.2.1: only data may be empty; else a peer could keep us busy with nothing.
    if (content.length === 0) {
      throw this.#break('SEC_E_ILLEGAL_MESSAGE', `an empty record of type ${type}`, UNEXPECTED_MESSAGE)
    }
    switch (type) {
      case ContentType.ALERT:
        return this.#takeAlert(content)
      case ContentType.HANDSHAKE:
        return this.#takeHandshake(content, record)
      default:
        throw this.#break('SEC_E_ILLEGAL_MESSAGE', `a record of type ${type} after the handshake`, UNEXPECTED_MESSAGE)
    }
  }

  #takeAlert(content: Uint8Array): Unsealed {
    const [level, number] = content
    if (level === undefined || number === undefined || content.length !== 2) {
      throw this.#break('SEC_E_ILLEGAL_MESSAGE', `an alert of ${content.length} bytes`, DECODE_ERROR)
    }
    if (number === CLOSE_NOTIFY) {
      this.#closed = { ...this.#closed, received: true }
      this.#dropEngine()
      return { kind: 'closed' }
    }
    // Warnings do not end a connection: in TLS 1.3 there is only this one.
    if (number === USER_CANCELED || (this.#version !== TLS_1_3 && level === TLS1_ALERT_WARNING)) {
      this.#countOwnMessage()
      return MESSAGE
    }
    this.#stop('broken')
    throw new SspiError(
      alertStatus(number),
      `Schannel: the peer ended the connection with the alert ${alertName(number)}`,
    )
  }

  #takeHandshake(content: Uint8Array, record: Uint8Array | undefined): Unsealed {
    let messages: readonly HandshakeMessage[]
    try {
      messages = this.#handshake.take(content)
    } catch (error) {
      if (!(error instanceof SspiError)) throw error
      throw this.#break(error.code, error.message, DECODE_ERROR)
    }
    const before = this.#owed.length
    for (const [index, message] of messages.entries()) {
      const last = index === messages.length - 1 && !this.#handshake.midMessage
      this.#takeMessage(message, last)
    }
    const ticketsOnly = messages.every(({ type }) => type === HandshakeType.NEW_SESSION_TICKET)
    if (record !== undefined && ticketsOnly) this.#engine?.takeTicket(record)
    else this.#dropEngine()
    return this.#owed.length > before ? { kind: 'renegotiate' } : MESSAGE
  }

  #takeMessage({ type, body }: HandshakeMessage, last: boolean): void {
    this.#countOwnMessage()
    const client = this.#parts.facts.side === 'initiator'
    if (this.#version === TLS_1_3) {
      if (type === HandshakeType.NEW_SESSION_TICKET && client) return
      if (type === HandshakeType.KEY_UPDATE) {
        this.#takeKeyUpdate(body, last)
        return
      }
    } else if (type === (client ? HandshakeType.HELLO_REQUEST : HandshakeType.CLIENT_HELLO)) {
      // RFC 5246 §7.2.2: whoever does not want to negotiate anew says so, and goes on.
      if (!this.#owed.some(({ body: [, number] }) => number === NO_RENEGOTIATION)) this.#owed.push(REFUSE_RENEGOTIATION)
      return
    }
    // Among them a CertificateRequest: authentication after the handshake was not offered (RFC 8446 §4.6.2).
    throw this.#break('SEC_E_ILLEGAL_MESSAGE', `handshake message ${type} after the handshake`, UNEXPECTED_MESSAGE)
  }

  /** Each is work, a key update most of all: a peer that has nothing else to say shall not keep us busy with them. */
  #countOwnMessage(): void {
    if (++this.#ownMessages <= MAX_OWN_MESSAGES) return
    const what = `more than ${MAX_OWN_MESSAGES} messages of the protocol's own in a row, without data`
    throw this.#break('SEC_E_ILLEGAL_MESSAGE', what, UNEXPECTED_MESSAGE)
  }

  /** RFC 8446 section 4.6.3. */
  #takeKeyUpdate(body: Uint8Array, last: boolean): void {
    const [requested] = body
    if (!last || body.length !== 1 || requested === undefined || requested > 1) {
      throw this.#break(
        'SEC_E_ILLEGAL_MESSAGE',
        'a KeyUpdate that is none, or not the last of its record',
        DECODE_ERROR,
      )
    }
    this.#received.update()
    if (requested === 1 && !this.#owed.some(({ newKey }) => newKey)) this.#owed.push(KEY_UPDATE)
  }

  /** Ends the session for the peer's fault; the error carries the alert that tells it. */
  #break(code: SspiError['code'], message: string, alert: number): SspiError {
    const token = this.#closed.sent
      ? undefined
      : this.#sealed(ContentType.ALERT, Uint8Array.of(TLS1_ALERT_FATAL, alert))
    this.#stop('broken')
    return new SspiError(code, `Schannel: ${message}`, { token })
  }

  #requireOpen(): void {
    if (this.#over === 'broken') throw new SspiError('SEC_E_CONTEXT_EXPIRED', 'Schannel: the connection was broken off')
    if (this.#over === 'ended') throw new SspiError('SEC_E_INVALID_HANDLE', 'Schannel: the session has ended')
  }

  #requireWritable(): void {
    this.#requireOpen()
    if (this.#closed.sent) throw new SspiError('SEC_E_CONTEXT_EXPIRED', 'Schannel: this side has closed the connection')
  }

  #dropEngine(): void {
    this.#engine?.dispose()
    this.#engine = undefined
  }

  get #version(): number {
    return this.#parts.facts.suite.version
  }
}

/** Whether an alert is the last that its sender says. */
function isLast([level, number]: Uint8Array): boolean {
  return number === CLOSE_NOTIFY || level === TLS1_ALERT_FATAL
}

function checkedKeyingMaterial(wanted: KeyingMaterialInfo): KeyingMaterialInfo {
  const { keyingMaterialLength: length } = wanted
  if (Number.isInteger(length) && length > 0 && length <= MAX_EXPORT) return wanted
  throw new SspiError('SEC_E_INVALID_PARAMETER', `Schannel: ${length} bytes of keying material, at most ${MAX_EXPORT}`)
}

const MESSAGE: Unsealed = { kind: 'message', qop: 0 }
/** KeyUpdate, update_not_requested. */
const KEY_UPDATE: Owed = {
  type: ContentType.HANDSHAKE,
  body: Uint8Array.of(HandshakeType.KEY_UPDATE, 0, 0, 1, 0),
  newKey: true,
  last: false,
}
const REFUSE_RENEGOTIATION: Owed = {
  type: ContentType.ALERT,
  body: Uint8Array.of(TLS1_ALERT_WARNING, NO_RENEGOTIATION),
  newKey: false,
  last: false,
}

function noSignatures(): SspiError {
  return new SspiError('SEC_E_UNSUPPORTED_FUNCTION', 'Schannel: TLS has no signatures beside its records')
}
