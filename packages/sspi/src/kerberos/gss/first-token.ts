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
  const refuse = (errorCode: number, message: string, oid: string | undefined): SspiError => {
    const told = writeErrorToken({ errorCode, now, realm: undefined, sname: undefined, time: undefined, oid })
    return new SspiError('SEC_E_INVALID_TOKEN', message, { token: told })
  }
  const framedBy = mechanismOf(token)
  if (framedBy !== undefined && !isFirstToken(token)) {
    throw refuse(KerberosErrorCode.KRB_AP_ERR_MSG_TYPE, 'Kerberos token: TOK_ID: an AP-REQ expected', framedBy)
  }
  const { kind, message, oid } = readContextToken(token)
  if (kind !== 'ap-req') {
    throw new SspiError('SEC_E_INVALID_TOKEN', `Kerberos token: an AP-REQ expected, not an ${kind}`)
  }
  const version = versionOf(message)
  if (version !== undefined && version !== KERBEROS_VERSION) {
    const what = `AP-REQ: pvno: version ${version}, this is ${KERBEROS_VERSION}`
    throw refuse(KerberosErrorCode.KRB_AP_ERR_BADVERSION, what, oid)
  }
  return { request: decodeDer(message, readApReq), oid }
}

/** `pvno` of what may not parse as an AP-REQ otherwise; `undefined` where there is none to be found. */
function versionOf(message: Uint8Array): number | undefined {
  try {
    const fields = new DerReader(message)
      .enter(applicationTag(MessageType.KRB_AP_REQ), 'AP-REQ')
      .enter(Tag.SEQUENCE, 'AP-REQ')
    return fields.enter(contextTag(0), 'pvno').integer('pvno')
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
