import { applicationTag } from '../../bytes/index.js'
import { isGssTokenOf, readGssToken, writeGssToken } from '../../sspi/index.js'
import { SspiError } from '../../status/index.js'
import { MessageType } from '../constants.js'
import { KERBEROS_OID, MICROSOFT_KERBEROS_OID } from './oids.js'

/** What a context token holds: the message, with what is before it taken away. */
export interface ContextToken {
  readonly kind: 'ap-req' | 'ap-rep' | 'error'
  /** The message as DER. A view. */
  readonly message: Uint8Array
  /** The object identifier in its frame; `undefined` for one without, as in DCE style. */
  readonly oid: string | undefined
}

/** TOK_ID of RFC 4121 section 4.1, and the tag with which the message itself begins. */
const KINDS = {
  'ap-req': { id: Uint8Array.of(1, 0), tag: applicationTag(MessageType.KRB_AP_REQ) },
  'ap-rep': { id: Uint8Array.of(2, 0), tag: applicationTag(MessageType.KRB_AP_REP) },
  error: { id: Uint8Array.of(3, 0), tag: applicationTag(MessageType.KRB_ERROR) },
} as const
const NAMES = ['ap-req', 'ap-rep', 'error'] as const
const FRAME = applicationTag(0)

/** The mechanisms that a frame may name. */
const OIDS: readonly string[] = [KERBEROS_OID, MICROSOFT_KERBEROS_OID]

/** Writes a context token, RFC 4121 section 4.1; without any frame for an `oid` of `undefined` (RFC 4757 section 7.1). */
export function writeContextToken(
  kind: ContextToken['kind'],
  message: Uint8Array,
  oid: string | undefined,
): Uint8Array {
  return oid === undefined ? message : writeGssToken(oid, KINDS[kind].id, message)
}

/**
 * Reads a context token, with or without a frame.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is none of Kerberos.
 */
export function readContextToken(token: Uint8Array): ContextToken {
  if (token[0] !== FRAME) return { ...bare(token), oid: undefined }
  const { oid, inner } = readGssToken(token)
  if (!OIDS.includes(oid)) throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: it is of mechanism ${oid}`)
  const kind = NAMES.find((name) => inner[0] === KINDS[name].id[0] && inner[1] === KINDS[name].id[1])
  if (kind === undefined) {
    const id = Array.from(inner.subarray(0, 2), (byte) => byte.toString(16).padStart(2, '0')).join('')
    throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: TOK_ID: ${id || 'nothing'} has no place here`)
  }
  return { kind, message: inner.subarray(2), oid }
}

/** The object identifier in the frame of a token, whatever is in that; `undefined` when it is none of Kerberos. Never throws. */
export function mechanismOf(token: Uint8Array): string | undefined {
  return OIDS.find((oid) => isGssTokenOf(token, [oid]))
}

/** Whether a token is the first of an exchange: an AP-REQ in a frame. Never throws. */
export function isFirstToken(token: Uint8Array): boolean {
  try {
    const { kind, oid } = readContextToken(token)
    return kind === 'ap-req' && oid !== undefined
  } catch (error) {
    if (error instanceof SspiError) return false
    throw error
  }
}

function bare(message: Uint8Array): Pick<ContextToken, 'kind' | 'message'> {
  const kind = NAMES.find((name) => message[0] === KINDS[name].tag)
  if (kind !== undefined) return { kind, message }
  const tag = message[0] === undefined ? 'nothing' : `tag 0x${message[0].toString(16)}`
  throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: it begins with ${tag}`)
}
