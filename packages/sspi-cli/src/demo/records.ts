import {
  SECBUFFER_DATA,
  SECBUFFER_EMPTY,
  SECBUFFER_STREAM_HEADER,
  SECBUFFER_STREAM_TRAILER,
  SecBuffer,
  SecBufferDesc,
  SECPKG_ATTR_STREAM_SIZES,
} from 'sspi'
import type { End, Established } from './establish.js'
import { refusalOf } from './messages.js'
import type { Narrator } from './narrator.js'
import type { Progress } from './stage.js'

/**
 * Encrypts and tampers, in both directions, by records of TLS. There is no signing without encryption, and a record that was changed
 * ends the session: so both sides' last records are on their way before either is read.
 */
export async function protectRecords(ends: Established, narrator: Narrator, progress: Progress): Promise<void> {
  const { client, server } = ends
  const sealed = [await seal(client, server, narrator), await seal(server, client, narrator)]
  progress.sealed = sealed.every(Boolean)
  const records = [sendChanged(client, narrator), sendChanged(server, narrator)] as const
  const refused = [await refuse(server, records[0], narrator), await refuse(client, records[1], narrator)]
  progress.tamperDetected = refused.every(Boolean)
}

/** A record: header and trailer are the package's, the data between them is encrypted in place. */
async function seal(from: End, to: End, narrator: Narrator): Promise<boolean> {
  const text = `for the ${to.side} only`
  const record = encrypt(from, text)
  const hidden = !record.includes(text)
  narrator.say(`${from.side}: encryptMessage('${text}')`, `${record.toString('hex').slice(0, 32)}…`)
  from.connection.send(record)
  const opened = decrypt(to, await to.connection.receive())
  narrator.say(`${to.side}: decryptMessage()`, `'${opened}'`)
  return hidden && opened === text
}

/** @returns the record as it was. */
function sendChanged(from: End, narrator: Narrator): Uint8Array {
  const record = encrypt(from, 'pay 100')
  const changed = Uint8Array.from(record)
  const last = changed.length - 1
  changed[last] = (changed[last] ?? 0) ^ 0x08
  narrator.say(`${from.side}: encryptMessage('pay 100')`, 'one bit is changed on the way')
  from.connection.send(changed)
  return record
}

/** The changed record is refused; and with it the session is over, so that the true one is as well: RFC 8446 §5.2. */
async function refuse(to: End, record: Uint8Array, narrator: Narrator): Promise<boolean> {
  const changed = await to.connection.receive()
  const code = refusalOf(() => decrypt(to, changed))
  narrator.say(`${to.side}: decryptMessage()`, code ?? 'took it, which it must not')
  const after = refusalOf(() => decrypt(to, record))
  const outcome = after === undefined ? 'took it, which it must not' : `${after}: the session is over`
  narrator.say(`${to.side}: decryptMessage(), of the record as it was`, outcome)
  return code === 'SEC_E_MESSAGE_ALTERED' && after !== undefined
}

function encrypt({ sspi, context }: End, text: string): Buffer {
  const { header, trailer } = sspi.queryContextAttributes(context, SECPKG_ATTR_STREAM_SIZES)
  const record = [
    new SecBuffer(SECBUFFER_STREAM_HEADER, header),
    new SecBuffer(SECBUFFER_DATA, new TextEncoder().encode(text)),
    new SecBuffer(SECBUFFER_STREAM_TRAILER, trailer),
  ]
  sspi.encryptMessage(context, 0, new SecBufferDesc(record))
  return Buffer.concat(record.map(({ bytes }) => bytes))
}

/** The plaintext. @throws `SspiError` when the record is refused. */
function decrypt({ sspi, context }: End, record: Uint8Array): string {
  const buffers = [new SecBuffer(SECBUFFER_DATA, record), ...[1, 2, 3].map(() => new SecBuffer(SECBUFFER_EMPTY))]
  sspi.decryptMessage(context, new SecBufferDesc(buffers))
  const data = buffers.find(({ type }) => type === SECBUFFER_DATA)
  return new TextDecoder().decode(data?.bytes)
}
