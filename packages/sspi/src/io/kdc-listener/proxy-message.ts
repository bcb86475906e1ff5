import { applicationTag, Reader } from '../../bytes/index.js'
import {
  decodeDer,
  encodeDer,
  frameKdcMessage,
  MessageType,
  PasswordVersion,
  readKdcProxyMessage,
  unframeKdcMessage,
  writeKdcProxyMessage,
} from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'
import type { KdcService } from '../kdc/index.js'

/** What a client of a KDC proxy asks for. */
export interface ProxiedRequest {
  /** One whole message, without its length. A view. */
  readonly request: Uint8Array
  readonly service: KdcService
  /** As the client wrote it; `undefined` when it named none. */
  readonly realm: string | undefined
}

/**
 * Reads the KDC-PROXY-MESSAGE of a client, MS-KKDCP 3.2.5.1. What is in it says by its form which service it is for.
 *
 * @throws {@link SspiError} `SEC_E_INVALID_TOKEN` when it does not parse, or what is in it is no request.
 */
export function readProxiedRequest(body: Uint8Array): ProxiedRequest {
  const { kerbMessage, targetDomain } = decodeDer(body, readKdcProxyMessage)
  const request = unframeKdcMessage(kerbMessage)
  return { request, service: serviceOf(request), realm: targetDomain === '' ? undefined : targetDomain }
}

/** Writes the KDC-PROXY-MESSAGE that takes a reply back to the client, MS-KKDCP 3.2.5.2. */
export function writeProxiedReply(reply: Uint8Array): Uint8Array {
  return encodeDer({ kerbMessage: frameKdcMessage(reply) }, writeKdcProxyMessage)
}

const KDC_REQUESTS: readonly (number | undefined)[] = [
  applicationTag(MessageType.KRB_AS_REQ),
  applicationTag(MessageType.KRB_TGS_REQ),
]
const PASSWORD_VERSIONS: readonly number[] = [PasswordVersion.CHANGE, PasswordVersion.SET]

function serviceOf(request: Uint8Array): KdcService {
  if (KDC_REQUESTS.includes(request[0])) return 'kdc'
  // RFC 3244 §2: the length of the whole, and a version.
  const reader = new Reader(request)
  const length = reader.u16be('request: length')
  const version = reader.u16be('request: version')
  if (length === request.length && PASSWORD_VERSIONS.includes(version)) return 'kpasswd'
  throw new SspiError('SEC_E_INVALID_TOKEN', 'KDC-PROXY-MESSAGE: neither AS-REQ, TGS-REQ nor a change of a password')
}
