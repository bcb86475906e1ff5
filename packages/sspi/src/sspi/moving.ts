import { Reader, utf16leDecode, utf16leEncode, Writer } from '../bytes/index.js'
import { openBlob, sealBlob, secretFrom, wipe, type SecretBytes } from '../crypto/index.js'
import { SspiError } from '../status/index.js'
import type { Side } from './events.js'

/** A context on its way to another place (another process, another thread): what its sealed blob holds. */
export interface MovingContext {
  /** The package that the context was made with. */
  readonly packageName: string
  /** The package whose session it is. */
  readonly mechanism: string
  readonly side: Side
  readonly targetName: string
  /** The number of its log-on. */
  readonly authenticationId: bigint
  /** After this the blob is worthless. */
  readonly until: Date
  /** Random: by it an import is known, so that there is only one. */
  readonly id: Uint8Array
  readonly session: SecretBytes
}

const MAGIC = Uint8Array.of(0x53, 0x53, 0x50, 0x49) // "SSPI"
const VERSION = 2
const ID_LENGTH = 16
/** How long an export key is, in bytes: AES-256-GCM's. */
export const EXPORT_KEY_LENGTH = 32

/** Seals a context under a key of 32 bytes. The session's bytes are wiped. */
export function sealMovingContext(context: MovingContext, key: Uint8Array): Uint8Array {
  const head = new Writer().bytes(MAGIC).u8(VERSION).finish()
  const plain = writeMovingContext(context)
  wipe(context.session)
  try {
    const sealed = sealBlob(key, plain, head)
    return new Writer(head.length + sealed.length).bytes(head).bytes(sealed).finish()
  } finally {
    wipe(plain)
  }
}

function writeMovingContext(context: MovingContext): Uint8Array {
  const writer = new Writer(context.session.length + 256)
  const text = (value: string): void => {
    const bytes = utf16leEncode(value)
    writer.u32le(bytes.length).bytes(bytes)
  }
  text(context.packageName)
  text(context.mechanism)
  writer.u8(context.side === 'initiator' ? 0 : 1)
  text(context.targetName)
  writer.u64le(context.authenticationId)
  writer.u64le(BigInt(context.until.getTime())).bytes(context.id).u32le(context.session.length).bytes(context.session)
  return writer.finish()
}

/**
 * Opens what {@link sealMovingContext} made. The caller must still look at `until` and `id`, and wipe `session`.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is no such blob or of another version;
 *   `SEC_E_MESSAGE_ALTERED` when the key is wrong or a byte differs.
 */
export function openMovingContext(blob: Uint8Array, key: Uint8Array): MovingContext {
  const outer = new Reader(blob)
  const magic = outer.take(MAGIC.length, 'exported context: mark')
  if (!magic.every((byte, index) => byte === MAGIC[index])) {
    throw new SspiError('SEC_E_INVALID_TOKEN', 'exported context: this is not an exported context')
  }
  const version = outer.u8('exported context: version')
  if (version !== VERSION) {
    throw new SspiError('SEC_E_INVALID_TOKEN', `exported context: version ${version}, ${VERSION} is understood here`)
  }
  const head = blob.subarray(0, outer.offset)
  const plain = openBlob(key, outer.take(outer.remaining, 'exported context'), head)
  try {
    return readMovingContext(plain)
  } finally {
    wipe(plain)
  }
}

function readMovingContext(plain: Uint8Array): MovingContext {
  const reader = new Reader(plain)
  const text = (what: string): string => utf16leDecode(reader.take(reader.u32le(`${what} length`), what), what)
  const packageName = text('package')
  const mechanism = text('mechanism')
  const side = reader.u8('side') === 0 ? 'initiator' : 'acceptor'
  const targetName = text('target')
  const authenticationId = reader.u64le('authentication id')
  const until = new Date(Number(reader.u64le('expiry')))
  const id = new Uint8Array(reader.take(ID_LENGTH, 'id'))
  const session = reader.take(reader.u32le('session length'), 'session')
  reader.end('exported context')
  return { packageName, mechanism, side, targetName, authenticationId, until, id, session: secretFrom(session) }
}

/** The length of {@link MovingContext}'s `id`. */
export const EXPORT_ID_LENGTH = ID_LENGTH
