import { FrameType, type Frame, type FrameChannel } from './frames.js'

/** What a side says of a context that stands, in the answer to `N`. */
export interface PeerInfo {
  readonly role: 'initiator' | 'acceptor'
  /** `krb5`, `spnego`, `ntlm`, `iakerb`, or the OID's contents in hex. */
  readonly mech: string
  /** A backslash in a name comes as `/`. */
  readonly initiator: string
  readonly acceptor: string
  /** Names of flags, comma-separated: `mutual,replay,sequence,conf,integ,dce,deleg,…`. */
  readonly flags: string
  readonly lifetime: number
  readonly delegated: boolean
  /** Hex; empty when the mechanism does not give it out. */
  readonly sessionKey: string
  readonly attributes?: Readonly<Record<string, number>>
}

/** An `E` frame: the peer has refused, and says why. */
export class GssPeerError extends Error {
  override readonly name = 'GssPeerError'
}

/** The payload of an `M` frame. */
export interface MicMessage {
  readonly message: Uint8Array
  readonly mic: Uint8Array
}

/** The payload of an `A` frame. */
export interface AeadMessage {
  readonly confidential: boolean
  readonly associatedData: Uint8Array
  readonly token: Uint8Array
}

/** The payload of an `I` frame, DCE layout: what surrounds `data` is signed only, `header` is the token. */
export interface IovMessage {
  readonly confidential: boolean
  readonly before: Uint8Array
  /** Encrypted when `confidential`. */
  readonly data: Uint8Array
  readonly after: Uint8Array
  readonly header: Uint8Array
}

/** The message calls of a context that stands, as the message phase needs them. Each throws to refuse. */
export interface MessageSession {
  /** Protects in one token, as `gss_wrap`. */
  wrap(message: Uint8Array, confidential: boolean): Uint8Array
  unwrap(token: Uint8Array): { readonly message: Uint8Array; readonly confidential: boolean }
  mic(message: Uint8Array): Uint8Array
  verifyMic(message: Uint8Array, mic: Uint8Array): void
  wrapAead?(message: Uint8Array, associatedData: Uint8Array, confidential: boolean): Uint8Array
  unwrapAead?(sealed: AeadMessage): Uint8Array
  /** The three parts in clear; the result has `data` as it travels and the header. */
  wrapIov?(parts: Omit<IovMessage, 'header'>): IovMessage
  unwrapIov?(sealed: IovMessage): Uint8Array
  pseudoRandom?(partial: boolean, length: number, input: Uint8Array): Uint8Array
}

/** The next token to send, if any, and whether this side is complete. */
export interface EstablishStep {
  readonly token?: Uint8Array | undefined
  readonly done: boolean
}

/**
 * Runs the context phase for our side.
 *
 * @param role - Ours: the initiator starts.
 * @param step - Advances our side by the peer's token, `undefined` on an initiator's first call. When it throws, the
 *   peer gets the reason in an `E` frame and the error goes on.
 * @returns How many tokens went in each direction.
 * @throws {@link GssPeerError} when the peer refuses.
 */
export async function establish(
  channel: FrameChannel,
  role: 'initiator' | 'acceptor',
  step: (token: Uint8Array | undefined) => EstablishStep | Promise<EstablishStep>,
): Promise<{ readonly sent: number; readonly received: number }> {
  let [sent, received] = [0, 0]
  for (let first = true; ; first = false) {
    let token: Uint8Array | undefined
    if (!first || role === 'acceptor') {
      token = (await expectFrame(channel, FrameType.TOKEN)).payload
      received++
    }
    const next = await stepOrTell(channel, () => step(token))
    if (next.token && next.token.length > 0) {
      channel.send(FrameType.TOKEN, next.token)
      sent++
    }
    if (next.done) return { sent, received }
  }
}

async function stepOrTell(
  channel: FrameChannel,
  step: () => EstablishStep | Promise<EstablishStep>,
): Promise<EstablishStep> {
  try {
    return await step()
  } catch (error) {
    channel.send(FrameType.ERROR, wordsOf(error))
    throw error
  }
}

/**
 * Asks an acceptor what it thinks of the context: for NTLM and other one-sided mechanisms, this is its verdict.
 *
 * @throws {@link GssPeerError} when it has refused the context.
 */
export async function askInfo(channel: FrameChannel): Promise<PeerInfo> {
  channel.send(FrameType.INFO)
  const { payload } = await expectFrame(channel, FrameType.INFO)
  return JSON.parse(textOf(payload)) as PeerInfo
}

/** Which messages `askMessages` exchanges. */
export interface AskOptions {
  /** Lengths in bytes; default 1, 15, 16, 1000 and 70000. gss-ntlmssp refuses 0. */
  readonly sizes?: readonly number[]
  /** Kinds, each a letter: `W`, `w`, `M`, and `A`/`a`, `I`/`i` with and without confidentiality. Default `WwM`. */
  readonly kinds?: string
  /** Set when the mechanism seals whatever was asked, as NTLM does once SEAL is negotiated. Default `false`. */
  readonly sealsAlways?: boolean
}

/**
 * Runs the initiator's message phase: protects patterns of every size and kind, and checks the acceptor's answers.
 *
 * @returns How many messages went there and back.
 * @throws {@link GssPeerError} when the peer refuses one; Error when an answer is not the message that was sent.
 */
export async function askMessages(
  channel: FrameChannel,
  session: MessageSession,
  options: AskOptions = {},
): Promise<number> {
  let count = 0
  for (const size of options.sizes ?? [1, 15, 16, 1000, 70_000]) {
    for (const kind of options.kinds ?? 'WwM') {
      const message = pattern(size)
      const type = typeOfKind(kind)
      channel.send(type, protect(session, type, message, kind === kind.toUpperCase()))
      const answer = await expectFrame(channel, type)
      const opened = unprotect(session, answer, options.sealsAlways === true)
      if (!equal(opened.message, message)) throw new Error(`${kind}, ${size} bytes: another message came back`)
      count++
    }
  }
  return count
}

/** Ends the message phase; the peer answers and exits. */
export async function quit(channel: FrameChannel): Promise<void> {
  channel.send(FrameType.QUIT)
  await expectFrame(channel, FrameType.QUIT)
}

/** How `answerMessages` behaves. */
export interface AnswerOptions {
  /** What to answer to `N`; default an empty object. */
  readonly info?: () => object
  /** Set when the mechanism seals whatever was asked, as NTLM does once SEAL is negotiated. Default `false`. */
  readonly sealsAlways?: boolean
}

/** What came in an acceptor's message phase. */
export interface Answered {
  /** Messages that were opened, protected again and sent back. */
  readonly messages: number
  /** The reason for each message that was refused; the peer got it in an `E` frame. */
  readonly refused: readonly string[]
  /** Whether the peer said `Q` before it closed. */
  readonly quit: boolean
}

/** Runs the acceptor's message phase until the initiator quits: every message goes back, protected the same way. */
export async function answerMessages(
  channel: FrameChannel,
  session: MessageSession,
  options: AnswerOptions = {},
): Promise<Answered> {
  let messages = 0
  const refused: string[] = []
  for (;;) {
    const frame = await channel.receive()
    if (!frame) return { messages, refused, quit: false }
    switch (frame.type) {
      case FrameType.QUIT:
        channel.send(FrameType.QUIT)
        return { messages, refused, quit: true }
      case FrameType.INFO:
        channel.send(FrameType.INFO, JSON.stringify(options.info?.() ?? {}))
        break
      case FrameType.ERROR:
        throw new GssPeerError(textOf(frame.payload))
      case FrameType.TOKEN:
        throw new Error('a token came in the message phase')
      default:
        try {
          channel.send(frame.type, answer(session, frame, options.sealsAlways === true))
          messages++
        } catch (error) {
          refused.push(wordsOf(error))
          channel.send(FrameType.ERROR, wordsOf(error))
        }
    }
  }
}

function answer(session: MessageSession, frame: Frame, sealsAlways: boolean): Uint8Array {
  if (frame.type === FrameType.PSEUDO_RANDOM) return pseudoRandom(session, frame.payload)
  const { message, confidential } = unprotect(session, frame, sealsAlways)
  return protect(session, frame.type, message, confidential)
}

/** The test pattern of the protocol: `byte[i] = (7 * i + length) mod 256`. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 7 * i + length)
}

/**
 * Takes the next frame, which must be of one type.
 *
 * @throws {@link GssPeerError} for an `E` frame; Error for another type, or when the peer has closed.
 */
export async function expectFrame(channel: FrameChannel, type: FrameType): Promise<Frame> {
  const frame = await channel.receive()
  if (!frame) throw new Error(`the peer closed, ${type} was expected`)
  if (frame.type === FrameType.ERROR) throw new GssPeerError(textOf(frame.payload))
  if (frame.type !== type) throw new Error(`${type} was expected, ${frame.type} came`)
  return frame
}

/** The payload of an `M` frame. */
export function encodeMic({ message, mic }: MicMessage): Uint8Array {
  return join(field(message), field(mic))
}

/** @throws Error when the fields do not fill the payload. */
export function decodeMic(payload: Uint8Array): MicMessage {
  const [message, mic] = fields(payload, 2)
  return { message: message!, mic: mic! }
}

/** The payload of an `A` frame. */
export function encodeAead({ confidential, associatedData, token }: AeadMessage): Uint8Array {
  return join(flag(confidential), field(associatedData), field(token))
}

/** @throws Error when the fields do not fill the payload. */
export function decodeAead(payload: Uint8Array): AeadMessage {
  const [associatedData, token] = fields(payload.subarray(1), 2)
  return { confidential: payload[0] === 1, associatedData: associatedData!, token: token! }
}

/** The payload of an `I` frame. */
export function encodeIov({ confidential, before, data, after, header }: IovMessage): Uint8Array {
  return join(flag(confidential), field(before), field(data), field(after), field(header))
}

/** @throws Error when the fields do not fill the payload. */
export function decodeIov(payload: Uint8Array): IovMessage {
  const [before, data, after, header] = fields(payload.subarray(1), 4)
  return { confidential: payload[0] === 1, before: before!, data: data!, after: after!, header: header! }
}

function typeOfKind(kind: string): FrameType {
  switch (kind) {
    case 'W':
    case 'w':
    case 'M':
      return kind
    case 'A':
    case 'a':
      return FrameType.AEAD
    case 'I':
    case 'i':
      return FrameType.IOV
    default:
      throw new TypeError(`unknown kind of message: ${kind}`)
  }
}

// what gss-peer itself sends around the data
const ASSOCIATED = new TextEncoder().encode('rpc-header--sign-only-24')
const TRAILER = new TextEncoder().encode('sectrail')

function protect(session: MessageSession, type: FrameType, message: Uint8Array, confidential: boolean): Uint8Array {
  switch (type) {
    case FrameType.WRAP_CONFIDENTIAL:
      return session.wrap(message, true)
    case FrameType.WRAP_INTEGRITY:
      return session.wrap(message, false)
    case FrameType.MIC:
      return encodeMic({ message, mic: session.mic(message) })
    case FrameType.AEAD: {
      if (!session.wrapAead) throw new Error('this session has no AEAD')
      const token = session.wrapAead(message, ASSOCIATED, confidential)
      return encodeAead({ confidential, associatedData: ASSOCIATED, token })
    }
    case FrameType.IOV:
      if (!session.wrapIov) throw new Error('this session has no IOV')
      return encodeIov(session.wrapIov({ confidential, before: ASSOCIATED, data: message, after: TRAILER }))
    default:
      throw new Error(`a frame ${type} is no message`)
  }
}

interface Opened {
  readonly message: Uint8Array
  readonly confidential: boolean
}

function unprotect(session: MessageSession, { type, payload }: Frame, sealsAlways: boolean): Opened {
  switch (type) {
    case FrameType.WRAP_CONFIDENTIAL:
    case FrameType.WRAP_INTEGRITY: {
      const opened = session.unwrap(payload)
      const confidential = type === FrameType.WRAP_CONFIDENTIAL
      if (opened.confidential === confidential || sealsAlways) return { message: opened.message, confidential }
      throw new Error(`${type}: the message was ${opened.confidential ? '' : 'not '}sealed`)
    }
    case FrameType.MIC: {
      const { message, mic } = decodeMic(payload)
      session.verifyMic(message, mic)
      return { message, confidential: false }
    }
    case FrameType.AEAD: {
      if (!session.unwrapAead) throw new Error('this session has no AEAD')
      const sealed = decodeAead(payload)
      return { message: session.unwrapAead(sealed), confidential: sealed.confidential }
    }
    case FrameType.IOV: {
      if (!session.unwrapIov) throw new Error('this session has no IOV')
      const sealed = decodeIov(payload)
      return { message: session.unwrapIov(sealed), confidential: sealed.confidential }
    }
    default:
      throw new Error(`a frame ${type} is no message`)
  }
}

function pseudoRandom(session: MessageSession, payload: Uint8Array): Uint8Array {
  if (!session.pseudoRandom) throw new Error('this session has no pseudo-random function')
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  return session.pseudoRandom(view.getUint32(0) === 1, view.getUint32(4), payload.subarray(8))
}

function field(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(4 + bytes.length)
  new DataView(out.buffer).setUint32(0, bytes.length)
  out.set(bytes, 4)
  return out
}

function fields(payload: Uint8Array, count: number): readonly Uint8Array[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  const found: Uint8Array[] = []
  let at = 0
  while (found.length < count && at + 4 <= payload.length) {
    const end = at + 4 + view.getUint32(at)
    if (end > payload.length) break
    found.push(payload.subarray(at + 4, end))
    at = end
  }
  if (found.length < count || at < payload.length) throw new Error(`no ${count} fields in ${payload.length} bytes`)
  return found
}

function flag(value: boolean): Uint8Array {
  return Uint8Array.of(value ? 1 : 0)
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

function textOf(payload: Uint8Array): string {
  return new TextDecoder().decode(payload)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
