import { concatBytes } from '../../src/bytes/index.js'
import { readTsRequest, writeTsRequest, type TsRequest, type TsRequestFields } from '../../src/credssp/index.js'
import {
  initSecurityInterface,
  ISC_REQ_MANUAL_CRED_VALIDATION,
  type ExchangeStep,
  type SecureSession,
} from '../../src/index.js'
import { credentialOf, SERVER, trusting } from '../schannel/certificates.js'
import { Pair, type PairOptions } from './pair.js'

/** What sits in the middle of a TLS channel. */
export interface MiddleOptions {
  /** Its certificate, as the client sees it. Default: one of its own. With the server's, it is the server's own terminator. */
  readonly certificate?: string
  /** What it makes of each TSRequest. Default: passes it on. */
  readonly change?: (request: TsRequest) => TsRequestFields
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** Two TLS channels, the client's to the middle and the middle's to the server, and the TSRequests carried from one to the other. */
export async function relay(
  options: PairOptions,
  { certificate = 'self-signed', change = (request) => request }: MiddleOptions = {},
): Promise<{ readonly client: SecureSession; readonly server: SecureSession }> {
  const { client, server } = new Pair(options)
  const front = initSecurityInterface().accept({
    package: 'Schannel',
    credentials: credentialOf(certificate),
    integrity: false,
  })
  const back = initSecurityInterface().initiate({
    package: 'Schannel',
    credentials: trusting(),
    target: SERVER,
    flags: ISC_REQ_MANUAL_CRED_VALIDATION,
    integrity: false,
  })
  const passedOn = (plain: Uint8Array): Uint8Array => writeTsRequest(change(readTsRequest(plain)))

  let records = (
    await shakeHands(
      (token) => client.step(token),
      (token) => front.step(token),
    )
  ).behind
  const { last } = await shakeHands(
    (token) => back.step(token),
    (token) => server.step(token),
  )
  let before = last
  for (;;) {
    const request = back.session.seal(passedOn(front.session.unseal(records)))
    const answered = await server.step(concatBytes(before, request))
    before = NOTHING
    if (answered.token === undefined) break
    const answer = front.session.seal(passedOn(back.session.unseal(answered.token)))
    const { token } = await client.step(answer)
    if (token === undefined) break
    records = token
  }
  return { client: client.session, server: server.session }
}

type Side = (token?: Uint8Array) => Promise<ExchangeStep>

/**
 * The handshake alone, of which one side knows more to come.
 *
 * @returns what the initiator has sent behind it, and its last token if nobody has taken that yet.
 */
async function shakeHands(
  initiator: Side,
  acceptor: Side,
): Promise<{ readonly behind: Uint8Array; readonly last: Uint8Array }> {
  let sent = await initiator()
  for (;;) {
    const token = sent.token ?? NOTHING
    if (sent.done && sent.token !== undefined) return { behind: NOTHING, last: token }
    const answer = await acceptor(token)
    if (answer.done && answer.token === undefined) return { behind: answer.extra ?? NOTHING, last: NOTHING }
    const done = answer.done
    sent = await initiator(answer.token)
    if (done) return { behind: sent.token ?? NOTHING, last: NOTHING }
    if (sent.done && sent.token === undefined) return { behind: NOTHING, last: NOTHING }
  }
}
