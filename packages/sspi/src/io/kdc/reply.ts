import { applicationTag, contextTag, DerReader, Reader, Tag } from '../../bytes/index.js'
import { SspiError } from '../../status/index.js'

/** Which service of a realm: tickets, or changes of passwords. */
export type KdcService = 'kdc' | 'kpasswd'

/** What a transport must know of a reply. */
export type ReplyKind =
  | 'answer'
  /** KRB_ERR_RESPONSE_TOO_BIG: the same request over TCP gets the answer. */
  | 'too-big'
  /** KDC_ERR_SVC_UNAVAILABLE: another KDC of the realm may do better. */
  | 'unavailable'

/** RFC 4120 §7.5.9. */
const KRB_ERR_RESPONSE_TOO_BIG = 52
const KDC_ERR_SVC_UNAVAILABLE = 29

const AS_REP = applicationTag(11)
const TGS_REP = applicationTag(13)
const KRB_ERROR = applicationTag(30)

/**
 * Looks at a reply as far as its transport depends on it: whether it is one whole message of a kind that the service
 * sends, and the error code of a KRB-ERROR. Nothing else is checked, and none of it is authentic.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it is cut off, too long or something else.
 */
export function kindOfReply(service: KdcService, reply: Uint8Array): ReplyKind {
  const tag = reply[0]
  if (tag === KRB_ERROR) return kindOfError(reply)
  if (service === 'kpasswd') {
    // RFC 3244 §2: the first two bytes are the length of the whole.
    const length = new Reader(reply).u16be('kpasswd reply')
    if (length !== reply.length) throw invalid(`kpasswd reply: ${length} bytes announced, ${reply.length} there`)
    return 'answer'
  }
  if (tag !== AS_REP && tag !== TGS_REP) throw invalid('neither AS-REP, TGS-REP nor KRB-ERROR')
  whole(reply)
  return 'answer'
}

function kindOfError(reply: Uint8Array): ReplyKind {
  whole(reply)
  const fields = new DerReader(reply).enter(KRB_ERROR, 'KRB-ERROR').enter(Tag.SEQUENCE, 'KRB-ERROR')
  while (fields.hasMore && !fields.isNext(contextTag(6))) fields.skip('KRB-ERROR')
  const code = fields.within(contextTag(6), 'error-code', (field) => field.int32('error-code'))
  if (code === KRB_ERR_RESPONSE_TOO_BIG) return 'too-big'
  return code === KDC_ERR_SVC_UNAVAILABLE ? 'unavailable' : 'answer'
}

function whole(reply: Uint8Array): void {
  const reader = new DerReader(reply)
  reader.skip('reply')
  reader.end('reply')
}

function invalid(why: string): SspiError {
  return new SspiError('SEC_E_INVALID_TOKEN', why)
}
