import { SspiError } from 'sspi'
import {
  decodeDer,
  encodeDer,
  KdcOption,
  krbtgt,
  makeKdcReqBody,
  MessageType,
  readKrbError,
  writeKdcReq,
  type KerberosSettings,
  type PrincipalName,
} from 'sspi/kerberos'

/**
 * A question that every KDC answers, and that proves nothing: the first request of a log-on, without pre-authentication. It
 * counts as no failed attempt.
 */
export function probeRequest(
  realm: string,
  cname: PrincipalName,
  { tktEnctypes }: KerberosSettings,
  world: { now(): Date; random(length: number): Uint8Array },
): Uint8Array {
  const [first = 0, ...rest] = world.random(4)
  const reqBody = makeKdcReqBody({
    kdcOptions: KdcOption.RENEWABLE_OK,
    cname,
    realm,
    sname: krbtgt(realm).name,
    till: new Date(world.now().getTime() + 60_000),
    // Within 31 bits: some KDCs read it with a sign.
    nonce: rest.reduce((number, byte) => number * 256 + byte, first & 0x7f),
    etype: tktEnctypes,
  })
  return encodeDer({ msgType: MessageType.KRB_AS_REQ, padata: [], reqBody }, writeKdcReq)
}

/** What the KDC's clock says, where the answer is a KRB-ERROR; nobody has signed it. */
export function timeOf(answer: Uint8Array): Date | undefined {
  try {
    const { stime, susec } = decodeDer(answer, readKrbError)
    return new Date(stime.getTime() + Math.trunc(susec / 1000))
  } catch (error) {
    if (error instanceof SspiError) return undefined
    throw error
  }
}
