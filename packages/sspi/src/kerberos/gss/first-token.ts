import { applicationTag, contextTag, DerReader, Tag } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'
import { KERBEROS_VERSION, KerberosErrorCode, MessageType } from '../constants.js'
import { decodeDer, readApReq, type ApReq } from '../messages/index.js'
import { isFirstToken, mechanismOf, readContextToken } from './context-tokens.js'
import { writeErrorToken } from './error-tokens.js'

/** What a client begins with. */
export interface FirstToken {
  readonly request: ApReq
  /** The object identifier in its frame; `undefined` for one without, as in DCE style. */
  readonly oid: string | undefined
}

/**
 * Reads the first token of a client. One that begins with another message of Kerberos' is told so (RFC 4121 section 4.1), and so
 * is one that speaks another version (RFC 4120 section 3.2.3).
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN`.
 */
export function readFirstToken(token: Uint8Array, now: Date): FirstToken {
  try {
    const { kind, message, oid } = readContextToken(token)
    if (kind === 'ap-req') return { request: decodeDer(message, readApReq), oid }
    throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: an AP-REQ expected, not an ${kind}`)
  } catch (failure) {
    throw failure instanceof SspiError ? diagnosed(token, failure, now) : failure
  }
}

/** The failure to read a token with what its client is told, where something is to be told. */
function diagnosed(token: Uint8Array, failure: SspiError, now: Date): SspiError {
  const oid = mechanismOf(token)
  const refusal = (errorCode: number, message: string): SspiError => {
    const told = writeErrorToken({ errorCode, now, realm: undefined, sname: undefined, time: undefined, oid })
    return new SspiError('SEC_E_INVALID_TOKEN', message, { token: told, cause: failure })
  }
  if (oid !== undefined && !isFirstToken(token)) {
    return refusal(KerberosErrorCode.KRB_AP_ERR_MSG_TYPE, failure.message)
  }
  const version = versionOf(token)
  if (version === undefined || version === KERBEROS_VERSION) return failure
  const what = `AP-REQ: pvno: version ${version}, this is ${KERBEROS_VERSION}`
  return refusal(KerberosErrorCode.KRB_AP_ERR_BADVERSION, what)
}

/** `pvno` of what does not parse as an AP-REQ; `undefined` where there is none to be found. */
function versionOf(token: Uint8Array): number | undefined {
  try {
    const fields = new DerReader(readContextToken(token).message)
      .enter(applicationTag(MessageType.KRB_AP_REQ), 'AP-REQ')
      .enter(Tag.SEQUENCE, 'AP-REQ')
    return fields.enter(contextTag(0), 'pvno').integer('pvno')
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
