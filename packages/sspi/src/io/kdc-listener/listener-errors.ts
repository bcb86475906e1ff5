import {
  decodeDer,
  encodeDer,
  KerberosErrorCode,
  NameType,
  readKdcReq,
  writeKrbError,
  type PrincipalName,
} from '../../kerberos/index.js'
import { SspiError } from '../../status/index.js'

/** The reply is longer than a datagram may be, RFC 4120 §7.2.1: the client is to ask over TCP. */
export function responseTooBig(request: Uint8Array, realm: string): Uint8Array {
  return errorOf(KerberosErrorCode.KRB_ERR_RESPONSE_TOO_BIG, serverOf(request, realm))
}

/** A length whose top bit is set, or that is longer than is taken, RFC 4120 §7.2.2. */
export function fieldTooLong(realm: string): Uint8Array {
  return errorOf(KerberosErrorCode.KRB_ERR_FIELD_TOOLONG, ticketGrantingService(realm))
}

interface Server {
  readonly realm: string
  readonly sname: PrincipalName
}

function errorOf(errorCode: number, { realm, sname }: Server): Uint8Array {
  const stime = new Date()
  return encodeDer({ stime, susec: stime.getMilliseconds() * 1000, errorCode, realm, sname }, writeKrbError)
}

/** Whom the request was for. */
function serverOf(request: Uint8Array, realm: string): Server {
  try {
    const { reqBody } = decodeDer(request, readKdcReq)
    return { realm: reqBody.realm, sname: reqBody.sname ?? ticketGrantingService(reqBody.realm).sname }
  } catch (error) {
    // A change of a password is no KDC-REQ.
    if (error instanceof SspiError) return ticketGrantingService(realm)
    throw error
  }
}

function ticketGrantingService(realm: string): Server {
  return { realm, sname: { nameType: NameType.NT_SRV_INST, nameString: ['krbtgt', realm] } }
}
