import {
  SECBUFFER_DATA,
  SECBUFFER_PADDING,
  SECBUFFER_READONLY_WITH_CHECKSUM,
  SECBUFFER_TOKEN,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_SIZES,
  SspiError,
} from 'sspi'
import type { End, Established } from './establish.js'
import type { Narrator } from './narrator.js'
import type { Progress } from './stage.js'

const HEADER = 'to whom it may concern'

/** Signs, encrypts and tampers, in both directions, over the connection. What the other side verified goes to `progress`. */
export async function protectMessages(ends: Established, narrator: Narrator, progress: Progress): Promise<void> {
  const { client, server } = ends
  const directions: readonly (readonly [End, End])[] = [
    [client, server],
    [server, client],
  ]
  const signed: boolean[] = []
  const sealed: boolean[] = []
  const refused: boolean[] = []
  for (const [from, to] of directions) signed.push(await sign(from, to, narrator))
  for (const [from, to] of directions) sealed.push(await seal(from, to, narrator))
  for (const [from, to] of directions) refused.push(await tamper(from, to, narrator))
  progress.signed = signed.every(Boolean)
  progress.sealed = sealed.every(Boolean)
  progress.tamperDetected = refused.every(Boolean)
}

/** A message in the clear with a signature beside it. */
async function sign(from: End, to: End, narrator: Narrator): Promise<boolean> {
  const text = `signed by the ${from.side}`
  const message = encode(text)
  const { maxSignature } = from.sspi.queryContextAttributes(from.context, SECPKG_ATTR_SIZES)
  const token = new SecBuffer(SECBUFFER_TOKEN, maxSignature)
  from.sspi.makeSignature(from.context, 0, new SecBufferDesc([new SecBuffer(SECBUFFER_DATA, message), token]))
  from.connection.send(message)
  from.connection.send(token.bytes)
  narrator.say(`${from.side}: makeSignature('${text}')`, `${token.cbBuffer} bytes of signature`)

  const received = new SecBuffer(SECBUFFER_DATA, await to.connection.receive())
  const signature = new SecBuffer(SECBUFFER_TOKEN, await to.connection.receive())
  to.sspi.verifySignature(to.context, new SecBufferDesc([received, signature]))
  narrator.say(`${to.side}: verifySignature('${decode(received.bytes)}')`, 'SEC_E_OK')
  return decode(received.bytes) === text
}

/** A message encrypted in place, with a header that is signed and stays readable. */
async function seal(from: End, to: End, narrator: Narrator): Promise<boolean> {
  const text = `for the ${to.side} only`
  const parts = encrypt(from, text)
  const hidden = !Buffer.from(parts.data).includes(text)
  narrator.say(`${from.side}: encryptMessage('${text}')`, `${Buffer.from(parts.data).toString('hex').slice(0, 32)}…`)
  send(from, parts)
  const opened = decrypt(to, await receive(to))
  narrator.say(`${to.side}: decryptMessage()`, `'${opened}'`)
  return hidden && opened === text
}

/** One changed byte, which must be refused; then the message as it was, which must still be taken. */
async function tamper(from: End, to: End, narrator: Narrator): Promise<boolean> {
  const text = 'pay 100'
  const parts = encrypt(from, text)
  const changed = parts.data.slice()
  changed[4] = (changed[4] ?? 0) ^ 0x08
  send(from, { ...parts, data: changed })
  narrator.say(`${from.side}: encryptMessage('${text}')`, 'one bit is changed on the way')
  const changedParts = await receive(to)
  const code = refusalOf(() => decrypt(to, changedParts))
  narrator.say(`${to.side}: decryptMessage()`, code ?? 'took it, which it must not')
  send(from, parts)
  const opened = decrypt(to, await receive(to))
  narrator.say(`${to.side}: decryptMessage(), of the message as it was`, `'${opened}'`)
  return code === 'SEC_E_MESSAGE_ALTERED' && opened === text
}

/** An encrypted message as it travels, part by part. */
interface Parts {
  readonly header: Uint8Array
  readonly token: Uint8Array
  readonly data: Uint8Array
  readonly padding: Uint8Array
}

function encrypt({ sspi, context }: End, text: string): Parts {
  const { securityTrailer, blockSize } = sspi.queryContextAttributes(context, SECPKG_ATTR_SIZES)
  const header = new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, encode(HEADER))
  const token = new SecBuffer(SECBUFFER_TOKEN, securityTrailer)
  const data = new SecBuffer(SECBUFFER_DATA, encode(text))
  const padding = blockSize > 1 ? new SecBuffer(SECBUFFER_PADDING, blockSize) : undefined
  const buffers = [token, header, data, ...(padding === undefined ? [] : [padding])]
  sspi.encryptMessage(context, 0, new SecBufferDesc(buffers))
  return { header: header.bytes, token: token.bytes, data: data.bytes, padding: padding?.bytes ?? new Uint8Array(0) }
}

/** The plaintext. @throws `SspiError` when the message is refused. */
function decrypt({ sspi, context }: End, { header, token, data, padding }: Parts): string {
  const text = new SecBuffer(SECBUFFER_DATA, data)
  const buffers = [
    new SecBuffer(SECBUFFER_TOKEN, token),
    new SecBuffer(SECBUFFER_DATA | SECBUFFER_READONLY_WITH_CHECKSUM, header),
    text,
    ...(padding.length === 0 ? [] : [new SecBuffer(SECBUFFER_PADDING, padding)]),
  ]
  sspi.decryptMessage(context, new SecBufferDesc(buffers))
  return decode(text.bytes)
}

/** With which code a message is refused; `undefined` when it is not. */
export function refusalOf(open: () => unknown): string | undefined {
  try {
    open()
    return undefined
  } catch (error) {
    if (error instanceof SspiError) return error.code
    throw error
  }
}

function send({ connection }: End, { header, token, data, padding }: Parts): void {
  for (const part of [header, token, data, padding]) connection.send(part)
}

async function receive({ connection }: End): Promise<Parts> {
  const header = await connection.receive()
  const token = await connection.receive()
  const data = await connection.receive()
  return { header, token, data, padding: await connection.receive() }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
