import { applicationTag, DerReader, Tag, writeDer } from '../bytes/index.js'
import { SspiError } from '../status/index.js'

const FRAME = applicationTag(0)

/** A token in the frame of RFC 2743 §3.1. */
export interface GssToken {
  /** The mechanism's object identifier, in dots. */
  readonly oid: string
  /** What the mechanism put in: a view. */
  readonly inner: Uint8Array
}

/**
 * Puts a mechanism's first token into the frame that names the mechanism: `60`, length, OID, token.
 *
 * @param inner - The token in one piece or several. Copied.
 */
export function writeGssToken(oid: string, ...inner: readonly Uint8Array[]): Uint8Array {
  return writeDer((writer) => {
    for (let i = inner.length - 1; i >= 0; i--) writer.raw(inner[i]!)
    writer.oid(oid)
    writer.wrap(FRAME, 0)
  })
}

/**
 * Takes the frame off a token.
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when there is none, or bytes follow it.
 */
export function readGssToken(token: Uint8Array): GssToken {
  const reader = new DerReader(token)
  const frame = reader.enter(FRAME, 'GSS token')
  const oid = frame.oid('GSS token: mechanism')
  reader.end('GSS token')
  return { oid, inner: frame.rest() }
}

/** Whether a token is in the frame of one of these mechanisms. Never throws. */
export function isGssTokenOf(token: Uint8Array, oids: readonly string[]): boolean {
  const reader = new DerReader(token)
  if (!reader.isNext(FRAME)) return false
  try {
    const frame = reader.enter(FRAME, 'GSS token')
    return frame.isNext(Tag.OBJECT_IDENTIFIER) && oids.includes(frame.oid('GSS token: mechanism'))
  } catch (error) {
    if (error instanceof SspiError) return false
    throw error
  }
}
